#!/usr/bin/env bash
# --hold: a test waits for its user, who gets at its VMs meanwhile; no time of it is over then.
# Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/base.cfg" <<'END'
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 2
END
hosts=(-m local:a,local:b)
mkfifo "$work/keyboard"
exec 8<>"$work/keyboard"

# begin ARGS…: as job_begin, with a keyboard.
begin() {
    rm -f "$results/latest"
    run_vtmh "${hosts[@]}" "$@" "$work/base.cfg" >"$work/stdout" 2>"$work/stderr" <&8 &
    job_pid=$!
    job=$results/latest
}

# held N TEXT: it has been held N times, once so.
held() {
    [[ $(grep -c 'Enter: go on' "$work/stderr") == "$1" ]] && grep -q "$2" "$work/stderr"
}

press_enter() {
    echo >&8
}

# ask_monitor COMMAND: at the socket that was told last.
ask_monitor() {
    python3 - "$(grep -o 'UNIX-CONNECT:.*' "$work/stderr" | tail -n 1 | cut -d: -f2)" "$1" <<'END'
import socket, sys
monitor = socket.socket(socket.AF_UNIX)
monitor.settimeout(10)
monitor.connect(sys.argv[1])
said = b""
while b"(qemu)" not in said:
    said += monitor.recv(4096)
monitor.sendall(sys.argv[2].encode() + b"\n")
said = b""
while b"\n(qemu)" not in said:
    said += monitor.recv(4096)
print(said.decode())
END
}

step "a test is held before and behind its leg, and its user speaks to QEMU; no time is over"
begin -p test_timeout=5 --hold before-leg,after-leg
expect_within 20 held 1 'base is held on a, before-leg of vm1, leg 1'
expect_match "the monitor" 'VM status: running' "$(ask_monitor 'info status')"
sleep 5.5 # longer than test_timeout
press_enter
expect_within 20 held 2 'base is held on b, after-leg of vm1, leg 1'
expect_match "the monitor" 'VM status: running' "$(ask_monitor 'info status')"
press_enter
job_end
expect_equal "exit status" 0 "$status"

step "a test that failed is held with its VMs as they are"
begin -p 'extra_params_host2=-no-such-option' -p migrate_count=1 --hold on-failure
job_end
expect_equal "the test's status" ERROR "$(result .status)"
expect_equal "nothing to hold" 0 "$(grep -c 'Enter: go on' "$work/stderr" || true)"
begin -p mig_expect=cancelled --hold on-failure
expect_within 30 held 1 'is held on b, on-failure'
expect_match "the monitor" 'VM status: running' "$(ask_monitor 'info status')"
press_enter
job_end
expect_equal "the test's status" FAIL "$(result .status)"

step "Ctrl-C ends a test that is held"
begin --hold before-login
expect_within 20 held 1 'is held on a, before-login of vm1'
kill -INT "$(vtmh_pid)"
job_end
expect_equal "the test's status" INTERRUPTED "$(result .status)"

step "where nobody can press Enter nothing is held, which is said"
job "${hosts[@]}" --hold before-leg "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_match "what is said" 'no Enter can come from standard input' "$err"

step "a point that there is not is an error"
job "${hosts[@]}" --hold lunch "$work/base.cfg"
expect_equal "exit status" 4 "$status"
expect_match "what is said" "cannot wait at 'lunch', but before-login" "$err"

step "a test that had passed on its hosts has no VM left to keep, which is said"
job "${hosts[@]}" --keep -p limit_downtime=0.0001 "$work/base.cfg"
expect_equal "the test's status" FAIL "$(result .status)"
expect_match "the notes" 'no VM is held or kept' "$(result '.vtmh.notes | join("; ")')"

step "--keep leaves the VM of a test that failed, also to the next job, until vtmh cleanup"
job "${hosts[@]}" --keep -p mig_expect=cancelled "$work/base.cfg"
expect_equal "the test's status" FAIL "$(result .status)"
notes=$(result '.vtmh.notes | join("\n")')
expect_match "the notes" 'vm1 is kept on b \(--keep\) as process [0-9]+; vtmh cleanup ends it' "$notes"
pid=$(grep -o 'as process [0-9]*' <<<"$notes" | grep -o '[0-9]*')
expect_match "the process" qemu "$(cat "/proc/$pid/comm")"
printf '%s\n' "$notes" >"$work/stderr"
expect_match "the monitor" 'VM status: running' "$(ask_monitor 'info status')"
[[ -S $(sed -n 's/.*serial line: socat .*UNIX-CONNECT://p' <<<"$notes") ]] ||
    fail "the serial line has no socket" "$notes"
job "${hosts[@]}" --keep "$work/base.cfg"
expect_equal "exit status of the next job" 0 "$status"
notes=$(result '.vtmh.notes | join("\n")')
expect_lacks "what a test that passed leaves" kept "$notes"
kill -0 "$pid" || fail "the next job has ended what was kept"
expect_status 0 "$VTMH_BUILD/vtmh" cleanup -m local:a,local:b
expect_equal "what vtmh cleanup has left" "" "$(readlink "/proc/$pid/exe" || true)"
