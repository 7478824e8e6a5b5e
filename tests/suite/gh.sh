#!/usr/bin/env bash
# Stands in for gh: keeps comments and issues in the folder GH_STATE, and takes only the calls that the
# scripts of examples/github make.
set -euo pipefail

list() { # list FILE EXPRESSION: what `gh … --jq EXPRESSION` prints
  jq -r "$2" "$GH_STATE/$1"
}
change() { # change FILE ARGUMENTS…
  local file=$GH_STATE/$1
  shift
  jq "$@" "$file" >"$file.new"
  mv "$file.new" "$file"
}

echo "$*" >>"$GH_STATE/calls"
[[ ${GH_TOKEN:-} == token-of-the-job ]]
case "$*" in
  "api --paginate repos/example/team/issues/7/comments --jq "*)
    list comments.json "$5"
    ;;
  "api --silent --method POST repos/example/team/issues/7/comments -F body=@"*)
    change comments.json --rawfile body "${7#body=@}" \
      '. + [{id: (100 + length), user: {login: "github-actions[bot]"}, body: $body}]'
    ;;
  "api --silent --method PATCH repos/example/team/issues/comments/"*" -F body=@"*)
    change comments.json --argjson id "${5##*/}" --rawfile body "${7#body=@}" \
      'map(if .id == $id then .body = $body else . end)'
    ;;
  "issue list --state open --label guestlist-drift --json number --jq "*)
    jq 'map(select(.open and .label == "guestlist-drift"))' "$GH_STATE/issues.json" | jq -r "${10}"
    ;;
  "label create guestlist-drift --force --description "*) ;;
  "issue create --title "*" --label guestlist-drift --body-file "*)
    change issues.json --arg title "$4" --rawfile body "$8" \
      '. + [{number: (length + 1), title: $title, label: "guestlist-drift", open: true, body: $body}]'
    ;;
  "issue edit "*" --body-file "*)
    change issues.json --argjson number "$3" --rawfile body "$5" \
      'map(if .number == $number then .body = $body else . end)'
    ;;
  "issue view "*" --json body --jq .body")
    jq -r --argjson number "$3" '.[] | select(.number == $number).body' "$GH_STATE/issues.json"
    ;;
  "issue comment "*" --body "*)
    change issues.json --argjson number "$3" --arg body "$5" \
      'map(if .number == $number then .notes += [$body] else . end)'
    ;;
  "issue close "*" --comment "*)
    change issues.json --argjson number "$3" --arg body "$5" \
      'map(if .number == $number then .open = false | .notes += [$body] else . end)'
    ;;
  *)
    echo "gh does not know: $*" >&2
    exit 1
    ;;
esac
