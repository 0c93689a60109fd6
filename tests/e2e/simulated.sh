#!/usr/bin/env bash
# What a job does with very many legs: guests, transport and hypervisor are those of tests/sim, all else
# is the product's. Neither a lab nor root. LEGS=N for another number, which 8 divides.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$VTMH_SOURCE/tests/e2e/jobs.sh"

legs=${LEGS:-20000}
vms=8
((legs % vms == 0)) || fail "LEGS=$legs is not divided by $vms"

export VTMH_EXEC_PATH=$VTMH_BUILD/tests/sim XDG_CACHE_HOME=$work/cache
[[ -x $VTMH_EXEC_PATH/vtmh-node ]] || fail "there is no $VTMH_EXEC_PATH/vtmh-node"
mkdir -p "$work/cache/vtmh/guests/tick"
echo 0 | tee "$work/cache/vtmh/guests/tick/VERSION" >"$work/cache/vtmh/guests/tick/tick.rom"

run_vtmh() {
    "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

# select SQL: one figure of job.db.
select_one() {
    sqlite3 "$job/job.db" "select $1"
}

cat >"$work/many.cfg" <<EOF
type = migration_multi_host_ping_pong
vms = $(seq -s ' ' -f 'vm%g' $vms)
guest = tick
mem = 32
dirty_mem = 1
migrate_count = $((legs / vms))
EOF

step "$legs legs end PASS"
job -q -m local:a,local:b --metrics "$work/vtmh.prom" "$work/many.cfg"
expect_equal "exit status" 0 "$status"
expect_contains "verdict" "PASS 1-many" "$out"
expect_equal "legs in results.json" "$legs" "$(jq -r '.tests[0].vtmh.legs_total' "$job/results.json")"

step "each of them is in job.db and in records.ndjson, once"
expect_equal "legs" "$legs" "$(select_one "count(*) from legs")"
expect_equal "different legs" "$legs" "$(select_one "count(*) from (select distinct vm, leg from legs)")"
expect_equal "legs that completed" "$legs" "$(select_one "count(*) from legs where status = 'completed'")"
expect_equal "legs in records.ndjson" "$legs" "$(jq -c 'select(.record == "leg") | [.vm, .leg]' \
    "$job/records.ndjson" | sort -u | wc -l)"

step "results.json holds the first and the last of them, and stays small"
bytes=$(stat -c %s "$job/results.json")
((bytes < 5000000)) || fail "results.json has $bytes bytes"

step "the metrics count the same"
expect_equal "vtmh_legs_total" "$legs" \
    "$(awk '/^vtmh_legs_total{end="completed"/ {n += $NF} END {print n}' "$work/vtmh.prom")"
expect_equal "vtmh_leg_downtime_seconds_count" "$legs" \
    "$(awk '/^vtmh_leg_downtime_seconds_count/ {print $NF}' "$work/vtmh.prom")"
