#!/usr/bin/env bash
# Reports drift in one issue: opened if the plan has changes, needs attention or is blocked, with one comment
# for each new drift, and closed only when a live plan has none of these. The ledger remembers since when
# there is drift; push it afterwards with ledger.sh.
#
#   TEAM_FILE       the team file, if not team.yaml (optional)
#   PLAN_MARKDOWN   output file for the Markdown of the plan
#   LEDGER          s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket (optional)
#   REDACT          `true` replaces names and addresses with pseudonyms (optional)
#   GH_REPO         owner/name
#   GH_TOKEN        a token that can write issues
set -euo pipefail

label=guestlist-drift
team_file=${TEAM_FILE:-team.yaml}
ledger=()
if [[ -n ${LEDGER:-} ]]; then
  ledger=(--ledger "$LEDGER")
fi
args=(${ledger[@]+"${ledger[@]}"})
if [[ ${REDACT:-false} == true ]]; then
  args+=(--redact)
fi
status=0
guestlist plan "$team_file" --record --format markdown --detailed-exitcode ${args[@]+"${args[@]}"} \
  >"$PLAN_MARKDOWN" || status=$?
if [[ $status -ne 0 && ! -s $PLAN_MARKDOWN ]]; then
  exit "$status"
fi

# The same drift has the same id on every day. The issue keeps it in a hidden line.
drift=$(guestlist status "$team_file" --format json --quiet ${ledger[@]+"${ledger[@]}"} | jq --raw-output '.drift.id // "none"')
marker="<!-- guestlist drift $drift -->"
issue=$(gh issue list --state open --label "$label" --json number --jq '.[0].number // empty')
if [[ $status -eq 0 ]]; then
  if [[ -n $issue ]]; then
    # The last line of the plan names the organization, the date and the plan id.
    gh issue close "$issue" --comment "No drift: $(grep -F 'Plan id:' "$PLAN_MARKDOWN" | tail -n 1)"
  fi
else
  printf '\n%s\n' "$marker" >>"$PLAN_MARKDOWN"
  if [[ -z $issue ]]; then
    gh label create "$label" --force --description "The organization differs from the team file"
    gh issue create --title "The organization differs from the team file" --label "$label" \
      --body-file "$PLAN_MARKDOWN"
  elif ! gh issue view "$issue" --json body --jq .body | grep --quiet --fixed-strings -- "$marker"; then
    gh issue edit "$issue" --body-file "$PLAN_MARKDOWN"
    gh issue comment "$issue" --body "The drift has changed; the description is up to date."
  fi
fi
# Drift does not fail the job; a blocked plan does.
if [[ $status -eq 2 ]]; then
  status=0
fi
exit "$status"
