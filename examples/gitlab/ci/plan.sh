#!/usr/bin/env bash
# Makes a plan, and always writes Markdown to PLAN_MARKDOWN. Without credentials (as in most pull requests) the plan
# uses the last reading in the ledger.
#
#   TEAM_FILE         the team file, if not team.yaml (optional)
#   TEAM_PATHS        the team file and what it includes, if not `team.yaml people` (optional)
#   PLAN_MARKDOWN     output file for the Markdown
#   PLAN_FILE         output file for the saved plan, for apply.sh (optional)
#   BASE_REF          target branch of the pull request; separates its changes from drift (optional)
#   LEDGER            s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket (optional)
#   REDACT            `true` replaces names and addresses with pseudonyms (optional)
#   PLAN_ID           the plan that the next two are for; any other plan is refused (optional)
#   ALLOW_REMOVALS    override max_removals once: the number that a blocked plan shows (optional)
#   ALLOW_NEW_ADMINS  override max_new_admins once: the number that a blocked plan shows (optional)
#   GIT_REMOTE, GIT_TOKEN   see git.sh (optional)
#
# Says in GITHUB_OUTPUT, if there is one: `changes`, their number; `apply`, whether there is something to apply or to
# record; `touched`, whether a pull request changes TEAM_PATHS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

team_file=${TEAM_FILE:-team.yaml}
read -ra paths <<<"${TEAM_PATHS:-team.yaml people}"
output() { # output NAME VALUE
  echo "$1=$2" >>"${GITHUB_OUTPUT:-/dev/null}"
}
page() { # page TITLE FILE: a page for the comment; the second is text from files and servers
  {
    printf '<!-- guestlist -->\n%s\n' "$1"
    if [[ -s ${2:-} && ${REDACT:-false} != true ]]; then
      # A comment has 65,536 characters at most.
      printf '\n'
      head -c 50000 "$2" | jq -L "$here" -Rrs 'include "fenced"; rtrimstr("\n") | fenced'
    fi
  } >"$PLAN_MARKDOWN"
  if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
    cat "$PLAN_MARKDOWN" >>"$GITHUB_STEP_SUMMARY"
  fi
}

args=()
if [[ -z ${VOUCHERIFY_MANAGEMENT_ID:-}${VOUCHERIFY_MANAGEMENT_ID_FILE:-} ]]; then
  args+=(--offline)
fi
if [[ -n ${LEDGER:-} ]]; then
  args+=(--ledger "$LEDGER")
fi
plan_file=${PLAN_FILE:-}
if [[ -z $plan_file ]]; then
  plan_file=$(mktemp -d)/plan.json
fi
args+=(--out "$plan_file")
if [[ ${REDACT:-false} == true ]]; then
  args+=(--redact)
fi
allow=()
if [[ -n ${ALLOW_REMOVALS:-} ]]; then
  allow+=("--allow-removals=$ALLOW_REMOVALS")
fi
if [[ -n ${ALLOW_NEW_ADMINS:-} ]]; then
  allow+=("--allow-new-admins=$ALLOW_NEW_ADMINS")
fi
if [[ ${#allow[@]} -gt 0 && -z ${PLAN_ID:-} ]]; then
  page "**An override is for one plan:** set \`plan_id\` to the id of the plan that was blocked."
  echo "set plan_id to the id of the plan that was blocked" >&2
  exit 1
fi
if [[ -n ${BASE_REF:-} ]]; then
  # shellcheck source=git.sh
  . "$here/git.sh"
  git fetch --quiet --no-tags --depth=1 "$remote" "$BASE_REF"
  if git diff --quiet FETCH_HEAD HEAD -- "${paths[@]}" && git diff --quiet HEAD -- "${paths[@]}"; then
    output touched false
    page "This pull request changes no access."
    exit
  fi
  output touched true
  base=$(mktemp -d)
  git worktree add --quiet --force --detach "$base" FETCH_HEAD
  # The first pull request adds the team file: there is no base to compare with.
  if [[ -f $base/$team_file ]]; then
    args+=(--base "$base/$team_file")
  fi
  unset GIT_TOKEN GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
fi

errors=$(mktemp)
if ! guestlist validate "$team_file" >/dev/null; then
  # GitHub shows ten annotations for a step. Here are all errors.
  guestlist validate "$team_file" --format json 2>/dev/null |
    jq --raw-output '.problems[] | "\(.file):\(.line):\(.column): \(.message)" + (if .help then "\n  help: \(.help)" else "" end)' \
      >"$errors" || true
  page "**The team file has errors:** $(grep --count --invert-match '^  help: ' "$errors" || true)." "$errors"
  exit 1
fi

: >"$PLAN_MARKDOWN"
status=0
guestlist plan "$team_file" --format markdown "${args[@]}" ${allow[@]+"${allow[@]}"} >"$PLAN_MARKDOWN" \
  2> >(tee "$errors" >&2) || status=$?
wait
if [[ ! -s $PLAN_MARKDOWN ]]; then
  page "**Planning failed.**" "$errors"
  exit "$status"
fi
id=$(jq --raw-output .plan_id "$plan_file")
if [[ -n ${PLAN_ID:-} && $PLAN_ID != "$id" ]]; then
  rm -f "$plan_file"
  page "**The plan is not the one that was reviewed.** Expected \`plan_id\` $(printf %s "$PLAN_ID" | tr -cd '0-9a-f'); it is $id now. Review it, and run the pipeline again with its id."
  echo "the plan is not the one that was reviewed: its id is $id" >&2
  exit 1
fi
output changes "$(jq '.changes | length' "$plan_file")"
# With `prune: dropped`, an apply without changes still records what the file gives.
output apply "$(jq '(.changes | length > 0) or .desired.policy.prune == "dropped"' "$plan_file")"
exit "$status"
