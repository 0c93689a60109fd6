# Jobs in the lab: two hosts with a real sshd each. Sourced; needs VTMH_BUILD and VTMH_SOURCE.
# shellcheck shell=bash
# shellcheck source=tests/e2e/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

lab=$VTMH_SOURCE/deploy/lab

# run_vtmh ARGS…: in the lab's controller.
run_vtmh() {
    "$lab" exec "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

clean_up() {
    "$lab" down
}

# Nothing may be left on any host: processes, ledgers, files of nodes. Nodes need a moment to end.
expect_nothing_left() {
    local host
    checks=$((checks + 1))
    for host in host1 host2; do
        timeout 10 bash -c 'while "$0" enter "$1" pgrep -f "[q]emu-system|[v]tmh-node serve" > /dev/null; do
            sleep 0.1; done' "$lab" "$host" ||
            wrong "still running on $host: $("$lab" enter "$host" pgrep -af '[q]emu-system|[v]tmh-node serve')"
        local left
        left=$("$lab" enter "$host" find /run/vtmh -mindepth 1 2> /dev/null || true)
        [ -z "$left" ] || wrong "left on $host: $left"
    done
}

lab_up() {
    local made=0
    "$lab" up 2 || made=$?
    if [ $made -eq 3 ]; then
        echo "skipped: no lab can be made here" >&2
        exit 77
    fi
    [ $made -eq 0 ] || exit 1
    trap '"$lab" down' EXIT
}
