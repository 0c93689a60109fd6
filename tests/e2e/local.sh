# For scripts whose hosts are `local:`: sourced first, in the place of lib.sh and lab_begin.
# shellcheck shell=bash
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "${BASH_SOURCE[0]}")/jobs.sh"

run_vtmh() {
    "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

# results JQ-EXPRESSION: of the whole results.json.
results() {
    jq -r "$1" "$job/results.json"
}

need_guest tick
