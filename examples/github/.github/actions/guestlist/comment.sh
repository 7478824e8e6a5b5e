#!/usr/bin/env bash
# Comments on a pull request. `comment.sh plan` creates or updates the comment with its plan; `comment.sh result` adds
# the result of the apply, or a plan that was blocked, to the pull request that was merged as GITHUB_SHA, if there is one.
#
#   MARKDOWN            the file written by plan.sh or apply.sh; if there is none or it is empty, nothing is posted
#   PULL_REQUEST        the number of the pull request, for the plan (optional)
#   GITHUB_REPOSITORY   owner/name
#   GITHUB_SHA          the commit, for the result
#   GH_TOKEN            a token that can write comments
set -euo pipefail

[[ -s $MARKDOWN ]] || exit 0
repository="repos/$GITHUB_REPOSITORY"
case ${1:-} in
  plan)
    # Anyone can write the marker, so check the author too.
    mine='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- guestlist -->"))) | .id'
    id=$(gh api --paginate "$repository/issues/$PULL_REQUEST/comments" --jq "$mine" | sed -n 1p)
    if [[ -n $id ]]; then
      gh api --silent --method PATCH "$repository/issues/comments/$id" -F "body=@$MARKDOWN"
      exit
    fi
    number=$PULL_REQUEST
    ;;
  result)
    number=$(gh api "$repository/commits/$GITHUB_SHA/pulls" --jq 'map(select(.merged_at)) | .[0].number // empty')
    [[ -n $number ]] || exit 0
    # Only the comment with the plan of the pull request has the marker, by which it is found.
    result=$(mktemp)
    sed '1{/^<!-- guestlist -->$/d}' "$MARKDOWN" >"$result"
    MARKDOWN=$result
    ;;
  *)
    echo "usage: comment.sh plan|result" >&2
    exit 1
    ;;
esac
gh api --silent --method POST "$repository/issues/$number/comments" -F "body=@$MARKDOWN"
