#!/usr/bin/env bash
# What `vtmh show --machine` prints is what a job starts. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

# show WORDS…: its status in $status, its JSON in $machine, its errors in $err.
show() {
    status=0
    machine=$("$VTMH_BUILD/vtmh" show --machine "$@" 2>"$work/stderr") || status=$?
    err=$(cat "$work/stderr")
}

# of JQ-EXPRESSION: of what was shown.
of() {
    jq -r "$1" <<<"$machine"
}

cat >"$work/one.cfg" <<END
include $VTMH_SOURCE/cfg/library/base.cfg
type = migration_multi_host
guest = tick
vms = vm1 vm2
mem = 32
mem_vm2 = 48
extra_params = -global 'virtio-rng-pci.period=1000'
END

step "the command lines are those that a job starts"
job -m local:a,local:b "$work/one.cfg"
expect_equal "exit status" 0 "$status"
for vm in vm1 vm2; do
    show "$vm" "$work/one.cfg"
    expect_equal "exit status" 0 "$status"
    expect_equal "source" "$(results ".tests[0].vtmh.platform.$vm.hosts.a.command_lines.source")" \
        "$(of .command_lines.source)"
    expect_equal "destination" "$(results ".tests[0].vtmh.platform.$vm.hosts.b.command_lines.destination")" \
        "$(of .command_lines.destination)"
done

step "a machine has what travels apart from what is a host's own, and says who decided"
expect_equal "its name" vm2 "$(of .machine.id)"
memory=$(of '.machine.devices[] | select(.kind == "memory") | .travels.bytes')
expect_equal "memory" "$(results '.tests[0].vtmh.platform.vm2.ram_bytes')" "$memory"
expect_match "a path" "/tick.rom$" "$(of '.machine.devices[] | select(.kind == "boot") | .local.firmware')"
expect_equal "what travels has no path and no descriptor" 0 \
    "$(of '[.. | .travels? // empty | .. | select(type == "string" and startswith("/"))] | length')"
expect_match "platform" "this computer alone" "$(of .platform.decided_by)"

step "the host's own parameters count"
show vm1 --host 2 -p mem_host2=64 -p qemu_binary_host2=/nonexistent/qemu "$work/one.cfg"
expect_equal "exit status" 2 "$status"
expect_match "stderr" "/nonexistent/qemu is not a program" "$err"
show vm1 -p qemu_binary_host2=/nonexistent/qemu "$work/one.cfg"
expect_equal "exit status" 0 "$status"

step "a test of several is picked, and a VM that it has not is told with those it has"
show vm1 "$library"
expect_equal "exit status" 4 "$status"
expect_match "stderr" "pick one with --test" "$err"
show vm1 --test 1 "$library"
expect_equal "exit status" 0 "$status"
show vm9 "$work/one.cfg"
expect_equal "exit status" 4 "$status"
expect_match "stderr" 'has no VM "vm9"; it has vm1, vm2' "$err"

step "what cannot be is told by whose fault it is"
show vm1 -p machine_type=pz "$work/one.cfg"
expect_equal "exit status" 4 "$status"
expect_match "stderr" "machine_type = pz is not known" "$err"
show vm1 -p enable_kvm=perhaps "$work/one.cfg"
expect_equal "exit status" 4 "$status"

step "a secret is not shown"
show vm1 -p password=hunter2 -p 'extra_params=-name x,process=${password}' "$work/one.cfg"
expect_equal "exit status" 0 "$status"
expect_lacks "the machine" hunter2 "$machine"
expect_match "the machine" 'process=\*\*\*' "$machine"

step "a card has an address of its own, as in a job"
show vm1 -p guest=jeos "$work/one.cfg"
if ((status == 0)); then
    expect_match "made up" "^9a:" "$(of '.machine.devices[] | select(.kind == "nic") | .travels.mac')"
else
    expect_match "stderr" "deploy/guest" "$err"
fi

step "libvirt's driver has the same machine as domain XML"
show vm1 --driver libvirt "$work/one.cfg"
expect_equal "exit status" 0 "$status"
expect_match "its type" "<type arch=\"x86_64\" machine=\"pc-" "$machine"
expect_match "what it boots" "<loader readonly=\"yes\" type=\"rom\">/.*tick.rom</loader>" "$machine"
expect_match "what goes past libvirt is said" "note: extra_params: in QEMU's words" "$err"
