#!/usr/bin/env bash
# What can go wrong on hosts: the first cause and its host are told, the other side at once, the guest goes
# on where it could, and nothing is left behind.
set -euo pipefail
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_up

quick=(-m host1,host2 --only quick..tick..offline)
# A move that takes long enough to be broken.
slow=(-m host1,host2 --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1)

# kill_qemu HOST: the QEMU that runs there now.
kill_qemu() {
    "$lab" enter "$1" sh -c 'kill -9 $(pgrep -f "^/usr/bin/qemu-system.*-name vm1")'
}

begin "a QEMU binary that is missing on one host"
job "${quick[@]}" -p qemu_binary_host2=no-such-qemu "$library"
expect status $status 1
expect_test ERROR host2 'no-such-qemu'
expect_told_at_once
expect_nothing_left

begin "an address that cannot be bound on the destination"
job "${quick[@]}" -p mig_address_host2=192.0.2.1 "$library"
expect status $status 1
expect_test ERROR host2 '192\.0\.2\.1'
expect_told_at_once
expect_nothing_left

begin "a port that is taken on the destination"
job "${quick[@]}" -p mig_port_host2=22 "$library"
expect status $status 1
expect_test ERROR host2 'port 22.*in use'
expect_nothing_left

begin "a guest that never boots"
job -m host1,host2 --only quick..jeos -p kernel_params=rdinit=/nonesuch -p login_timeout=6 "$library"
expect status $status 1
expect_test ERROR host1 'vm1.*(within|panic)'
expect_told_at_once
expect_nothing_left

begin "the source's QEMU is killed in mid-migration"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
kill_qemu host1
job_end
expect status $status 1
expect_test FAIL host1 'SIGKILL'
expect "survivor" "$(result '.vtmh.migrations[0].survivor')" none
expect_told_at_once
expect_nothing_left

begin "the destination's QEMU is killed in mid-migration: the guest goes on on the source"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
kill_qemu host2
job_end
expect status $status 1
expect_test FAIL host2 'SIGKILL'
expect "survivor" "$(result '.vtmh.migrations[0].survivor')" source
expect_told_at_once
expect_nothing_left

begin "Ctrl-C in mid-migration"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
kill -INT "$(vtmh_pid)"
job_end
expect status $status 8
expect "the test's status" "$(result .status)" INTERRUPTED
expect "survivor" "$(result '.vtmh.migrations[0].survivor')" source
expect_nothing_left

begin "a node that is killed: the test names its host, and what it left is removed"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
"$lab" enter host2 sh -c 'kill -9 $(pgrep -f "[v]tmh-node serve")'
job_end
expect status $status 1
expect_test ERROR host2 'lost'
expect "survivor" "$(result '.vtmh.migrations[0].survivor')" source
expect_nothing_left

begin "a node that is told to end says so and cleans up"
job_begin "${slow[@]}" "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
"$lab" enter host2 sh -c 'kill -TERM $(pgrep -f "[v]tmh-node serve")'
job_end
expect status $status 1
expect_test ERROR host2 'SIGTERM'
expect_told_at_once
expect_nothing_left

begin "a destination that stops reading: the leg fails after mig_stall_timeout"
job_begin "${slow[@]}" -p mig_stall_timeout=2 "$library"
await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
"$lab" enter host2 sh -c 'kill -STOP $(pgrep -f "^/usr/bin/qemu-system.*-name vm1")'
job_end
expect status $status 1
expect_test FAIL host1 'no byte'
expect "survivor" "$(result '.vtmh.migrations[0].survivor')" source
expect_told_at_once
expect_nothing_left

# A mock of another version, where both hosts see it.
other=/var/lib/vtmh/images/other_qemu
"$lab" exec cp "$VTMH_BUILD/tests/e2e/other_qemu" $other

begin "two hosts whose QEMU versions differ: the test runs, and a note names both"
job "${quick[@]}" -p qemu_binary_host2=$other "$library"
expect status $status 0
expect_match "the notes" "$(result '.vtmh.notes | join(" ")')" 'host1.*7\.2.*host2.*8\.2'
expect_nothing_left

begin "two hosts whose QEMUs have not the machine asked for: the test is skipped with that sentence"
job "${quick[@]}" -p qemu_binary_host2=$other -p machine_type=pc-i440fx-8.2 "$library"
expect "the test's status" "$(result .status)" SKIP
expect_nothing_left

finish
