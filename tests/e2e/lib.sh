# What the tests over lab hosts share. To be sourced first:
#
#   . "$(dirname "$0")/lib.sh"
#   lab_begin 2                     a lab of its own, taken down however the script ends
#   step "a lost host is told"      names what the next checks are about
#   run "$VTMH_BUILD/vtmh" ...      in the controller; sets status, stdout, stderr
#   expect_equal "exit status" 0 "$status"
#   no_leaks host1 host2
#
# A failed check prints what was expected and what was there, and ends the script with status 1.
# shellcheck shell=bash

set -euo pipefail

VTMH_SOURCE=${VTMH_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
VTMH_BUILD=${VTMH_BUILD:-$VTMH_SOURCE/build}
current_step=
has_failed=0
work=$(mktemp -d "${TMPDIR:-/tmp}/vtmh-e2e.XXXXXX")

# A lab beside the one that a developer may have up.
export VTMH_LAB_DIR=$work/lab

lab() {
    "$VTMH_SOURCE/deploy/lab" "$@"
}

end_of_test() {
    local ended=$?
    trap - EXIT
    ((ended != 0)) || ended=$has_failed # a trap of the test's own may have come before
    if ((ended != 0 && ended != 77)) && [[ -s $work/stdout ]]; then
        printf -- '--- the last lines of the last job\n' >&2
        tail -n 25 "$work/stdout" >&2 || true
    fi
    if ((ended != 0 && ended != 77)) && [[ -d $VTMH_LAB_DIR/log ]]; then
        printf -- '--- the last lines of the lab'"'"'s logs\n' >&2
        tail -n 5 "$VTMH_LAB_DIR"/log/* >&2 || true
    fi
    lab down || ended=1
    rm -rf "$work"
    exit "$ended"
}
trap end_of_test EXIT
trap 'exit 130' INT TERM

# ---- verdicts

skip() {
    printf 'SKIP: %s\n' "$*" >&2
    exit 77
}

# need_guest NAME: skips where deploy/guest has not built it.
need_guest() {
    [[ -e ${XDG_CACHE_HOME:-$HOME/.cache}/vtmh/guests/$1/VERSION ]] || skip "the guest $1 is not built: deploy/guest"
}

# Whether vtmh is built with one: its interceptors have to come first, and what is freed stays in memory for a while.
has_sanitizer() {
    ldd "$VTMH_BUILD/vtmh" | grep -q 'lib.san\.so'
}

step() {
    current_step=$*
    printf -- '-- %s\n' "$*"
}

# fail WHAT [DETAIL...]
fail() {
    has_failed=1
    printf 'FAIL (%s): %s\n' "${current_step:-before the first step}" "$1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 1
}

expect_equal() {
    local what=$1 expected=$2 actual=$3
    [[ $actual == "$expected" ]] || fail "$what" "expected: $expected" "     got: $actual"
}

expect_contains() {
    local what=$1 expected=$2 actual=$3
    [[ $actual == *"$expected"* ]] || fail "$what" "expected in it: $expected" "got: $actual"
}

expect_lacks() {
    local what=$1 unwanted=$2 actual=$3
    [[ $actual != *"$unwanted"* ]] || fail "$what" "not expected in it: $unwanted" "got: $actual"
}

# expect_status STATUS CMD...: runs CMD here.
expect_status() {
    local expected=$1 actual=0
    shift
    "$@" >"$work/out" 2>&1 || actual=$?
    [[ $actual == "$expected" ]] ||
        fail "exit status of: $*" "expected: $expected" "     got: $actual" "$(tail -n 20 "$work/out")"
}

# expect_within SECONDS CMD...: CMD has to succeed before the deadline; asked again until then.
expect_within() {
    local seconds=$1 deadline=$((SECONDS + $1))
    shift
    until "$@" >"$work/out" 2>&1; do
        ((SECONDS < deadline)) ||
            fail "within $seconds s: $*" "it did not succeed; last:" "$(tail -n 20 "$work/out")"
        sleep 0.1
    done
}

# ---- the lab

# lab_begin [N] [--libvirt]: skips where there can be none.
lab_begin() {
    local brought=0
    lab up "$@" >"$work/up" 2>&1 || brought=$?
    case $brought in
    0) ;;
    3) skip "$(cat "$work/up")" ;;
    *) fail "lab up $*" "$(cat "$work/up")" ;;
    esac
}

# run CMD...: in the controller; what it says goes to `stdout` and `stderr`, its end to `status`.
# shellcheck disable=SC2034 # they are for the script
run() {
    status=0
    lab exec "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
    stdout=$(cat "$work/stdout")
    stderr=$(cat "$work/stderr")
}

on() {
    lab enter "$@"
}

# virsh_on HOST WORDS...
virsh_on() {
    local host=$1
    shift
    on "$host" timeout 60 virsh --quiet --connect qemu:///system "$@"
}

# pids_on HOST NAME-PATTERN: as the host counts them; a process that only waits to be reaped is none.
pids_on() {
    on "$1" ps -e -o pid=,stat=,comm= | awk -v name="$2" '$2 !~ /^Z/ && $3 ~ name { print $1 }'
}

# ---- nothing left behind

# Where a node keeps what is only for the job. The cache (~/.cache/vtmh) may stay.
node_folders=(/run/vtmh /run/lock /tmp /var/tmp)

# Where a libvirtd keeps what is of its domains: state, definitions, monitors, images, logs.
libvirt_folders=({/run,/etc,/var/lib,/var/log}/libvirt/qemu)

leaks_on() {
    local host=$1
    on "$host" ps -e -o stat=,pid=,args= |
        awk '$1 !~ /^Z/ && $3 ~ /(qemu-system|vtmh-node)/' | sed "s/^/$host: process /"
    on "$host" find "${node_folders[@]}" -mindepth 1 ! -type d 2>/dev/null | sed "s/^/$host: file /" || true
    on "$host" ip -brief link show 2>/dev/null | awk '{ print $1 }' | grep -Ev '^(lo|eth0@.*|br0)$' |
        sed "s/^/$host: network card /" || true
    # With a libvirtd that is down there is no telling what it would still have: that it is down is a leak, too.
    if [[ -e $VTMH_LAB_DIR/libvirt ]]; then
        virsh_on "$host" list --all --name 2>&1 | sed "/^$/d; s/^/$host: libvirt: /"
        on "$host" find "${libvirt_folders[@]}" -mindepth 1 ! -type d 2>/dev/null |
            grep -v '^/run/libvirt/qemu/\(driver\.pid\|autostarted\)$' | sed "s/^/$host: file /" || true
    fi
}

# What the machine has that a lab could leave: processes with the lab's path, namespaces, mounts,
# network cards, files.
traces() {
    pids_with "$VTMH_LAB_DIR" || true
    grep -lsxzF "VTMH_LAB_MEMBER=$VTMH_LAB_DIR" /proc/[0-9]*/environ || true
    ip netns
    grep -F "$VTMH_LAB_DIR" /proc/mounts || true
    ip -brief link | awk '{ print $1 }'
    ip -brief address
    ls -d "$VTMH_LAB_DIR" ~/.ssh /var/lib/vtmh /var/lib/vtmh/images /var/tmp/vtmh-lab-images 2>/dev/null || true
}

# pids_with ARGUMENT: processes that have it, word for word (grep itself must not).
pids_with() {
    grep -lsxzF -f <(printf '%s\n' "$1") /proc/[0-9]*/cmdline | cut -d / -f 3 | grep .
}

# A node needs a moment to end after its good-bye: asked again for 10 s.
no_leaks() {
    local leaks deadline=$((SECONDS + 10))
    while leaks=$(for host in "$@"; do leaks_on "$host"; done) && [[ -n $leaks ]]; do
        ((SECONDS < deadline)) || fail "something was left behind" "$leaks"
        sleep 0.1
    done
}
