#!/usr/bin/env bash
# What a user may get wrong: each is told once, by name, with the right exit status, and leaves nothing.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_begin 2

quick=(--only quick..tick..offline "$library")

step "a host that does not resolve"
job -m host1,no-such-host "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr 'no-such-host.*resolve' "$err"
no_leaks host1 host2

step "a host that refuses the connection"
job -m host1,host2:2222 "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr 'host2.*(refused)' "$err"
no_leaks host1 host2

step "a host that refuses the key"
job -m host1,nobody@host2 "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr 'host2: cannot log in as nobody' "$err"
no_leaks host1 host2

step "an unknown host key is refused, with its fingerprint and the command that accepts it"
lab known-hosts empty
job -m host1,host2 "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr 'host1.*SHA256:' "$err"
expect_match stderr 'host2.*SHA256:' "$err"
expect_match stderr '--accept-new-host-keys' "$err"
no_leaks host1 host2

step "a changed host key is refused even with --accept-new-host-keys"
lab exec sh -c 'ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/other &&
    echo "host2 $(cut -d" " -f1,2 /root/.ssh/other.pub)" > /root/.ssh/known_hosts; rm /root/.ssh/other*'
job -m host1,host2 --accept-new-host-keys "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr 'host2.*(changed|CHANGED).*SHA256:' "$err"

step "--accept-new-host-keys accepts unknown ones"
lab known-hosts empty
job -m host1,host2 --accept-new-host-keys "${quick[@]}"
expect_equal "exit status" 0 "$status"
expect_match "the line of the test that begins" 'begun on host1, host2' "$err"
lab known-hosts full

step "the same host named twice"
job -m host1,host1 "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr 'host1.*twice' "$err"

step "a configuration error has file, line, column and a caret"
printf 'type = migration_multi_host\nvariants:\n    - a\n' > "$work/bad.cfg"
job -m host1,host2 "$work/bad.cfg"
expect_equal "exit status" 4 "$status"
expect_match stderr 'bad.cfg:3:[0-9]+: ' "$err"
expect_match stderr '\^' "$err"

step "a parameter that is not a number"
job -m host1,host2 -p mem_vm1=lots "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr "mem_vm1.*lots" "$err"

step "an unknown parameter on the command line names the nearest"
job -m host1,host2 -p mig_sped=3 "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr 'mig_sped.*mig_speed' "$err"

step "a place for --json where nothing can be written is told before anything is run"
rm -rf "$results"
job -m host1,host2 --json "$work/nonesuch/results.json" "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr "nonesuch/results.json: No such file" "$err"
[[ ! -e $results ]] || fail "a job was begun" "$(ls "$results")"

step "results that cannot be written in the end are the job's trouble"
job -m host1,host2 --json /dev/full "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr '/dev/full: No space left' "$err"
expect_match "results.json" '/dev/full: No space left' "$(jq -r .vtmh.trouble "$job/results.json")"
expect_equal "exit status in results.json" 2 "$(jq .vtmh.exit_status "$job/results.json")"
[[ -c /dev/full ]] || fail "a device was replaced by a file"

step "so are figures for --metrics, which are no reason to end it early"
job -m host1,host2 --metrics "$work/nonesuch/vtmh.prom" "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr "nonesuch/vtmh.prom: No such file" "$err"
job -m host1,host2 --metrics /dev/full "${quick[@]}"
expect_equal "exit status" 2 "$status"
expect_match stderr 'metrics: cannot write /dev/full: No space left' "$err"
expect_equal "statuses" PASS "$(jq -r '[.tests[].status] | unique | join(" ")' "$job/results.json")"

step "a VM name that is a path"
job -m host1,host2 -p vms=../../x "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr 'cannot be a VM' "$err"

step "an unknown test type"
job -m host1,host2 -p type=migration_multi_hots "${quick[@]}"
expect_equal "exit status" 4 "$status"
expect_match stderr 'migration_multi_hots.*migration_multi_host' "$err"

step "a filter that leaves no test"
job -m host1,host2 --only nonesuch "$library"
expect_equal "exit status" 4 "$status"
expect_match stderr 'no test' "$err"

step "an unknown option names the nearest"
job -m host1,host2 --onyl quick "$library"
expect_equal "exit status" 4 "$status"
expect_match stderr '--only' "$err"
