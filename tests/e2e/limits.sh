#!/usr/bin/env bash
# Limits on what legs measured: a breach fails with figure and limit, what was not measured cannot be judged.
# Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

declare -A figures=(
    [limit_downtime]="downtime"
    [limit_total]="total time"
    [limit_setup]="setup"
    [limit_stop_to_resume]="stop to resume"
    [limit_guest_gap]="gap of the guest"
)
# 0 is less than any leg needs.
cat >"$work/limits.cfg" <<'END'
type = migration_multi_host_ping_pong
guest = tick
mem = 32
dirty_mem = 4
migrate_count = 2
END

expect_breach() {
    expect_equal "the test's status" FAIL "$(result .status)"
    expect_match "fail_cause" "$1" "$(result .vtmh.fail_cause)"
}

step "a leg above its limit fails, with figure and limit"
for limit in "${!figures[@]}"; do
    job -m local:a,local:b -p "$limit=0" "$work/limits.cfg"
    expect_equal "exit status of $limit" 1 "$status"
    expect_breach "^leg 1 of vm1: ${figures[$limit]} [0-9.,]+ ms, limit 0 ms \($limit\)$"
    job -m local:a,local:b -p "${limit}_p95=0" "$work/limits.cfg"
    expect_equal "exit status of ${limit}_p95" 1 "$status"
    expect_breach \
        "^vm1: 95th percentile of ${figures[$limit]} [0-9.,]+ ms, limit 0 ms \(${limit}_p95\)$"
done

step "legs within all limits pass"
all=()
for limit in "${!figures[@]}"; do all+=(-p "$limit=1h" -p "${limit}_p95=1h"); done
job -m local:a,local:b "${all[@]}" "$work/limits.cfg"
expect_equal "exit status" 0 "$status"

step "a limit on what was not measured cannot be judged, with the reason"
for limit in limit_downtime limit_stop_to_resume limit_guest_gap_p95; do
    job -m local:a,local:b -p mig_offline=yes -p "$limit=1h" "$work/limits.cfg"
    expect_equal "exit status of $limit" 1 "$status"
    expect_verdict ERROR null "$limit cannot be judged in leg 1 of vm1: the guest is stopped during the move"
done
