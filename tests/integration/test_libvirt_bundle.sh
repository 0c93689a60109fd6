#!/usr/bin/env bash
# What travels to a host: vtmh-node-libvirt has nothing of the bundle that it lies in, only what is the host's.
set -euo pipefail

work=$(mktemp -d "${TMPDIR:-/tmp}/vtmh-bundle.XXXXXX")
trap 'rm -rf "$work"' EXIT

fail() {
    printf 'FAIL: %s\n' "$@" >&2
    exit 1
}

# The libraries that the loader takes for a program, out of the bundle.
of_bundle() {
    LD_TRACE_LOADED_OBJECTS=1 "$work/$1" | awk -v folder="$work/" 'index($3, folder) == 1 { print $1 }'
}

tar -C "$work" -xf "$VTMH_BUILD/vtmh-node.bundle.tar"
[[ -x $work/vtmh-node-libvirt ]] || fail "the bundle lacks vtmh-node-libvirt"
grep -q '"name": "vtmh-node-libvirt"' "$VTMH_BUILD/vtmh-node.bundle.json" || fail "its description does not name it"
grep -q '^libjansson' <<<"$(of_bundle vtmh-node)" || fail "what is checked here does not see what vtmh-node takes"
taken=$(of_bundle vtmh-node-libvirt)
[[ -z $taken ]] || fail "vtmh-node-libvirt takes out of the bundle: $taken"
[[ $("$work/vtmh-node-libvirt" --version) == vtmh-node-libvirt\ * ]] || fail "it does not run"
[[ ! -e $work/libvirt.so.0 ]] || fail "the bundle carries libvirt"

# The loader's sentence is what a user is told.
printf 'no library' >"$work/libvirt.so.0"
if said=$(LD_LIBRARY_PATH=$work "$work/vtmh-node-libvirt" --version 2>&1); then
    fail "a libvirt that is none was loaded"
fi
[[ $said == *"error while loading shared libraries"*libvirt.so.0* ]] || fail "the loader says: $said"
