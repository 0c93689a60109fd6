#!/usr/bin/env bash
# A job, or one test of it, is run again from what it left. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

mkdir "$work/cfg"
cat >"$work/cfg/t.cfg" <<END
include inc.cfg
variants:
    - one:
    - two:
        qemu_binary = /nonexistent
END
cat >"$work/cfg/inc.cfg" <<END
include $VTMH_SOURCE/cfg/library/base.cfg
type = migration_multi_host
guest = tick
END
printf 'mem = 32M\n' >"$work/cfg/line.cfg"

# What must be the same of two jobs: names, verdicts, what was sent to the hosts.
essence() {
    results '[.tests[] | [.name, .status, (.vtmh.platform | map_values(.ram_bytes, .machine))]] | tostring'
}

step "what was to be run is recorded, with the hash of every file"
(
    cd "$work/cfg"
    job -m local:a,local:b --repeat 2 t.cfg "include line.cfg"
    expect_equal "exit status" 1 "$status"
)
job=$results/latest
first=$(readlink -f "$results/latest")
expect_equal "files" "t.cfg inc.cfg line.cfg" \
    "$(results '[.vtmh.configuration.files[].path | select(startswith("'"$work"'")) | sub(".*/"; "")] | join(" ")')"
sum=$(sha256sum <"$work/cfg/inc.cfg")
expect_equal "hash" "${sum%% *}" "$(results '.vtmh.configuration.files[] | select(.path | endswith("inc.cfg")) | .sha256')"
before=$(essence)
expect_match "line.cfg has an effect" '335|33[0-9]' "$before"

step "a job is run again as it was, from another folder"
job --replay "$first"
expect_equal "exit status" 1 "$status"
expect_equal "the tests" "$before" "$(essence)"

step "a replay can be replayed, and found by the digits of its id"
again=$(readlink "$results/latest")
job --replay "${again##*-}"
expect_equal "the tests" "$before" "$(essence)"

step "one test of it, by id and by number"
job --replay "$first" 3-one
expect_equal "exit status" 0 "$status"
expect_equal "the test" "1-one PASS" "$(results '[.tests[] | .id + " " + .status] | join(" ")')"
job --replay "$first" 4
expect_equal "the test" "1-two ERROR" "$(results '[.tests[] | .id + " " + .status] | join(" ")')"

step "a test that the job did not have, hosts that it has already, no such job"
job --replay "$first" three
expect_equal "exit status" 4 "$status"
expect_match stderr "no test three" "$err"
job --replay "$first" -m local:c
expect_equal "exit status" 4 "$status"
expect_match stderr "takes hosts, tests and options from the job" "$err"
job --replay nonesuch
expect_equal "exit status" 4 "$status"
expect_match stderr "there is no job nonesuch" "$err"

step "a configuration that has changed is told, and run only when that is asked for"
echo "x = 1" >>"$work/cfg/inc.cfg"
job --replay "$first" 1
expect_equal "exit status" 4 "$status"
expect_match stderr "changed since the job: .*/inc.cfg; with --allow-changed" "$err"
job --replay "$first" --allow-changed 1
expect_equal "exit status" 0 "$status"
expect_match stderr "changed since the job: .*/inc.cfg" "$err"

step "a secret of the command line is not kept, and has to be given again"
job -m local:a,local:b --test two -p password=hunter2-planted "$work/cfg/t.cfg"
first=$(readlink -f "$results/latest")
job --replay "$first"
expect_equal "exit status" 4 "$status"
expect_match stderr "password = \*\*\*.*give it again with -p password" "$err"
job --replay "$first" -p password=hunter2-planted
expect_equal "the test" "1-two ERROR" "$(results '[.tests[] | .id + " " + .status] | join(" ")')"
expect_equal "in any results" "" "$(grep -rl hunter2-planted "$results" || true)"
