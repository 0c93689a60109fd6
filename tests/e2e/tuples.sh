#!/usr/bin/env bash
# More hosts than one test takes: tuples side by side, and what becomes of the tests of one that loses a host.
# Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

d=d$$ # a name of its own: its node is found among others
four=(-m "local:a,local:b,local:c,local:$d")
cat >"$work/list.cfg" <<'END'
type = migration_multi_host_ping_pong
guest = tick
mem = 32
dirty_mem = 4
migrate_count = 2
variants:
    # Long enough for the others to be done on the other tuple.
    - long:
        migrate_count = 12
    - one:
    - two:
    - three:
    - bad:
        limit_total = 1ms
END

# where: "1 a,b PASS" of all tests.
where() {
    results '.tests[] | "\(.id | split("-")[0]) \(.vtmh.hosts // [] | join(",")) \(.status)"'
}

node_of() {
    pgrep -f "^$VTMH_BUILD/vtmh-node serve --name $1 "
}

step "four hosts are two tuples, and the results are in the order of the list"
job "${four[@]}" --no bad "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "where each test ran" "1 a,b PASS
2 c,$d PASS
3 c,$d PASS
4 c,$d PASS" "$(where)"
expect_equal "the hosts that its parameters name" "c $d" \
    "$(jq -r ".[\"$d\"].hosts.value" "$job/test-results/2-one/parameters.json")"
expect_equal "which of them it is" "$d" \
    "$(jq -r ".[\"$d\"].hostid.value" "$job/test-results/2-one/parameters.json")"
for test in 1-long 2-one 3-two 4-three; do
    grep -q "" "$job/test-results/$test"/*/test.log || fail "$test has no log of its hosts"
done

step "a host that is left over is a note"
job -m local:a,local:b,local:c --only one "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_contains "the note" "c is left over" "$(results '.vtmh.notes[]')"
expect_contains "the screen" "c is left over" "$out"

step "--each runs each test on every tuple"
job "${four[@]}" --each --only one,two "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "where each test ran" "1 a,b PASS
2 c,$d PASS
3 a,b PASS
4 c,$d PASS" "$(where)"

step "a test with --each can be replayed"
run_vtmh --replay "$(basename "$(readlink "$job")")" 4 >"$work/stdout" 2>"$work/stderr" || fail "replay" "$(cat "$work/stderr")"
expect_match "it is the one" "two" "$(results '.tests[].name')"

for none in nonesuch 0 5; do
    run_vtmh --replay "$(basename "$(readlink "$job")")" "$none" >"$work/stdout" 2>"$work/stderr" && fail "replay of test $none"
    expect_match "why" "the job has no test $none" "$(cat "$work/stderr")"
done

step "hosts agree once, however long the job would be"
for extent in "--for 72h" --until-fail "--repeat 3"; do
    # shellcheck disable=SC2086 # two words
    job -m local:a,local:b --dry-run=hosts $extent --only one "$work/list.cfg"
    expect_equal "exit status, $extent" 0 "$status"
    expect_equal "the tests, $extent" "1 a,b SKIP" "$(where)"
done

step "--tuple all takes all hosts for one test"
job -m local:a,local:b,local:c --tuple all --only one "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "where it ran" "1 a,b,c PASS" "$(where)"

step "--for ends what runs in order after its leg, and that is a pass"
job -m local:a,local:b --for 5s --only one -p migrate_count=100000 -p test_timeout=4 "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "the tests" "1 a,b PASS" "$(where)"
expect_match "the note" "ended after [0-9]+ of 100000 legs, since the time of the job \(--for\) was over" \
    "$(result '.vtmh.notes | join(" ")')"
legs=$(result '.vtmh.migrations | length')
expect_match "how many legs it did" "ended after $legs of" "$(result '.vtmh.notes | join(" ")')"
((legs >= 2)) || fail "it did only $legs legs"

step "--for runs the list again and again, on all tuples, and tells what there was no time for"
job "${four[@]}" --for 6s --only one "$work/list.cfg"
expect_equal "exit status" 0 "$status"
(($(where | grep -c "a,b PASS") >= 2 && $(where | grep -c "c,$d PASS") >= 2)) || fail "few tests" "$(where)"
job -m local:a,local:b --for 1s --no bad "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "the tests" "1 a,b PASS
2  SKIP
3  SKIP
4  SKIP" "$(where)"
expect_match "why" "the time of the job \(--for\) was over" "$(results '.tests[3].vtmh.fail_cause')"

step "what would be skipped for ever is skipped once, and what is left of a million rounds is a number"
job -m local:a --tuple 1 --for 60s --only one "$work/list.cfg"
expect_equal "exit status" 32 "$status"
expect_equal "the tests" "1 a SKIP" "$(where)"
expect_contains "the note" "the list is not run again" "$(results '.vtmh.notes[]')"
job -m local:a,local:b --fail-fast --repeat 2000 --only bad "$work/list.cfg"
expect_equal "exit status" 1 "$status"
expect_equal "how many are told" 1001 "$(where | wc -l)"
expect_equal "the note" "999 more tests were not run either, and are not listed" "$(results '.vtmh.notes[]')"

step "a test that hangs when the time is over is an error"
job -m local:a,local:b --for 1s --only one -p migrate_count=100000 -p test_timeout=1 -p mig_speed=1 -p dirty_rate=100 "$work/list.cfg"
expect_equal "exit status" 1 "$status"
expect_verdict ERROR null "took longer than test_timeout = 1 s to end after the job's time \(--for\) was over"

step "--until-fail and --max-fail"
job -m local:a,local:b --until-fail --only two,bad "$work/list.cfg"
expect_equal "exit status" 1 "$status"
expect_equal "the tests" "1 a,b PASS
2 a,b FAIL" "$(where)"
job -m local:a,local:b --max-fail 2 --repeat 3 --only two,bad "$work/list.cfg"
expect_equal "exit status" 1 "$status"
expect_equal "the tests" "1 a,b PASS
2 a,b FAIL
3 a,b PASS
4 a,b FAIL
5  CANCEL
6  CANCEL" "$(where)"
expect_match "why" "test 4 was the last of 2 to fail \(--max-fail\)" "$(results '.tests[5].vtmh.fail_cause')"

job -m local:a,local:b --repeat 2 --only two,bad -p abort_on_error=yes "$work/list.cfg"
expect_equal "exit status" 1 "$status"
expect_equal "the tests" "1 a,b PASS
2 a,b FAIL
3  CANCEL
4  CANCEL" "$(where)"
expect_match "why" "test 2 failed and has abort_on_error = yes" "$(results '.tests[2].vtmh.fail_cause')"

step "an inventory's labels and parameters, and --where"
cat >"$work/beds" <<END
alpha local:a pool=rack3 qemu_binary=$(command -v qemu-system-x86_64)   # with a name of its own
beta local:b pool=rack3
gamma local:c pool=rack1
END
job -M "$work/beds" --where "pool=rack3,kernel=*" --only one "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "where it ran" "1 alpha,beta PASS" "$(where)"
expect_equal "the note" "gamma is left out (--where): it has pool=rack1" "$(results '.vtmh.notes[]')"
expect_equal "where its binary is set" "$work/beds:1" \
    "$(jq -r .alpha.qemu_binary.origin "$job/test-results/1-one/parameters.json")"
expect_equal "the other host's" "default" \
    "$(jq -r .beta.qemu_binary.origin "$job/test-results/1-one/parameters.json")"
job -M "$work/beds" -m beta,gamma --only one "$work/list.cfg"
expect_equal "where it ran" "1 beta,gamma PASS" "$(where)"
job -M "$work/beds" --where 'kernel=1.2' --only one "$work/list.cfg"
expect_equal "exit status" 32 "$status"
expect_match "why" "--where kernel=1.2 leaves 0 hosts" "$(result .vtmh.fail_cause)"
job -M "$work/beds" --where 'pool=rack9' --only one "$work/list.cfg"
expect_equal "exit status" 4 "$status"
expect_contains stderr "--where pool=rack9: none of the 3 hosts is like that" "$err"

step "--where twice asks for both"
printf '%s\n' 'alpha local:a pool=x disk=ssd' 'beta local:b pool=x disk=ssd' 'gamma local:c pool=x disk=hdd' >"$work/hosts"
run_vtmh -M "$work/hosts" --where disk=ssd --where pool=x --dry-run --only one "$work/list.cfg" >"$work/stdout" 2>&1
expect_match "which" "each test runs on alpha, beta$" "$(cat "$work/stdout")"
run_vtmh -M "$work/hosts" --where disk=hdd --dry-run "$work/list.cfg" >"$work/stdout" 2>&1 && fail "one host is no tuple"
expect_match "why" "a test takes 2 hosts \(--tuple\), but only 1 is as --where says" "$(cat "$work/stdout")"

step "a host that dies gives the tests of its tuple to the other"
job_begin "${four[@]}" --no bad --repeat 2 "$work/list.cfg"
await_event '"phase":"migrating".*"test":2|"test":2.*"phase":"migrating"'
kill -9 "$(node_of "$d")"
job_end
expect_equal "the tests" "1 a,b PASS
2 c,$d ERROR" "$(where | head -n 2)"
expect_equal "the others ran elsewhere" "a,b PASS" "$(where | tail -n 6 | cut -d' ' -f 2- | sort -u)"
expect_equal "how many there are" 8 "$(where | wc -l)"
