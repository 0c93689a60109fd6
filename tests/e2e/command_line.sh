#!/usr/bin/env bash
# What the command line asks for is done or told, and what a job leaves can be read by others. Over local hosts:
# neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/dep.cfg" <<END
include $VTMH_SOURCE/cfg/library/base.cfg
type = migration_multi_host
guest = tick
variants:
    - one:
        qemu_binary = /nonexistent
    - two: one
    - three: two
    - four:
        skip = yes
    - ten: one_more
END

step "a test that is to be skipped, and those whose dependency failed, are SKIP and say so"
job -m local:a,local:b --no ten "$work/dep.cfg"
expect_equal "exit status" 1 "$status"
expect_equal "statuses" "ERROR SKIP SKIP SKIP" "$(results '[.tests[].status] | join(" ")')"
expect_equal "two" "its dependency 1-one failed (ERROR)" "$(results '.tests[1].vtmh.fail_cause')"
expect_match "three" "its dependency 2-two was not run" "$(results '.tests[2].fail_reason')"
expect_equal "four" "test four: skip = yes" "$(results '.tests[3].fail_reason')"

step "a dependency that was filtered away does not count"
job -m local:a,local:b --only three "$work/dep.cfg"
expect_lacks "cause" "dependency" "$(results '.tests[0].fail_reason')"

step "a parameter that nothing knows is refused, with the nearest"
job -m local:a,local:b -p foo=1 "$work/dep.cfg"
expect_equal "exit status" 4 "$status"
expect_match "stderr" "there is no parameter foo, and .*dep.cfg does not speak of it" "$err"
job -m local:a,local:b -p migrate_cuont=2 "$work/dep.cfg"
expect_equal "exit status" 4 "$status"
expect_match "stderr" "migrate_cuont; did you mean migrate_count" "$err"

step "parameters of the user's own, and of objects that a test has not, are noted"
printf 'include dep.cfg\nmine = 1\nmine_too = 2\n' >"$work/own.cfg"
job -m local:a,local:b --only four -p mem_host3=20 "$work/own.cfg"
expect_equal "own ones" "mine mine_too" "$(results '.tests[0].vtmh.unknown_parameters | sort | join(" ")')"
expect_match "notes" "2 parameters that no test type knows; vtmh lint lists them" \
    "$(results '.tests[0].vtmh.notes | join("; ")')"
expect_match "notes" "mem_host3 has no effect: there is no host host3" \
    "$(results '.tests[0].vtmh.notes | join("; ")')"

step "a name that is nearly a parameter's is a warning with its place"
printf 'include %s\nmig_sped = 1G\n' "$VTMH_SOURCE/cfg/library/migrate.cfg" >"$work/near.cfg"
job -m local:a,local:b --only quick..tick..offline "$work/near.cfg"
expect_equal "exit status" 16 "$status"
expect_equal "status" WARN "$(results '.tests[0].status')"
expect_match "notes" "near.cfg:2: no test type knows mig_sped; did you mean mig_speed\?" \
    "$(results '.tests[0].vtmh.notes | join("; ")')"

step "each test has a folder with a log that says why it never began"
job -m local:a,local:b --only four "$work/dep.cfg"
expect_match "debug.log" "skip = yes" "$(cat "$(results '.tests[0].logfile')")"

step "a job in which nothing was tested is no success, unless that is asked for"
expect_equal "exit status" 32 "$status"
expect_equal "in results.json" 32 "$(results .vtmh.exit_status)"
job -m local:a,local:b --only four --allow-empty "$work/dep.cfg"
expect_equal "exit status" 0 "$status"

step "results.json has no null outside of vtmh, and names the host at fault"
job -m local:a,nobody@127.0.0.1:1 --only two "$work/dep.cfg"
expect_equal "exit status" 2 "$status"
expect_equal "nulls" 0 "$(results '[del(.vtmh, .tests[].vtmh) | .. | select(. == null)] | length')"
expect_equal "fail_host" "127.0.0.1" "$(results '.tests[0].vtmh.fail_host')"
expect_match "fail_reason" "^test .* / 127.0.0.1: cannot connect" "$(results '.tests[0].fail_reason')"
expect_equal "start is a date" true "$(results '.start | test("^[0-9]{4}-[0-9]{2}-[0-9]{2} ")')"
expect_match "the log" "Connection refused" "$(cat "$(results '.tests[0].logfile')")"

step "one test by its number, and by its name"
job -m local:a,local:b --test 4 "$work/dep.cfg"
expect_equal "the test" "1-four" "$(results '.tests[].id')"
job -m local:a,local:b --test four "$work/dep.cfg"
expect_equal "the test" "1-four" "$(results '.tests[].id')"

step "a misspelt filter names the nearest variant"
job -m local:a,local:b --only foru "$work/dep.cfg"
expect_equal "exit status" 4 "$status"
expect_match stderr "no variant foru; did you mean four" "$err"

step "a second file, and a file in the place of another's name, are told"
job -m local:a,local:b "$work/dep.cfg" other.cfg
expect_equal "exit status" 4 "$status"
expect_match stderr "second configuration file" "$err"
cp "$work/dep.cfg" "$work/kept.cfg"
job -m local:a,local:b --json "$work/kept.cfg" "$work/dep.cfg"
expect_equal "exit status" 4 "$status"
cmp -s "$work/dep.cfg" "$work/kept.cfg" || fail "a configuration was written over"

step "a list of hosts that is empty"
: >"$work/hosts"
job -M "$work/hosts" "$work/dep.cfg"
expect_equal "exit status" 4 "$status"
expect_match stderr "hosts names no host" "$err"

step "a table that cannot be written is the job's trouble"
status=0
"$VTMH_BUILD/vtmh" -q -m local:a,local:b -r "$results" --only four "$work/dep.cfg" >/dev/full 2>"$work/stderr" || status=$?
expect_equal "exit status" 2 "$status"
expect_match stderr "standard output: No space left" "$(cat "$work/stderr")"
expect_match "results.json" "No space left" "$(results .vtmh.trouble)"

step "what a test ran with is in its folder and in results.json"
job -m local:a,local:b --only quick..offline..tick -p mem_host1=32M "$library"
expect_equal "exit status" 0 "$status"
parameters=$(results '.tests[0].vtmh.parameters')
expect_equal "mem" "32M command line" "$(jq -r '.a.mem | .value + " " + .origin' "$parameters")"
expect_match "origin" 'cfg:[0-9]+$' "$(jq -r .b.mem.origin "$parameters")"
expect_equal "hostid" "b" "$(jq -r .b.hostid.value "$parameters")"
expect_equal "accelerator" true "$(results '.tests[0].vtmh.platform.vm1.accelerator | . == "tcg" or . == "kvm"')"
expect_match "QEMU" '^[0-9]+\.[0-9]+' "$(results '.tests[0].vtmh.platform.vm1.hosts.b.version')"
expect_match "source" ' -S ' "$(results '.tests[0].vtmh.platform.vm1.hosts.a.command_lines.source')"
expect_match "destination" '-incoming' "$(results '.tests[0].vtmh.platform.vm1.hosts.b.command_lines.destination')"
expect_equal "kernel" "$(uname -r)" "$(results .vtmh.hosts.a.kernel)"
expect_equal "libvirt" "$(libvirtd --version 2>/dev/null | awk '{ print $3 }' | grep . || echo null)" \
    "$(results .vtmh.hosts.a.libvirt)"

step "paths of logs can be pasted"
mkdir -p "$work/my results"
results="$work/my results"
job -m local:a,local:b --only four "$work/dep.cfg"
path=$(sed -n 's/^ *logs: //p' "$work/stdout")
[[ -d $(eval "printf %s $path") ]] || fail "the path of the logs" "$path"
