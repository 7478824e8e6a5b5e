#!/usr/bin/env bash
# Creates or updates the plan comment of a pull request.
#
#   PLAN_MARKDOWN       the plan, written by plan.sh
#   PULL_REQUEST        its number
#   GITHUB_REPOSITORY   owner/name
#   GH_TOKEN            a token that can write comments
set -euo pipefail

comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
# Anyone can write the marker, so check the author too.
mine='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- guestlist -->"))) | .id'
id=$(gh api --paginate "$comments" --jq "$mine" | sed -n 1p)
if [[ -n $id ]]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$PLAN_MARKDOWN"
else
  gh api --silent --method POST "$comments" -F "body=@$PLAN_MARKDOWN"
fi
