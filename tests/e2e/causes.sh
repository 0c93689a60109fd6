#!/usr/bin/env bash
# The catalogue of causes: each thing that can end a leg is really done, and the test must name what was done
# and the host where, though the other end mostly complains first. Over local hosts: neither a lab nor root.
#
#   causes.sh [--loaded] [CASE…]     all, or these
#
# --loaded: the computer is kept busy. Then a test may say that its host is overloaded, in the place of the
# cause; it may never name another cause or the wrong host.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

loaded=no
if [[ ${1:-} == --loaded ]]; then
    loaded=yes
    shift
fi
vm=vm$$ # a name of its own: it finds our QEMUs among others
real_qemu=$(command -v qemu-system-x86_64) || skip "there is no qemu-system-x86_64"

cat >"$work/leg.cfg" <<END
include $VTMH_SOURCE/cfg/library/base.cfg
type = migration_multi_host
vms = $vm
guest = tick
mem = 32
dirty_mem = 4
login_timeout = 60
mig_stall_timeout = 4
variants:
    - quick:
    - slow: # a leg that is long enough to be broken
        mig_speed = 1
    - long: # many legs
        type = migration_multi_host_ping_pong
        migrate_count = 1000
    - linux:
        guest = jeos
        mem = 192
        mig_speed = 8
        login_timeout = 120
END

hosts=(-m local:a,local:b)
within=() # what vtmh is started by

run_vtmh() {
    "${within[@]}" "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

# expect STATUS FAIL_HOST CAUSE-REGULAR-EXPRESSION: as expect_verdict, but for a busy computer.
expect() {
    if [[ $loaded == yes && $(result .vtmh.fail_cause) == *overloaded* ]]; then
        printf '   too slow to tell: %s\n' "$(result .vtmh.fail_cause)"
        return
    fi
    expect_verdict "$@"
}

# leg VARIANT ARGS…: one test to its end.
leg() {
    local variant=$1
    shift
    job "${hosts[@]}" --only "$variant" "$@" "$work/leg.cfg"
}

# leg_with SIGNAL END ARGS…: sends a signal to the QEMU of that end (a, b) while the stream flows.
leg_with() {
    local signal=$1 end=$2
    shift 2
    job_begin "${hosts[@]}" --only slow "$@" "$work/leg.cfg"
    await_migrating
    kill "-$signal" "$(qemu_of "$end")"
    job_end
}

# qemu_of END: the pid of our QEMU on a, the source, or on b, which was started to receive.
qemu_of() {
    local pid
    for pid in $(pgrep -f -- "-name $vm,"); do
        case $1$(tr '\0' ' ' <"/proc/$pid/cmdline") in
        a*-incoming*) ;;
        a* | b*-incoming*) echo "$pid" ;;
        esac
    done
}

# wrapper NAME: a QEMU for one host, made of the script on stdin; "$@" is its command line.
wrapper() {
    {
        printf '#!/bin/bash\nreal=%q\n' "$real_qemu"
        cat
    } >"$work/$1"
    chmod 755 "$work/$1"
    echo "$work/$1"
}

# guest_does COMMAND ARGS…: a leg in whose midst the guest does that to itself.
guest_does() {
    local command=$1
    shift
    leg linux -p "migration_bg_command=(sleep 3; $command) >/dev/null 2>&1 &" "$@"
}

# ---- the cases, each a function case_NAME

case_memory_differs() {
    leg quick -p "mem_${vm}_host2=48"
    expect ERROR "$(result .vtmh.fail_host)" 'mem.* differs: 32 on a, 48 on b'
    expect_equal "legs that began" 0 "$(result '.vtmh.migrations | length')"
}

case_machine_differs() {
    leg quick -p machine_type_host2=q35
    expect ERROR "$(result .vtmh.fail_host)" 'machine_type.* differs: pc on a, q35 on b'
    expect_equal "legs that began" 0 "$(result '.vtmh.migrations | length')"
}

case_guest_differs() {
    leg quick -p guest_host2=jeos
    expect ERROR "$(result .vtmh.fail_host)" 'guest.* differs: tick on a, jeos on b'
    expect_equal "legs that began" 0 "$(result '.vtmh.migrations | length')"
}

# What no comparison before the leg sees: the contents of a device's ROM are of another size.
case_option_rom() {
    local other
    truncate -s 64K "$work/a.rom"
    truncate -s 128K "$work/b.rom"
    other=$(wrapper other-rom <<<'exec "$real" "${@/a.rom/b.rom}"')
    leg quick -p "extra_params=-device e1000,romfile=$work/a.rom" -p "qemu_binary_host2=$other"
    expect FAIL b 'Size mismatch: .*e1000\.rom'
    expect_survivor source
}

case_device_cannot_migrate() {
    leg quick -p 'extra_params=-device nvme,serial=x'
    expect SKIP a 'cannot be migrated.*non-migratable device: .*nvme'
    expect_equal "legs that began" 0 "$(result '.vtmh.migrations | length')"
}

case_guest_panics() {
    guest_does 'echo c >/proc/sysrq-trigger'
    expect FAIL a 'panicked on a; last serial output: .*Kernel panic'
    expect_survivor none
}

case_guest_resets() {
    guest_does 'reboot -f'
    expect FAIL a 'reset itself on a; last serial output: .*Restarting system'
    expect_survivor none
}

case_guest_powers_off() {
    guest_does 'poweroff -f'
    expect FAIL a 'shut itself down on a; last serial output: .*Power down'
    expect_survivor none
}

# Where nothing tells of it, silence does: it began before the guest was moved.
case_guest_hangs() {
    guest_does 'echo c >/proc/sysrq-trigger' -p enable_pvpanic=no
    expect FAIL a 'was silent on a already.*Kernel panic'
}

# Its ssh port is no sshd any more by the time it is logged in to on the other host.
case_guest_floods() {
    guest_does 'killall dropbear; while :; do yes welcome to a very long message of the day | nc -l -p 22; done'
    expect FAIL b "guest jeos of $vm on b cannot be logged in to: ssh root@127.0.0.1:[0-9]*: SSH handshake: it sent .* without letting us log in"
}

case_destination_killed() {
    leg_with KILL b
    expect FAIL b 'killed by SIGKILL'
    expect_survivor source
    expect_measured failed
}

case_source_killed() {
    leg_with KILL a
    expect FAIL a 'killed by SIGKILL'
    expect_survivor none
}

case_destination_ended() {
    leg_with TERM b
    expect FAIL b 'on b .*terminating on signal 15'
    expect_survivor source
}

case_destination_stopped() {
    leg_with STOP b
    expect FAIL b 'on b is stopped'
    expect_survivor source
}

case_source_stopped() {
    leg_with STOP a
    expect FAIL a 'on a is stopped'
}

case_destination_cannot_write() {
    local full
    full=$(wrapper full-disk <<<'for word; do [[ $word == none,accel* ]] && exec "$real" "$@"; done
exec "$real" "$@" -drive if=none,id=d,file=/nonexistent/disk.img')
    leg quick -p "qemu_binary_host2=$full"
    expect ERROR b "Could not open '/nonexistent/disk.img'"
    expect_survivor source
}

case_source_cannot_write() {
    local full
    full=$(wrapper full-disk <<<'for word; do [[ $word == none,accel* ]] && exec "$real" "$@"; done
exec "$real" "$@" -drive if=none,id=d,file=/nonexistent/disk.img')
    leg quick -p "qemu_binary_host1=$full"
    expect ERROR a "Could not open '/nonexistent/disk.img'"
}

# A hypervisor that stops the guest since it cannot go on: told at once, with its words.
case_internal_error() {
    local began_s=$SECONDS
    leg slow -p "qemu_binary_host1=$VTMH_BUILD/tests/e2e/unsound_qemu"
    expect FAIL a 'internal error: .*Suberror: 1'
    [[ $loaded == yes ]] || ((SECONDS - began_s < 10)) || fail "the internal error was told late"
}

# The nodes' folders are on a file system that fills while the stream flows.
case_disk_full() {
    if [[ $(id -u) != 0 ]] || ! unshare -m true 2>/dev/null; then
        echo "   left out: no mount namespace can be made here"
        return
    fi
    cat >"$work/small-disk" <<'END'
#!/bin/bash
mkdir -p /run/vtmh && mount -t tmpfs -o size=4m,mode=0700 tmpfs /run/vtmh || exit 1
until [[ -e $1/fill ]]; do sleep 0.05; done && cat /dev/zero >/run/vtmh/ballast 2>/dev/null &
shift
"$@"
status=$?
wait
exit $status
END
    chmod 755 "$work/small-disk"
    within=(unshare -m --propagation private "$work/small-disk" "$work")
    job_begin "${hosts[@]}" --only long "$work/leg.cfg"
    await_event '"phase":"migrating".*"leg":2'
    touch "$work/fill"
    job_end
    within=()
    expect ERROR "$(result .vtmh.fail_host)" '/run/vtmh/.*: No space left on device'
    expect_match "fail_host" '^[ab]$' "$(result .vtmh.fail_host)"
}

mapfile -t cases < <(compgen -A function case_ | sed 's/^case_//')
(($# == 0)) || cases=("$@")
for case in "${cases[@]}"; do
    step "$case"
    "case_$case"
    [[ -z $(pgrep -f -- "-name $vm,") ]] || fail "a QEMU is left" "$(pgrep -af -- "-name $vm,")"
done
