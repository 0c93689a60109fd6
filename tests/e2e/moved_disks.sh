#!/usr/bin/env bash
# Disks that no host shares move along with their VM, and back; a copy that loses writes, one that cannot be
# written and one that is called off are told, and leave the guest where it was, with its disk. In the lab: each
# host has a folder of its own.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest jeos
lab_begin 2
images=/var/lib/vtmh/images/moved

lab exec mkdir -p $images/one $images/other
lab exec cp "$VTMH_BUILD/tests/e2e/libdropped_writes.so" $images/
lab exec sh -c "cd $images && for i in drop again full; do head -c 8M /dev/urandom >one/\$i.raw; done &&
    qemu-img create -q -f qcow2 one/clean.qcow2 16M && qemu-img create -q -f qcow2 other/large.qcow2 8M &&
    qemu-img create -q -f qcow2 one/large.qcow2 16M &&
    printf '%s\n' '#!/bin/sh' 'export VTMH_DROPPED_FILE=$images/other/drop.raw VTMH_DROPPED_EACH=3' \
        'LD_PRELOAD=$images/libdropped_writes.so exec qemu-system-x86_64 \"\$@\"' >dropping_qemu &&
    chmod 755 dropping_qemu"
on host2 mkdir $images/full
on host2 mount -t tmpfs -o size=4m none $images/full
cat >"$work/moved.cfg" <<CFG
include $library
only ping_pong
no quick
migrate_count = 1
data_dir_host1 = $images/one
data_dir_host2 = $images/other
images = data
migrate_storage = yes
variants:
    - moved:
        only jeos
        disk_write_mem = 4
        disk_write_rate = 4
        disk_write_path = /dev/vda
        variants:
            - clean:
                migrate_count = 2
                image_name_data = clean
            - again:
                image_name_data = again.raw
                cancel_delay = 1ms
                mig_retry = 1
                # Not slower, and not for longer: in a leg of very many dirty syncs QEMU loses pages under TCG.
                mig_speed = 32
                mig_downtime = 1
                migrate_storage_compare = no
            - drop:
                image_name_data = drop.raw
                qemu_binary_host2 = $images/dropping_qemu
    - elsewhere:
        only jeos
        type = example
        vms = vm1 vm2
        images_vm2 =
        image_name_data = again.raw
    - refused:
        only tick
        image_name_data = full.raw
        variants:
            - full:
                data_dir_host2 = $images/full
                drive_cache = writeback
            - shared:
                data_dir_host2 = $images/one
            - size:
                image_name_data = large
            - read_only:
                image_readonly = yes
            - postcopy:
                mig_postcopy = yes
            - tls:
                mig_tls = x509
                tls_dir = /tmp
CFG

# of NAME JQ-EXPRESSION: of the test whose variant that is.
of() {
    jq -r --arg name "$1" ".tests[] | select(.name | contains(\$name)) | $2" "$job/results.json"
}

before=$(on host1 sha256sum $images/one/full.raw)
job -m host1,host2 "$work/moved.cfg"

step "a disk moves there and back, and has all that the guest wrote"
expect_equal "status" PASS "$(of moved.clean .status)"
expect_equal "the check" "clean clean" "$(of moved.clean '[.vtmh.migrations[].memory_check] | join(" ")')"
for leg in 0 1; do
    expect_equal "leg $leg: all of it was copied, and compared" true \
        "$(of moved.clean ".vtmh.migrations[$leg] | .mirrored_bytes >= 16777216 and .mirror_ms > 0 and .compare_ms > 0")"
done
expect_equal "qemu-img check" "No errors were found on the image." \
    "$(on host1 qemu-img check $images/one/clean.qcow2 | head -n 1)"

step "a leg that is called off leaves the guest its disk, and the next one moves it"
expect_equal "status" PASS "$(of moved.again .status)"
expect_equal "legs" "cancelled completed" "$(of moved.again '[.vtmh.migrations[].status] | join(" ")')"
expect_equal "the check" clean "$(of moved.again '.vtmh.migrations[1].memory_check')"
expect_equal "how long it was compared" null "$(of moved.again '.vtmh.migrations[1].compare_ms')"

step "a copy that has lost a write is found when the guest has stopped, and it stays with its own"
expect_equal "status" FAIL "$(of moved.drop .status)"
expect_match "why" "data of vm1 has not come to host2 as it is on host1 \($images/one/drop.raw\): Content mismatch" \
    "$(of moved.drop .fail_reason)"
expect_equal "the guest" source "$(of moved.drop '.vtmh.migrations[0].survivor')"

step "a destination whose disk is full is the testbed's fault, and the guest stays"
expect_equal "status" ERROR "$(of refused.full .status)"
expect_match "why" 'data of vm1 could not be copied from host1 to its destination: No space left on device' \
    "$(of refused.full .fail_reason)"
expect_equal "the guest" source "$(of refused.full '.vtmh.migrations[0].survivor')"

# refused NAME STATUS REGULAR-EXPRESSION: before anything boots.
refused() {
    step "not moved: $1"
    expect_equal "status" "$2" "$(of "refused.$1" .status)"
    expect_match "why" "$3" "$(of "refused.$1" .fail_reason)"
    expect_equal "legs" 0 "$(of "refused.$1" '.vtmh.migrations | length')"
}
refused shared ERROR "data of vm1: migrate_storage = yes, but $images/one/full.raw is one and the same file"
refused size ERROR "$images/other/large.qcow2 is there, but its size is 8388608 bytes"
refused read_only ERROR 'full.raw is read only, and does not move'
refused postcopy SKIP 'migrate_storage = yes and mig_postcopy = yes are not supported together'
refused tls SKIP 'migrate_storage = yes and mig_tls = yes are not supported together'

step "a VM does not start again where its disk is not"
expect_equal "status" ERROR "$(of elsewhere .status)"
expect_match "why" 'vm1 is to be started on host1, but its disk data is on host2' "$(of elsewhere .fail_reason)"

step "what a node has made to be written to is removed for it when it was killed"
printf 'include %s\nonly clean\n' "$work/moved.cfg" >"$work/killed.cfg"
job_begin -m host1,host2 "$work/killed.cfg"
expect_within 60 on host2 test -e $images/other/clean.qcow2
# shellcheck disable=SC2046
on host2 kill -9 $(pids_on host2 '^vtmh-node$')
job_end
expect_equal "status" ERROR "$(of moved.clean .status)"
expect_status 0 lab exec "$VTMH_BUILD/vtmh" cleanup -m host1,host2

step "what was made to be written to is gone, and what was there is as it was"
expect_equal "files on host2" "large.qcow2" "$(on host2 ls $images/other $images/full | grep -F . | grep -v :)"
expect_equal "the source's" "$before" "$(on host1 sha256sum $images/one/full.raw)"
no_leaks host1 host2
