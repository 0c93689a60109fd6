#!/usr/bin/env bash
# What is done on hosts around a test: commands of the user's, before and after it, and what their failure
# means. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

mark=$$
cat >"$work/base.cfg" <<END
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 2
password = hush$mark
END

hosts=(-m local:a,local:b)

# try ARGS…: the one test of base.cfg with parameters.
try() {
    job -q "${hosts[@]}" "$@" "$work/base.cfg"
}

# said HOST NAME: what a command has said there.
said() {
    cat "$job"/test-results/*/"$1/$2.log"
}

sleepers() {
    pgrep -f "^sleep 1$mark\$" || true
}

parent_of() {
    ps -o ppid= -p "$1" | tr -d ' '
}

step "commands run before and after the test on their hosts, and see its parameters but no secret"
# shellcheck disable=SC2016
try -p 'pre_command=echo $VTMH_mem $KVM_TEST_guest; env | grep -c "^[A-Z_]*_password="; echo kept > kept.txt' \
    -p 'post_command=echo "passed: $VTMH_test_passed"' -p 'post_command_host2=echo on b' -p post_command_on_error=false
expect_equal "exit status" 0 "$status"
expect_equal "pre_command" $'32 tick\n0' "$(said a pre_command)"
expect_equal "post_command of the first host" "passed: True" "$(said a post_command)"
expect_equal "post_command of the second host" "on b" "$(said b post_command)"
expect_equal "what it left in its folder" kept "$(cat "$job"/test-results/*/b/kept.txt)"

step "a pre_command that fails on one host is an error of the test, which names host and last line"
# shellcheck disable=SC2016
try -p 'pre_command_host2=echo no such bridge; exit 3' -p post_command=false \
    -p 'post_command_on_error=echo "passed: $VTMH_test_passed"'
expect_verdict ERROR b 'pre_command failed on b \(exit status 3\): no such bridge'
expect_equal "legs" 0 "$(result '.vtmh.migrations | length')"
expect_equal "post_command on the other host" "passed: False" "$(said a post_command)"

step "a post_command that fails makes an error of a pass, but nothing of a failure"
try -p post_command_host1=false
expect_verdict ERROR a 'post_command failed on a \(exit status 1\)'
try -p post_command_host1=false -p limit_downtime=0.0001
expect_equal "the test's status" FAIL "$(result .status)"
expect_match "the cause" 'limit_downtime' "$(result .vtmh.fail_cause)"

step "a host where nothing had failed does what is for after a failure, too"
# shellcheck disable=SC2016
try -p mig_expect=cancelled -p 'post_command_on_error=echo "passed: $VTMH_test_passed"'
expect_equal "the test's status" FAIL "$(result .status)"
expect_equal "post_command of both hosts" $'passed: False\npassed: False' "$(said a post_command; said b post_command)"

step "what a host must have and has not is SKIP; a profiler runs for the time of the test, or is a note"
try -p 'required_kernel_host2=(,1.0]'
expect_equal "exit status" 32 "$status"
expect_match "the reason" 'the kernel of b is .*, not in \(,1\.0\] \(required_kernel\)' "$(result .fail_reason)"
try -p 'profilers=kvm_stat no_such'
expect_equal "exit status" 0 "$status"
expect_match "the notes" 'the profiler no_such is not known' "$(result '.vtmh.notes | join(" ")')"

step "what a command leaves running ends with the test"
try -p "pre_command=sleep 1$mark & echo started"
expect_equal "exit status" 0 "$status"
expect_equal "left running" "" "$(sleepers)"

step "Ctrl-C ends a command that takes long, and what is for afterwards is still done"
job_begin -q "${hosts[@]}" -p "pre_command=sleep 1$mark" -p post_command_on_error='echo cleaned' "$work/base.cfg"
expect_within 20 pgrep -f "^sleep 1$mark\$"
kill -INT "$(vtmh_pid)"
job_end
expect_equal "status" INTERRUPTED "$(result .status)"
expect_equal "left running" "" "$(sleepers)"
expect_equal "post_command" cleaned "$(said b post_command)"

step "a node that is killed leaves no command behind"
job_begin -q "${hosts[@]}" -p "pre_command_host1=sleep 1$mark" "$work/base.cfg"
expect_within 20 pgrep -f "^sleep 1$mark\$"
kill -9 "$(parent_of "$(parent_of "$(sleepers)")")"
job_end
expect_equal "fail_host" a "$(result .vtmh.fail_host)"
expect_equal "left running" "" "$(sleepers)"

step "of a VM whose test failed its screen, registers and kernel messages are kept, and it is shut down in order"
job -q "${hosts[@]}" -p guest=jeos -p mem=256 -p 'extra_params=-vga std' -p migration_bg_command=true \
    -p migration_bg_check_command=false -p kill_vm_gracefully_on_error=yes "$work/base.cfg"
expect_verdict FAIL b 'has lost its background work'
kept=$(echo "$job"/test-results/*/b)
expect_equal "the screen" PNG "$(head -c 4 "$kept/vm1.screen.png" | tail -c 3)"
expect_match "the registers" 'CPU#0' "$(cat "$kept/vm1.registers.txt")"
expect_match "kernel messages" 'Linux version' "$(cat "$kept/vm1.dmesg.txt")"
expect_match "the end" 'guest-shutdown' "$(cat "$kept/vm1.qmp.log")"

step "files of the guest are copied out of it, also after a failure, and what cannot be had is told"
guest=(-p guest=jeos -p mem=256 -p 'migration_bg_command=mkdir -p /tmp/dir; echo one >/tmp/dir/a; echo "two" >"/tmp/dir/b c"; ln -s dir/a /tmp/link; ln -s dir /tmp/to')
try "${guest[@]}" -p 'vm_extra_dump_paths=/tmp/dir; /etc/hostname; /tmp/link; /tmp/to'
expect_equal "exit status" 0 "$status"
kept=$(echo "$job"/test-results/*/b)/vm1.dump.%2F
expect_equal "a folder" $'one\ntwo' "$(cat "${kept}tmp%2Fdir%2Fa" "${kept}tmp%2Fdir%2Fb c")"
expect_equal "a file" 1 "$(wc -l <"${kept}etc%2Fhostname")"
expect_equal "what links lead to" $'one\none' "$(cat "${kept}tmp%2Flink" "${kept}tmp%2Fto%2Fa")"
try "${guest[@]}" -p 'vm_extra_dump_paths=/tmp/dir/a;/no/such' -p limit_downtime=0.0001
expect_equal "after a failure" one "$(cat "$job"/test-results/*/b/vm1.dump.%2Ftmp%2Fdir%2Fa)"
try "${guest[@]}" -p 'vm_extra_dump_paths=/dev/zero; /no/such'
expect_equal "status" WARN "$(result .status)"
expect_match "why" 'not all of vm_extra_dump_paths of vm1 was kept: /dev/zero: there is no such file or folder' \
    "$(result .fail_reason)"

step "pictures are taken while the test runs, and what the monitor says is written down"
job -q "${hosts[@]}" -p 'extra_params=-vga std' -p take_regular_screendumps=yes -p screendump_delay=0.1 \
    -p store_vm_info=yes -p vm_info_delay=0.1 -p vm_info_cmds=status -p 'pre_command_host2=true' -p dirty_rounds=40 \
    -p mig_speed=2 \
    "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "a picture" PNG "$(head -c 4 "$job"/test-results/*/a/vm1.screen-0000.png | tail -c 3)"
expect_match "the monitor" 'info status.*VM status: running' "$(tr '\n' ' ' <"$(echo "$job"/test-results/*/a/vm1.info.log)")"
job -q "${hosts[@]}" -p take_regular_screendumps=yes -p screendump_delay=0.1 -p dirty_rounds=40 -p mig_speed=2 "$work/base.cfg"
expect_equal "status without a screen" WARN "$(result .status)"
job -q "${hosts[@]}" -p 'extra_params=-vga std' -p take_regular_screendumps=yes -p screendump_delay=0.1 \
    -p keep_screendumps=no -p dirty_rounds=40 -p mig_speed=2 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "pictures that are not kept" "" "$(find "$job/" -name '*.png')"

step "what failed, where, and during what is said alike by the table, results.json and debug.log"
job "${hosts[@]}" -p 'pre_command_host2=echo no such bridge; exit 3' "$work/base.cfg"
told='test base / b / commands on the host: pre_command failed on b (exit status 3): no such bridge'
expect_equal "fail_reason" "$told" "$(result .fail_reason)"
expect_equal "fail_context" "b / commands on the host" "$(result .vtmh.fail_context)"
expect_contains "the table" "      $told" "$out"
expect_contains "debug.log" "ERROR b - - 1-base: $told" "$(cat "$(result .logfile)")"

step "a QEMU that dies of a signal leaves a backtrace with the results, and its core where that is asked for"
# dies ARGS…: the source is killed while its guest moves.
dies() {
    local vm=core$mark
    job_begin "${hosts[@]}" -p "vms=$vm" -p mig_speed=1 -p dirty_rounds=0 "$@" "$work/base.cfg"
    await_migrating
    kill -SEGV "$(pgrep -o -f -- "-name $vm,")"
    job_end
    expect_verdict FAIL a 'killed by SIGSEGV'
    expect_match "where" "^leg 1 / $vm on a / " "$(result .vtmh.fail_context)"
    kept=$(echo "$job"/test-results/*/a)/$vm
}
dies
if [[ $(cat /proc/sys/kernel/core_pattern) == [/\|]* ]]; then
    expect_match "the note" 'cores of a go to .* \(core_pattern\)' "$(result '.vtmh.notes | join(" ")')"
elif type gdb >/dev/null 2>&1; then
    expect_match "the backtrace" 'Thread [0-9]+.*#0 .* in ' "$(tr '\n' ' ' <"$kept.backtrace.txt")"
    expect_match "the note" 'has left a backtrace: core.*backtrace\.txt' "$(result '.vtmh.notes | join(" ")')"
    expect_equal "cores that nobody wants" "" "$(find "$job" -name '*.core*')"
    dies -p keep_core_dumps_on_error=yes
    cat "$kept"{.core.gz.first,.core.gz} 2>/dev/null >"$work/core.gz" || cp "$kept.core.gz" "$work/core.gz"
    zcat "$work/core.gz" >"$work/core" || fail "the core is not whole"
    expect_match "the core" 'ELF' "$(head -c 4 "$work/core")"
else
    expect_match "the note" 'a has no gdb' "$(result '.vtmh.notes | join(" ")')"
fi
dies -p core_dumps=no
[[ ! -e $kept.backtrace.txt ]] || fail "a backtrace, though core_dumps = no"

step "a QEMU that does not end in order is an error where that is asked for"
wrapped=(-p "qemu_command_prefix=/bin/sh -c '\"\$@\"; exit 3' sh")
try "${wrapped[@]}"
expect_equal "status unasked" PASS "$(result .status)"
try "${wrapped[@]}" -p vm_monitor_exit_status=yes
expect_equal "status" ERROR "$(result .status)"
expect_match "why" 'the hypervisor of vm1 on [ab] has ended with exit status 3 \(vm_monitor_exit_status\)' "$(result .vtmh.fail_cause)"

step "a screen that does not change is told, or an error, as it is asked for"
still=(-p vga=std -p inactivity_watcher=error -p screendump_delay=0.1 -p dirty_rounds=40 -p mig_speed=2)
try "${still[@]}" -p inactivity_treshold=0.3
expect_equal "status" ERROR "$(result .status)"
expect_match "why" 'the screen of vm1 on [ab] did not change for 0.3 s \(inactivity_treshold\)' "$(result .vtmh.fail_cause)"
expect_equal "pictures that nobody wants" "" "$(find "$job/" -name '*.screen-*')"
try "${still[@]}" -p inactivity_treshold=0.3 -p inactivity_watcher=log
expect_equal "status" PASS "$(result .status)"
expect_match "the note" 'did not change for 0.3 s' "$(result '.vtmh.notes | join(" ")')"
try "${still[@]}" -p inactivity_treshold=1000 -p take_regular_screendumps=yes -p keep_ppm_files=yes
expect_equal "status of one that is watched longer" PASS "$(result .status)"
expect_equal "a picture as PPM" P6 "$(head -c 2 "$job"/test-results/*/a/vm1.screen-0000.ppm)"
expect_equal "the same as PNG" PNG "$(head -c 4 "$job"/test-results/*/a/vm1.screen-0000.png | tail -c 3)"

step "what the host's kernel complains of while the test runs is an error"
if [[ -w /dev/kmsg ]]; then
    broken=(-p verify_host_dmesg_host1=yes -p 'pre_command_host1=echo "BUG: of the host" >/dev/kmsg')
    echo "BUG: before the test" >/dev/kmsg
    try "${broken[@]}"
    expect_verdict ERROR a 'the kernel of a has said while the test ran \(verify_host_dmesg\): .*BUG: of the host'
    expect_lacks "what was said before" "before the test" "$(result .fail_reason)"
    try "${broken[@]}" -p 'expected_host_dmesg=of (the|a) host'
    expect_equal "status of what is expected" PASS "$(result .status)"
    try -p verify_host_dmesg=yes -p 'expected_host_dmesg=('
    expect_match "a wrong expression" 'expected_host_dmesg = \(: not a regular expression' "$(result .fail_reason)"
fi

step "what is done before a test takes less than 30 ms a VM, beside QEMU's own start"
job -q "${hosts[@]}" -p 'vms=vm1 vm2 vm3 vm4' -p pre_command=true -p post_command=true -p take_regular_screendumps=yes \
    -p store_vm_info=yes -p profilers=no_such "$work/base.cfg"
expect_equal "exit status" 0 "$status"
took=$(grep -h -o 'prepared in [0-9.]*' "$job"/test-results/*/*/test.log | awk '$3 > most { most = $3 } END { print most }')
printf '   4 VMs: %s ms\n' "$took"
# Sanitizers make a fork slow.
has_sanitizer || awk -v took="$took" 'BEGIN { exit !(took > 0 && took < 4 * 30) }' || fail "it took $took ms"
