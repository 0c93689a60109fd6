#!/bin/bash
# What a soak tells of drift, over many legs of simulated guests (tests/sim): nothing where nothing grows, and a
# node that is told to keep 1 KiB a leg by its name.
set -euo pipefail
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

command -v sqlite3 >/dev/null || skip "there is no sqlite3 here"
! has_sanitizer || skip "with a sanitizer all memory grows"
export VTMH_EXEC_PATH=$VTMH_BUILD/tests/sim

# What a simulated guest does, which has no work that takes time.
light=(-q -m local:a,local:b --only tick..ping_pong --no quick -p dirty_mem=1 -p dirty_rate=0 -p min_dirty_syncs=0)

# soak WHAT-TO-TELL-DEPLOY/SOAK…
soak() {
    status=0
    "$VTMH_SOURCE/deploy/soak" --build "$VTMH_BUILD" --light "$@" -- -r "$results" \
        >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    job_read
}

# verdicts FIGURE: of the processes that are ours, each once.
verdicts() {
    results "[.vtmh.drift.slopes[] | select(.figure == \"$1\" and .process != null) | .verdict] | unique | join(\",\")"
}

step "1,500 legs of which nothing is left: nobody is accused"
soak --legs 1500
expect_equal "exit status" 0 "$status"
expect_equal "status of the test" PASS "$(results '.tests[0].status')"
expect_equal "legs" 1500 "$(results .vtmh.drift.legs)"
for figure in rss_bytes descriptors file_bytes; do
    expect_lacks "$figure" drift "$(verdicts $figure)"
done
expect_equal "processes" "a node,a qemu vm1,b node,b qemu vm1,coordinator" \
    "$(results '[.vtmh.drift.slopes[].process | values] | unique | join(",")')"
expect_contains "the report is printed" "drift: 1500 legs in " "$out"
expect_contains "and written" "slopes, each with its standard error" "$(cat "$job/drift.txt")"
expect_equal "samples of nodes and of the coordinator are in job.db" "coordinator,node,qemu vm1" \
    "$(sqlite3 "$job/job.db" "select group_concat(process) from (select distinct process from samples order by 1)")"

step "a node that keeps 1 KiB a leg is named"
export VTMH_TEST_KEEP_BYTES_A_LEG=1024
soak --legs 1500
expect_equal "exit status" 16 "$status"
expect_equal "status of the test" WARN "$(results '.tests[0].status')"
expect_contains "cause" "node: RSS grows by " "$(results '.tests[0].fail_reason')"
expect_contains "report" DRIFTS "$(grep 'node: RSS' "$job/drift.txt")"

step "so it is in a soak of short tests, of which none can be warned"
job "${light[@]}" -p migrate_count=20 --repeat 60 "$library"
expect_equal "exit status" 16 "$status"
expect_equal "statuses" PASS "$(results '[.tests[].status] | unique | join(",")')"
expect_contains "warning" "node: RSS grows by " "$(results '.vtmh.drift_warnings | join("\n")')"
expect_contains "it is said" "WARN drift: " "$out"
unset VTMH_TEST_KEEP_BYTES_A_LEG

step "SIGUSR2 tells how it goes, and it goes on"
job_begin "${light[@]}" -p migrate_count=1500 "$library"
await_event '"leg": ?40,'
kill -USR2 "$(pgrep -P "$job_pid" -x vtmh || echo "$job_pid")"
expect_within 20 test -s "$job/drift.txt"
early=$(head -n 1 "$job/drift.txt")
job_end
expect_equal "exit status" 0 "$status"
expect_contains "it was told on stderr" "$early" "$err"
expect_contains "at the end there is another" "drift: 1500 legs in " "$(head -n 1 "$job/drift.txt")"

step "SIGUSR2 and SIGUSR1 end no job, not even at its beginning and its end"
job_begin "${light[@]}" -p migrate_count=100 "$library"
expect_within 20 test -e "$job/id"
pid=$(pgrep -P "$job_pid" -x vtmh || echo "$job_pid")
while kill -USR2 "$pid" 2>/dev/null && kill -USR1 "$pid" 2>/dev/null; do sleep 0.01; done
job_end
expect_equal "exit status" 0 "$status"
expect_equal "status of the test" PASS "$(results '.tests[0].status')"

step "a soak of some seconds ends in order"
soak --for 3s
expect_equal "exit status" 0 "$status"
expect_equal "status of the test" PASS "$(results '.tests[0].status')"
