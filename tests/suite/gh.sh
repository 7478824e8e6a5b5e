#!/usr/bin/env bash
# Stands in for gh: keeps comments and issues in the folder GH_STATE, and takes only the calls that the
# scripts of examples/github make. The comments of pull request 7 are in comments.json, those of N in comments-N.json;
# pulls.json has the number of the pull request that was merged as a commit.
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
comments_of() { # comments_of NUMBER: the file
  local file=comments-$1.json
  if [[ $1 == 7 ]]; then
    file=comments.json
  fi
  [[ -e $GH_STATE/$file ]] || echo '[]' >"$GH_STATE/$file"
  echo "$file"
}
comments=repos/example/team/issues
case "$*" in
  "api --paginate $comments/"*"/comments --jq "*)
    number=${3#"$comments/"}
    list "$(comments_of "${number%/comments}")" "$5"
    ;;
  "api --silent --method POST $comments/"*"/comments -F body=@"*)
    number=${5#"$comments/"}
    change "$(comments_of "${number%/comments}")" --argjson number "${number%/comments}" --rawfile body "${7#body=@}" \
      '. + [{id: ($number * 100 + length), user: {login: "github-actions[bot]"}, body: $body}]'
    ;;
  "api --silent --method PATCH $comments/comments/"*" -F body=@"*)
    for file in "$GH_STATE"/comments*.json; do
      change "${file##*/}" --argjson id "${5##*/}" --rawfile body "${7#body=@}" \
        'map(if .id == $id then .body = $body else . end)'
    done
    ;;
  "api repos/example/team/commits/"*"/pulls --jq "*)
    sha=${2#repos/example/team/commits/}
    jq --arg sha "${sha%/pulls}" '[.[$sha] // empty | {number: ., merged_at: "2026-11-28T00:00:00Z"}]' \
      "$GH_STATE/pulls.json" | jq -r "$4"
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
