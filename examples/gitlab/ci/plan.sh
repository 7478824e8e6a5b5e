#!/usr/bin/env bash
# Makes a plan, and always writes Markdown to PLAN_MARKDOWN. Without credentials (as in pull requests from
# forks) the plan uses the last snapshot in the ledger.
#
#   TEAM_FILE         the team file (team.yaml)
#   PLAN_MARKDOWN     output file for the Markdown
#   PLAN_FILE         output file for the saved plan, for apply.sh (optional)
#   BASE_REF          target branch of the pull request; separates its changes from drift (optional)
#   REDACT            `true` replaces names and addresses with pseudonyms (optional)
#   ALLOW_REMOVALS    override max_removals once: the number that a blocked plan shows (optional)
#   ALLOW_NEW_ADMINS  override max_new_admins once: the number that a blocked plan shows (optional)
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
if [[ -n ${ALLOW_REMOVALS:-} ]]; then
  args+=("--allow-removals=$ALLOW_REMOVALS")
fi
if [[ -n ${ALLOW_NEW_ADMINS:-} ]]; then
  args+=("--allow-new-admins=$ALLOW_NEW_ADMINS")
fi
if [[ -n ${BASE_REF:-} ]]; then
  base=$(mktemp -d)
  git fetch --quiet --no-tags --depth=1 origin "$BASE_REF"
  git worktree add --quiet --force --detach "$base" FETCH_HEAD
  # The first pull request adds the team file: there is no base to compare with.
  if [[ -f $base/$team_file ]]; then
    args+=(--base "$base/$team_file")
  fi
fi

if ! guestlist validate "$team_file"; then
  printf '<!-- guestlist -->\n**The team file has errors.** See the annotations on the changed lines.\n' >"$PLAN_MARKDOWN"
  exit 1
fi
status=0
guestlist plan "$team_file" --format markdown ${args[@]+"${args[@]}"} >"$PLAN_MARKDOWN" || status=$?
if [[ ! -s $PLAN_MARKDOWN ]]; then
  printf '<!-- guestlist -->\n**Planning failed.** See the job log.\n' >"$PLAN_MARKDOWN"
fi
exit "$status"
