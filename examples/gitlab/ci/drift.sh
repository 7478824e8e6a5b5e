#!/usr/bin/env bash
# Looks for drift, and keeps one issue about it: opened or updated while there is some, closed when there
# is none.
#
#   TEAM_FILE               the team file (team.yaml)
#   PLAN_MARKDOWN           where the Markdown of the plan goes
#   CI_API_V4_URL, CI_PROJECT_ID   set by GitLab
#   GUESTLIST_GITLAB_TOKEN  a project access token with the scope `api`
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=api.sh
. "$here/api.sh"

label=guestlist-drift
title="The organization is not as the team file says"
issues="projects/$CI_PROJECT_ID/issues"
status=0
guestlist plan "${TEAM_FILE:-team.yaml}" --format markdown --detailed-exitcode >"$PLAN_MARKDOWN" || status=$?
if [[ $status -ne 0 && ! -s $PLAN_MARKDOWN ]]; then
  exit "$status"
fi

issue=$(api GET "$issues?state=opened&labels=$label" | jq '.[0].iid // empty')
if [[ $status -eq 0 ]]; then
  if [[ -n $issue ]]; then
    jq -n '{state_event: "close"}' | api PUT "$issues/$issue" >/dev/null
  fi
elif [[ -n $issue ]]; then
  jq -Rs '{description: .}' "$PLAN_MARKDOWN" | api PUT "$issues/$issue" >/dev/null
else
  jq -Rs --arg title "$title" --arg labels "$label" '{title: $title, labels: $labels, description: .}' \
    "$PLAN_MARKDOWN" | api POST "$issues" >/dev/null
fi
# Drift is no failure of the job; a plan that a guard refuses is.
if [[ $status -eq 2 ]]; then
  status=0
fi
exit "$status"
