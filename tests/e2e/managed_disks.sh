#!/usr/bin/env bash
# Disks that no host shares move along with a VM that libvirt moves, and back; a copy that loses writes is found.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest jeos
lab_begin 2 --libvirt
images=/var/lib/vtmh/images/managed

lab exec mkdir -p $images/one $images/other
lab exec sh -c "head -c 8M /dev/urandom >$images/one/data.raw"
cat >"$work/managed.cfg" <<END
type = migration_multi_host_ping_pong
vm_type = libvirt
guest = jeos
mem = 256
migrate_count = 2
data_dir_host1 = $images/one
data_dir_host2 = $images/other
images = data
image_name_data = data.raw
image_format_data = raw
migrate_storage = yes
migrate_storage_compare = no
disk_write_mem = 4
disk_write_rate = 4
disk_write_path = /dev/vda
END
managed=(-m host1,host2 "$work/managed.cfg")

step "the disk moves there and back, over the nodes' relay"
job "${managed[@]}"
expect_equal "exit status" 0 "$status"
expect_equal "the verdict" PASS "$(result .status)"
expect_equal "legs in which the disk was copied" 2 \
    "$(result '[.vtmh.migrations[] | select(.mirrored_bytes >= 8388608)] | length')"

step "a move that is called off leaves the guest at its source, with its disk"
job "${managed[@]}" -p migrate_count=1 -p mig_speed=2 -p cancel_delay=3s
expect_equal "exit status" 0 "$status"
expect_equal "the survivor" source "$(result '.vtmh.migrations[0].survivor')"

step "a copy that loses writes is found by the guest"
lab exec sh -c "cp $VTMH_BUILD/tests/e2e/libdropped_writes.so $images/
    printf '%s\\n' '#!/bin/sh' 'export VTMH_DROPPED_FILE=$images/other/data.raw VTMH_DROPPED_EACH=3' \
        'LD_PRELOAD=$images/libdropped_writes.so exec qemu-system-x86_64 \"\$@\"' >$images/dropping_qemu
    chmod 755 $images/dropping_qemu"
job "${managed[@]}" -p migrate_count=1 -p "qemu_binary_host2=$images/dropping_qemu"
expect_equal "the verdict" FAIL "$(result .status)"
expect_contains "the reason" "are not what the guest wrote" "$(result .fail_reason)"

step "what cannot be compared is a SKIP"
job "${managed[@]}" -p migrate_storage_compare=yes
expect_equal "the verdict" SKIP "$(result .status)"
expect_contains "the reason" "migrate_storage_compare = yes is not supported with mig_protocol = managed" \
    "$(result .fail_reason)"
