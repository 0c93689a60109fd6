#!/usr/bin/env bash
# No green that means nothing: what is asked for and not done is a SKIP with its reason, what contradicts
# itself an error, and what fails is told once. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/base.cfg" <<'END'
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 4
END

# Each line asks for something that no test type does: "key = value | what the reason must name".
not_done=(
    'filesystems = fs1 | filesystems'
    'sysprep_required = x1 | sysprep_required'
    'nettype = macvtap | nettype'
    'strict_mode = yes | strict_mode'
    'skip = yes | skip'
    'max_downtime = 50ms | max_downtime'
    'file_transfer_client = rss | file_transfer_client'
)

step "what is asked for and not done is SKIP with its name, in a dry run as in a real one"
{
    printf 'include base.cfg\nvariants:\n'
    for i in "${!not_done[@]}"; do
        printf '    - n%s:\n        %s\n' "$i" "${not_done[i]% | *}"
    done
} >"$work/skips.cfg"
job -m local:a,local:b --dry-run "$work/skips.cfg"
expect_equal "exit status" 0 "$status"
planned=$out
job -m local:a,local:b "$work/skips.cfg"
expect_equal "exit status" 32 "$status"
for i in "${!not_done[@]}"; do
    name=${not_done[i]#* | }
    expect_equal "status of ${not_done[i]}" SKIP "$(results ".tests[$i].status")"
    expect_match "reason" "$name = " "$(results ".tests[$i].fail_reason")"
    expect_match "the plan" "n$i +SKIP: .*$name" "$(grep -w "n$i" <<<"$planned")"
done

step "a leg that is to be called off and has completed before is no pass"
job -m local:a,local:b -p cancel_delay=60 "$work/base.cfg"
expect_equal "exit status" 1 "$status"
expect_match "reason" 'completed .*planned was: cancelled' "$(results '.tests[0].fail_reason')"

step "a parameter of the command line is no exception"
for param in filesystems=fs1 sysprep_required=x1; do
    job -q -m local:a,local:b --only quick..offline -p "$param" "$library"
    expect_equal "exit status of $param" 32 "$status"
    expect_match "the verdict" "^SKIP .*: ${param%%=*} = " "$out"
done

step "a disk beside a guest that boots without one is an error, with both places"
job -m local:a,local:b --only quick..offline -p image_name=/tmp/x.qcow2 "$library"
expect_equal "exit status" 4 "$status"
expect_match stderr 'image_name = /tmp/x.qcow2 and guest = tick \(.*guest-os.cfg:[0-9]+\) contradict each other' "$err"
job -m local:a,local:b --dry-run --only quick..offline -p image_name=/tmp/x.qcow2 -p image_name= "$library"
expect_equal "exit status with a stand-in" 0 "$status"

step "a dry run tells hosts and repeats, and one that asks hosts runs no test on them"
job -m local:a,local:b,local:c --repeat 3 --dry-run "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_match stderr "the list of tests is run 3 times" "$err"
expect_match stderr "each test runs on a, b; left over: c$" "$err"
job -m local:a,local:b --dry-run=hosts "$work/base.cfg"
expect_equal "exit status" 0 "$status"
for host in a b; do
    expect_match stderr "vtmh: $host: .*Linux $(uname -r), [0-9]+ CPU" "$err"
done
expect_equal "the test" "SKIP test base: it would run: its hosts agree (--dry-run=hosts)" \
    "$(results '.tests[] | .status + " " + .fail_reason')"
expect_equal "legs" 0 "$(results '.tests[0].vtmh.migrations | length')"
job -m local:a,local:b --dry-run=hosts -p mig_address_host2=192.0.2.1 "$work/base.cfg"
expect_equal "exit status where a host cannot do it" 1 "$status"
expect_verdict ERROR b 'cannot listen on 192\.0\.2\.1'
job -m local:a,nobody@127.0.0.1:1 --dry-run=hosts "$work/base.cfg"
expect_equal "exit status where a host is not there" 2 "$status"

step "what asks for nothing is no obstacle: no is no, and an empty value is like none"
cat >"$work/nothing.cfg" <<'END'
include base.cfg
not_login_after_mig = no
not_wait_for_migration = no
main_vm = avocado-vt-vm1
vms = avocado-vt-vm1
variants:
    - deleted:
        regain_ip_cmd = dhclient
        del regain_ip_cmd
    - empty:
        regain_ip_cmd =
END
job -m local:a,local:b "$work/nothing.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "statuses" "PASS PASS" "$(results '[.tests[].status] | join(" ")')"
expect_equal "both do the same" true \
    "$(results '[.tests[] | [.status, .vtmh.platform[].command_lines, (.vtmh.notes | sort)]] | .[0] == .[1]')"

step "a main_vm that is not among the VMs becomes the first of them, with a note"
job -m local:a,local:b -p main_vm=first "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "VMs" "first vm1" "$(results '[.tests[0].vtmh.migrations[].vm] | sort | join(" ")')"
expect_match "the notes" "main_vm = first is not among vms" "$(results '.tests[0].vtmh.notes | join(" ")')"

step "KEY_on_error of what is not read after the test has no effect, which is said"
job -m local:a,local:b --dry-run -p mem_on_error=64 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
job -m local:a,local:b -p mem_on_error=64 "$work/base.cfg"
expect_match "the notes" "mem_on_error has no effect" "$(results '.tests[0].vtmh.notes | join(" ")')"

# expect_wrong EXPECTED LINE…: an error of the configuration, before any host is touched.
expect_wrong() {
    local expected=$1
    shift
    {
        echo 'include base.cfg'
        printf '%s\n' "$@"
    } >"$work/wrong.cfg"
    rm -rf "$results"
    for plan in --dry-run --allow-empty; do
        job -m local:a,local:b "$plan" "$work/wrong.cfg"
        expect_equal "exit status" 4 "$status"
        expect_match stderr "$expected" "$err"
    done
    [[ ! -e $results ]] || fail "a job was begun" "$(ls "$results")"
}

step "what avocado-vt's multi-host tests do as well changes nothing, and a note says so"
job -m local:a,local:b -p comm_port=13234 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_match "the notes" "comm_port has no effect" "$(results '.tests[0].vtmh.notes | join(" ")')"

step "what contradicts itself is an error with its place"
expect_wrong 'wrong.cfg:3: ssh_port = 23 and shell_port = 22 .*wrong.cfg:2' 'shell_port = 22' 'ssh_port = 23'
expect_wrong 'wrong.cfg:2: images of vm1 differ: .*migration_sync_vms = yes' 'images_host2 = stg'
expect_wrong 'wrong.cfg:2: vms is empty' 'vms ='
expect_wrong 'wrong.cfg:2: vms names vm1 twice' 'vms = vm1 vm2 vm1'
expect_wrong 'wrong.cfg:2: mig_protocol = tpc: .*did you mean tcp' 'mig_protocol = tpc'
expect_wrong 'wrong.cfg:2: vms_host2: .*equal on all hosts' 'vms_host2 = vm1'

step "a slip in a value that has a form or is one of few is an error with its place"
while IFS='|' read -r line expected; do
    expect_wrong "wrong.cfg:2: ${line}: .*$expected" "$line"
done <<'END'
guest = tik|did you mean tick
vm_type = xen|expected qemu
vm_accelerator = hax|expected kvm, tcg
mig_port = 5899-5200|low to high: 5200-5899
mig_port = 70000|expected a port
mac = 01:00:5e:00:00:01|multicast
mac_nic1_vm1 = zz|expected a MAC address
uuid = 12|expected a UUID
rtc_base = never|a date such as
rtc_base = 2026-13-01|a date such as
rtc_base = 2026-12-01T24:00:00|a date such as
nettype = brigde|did you mean bridge
enable_kvm = maybe|expected
mem = 5X|a size
mig_timeout = 5 parsecs|a time
END

# expect_told_once CAUSE: in what stderr says while it runs, and in what stdout sums up.
expect_told_once() {
    expect_equal "how often stderr says: $1" 1 "$(grep -cF -- "$1" "$work/stderr")"
    expect_equal "how often stdout says: $1" 1 "$(grep -cF -- "$1" "$work/stdout")"
}

step "one cause is told once while the test runs, and once in the end"
job -m local:a,local:b -p qemu_binary_host2=/nonexistent "$work/base.cfg"
expect_equal "exit status" 1 "$status"
expect_told_once "/nonexistent is not a program"
job -m local:a,local:b -p mem_host2=48 "$work/base.cfg"
expect_equal "exit status" 1 "$status"
expect_told_once "mem differs"
job -m local:a,nobody@127.0.0.1:1 "$work/base.cfg"
expect_equal "exit status" 2 "$status"
expect_told_once "Connection refused"
job -q -m local:a,nobody@127.0.0.1:1 "$work/base.cfg"
expect_told_once "Connection refused"

step "what cannot be written or read is named in plain words"
job -m local:a,local:b -r /dev/null/results "$work/base.cfg"
expect_equal "exit status" 4 "$status"
expect_equal stderr "vtmh: cannot create results directory /dev/null/results: Not a directory" "$err"
job -m local:a,local:b --json /nonexistent/file "$work/base.cfg"
expect_equal stderr "vtmh: cannot write /nonexistent/file: No such file or directory" "$err"
job -M /nonexistent "$work/base.cfg"
expect_equal stderr "vtmh: -M: /nonexistent: No such file or directory" "$err"
job -m local:a,local:b "$work/base"
expect_match stderr "no such file; did you mean $work/base.cfg" "$err"

step "short output has a line a test, with its reason, and the path"
job -q -m local:a,local:b -p min_dirty_syncs=100 "$work/base.cfg"
expect_equal "exit status" 16 "$status"
expect_equal "lines" 2 "$(wc -l <"$work/stdout")"
expect_match "the verdict" "^WARN 1-base: .*min_dirty_syncs" "$out"
expect_equal stderr "" "$err"
