#!/bin/bash
# What a job finds out is on the controller's disk while it runs: a vtmh that is killed loses at most the
# last second, and its nodes are none the worse for it.
set -euo pipefail
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

legs_in_records() {
    jq -r 'select(.record == "leg") | .leg' "$job/records.ndjson" | sort -n
}

# The last leg that was under way at that time, as Unix time, by what was told at once.
leg_at() {
    jq -r --argjson at "$1" 'select(.event == "progress" and
        (.time | sub("\\.[0-9]+Z$"; "Z") | fromdate) < $at) | .leg' "$job/events.ndjson" | sort -n | tail -n 1
}

results=$work/results
cat >"$work/soak.cfg" <<EOF
type = migration_multi_host_ping_pong
guest = tick
mem = 32
dirty_mem = 2
migrate_count = 10000
EOF

nodes() {
    pgrep -f "^$VTMH_BUILD/vtmh-node serve" | sort
}
others=$(nodes || true)

step "a vtmh that is killed loses at most the last second"
"$VTMH_BUILD/vtmh" run -r "$results" -m local:a,local:b "$work/soak.cfg" >"$work/stdout" 2>&1 &
vtmh=$!
job=$results/latest
deadline=$((SECONDS + 60))
until [[ -s $job/records.ndjson ]] && (($(legs_in_records | wc -l) >= 20)); do
    ((SECONDS < deadline)) || fail "there are not 20 legs after 60 s" "$(tail -n 3 "$work/stdout")"
    sleep 0.2
done
# On a fast machine these are over before there is a last second to lose.
until (($(leg_at $(($(date +%s) - 3)) || echo 0) >= 5)); do
    ((SECONDS < deadline)) || fail "there are no 5 legs before the last seconds" "$(tail -n 3 "$work/stdout")"
    sleep 0.2
done
kill -9 "$vtmh"
killed=$(date +%s)
wait "$vtmh" 2>/dev/null || true

# Whole seconds on both sides: what was under way two of them before must be there.
before=$(leg_at $((killed - 2)))
expect_equal "legs in records.ndjson" "$(seq 1 $((before - 1)))" "$(legs_in_records | head -n $((before - 1)))"
expect_equal "lines that do not parse" 0 "$(jq -c . "$job/records.ndjson" 2>&1 >/dev/null | wc -l)"

step "what is in job.db is what is in records.ndjson"
expect_equal "integrity of job.db" ok "$(sqlite3 "$job/job.db" 'pragma integrity_check')"
in_db=$(sqlite3 "$job/job.db" 'select max(leg) from legs')
((in_db >= before - 1)) || fail "job.db ends at leg $in_db" "leg $((before - 1)) was over a second before"

step "its nodes end by themselves when nobody is there"
left() {
    comm -13 <(printf '%s\n' "$others") <(nodes || true)
}
for ((i = 0; i < 100; i++)); do
    [[ -n $(left) ]] || break
    sleep 1
done
expect_equal "nodes" "" "$(left)"
