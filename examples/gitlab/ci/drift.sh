#!/usr/bin/env bash
# Reports drift in one issue: opened if the plan has changes, needs attention or is blocked, with one comment
# for each new drift, and closed only when a live plan has none of these. The ledger remembers since when
# there is drift; push it afterwards with ledger.sh.
#
#   TEAM_FILE               the team file (team.yaml)
#   PLAN_MARKDOWN           output file for the Markdown of the plan
#   LEDGER                  s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket (optional)
#   CI_API_V4_URL, CI_PROJECT_ID   set by GitLab
#   GUESTLIST_GITLAB_TOKEN  a project access token with the role Reporter and the scope `api`
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=api.sh
. "$here/api.sh"

label=guestlist-drift
title="The organization differs from the team file"
issues="projects/$CI_PROJECT_ID/issues"
team_file=${TEAM_FILE:-team.yaml}
ledger=()
if [[ -n ${LEDGER:-} ]]; then
  ledger=(--ledger "$LEDGER")
fi
status=0
guestlist plan "$team_file" --record --format markdown --detailed-exitcode ${ledger[@]+"${ledger[@]}"} \
  >"$PLAN_MARKDOWN" || status=$?
if [[ $status -ne 0 && ! -s $PLAN_MARKDOWN ]]; then
  exit "$status"
fi

# The same drift has the same id on every day. The issue keeps it in a hidden line.
drift=$(guestlist status "$team_file" --format json --quiet ${ledger[@]+"${ledger[@]}"} | jq --raw-output '.drift.id // "none"')
marker="<!-- guestlist drift $drift -->"
open=$(api GET "$issues?state=opened&labels=$label" | jq '.[0] // empty')
issue=$(jq --raw-output '.iid // empty' <<<"$open")
comment() { # comment TEXT
  jq -n --arg body "$1" '{body: $body}' | api POST "$issues/$issue/notes" >/dev/null
}
if [[ $status -eq 0 ]]; then
  if [[ -n $issue ]]; then
    # The last line of the plan names the organization, the date and the plan id.
    comment "No drift: $(grep -F 'Plan id:' "$PLAN_MARKDOWN" | tail -n 1)"
    jq -n '{state_event: "close"}' | api PUT "$issues/$issue" >/dev/null
  fi
else
  printf '\n%s\n' "$marker" >>"$PLAN_MARKDOWN"
  if [[ -z $issue ]]; then
    jq -Rs --arg title "$title" --arg labels "$label" '{title: $title, labels: $labels, description: .}' \
      "$PLAN_MARKDOWN" | api POST "$issues" >/dev/null
  elif ! jq --raw-output .description <<<"$open" | grep --quiet --fixed-strings -- "$marker"; then
    jq -Rs '{description: .}' "$PLAN_MARKDOWN" | api PUT "$issues/$issue" >/dev/null
    comment "The drift has changed; the description is up to date."
  fi
fi
# Drift does not fail the job; a blocked plan does.
if [[ $status -eq 2 ]]; then
  status=0
fi
exit "$status"
