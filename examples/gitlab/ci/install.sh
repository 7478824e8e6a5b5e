#!/usr/bin/env bash
# Installs guestlist into the folder given, as source.env says: a release whose digest is the one in source.env, or a
# build of a revision. A release is also checked for its attestation, which says that the release workflow of that
# repository built it, where `gh` can do so (it needs GH_TOKEN).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=source.env
. "$here/source.env"

fail() {
  echo "cannot install guestlist: $1" >&2
  exit 1
}
folder=${1:?the folder to install into}
[[ -n $GUESTLIST_URL ]] || fail "set GUESTLIST_URL in ${here##*/}/source.env"
mkdir -p "$folder"

if [[ -n $GUESTLIST_REVISION ]]; then
  [[ $GUESTLIST_REVISION =~ ^[0-9a-f]{40}$ ]] || fail "GUESTLIST_REVISION is not a commit (40 hex digits)"
  cargo=(cargo)
  if command -v rustup >/dev/null; then
    rustup toolchain install "$GUESTLIST_TOOLCHAIN" --profile minimal
    cargo=(cargo "+$GUESTLIST_TOOLCHAIN")
  fi
  build=$(mktemp -d)
  "${cargo[@]}" install --locked --git "$GUESTLIST_URL" --rev "$GUESTLIST_REVISION" --root "$build" guestlist
  install -m 755 "$build/bin/guestlist" "$folder/guestlist"
  rm -rf "$build"
  exit
fi

case $(uname -s)-$(uname -m) in
  Linux-x86_64) target=x86_64-unknown-linux-musl digest=$GUESTLIST_SHA256_X86_64 ;;
  Linux-aarch64) target=aarch64-unknown-linux-musl digest=$GUESTLIST_SHA256_AARCH64 ;;
  *) fail "there is no archive for $(uname -s) on $(uname -m); set GUESTLIST_REVISION to build it" ;;
esac
[[ $digest =~ ^[0-9a-f]{64}$ ]] || fail "set the SHA-256 of the archive for $target in ${here##*/}/source.env"
archive=guestlist-$GUESTLIST_VERSION-$target.tar.gz
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
curl --silent --show-error --fail --location --retry 3 --output "$download/$archive" \
  "$GUESTLIST_URL/releases/download/v$GUESTLIST_VERSION/$archive"
(cd "$download" && echo "$digest  $archive" | sha256sum --check --quiet) ||
  fail "$archive does not have the digest in source.env"
if [[ $GUESTLIST_URL == https://github.com/* ]] && gh attestation --help >/dev/null 2>&1; then
  repository=${GUESTLIST_URL#https://github.com/}
  gh attestation verify "$download/$archive" --repo "$repository" \
    --signer-workflow "$repository/.github/workflows/release.yml" --source-ref "refs/tags/v$GUESTLIST_VERSION" ||
    fail "$archive has no valid attestation of $repository"
else
  echo "the attestation of $archive was not checked: it needs \`gh\` and a repository on GitHub" >&2
fi
tar -xzf "$download/$archive" -C "$download" guestlist
install -m 755 "$download/guestlist" "$folder/guestlist"
