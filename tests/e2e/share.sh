#!/usr/bin/env bash
# Jobs side by side on the same hosts: they run, unless they would use the same ports or folder or one wants
# to be alone; then the second is refused before anything is booted, and told whom to ask.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_begin 2

hosts=(-m host1,host2)
# Long enough that another job comes meanwhile; ended by end_first.
slow=("${hosts[@]}" --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1)
quick=("${hosts[@]}" --only quick..tick..offline)

# second ARGS…: another job beside the one that job_begin has started; sets status, second, and said.
second() {
    status=0
    results=$work/second run_vtmh "$@" >"$work/second.out" 2>&1 </dev/null || status=$?
    second=$work/second/latest
    said=$(cat "$work/second.out")
}

first_id() {
    cut -c 1-7 "$job/id"
}

# expect_refused HOST REGULAR-EXPRESSION: the second job was, by that host, naming the first one.
expect_refused() {
    local cause
    expect_equal "exit status" 2 "$status"
    cause=$(jq -r '.tests[0].vtmh | .fail_host + ": " + .fail_cause' "$second/results.json")
    expect_match "why" "^$1: $2" "$cause"
    expect_match "whom it names" \
        "job $(first_id) of [a-z]+@[^ ]+ \(its vtmh is process [0-9]+ there, its node process [0-9]+ of root here\)" "$cause"
    expect_match "what to do" 'wait until (it|the other) ends, or (set another mig_|take another host)' "$cause"
    expect_contains "the screen" "$cause" "$said"
    expect_equal "status of its test" CANCEL "$(jq -r '.tests[0].status' "$second/results.json")"
    expect_equal "hypervisors that it has started" 0 "$(hypervisors_in "$second")"
}

end_first() {
    kill -INT "$(vtmh_pid)"
    job_end
    expect_equal "exit status of the first job" 8 "$((status & 8))"
}

# Its vtmh and its nodes at once, as when the power goes.
kill_first() {
    local host
    kill -9 "$(vtmh_pid)"
    for host in host1 host2; do
        # shellcheck disable=SC2046
        on "$host" kill -9 $(pids_on "$host" '^vtmh-node$')
    done
    wait "$job_pid" || true
}

begin_first() {
    job_begin "$@"
    await_event '"phase":"booting"'
}

step "two jobs at once on the same hosts"
begin_first "${slow[@]}" -p mig_port=20100-20110 "$library"
second "${quick[@]}" -p mig_port=20111-20120 "$library"
expect_equal "exit status of the second job" 0 "$status"

step "the same ports"
second "${quick[@]}" -p mig_port=20105 "$library"
expect_refused 'host[12]' 'ports 20100-20110 are taken by .*, and this job has mig_port = 20105'

step "the same ports on one host only"
second "${quick[@]}" -p mig_port_host2=20110-20200 "$library"
expect_refused host2 'ports 20100-20110 are taken by .*, and this job has mig_port = 20110-20200'

step "vtmh cleanup does not take from a job what it has"
expect_status 0 lab exec "$VTMH_BUILD/vtmh" cleanup "${hosts[@]}"
second "${quick[@]}" -p mig_port=20105 "$library"
expect_refused 'host[12]' 'ports 20100-20110 are taken by '

step "a job that wants to be alone does not begin beside another"
second --share no "${quick[@]}" "$library"
expect_refused 'host[12]' 'job .* is on this host, and --share no '

step "the first job is not disturbed by any of them"
expect_lacks "its log" "refused" "$(cat "$job/job.log")"
end_first
no_leaks host1 host2

step "no other job begins beside one that is alone"
begin_first --share no "${slow[@]}" "$library"
second "${quick[@]}" "$library"
expect_refused 'host[12]' 'job .* has this host for itself \(--share no\)'
end_first
no_leaks host1 host2

step "the same folder, by another name"
on host1 sh -c 'mkdir /tmp/streams && ln -s streams /tmp/link'
begin_first "${slow[@]}" -p mig_file_dir=/tmp/streams "$library"
second "${quick[@]}" -p mig_file_dir_host1=/tmp/link/below "$library"
expect_refused host1 'the folder /tmp/streams is taken by .*, and this job has mig_file_dir = /tmp/streams/below'
on host1 rm -r /tmp/link /tmp/streams

step "what killed nodes had is taken over at once"
lock=$(on host1 find /run/lock -name 'vtmh-claims-*')
[[ -n $lock ]] || fail "no claims on host1"
kill_first
on host1 test -e "$lock" || fail "a killed node has removed its claims"
second "${quick[@]}" -p mig_file_dir=/tmp/streams "$library"
expect_equal "exit status" 0 "$status"
no_leaks host1 host2

step "vtmh cleanup removes what a killed node had"
begin_first "${slow[@]}" -p mig_port=20100 "$library"
kill_first
expect_status 0 lab exec "$VTMH_BUILD/vtmh" cleanup "${hosts[@]}"
expect_contains "what it says" "removed path /run/lock/vtmh-claims-" "$(cat "$work/out")"
no_leaks host1 host2

step "a host without a folder for claims refuses, and says what it needs"
on host2 chmod 755 /run/lock /tmp
job "${quick[@]}" "$library"
expect_equal "exit status" 2 "$status"
expect_match "the reason" 'host2: .*neither /run/lock nor /tmp is a folder that everybody can write to' "$err"
on host2 chmod 1777 /tmp

step "without /run/lock it is /tmp"
begin_first "${slow[@]}" -p mig_port=20100 "$library"
on host2 find /tmp -name 'vtmh-claims-*' | grep -q . || fail "no claims in /tmp on host2"
end_first
no_leaks host1 host2

step "local nodes of two jobs, and of two users"
[[ $(id -u) == 0 ]] || exit 0
mkdir -p "$work/home/.cache/vtmh"
cp -r "${XDG_CACHE_HOME:-$HOME/.cache}/vtmh/guests" "$work/home/.cache/vtmh/"
chmod 755 "$work"
chown -R 65534:65534 "$work/home"
setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$VTMH_BUILD/vtmh" || exit 0
run_vtmh() {
    "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}
begin_first -m local:a,local:b --only all..tick..ping_pong -p migrate_count=1 -p mig_speed=1 -p mig_port=21890-21899 "$library"
run_vtmh() {
    env -i PATH=/usr/bin:/bin HOME="$work/home" setpriv --reuid=65534 --regid=65534 --clear-groups \
        "$VTMH_BUILD/vtmh" run -r "$work/home/results" "$@"
}
second -m local:c,local:d --only quick..tick..offline -p mig_port=21880-21890 "$library"
second=$work/home/results/latest
expect_refused '[cd]' 'ports 21890-21899 are taken by '
second -m local:c,local:d --only quick..tick..offline -p mig_port=21880-21889 "$library"
expect_equal "exit status of the other user's job" 0 "$status"
end_first
