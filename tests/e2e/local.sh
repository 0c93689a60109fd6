# Jobs with two local nodes. Sourced; needs VTMH_BUILD and VTMH_SOURCE.
# shellcheck shell=bash
# shellcheck source=tests/e2e/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

# run_vtmh ARGS…: here, on this machine.
run_vtmh() {
    "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

clean_up() { :; }

# A node runs on this machine: is one of ours left? Those of other jobs have another parent folder.
expect_nothing_left() {
    local left
    checks=$((checks + 1))
    left=$(jq -r '.tests[].vtmh.leaks[]' "$job/results.json")
    [ -z "$left" ] || wrong "left: $left"
}
