#!/usr/bin/env bash
# Keeps the ledger on a branch of its own: `ledger.sh fetch` before guestlist runs, `ledger.sh push` after
# an apply.
set -euo pipefail

branch=${LEDGER_BRANCH:-guestlist-ledger}
folder=${LEDGER_FOLDER:-.guestlist}

fetch() {
  local status=0
  git ls-remote --exit-code --heads origin "$branch" >/dev/null || status=$?
  case $status in
    0)
      git fetch --quiet --no-tags --depth=1 origin "$branch"
      git worktree add --quiet --force -B "$branch" "$folder" FETCH_HEAD
      ;;
    2) # There is no such branch: nothing was ever applied.
      git worktree add --quiet --force --detach "$folder"
      git -C "$folder" checkout --quiet --orphan "$branch"
      git -C "$folder" rm -r -q -f .
      ;;
    *) # Whoever cannot be asked has not said no. An empty ledger here would forget who is invited.
      echo "the branch $branch cannot be asked for: git ended with $status" >&2
      exit 1
      ;;
  esac
}

push() {
  cd "$folder"
  git add --all -- . ':(exclude)lease.json' ':(exclude)sandbox'
  if git diff --cached --quiet; then
    return
  fi
  git -c user.name=guestlist -c user.email=guestlist@localhost commit --quiet --message "${1:-Ledger of a run}"
  local attempt
  for attempt in 1 2 3; do
    if git push --quiet origin "HEAD:refs/heads/$branch"; then
      return
    fi
    echo "the ledger was not taken, attempt $attempt" >&2
    # Run files have names of their own, so only the last reading can differ; the newest counts.
    git fetch --quiet --no-tags origin "$branch"
    git -c user.name=guestlist -c user.email=guestlist@localhost rebase --quiet -X theirs FETCH_HEAD
  done
  echo "the ledger of this run could not be kept: save the folder $folder" >&2
  exit 1
}

case ${1:-} in
  fetch) fetch ;;
  push) push "${2:-}" ;;
  *)
    echo "usage: ledger.sh fetch|push [MESSAGE]" >&2
    exit 1
    ;;
esac
