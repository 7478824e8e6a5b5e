#!/usr/bin/env bash
# Plans, and leaves the plan as Markdown in PLAN_MARKDOWN whatever came of it. Without credentials (as in
# pull requests from forks) the plan is made from the last reading that the ledger keeps.
#
#   TEAM_FILE       the team file (team.yaml)
#   PLAN_MARKDOWN   where the Markdown goes
#   PLAN_FILE       where the saved plan goes, for apply.sh (optional)
#   BASE_REF        the branch that a pull request is for; tells its changes from drift (optional)
#   REDACT          `true` writes pseudonyms in place of names and addresses (optional)
set -euo pipefail

team_file=${TEAM_FILE:-team.yaml}
args=()
if [[ -z ${VOUCHERIFY_MANAGEMENT_ID:-}${VOUCHERIFY_MANAGEMENT_ID_FILE:-} ]]; then
  args+=(--offline)
fi
if [[ -n ${PLAN_FILE:-} ]]; then
  args+=(--out "$PLAN_FILE")
fi
if [[ ${REDACT:-false} == true ]]; then
  args+=(--redact)
fi
if [[ -n ${BASE_REF:-} ]]; then
  base=$(mktemp -d)
  git fetch --quiet --no-tags --depth=1 origin "$BASE_REF"
  git worktree add --quiet --force --detach "$base" FETCH_HEAD
  # The first pull request brings the team file: there is nothing to compare it with.
  if [[ -f $base/$team_file ]]; then
    args+=(--base "$base/$team_file")
  fi
fi

if ! guestlist validate "$team_file"; then
  printf '<!-- guestlist -->\n**The team file has errors.** They stand at their lines in the change.\n' >"$PLAN_MARKDOWN"
  exit 1
fi
status=0
guestlist plan "$team_file" --format markdown ${args[@]+"${args[@]}"} >"$PLAN_MARKDOWN" || status=$?
if [[ ! -s $PLAN_MARKDOWN ]]; then
  printf '<!-- guestlist -->\n**There is no plan.** The log of the job says why.\n' >"$PLAN_MARKDOWN"
fi
exit "$status"
