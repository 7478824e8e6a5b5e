#!/usr/bin/env bash
# Creates or updates the plan note of a merge request.
#
#   PLAN_MARKDOWN           the plan, written by plan.sh
#   CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID   set by GitLab
#   GUESTLIST_GITLAB_TOKEN  a project access token with the scope `api`
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=api.sh
. "$here/api.sh"

notes="projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes"
# Anyone can write the marker, so check the author too.
me=$(api GET user | jq .id)
id=$(api GET "$notes?per_page=100&sort=asc" |
  jq --argjson me "$me" 'map(select(.author.id == $me and (.body | startswith("<!-- guestlist -->")))) | .[0].id // empty')
if [[ -n $id ]]; then
  jq -Rs '{body: .}' "$PLAN_MARKDOWN" | api PUT "$notes/$id" >/dev/null
else
  jq -Rs '{body: .}' "$PLAN_MARKDOWN" | api POST "$notes" >/dev/null
fi
