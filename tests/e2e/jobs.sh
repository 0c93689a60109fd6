# Running jobs and looking at what they said and left. Sourced behind lib.sh.
# shellcheck shell=bash

library=$VTMH_SOURCE/cfg/library/migrate.cfg
results=$work/results

# run_vtmh ARGS…: in the lab's controller. Scripts that need no lab have their own.
run_vtmh() {
    lab exec "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

# job ARGS…: runs vtmh to its end; sets status, out, err, and job, the folder of the results.
job() {
    status=0
    run_vtmh "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    job_read
}

job_read() {
    out=$(cat "$work/stdout")
    err=$(cat "$work/stderr")
    job=$results/latest
}

# job_begin ARGS…: starts vtmh and goes on; job_end waits for it. In between await_event waits for what
# the job does.
job_begin() {
    rm -f "$results/latest"
    run_vtmh "$@" >"$work/stdout" 2>"$work/stderr" </dev/null &
    job_pid=$!
    job=$results/latest
}

job_end() {
    status=0
    wait "$job_pid" || status=$?
    job_read
}

# await_event REGULAR-EXPRESSION: until a line of events.ndjson matches, 60 s at most.
await_event() {
    # shellcheck disable=SC2016
    timeout 60 bash -c 'until [ -e "$0/events.ndjson" ]; do sleep 0.05; done
        tail -n +1 -F "$0/events.ndjson" 2>/dev/null | grep -m 1 -E "$1" >/dev/null' "$job" "$1" ||
        fail "no event like /$1/ within 60 s" "$(tail -n 3 "$job/events.ndjson")"
}

# While a leg's stream flows.
await_migrating() {
    await_event '"phase":"migrating".*"remaining_bytes":[1-9]'
}

# The pid of vtmh itself, as this machine counts them.
vtmh_pid() {
    pgrep -f "^$VTMH_BUILD/vtmh run -r $results" | tail -n 1
}

# job_result JQ-EXPRESSION: of results.json as a whole.
job_result() {
    jq -r "$1" "$job/results.json"
}

# result JQ-EXPRESSION: of the first test in results.json.
result() {
    jq -r ".tests[0] | $1" "$job/results.json"
}

# hypervisors_in JOB: how many hypervisors its tests have started, by their command lines in results.json.
hypervisors_in() {
    jq '[.tests[].vtmh.platform[].hosts[].command_lines // {} | length] | add // 0' "$1/results.json"
}

# expect_match WHAT REGULAR-EXPRESSION TEXT
expect_match() {
    [[ $3 =~ $2 ]] || fail "$1" "expected to match: $2" "              got: $3"
}

# expect_verdict STATUS FAIL_HOST CAUSE-REGULAR-EXPRESSION: in results.json, and on the screen.
expect_verdict() {
    expect_equal "the test's status" "$1" "$(result .status)"
    expect_equal "fail_host" "$2" "$(result .vtmh.fail_host)"
    expect_match "fail_cause" "$3" "$(result .vtmh.fail_cause)"
    expect_match "the screen" "$3" "$out$err"
}

expect_survivor() {
    expect_equal "the guest's survivor" "$1" "$(result '.vtmh.migrations[0].survivor')"
}

# expect_measured STATUS: the first leg has this one, and what was measured of it until it ended.
expect_measured() {
    expect_equal "status of the leg" "$1" "$(result '.vtmh.migrations[0].status')"
    expect_equal "figures of a leg that was not completed" "true true true true true" \
        "$(result '.vtmh.migrations[0] | [.dirty_syncs > 0, .transferred_bytes > 0, .total_ms > 0,
            .remaining_bytes > 0, .bytes_per_s > 0] | map(tostring) | join(" ")')"
    expect_equal "figures that there are none of" "null null null" \
        "$(result '.vtmh.migrations[0] | [.downtime_ms, .cycle_ms, .guest_gap_ms] | map(tostring) | join(" ")')"
}

# When the first failure was told, as events.ndjson has it.
first_failing() {
    jq -r 'select(.event == "test_failing") | .time' "$job/events.ndjson" | head -n 1
}

# known_after_ms HOST: how long after the first failure this host had failed itself, or was told, by job.log.
known_after_ms() {
    local known failing
    known=$(awk -v host="$1" '$3 == host && ($2 == "ERROR" || /: aborted: /) { print $1; exit }' "$job/job.log")
    failing=$(first_failing)
    [[ -n $known && -n $failing ]] || fail "$1 was not told" "failing: $failing" "$(grep ': aborted: ' "$job/job.log")"
    echo $((($(date -d "$known" +%s%N) - $(date -d "$failing" +%s%N)) / 1000000))
}

# expect_known_at_once HOST…: to each of them within a second.
expect_known_at_once() {
    local host ms
    for host in "$@"; do
        ms=$(known_after_ms "$host")
        ((ms < 1000)) || fail "$host was told $ms ms after the failure"
    done
}

# How long after the first failure another host was told of it: under a second.
expect_told_at_once() {
    local told
    told=$(awk '/: aborted: /{ print $3; exit }' "$job/job.log")
    [[ -n $told ]] || fail "nobody was told" "failing: $(first_failing)"
    expect_known_at_once "$told"
}
