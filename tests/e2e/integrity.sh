#!/usr/bin/env bash
# The memory check tells the truth: clean legs are clean, and a real bug that loses guest writes is found.
# Runs with two local nodes, as a user without root and without sshd where it can.
set -euo pipefail
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

tick_legs=${VTMH_TICK_LEGS:-20}
jeos_legs=${VTMH_JEOS_LEGS:-3}

begin "$tick_legs legs of tick are clean"
job -m local:a,local:b --only all..tick..ping_pong -p migrate_count="$tick_legs" "$library"
expect status $status 0
expect "clean legs" "$(result '[.vtmh.migrations[] | select(.memory_check == "clean")] | length')" \
    "$tick_legs"

begin "$jeos_legs legs of jeos are clean"
job -m local:a,local:b --only all..jeos..ping_pong -p migrate_count="$jeos_legs" "$library"
expect status $status 0
expect "clean legs" "$(result '[.vtmh.migrations[] | select(.memory_check == "clean")] | length')" \
    "$jeos_legs"

# QEMU before 9.0 loses writes of a TCG guest whose RAM is a multiple of 256 KiB.
version=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
if [ "$version" -lt 9 ]; then
    begin "with the quirk switched off, tick's memory check fails"
    job -m local:a,local:b --only all..tick..ping_pong -p tcg_dirty_sync_quirk=no \
        -p enable_kvm=no "$library"
    expect status $status 1
    expect "the test's status" "$(result .status)" FAIL
    expect_match "fail_cause" "$(result .vtmh.fail_cause)" 'memory check: [0-9]+ of'
    expect "the last leg" "$(result '.vtmh.migrations[-1].memory_check')" corrupt

    begin "with the quirk switched off, jeos fails too"
    job -m local:a,local:b --only all..jeos..ping_pong -p tcg_dirty_sync_quirk=no \
        -p enable_kvm=no -p migrate_count=5 "$library"
    expect status $status 1
    expect "the test's status" "$(result .status)" FAIL
else
    echo "  skipped: QEMU $version does not have the bug that the quirk works round"
fi

begin "a leg of too few dirty syncs proves nothing, and says so"
job -m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p dirty_rate=0 \
    -p min_dirty_syncs=0 "$library"
expect status $status 0
expect "memory_check" "$(result '.vtmh.migrations[0].memory_check')" not_checked

begin "where proof is asked for, too few dirty syncs are a warning"
job -m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p dirty_rate=0 "$library"
expect status $status 16
expect "the test's status" "$(result .status)" WARN

finish
