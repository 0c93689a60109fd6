#!/usr/bin/env bash
# A guest with a device of every kind that fits into one machine moves there and back, with its memory clean; the
# same devices in another order, or one less, do not move at all. Runs with two local nodes.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

need_guest jeos

cat >"$work/all.cfg" <<END
include $VTMH_SOURCE/cfg/library/migrate.cfg
only jeos..ping_pong
migrate_count = 2
mem = 256
dirty_mem = 16
smp = 2
vcpu_maxcpus = 4
vcpu_cores = 2
vcpu_sockets = 2
slots = 2
maxmem = 1G
vm_mem_backend_host1 = memory-backend-memfd
numanode_host2 = -1
vga = std
display = vnc
usbs = usb1 xhci
usb_type_xhci = qemu-xhci
usb_devices = tablet1 kbd1
usbdev_type_kbd1 = usb-kbd
usb_controller_kbd1 = xhci
virtio_rngs = rng0 rng1
backend_rng1 = rng-random
enable_watchdog = yes
balloon_dev_devid = balloon0
serials = serial0 serial1 serial2
serial_type_serial2 = pci-serial
enable_debugcon = yes
malloc_perturb = 90
qemu_command_prefix = NO_SUCH_VARIABLE=7 env
END

# line_of HOST ROLE: QEMU's command line there.
line_of() {
    result ".vtmh.platform.vm1.hosts.$1.command_lines.$2"
}

# Those of this script, which have its environment.
qemus() {
    local pid
    for pid in $(pgrep -f -- '-name vm1,'); do
        grep -lszF "VTMH_LAB_DIR=$VTMH_LAB_DIR" "/proc/$pid/environ" || true
    done
}

a_qemu_runs() {
    [[ -n $(qemus) ]]
}

step "a guest with a device of every kind goes there and back"
job_begin -m local:a,local:b "$work/all.cfg"
expect_within 60 a_qemu_runs
job_end
expect_equal "the verdict" "PASS, 2 legs" "$(result '"\(.status), \(.vtmh.migrations | length) legs"')"
expect_equal "the guest's memory" "clean clean" "$(result '[.vtmh.migrations[].memory_check] | join(" ")')"
expect_match "memory on a" 'memory-backend-memfd,id=pc.ram' "$(line_of a source)"
expect_match "memory on b" 'memory-backend-ram,id=pc.ram,.*host-nodes=' "$(line_of b destination)"

step "where screen and serial lines are, is told; what the firmware printed, is kept"
log=$(cat "$job"/test-results/*/*/*.log "$job/job.log")
ports=$(grep -oE 'screen: VNC at 127\.0\.0\.1:(59|60)[0-9]{2}' <<<"$log" | sort -u | wc -l)
((ports >= 2)) || fail "ports of the VNC servers of both ends, side by side" "there are $ports"
expect_match "a serial line" 'serial1: /.*/vm1-serial1\.sock' "$log"
expect_match "the firmware" 'SeaBIOS \(version' "$(cat "$job"/test-results/*/a/vm1.debugcon.log)"

step "a device that the destination lacks is told before a byte moves"
cat >"$work/less" <<'END'
#!/bin/bash
case " $* " in *" -name "*) ;; *) exec qemu-system-x86_64 "$@" ;; esac
words=()
while (($#)); do
    [[ $2 == usb-tablet,* ]] && shift 2 && continue
    words+=("$1") && shift
done
exec qemu-system-x86_64 "${words[@]}"
END
chmod +x "$work/less"
job -m local:a,local:b -p "qemu_binary_host2=$work/less" "$work/all.cfg"
expect_equal "the verdict" ERROR "$(result .status)"
expect_match "the cause" 'devices: tablet1 \(usb-tablet\) on a, nothing on b' "$(result .vtmh.fail_cause)"

step "a usual name of QEMU that is not there is found under another, with a note"
job -m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p qemu_binary_host2=/usr/libexec/qemu-kvm "$library"
expect_equal "the verdict" PASS "$(result .status)"
expect_match "the note" 'b has no /usr/libexec/qemu-kvm: /.*/qemu-system-x86_64 is used there' "$(result '.vtmh.notes | join(" ")')"
job -m local:a,local:b --only all..tick..ping_pong -p qemu_binary_host2=/usr/libexec/qemu-kvn "$library"
expect_equal "the verdict on another path" ERROR "$(result .status)"
expect_match "the cause" '/usr/libexec/qemu-kvn' "$(result .vtmh.fail_cause)"

step "what a host has not is a SKIP that names it"
job -m local:a,local:b --only all..tick..ping_pong -p numanode_host2=1023 "$library"
expect_equal "the verdict" SKIP "$(result .status)"
expect_match "the cause" 'the last NUMA node of b is' "$(result .vtmh.fail_cause)"
expect_equal "QEMUs that are left" "" "$(qemus)"

step "a guest of UEFI firmware moves, with a store of its own at each end"
if [[ -e /usr/share/OVMF/OVMF_CODE.fd ]]; then
    job -m local:a,local:b --only jeos..ping_pong -p migrate_count=2 -p mem=256 -p ovmf_code_filename=OVMF_CODE.fd "$library"
    expect_equal "the verdict" "PASS, 2 legs" "$(result '"\(.status), \(.vtmh.migrations | length) legs"')"
    expect_match "the store on b" 'filename=/[^ ]*/vm1-vars\.fd' "$(line_of b destination)"
    expect_match "the firmware's words" 'x1b\[01;01H|UEFI|\[2J' "$(cat "$job"/test-results/*/a/vm1.serial.log)"
else
    printf 'there is no OVMF: deploy/packages install test\n'
fi
