#!/bin/bash
# The lab itself: hosts answer, faults are what they say, and nothing stays behind.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

holder_of() {
    cut -d ' ' -f 1 "$VTMH_LAB_DIR/members/$1"
}

# ssh_works HOST [SECONDS]: the deadline is only for a machine under load; it answers in 0.2 s.
ssh_works() {
    lab exec ssh -o BatchMode=yes -o "ConnectTimeout=${2:-20}" "$1" true </dev/null
}

ssh_stalls() {
    expect_status 255 ssh_works "$1" 2
    expect_contains "ssh's reason" "timed out" "$(cat "$work/out")"
}

before=$(traces)
lab_begin 2

step "ssh works to each host, by name and without a question"
for host in host1 host2; do
    run ssh -o BatchMode=yes "$host" hostname
    expect_equal "hostname" "$host" "$stdout"
done
expect_equal "hosts' own idea of each other" 10.77.0.2 \
    "$(on host1 getent hosts host2 | awk '{ print $1 }')"

step "no address is put into the machine's own network namespace"
expect_equal "addresses" "$(grep -F '/' <<<"$before" | grep -c 'UP\|UNKNOWN')" \
    "$(traces | grep -F '/' | grep -c 'UP\|UNKNOWN')"

step "exec keeps status, stdin, directory and /tmp"
expect_status 7 lab exec sh -c 'exit 7'
expect_equal "stdin" "to and fro" "$(echo to and fro | lab exec cat)"
expect_equal "directory" "$work" "$(cd "$work" && lab exec pwd)"
: >"$work/mark"
expect_status 0 lab exec test -e "$work/mark"

step "a host does not see the checkout, all see the images"
expect_status 2 on host1 ls "$VTMH_SOURCE/deploy"
expect_equal "what lies at the checkout's place" "" "$(on host1 ls "$VTMH_SOURCE" 2>/dev/null)"
lab exec sh -c 'echo an image >/var/lib/vtmh/images/shared'
expect_equal "image" "an image" "$(on host2 cat /var/lib/vtmh/images/shared)"

step "each host has credentials, good and bad ones, that nobody else reads"
pki=/etc/pki/vtmh-lab
expect_equal "folders" "expired foreign good psk psk-other wrong-name" "$(on host2 ls $pki | xargs)"
expect_equal "their modes" "drwx------" "$(on host2 sh -c "stat -c %A $pki $pki/*" | sort -u)"
# verify NAME FOLDER: what openssl says to the certificate of host1 in FOLDER, on host2.
verify() {
    on host1 cat "$pki/$2/server-cert.pem" |
        on host2 openssl verify -CAfile "$pki/good/ca-cert.pem" -verify_hostname "$1" 2>&1 || true
}
expect_contains "good" OK "$(verify host1 good)"
expect_contains "expired" "certificate has expired" "$(verify host1 expired)"
expect_contains "foreign" "unable to get local issuer certificate" "$(verify host1 foreign)"
expect_contains "wrong-name" "hostname mismatch" "$(verify host1 wrong-name)"
expect_equal "the shared key" "$(on host1 cat $pki/psk/keys.psk)" "$(on host2 cat $pki/psk/keys.psk)"
[[ $(on host1 cat $pki/psk-other/keys.psk) != "$(on host2 cat $pki/psk/keys.psk)" ]] || fail "psk-other is psk"

step "up renews credentials that will not last, and hosts that are up see it"
on host1 sh -c "cp $pki/expired/server-cert.pem $pki/good/"
expect_contains "good, when it has expired" "certificate has expired" "$(verify host1 good)"
lab up 2
expect_contains "good, renewed" OK "$(verify host1 good)"

step "an empty known_hosts makes ssh refuse"
lab known-hosts empty
expect_status 255 ssh_works host1
expect_contains "ssh's reason" "Host key verification failed" "$(cat "$work/out")"
lab known-hosts full
expect_status 0 ssh_works host1

step "QEMU runs on a host"
if command -v qemu-system-x86_64 >/dev/null; then
    expect_status 0 on host1 timeout 60 qemu-system-x86_64 -accel tcg -nodefaults -display none \
        -netdev user,id=net -device virtio-net-pci,netdev=net,romfile= \
        -chardev file,id=qmp,path=/dev/null -S -daemonize -pidfile /run/qemu.pid
    expect_equal "QEMUs" 1 "$(pids_on host1 '^qemu-system' | wc -l)"
    expect_contains "the leak check" "qemu-system" "$(leaks_on host1)"
    on host1 pkill -F /run/qemu.pid
    expect_within 30 on host1 test ! -e /run/qemu.pid
fi

step "the leak check sees a file and a network card"
on host1 sh -c 'mkdir -p /run/vtmh && : >/run/vtmh/left && ip tuntap add tap9 mode tap'
expect_contains "leaks" "host1: file /run/vtmh/left" "$(leaks_on host1)"
expect_contains "leaks" "host1: network card tap9" "$(leaks_on host1)"
on host1 sh -c 'rm -r /run/vtmh && ip link delete tap9'
no_leaks host1 host2

step "cut stalls both ways between two members only, heal undoes it"
lab cut controller host1
ssh_stalls host1
expect_status 0 ssh_works host2
expect_status 1 on host1 ping -c 1 -W 1 controller
lab heal
expect_status 0 ssh_works host1
lab cut host1 host2
expect_status 1 on host2 ping -c 1 -W 1 host1
expect_status 0 ssh_works host1
lab heal
expect_within 20 on host2 ping -c 1 -W 1 host1

step "a frozen host is silent until it is thawed"
lab freeze host1
expect_contains "status" "frozen" "$(lab status | grep host1)"
expect_status 124 timeout 2 "$VTMH_SOURCE/deploy/lab" exec ssh -o BatchMode=yes host1 true
lab thaw host1
expect_status 0 ssh_works host1

step "a killed host is gone at once and comes back with its keys and its disk"
nap=86399.$$ # tells our sleepers from others
on host2 sh -c "echo kept >/var/tmp/disk; echo lost >/tmp/memory; setsid sleep $nap >/dev/null 2>&1 &"
expect_within 30 pids_with "$nap"
lab kill host2
expect_contains "status" "down" "$(lab status | grep host2)"
expect_equal "processes of the dead host" "" "$(pids_with "$nap" || true)"
expect_status 1 on host2 true
lab revive host2
expect_status 0 ssh_works host2
expect_equal "file on disk" kept "$(on host2 cat /var/tmp/disk)"
expect_equal "files in /tmp" "" "$(on host2 ls /tmp)"

is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# kill_holder NAME: until it is dead: a moment before, "up" may still see it alive.
kill_holder() {
    local pid
    pid=$(holder_of "$1")
    kill -KILL "$pid"
    expect_within 10 is_gone "$pid"
}

step "up repairs what was killed, and does nothing to what lives"
survivor=$(holder_of host2)
kill_holder host1
lab up 2
expect_status 0 ssh_works host1
expect_equal "holder of host2" "$survivor" "$(holder_of host2)"
kill_holder controller
lab up 2
expect_status 0 ssh_works host2
kill_holder hub
lab up 2
expect_status 0 ssh_works host1
rm "$VTMH_LAB_DIR/members/host1" # as if up had been killed between start and record
lab up 3
expect_status 0 ssh_works host1
expect_status 0 ssh_works host3

step "bad input is told"
expect_status 4 lab frobnicate
expect_status 4 lab cut host1
expect_status 1 lab cut host1 host9
expect_status 1 lab kill host9
expect_status 4 lab up many

step "down leaves nothing, not even what exec left running"
lab exec sh -c "setsid sleep $nap >/dev/null 2>&1 &"
expect_within 30 pids_with "$nap"
lab down
expect_equal "processes that exec left" "" "$(pids_with "$nap" || true)"
expect_equal "traces" "$before" "$(traces)"
lab down

step "a record of another process is not believed"
mkdir -p "$VTMH_LAB_DIR/members"
sleep 1000 &
bystander=$!
echo "$bystander 1" >"$VTMH_LAB_DIR/members/host1"
lab down
kill -0 "$bystander" || fail "down killed a process that was none of its own"
kill "$bystander"
