#!/usr/bin/env bash
# The controller's clock is set, back and forth by an hour, all the time: no duration and no limit knows of it.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

shim=$(find "$VTMH_BUILD/tests/e2e" -name 'libset_clock.so')
[[ -n $shim ]] || fail "libset_clock.so is not built"
! has_sanitizer || skip "the sanitizers have clock functions of their own"

run_vtmh() {
    env LD_PRELOAD="$shim" SET_CLOCK_MS=70 "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

# timed_job ARGS…: a job, and how many seconds it took (rounded up), as `took`.
timed_job() {
    local began_us=${EPOCHREALTIME/./}
    job "$@"
    took=$(((${EPOCHREALTIME/./} - began_us) / 1000000 + 1))
}

step "the clock does jump"
expect_equal "lines of job.log that are older than the one before by an hour" true \
    "$(job -m local:a,local:b --only quick..tick..ping_pong -p migrate_count=10 --job-timeout 120 "$library" >/dev/null
        jq -s '[.[].time | .[0:13]] | unique | length > 1' "$results/latest/events.ndjson")"

step "durations are those that were"
timed_job -m local:a,local:b --only quick..tick..ping_pong -p migrate_count=10 --job-timeout 120 "$library"
expect_equal "exit status" 0 "$status"
expect_equal "legs" 10 "$(result '.vtmh.migrations | length')"
expect_equal "how long the test took" true "$(result ".time_elapsed > 0.5 and .time_elapsed <= $took")"
expect_equal "its end" true "$(result '((.time_end - .time_start - .time_elapsed) | fabs) < 0.01')"
expect_equal "how long the job took" true "$(results ".vtmh.elapsed_s > 0.5 and .vtmh.elapsed_s <= $took")"
expect_equal "its end" true "$(results '((.vtmh.end - .vtmh.start - .vtmh.elapsed_s) | fabs) < 0.01')"
expect_equal "figures of the legs that cannot be" "" "$(result ".vtmh.migrations[] | to_entries[] |
    select((.key | endswith(\"_ms\")) and (.value | type) == \"number\" and (.value < 0 or .value > $took * 1000)) |
    \"\(.key) \(.value)\"")"
expect_match "the time on the screen" "PASS +[0-9.]+ s" "$out"

step "a limit is over when its time is, and not before"
timed_job -m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1 -p test_timeout=5 "$library"
expect_equal "exit status" 1 "$status"
expect_match "why" 'test_timeout|within 5 s|5 s' "$(result .vtmh.fail_cause)"
((took >= 5 && took <= 15)) || fail "a test of at most 5 s took $took s"
