#!/usr/bin/env bash
# VMs that libvirt runs move to and fro by mig_protocol = managed, held and not; nothing stays in either libvirtd.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest tick
lab_begin 2 --libvirt

cat >"$work/managed.cfg" <<END
type = migration_multi_host_ping_pong
vm_type = libvirt
guest = tick
mem = 64
dirty_mem = 8
migrate_count = 2
END
managed=(-m host1,host2 "$work/managed.cfg")

# nothing_left: no domain on any host.
nothing_left() {
    local host
    for host in host1 host2; do
        expect_equal "domains on $host" "" "$(virsh_on "$host" list --all --name | grep . || true)"
    done
}

step "a guest moves to and fro, held until both hosts agree"
job "${managed[@]}"
expect_equal "exit status" 0 "$status"
nothing_left
for host in host1 host2; do
    expect_equal "starts of libvirt's program on $host" 1 \
        "$(cat "$job"/test-results/*/"$host"/libvirt-*.qmp.log | grep -c qmp_capabilities)"
done

step "and where libvirt starts it"
job "${managed[@]}" -p mig_hold=no
expect_equal "exit status" 0 "$status"
nothing_left

slow=(-p migrate_count=1 -p dirty_mem=32 -p mig_speed=4)

# stays WHY ARGS...: the leg fails, and the guest goes on at its source, which has lost nothing.
stays() {
    local why=$1
    shift
    step "the guest stays at its source when $why"
    job "${managed[@]}" "${slow[@]}" -p mig_expect_survivor=source "$@"
    expect_equal "exit status when $why" 0 "$status"
    nothing_left
}

stays "the move is called off" -p cancel_delay=500ms
stays "its stream is cut" -p mig_script="4s cut" -p mig_expect=failed

# open_ports GUARD N: at so many the destination's QEMU listens while the guest comes with mig_guard = GUARD.
open_ports() {
    local ports
    job_begin "${managed[@]}" "${slow[@]}" -p "mig_guard=$1"
    await_migrating
    ports=$(on host2 ss -Hltnp | grep -c qemu || true)
    job_end
    expect_equal "exit status with mig_guard = $1" 0 "$status"
    expect_equal "open ports with mig_guard = $1" "$2" "$ports"
    expect_equal "what the record says" "$1" "$(result '.vtmh.migrations[0].guard')"
}

step "the stream comes through the nodes' relays, unless QEMU's own port is asked for"
open_ports relay 0
open_ports none 1
nothing_left

# But for the logs that libvirt keeps of domains.
for host in host1 host2; do
    expect_equal "leaks on $host" "" "$(leaks_on "$host" | grep -v '/var/log/libvirt/qemu/vtmh-' || true)"
done
