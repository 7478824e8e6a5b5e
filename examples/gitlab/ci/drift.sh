#!/usr/bin/env bash
# Reports drift in one issue: opened or updated if the plan has changes, needs attention or is blocked, and
# closed only when a live plan has none of these.
#
#   TEAM_FILE               the team file (team.yaml)
#   PLAN_MARKDOWN           output file for the Markdown of the plan
#   CI_API_V4_URL, CI_PROJECT_ID   set by GitLab
#   GUESTLIST_GITLAB_TOKEN  a project access token with the scope `api`
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=api.sh
. "$here/api.sh"

label=guestlist-drift
title="The organization differs from the team file"
issues="projects/$CI_PROJECT_ID/issues"
status=0
guestlist plan "${TEAM_FILE:-team.yaml}" --format markdown --detailed-exitcode >"$PLAN_MARKDOWN" || status=$?
if [[ $status -ne 0 && ! -s $PLAN_MARKDOWN ]]; then
  exit "$status"
fi

issue=$(api GET "$issues?state=opened&labels=$label" | jq '.[0].iid // empty')
if [[ $status -eq 0 ]]; then
  if [[ -n $issue ]]; then
    # The last line of the plan names the organization, the date and the plan id.
    compared=$(grep -F 'Plan id:' "$PLAN_MARKDOWN" | tail -n 1)
    jq -n --arg body "No drift: $compared" '{body: $body}' | api POST "$issues/$issue/notes" >/dev/null
    jq -n '{state_event: "close"}' | api PUT "$issues/$issue" >/dev/null
  fi
elif [[ -n $issue ]]; then
  jq -Rs '{description: .}' "$PLAN_MARKDOWN" | api PUT "$issues/$issue" >/dev/null
else
  jq -Rs --arg title "$title" --arg labels "$label" '{title: $title, labels: $labels, description: .}' \
    "$PLAN_MARKDOWN" | api POST "$issues" >/dev/null
fi
# Drift does not fail the job; a blocked plan does.
if [[ $status -eq 2 ]]; then
  status=0
fi
exit "$status"
