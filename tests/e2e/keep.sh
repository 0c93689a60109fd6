#!/usr/bin/env bash
# VMs that live on behind their test (keep_vms_after_test): which the next one goes on with, which it ends, and
# that none outlives its job, however that ends. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

vm=vm$$ # nobody else's
disk=$work/disk.qcow2
cat >"$work/base.cfg" <<END
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 2
vms = $vm
keep_vms_after_test = yes
END
hosts=(-m local:a,local:b)

# tests LINE…: the configuration of tests one, two, …, each with a line of its own behind base.cfg ("; " is a
# new line).
tests() {
    local names=(one two three four) i=0 line
    {
        printf 'include %s\nvariants:\n' "$work/base.cfg"
        for line in "$@"; do
            printf -- '    - %s:\n        %s\n' "${names[i]}" "${line//; /$'\n'        }"
            i=$((i + 1))
        done
    } >"$work/tests.cfg"
}

# try LINE…: runs them; all pass, and nothing of them is left when the job is over.
try() {
    tests "$@"
    job -q "${hosts[@]}" "$work/tests.cfg"
    nothing_left
}

nothing_left() {
    expect_equal "left running" "" "$(pgrep -a -f -- "-name $vm" || true)"
}

expect_passed() {
    expect_equal "the tests' status" PASS "$(results '[.tests[].status] | unique | join(" ")')"
}

# notes N: of the test N, from 0.
notes() {
    results ".tests[$1].vtmh.notes | join(\"\\n\")"
}

# booted N: how many VMs the test N has started as a source.
booted() {
    results "[.tests[$1].vtmh.platform[].hosts[].command_lines // {} | .source // empty] | length"
}

# kept N, goes_on N: "HOST PROCESS" of the VM that the test N has kept, or goes on with.
kept() {
    notes "$1" | sed -n "s/^$vm is kept on \([ab]\) as process \([0-9]*\) .*/\1 \2/p"
}

goes_on() {
    notes "$1" | sed -n "s/^goes on with $vm of an earlier test on \([ab]\), process \([0-9]*\), .*/\1 \2/p"
}

step "a test goes on with the VM of the one before, where that has left it: the same process, which need not boot"
try "migrate_count = 1" "migrate_count = 2" "migrate_count = 1"
expect_passed
expect_match "kept" '^b [0-9]+$' "$(kept 0)"
expect_equal "gone on with by the second" "$(kept 0)" "$(goes_on 1)"
expect_equal "gone on with by the third" "$(kept 1)" "$(goes_on 2)"
expect_equal "VMs that boot" "1 0 0" "$(booted 0) $(booted 1) $(booted 2)"
expect_equal "where the legs of the second begin" "b a" "$(results '[.tests[1].vtmh.migrations[].source] | join(" ")')"
expect_match "the serial line of the second, on its first source" '.' "$(cat "$job"/test-results/2-*/b/"$vm".serial.log)"
expect_match "QMP of the second there" '"migrate"' "$(cat "$job"/test-results/2-*/b/"$vm".qmp.log)"
echo "   times: $(results '[.tests[].time_elapsed * 1000 | round] | join(", ")') ms"

step "it is what the first has worked with: nothing of its memory is lost"
try "dirty_rate = 8; dirty_rounds = 1" "dirty_rate = 8; dirty_rounds = 1"
expect_passed
expect_equal "gone on with" "$(kept 0)" "$(goes_on 1)"
expect_lacks "memory" corrupt "$(results '[.tests[].vtmh.migrations[].memory_check] | join(" ")')"

step "a VM that would be another one is started anew, and why is said"
try "migrate_count = 1" "mem = 40" "mem = 40; dirty_rate = 1" "mem = 40; dirty_rate = 1; kill_vm_before_test = yes"
expect_passed
expect_match "the second" 'is ended: its machine would be another: -m 40952k instead of -m 32760k' "$(notes 1)"
expect_match "the third" 'is ended: something else would work in its guest: dirty_rate = 1 instead of dirty_rate = 0' "$(notes 2)"
expect_match "the fourth" 'is ended: the test wants a new one' "$(notes 3)"
expect_equal "VMs that boot" "1 1 1 1" "$(booted 0) $(booted 1) $(booted 2) $(booted 3)"

step "a VM that a test does not name is ended, or lives on for a later one"
try "migrate_count = 1" "vms = ${vm}b; keep_unrequested_vms = yes; keep_vms_after_test = no" "migrate_count = 1" \
    "vms = ${vm}b; keep_vms_after_test = no"
expect_passed
expect_lacks "what the second says" "is ended" "$(notes 1)"
expect_equal "gone on with by the third" "$(kept 0)" "$(goes_on 2)"
expect_match "what the fourth says" "$vm, which an earlier test has kept on a .*is ended: the test does not name it" "$(notes 3)"

step "a VM of a test that failed is not gone on with, though the hosts took it for a pass"
try "limit_downtime = 0.0001" "migrate_count = 1"
expect_equal "status of both" "FAIL PASS" "$(results '[.tests[].status] | join(" ")')"
expect_match "the second" 'is ended: the test that kept it has failed' "$(notes 1)"
expect_equal "VMs that boot" 1 "$(booted 1)"

step "a VM that has died meanwhile is no loss, and how it ended is said"
try "post_command_host2 = kill -9 \$(pgrep -f -- '[-]name $vm,')" "migrate_count = 1"
expect_passed
expect_match "the second" 'is ended: it has ended by itself: QEMU of .* on b ended \(killed by SIGKILL\)' "$(notes 1)"
expect_equal "VMs that boot" 1 "$(booted 1)"

# what_died N HOST: a backtrace of it is with the results of the test N there, as far as this machine lets it be.
what_died() {
    if [[ $(cat /proc/sys/kernel/core_pattern) == [/\|]* ]]; then
        expect_match "the note" 'cores of . go to .* \(core_pattern\)' "$(notes "$1")"
    elif type gdb >/dev/null 2>&1; then
        expect_match "the note" "QEMU of $vm on $2 has left a backtrace" "$(notes "$1")"
        expect_match "the backtrace" 'Thread [0-9]+.*#0 .* in ' \
            "$(tr '\n' ' ' <"$(echo "$job/test-results/$(($1 + 1))"-*/"$2")/$vm.backtrace.txt")"
    else
        expect_match "the note" "$2 has no gdb" "$(notes "$1")"
    fi
}

step "one that has crashed meanwhile, or crashes in the test that goes on with it, leaves a backtrace"
crash="p=\$(pgrep -f -- '[-]name $vm,') && kill -SEGV \$p && timeout 20 tail -f --pid=\$p /dev/null"
try "post_command_host2 = $crash" "migrate_count = 1"
expect_passed
expect_match "the second" 'QEMU of .* on b ended \(killed by SIGSEGV\)' "$(notes 1)"
what_died 1 b
# One that dies while the next test waits for its guest to show that it lives is no loss either.
tests "post_command_host2 = kill -STOP \$(pgrep -f -- '[-]name $vm,')" "migrate_count = 1"
job_begin -q "${hosts[@]}" "$work/tests.cfg"
await_event '"test":2'
pid=$(pgrep -o -f -- "-name $vm,")
kill -SEGV "$pid"
kill -CONT "$pid"
job_end
nothing_left
expect_passed
expect_match "the second" 'QEMU of .* on b ended \(killed by SIGSEGV\)' "$(notes 1)"
expect_equal "VMs that boot" 1 "$(booted 1)"
what_died 1 b
tests "migrate_count = 1" "migrate_count = 1; mig_speed = 1; dirty_rounds = 0"
job_begin -q "${hosts[@]}" "$work/tests.cfg"
await_event '"test":2,.*"phase":"migrating"'
kill -SEGV "$(pgrep -o -f -- "-name $vm,")"
job_end
nothing_left
expect_equal "gone on with" "$(kept 0)" "$(goes_on 1)"
expect_equal "status of both" "PASS FAIL" "$(results '[.tests[].status] | join(" ")')"
what_died 1 b

step "an image that is open is not made anew, nor given to another VM, before that is ended"
stg="images = stg; image_name_stg = ${disk%.qcow2}; image_size_stg = 16M; create_image_stg = yes; remove_image_stg = no"
try "$stg" "$stg" "$stg; force_create_image_stg = yes" "$stg; vms = ${vm}b; keep_unrequested_vms = yes"
expect_passed
expect_equal "gone on with by the second" "$(kept 0)" "$(goes_on 1)"
expect_match "the third" "is ended: it has $disk open, which this test makes or writes to" "$(notes 2)"
expect_match "the fourth" "is ended: it has $disk open" "$(notes 3)"
try "$stg; remove_image_stg = yes" "migrate_count = 1"
expect_match "whose image is removed" 'is not kept .*removes or restores an image' "$(notes 0)"
[[ ! -e $disk ]] || fail "the image is there"

step "where the source is given, the VM boots there, after its copy elsewhere has ended"
try "migrate_count = 1" "type = one_by_one; keep_vms_after_test = no"
expect_passed
expect_match "the log" "its copy on b was ended" "$(cat "$job/job.log")"

step "Ctrl-C ends a VM that waits for a test"
tests "migrate_count = 1" "vms = ${vm}b; keep_unrequested_vms = yes; migrate_count = 1000000"
job_begin -q "${hosts[@]}" "$work/tests.cfg"
await_event "\"vm\":\"${vm}b\".*\"phase\":\"migrating\""
pgrep -f -- "-name $vm," >/dev/null || fail "no VM waits"
kill -INT "$(vtmh_pid)"
job_end
nothing_left

step "when vtmh and its nodes are killed, the next job ends what had waited"
job_begin -q "${hosts[@]}" "$work/tests.cfg"
await_event "\"vm\":\"${vm}b\".*\"phase\":\"migrating\""
nodes=$(for p in $(pgrep -f -- "-name $vm"); do ps -o ppid= -p "$p" | tr -d ' '; done | sort -u)
kill -9 "$(vtmh_pid)"
# shellcheck disable=SC2086
kill -9 $nodes
wait "$job_pid" || true
try "keep_vms_after_test = no"
expect_passed
