#!/usr/bin/env bash
# Local nodes need neither root nor sshd; what a killed vtmh or node leaves is removed.
set -euo pipefail
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

if [ "$(id -u)" -eq 0 ]; then
    # As somebody else, with a home of its own and the guests readable.
    mkdir -p "$work/home/.cache/vtmh"
    cp -r "${XDG_CACHE_HOME:-$HOME/.cache}/vtmh/guests" "$work/home/.cache/vtmh/"
    chown -R 65534:65534 "$work"
    run_vtmh() {
        env -i PATH=/usr/bin:/bin HOME="$work/home" \
            setpriv --reuid=65534 --regid=65534 --clear-groups \
            "$VTMH_BUILD/vtmh" run -r "$results" "$@"
    }
    if ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$VTMH_BUILD/vtmh"; then
        echo "skipped: another user cannot read $VTMH_BUILD" >&2
        exit 77
    fi
    base=/tmp/vtmh-65534
else
    base=/tmp/vtmh-$(id -u)
fi

# Nothing of ours may run any more, and no folder of a node may be left.
expect_no_nodes() {
    checks=$((checks + 1))
    # shellcheck disable=SC2016
    timeout 20 bash -c 'while ls -d "$0"/node-* > /dev/null 2>&1; do sleep 0.1; done' "$base" ||
        wrong "left in $base: $(ls "$base")"
}

quick=(-m local:a,local:b --only quick..tick..offline)
slow=(-m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1)

begin "two local nodes, as a user"
job "${quick[@]}" "$library"
expect status $status 0
expect_nothing_left
expect_no_nodes

begin "Ctrl-C"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
kill -INT "$(vtmh_pid)"
job_end
expect status $status 8
expect "the test's status" "$(result .status)" INTERRUPTED
expect_no_nodes

begin "what a killed node and a killed vtmh left is removed by the next job"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
kill -KILL "$(vtmh_pid)"
job_end
mapfile -t nodes < <(sed -n 's/^node \([0-9]*\) .*/\1/p' "$base"/node-*/ledger)
expect "nodes that went on" "${#nodes[@]}" 2
kill -KILL "${nodes[@]}"
mapfile -t left < <(sed -n 's/^+ process \([0-9]*\) .*/\1/p' "$base"/node-*/ledger)
job "${quick[@]}" "$library"
expect status $status 0
expect_no_nodes
for pid in "${left[@]}"; do
    expect "state of QEMU $pid" "$(sed -n 's/^State:\t\([A-Z]\).*/\1/p' "/proc/$pid/status" 2> /dev/null |
        grep -v '[ZX]' || true)" ""
done

finish
