# Checks of what a job said and left. Sourced by local.sh and jobs.sh, which say how vtmh is run
# (run_vtmh) and what is cleaned up at the end (clean_up); needs VTMH_BUILD and VTMH_SOURCE.
# shellcheck shell=bash

library=$VTMH_SOURCE/cfg/library/migrate.cfg
work=$(mktemp -d "${TMPDIR:-/tmp}/vtmh-e2e.XXXXXX")
results=$work/results
failures=0
checks=0
case_name=

# Says that something is not as it should be; the script goes on and fails at the end.
wrong() {
    printf '    WRONG (%s): %s\n' "$case_name" "$*" >&2
    failures=$((failures + 1))
}

begin() {
    case_name=$1
    printf '  %s\n' "$1"
}

# expect WHAT ACTUAL WANTED
expect() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || wrong "$1 is '$2', wanted '$3'"
}

# expect_match WHAT TEXT REGULAR-EXPRESSION
expect_match() {
    checks=$((checks + 1))
    [[ $2 =~ $3 ]] || wrong "$1 does not match /$3/: $2"
}

# job ARGS…: runs vtmh to its end; sets status, out, err, job (the folder of the results).
job() {
    status=0
    run_vtmh "$@" > "$work/out" 2> "$work/err" < /dev/null ||
        status=$?
    out=$(cat "$work/out")
    err=$(cat "$work/err")
    job=$results/latest
}

# job_begin ARGS…: starts vtmh and goes on; job_end waits for it. In between, await_event waits until
# events.ndjson has a line with the text.
job_begin() {
    rm -f "$results/latest"
    run_vtmh "$@" > "$work/out" 2> "$work/err" < /dev/null &
    job_pid=$!
    job=$results/latest
}

job_end() {
    status=0
    wait "$job_pid" || status=$?
    out=$(cat "$work/out")
    err=$(cat "$work/err")
}

# await_event REGULAR-EXPRESSION: until a line of events.ndjson matches, 30 s at most.
await_event() {
    if ! timeout 30 bash -c 'until [ -e "$0/events.ndjson" ]; do sleep 0.05; done
        tail -n +1 -F "$0/events.ndjson" 2> /dev/null | grep -m 1 -E "$1" > /dev/null' "$job" "$1"; then
        wrong "no event like /$1/ within 30 s"
    fi
}

# The pid of vtmh itself (in the controller's namespaces the lab's exec is its parent).
vtmh_pid() {
    pgrep -f "^$VTMH_BUILD/vtmh run -r $results" | tail -n 1
}

# result JQ-EXPRESSION: of the job's results.json, of its first test.
result() {
    jq -r ".tests[0] | $1" "$job/results.json"
}

expect_test() { # STATUS FAIL_HOST CAUSE-REGULAR-EXPRESSION
    expect "the test's status" "$(result .status)" "$1"
    expect "fail_host" "$(result .vtmh.fail_host)" "$2"
    expect_match "fail_cause" "$(result .vtmh.fail_cause)" "$3"
    expect_match "the screen" "$out$err" "$3"
}

# How long after the first failure the other host was told, from job.log: under a second.
expect_told_at_once() {
    local told
    checks=$((checks + 1))
    told=$(awk '/: aborted: /{print $1; exit}' "$job/job.log")
    local failing
    failing=$(jq -r 'select(.event == "test_failing") | .time' "$job/events.ndjson" | head -n 1)
    if [ -z "$told" ] || [ -z "$failing" ]; then
        wrong "nobody was told of the failure (failing '$failing', told '$told')"
        return
    fi
    local ms
    ms=$((($(date -d "$told" +%s%N) - $(date -d "$failing" +%s%N)) / 1000000))
    [ "$ms" -lt 1000 ] || wrong "the other host was told $ms ms after the failure"
}

finish() {
    clean_up
    if [ $failures -gt 0 ]; then
        echo "$failures of $checks checks failed; what the jobs left is in $work" >&2
        exit 1
    fi
    rm -rf "$work"
    echo "$checks checks passed"
}
