#!/usr/bin/env bash
# Applies the saved plan PLAN_FILE: exactly the changes it lists, or nothing.
set -euo pipefail

# The output contains names from the team file and the service, so GitHub must not interpret it as workflow
# commands: stop them until a random token.
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
