#!/usr/bin/env bash
# What `cmake --install` puts somewhere works from there: the program finds the node, its bundle, and the
# configurations that come along.
set -euo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/vtmh-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
export XDG_STATE_HOME=$work/state

fail() {
    printf 'FAIL: %s\n' "$@" >&2
    exit 1
}

printf 'type = migration_multi_host\nguest = tick\nmem = 32\n' >"$work/one.cfg"

check() {
    local bin=$1/bin
    [[ $(cd "$work" && "$bin/vtmh" list --count migrate.cfg) -gt 3 ]] || fail "$bin: the library is not found"
    (cd "$work" && "$bin/vtmh" --version >/dev/null)
    for file in vtmh-node vtmh-node.bundle.tar vtmh-node.bundle.json; do
        [[ -f $1/libexec/vtmh/$file ]] || fail "$1/libexec/vtmh/$file is missing"
    done
    [[ $(cd "$work" && "$bin/vtmh" show --machine vm1 one.cfg | jq -r .machine.id) == vm1 ]] ||
        fail "$bin: vtmh show --machine does not find its node"
    (cd "$work" && "$bin/vtmh" -q -m local:a,local:b one.cfg >"$work/out" 2>&1) || fail "$(cat "$work/out")"
}

cmake --install "$VTMH_BUILD" --prefix "$work/prefix" >/dev/null
check "$work/prefix"

DESTDIR=$work/dest cmake --install "$VTMH_BUILD" --prefix /usr >/dev/null
check "$work/dest/usr"

# Without its node an installation says what is missing.
mv "$work/prefix/libexec/vtmh/vtmh-node" "$work/away"
if (cd "$work" && "$work/prefix/bin/vtmh" -q -m local:a,local:b one.cfg >"$work/out" 2>&1); then
    fail "a node that is not there was put on hosts"
fi
grep -q 'vtmh-node is missing' "$work/out" || fail "$(cat "$work/out")"
(cd "$work" && "$work/prefix/bin/vtmh" show --machine vm1 one.cfg >"$work/out" 2>&1) && fail "a machine without a node"
grep -q 'vtmh-node is missing' "$work/out" || fail "$(cat "$work/out")"
