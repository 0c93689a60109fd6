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
END

# where: "1 a,b PASS" of all tests.
where() {
    results '.tests[] | "\(.id | split("-")[0]) \(.vtmh.hosts // [] | join(",")) \(.status)"'
}

node_of() {
    pgrep -f "^$VTMH_BUILD/vtmh-node serve --name $1 "
}

step "four hosts are two tuples, and the results are in the order of the list"
job "${four[@]}" "$work/list.cfg"
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

step "--tuple all takes all hosts for one test"
job -m local:a,local:b,local:c --tuple all --only one "$work/list.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "where it ran" "1 a,b,c PASS" "$(where)"

step "a host that dies gives the tests of its tuple to the other"
job_begin "${four[@]}" --repeat 2 "$work/list.cfg"
await_event '"phase":"migrating".*"test":2|"test":2.*"phase":"migrating"'
kill -9 "$(node_of "$d")"
job_end
expect_equal "the tests" "1 a,b PASS
2 c,$d ERROR" "$(where | head -n 2)"
expect_equal "the others ran elsewhere" "a,b PASS" "$(where | tail -n 6 | cut -d' ' -f 2- | sort -u)"
expect_equal "how many there are" 8 "$(where | wc -l)"
