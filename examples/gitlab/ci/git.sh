#!/usr/bin/env bash
# For ledger.sh, plan.sh and apply.sh: the remote, and a token for it that is in no argument and no file.
#
#   GIT_REMOTE   the repository (origin)
#   GIT_TOKEN    a token that can read it, and push the ledger branch (optional: without it, Git uses what it has)
#   GIT_USER     the user of that token, if it matters (optional)
# shellcheck disable=SC2034
remote=${GIT_REMOTE:-origin}
if [[ -n ${GIT_TOKEN:-} ]]; then
  # Git reads these variables as configuration. The header goes to this remote alone.
  url=$remote
  if [[ $url != *://* ]]; then
    url=$(git remote get-url "$remote")
  fi
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.$url.extraHeader"
  GIT_CONFIG_VALUE_0="Authorization: Basic $(printf '%s:%s' "${GIT_USER:-x-access-token}" "$GIT_TOKEN" | base64 | tr -d '\n')"
  export GIT_CONFIG_VALUE_0
fi
export GIT_TERMINAL_PROMPT=0
