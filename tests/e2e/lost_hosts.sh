#!/usr/bin/env bash
# Hosts that are not there, die, or cannot be heard: each is named with its cause as soon as that is known,
# the guest goes on where it could, and nothing is left behind.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_begin 2

nobody=10.77.0.99 # an address of the lab's network that no host has
quick=(--only quick..tick..offline)
# A move that takes long enough to be broken and never ends by itself; and one that takes some seconds.
slow=(-m host1,host2 --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1)
seconds=("${slow[@]}" -p mig_speed=2 -p dirty_rate=0 -p min_dirty_syncs=0)

# await_stderr SECONDS REGULAR-EXPRESSION: until the running job says so.
await_stderr() {
    expect_within "$1" grep -E "$2" "$work/stderr"
}

statuses() {
    jq -r '[.tests[].status] | join(" ")' "$job/results.json"
}

step "a host that is not there is told while another has not come up yet"
lab freeze host1
job_begin -m "host1,$nobody" "${quick[@]}" "$library"
await_stderr 10 "^$nobody: .*No route to host"
kill -0 "$job_pid" || fail "the job did not wait for the other host"
lab thaw host1
job_end
expect_equal "exit status" 2 "$status"
expect_equal "how often it is told" 1 "$(grep -c "$nobody: cannot connect to $nobody:22: No route to host" "$work/stderr")"
expect_match stdout "$nobody: cannot connect to $nobody:22: No route to host" "$out"
expect_equal "the tests" CANCEL "$(statuses)"
no_leaks host1

step "a host whose power is cut in mid-migration"
job_begin "${slow[@]}" "$library"
await_migrating
lab kill host2
job_end
expect_equal "exit status" 3 "$status"
expect_verdict ERROR host2 'lost'
expect_survivor source
expect_match "what is the job's trouble" "host2: could not clean up .*vtmh cleanup -m host2" \
    "$(jq -r .vtmh.trouble "$job/results.json")"
lab revive host2
no_leaks host1 host2

step "a host that is heard again within the wait goes on with the next test"
job_begin "${seconds[@]}" --repeat 2 "$library"
await_migrating
lab cut controller host2
await_stderr 20 'waiting for host2'
lab heal
job_end
expect_equal "exit status" 1 "$status"
expect_equal "the tests" "ERROR PASS" "$(statuses)"
expect_match "the first test's cause" lost "$(result .vtmh.fail_cause)"
no_leaks host1 host2

step "Ctrl-C while a lost host is waited for"
job_begin "${slow[@]}" --repeat 3 "$library"
await_migrating
lab cut controller host2
await_stderr 20 'waiting for host2'
kill -INT "$(vtmh_pid)"
await_stderr 1 'CANCEL.*the job was interrupted'
lab heal
job_end
expect_equal "exit status" 9 "$status"
expect_equal "the tests" "ERROR CANCEL CANCEL" "$(statuses)"
no_leaks host1 host2

step "a host that does not come back: its tests are cancelled, and its node cleans up by itself"
job_begin "${slow[@]}" --repeat 3 "$library"
await_migrating
lab cut controller host2
job_end
expect_equal "exit status" 3 "$status"
expect_equal "the tests" "ERROR CANCEL CANCEL" "$(statuses)"
expect_match "the cause of the last" 'host2 was lost and has not come back' \
    "$(jq -r '.tests[2].vtmh.fail_cause' "$job/results.json")"
expect_equal "fail_host of the last" host2 "$(jq -r '.tests[2].vtmh.fail_host' "$job/results.json")"
no_leaks host1 host2
lab heal
