#!/bin/bash
# Boots the guests as deploy/guest built them and checks what they answer. No sleeps: it waits for
# lines, each with a deadline.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
guests=$("$here/../../deploy/guest" --path)

skip() {
    printf 'test_guests: skipped: %s\n' "$*" >&2
    exit 77
}

fail() {
    printf 'test_guests: %s\n' "$*" >&2
    printf 'the last lines of the guest:\n%s\n' "$(tail -n 15 "$work/seen")" >&2
    exit 1
}

command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is missing"
for guest in tick jeos jeos-full jeos-disk; do
    [[ -e $guests/$guest/VERSION ]] || skip "$guest is not built; run deploy/guest"
done

work=$(mktemp -d)
: >"$work/seen"
qemu=
clean_up() {
    [[ -z $qemu ]] || kill -KILL "$qemu" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

# start MEMORY OPTIONS...: QEMU with the serial line on descriptors 5 (to the guest) and 6 (from it),
# and the monitor on 7 and 8.
start() {
    local memory=$1 fifo
    shift
    for fifo in serial.in serial.out monitor.in monitor.out; do
        rm -f "$work/$fifo"
        mkfifo "$work/$fifo"
    done
    exec 5<>"$work/serial.in" 6<>"$work/serial.out" 7<>"$work/monitor.in" 8<>"$work/monitor.out"
    qemu-system-x86_64 -machine pc -accel tcg -cpu qemu64 -m "$memory" -nodefaults -display none \
        -no-reboot -serial "pipe:$work/serial" -monitor "pipe:$work/monitor" "$@" 5<&- 6<&- 7<&- 8<&- &
    qemu=$!
}

stop() {
    kill -KILL "$qemu"
    wait "$qemu" 2>/dev/null || true
    qemu=
}

# wait_line PATTERN SECONDS: sets `line` to the first line that matches; heartbeats may come between.
wait_line() {
    local pattern=$1 deadline=$((SECONDS + $2))
    while read -r -t $((deadline - SECONDS > 0 ? deadline - SECONDS : 1)) -u 6 line; do
        printf '%s\n' "$line" >>"$work/seen"
        line=${line%$'\r'}
        # shellcheck disable=SC2053 # a pattern
        [[ $line != $pattern ]] || return 0
        ((SECONDS < deadline)) || break
    done
    fail "no line like '$pattern' within $2 s"
}

# answer COMMAND PATTERN: what tick says to COMMAND.
answer() {
    printf '%s\n' "$1" >&5
    wait_line "$2" 10
}

field() {
    local fields
    read -r -a fields <<<"$line"
    printf '%d\n' "0x${fields[$1]}"
}

# is WHAT ACTUAL WANTED
is() {
    [[ $2 == "$3" ]] || fail "$1 is $2, not $3"
}

heartbeat_moves() {
    local count ms
    wait_line 'T *' 10
    count=$(field 1)
    ms=$(field 2)
    wait_line 'T *' 10
    is "the next heartbeat's counter" "$(field 1)" $((count + 1))
    (($(field 2) > ms)) || fail "the guest's clock stands still at $ms ms"
}

tick_answers() {
    start 32M -bios "$guests/tick/tick.rom"
    wait_line 'vtmh tick up' 10
    heartbeat_moves
    answer 'V' 'V *'
    is "tick's set after boot" "$(field 1)" 4096
    is "tick's bad pages after boot" "$(field 2)" 0
    answer 'W 00000100' 'W 00000100'
    answer 'W 00100000' 'W 00001F00' # clamped to the 31 MiB above the first
    answer 'W 400' 'W 00000400'
    answer 'X' '[?] X'
    answer 'R 1x' '[?] R'
    answer 'V' 'V *'
    is "tick's rounds at rate 0" "$(field 3)" 0

    answer 'C' 'C *'
    spoilt=$(field 1)
    answer 'V' 'B *'
    is "the page that verify found" "$(field 1)" "$spoilt"
    wait_line 'V *' 10
    is "bad pages that verify found" "$(field 2)" 1
    answer 'V' 'V *'
    is "bad pages after the repair" "$(field 2)" 0

    answer 'C' 'C *'
    spoilt=$(field 1)
    answer 'R 00010000' 'R 00010000'
    wait_line 'B *' 10
    is "the page that the writer found" "$(field 1)" "$spoilt"
    answer 'V' 'V *'
    is "bad pages after the writer's repair" "$(field 2)" 0
    wait_line 'T *' 10
    is "bad pages in the heartbeat" "$(field 3)" 2
    answer 'R 0' 'R 00000000'
    answer 'V' 'V *'
    rounds=$(field 3)
    ((rounds > 0)) || fail "tick wrote no round"
    answer 'V' 'V *'
    is "tick's rounds after it stopped" "$(field 3)" "$rounds"
    stop
}

# in_guest WANTED-STATUS COMMAND: runs it in jeos; sets `output`.
in_guest() {
    local status=0
    output=$(ssh -F none -i "$jeos/id_ed25519" -o IdentitiesOnly=yes -o BatchMode=yes \
        -o "UserKnownHostsFile=$work/known_hosts" -o StrictHostKeyChecking=yes -o ConnectTimeout=20 \
        -o ControlMaster=auto -o "ControlPath=$work/ssh-%p" -o ControlPersist=60 \
        -p "$port" root@127.0.0.1 "$2" 2>&1 </dev/null) || status=$?
    [[ $status == "$1" ]] || fail "'$2' in jeos ended with $status, not $1: $output"
}

monitor_port() {
    local text
    printf 'info usernet\n' >&7
    while read -r -t 10 -u 8 text; do
        if [[ $text =~ HOST_FORWARD\]\ +[0-9]+\ +127\.0\.0\.1\ +([0-9]+) ]]; then
            port=${BASH_REMATCH[1]}
            return
        fi
    done
    fail "QEMU does not tell the forwarded port"
}

# start_jeos FOLDER CARD OPTIONS...: boots until it can be logged in to. Where the folder has no kernel, the
# options bring what it boots from.
start_jeos() {
    jeos=$guests/$1
    local card=$2 kernel=()
    shift 2
    [[ ! -e $jeos/vmlinuz ]] ||
        kernel=(-kernel "$jeos/vmlinuz" -initrd "$jeos/initrd" -append "$(cat "$jeos/command_line")")
    start 256M "${kernel[@]}" -netdev user,id=net,hostfwd=tcp:127.0.0.1:0-:22 -device "$card,netdev=net,romfile=" \
        -device virtio-rng-pci "$@"
    wait_line 'vtmh jeos up' 60
    heartbeat_moves
    monitor_port
    printf '[127.0.0.1]:%s %s\n' "$port" "$(cat "$jeos/host_key.pub")" >"$work/known_hosts"
}

jeos_answers() {
    start_jeos jeos virtio-net-pci -device virtio-balloon-pci

    # shellcheck disable=SC2016 # expanded in the guest
    in_guest 0 'for tool in pgrep pkill ping ip nohup setsid dd sync mount; do command -v $tool; done'
    # shellcheck disable=SC2016
    in_guest 0 'for driver in net rng balloon; do
        ls /sys/bus/virtio/drivers/virtio_$driver/virtio* >/dev/null || exit 1; done'
    in_guest 2 'vtmh-mem verify'
    in_guest 0 'vtmh-mem start 8 20; vtmh-mem verify'
    in_guest 0 'vtmh-mem status'
    in_guest 1 'vtmh-mem spoil; vtmh-mem verify'
    [[ $output == *'pages=2048 bad=1 '* ]] || fail "verify did not find the spoilt page: $output"
    wait_line 'B *' 10
    in_guest 0 'vtmh-mem verify'
    in_guest 1 'vtmh-mem stop'
    in_guest 0 'vtmh-disk start /tmp/disk 4 10; vtmh-disk verify'
    in_guest 1 'dd if=/dev/zero of=/tmp/disk bs=4k seek=1023 count=1 conv=notrunc; vtmh-disk verify'
    in_guest 1 'vtmh-disk stop'
    # What is not there is no file in memory that is clean for ever.
    in_guest 2 'vtmh-disk start /dev/vda 4 10'
    in_guest 2 'vtmh-disk start /dev/null 4 10'
    in_guest 0 'nohup sleep 1000 >/dev/null 2>&1 & echo started'
    in_guest 0 'pgrep -x sleep'
    [[ $output =~ ^[0-9]+$ ]] || fail "pgrep prints '$output', which is no process"
    in_guest 1 'pgrep -x slee'
    in_guest 0 'pgrep -l slee'
    [[ $output == *' sleep' ]] || fail "pgrep -l prints '$output'"
    in_guest 0 'pgrep -fx "sleep 1000"'
    in_guest 1 'pgrep "sleep 1000"'
    in_guest 2 'pgrep -z sleep'
    in_guest 2 'pkill -SIGNOTHING sleep'
    in_guest 0 'pkill -STOP -x sleep && pkill -CONT -x sleep && pkill -x sleep'
    # A signalled process needs a moment to be gone.
    in_guest 1 'while pgrep -x sleep && [ $((i += 1)) -lt 100 ]; do usleep 50000; done; pgrep -x sleep'
    stop
}

# disk NAME: a drive of 8 MiB, for -drive.
disk() {
    truncate -s 8M "$work/$1.img"
    printf 'if=none,id=%s,format=raw,file=%s' "$1" "$work/$1.img"
}

# A driver that is there for each device that a cloud does not have.
jeos_full_drives() {
    local device
    start_jeos jeos-full e1000 -drive "$(disk ide)" -device ide-hd,drive=ide \
        -device ahci,id=ahci -drive "$(disk sata)" -device ide-hd,bus=ahci.0,drive=sata \
        -drive "$(disk nvme)" -device nvme,drive=nvme,serial=n -device virtio-scsi-pci \
        -drive "$(disk scsi)" -device scsi-hd,drive=scsi -drive "$(disk floppy)" -device floppy,drive=floppy
    for device in sda sdb sdc nvme0n1; do
        in_guest 0 "vtmh-disk start /dev/$device 4 10 && vtmh-disk verify && vtmh-disk stop"
    done
    in_guest 0 'dd if=/dev/fd0 of=/dev/null bs=512 count=1'
    stop
}

# By its own boot loader, and with a password as a user's guest.
jeos_boots_from_disk() {
    cp "$guests/jeos-disk/disk.qcow2" "$work/disk.qcow2"
    start_jeos jeos-disk virtio-net-pci -drive "if=none,id=disk,file=$work/disk.qcow2" -device virtio-blk-pci,drive=disk
    in_guest 0 'vtmh-disk start /mnt/data 4 10 && vtmh-disk verify && vtmh-disk stop'
    # shellcheck disable=SC2016
    in_guest 0 'case $(sed -n "s/^root:\([^:]*\):.*/\1/p" /etc/passwd) in \$5\$*) ;; *) exit 1 ;; esac'
    stop
}

tick_answers
jeos_answers
jeos_full_drives
jeos_boots_from_disk
printf 'test_guests: the guests answer as they must\n'
