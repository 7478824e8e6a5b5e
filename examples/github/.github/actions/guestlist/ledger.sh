#!/usr/bin/env bash
# Stores the ledger on its own branch: run `ledger.sh fetch` before guestlist, and `ledger.sh push` after an
# apply.
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
    2) # The branch does not exist: nothing was applied yet.
      git worktree add --quiet --force --detach "$folder"
      git -C "$folder" checkout --quiet --orphan "$branch"
      git -C "$folder" rm -r -q -f .
      ;;
    *) # An unreachable remote is not an empty ledger, which would forget pending invitations.
      echo "cannot check for the branch $branch: git exited with $status" >&2
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
    echo "push of the ledger rejected (attempt $attempt)" >&2
    # Run files have unique names, so only known.json and applied.json can conflict; the newest wins.
    git fetch --quiet --no-tags origin "$branch"
    git -c user.name=guestlist -c user.email=guestlist@localhost rebase --quiet -X theirs FETCH_HEAD
  done
  echo "could not push the ledger of this run; save the folder $folder" >&2
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
