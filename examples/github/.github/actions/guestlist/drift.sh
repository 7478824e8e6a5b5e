#!/usr/bin/env bash
# Looks for drift, and keeps one issue about it: opened or updated while the plan has changes, needs a
# person's attention or is blocked, and closed only when a live plan has none of these.
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
    # The last line of the plan says what was compared: the organization, the day and the plan id.
    gh issue close "$issue" --comment "No drift: $(grep -F 'Plan id:' "$PLAN_MARKDOWN" | tail -n 1)"
  fi
elif [[ -n $issue ]]; then
  gh issue edit "$issue" --body-file "$PLAN_MARKDOWN"
else
  gh label create "$label" --force --description "The organization differs from the team file"
  gh issue create --title "The organization differs from the team file" --label "$label" \
    --body-file "$PLAN_MARKDOWN"
fi
# Drift does not fail the job; a plan that a guard blocks does.
if [[ $status -eq 2 ]]; then
  status=0
fi
exit "$status"
