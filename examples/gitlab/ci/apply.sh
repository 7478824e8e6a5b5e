#!/usr/bin/env bash
# Applies the saved plan PLAN_FILE, exactly the changes it lists or nothing, and writes to RESULT_MARKDOWN what was
# done, who failed, and what to do.
#
#   PLAN_FILE        the saved plan, written by plan.sh
#   RESULT_MARKDOWN  output file for the result; stays empty if there was nothing to do
#   BASE_REF         the branch that is applied: a plan whose team file has been replaced on it is not applied (optional)
#   TEAM_PATHS       the team file and what it includes, if not `team.yaml people` (optional)
#   LEDGER           s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket (optional)
#   REDACT           `true` leaves names and reasons out of RESULT_MARKDOWN (optional)
#   GIT_REMOTE, GIT_TOKEN   see git.sh (optional)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
read -ra paths <<<"${TEAM_PATHS:-team.yaml people}"
: >"$RESULT_MARKDOWN"
trap 'if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then cat "$RESULT_MARKDOWN" >>"$GITHUB_STEP_SUMMARY"; fi' EXIT

if [[ -n ${BASE_REF:-} ]]; then
  # shellcheck source=git.sh
  . "$here/git.sh"
  git fetch --quiet --no-tags --depth=1 "$remote" "$BASE_REF"
  unset GIT_TOKEN GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
  if ! git diff --quiet HEAD FETCH_HEAD -- "${paths[@]}"; then
    newer=$(git rev-parse --short=12 FETCH_HEAD)
    echo "**Not applied:** superseded by $newer, whose plan includes this change." >"$RESULT_MARKDOWN"
    echo "this plan is superseded by $newer; nothing was applied" >&2
    exit
  fi
fi

ledger=()
if [[ -n ${LEDGER:-} ]]; then
  ledger=(--ledger "$LEDGER")
fi
# The output contains names from the team file and the service, so GitHub must not interpret it as workflow
# commands: stop them until a random token.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  echo "::stop-commands::$token"
fi
status=0
events=$(mktemp)
guestlist apply --plan "$PLAN_FILE" --yes --format json ${ledger[@]+"${ledger[@]}"} >"$events" || status=$?
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  echo "::$token::"
fi
tail -n 1 "$events" |
  jq -L "$here" --raw-output --argjson redact "${REDACT:-false}" --from-file "$here/result.jq" >"$RESULT_MARKDOWN"
exit "$status"
