#!/usr/bin/env bash
# Disks: what a guest has written is there after a move, whatever the bus and the format; a write that is lost
# (three ways) is found; a destination whose image is another one is refused before anything moves. In the lab, on
# the directory that its hosts share.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest jeos
lab_begin 2
images=/var/lib/vtmh/images/disks

lab exec mkdir -p $images
lab exec cp "$VTMH_BUILD/tests/e2e/libdropped_writes.so" $images/
lab exec sh -c "cd $images && for i in clean stale stale.other small drop; do truncate -s 8M \$i.raw; done &&
    truncate -s 4M small.other.raw && truncate -s 1440K floppy.img && seq 100000 >tools.iso &&
    qemu-img create -q -f qcow2 clean.qcow2 8M && qemu-img create -q -f qcow2 lost.qcow2 8M &&
    printf '%s\n' '#!/bin/sh' 'export VTMH_DROPPED_FILE=$images/drop.raw' \
        'LD_PRELOAD=$images/libdropped_writes.so exec qemu-system-x86_64 \"\$@\"' >dropping_qemu &&
    chmod 755 dropping_qemu"
# A storage that has another file by the same name, as far as its QEMU can tell.
lab exec tee $images/lying_qemu >"$work/lying_qemu" <<'SCRIPT'
#!/bin/bash
exec qemu-system-x86_64 "${@//.raw/.other.raw}"
SCRIPT
lab exec chmod 755 $images/lying_qemu
cat >"$work/disks.cfg" <<CFG
include $library
only ping_pong
no quick
migrate_count = 1
data_dir = $images
images = data
variants:
    - kept:
        only jeos
        disk_write_mem = 4
        disk_write_rate = 4
        disk_write_path = /dev/vda
        variants:
            - qcow2:
                image_name_data = clean
                drive_serial_data = VTMH0
            - raw:
                image_name_data = clean.raw
                cdroms = cd1
                cdrom_cd1 = tools.iso
                md5sum_cd1 = $(seq 100000 | md5sum | cut -d " " -f 1)
                floppies = fl
                floppy_name_fl = floppy.img
            - thrown_away:
                image_name_data = lost
                drv_extra_params_host1 = snapshot=on
            - stale:
                image_name_data = stale.raw
                qemu_binary_host2 = $images/lying_qemu
            - dropped:
                image_name_data = drop.raw
                qemu_binary_host2 = $images/dropping_qemu
    - differs:
        only tick
        image_name_data = small.raw
        variants:
            - smaller:
                qemu_binary_host2 = $images/lying_qemu
            - read_only:
                drv_extra_params_host2 = read-only=on
            - parameter:
                drive_format_host2 = ide
            - sum:
                cdroms = cd1
                cdrom_cd1 = tools.iso
                md5sum_1m_cd1 = 00000000000000000000000000000000
            - missing:
                image_name_data_host2 = nowhere
CFG

# of NAME JQ-EXPRESSION: of the test whose variant that is.
of() {
    jq -r --arg name "$1" ".tests[] | select(.name | contains(\$name)) | $2" "$job/results.json"
}

job -m host1,host2 "$work/disks.cfg"

for name in qcow2 raw; do
    step "what the guest has written to a $name disk is there after the move"
    expect_equal "status" PASS "$(of "kept.$name" .status)"
    expect_equal "the check" clean "$(of "kept.$name" '.vtmh.migrations[0].memory_check')"
done

for name in thrown_away stale dropped; do
    step "a lost write is found: $name"
    expect_equal "status" FAIL "$(of "kept.$name" .status)"
    expect_equal "the check" corrupt "$(of "kept.$name" '.vtmh.migrations[0].memory_check')"
done

refused() {
    step "a destination that differs is refused before anything moves: $1"
    expect_equal "status" ERROR "$(of "differs.$1" .status)"
    expect_match "why" "$2" "$(of "differs.$1" .fail_reason)"
    expect_equal "bytes moved" 0 "$(of "differs.$1" '[.vtmh.migrations[].transferred_bytes // 0] | add // 0')"
}
refused smaller 'drives: data \(raw, 8388608 bytes\) on host1, data \(raw, 4194304 bytes\) on host2'
refused read_only 'drives: data \(raw, 8388608 bytes\) on host1, data \(raw, 8388608 bytes, read-only\) on host2'
refused parameter 'drive_format of data differs: virtio on host1, ide on host2'
refused sum "cd1 of vm1: md5sum_1m of $images/tools.iso is [0-9a-f]{32}, and should be 0{32}"
refused missing "data of vm1: $images/nowhere.qcow2 is not there"

step "nothing is left behind"
no_leaks host1 host2
