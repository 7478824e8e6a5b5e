#!/usr/bin/env bash
# Checks the set-up, and shows the result in the log and in the job summary. Reads only.
#
#   TEAM_FILE   the team file, if not team.yaml (optional)
#   LEDGER      s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket (optional)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

args=()
if [[ -n ${LEDGER:-} ]]; then
  args=(--ledger "$LEDGER")
fi
status=0
page=$(guestlist doctor "${TEAM_FILE:-team.yaml}" ${args[@]+"${args[@]}"}) || status=$?
printf '%s\n' "$page"
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
  jq -L "$here" --null-input --raw-output --arg page "$page" 'include "fenced"; $page | fenced' >>"$GITHUB_STEP_SUMMARY"
fi
exit "$status"
