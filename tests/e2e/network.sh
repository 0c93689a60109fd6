#!/usr/bin/env bash
# A guest that is on the hosts' own network, by a tap on a bridge of each: who is logged in to it stays so when it moves.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"

guests=${XDG_CACHE_HOME:-$HOME/.cache}/vtmh/guests
need_guest jeos
lab_begin 2
on host1 test -w /dev/net/tun || skip "there is no /dev/net/tun here that can be opened"

address=10.77.0.150
cat >"$work/tap.cfg" <<END
type = migration_multi_host_ping_pong
guest = jeos
mem = 192
dirty_mem = 8
migrate_count = 2
nettype = bridge
netdst = br0
ip = $address/24
END
hosts=(-m host1,host2)

# login CMD: in the guest, from the controller.
login() {
    lab exec ssh -i "$guests/jeos/id_ed25519" -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=2 \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "root@$address" "$@"
}

step "a session over the bridge survives both moves, with no line lost or twice"
job_begin "${hosts[@]}" -p dirty_rounds=3 -p dirty_rate=8 "$work/tap.cfg"
await_event '"phase":"working"'
login 'i=0; while :; do echo $i; i=$((i + 1)); usleep 50000; done' >"$work/counted" 2>"$work/login" &
session=$!
job_end
expect_equal "exit status" 0 "$status"
kill "$session" 2>/dev/null || true # its guest has gone without a word
wait "$session" 2>/dev/null || true
expect_equal "lines in their order" "" "$(awk '$1 != NR - 1 { print NR ": " $0; exit }' "$work/counted")"
(($(wc -l <"$work/counted") > 20)) || fail "the session said little" "$(tail -n 3 "$work/counted" "$work/login")"
expect_equal "the memory" "clean clean" "$(job_result '[.tests[0].vtmh.migrations[].memory_check] | join(" ")')"
expect_match "QEMU's tap" 'tap,id=net0,fd=64' "$(cat "$job"/test-results/1-*/debug.log)"
no_leaks host1 host2

step "without an address that is given it is seen on the bridge, and known on the destination, too"
job "${hosts[@]}" -p "ip=" -p "kernel_params=vtmh.ip=$address/24" -p migrate_count=1 "$work/tap.cfg"
expect_equal "exit status" 0 "$status"
expect_match "what was seen" "nic1 uses the address $address" "$(cat "$job"/test-results/1-*/debug.log)"
no_leaks host1 host2

step "several cards, one on the bridge, one on the user network, with queues"
job "${hosts[@]}" -p "nics=nic1 nic2" -p nettype_nic2=user -p queues_nic1=2 -p smp=2 -p migrate_count=1 "$work/tap.cfg"
expect_equal "exit status" 0 "$status"
no_leaks host1 host2

step "what cannot be is told before anything boots, with host and card"
job "${hosts[@]}" -p netdst_host2=br9 "$work/tap.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR host2 'host2: nic1 of vm1: netdst = br9: there is no bridge br9'
expect_equal "legs" 0 "$(result '.vtmh.migrations | length')"
if [[ ! -e /dev/vhost-net ]]; then
    job "${hosts[@]}" -p vhost=yes "$work/tap.cfg"
    expect_equal "status" SKIP "$(result .status)"
    expect_match "reason" 'nic1 of vm1: vhost is not supported: cannot open /dev/vhost-net' "$(result .fail_reason)"
fi

step "a card with the MAC address of another station of the segment is refused before anything boots"
mac=$(lab exec ip -brief link show eth0 | awk '{ print $3 }')
job "${hosts[@]}" -p "mac=$mac" "$work/tap.cfg"
expect_equal "exit status" 1 "$status"
expect_equal "status" ERROR "$(result .status)"
expect_match "reason" "host[12]: nic1 of vm1: mac = $mac: the segment of the bridge br0 has a station with this MAC address" \
    "$(result .fail_reason)"
expect_equal "legs" 0 "$(result '.vtmh.migrations | length')"

step "a VM that lives on behind its test is no stranger to the next one, nor is what a bridge remembers of it"
cat >"$work/kept.cfg" <<END
include $work/tap.cfg
migrate_count = 1
keep_vms_after_test = yes
variants:
    - one:
    - two:
    - three:
        kill_vm_before_test = yes
END
job "${hosts[@]}" "$work/kept.cfg"
expect_equal "exit status" 0 "$status"
expect_match "the second" 'goes on with vm1 of an earlier test on host[12]' "$(job_result '.tests[1].vtmh.notes | join(" ")')"
expect_match "the third" 'is ended: the test wants a new one' "$(job_result '.tests[2].vtmh.notes | join(" ")')"
no_leaks host1 host2

step "a node that is killed leaves no tap"
job_begin "${hosts[@]}" -p migrate_count=50 "$work/tap.cfg"
await_migrating
on host1 kill -KILL "$(pids_on host1 vtmh-node | head -n 1)"
job_end
run "$VTMH_BUILD/vtmh" cleanup -m host1,host2
no_leaks host1 host2
