#!/usr/bin/env bash
# Puts the plan into the one comment of a pull request that is kept up to date.
#
#   PLAN_MARKDOWN       the plan, as plan.sh leaves it
#   PULL_REQUEST        its number
#   GITHUB_REPOSITORY   owner/name
#   GH_TOKEN            a token that may write comments
set -euo pipefail

comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
# The marker alone proves nothing: anyone may write it. The author does.
mine='.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- guestlist -->"))) | .id'
id=$(gh api --paginate "$comments" --jq "$mine" | sed -n 1p)
if [[ -n $id ]]; then
  gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" -F "body=@$PLAN_MARKDOWN"
else
  gh api --silent --method POST "$comments" -F "body=@$PLAN_MARKDOWN"
fi
