#!/usr/bin/env bash
# Local nodes need neither root nor sshd; what a killed vtmh or node leaves is removed.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"

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
    setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$VTMH_BUILD/vtmh" ||
        skip "another user cannot read $VTMH_BUILD"
    base=/tmp/vtmh-65534
else
    run_vtmh() {
        "$VTMH_BUILD/vtmh" run -r "$results" "$@"
    }
    base=/tmp/vtmh-$(id -u)
fi

# Nodes need a moment to end; then no folder of theirs is left, and the job saw no leak.
expect_no_nodes() {
    # shellcheck disable=SC2012
    expect_within 20 bash -c '! ls -d "$0"/node-* 2>/dev/null' "$base"
    expect_equal "leaks" "" "$(jq -r '.tests[].vtmh.leaks[]' "$job/results.json")"
}

quick=(-m local:a,local:b --only quick..tick..offline)
slow=(-m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1)

step "two local nodes, as a user"
job "${quick[@]}" "$library"
expect_equal "exit status" 0 "$status"
expect_no_nodes

step "post-copy is skipped where the kernel does not let a user have it"
if [[ $(cat /proc/sys/vm/unprivileged_userfaultfd) == 0 ]]; then
    job "${quick[@]}" -p mig_offline=no -p mig_postcopy=yes "$library"
    expect_equal "exit status" 32 "$status"
    expect_match "the reason" 'QEMU refuses postcopy-ram on [ab]: .*userfaultfd' "$(result .fail_reason)"
    expect_no_nodes
fi

step "eighteen local nodes in one tuple"
job -m "$(seq -s, -f 'local:h%g' 18)" --tuple 18 --only all..tick..ping_pong -p migrate_count=2 "$library"
expect_equal "exit status" 0 "$status"
expect_equal "hosts" 18 "$(result '.vtmh.hosts | length')"
expect_equal "legs" "h1 h2 h2 h1" "$(result '[.vtmh.migrations[] | .source, .destination] | join(" ")')"
expect_no_nodes

step "each VM has an address of its own, the same on both hosts"
job -m local:a,local:b --only quick..jeos -p "vms = vm1 vm2" "$library"
expect_equal "exit status" 0 "$status"
mapfile -t cards < <(sed -nE 's/.*starting .* -name (vm[0-9]).*mac=(9a(:[0-9a-f]{2}){5}).*/\1 \2/p' "$job"/test-results/*/debug.log)
expect_equal "starts with an address: both VMs, both hosts" 4 "${#cards[@]}"
expect_equal "addresses" 2 "$(printf '%s\n' "${cards[@]}" | sort -u | wc -l)"
expect_equal "VMs" 2 "$(printf '%s\n' "${cards[@]}" | sort -u | cut -d' ' -f1 | uniq | wc -l)"
expect_equal "different addresses" 2 "$(printf '%s\n' "${cards[@]}" | cut -d' ' -f2 | sort -u | wc -l)"

step "Ctrl-C"
job_begin "${slow[@]}" "$library"
await_migrating
kill -INT "$(vtmh_pid)"
job_end
expect_equal "exit status" 8 "$status"
expect_equal "the test's status" INTERRUPTED "$(result .status)"
expect_measured cancelled
expect_no_nodes

step "Ctrl-C while the nodes are being started"
for delay in 0.01 0.03 0.06; do
    job_begin "${slow[@]}" "$library"
    sleep $delay # wherever that is: no moment may leave a node behind
    kill -INT "$(vtmh_pid)" 2>/dev/null || true
    job_end
    # shellcheck disable=SC2012
    expect_within 20 bash -c '! ls -d "$0"/node-* 2>/dev/null' "$base"
done

step "a job whose time is over"
job "${slow[@]}" --job-timeout 2s --repeat 2 "$library"
expect_equal "exit status" 2 "$status"
expect_equal "the tests' statuses" "CANCEL CANCEL" "$(jq -r '[.tests[].status] | join(" ")' "$job/results.json")"
expect_match "fail_cause" 'job-timeout' "$(result .vtmh.fail_cause)"
expect_no_nodes

step "a terminal that is closed ends the job in order, however often that is told"
job_begin "${slow[@]}" "$library"
await_migrating
vtmh=$(vtmh_pid)
for signal in HUP HUP TERM HUP; do
    kill -$signal "$vtmh" || true # it may be quick
done
job_end
expect_equal "exit status" 8 "$status"
expect_equal "the test's status" INTERRUPTED "$(result .status)"
expect_no_nodes

# The terminal's end hangs up on all that run in it; an interactive shell passes it on once more.
step "a terminal that is closed, with a shell in it"
command -v script >/dev/null || skip "script is missing (Debian: bsdutils)"
{
    declare -p results work VTMH_BUILD slow library
    declare -f run_vtmh
    printf '%s\n' 'run_vtmh "${slow[@]}" "$library"'
} >"$work/in-terminal"
rm -f "$results/latest"
script -q -c "bash --norc -i $work/in-terminal" /dev/null >"$work/screen" 2>&1 </dev/null &
terminal=$!
await_migrating
vtmh=$(vtmh_pid)
kill -KILL "$terminal"
expect_within 60 bash -c '! kill -0 "$0" 2>/dev/null' "$vtmh"
wait "$terminal" || true
expect_equal "the test's status" INTERRUPTED "$(result .status)"
expect_equal "the bit for an interruption" 8 "$(($(jq .vtmh.exit_status "$job/results.json") & 8))"
expect_no_nodes

step "what a killed node and a killed vtmh left is removed by the next job"
job_begin "${slow[@]}" "$library"
await_migrating
kill -KILL "$(vtmh_pid)"
job_end
mapfile -t nodes < <(sed -n 's/^node \([0-9]*\) .*/\1/p' "$base"/node-*/ledger)
expect_equal "nodes that went on" 2 "${#nodes[@]}"
kill -KILL "${nodes[@]}"
mapfile -t left < <(sed -n 's/^+ process \([0-9]*\) .*/\1/p' "$base"/node-*/ledger)
job "${quick[@]}" "$library"
expect_equal "exit status" 0 "$status"
expect_no_nodes
for pid in "${left[@]}"; do
    expect_equal "QEMU $pid, unless it only waits to be reaped" "" \
        "$(sed -n 's/^State:\t\([A-Z]\).*/\1/p' "/proc/$pid/status" 2>/dev/null | tr -d ZX)"
done
