#!/usr/bin/env bash
# What stands still can be looked at: SIGUSR1 has both programs say what each of their fibers waits for, and so
# does a test whose time is over. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

vm=vm$$
cat >"$work/one.cfg" <<END
vms = $vm
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 4
END

nodes() {
    pgrep -f "^$VTMH_BUILD/vtmh-node serve"
}

step "SIGUSR1 has vtmh and its nodes say what every fiber waits for, and the job goes on"
job_begin -m local:a,local:b -p mig_speed=1 -p dirty_rounds=0 "$work/one.cfg"
await_migrating
mapfile -t logs < <(for pid in $(nodes); do readlink "/proc/$pid/fd/2"; done)
expect_equal "logs of nodes" 2 "${#logs[@]}"
mapfile -t pids < <(vtmh_pid; nodes)
kill -USR1 "${pids[@]}"
expect_within 10 grep -qE '^vtmh: fiber "body" in "job" waits in [a-z_]+\(\) for [^,]+, [0-9.]+ s, ' "$work/stderr"
for log in "${logs[@]}"; do
    expect_within 10 grep -qE "Z fiber \"end of the leg\" in .* waits in .*leg 1 / $vm" "$log"
done
kill -INT "$(vtmh_pid)"
job_end
expect_equal "exit status" 8 "$status"

step "a test whose time is over tells what all fibers waited for: ours in debug.log, the nodes' in theirs"
job -m local:a,local:b -p mig_speed=1 -p dirty_rounds=0 -p test_timeout=5 "$work/one.cfg"
expect_equal "exit status" 1 "$status"
expect_match "why" 'took longer than test_timeout = 5 s' "$(result .fail_reason)"
folder=$(result .logdir)
grep -q 'DEBUG .*fiber "main" waits in scope_close() for job, ' "$folder/debug.log" || fail "debug.log" "$(cat "$folder/debug.log")"
for host in a b; do
    grep -qE "DEBUG .*fiber \"end of the leg\" in .* waits in .*leg 1 / $vm" "$folder/$host/test.log" ||
        fail "the fibers of $host" "$(cat "$folder/$host/test.log")"
done
