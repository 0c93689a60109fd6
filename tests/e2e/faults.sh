#!/usr/bin/env bash
# What can go wrong on hosts: the first cause and its host are told, the other side at once, the guest goes
# on where it could, and nothing is left behind.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_begin 2

quick=(-m host1,host2 --only quick..tick..offline)
# A move that takes long enough to be broken.
slow=(-m host1,host2 --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1)

# kill_qemu HOST: the QEMU that runs there now.
kill_qemu() {
    on "$1" sh -c 'kill -9 $(pgrep -f "^/usr/bin/qemu-system.*-name vm1")'
}

step "a QEMU binary that is missing on one host"
job "${quick[@]}" -p qemu_binary_host2=no-such-qemu "$library"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host2 'no-such-qemu'
expect_told_at_once
no_leaks host1 host2

step "an address that cannot be bound on the destination"
job "${quick[@]}" -p mig_address_host2=192.0.2.1 "$library"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host2 '192\.0\.2\.1'
expect_told_at_once
no_leaks host1 host2

step "a port that is taken on the destination"
job "${quick[@]}" -p mig_port_host2=22 "$library"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host2 'port 22.*in use'
no_leaks host1 host2

step "a guest that never boots"
job -m host1,host2 --only quick..jeos -p kernel_params=rdinit=/nonesuch -p login_timeout=6 "$library"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host1 'vm1.*(within|panic)'
expect_told_at_once
no_leaks host1 host2

step "the source's QEMU is killed in mid-migration"
job_begin "${slow[@]}" "$library"
await_migrating
kill_qemu host1
job_end
expect_equal "exit status" 1 "$status"
expect_verdict FAIL host1 'SIGKILL'
expect_survivor none
expect_told_at_once
no_leaks host1 host2

step "the destination's QEMU is killed in mid-migration: the guest goes on on the source"
job_begin "${slow[@]}" "$library"
await_migrating
kill_qemu host2
job_end
expect_equal "exit status" 1 "$status"
expect_verdict FAIL host2 'SIGKILL'
expect_survivor source
expect_told_at_once
no_leaks host1 host2

step "Ctrl-C in mid-migration"
job_begin "${slow[@]}" "$library"
await_migrating
kill -INT "$(vtmh_pid)"
job_end
expect_equal "exit status" 8 "$status"
expect_equal "the test's status" INTERRUPTED "$(result .status)"
expect_survivor source
no_leaks host1 host2

step "a node that is killed: the test names its host, and what it left is removed"
job_begin "${slow[@]}" "$library"
await_migrating
on host2 sh -c 'kill -9 $(pgrep -f "[v]tmh-node serve")'
job_end
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host2 'lost'
expect_survivor source
no_leaks host1 host2

step "a node that is told to end says so and cleans up"
job_begin "${slow[@]}" "$library"
await_migrating
on host2 sh -c 'kill -TERM $(pgrep -f "[v]tmh-node serve")'
job_end
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host2 'SIGTERM'
expect_told_at_once
no_leaks host1 host2

step "a destination that is stopped: the leg fails after mig_stall_timeout, and it is named"
job_begin "${slow[@]}" -p mig_stall_timeout=2 "$library"
await_migrating
on host2 sh -c 'kill -STOP $(pgrep -f "^/usr/bin/qemu-system.*-name vm1")'
job_end
expect_equal "exit status" 1 "$status"
expect_verdict FAIL host2 'on host2 is stopped'
expect_survivor source
expect_told_at_once
no_leaks host1 host2

step "a network that is cut between two hosts in mid-migration: the bed's fault, told by both names"
job_begin "${slow[@]}" -p mig_stall_timeout=2 "$library"
await_migrating
lab cut host1 host2
cut_at=$(date +%s%N)
job_end
lab heal
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host1 'host1 no longer reaches host2: no byte has moved.*10\.77\.0\.2'
expect_survivor source
expect_told_at_once
failing_ms=$((($(date -d "$(first_failing)" +%s%N) - cut_at) / 1000000))
((failing_ms < 8000)) || fail "the cut was told only after $failing_ms ms"
no_leaks host1 host2

step "a network that is cut before the first byte of a leg"
job_begin -m host1,host2 --only all..tick..ping_pong -p migrate_count=1000 -p mig_timeout=20 "$library"
await_event '"phase":"migrating".*"leg":3'
lab cut host1 host2
job_end
lab heal
expect_equal "exit status" 1 "$status"
expect_equal "the test's status" ERROR "$(result .status)"
expect_match "fail_cause" 'host[12] no longer reaches host[12]' "$(result .vtmh.fail_cause)"
no_leaks host1 host2

# A mock of another version, where both hosts see it.
other=/var/lib/vtmh/images/other_qemu
lab exec cp "$VTMH_BUILD/tests/e2e/other_qemu" $other

step "two hosts whose QEMU versions differ: the test runs, and a note names both"
job "${quick[@]}" -p qemu_binary_host2=$other -p auto_cpu_model=yes "$library"
expect_equal "exit status" 0 "$status"
expect_match "the notes" 'host1.*7\.2.*host2.*8\.2' "$(result '.vtmh.notes | join(" ")')"
expect_match "the CPU model" 'Nehalem-v1 is the best .*Westmere-v1, which host2 does not run' "$(result '.vtmh.notes | join(" ")')"
no_leaks host1 host2

step "a machine type that one host's QEMU does not have: the test is skipped with that sentence"
job "${quick[@]}" -p qemu_binary_host2=$other -p machine_type=pc-i440fx-9.9 "$library"
expect_equal "the test's status" SKIP "$(result .status)"
expect_match "the reason" 'pc-i440fx-9\.9.*host1' "$(result .fail_reason)"
no_leaks host1 host2

step "a machine type that no host's QEMU has: an error that names the nearest"
job "${quick[@]}" -p qemu_binary_host2=$other -p machine_type=pc-i440fx-8.2 "$library"
expect_equal "the test's status" ERROR "$(result .status)"
expect_match "the reason" 'not known on any host.*nearest.*pc-i440fx' "$(result .fail_reason)"
no_leaks host1 host2
