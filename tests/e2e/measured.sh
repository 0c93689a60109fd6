#!/usr/bin/env bash
# What a leg's record says of what was measured: real guests over local hosts. Neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/base.cfg" <<'END'
type = migration_multi_host_ping_pong
guest = tick
mem = 64
dirty_mem = 8
dirty_rate = 20
mig_speed = 100
migrate_count = 3
enable_kvm = no
END
hosts=(-m local:a,local:b)

# each JQ-EXPRESSION: of every leg, as a JSON array.
each() {
    jq -c "[.tests[0].vtmh.migrations[] | $1]" "$job/results.json"
}

step "a leg has its downtime by parts, the guest's gaps, and what its processes used"
job "${hosts[@]}" "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "the parts add up" "[true,true,true]" \
    "$(each '(.downtime_parts | add) - .stop_to_resume_ms | fabs < 0.01')"
expect_equal "the longest gap is the longest" "[true,true,true]" \
    "$(each '.guest_gap_ms == ([.guest_gap_source_ms, .switchover_gap_ms] | max)')"
expect_equal "both ends' hypervisors and nodes" "[true,true,true]" \
    "$(each '[.usage[] | .hypervisor, .node | .cpu_ms > 0, .peak_rss_bytes > 1000000] | all')"
expect_equal "there is no relay" "[true,true,true]" "$(each '.usage | .source.relay == null and .destination.relay == null')"

step "of what goes through relays these are told, too"
job "${hosts[@]}" -p mig_protocol=exec -p migrate_count=1 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "both ends' relays" "[true]" "$(each '[.usage[].relay | .cpu_ms > 0, .peak_rss_bytes > 1000000] | all')"

step "the source's table has a row for each look"
job "${hosts[@]}" "$work/base.cfg"
for host in a b; do
    table=$(echo "$job"/test-results/1-*/$host/vm1.series.csv)
    expect_equal "head of the table of $host" leg,attempt,time_ms,iteration "$(head -n 1 "$table" | cut -d , -f 1-4)"
    expect_equal "rows of the table of $host" \
        "$(jq "[.tests[0].vtmh.migrations[] | select(.source == \"$host\").iterations] | add" "$job/results.json")" \
        "$(($(wc -l <"$table") - 1))"
done
expect_equal "passes of leg 2 in the table" "$(jq '.tests[0].vtmh.migrations[1].dirty_syncs' "$job/results.json")" \
    "$(awk -F , '$1 == 2 {last = $4} END {print last}' "$job"/test-results/1-*/b/vm1.series.csv)"

step "a setup that freezes the guest is in its gap, and in no downtime"
job "${hosts[@]}" -p mem=512 -p dirty_mem=64 -p dirty_rate=200 -p migrate_count=1 -p mig_speed=0 -p mig_timeout=600 \
    "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "setup is long, and in the gap" "[true]" \
    "$(each '.setup_ms > 100 and .guest_gap_source_ms > .setup_ms * 0.7 and .guest_gap_ms >= .guest_gap_source_ms')"

step "the next destination is started ahead, of each VM"
job "${hosts[@]}" -p prepare_ahead=yes -p "vms=vm1 vm2" "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "what was prepared" "[false,false,true,true,true,true]" "$(each .prepared)"
expect_equal "what was left behind" 0 "$(results '.tests[0].vtmh.leaks | length')"

step "where the next destination is not known a note says so"
job "${hosts[@]}" -p prepare_ahead=yes -p type=migration_multi_host -p migrate_count=1 "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_match "the notes" 'prepare_ahead has no effect on vm1' "$(results '.tests[0].vtmh.notes | join(" ")')"
