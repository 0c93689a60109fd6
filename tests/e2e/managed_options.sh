#!/usr/bin/env bash
# What a migration can be asked for where libvirt moves the VM: it is carried out, with a figure that shows it, or the test
# is a SKIP that names it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest tick
lab_begin 2 --libvirt

cat >"$work/managed.cfg" <<END
type = migration_multi_host
vm_type = libvirt
guest = tick
mem = 64
dirty_mem = 16
END
managed=(-m host1,host2 "$work/managed.cfg")

# carried_out FIGURE PARAMETERS…: such a move passes, and FIGURE (of its first leg) is true.
carried_out() {
    local figure=$1
    shift
    step "carried out: $*"
    job "${managed[@]}" "${@/#/-p}"
    expect_equal "exit status with $*" 0 "$status"
    expect_equal "warnings with $*" PASS "$(result .status)"
    expect_equal "$figure with $*" true "$(result ".vtmh.migrations[0] | $figure")"
}

# skipped REASON PARAMETERS…: the test is SKIP, for REASON, before a VM is there.
skipped() {
    local reason=$1
    shift
    step "a SKIP with its name: $*"
    job "${managed[@]}" "${@/#/-p}"
    expect_equal "status with $*" SKIP "$(result .status)"
    expect_contains "the reason" "$reason" "$(result .fail_reason)"
}

carried_out '.multifd_bytes > 0' mig_multifd=yes mig_multifd_channels=3
carried_out '.xbzrle_pages > 0' xbzrle=yes xbzrle_cache_size=64 dirty_rate=32 mig_speed=16
carried_out '.throttle_percent >= 77' auto-converge=yes cpu_throttle_initial=77 dirty_mem=32 dirty_rate=128 mig_speed=20
carried_out '.compressed_pages > 0' mig_compress=yes mig_compress_threads=2 mig_decompress_threads=2 dirty_rate=1
carried_out '.switchover_pauses == 1' mig_pause_before_switchover=yes
carried_out '.total_ms > 3500' mig_speed=8 dirty_mem=32 dirty_rate=1
carried_out '.total_ms > 0' mig_offline=yes
carried_out '.total_ms < 20000' mig_speed=2 mig_script="1s speed 400M" dirty_rate=1

skipped "max_cpu_throttle" auto-converge=yes max_cpu_throttle=90
skipped "mig_return_path = no is not supported with mig_protocol = managed: libvirt asks for it by itself" \
    mig_return_path=no
skipped "announce_rounds = 3 is not supported with mig_protocol = managed: libvirt has no parameter for it" \
    announce_rounds=3
skipped "mig_multifd_compression" mig_multifd=yes mig_multifd_compression=zlib
skipped "qemu.conf" mig_tls=yes tls_dir=/root
