#!/bin/bash
# What deploy/test says of its long parts: in a tree of its own, where building does nothing and the
# parts pass, fail, hang, or skip.
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree/deploy" "$tree/tests/long" "$tree/build" "$work/bin"
cp "$source_dir/deploy/test" "$tree/deploy"

# program FILE BODY
program() {
    printf '#!/bin/bash\n%s\n' "$2" >"$1"
    chmod +x "$1"
}
program "$work/bin/cmake" 'exit 0'
program "$work/bin/ninja" 'exit 0'
program "$work/bin/ctest" 'echo "1/2 Test #1: unit/one ........   Passed    0.10 sec"
echo "2/2 Test #2: oracle/corpus_cases ........***Skipped    0.01 sec"'
program "$tree/deploy/packages" 'exit 0'
program "$tree/deploy/guest" 'exit 0'
# shellcheck disable=SC2016 # for the program to expand
program "$tree/tests/long/cartesian" 'echo "the corpus is ${VTMH_CORPUS-not given}"'
program "$tree/tests/long/fuzz" 'exit 3'
program "$tree/tests/long/tidy" 'exit 77'
program "$tree/tests/long/soak" 'exec tail -f /dev/null'
export PATH=$work/bin:$PATH VTMH_LONG_LIMIT=1

die() {
    cat "$work/told" >&2
    echo "test_deploy_test: $*" >&2
    exit 1
}

# ends STATUS ARGUMENT…: deploy/test with these ends so; what it said is in $work/told
ends() {
    local wanted=$1 status=0
    shift
    "$tree/deploy/test" --build "$tree/build" "$@" >"$work/told" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || die "deploy/test $* ended with $status instead of $wanted"
}

told() {
    grep -qE -- "$1" "$work/told" || die "'$1' was not told"
}

unset VTMH_CORPUS
ends 0 --long cartesian
told '^the corpus is not given$'
told '^  cartesian +[0-9]+ s  passed$'
told '^1 passed, 0 failed, 0 skipped$'

ends 0 --long cartesian --corpus "$tree/deploy/../tests"
told "^the corpus is $tree/tests\$"

ends 1 --long cartesian fuzz
told '^  cartesian +[0-9]+ s  passed$'
told '^  fuzz +[0-9]+ s  FAILED with status 3$'
told '^1 passed, 1 failed, 0 skipped$'

ends 1 --long soak
told '^  soak +[0-9]+ s  FAILED: more than 1 s$'

# What is asked for by name and not done is no success.
ends 1 --long tidy
told '^  tidy +[0-9]+ s  skipped'
ends 1 --long cartesian chaos
told "the part 'chaos' is not there yet"
grep -q 'the corpus is' "$work/told" && die "something was run"

# All of them: those that are not there are named, and count as skipped.
rm "$tree/tests/long/fuzz" "$tree/tests/long/soak"
ends 0 --long
told '^  chaos +not there yet$'
told '^  cartesian +[0-9]+ s  passed$'
told '^1 passed, 0 failed, 21 skipped$'

# Tests that are skipped are told by name.
ends 0 --quick
told '^  oracle/corpus_cases$'
told '^1 passed, 0 failed, 1 skipped$'

ends 4 --long nonsense
told "there is no part 'nonsense'"
told '^Parts of --long: cartesian tidy \(not there yet: lab causes '
ends 4 --corpus "$work/nothing"
told 'is not a folder'
ends 4 --long --quick
ends 4 --lnog
told "'--lnog' is not an option"
echo "test_deploy_test: all as told"
