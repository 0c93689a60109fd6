#!/usr/bin/env bash
# The transports between hosts, and legs that are planned to end otherwise: each passes only if it ended so,
# and leaves nothing behind. With --long also, on each transport (VTMH_WAYS: on these): a page that is lost is
# found; the two test types that write their migrations themselves pass, and where three hosts take part each
# fault in each step is told to all of them.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"

long=${1-}
lab_begin "$([ "$long" = --long ] && echo 3 || echo 2)"
images=/var/lib/vtmh/images # which all hosts see
shared=(-p "mig_file_dir=$images")

# statuses: "NAME STATUS" of every test of the last job
statuses() {
    job_result '.tests[] | "\(.name) \(.status)"'
}

step "a guest goes there and back by each transport, its memory checked"
others=("$images"/vtmh-{1..9}-vm1.migration) # files of other jobs on the same storage
lab exec touch "${others[@]}"
job -m host1,host2 --only transports "${shared[@]}" "$library"
expect_equal "exit status" 0 "$status"
for way in tcp unix exec fd file; do
    expect_match "the tests" "by_$way\S* PASS" "$(statuses)"
done
expect_match "the test without a device" 'by_rdma\S* SKIP' "$(statuses)"
expect_match "its reason" 'no RDMA device' "$(job_result '.tests[] | select(.status == "SKIP") | .fail_reason')"
expect_equal "legs that are not clean" 0 \
    "$(job_result '[.tests[].vtmh.migrations[] | select(.memory_check != "clean")] | length')"
lab exec rm "${others[@]}" # all of them are still there
no_leaks host1 host2

step "what is planned to be called off, to fail, or to be tried again passes"
job -m host1,host2 --only scripts..cancel,scripts..cancel_and_again,scripts..too_slow "$library"
expect_equal "exit status" 0 "$status"
expect_match "the legs" 'cancelled source true' \
    "$(job_result '.tests[0].vtmh.migrations[] | "\(.status) \(.survivor) \(.as_planned)"')"
expect_equal "attempts" "1 cancelled,2 completed" \
    "$(job_result '[.tests[1].vtmh.migrations[] | "\(.attempt) \(.status)"] | join(",")')"
no_leaks host1 host2

step "a stranger who takes the place of a stream at QEMU's own port is the testbed's fault"
cat >"$work/stranger" <<'END'
# ADDRESS PORT TEXT: comes in as soon as there is a port, says so and TEXT, and stays until he is sent away.
import signal, socket, sys
signal.alarm(60)
while True:
    try:
        peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
        break
    except OSError:
        pass
print("in", flush=True)
peer.sendall(sys.argv[3].encode())
try:
    while peer.recv(100):
        pass
except OSError:
    pass
END

# break_in TEXT ARGS…: a job with a stranger at the port of the migration to host2; the source is held back until he is in.
break_in() {
    local says=$1 stranger
    shift
    job_begin -m host1,host2 "$library" -p mig_port=5999 -p mig_stall_timeout=3 -p dirty_rounds=3 "$@"
    await_event '"phase":"preparing"'
    on host2 nft 'add table inet door; add chain inet door in { type filter hook input priority 0; };
        add rule inet door in ip saddr 10.77.0.1 tcp dport 5999 drop'
    lab exec python3 "$work/stranger" 10.77.0.2 5999 "$says" >"$work/stranger.says" 2>&1 &
    stranger=$!
    expect_within 30 grep -q in "$work/stranger.says"
    on host2 nft delete table inet door
    job_end
    wait "$stranger" || true
}
for says in "" "GET / HTTP/1.0"; do
    break_in "$says" --only options..multifd
    expect_equal "exit status" 1 "$status"
    expect_verdict ERROR host2 "a stranger, 10\\.77\\.0\\.254, has connected to port 5999 of host2, QEMU's own"
    expect_survivor source
done
no_leaks host1 host2

script=(-m host1,host2 --only scripts..too_slow "$library")

step "an end that is killed on purpose: the guest goes on on the source, or is gone, as planned"
job "${script[@]}" -p "mig_script=1s kill destination"
expect_equal "exit status" 0 "$status"
expect_equal "the leg" "failed source" "$(result '.vtmh.migrations[0] | "\(.status) \(.survivor)"')"
job "${script[@]}" -p "mig_script=1s kill source" -p mig_expect_survivor=none
expect_equal "exit status" 0 "$status"
expect_equal "the leg" "failed none" "$(result '.vtmh.migrations[0] | "\(.status) \(.survivor)"')"
no_leaks host1 host2

step "a leg that ends otherwise than planned is a failure"
job "${script[@]}" -p "mig_script=1s kill source"
expect_equal "exit status" 1 "$status"
expect_match "the cause" 'planned was: failed \(survivor: source\)' "$(result .vtmh.fail_cause)"
job "${script[@]}" -p "mig_script=500ms speed 0" -p mig_timeout=60
expect_equal "exit status" 1 "$status"
expect_match "the cause" 'completed \(survivor: destination\); planned was: failed' "$(result .vtmh.fail_cause)"
job "${script[@]}" -p "mig_script=1s cancel"
expect_equal "exit status" 1 "$status"
expect_match "the cause" 'cancelled \(survivor: source\); planned was: failed' "$(result .vtmh.fail_cause)"
no_leaks host1 host2

step "a command of the user's own carries the stream, and how it ends counts"
cat >"$work/carry" <<'END'
# listen ADDRESS PORT: to stdout; send ADDRESS PORT: from stdin; flip: stdin to stdout, a byte of a page changed
import os, re, socket, sys
if sys.argv[1] == "flip":
    stream = bytearray(sys.stdin.buffer.read())
    # The end of the memory's section, "ram": pages that do not come again, each behind its address.
    last = list(re.finditer(rb"\x03\0\0\0\x02\0\0\0\0[\0-\x03].[\0-\xff][\x08\x28]", stream, re.DOTALL))[-1]
    stream[last.start() + 10 * 4104 + 2000] ^= 1
    sys.stdout.buffer.write(stream)
    sys.exit()
host, port = sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
if sys.argv[1] == "listen":
    listener = socket.create_server((host, port), family=family)
    peer = listener.accept()[0]
    while data := peer.recv(65536):
        os.write(1, data)
else:
    for _ in range(100): # nothing tells a command when the other one listens
        try:
            peer = socket.create_connection((host, port))
            break
        except ConnectionRefusedError:
            __import__("time").sleep(0.05)
    while data := os.read(0, 65536):
        peer.sendall(data)
END
lab exec cp "$work/carry" $images/carry
carry=(-m host1,host2 --only transports..by_exec "$library"
    -p "migration_exec_cmd_dst=python3 $images/carry listen {address} {port}")
job "${carry[@]}" -p "migration_exec_cmd_src=python3 $images/carry send {address} {port}"
expect_equal "exit status" 0 "$status"
job "${carry[@]}" -p "migration_exec_cmd_src=python3 $images/carry send {address} {port}; exit 7"
expect_equal "exit status" 1 "$status"
expect_match "the cause" 'on host1 ended with exit status 7' "$(result .vtmh.fail_cause)"
expect_survivor source
no_leaks host1 host2

step "bytes that a command loses, or changes, are found, though QEMU has completed at both ends"
job "${carry[@]}" -p "migration_exec_cmd_src=head -c -100 | python3 $images/carry send {address} {port}"
expect_equal "exit status" 1 "$status"
expect_verdict FAIL host2 'not come as it was sent: [0-9]+ bytes on host1, [0-9]+ bytes on host2'
expect_equal "the bytes that are lost" 100 \
    "$(result .vtmh.fail_cause | sed -E 's/.*: ([0-9]+) bytes on host1, ([0-9]+) bytes on host2/\1 - \2/' | bc)"
expect_survivor source
job "${carry[@]}" -p "migration_exec_cmd_src=python3 $images/carry flip | python3 $images/carry send {address} {port}"
expect_equal "exit status" 1 "$status"
expect_verdict FAIL host2 'memory check: 1 of'
no_leaks host1 host2

step "several streams are carried by the nodes, over unix and over tcp, and all of them over IPv6"
for host in 1 2; do
    on host$host ip -6 addr add fd00::$host/64 dev br0 nodad
done
ipv6=(-m host1,host2 -p mig_address_host1=fd00::1 -p mig_address_host2=fd00::2 "$library")
job "${ipv6[@]}" --only transports..by_tcp,options..multifd_relayed,options..multifd_by_unix
expect_equal "exit status" 0 "$status"
expect_equal "guards" "relay clean,token clean" \
    "$(job_result '[.tests[].vtmh.migrations[] | "\(.guard) \(.memory_check)"] | unique | join(",")')"
expect_match "debug.log" 'the destination is reached at fd00::2 port' "$(cat "$job"/test-results/*/debug.log)"
no_leaks host1 host2

if [ "$long" = --long ]; then
    read -ra ways <<<"${VTMH_WAYS:-tcp unix exec fd file}"

    step "QEMU's own port is at an IPv6 address, too"
    job "${ipv6[@]}" --only options..multifd
    expect_equal "exit status" 0 "$status"

    step "a stranger at a port that is guarded keeps nobody out, and is told of"
    for says in "" "GET / HTTP/1.0"; do
        break_in "$says" --only options..multifd_relayed,transports..by_fd
        expect_equal "exit status" 0 "$status"
        expect_match "the notes" 'host2: strangers connected to the port of a migration and were turned away' \
            "$(result '.vtmh.notes | join(" ")')"
    done

    step "a page that is lost is found whatever the transport"
    # The guest runs while it is written into a file, too.
    for way in "${ways[@]}"; do
        job -m host1,host2 --only all..tick..ping_pong -p "mig_protocol=$way" "${shared[@]}" \
            -p tcg_dirty_sync_quirk=no -p enable_kvm=no "$library"
        expect_equal "exit status by $way" 1 "$status"
        expect_match "the cause by $way" 'memory check: [0-9]+ of' "$(result .vtmh.fail_cause)"
    done

    step "the example, and two VMs among three hosts, on each transport that moves a guest at once"
    cat >"$work/types.cfg" <<'END'
variants:
    - three:
        type = three_hosts
        guest = tick
        mem = 64
        dirty_mem = 8
        dirty_rate = 40
        mig_speed = 60
        mig_downtime = 0.01
        # Legs that a fault meets while they move.
        variants:
            - @plain:
            - slow:
                dirty_rate = 4
                mig_speed = 15
                mig_downtime = 0.05
                mig_stall_timeout = 3
    - example:
        type = example
        guest = jeos
        mem = 192
        dirty_mem = 32
        dirty_rate = 40
        mig_speed = 100
        mig_downtime = 0.02
vms = vm1 vm2
END
    for way in "${ways[@]}"; do
        [ "$way" != file ] || continue
        job -m host1,host2,host3 --tuple 3 --only three..plain -p "mig_protocol=$way" "${shared[@]}" "$work/types.cfg"
        expect_equal "exit status of three_hosts by $way" 0 "$status"
        expect_equal "clean legs by $way" 6 \
            "$(result '[.vtmh.migrations[] | select(.memory_check == "clean")] | length')"
        job -m host1,host2 --only example -p "mig_protocol=$way" "${shared[@]}" "$work/types.cfg"
        expect_equal "exit status of example by $way" 0 "$status"
        expect_equal "clean legs by $way" 4 \
            "$(result '[.vtmh.migrations[] | select(.memory_check == "clean")] | length')"
        no_leaks host1 host2 host3
    done

    # break_step WAY STEP FAULT STATUS FAIL_HOST HOST…: what is broken while the first leg of that step moves, and who
    # is still there to be told.
    break_step() {
        local way=$1 part=$2 fault=$3
        job_begin -m host1,host2,host3 --tuple 3 --only three..slow -p "mig_protocol=$way" "$work/types.cfg"
        await_event '"phase":"migrating","leg":'"$((2 * part - 1))"',.*"remaining_bytes":[1-9]'
        case $fault in
        hypervisor) on host1 kill -9 "$(pids_on host1 qemu-system | head -n 1)" ;;
        node) on host2 kill -9 "$(pids_on host2 vtmh-node | head -n 1)" ;;
        link) lab cut host1 host2 ;;
        host) lab freeze host2 ;;
        esac
        await_event '"event":"test_end"'
        case $fault in
        link) lab heal ;;
        host) lab thaw host2 ;;
        esac
        job_end
        expect_equal "exit status" 1 "$status"
        expect_equal "the test's status" "$4" "$(result .status)"
        expect_match "fail_host" "$5" "$(result .vtmh.fail_host)"
        expect_known_at_once "${@:6}"
        no_leaks host1 host2 host3
    }
    for way in "${ways[@]}"; do
        [ "$way" != file ] || continue # nothing moves between hosts while a leg goes on
        for part in 1 2 3; do
            step "step $part of three hosts by $way breaks, and all are told"
            # Not host3 when it has done its part, or will have while the link is waited for.
            third=() later=()
            [ $part = 3 ] || third=(host3)
            [ $part != 1 ] || later=(host3)
            break_step "$way" $part hypervisor FAIL host1 host1 host2 "${third[@]}"
            break_step "$way" $part node ERROR host2 host1 "${third[@]}"
            break_step "$way" $part link ERROR 'host[12]' host1 host2 "${later[@]}"
            break_step "$way" $part host ERROR host2 host1 "${third[@]}"
        done
    done
fi
