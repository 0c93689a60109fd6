#!/usr/bin/env bash
# What breaks while libvirt moves a guest, its stream flowing: each cell says how the leg ends and where the guest lives,
# and nothing is left on either host (docs/drivers.md, "When something breaks"). Run by deploy/test --long libvirt.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest tick
lab_begin 2 --libvirt

cat >"$work/faults.cfg" <<END
type = migration_multi_host
vm_type = libvirt
guest = tick
mem = 64
dirty_mem = 32
mig_speed = 4
END

# nothing_left: but for the logs that libvirt keeps of domains.
nothing_left() {
    local host
    for host in host1 host2; do
        expect_equal "leaks on $host" "" "$(leaks_on "$host" | grep -v '/var/log/libvirt/qemu/vtmh-' || true)"
    done
}

# cell SURVIVOR WHAT: the leg fails, and the guest lives there, or nowhere.
cell() {
    step "$2, held: the guest's survivor is $1"
    job -m host1,host2 "$work/faults.cfg" -p mig_hold=yes -p mig_expect=failed -p "mig_expect_survivor=$1" \
        -p "mig_script=4s $2"
    expect_equal "exit status" 0 "$status"
    expect_survivor "$1"
    nothing_left
}

cell source "kill destination"
cell none "kill source"
cell source "cut"
