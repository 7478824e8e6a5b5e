#!/usr/bin/env bash
# Keeps the ledger on a branch of its own: run `ledger.sh fetch` before guestlist, and `ledger.sh push` after it.
# With a ledger in a bucket there is nothing to fetch or push, and both do nothing.
#
#   LEDGER          s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket (optional)
#   LEDGER_BRANCH   the branch, if not guestlist-ledger (optional)
#   LEDGER_FOLDER   the ledger of the team file, if not .guestlist (optional)
#   GIT_REMOTE, GIT_TOKEN   see git.sh (optional)
set -euo pipefail
if [[ ${LEDGER:-} == *://* ]]; then
  exit
fi
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=git.sh
. "$here/git.sh"

branch=${LEDGER_BRANCH:-guestlist-ledger}
folder=${LEDGER_FOLDER:-.guestlist}

fetch() {
  # A runner that keeps its clone has the work tree of its last job.
  git worktree remove --force "$folder" 2>/dev/null || true
  git worktree prune
  local status=0
  git ls-remote --exit-code --heads "$remote" "$branch" >/dev/null || status=$?
  case $status in
    0)
      git fetch --quiet --no-tags --depth=1 "$remote" "$branch"
      git worktree add --quiet --force --detach "$folder" FETCH_HEAD
      ;;
    2) # The branch does not exist: this is the first run.
      git branch --quiet --delete --force "$branch" 2>/dev/null || true
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
  git add --all -- . ':(exclude)lease.json' ':(exclude)lock.json' ':(exclude)sandbox'
  if git diff --cached --quiet; then
    return
  fi
  local commit=(git -c user.name=guestlist -c user.email=guestlist@localhost)
  "${commit[@]}" commit --quiet --message "${1:-Ledger of a run}"
  local attempt
  for attempt in 1 2 3; do
    if git push --quiet "$remote" "HEAD:refs/heads/$branch"; then
      return
    fi
    echo "push of the ledger rejected (attempt $attempt)" >&2
    # Run files have unique names, so only known.json and applied.json can conflict; the newest wins.
    if git fetch --quiet --no-tags "$remote" "$branch"; then
      "${commit[@]}" rebase --quiet -X theirs FETCH_HEAD || break
    fi
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
