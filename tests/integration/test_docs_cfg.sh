#!/bin/bash
# Tries the examples of docs/cfg.md. There,
#   <!-- file: NAME -->  stands above a block that is the content of a file;
#   <!-- run -->         stands above a block of lines "$ COMMAND", each with its output (stderr first).
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${VTMH_BUILD:?VTMH_BUILD is the build tree}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/files"
ln -s "$build/vtmh" "$work/bin/vtmh"
PATH=$work/bin:$PATH

# Writes the files, and the blocks to run one behind the other into $work/run.
awk -v work="$work" '
    /^<!-- file: [a-z]+\.cfg -->$/ { target = work "/files/" $3; next }
    /^<!-- run -->$/ { target = work "/run"; next }
    /^```/ { inside = !inside && target != ""; if (!inside) target = ""; next }
    inside { print > target; next }
    target != "" && NF { print "docs/cfg.md:" FNR ": no block behind a comment" > "/dev/stderr"; exit 1 }
' "$source_dir/docs/cfg.md"

cd "$work/files"
: >"$work/wanted"
: >"$work/got"
commands=0
while IFS= read -r line; do
    printf '%s\n' "$line" >>"$work/wanted"
    [[ $line == '$ vtmh '* ]] || continue
    commands=$((commands + 1))
    {
        printf '%s\n' "$line"
        status=0
        bash -c "${line#\$ }" >"$work/stdout" 2>"$work/stderr" || status=$?
        cat "$work/stderr" "$work/stdout"
    } >>"$work/got"
    if ((status > 4)); then
        printf 'test_docs_cfg: %s: exit status %d\n' "$line" "$status" >&2
        exit 1
    fi
done <"$work/run"

if ((commands < 5)); then
    echo "test_docs_cfg: only $commands commands found; are the comments still there?" >&2
    exit 1
fi
diff -u --label docs/cfg.md --label vtmh "$work/wanted" "$work/got"
echo "test_docs_cfg: $commands commands answer as docs/cfg.md says"
