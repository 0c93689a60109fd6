#!/usr/bin/env bash
# How a test moves its VMs, by its own text and by parameters of any type: real guests over local hosts.
# Neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"
need_guest jeos

cat >"$work/base.cfg" <<'END'
type = migration_multi_host
guest = tick
mem = 64
dirty_mem = 8
dirty_rate = 20
END
hosts=(-m local:a,local:b)

# line PATTERN: the number of the first line of the test's log in which it is.
line() {
    grep -nEm1 -- "$1" "$job"/test-results/1-*/debug.log | cut -d : -f 1
}

# expect_order WHAT EARLIER LATER
expect_order() {
    local earlier later
    earlier=$(line "$2") || fail "$1" "there is no line: $2"
    later=$(line "$3") || fail "$1" "there is no line: $3"
    ((earlier < later)) || fail "$1" "'$2' stands in line $earlier, '$3' in line $later"
}

step "a test moves its VMs one after the other, and a migration has parameters of its own"
job "${hosts[@]}" -p type=one_by_one -p "vms=vm1 vm2" -p mig_speed=200 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "the legs" "1 vm1 {}|1 vm2 {}|2 vm1 {\"mig_downtime\":\"100ms\",\"mig_speed\":\"64\"}|2 vm2 {\"mig_downtime\":\"100ms\",\"mig_speed\":\"64\"}" \
    "$(results '[.tests[0].vtmh.migrations[] | "\(.leg) \(.vm) \(.params)"] | join("|")')"
expect_order "vm2 waits for vm1" ' a source vm1 .*leg 1: given -> done' ' a source vm2 .*leg 1: preparing -> moving'

step "a VM that is paused after its start moves while it boots, and works behind it"
job "${hosts[@]}" -p paused_after_start_vm=yes -p type=migration_multi_host_ping_pong -p migrate_count=3 \
    -p dirty_rounds=1 -p mig_speed=40 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_order "it moves while it boots" ' a source vm1 .*moves while it boots' ' a source vm1 .*leg 1: preparing -> moving'
expect_match "the notes" 'vm1 moved while it booted' "$(results '.tests[0].vtmh.notes | join(" ")')"
expect_equal "the memory" "not_checked clean clean" \
    "$(results '[.tests[0].vtmh.migrations[].memory_check] | join(" ")')"

step "one that boots for longer than it moves comes up on the destination"
job "${hosts[@]}" -p paused_after_start_vm=yes -p guest=jeos -p mem=256 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
grep -q 'vtmh jeos up' "$job"/test-results/1-*/b/vm1.serial.log || fail "the guest has not come up on b"
! grep -qs 'vtmh jeos up' "$job"/test-results/1-*/a/vm1.serial.log || fail "the guest had come up before it moved"

step "one that is called off while it boots comes up where it is, and moves then"
job "${hosts[@]}" -p paused_after_start_vm=yes -p cancel_delay=0.1 -p mig_retry=1 -p mig_speed=1 \
    -p mem=256 -p dirty_mem=1 -p mig_timeout=600 "$work/base.cfg"
expect_equal "the attempts" "cancelled completed" \
    "$(results '[.tests[0].vtmh.migrations[].status] | join(" ")')"
expect_equal "exit status" 0 "$status"

step "a test whose own work needs a guest that is up is SKIP then"
job "${hosts[@]}" -p paused_after_start_vm=yes -p type=example -p guest=jeos -p "vms=vm1 vm2" "$work/base.cfg"
expect_equal "the status" SKIP "$(results '.tests[0].status')"
expect_match "the reason" 'paused_after_start_vm = yes is not supported' "$(results '.tests[0].fail_reason')"

step "a test that does not wait goes on, and waits before the next leg of the same VM"
job "${hosts[@]}" -p not_wait_for_migration=yes -p type=migration_multi_host_ping_pong -p migrate_count=3 \
    "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "the legs" "a b a" "$(results '[.tests[0].vtmh.migrations[].source] | join(" ")')"
expect_order "it goes on" ' a .*the test goes on while migration 1 does' ' a source vm1 .*leg 1: moving -> completed'
expect_order "it waits" ' a source vm1 .*leg 1: given -> done' ' a .*the test goes on while migration 2 does'

step "a migration for which nobody waits still fails its test"
job "${hosts[@]}" -p not_wait_for_migration=yes -p mig_speed=1 -p mig_timeout=2 "$work/base.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict FAIL a 'mig_timeout|within 2'

three=(-m local:a,local:b,local:c --tuple 3 -p type=three_hosts -p "vms=vm1 vm2" "$work/base.cfg")
where='[.tests[0].vtmh.migrations[] | "\(.leg) \(.vm) \(.source)-\(.destination) \(.status)"] | sort | join(",")'

step "a host that had no part in a migration knows where the guest is, also when it was called off"
job "${three[@]}" -p cancel_delay=0.2 -p mig_speed=1 -p dirty_rate=0
expect_equal "exit status" 0 "$status"
called_off="1 vm1 a-b cancelled,2 vm2 a-c cancelled,3 vm1 b-a cancelled,4 vm2 c-b cancelled,5 vm1 a-b cancelled,6 vm2 b-a cancelled"
expect_equal "the legs" "$called_off" "$(results "$where")"

step "and when it may be in either place"
job "${three[@]}" -p "mig_expect=completed cancelled" -p cancel_delay=0.2 -p mig_speed=1 -p dirty_rate=0
expect_equal "exit status" 0 "$status"
expect_equal "the legs" "$called_off" "$(results "$where")"

step "a guest whose disk writer cannot start is the testbed's ERROR, also beside a VM that moves"
job "${hosts[@]}" -p "vms=vm1 vm2" -p mig_speed_vm1=1 -p dirty_rounds_vm1=0 -p guest_vm2=jeos -p mem_vm2=256 \
    -p disk_write_mem_vm2=4 -p disk_write_path_vm2=/nowhere/file "$work/base.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR a '/nowhere/file|disk'
expect_match "what was done" '^leg 1 / vm2 on a / starting work in the guest' "$(results '.tests[0].vtmh.fail_context')"
expect_order "vm1 moved" ' a source vm1 .*leg 1: preparing -> moving' 'vm2 .*leg 1 failed'
expect_equal "vm1" "cancelled source" \
    "$(results '.tests[0].vtmh.migrations[] | select(.vm == "vm1") | "\(.status) \(.survivor)"')"
