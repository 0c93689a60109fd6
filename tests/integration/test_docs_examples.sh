#!/bin/bash
# What docs/disks.md and docs/guests.md show as configuration is one: behind the library's tests nothing is wrong in it.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${VTMH_BUILD:?VTMH_BUILD is the build tree}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The blocks of PAGE whose lines set parameters, each to a file of its own behind an include.
write_blocks() { # PAGE FOLDER
    mkdir "$2"
    awk -v folder="$2" '
        /^```/ { if (inside && is_cfg) printf "include migrate.cfg\n%s", text > (folder "/" ++n ".cfg")
                 inside = !inside; is_cfg = 0; text = ""; next }
        inside && /^[a-z][a-z0-9_]* = / { is_cfg = 1 }
        inside && $0 != "include migrate.cfg" { text = text $0 "\n" }
    ' "$1"
}

# Prints what is wrong in the blocks of PAGE.
check() { # PAGE FOLDER
    write_blocks "$1" "$2"
    for file in "$2"/*.cfg; do
        { "$build/vtmh" --dry-run -q -m local:a,local:b "$file" >/dev/null; } 2>&1 || echo "$file: exit status $?"
    done
}

for page in disks guests; do
    check "$source_dir/docs/$page.md" "$work/$page"
    compgen -G "$work/$page/*.cfg" >/dev/null || echo "docs/$page.md: no configuration found"
done >"$work/wrong"

# A check that sees nothing is no check: a comment behind a value is part of it.
sed 's/^drive_format_data = scsi-hd$/&   # a bus/' "$source_dir/docs/disks.md" >"$work/broken.md"
check "$work/broken.md" "$work/broken" | grep 'no such value' >/dev/null || echo "a wrong value was not found" >>"$work/wrong"

if [[ -s $work/wrong ]]; then
    cat "$work/wrong" >&2
    exit 1
fi
echo "test_docs_examples: the configurations of docs/disks.md and docs/guests.md are right"
