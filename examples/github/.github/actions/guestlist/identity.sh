#!/usr/bin/env bash
# Lets the next steps of a GitHub job use an Azure container as AZURE_CLIENT_ID: asks GitHub for an identity token, which
# guestlist exchanges for a token of Azure. The job needs the permission `id-token: write`.
set -euo pipefail

token=$(mktemp "$RUNNER_TEMP/azure-XXXXXX")
curl --silent --show-error --fail --max-time 30 \
  --config <(printf 'header = "Authorization: Bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN") \
  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=api://AzureADTokenExchange" | jq --join-output --exit-status .value >"$token"
{
  echo "AZURE_FEDERATED_TOKEN_FILE=$token"
  echo "AZURE_CLIENT_ID=$AZURE_CLIENT_ID"
  echo "AZURE_TENANT_ID=$AZURE_TENANT_ID"
  echo "AZURE_STORAGE_ACCOUNT_NAME=$AZURE_STORAGE_ACCOUNT_NAME"
} >>"$GITHUB_ENV"
