#!/usr/bin/env bash
# For the jobs, which source it: installs guestlist, takes the identity for a bucket, and fetches the ledger.
#
#   LEDGER                      s3://bucket/prefix or az://container/prefix, if the ledger is in a bucket
#   GUESTLIST_AWS_ROLE          the role for an S3 bucket, with AWS_ID_TOKEN and AWS_REGION
#   GUESTLIST_AZURE_CLIENT_ID   the identity for an Azure container, with AZURE_ID_TOKEN, AZURE_TENANT_ID and
#                               AZURE_STORAGE_ACCOUNT_NAME
set -eu

# Outside the work tree: nothing here is committed or uploaded.
GUESTLIST_TEMP=$(mktemp -d)
ci/install.sh "$GUESTLIST_TEMP/bin"
export PATH="$GUESTLIST_TEMP/bin:$PATH"
if [ -n "${GUESTLIST_AWS_ROLE:-}" ]; then
  (umask 077 && printf %s "$AWS_ID_TOKEN" >"$GUESTLIST_TEMP/aws")
  export AWS_WEB_IDENTITY_TOKEN_FILE="$GUESTLIST_TEMP/aws" AWS_ROLE_ARN="$GUESTLIST_AWS_ROLE"
fi
if [ -n "${GUESTLIST_AZURE_CLIENT_ID:-}" ]; then
  (umask 077 && printf %s "$AZURE_ID_TOKEN" >"$GUESTLIST_TEMP/azure")
  export AZURE_FEDERATED_TOKEN_FILE="$GUESTLIST_TEMP/azure" AZURE_CLIENT_ID="$GUESTLIST_AZURE_CLIENT_ID"
fi
ci/ledger.sh fetch
