#!/usr/bin/env bash
# A disk that is plugged into a running guest moves with it, in the place that it has. Over local hosts; more of it is
# in tests/long/plug.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"
# shellcheck source=tests/e2e/plug_cfg.sh
. "$(dirname "$0")/plug_cfg.sh"

step "a hot-plugged disk is written to before, during and after the move, and is clean at both ends"
plug_job -p migration_sync_vms=yes
expect_equal "exit status" 0 "$status"
expect_equal "legs" 2 "$(result '.vtmh.migrations | length')"
expect_equal "memory and disk" "clean clean" "$(result '[.vtmh.migrations[].memory_check] | join(" ")')"
expect_match "log" 'disk hot is plugged in' "$(cat "$job"/test-results/*/debug.log)"
qemu-img check -q "$data/hot.qcow2" || fail "the image is damaged"
allocated=$(qemu-img map --output=json "$data/hot.qcow2" | jq '[.[] | select(.data) | .length] | add')
((allocated >= 16 * 1024 * 1024)) || fail "the guest has not written to the disk" "$allocated bytes"

step "without migration_sync_vms it is refused before a byte moves"
plug_job
expect_verdict ERROR a 'the machine of vm1 has changed since its start'
expect_equal "bytes that moved" 0 "$(result '[.vtmh.migrations[].transferred_bytes // 0] | add // 0')"

step "a disk that QEMU refuses is told in its words"
plug_job -p migration_sync_vms=yes -p blk_extra_params_hot=nonsense=1
expect_verdict ERROR a "plugging disk hot into vm1 on a: .*nonsense"
