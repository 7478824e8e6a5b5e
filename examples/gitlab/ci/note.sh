#!/usr/bin/env bash
# Writes a note on a merge request. `note.sh plan` creates or updates the note with its plan, `note.sh result` adds the
# result of the apply, or a plan that was blocked, to the merge request that was merged as CI_COMMIT_SHA, if there is one.
# Without a token, it shows the text in the log.
#
#   MARKDOWN                the file, if not PLAN_MARKDOWN; if there is none or it is empty, nothing is written
#   CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, CI_COMMIT_SHA   set by GitLab
#   GUESTLIST_GITLAB_TOKEN  a project access token with the role Reporter and the scope `api`
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=api.sh
. "$here/api.sh"

markdown=${MARKDOWN:-$PLAN_MARKDOWN}
[[ -s $markdown ]] || exit 0
if [[ -z ${GUESTLIST_GITLAB_TOKEN:-} ]]; then
  echo "GUESTLIST_GITLAB_TOKEN is not set, so this is not a note:"
  cat "$markdown"
  exit
fi
requests="projects/$CI_PROJECT_ID/merge_requests"
case ${1:-} in
  plan)
    # Anyone can write the marker, so check the author too.
    me=$(api GET user | jq .id)
    notes="$requests/$CI_MERGE_REQUEST_IID/notes"
    page=1
    while true; do
      list=$(api GET "$notes?per_page=100&sort=asc&page=$page")
      id=$(jq --argjson me "$me" \
        'map(select(.author.id == $me and (.body | startswith("<!-- guestlist -->")))) | .[0].id // empty' <<<"$list")
      if [[ -n $id ]]; then
        jq -Rs '{body: .}' "$markdown" | api PUT "$notes/$id" >/dev/null
        exit
      fi
      if [[ $(jq length <<<"$list") -lt 100 ]]; then
        break
      fi
      page=$((page + 1))
    done
    jq -Rs '{body: .}' "$markdown" | api POST "$notes" >/dev/null
    ;;
  result)
    merged="projects/$CI_PROJECT_ID/repository/commits/$CI_COMMIT_SHA/merge_requests"
    number=$(api GET "$merged" | jq 'map(select(.state == "merged")) | .[0].iid // empty')
    [[ -n $number ]] || exit 0
    # Only the note with the plan of the merge request has the marker, by which it is found.
    sed '1{/^<!-- guestlist -->$/d}' "$markdown" | jq -Rs '{body: .}' | api POST "$requests/$number/notes" >/dev/null
    ;;
  *)
    echo "usage: note.sh plan|result" >&2
    exit 1
    ;;
esac
