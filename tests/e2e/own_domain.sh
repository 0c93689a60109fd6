#!/usr/bin/env bash
# A domain that its user has defined and started moves to and fro, and is where it was after any end.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_begin 2 --libvirt

cat >"$work/own.cfg" <<END
type = migration_multi_host_ping_pong
vm_type = libvirt
libvirt_domain = web1
guest = image
migrate_count = 2
END
own=(-m host1,host2 "$work/own.cfg")

on host1 sh -c 'cat >/root/web1.xml' <<'END'
<domain type='qemu'><name>web1</name><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
END
virsh_on host1 define /root/web1.xml
virsh_on host1 start web1
before=$(virsh_on host1 dumpxml --inactive web1)

# still_home: it runs where it was, as its owner has defined it, and nowhere else.
still_home() {
    expect_equal "web1 on host1" running "$(virsh_on host1 domstate web1)"
    expect_equal "its definition" "$before" "$(virsh_on host1 dumpxml --inactive web1)"
    expect_equal "domains on host2" "" "$(virsh_on host2 list --all --name | grep . || true)"
    expect_equal "taints" "" "$(virsh_on host1 dominfo web1 | grep -i '^taint' || true)"
}

is_back() {
    [[ $(virsh_on host1 domstate web1) == running ]] && ! virsh_on host2 list --all --name | grep -q .
}

step "it moves to and fro, is not held, and what was not proven is said"
job "${own[@]}"
expect_equal "exit status" 0 "$status"
expect_contains "where it is" "libvirt domain web1 is on host1 (running), where it was" "$out"
expect_contains "the memory check" "memory of vm1 not checked in 2 of 2 legs: nobody logs in" "$out"
still_home

step "after one leg it is moved back"
job "${own[@]}" -p migrate_count=1
expect_equal "exit status" 0 "$status"
expect_contains "where it is" "libvirt domain web1 was moved back to host1" "$out"
still_home

step "a leg that is called off leaves it where it was"
job "${own[@]}" -p migrate_count=1 -p cancel_delay=100ms -p mig_speed=1 -p mig_expect=cancelled
still_home

step "after Ctrl-C it is moved back"
job_begin "${own[@]}" -p migrate_count=100
await_event '"leg":2'
kill -INT "$(vtmh_pid)"
job_end
expect_lacks "the verdict" "PASS" "$out"
still_home

step "its coordinator is killed: its nodes move it back"
job_begin "${own[@]}" -p migrate_count=100
await_event '"leg":2'
kill -KILL "$(vtmh_pid)"
job_end
expect_within 120 is_back
still_home

# refused STATUS WORDS ARGS...: with these words, and the domain is as it was.
refused() {
    local verdict=$1 words=$2
    shift 2
    job "${own[@]}" "$@"
    expect_equal "the status with $*" "$verdict" "$(result .status)"
    expect_contains "the reason with $*" "$words" "$out"
    still_home
}

step "what it cannot be asked for is named"
refused SKIP "mem = 512 is not supported with libvirt_domain = web1" -p mem=512
refused SKIP "kill" -p "mig_script=1s kill destination"
refused ERROR "load needs a login" -p load=memory
refused ERROR "needs guest = image" -p guest=tick
refused ERROR "no host of the test runs it" -p libvirt_domain=web2

step "another domain of that name at the destination is refused before anything moves"
on host2 sh -c 'cat >/root/web1.xml' <<'END'
<domain type='qemu'><name>web1</name><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>
END
virsh_on host2 define /root/web1.xml
job "${own[@]}"
expect_equal "the status" ERROR "$(result .status)"
expect_contains "the reason" "libvirt of host2 has another domain of the name web1" "$out"
expect_equal "web1 on host1" running "$(virsh_on host1 domstate web1)"
virsh_on host2 undefine web1
virsh_on host1 destroy web1
virsh_on host1 undefine web1
