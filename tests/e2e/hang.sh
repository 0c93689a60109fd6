#!/usr/bin/env bash
# Nothing that a host sends, or does not send, hangs vtmh, and Ctrl-C always ends it: in order the first time, at
# once the second. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"
command -v python3 >/dev/null || skip "python3 is missing"
need_guest jeos

vm=vm$$ # a name of its own: it finds our QEMUs among others
cat >"$work/one.cfg" <<END
vms = $vm
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 4
END

# stranger TEXT SECONDS: answers every connection with TEXT, again and again with that time between; sets
# port. With an empty TEXT it says nothing.
stranger() {
    rm -f "$work/port"
    python3 - "$1" "$2" "$work/port" <<'END' &
import os, socket, sys, time
text, pause, path = sys.argv[1].encode(), float(sys.argv[2]), sys.argv[3]
server = socket.create_server(("127.0.0.1", 0))
with open(path + ".new", "w") as file:
    file.write(str(server.getsockname()[1]))
os.rename(path + ".new", path)
while True:
    peer = server.accept()[0]
    print("connected", file=open(path + ".seen", "w"), flush=True)
    try:
        while peer.send(text) if text else peer.recv(4096):
            time.sleep(pause)
    except OSError:
        pass
END
    stranger=$!
    expect_within 10 test -s "$work/port"
    port=$(cat "$work/port")
    rm -f "$work/port.seen"
}

end_stranger() {
    kill "$stranger"
    wait "$stranger" 2>/dev/null || true
}

step "a host whose ssh port sends lines or bytes without end is told so"
for text in $'welcome to a very long message of the day\r\n' "$(printf 'x%.0s' {1..4000})"; do
    stranger "$text" 0
    job -m "local:a,nobody@127.0.0.1:$port" "$work/one.cfg"
    end_stranger
    expect_equal "exit status" 2 "$status"
    expect_verdict CANCEL 127.0.0.1 'without letting us log in: this is no SSH server'
done

step "Ctrl-C ends the wait for a host that dribbles, and for one that is silent"
for text in $'still busy\r\n' ''; do
    stranger "$text" 0.01
    job_begin -m "local:a,nobody@127.0.0.1:$port" "$work/one.cfg"
    expect_within 20 test -s "$work/port.seen"
    kill -INT "$(vtmh_pid)"
    expect_within 20 bash -c '! kill -0 "$0" 2>/dev/null' "$job_pid"
    job_end
    end_stranger
    expect_equal "exit status" 8 "$status"
    expect_equal "the test's status" CANCEL "$(result .status)"
done

step "Ctrl-C ends the wait for a client that is silent, and the test for it was never begun"
stranger '' 0.01
job_begin -m local:a,local:b -p guest=jeos -p network_gap=silent -p nettype=bridge -p "netdst=vtmh-none" \
    -p "client=nobody@127.0.0.1:$port" "$work/one.cfg"
expect_within 20 test -s "$work/port.seen"
kill -INT "$(vtmh_pid)"
job_end
end_stranger
expect_equal "exit status" 8 "$status"
expect_verdict CANCEL null 'the job was interrupted'

# A host that does not answer keeps the job from ending.
begin_stuck() {
    job_begin -m local:a,local:b -p mig_speed=1 -p dirty_rounds=0 "$work/one.cfg"
    await_migrating
    vtmh=$(vtmh_pid)
    mapfile -t nodes < <(pgrep -f "^$VTMH_BUILD/vtmh-node serve")
    expect_equal "nodes" 2 "${#nodes[@]}"
    kill -STOP "${nodes[1]}"
}

step "the second Ctrl-C leaves at once, and nodes that are ended leave nothing"
begin_stuck
kill -INT "$vtmh"
expect_within 10 grep -q 'once more: leave at once' "$work/stderr"
kill -INT "$vtmh"
expect_within 5 bash -c '! kill -0 "$0" 2>/dev/null' "$vtmh"
kill -CONT "${nodes[1]}"
job_end
expect_equal "exit status" 8 "$status"
expect_match stderr 'leaving at once' "$err"
kill -TERM "${nodes[@]}" # they would wait for a minute
expect_within 30 bash -c '! pgrep -f "^$0/vtmh-node serve|-name $1,"' "$VTMH_BUILD" "$vm"

step "hang-ups and SIGTERM behind a Ctrl-C are no second one"
begin_stuck
kill -INT "$vtmh"
expect_within 10 grep -q 'once more: leave at once' "$work/stderr"
for signal in HUP TERM HUP TERM; do
    kill "-$signal" "$vtmh"
done
kill -CONT "${nodes[1]}"
job_end
expect_equal "exit status" 8 "$status"
expect_lacks stderr 'leaving at once' "$err"
expect_equal "the test's status" INTERRUPTED "$(result .status)"
expect_equal "leaks" 0 "$(result '.vtmh.leaks | length')"
