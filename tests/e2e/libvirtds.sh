#!/bin/bash
# A lab whose hosts have a libvirtd each: they move a domain to each other, have faults, and nothing stays behind.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "$0")/lib.sh"

# all_traces: also what libvirt would leave outside of a lab.
all_traces() {
    traces
    ls -d /run/libvirt* /var/{lib,cache,log}/libvirt 2>/dev/null || true
    find /etc/libvirt
}

# on_machine HOST: "PID NAME" of its processes, as the machine counts them.
on_machine() {
    local space
    space=$(readlink "/proc/$(cut -d ' ' -f 1 "$VTMH_LAB_DIR/members/$1")/ns/pid")
    find /proc/[0-9]*/ns/pid -lname "${space//[/\\[}" -printf '%h\n' 2>/dev/null | cut -d / -f 3 |
        while read -r pid; do
            printf '%s %s\n' "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)"
        done || true # processes come and go meanwhile
}

# still_there LIST: of such a list.
still_there() {
    while read -r pid name; do
        [[ $(cat "/proc/$pid/comm" 2>/dev/null) != "$name" ]] || printf '%s %s\n' "$pid" "$name"
    done <<<"$1"
}

before=$(all_traces)
lab_begin 2 --libvirt

step "each host has a libvirtd of its own"
expect_equal "uuids" 2 "$(for host in host1 host2; do virsh_on "$host" capabilities | grep -m 1 '<uuid>'; done |
    sort -u | wc -l)"
expect_equal "network cards" "" "$(leaks_on host1)"

step "a domain moves to and fro, by each way that there is between the hosts"
on host1 sh -c 'cat >/root/vm.xml' <<'END'
<domain type='qemu'><name>vm</name><memory>32768</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
END
virsh_on host1 create /root/vm.xml
here=host1 there=host2
for way in tls tcp ssh "unix:///system?socket=/run/relay"; do
    uri=qemu+$way://$there/system
    if [[ $way == unix* ]]; then
        # what the nodes do: a socket of this host that leads to the other's libvirtd
        uri=qemu+$way
        lab enter "$here" setsid ssh -fN -L "/run/relay:/run/libvirt/libvirt-sock" "$there" >/dev/null 2>&1 </dev/null
    fi
    expect_status 0 virsh_on "$here" migrate --live --p2p vm "$uri"
    expect_equal "state at $there after qemu+$way" running "$(virsh_on "$there" domstate vm)"
    expect_equal "domains at $here" "" "$(virsh_on "$here" list --all --name)"
    read -r here there <<<"$there $here"
done
on host2 rm -f /run/relay

step "the leak check sees a domain and its log"
expect_contains "leaks" "host1: libvirt: vm" "$(leaks_on host1)"
expect_contains "leaks" "host1: file /var/log/libvirt/qemu/vm.log" "$(leaks_on host1)"

step "a frozen libvirtd answers nobody until it is thawed"
lab libvirtd host1 freeze
expect_status 124 on host1 timeout 2 virsh --connect qemu:///system list
lab libvirtd host1 thaw
expect_equal "state" running "$(virsh_on host1 domstate vm)"

step "a domain outlives the end of its libvirtd"
for end in stop kill; do
    lab libvirtd host1 $end
    expect_status 1 virsh_on host1 domstate vm
    expect_equal "QEMUs after $end" 1 "$(pids_on host1 '^qemu-system' | wc -l)"
    expect_status 1 lab libvirtd host1 $end
    lab libvirtd host1 start
    expect_equal "state" running "$(virsh_on host1 domstate vm)"
done
survivor=$(on host1 cat /run/libvirt/libvirtd.pid)
lab libvirtd host1 restart
[[ $(on host1 cat /run/libvirt/libvirtd.pid) != "$survivor" ]] || fail "restart did not end it"
expect_equal "state" running "$(virsh_on host1 domstate vm)"

step "up starts what ended, leaves alone what runs, and gives later hosts one"
survivor=$(on host1 cat /run/libvirt/libvirtd.pid)
lab libvirtd host2 kill
lab up 3
expect_equal "libvirtd of host1" "$survivor" "$(on host1 cat /run/libvirt/libvirtd.pid)"
virsh_on host1 domstate vm >/dev/null
virsh_on host2 list
virsh_on host3 list

step "a host that comes back has its libvirtd, and no domain"
lab kill host1
lab revive host1
expect_equal "domains" "" "$(virsh_on host1 list --all --name)"
expect_equal "host_uuid" "$(on host1 grep ^host_uuid /etc/libvirt/libvirtd.conf)" \
    "host_uuid = \"$(virsh_on host1 capabilities | sed -n '0,/<uuid>/s:.*<uuid>\(.*\)</uuid>.*:\1:p')\""

step "it is root's: another user is refused"
expect_status 1 on host1 setpriv --reuid nobody --clear-groups virsh --connect qemu:///system list
expect_contains "reason" "Permission denied" "$(cat "$work/out")"

step "a host may have virtqemud in its place: a socket of another name"
on host1 mv /run/libvirt/libvirt-sock /run/libvirt/virtqemud-sock
expect_status 0 virsh_on host1 list
on host1 mv /run/libvirt/virtqemud-sock /run/libvirt/libvirt-sock

step "what starts it does not touch the computer's own libvirt"
expect_status 1 "$VTMH_SOURCE/deploy/lab.d/libvirtd" start 76746d68-0000-4000-8000-000000000000
expect_contains "reason" "no host of a lab" "$(cat "$work/out")"

step "bad input is told"
expect_status 4 lab libvirtd host1
expect_status 4 lab libvirtd host1 confuse
expect_status 1 lab libvirtd host9 stop
expect_status 4 lab up 2 3 --libvirt

step "down leaves nothing, not even with a domain that runs and a libvirtd that hangs"
on host2 sh -c 'cat >/root/vm.xml' < <(on host1 cat /root/vm.xml)
virsh_on host2 create /root/vm.xml
lab libvirtd host2 freeze
lives=$(on_machine host2)
expect_contains "what runs on host2" libvirtd "$lives"
expect_contains "what runs on host2" qemu-system "$lives"
lab down
expect_equal "what runs of host2" "" "$(still_there "$lives")"
expect_equal "traces" "$before" "$(all_traces)"

step "a lab without --libvirt has none"
lab up 1
expect_status 1 lab libvirtd host1 start
expect_contains "what it says" "deploy/lab up --libvirt" "$(cat "$work/out")"
lab down
