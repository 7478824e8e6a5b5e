#!/usr/bin/env bash
# Looks for drift, and keeps one issue about it: opened or updated while there is some, closed when there
# is none.
#
#   TEAM_FILE       the team file (team.yaml)
#   PLAN_MARKDOWN   where the Markdown of the plan goes
#   REDACT          `true` writes pseudonyms in place of names and addresses (optional)
#   GH_REPO         owner/name
#   GH_TOKEN        a token that may write issues
set -euo pipefail

label=guestlist-drift
args=()
if [[ ${REDACT:-false} == true ]]; then
  args+=(--redact)
fi
status=0
guestlist plan "${TEAM_FILE:-team.yaml}" --format markdown --detailed-exitcode ${args[@]+"${args[@]}"} \
  >"$PLAN_MARKDOWN" || status=$?
if [[ $status -ne 0 && ! -s $PLAN_MARKDOWN ]]; then
  exit "$status"
fi

issue=$(gh issue list --state open --label "$label" --json number --jq '.[0].number // empty')
if [[ $status -eq 0 ]]; then
  if [[ -n $issue ]]; then
    gh issue close "$issue" --comment "The organization is as the team file says."
  fi
elif [[ -n $issue ]]; then
  gh issue edit "$issue" --body-file "$PLAN_MARKDOWN"
else
  gh label create "$label" --force --description "The organization is not as the team file says"
  gh issue create --title "The organization is not as the team file says" --label "$label" \
    --body-file "$PLAN_MARKDOWN"
fi
# Drift is no failure of the job; a plan that a guard refuses is.
if [[ $status -eq 2 ]]; then
  status=0
fi
exit "$status"
