#!/usr/bin/env bash
# `api METHOD PATH` calls GitLab; what is not GET takes its body as JSON from standard input. The token
# goes through a file descriptor, since every process may read the arguments of every other.
api() {
  local method=$1 path=$2
  local args=(--silent --show-error --fail --max-time 30 --request "$method")
  if [[ $method != GET ]]; then
    args+=(--header "Content-Type: application/json" --data-binary @-)
  fi
  curl --config <(printf 'header = "PRIVATE-TOKEN: %s"\n' "$GUESTLIST_GITLAB_TOKEN") "${args[@]}" \
    "$CI_API_V4_URL/$path"
}
