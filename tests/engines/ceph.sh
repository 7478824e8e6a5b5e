#!/usr/bin/env bash
# Runs guestlist with a ledger in Ceph: starts a monitor, an OSD in memory and the S3 gateway from Debian's packages on
# loopback in a temporary folder, prints a line for each step, and stops everything again.
#
#   tests/engines/ceph.sh [--install]   --install installs missing packages with apt-get, as root
#   GUESTLIST                           the binary, if not the release build of this checkout
set -Eeuo pipefail
if [[ -n ${GUESTLIST:-} ]]; then GUESTLIST=$(realpath "$GUESTLIST"); fi
cd "$(dirname "$0")/../.."

needed=(
  ceph=ceph-common ceph-authtool=ceph-common ceph-mon=ceph-mon ceph-osd=ceph-osd curl=curl jq=jq
  monmaptool=ceph-base radosgw=radosgw radosgw-admin=radosgw setpriv=util-linux
)
# The SHA-256 of nothing, which signatures of requests without a body name.
empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
# Ceph must answer within so many seconds, and a lock that was left behind must have expired.
patience=180
# How long a call to the service may take.
time_out=30
people=40

missing_packages() {
  local program
  for program in "${needed[@]}"; do
    command -v "${program%=*}" >/dev/null || echo "${program#*=}"
  done | sort -u
}

check_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if ((${#missing[@]} == 0)); then return; fi
  if [[ ${1:-} != --install ]]; then
    echo "missing packages: run \`apt-get install ${missing[*]}\`, or pass --install" >&2
    exit 1
  fi
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# --- Steps ---

# Runs a function with its output in a file, which is shown if it fails.
step() {
  current=$1
  local start=$SECONDS
  "$2" >"$folder/step.log" 2>&1 </dev/null
  echo "passed: $current ($((SECONDS - start)) s)"
  current=
}

fail() {
  echo "$*" >&2
  exit 1
}

clean_up() {
  local status=$?
  trap - ERR EXIT
  exec 2>/dev/null
  # Everything is temporary, so nothing has to be stopped gently.
  for file in "$folder"/*.pid; do
    kill -KILL "$(<"$file")" || true
  done
  if [[ -n $current ]]; then
    {
      echo "failed: $current"
      tail -n 30 "$folder/step.log" | sed 's/^/  /'
      echo "The log of the gateway ends with:"
      tail -n 10 "$folder/client.rgw.log" | sed 's/^/  /'
    } >&4
    status=1
  fi
  wait || true
  rm -rf "$folder"
  exit "$status"
}

# Starts a program in the background, which is also killed if this script is.
start() {
  local name=$1
  shift
  : >"$folder/$name.out"
  setpriv --pdeathsig KILL "$@" >>"$folder/$name.out" 2>"$folder/$name.err" &
  echo $! >"$folder/$name.pid"
}

send() {
  kill "-$1" "$(<"$folder/$2.pid")"
}

stop() {
  local pid
  pid=$(<"$folder/$1.pid")
  rm "$folder/$1.pid"
  kill -KILL "$pid"
  wait "$pid" || true
}

# Waits until a command succeeds.
await() {
  local deadline=$((SECONDS + patience))
  until "$@"; do
    if ((SECONDS > deadline)); then fail "waited $patience seconds for: $*"; fi
    sleep 0.1
  done
}

# Runs a command that must end with a status.
ends_with() {
  local expected=$1 status=0
  shift
  "$@" || status=$?
  if ((status != expected)); then fail "status $status instead of $expected: $*"; fi
}

# --- Ceph ---

free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 12000))
    if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
  done
  echo "$port"
}

# Without TCP_NODELAY, the gateway takes 40 ms more for most requests.
configure() {
  mkdir "$folder"/{mon,osd,rgw}
  cat >"$CEPH_CONF" <<END
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$monitor_port]
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = $folder/keyring
run dir = $folder
crash dir = $folder
admin socket =
pid file =
log file = $folder/\$name.log
log to stderr = false
paxos propose interval = 0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
[mon]
mon data = $folder/mon
mon cluster log file = $folder/cluster.log
mon data avail crit = 1
mon data avail warn = 1
auth allow insecure global id reclaim = false
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 1073741824
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$gateway_port tcp_nodelay=1
rgw thread pool size = 32
rgw rados pool pg num min = 1
END
}

start_ceph() {
  configure
  ceph-authtool --create-keyring "$folder/keyring" --gen-key -n mon. --cap mon 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
  ceph-authtool "$folder/keyring" --gen-key -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx'
  monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$monitor_port]" "$folder/monmap"
  ceph-mon -i a --mkfs --monmap "$folder/monmap"
  start mon ceph-mon -i a -f
  local osd
  osd=$(</proc/sys/kernel/random/uuid)
  [[ $(timeout "$patience" ceph osd new "$osd") == 0 ]]
  ceph-osd -i 0 --mkfs --osd-uuid "$osd"
  start osd ceph-osd -i 0 -f
  start_gateway
  timeout "$patience" radosgw-admin user create --uid guestlist --display-name guestlist \
    --access-key "$AWS_ACCESS_KEY_ID" --secret-key "$AWS_SECRET_ACCESS_KEY"
  radosgw --version
  s3 PUT /ledgers
}

start_gateway() {
  start gateway radosgw -n client.rgw -f
  await curl --silent --show-error --output /dev/null "$AWS_ENDPOINT_URL"
}

# Makes a signed request: METHOD PATH [BODY [HEADER]].
s3() {
  local digest=$empty body=()
  if [[ -n ${3:-} ]]; then
    digest=$(printf %s "$3" | sha256sum | cut -d' ' -f1)
    body=(--data-binary "$3" --header "content-type: text/plain")
  fi
  curl --silent --show-error --fail --request "$1" "${body[@]}" --header "x-amz-content-sha256: $digest" \
    ${4:+--header "$4"} --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --aws-sigv4 aws:amz:us-east-1:s3 \
    "$AWS_ENDPOINT_URL$2"
}

# --- The service ---

# Starts a simulated organization of its own for a step, with a ledger of its own.
start_service() {
  start service "$GUESTLIST" sandbox --listen 0 "$@"
  await test -s "$folder/service.out"
  service=$(head -n 1 "$folder/service.out")
  ledger=s3://ledgers/$RANDOM$RANDOM
}

guestlist() {
  "$GUESTLIST" "$@" --ledger "$ledger"
}

# With the team file as the last of its arguments.
on_service() {
  guestlist "$@" "$folder/team.yaml" --endpoint "$service"
}

# Starts an apply with the output NAME.out and NAME.err.
start_apply() {
  start "$1" "$GUESTLIST" apply "$folder/team.yaml" --endpoint "$service" --ledger "$ledger" --yes
  apply=$(<"$folder/$1.pid")
}

# How many requests reached the service.
requests() {
  curl --silent --fail "$service/sandbox/log" | jq length
}

# The emails of all invitations that the service read, so without those over its rate limit.
invitations() {
  curl --silent --fail "$service/sandbox/log" | jq -r '.[].body.email // empty' | sort
}

has_invited() {
  (($(invitations | wc -l) >= $1))
}

# What must be true after the last run of each step.
is_complete() {
  guestlist log --verify
  # Each call is in the ledger, as often as it was made.
  guestlist log --format json | jq -r 'select(.kind == "intent") | .email' | sort >"$folder/intents"
  invitations >"$folder/invitations"
  comm -13 "$folder/intents" "$folder/invitations" >"$folder/unrecorded"
  if [[ -s $folder/unrecorded ]]; then fail "not in the ledger: $(<"$folder/unrecorded")"; fi
  # The owner was there before.
  curl --silent --fail "$service/sandbox/state" | jq --exit-status ".people | length == $people + 1"
  on_service plan --detailed-exitcode --quiet
  on_service status --format json | jq --exit-status '.lock == null and .chain == "intact"'
}

# The first line of an error that names who has the lock.
is_refused() {
  grep --fixed-strings "error: the ledger is locked by " "$1"
}

# --- What is tried ---

check_of_the_store() {
  start_service
  on_service apply --yes
  s3 GET "/ledgers/${ledger#s3://ledgers/}/store.json" | jq --exit-status .unquoted_etags
  is_complete
  stop service
}

# Writes at once under the same condition: exactly one of them may succeed.
one_succeeds() {
  local number writes=()
  for number in {1..12}; do
    s3 PUT "/ledgers/$1" "$RANDOM-$number" "$2" >"$folder/write.$number" 2>&1 &
    writes+=($!)
  done
  local succeeded=0
  for number in "${writes[@]}"; do
    if wait "$number"; then ((succeeded += 1)); fi
  done
  cat "$folder"/write.*
  if ((succeeded != 1)); then fail "$succeeded of 12 writes succeeded with $2"; fi
}

writes_at_once() {
  local round etag
  for round in {1..5}; do
    one_succeeds "race-$round" 'If-None-Match: *'
    etag=$(s3 GET "/ledgers?prefix=race-$round" | sed 's/.*<ETag>&quot;\([0-9a-f]*\)&quot;.*/\1/')
    one_succeeds "race-$round" "If-Match: $etag"
  done
}

# In a bucket with versioning, Ceph 16 ignores If-None-Match and fulfills no If-Match.
versioning() {
  start_service
  local xmlns=http://s3.amazonaws.com/doc/2006-03-01/ status
  enable() {
    status="<VersioningConfiguration xmlns=\"$xmlns\"><Status>Enabled</Status></VersioningConfiguration>"
    s3 PUT "/$1?versioning=" "$status"
  }
  s3 PUT /versioned
  enable versioned
  ledger=s3://versioned/team
  ends_with 1 on_service apply --yes 2>"$folder/refused.err"
  cat "$folder/refused.err"
  grep --fixed-strings "of two objects created at once with If-None-Match, both were accepted" "$folder/refused.err"
  s3 PUT /later
  ledger=s3://later/team
  on_service plan --record
  enable later
  ends_with 1 on_service apply --yes 2>"$folder/refused.err"
  cat "$folder/refused.err"
  grep "cannot write ledger object .*versioning was enabled" "$folder/refused.err"
  [[ -z $(invitations) ]]
  stop service
}

commands() {
  start_service --fault second-invite-ok
  on_service plan --out "$folder/plan.json"
  guestlist apply --plan "$folder/plan.json" --endpoint "$service" --yes
  on_service explain p7@example.com | grep invited
  on_service resend p8@example.com --yes
  curl --silent --fail --json '{"email": "p7@example.com"}' "$service/sandbox/accept"
  on_service plan --record
  on_service report --format csv --out "$folder/report.csv"
  on_service report --since 2026-01-01 --format text | grep p7@example.com
  on_service plan --offline --detailed-exitcode
  guestlist unlock | grep --fixed-strings "The ledger is not locked: nothing to do."
  is_complete
  stop service
}

copy() {
  start_service
  local bucket=$ledger
  ledger=$folder/there
  on_service apply --yes
  "$GUESTLIST" ledger copy "$folder/there" "$bucket"
  ends_with 1 "$GUESTLIST" ledger copy "$folder/there" "$bucket"
  "$GUESTLIST" ledger copy "$bucket" "$folder/back"
  local what
  for what in runs known.json applied.json; do
    diff --recursive "$folder/there/$what" "$folder/back/$what"
  done
  ledger=$bucket
  is_complete
  stop service
}

two_at_once() {
  start_service --rate-limit 10/1
  start_apply first
  await has_invited 3
  ends_with 1 on_service apply --yes 2>"$folder/second.err"
  cat "$folder/second.err"
  is_refused "$folder/second.err" | grep --fixed-strings "(process $apply)"
  wait "$apply"
  rm "$folder/first.pid"
  is_complete
  stop service
}

at_the_same_moment() {
  local round run
  for round in {1..8}; do
    start_service
    local succeeded=0 runs=()
    for run in a b c d; do
      start_apply "$run"
      runs+=("$run=$apply")
    done
    for run in "${runs[@]}"; do
      if wait "${run#*=}"; then
        ((succeeded += 1))
      else
        is_refused "$folder/${run%=*}.err" || fail "round $round: $(<"$folder/${run%=*}.err")"
      fi
      rm "$folder/${run%=*}.pid"
    done
    ((succeeded > 0))
    is_complete
    # Each is invited once.
    [[ -z $(invitations | uniq --repeated) ]]
    stop service
  done
}

kills() {
  local calls
  start_service --rate-limit 10/1
  for calls in 5 15 30; do
    start_apply killed
    await has_invited "$calls"
    stop killed
    ends_with 1 on_service apply --yes 2>"$folder/next.err"
    is_refused "$folder/next.err" | grep --fixed-strings "(process $apply)"
    guestlist unlock --yes
  done
  guestlist log --verify
  if (($(invitations | uniq | wc -l) == people)); then fail "the kills came too late"; fi
  on_service apply --yes
  is_complete
  stop service
}

# Waits until an apply that lost its store has ended, and checks what it says and that its calls stop.
ends_without_store() {
  local start=$SECONDS calls status=0
  while kill -0 "$apply" 2>/dev/null && ((SECONDS - start < time_out)); do sleep 0.1; done
  calls=$(requests)
  wait "$apply" || status=$?
  echo "ended with $status after $((SECONDS - start)) seconds and $calls requests:"
  cat "$folder/stopped.err"
  rm "$folder/stopped.pid"
  if ((status != 1)) || has_invited "$people"; then fail "it did not stop"; fi
  if (($(requests) != calls)); then fail "a call was made more than $time_out seconds later"; fi
  # It is said once.
  [[ $(grep --count '^error: \|^warning: ' "$folder/stopped.err") == 1 ]]
  grep "^error: stopped: cannot write ledger object .* Run again to continue$" "$folder/stopped.err"
}

# The next run waits until the lock has expired.
gateway_is_killed() {
  start_service --rate-limit 10/1
  start_apply stopped
  await has_invited 5
  stop gateway
  ends_without_store
  start_gateway
  await succeeds on_service apply --yes
  is_complete
  stop service
}

# A command that is refused by a lock is tried again a little later.
succeeds() {
  if "$@" 2>"$folder/again.err"; then return; fi
  is_refused "$folder/again.err" || fail "$(<"$folder/again.err")"
  sleep 2
  return 1
}

gateway_is_suspended() {
  start_service --rate-limit 10/1
  start_apply stopped
  await has_invited 5
  send STOP gateway
  ends_without_store
  send CONT gateway
  guestlist unlock --yes
  on_service apply --yes
  is_complete
  stop service
}

case $# in
  0) ;;
  1) [[ $1 == --install ]] || fail "usage: tests/engines/ceph.sh [--install]" ;;
  *) fail "usage: tests/engines/ceph.sh [--install]" ;;
esac
check_packages "$@"
if [[ -z ${GUESTLIST:-} ]]; then
  cargo build --release --locked
  GUESTLIST=$(realpath "${CARGO_TARGET_DIR:-target}/release/guestlist")
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/guestlist-ceph.XXXXXX")
current=
exec 4>&2
trap 'echo "line $LINENO failed: $BASH_COMMAND" >&2' ERR
trap clean_up EXIT
trap 'current=; exit 130' INT TERM HUP

unset "${!AWS_@}" "${!CEPH_@}" "${!VOUCHERIFY_@}"
fsid=$(</proc/sys/kernel/random/uuid)
monitor_port=$(free_port)
gateway_port=$(free_port)
export CEPH_CONF=$folder/ceph.conf NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
export AWS_ENDPOINT_URL=http://127.0.0.1:$gateway_port AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=guestlist AWS_SECRET_ACCESS_KEY=the-secret-key
export VOUCHERIFY_MANAGEMENT_ID=sandbox-id VOUCHERIFY_MANAGEMENT_TOKEN=sandbox-token
{
  echo "version: 1"
  echo "projects: {storefront: proj_9KeAhZB1}"
  echo "people:"
  for ((number = 1; number <= people; number++)); do
    echo "  - {email: p$number@example.com, first_name: P, last_name: P, projects: {storefront: USER}}"
  done
} >"$folder/team.yaml"

step "Ceph starts, with a user and a bucket" start_ceph
step "the check of the store passes, with e-tags without quotation marks" check_of_the_store
step "of 12 writes at once under one condition, one succeeds" writes_at_once
step "a bucket with versioning, whose conditions do not work, is refused" versioning
step "plan, saved plan, apply, log, explain, resend, report, status, unlock" commands
step "ledger copy from a folder to the bucket and back" copy
step "of two runs, the second is refused and names the first" two_at_once
step "runs that start at the same moment end one after the other or refused" at_the_same_moment
step "killed runs lose no record, and the next one continues" kills
step "a gateway that is killed stops the calls, and the next run continues when the lock has expired" gateway_is_killed
step "a gateway that does not answer stops the calls, and the next run continues after unlock" gateway_is_suspended
