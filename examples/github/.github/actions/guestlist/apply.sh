#!/usr/bin/env bash
# Applies the saved plan PLAN_FILE: exactly what was shown, or nothing.
set -euo pipefail

# Names from the team file and from the service are in the output. GitHub shall not take any of it for a
# command, so it stops listening until the token comes, which nobody can know.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  echo "::stop-commands::$token"
fi
status=0
guestlist apply --plan "$PLAN_FILE" --yes || status=$?
if [[ ${GITHUB_ACTIONS:-} == true ]]; then
  echo "::$token::"
fi
exit "$status"
