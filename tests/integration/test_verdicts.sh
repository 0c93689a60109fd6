#!/bin/bash
# A check of tests/e2e/lib.sh that fails ends its test with 1, whatever trap the test has set; a skip is none.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# ends STATUS LINE…: a test that is made of these lines
ends() {
    local wanted=$1 status=0
    shift
    # shellcheck disable=SC2016 # for the test to expand
    printf '%s\n' '. "$1/tests/e2e/lib.sh"' "$@" | bash -s "$source_dir" 2>/dev/null || status=$?
    [ "$status" -eq "$wanted" ] || {
        echo "test_verdicts: $* ended with $status instead of $wanted" >&2
        exit 1
    }
}

ends 0 'expect_equal "one" 1 1'
ends 1 'expect_equal "one" 1 2'
ends 1 'trap "true; end_of_test" EXIT' 'expect_equal "one" 1 2'
ends 1 'false'
ends 77 'skip "there is none here"'
