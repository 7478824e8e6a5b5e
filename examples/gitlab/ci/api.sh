#!/usr/bin/env bash
# `api METHOD PATH` calls GitLab; methods other than GET read a JSON body from standard input. The token is
# passed through a file descriptor, because other processes can read arguments.
api() {
  local method=$1 path=$2
  local args=(--silent --show-error --fail --max-time 30 --request "$method")
  if [[ $method != GET ]]; then
    args+=(--header "Content-Type: application/json" --data-binary @-)
  fi
  curl --config <(printf 'header = "PRIVATE-TOKEN: %s"\n' "$GUESTLIST_GITLAB_TOKEN") "${args[@]}" \
    "$CI_API_V4_URL/$path"
}
