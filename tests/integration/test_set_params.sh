#!/bin/bash
# What the code asks whether it is set (param_is_set) has no default: cfg/library/base.cfg sets all that have one, so that
# of each test that includes it the answer would be yes.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# check FOLDER BASE: the parameters that are asked for so and have a default.
check() {
    grep -rhoE --include='*.c' 'param_is_set\([^;"]*"[A-Za-z0-9_]+"\)' "$1" | grep -oE '"[A-Za-z0-9_]+"' | tr -d '"' |
        sort -u | while read -r name; do
        grep -q "^$name = " "$2" && echo "param_is_set() of $name, which has a default" || true
    done
}

wrong=$(check "$source_dir/migration" "$source_dir/cfg/library/base.cfg")
if [[ -n $wrong ]]; then
    echo "$wrong" >&2
    exit 1
fi

# A check that sees nothing is no check.
work=$(mktemp)
trap 'rm -f "$work"' EXIT
echo 'numanode = 1' >"$work"
found=$(check "$source_dir/migration" "$work")
if [[ $found != 'param_is_set() of numanode, which has a default' ]]; then
    echo "a parameter with a default was not found: '$found'" >&2
    exit 1
fi
echo "test_set_params: what is asked for as set has no default"
