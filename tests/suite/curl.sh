#!/usr/bin/env bash
# Stands in for curl, and for GitLab behind it: keeps notes and issues in the folder GH_STATE, and takes
# only the calls that the scripts of examples/gitlab make.
set -euo pipefail

# A release in a folder: the real one reads it.
if [[ ${!#} == file://* ]]; then
  PATH=${PATH#*:} exec curl "$@"
fi

method='' url='' config=''
echo "$*" >>"$GH_STATE/calls"
while [[ $# -gt 0 ]]; do
  case $1 in
    --config) config=$(cat "$2"); shift 2 ;;
    --request) method=$2; shift 2 ;;
    --header | --data-binary | --max-time) shift 2 ;;
    --silent | --show-error | --fail) shift ;;
    *) url=$1; shift ;;
  esac
done
[[ $config == 'header = "PRIVATE-TOKEN: token-of-the-job"' ]]

add() { # add FILE EXPRESSION: the body of the call is $in
  jq --argjson in "$(cat)" "$2" "$GH_STATE/$1" >"$GH_STATE/new"
  mv "$GH_STATE/new" "$GH_STATE/$1"
  echo '{}'
}

api=http://gitlab.example/api/v4
case "$method $url" in
  "GET $api/user") echo '{"id": 7}' ;;
  "GET $api/projects/3/merge_requests/5/notes?per_page=100&sort=asc&page="*)
    jq --argjson page "${url##*=}" '.[($page - 1) * 100:][:100] | map({id, body, author: {id: (if .user.login == "github-actions[bot]" then 7 else 1 end)}})' "$GH_STATE/comments.json"
    ;;
  "GET $api/projects/3/repository/commits/"*"/merge_requests") jq . "$GH_STATE/merged.json" ;;
  "POST $api/projects/3/merge_requests/5/notes")
    add comments.json '. + [{id: (100 + length), user: {login: "github-actions[bot]"}, body: $in.body}]'
    ;;
  "PUT $api/projects/3/merge_requests/5/notes/"*)
    add comments.json "map(if .id == ${url##*/} then .body = \$in.body else . end)"
    ;;
  "GET $api/projects/3/issues?state=opened&labels=guestlist-drift")
    jq 'map(select(.open) | {iid: .number, description: .body})' "$GH_STATE/issues.json"
    ;;
  "POST $api/projects/3/issues")
    add issues.json '. + [{number: (length + 1), title: $in.title, label: $in.labels, open: true, body: $in.description}]'
    ;;
  "POST $api/projects/3/issues/"*"/notes")
    number=${url%/notes}
    add issues.json "map(if .number == ${number##*/} then .notes += [\$in.body] else . end)"
    ;;
  "PUT $api/projects/3/issues/"*)
    add issues.json "map(if .number == ${url##*/} then . + {body: (\$in.description // .body), open: (\$in.state_event != \"close\")} else . end)"
    ;;
  *)
    echo "curl does not know: $method $url" >&2
    exit 22
    ;;
esac
