#!/bin/bash
# The comparison must be able to fail: a rule done wrongly in one engine is found, made small and
# told; so is a wrong line of a case, and an engine that dies.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
engine=${VTMH_BUILD:?VTMH_BUILD is the build tree}/tests/oracle/cfg_batch
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
    cat "$work/told" >&2
    echo "test_compare: $*" >&2
    exit 1
}

# fails COMMAND…: its exit status is 1; what it said is in $work/told
fails() {
    local status=0
    "$@" >"$work/told" 2>&1 || status=$?
    [ $status -eq 1 ] || die "$1 ended with $status"
}

told() {
    grep -qE -- "$1" "$work/told" || die "'$1' was not told"
}

# A join that takes all blocks is found, and what is left of the file is small.
fails "$here/compare_random.py" --engine "$engine" --count 400 --seed planted --wrong join \
    --keep "$work/kept"
told '^compare_random: seed planted, 400 files$'
told '^compare_random: .* [0-9]+ different'
told "^file [0-9]+, kept in $work/kept/planted-[0-9]+:\$"
found=("$work"/kept/planted-*)
for folder in "${found[@]}"; do
    grep -q join "$folder"/*.cfg || die "$folder was found, but it has no join"
    [ "$(cat "$folder"/*.cfg | wc -l)" -le 20 ] || die "$folder is not small"
done

# The same seed makes the same files.
number=${found[0]##*-}
fails "$here/compare_random.py" --engine "$engine" --from "$number" --count 1 --seed planted \
    --wrong join --keep "$work/again"
diff -r "${found[0]}" "$work/again/planted-$number" >"$work/told" || die "another file"

# A case whose lines are wrong.
cp "$here"/cases/join-once-* "$work"
sed -i 's/"heat":"9"/"heat":"8"/' "$work"/join-once-*.expected.jsonl
fails "$here/check_cases.py" --engine "$engine" "$work"
told 'join-once-.*: cfg: test 2 is'
told 'join-once-.*: oracle: test 2 is'

# No cases at all are no success.
mkdir "$work/empty"
fails "$here/check_cases.py" --engine "$engine" "$work/empty"

# An engine that dies.
fails "$here/compare_random.py" --engine /bin/false --count 3 --seed dead --keep "$work/dead"
told 'the engine died with status 1'
echo "test_compare: all that was planted was found"
