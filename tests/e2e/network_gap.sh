#!/usr/bin/env bash
# For how long a guest is not heard on the network while it moves: as others on its segment see it.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"

need_guest jeos
lab_begin 3
on host1 test -w /dev/net/tun || skip "there is no /dev/net/tun here that can be opened"

cat >"$work/gap.cfg" <<END
type = migration_multi_host
guest = jeos
mem = 192
dirty_mem = 8
nettype = bridge
netdst = br0
ip = 10.77.0.150/24
network_gap = yes
END

# leg JQ-EXPRESSION: of the only leg.
leg() {
    result ".vtmh.migrations[0] | $1"
}

step "a guest that asks and is asked is heard again soon, in both directions, and is announced"
job -m host1,host2 -p network_gap=both "$work/gap.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "what was measured" "true true true true" \
    "$(leg '[.network_gap_in_ms > 0, .network_gap_out_ms > 0, .network_baseline_ms > 0,
        .network_gap_ms == ([.network_gap_in_ms, .network_gap_out_ms] | max)] | map(tostring) | join(" ")')"
expect_match "where the gap lay" '^(setup|switchover|after)$' "$(leg .network_gap_at)"
expect_equal "who asked" host2 "$(leg .network_observer)"
[[ $(leg '.network_announced') -gt 0 ]] || fail "no RARP was seen" "$(leg tostring)"
no_leaks host1 host2

step "without announcements a silent guest is away for a second and more, by the destination's and by others' sight"
for hosts in host1,host2 host1,host2,host3; do
    job -m "$hosts" --tuple all -p network_gap=silent -p announce_rounds=0 -p kernel_params=ipv6.disable=1 \
        -p limit_network_gap=900ms "$work/gap.cfg"
    expect_equal "status" FAIL "$(result .status)"
    expect_match "reason" "gap on the network .*, limit 900 ms \(limit_network_gap\)|runs on host2, but ${hosts##*,} does not hear it" \
        "$(result .fail_reason)"
    expect_equal "who asked, and what was not" "${hosts##*,} 0 null" \
        "$(leg '[.network_observer, .network_announced, .network_gap_out_ms] | map(tostring) | join(" ")')"
    [[ $(leg '.network_gap_in_ms >= 1000') == true ]] ||
        fail "it was not away" "$(leg tostring)"
    no_leaks host1 host2 host3
done

step "with announcements the same guest is not"
job -m host1,host2,host3 --tuple all -p network_gap=silent -p kernel_params=ipv6.disable=1 -p limit_network_gap=900ms \
    "$work/gap.cfg"
expect_equal "exit status" 0 "$status"
[[ $(leg '.network_gap_in_ms <= 900 and .network_announced > 0') == true ]] || fail "it was away" "$(leg tostring)"
no_leaks host1 host2 host3

step "who asks may be the controller, or a host that has no part in the test"
for client in controller host3; do
    job -m host1,host2 -p network_gap=both -p "client=$client" "$work/gap.cfg"
    expect_equal "exit status" 0 "$status"
    expect_equal "who asked, and what was measured" "$client true true true" \
        "$(leg '[.network_observer, .network_gap_in_ms > 0, .network_gap_out_ms > 0, .network_announced > 0] |
            map(tostring) | join(" ")')"
    no_leaks host1 host2 host3
done
job -m host1,host2 -p network_gap=silent -p client=controller -p announce_rounds=0 -p kernel_params=ipv6.disable=1 \
    -p limit_network_gap=900ms "$work/gap.cfg"
expect_equal "status" FAIL "$(result .status)"
expect_match "reason" "limit 900 ms \(limit_network_gap\)|but controller does not hear it" "$(result .fail_reason)"
expect_equal "who asked" controller "$(leg .network_observer)"

step "one that cannot be had is told before anything boots"
job -m host1,host2 -p client=host9 "$work/gap.cfg"
expect_equal "status" ERROR "$(result .status)"
expect_match "reason" 'client = host9 cannot be used: host9: ' "$(result .fail_reason)"

step "what has no card on the hosts' network is SKIP"
job -m host1,host2 -p nettype=user "$work/gap.cfg"
expect_equal "status" SKIP "$(result .status)"
expect_match "reason" 'network_gap is not supported: vm1 has no card on a bridge' "$(result .fail_reason)"
