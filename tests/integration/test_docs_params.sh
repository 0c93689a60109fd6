#!/bin/bash
# What is written about parameters is what the tables say: docs/params.md, and cfg/library/base.cfg from its
# first section on. With --renew writes both instead.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${VTMH_BUILD:?VTMH_BUILD is the build tree}
page=$source_dir/docs/params.md
base=$source_dir/cfg/library/base.cfg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the files should be; the head of base.cfg is written by hand.
sed '/^# ---- /,$d' "$base" >"$work/base.cfg"
"$build/vtmh" types --defaults >>"$work/base.cfg"
"$build/vtmh" types --markdown >"$work/params.md"

if [[ ${1-} == --renew ]]; then
    cp "$work/params.md" "$page"
    cp "$work/base.cfg" "$base"
    exit 0
fi

check() { # FILE WANTED NAME
    diff -u --label "$3" --label "the tables" "$1" "$2" | head -n 40
    return "${PIPESTATUS[0]}"
}

# A check that sees nothing is no check: a default that is another one must be found.
sed 's/^mem = .*/mem = 257/' "$work/base.cfg" >"$work/broken.cfg"
sed '/^| `mem` /s/256/257/' "$work/params.md" >"$work/broken.md"
if check "$work/broken.cfg" "$work/base.cfg" broken >/dev/null ||
    check "$work/broken.md" "$work/params.md" broken >/dev/null; then
    echo "test_docs_params: a wrong default of mem was not noticed" >&2
    exit 1
fi

differ=()
check "$page" "$work/params.md" docs/params.md || differ+=(docs/params.md)
check "$base" "$work/base.cfg" cfg/library/base.cfg || differ+=(cfg/library/base.cfg)
if ((${#differ[@]})); then
    echo "test_docs_params: not what the tables of parameters say: ${differ[*]}; renew with" >&2
    echo "    VTMH_BUILD=$build tests/integration/test_docs_params.sh --renew" >&2
    exit 1
fi
echo "test_docs_params: $(grep -c '^| `' "$page") rows of docs/params.md and base.cfg are what the tables say"
