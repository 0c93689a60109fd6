#!/usr/bin/env bash
# What lies on disk: a disk that fills in the middle of a job, on the controller or on a host, a
# job.db that another program has locked. Over local hosts, in a mount namespace of its own, where the
# results and /run/vtmh are small disks.
if [[ -z ${VTMH_DISK_NS:-} ]] && ((EUID == 0)); then
    VTMH_DISK_NS=1 exec unshare -m "$0"
fi
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"
((EUID == 0)) || skip "only root may mount"
command -v sqlite3 >/dev/null || skip "there is no sqlite3 here"
mkdir -p "$results" /run/vtmh
mount -t tmpfs -o size=3m none "$results" || skip "a tmpfs cannot be mounted here"
mount -t tmpfs -o size=16m,mode=700 none /run/vtmh
finish() {
    local ended=$?
    set +e
    umount -l "$results"
    (exit "$ended")
    end_of_test
}
trap finish EXIT

soak=(-m local:a,local:b --only tick..ping_pong --no quick -p migrate_count=10000 -p dirty_rate=0 -p dirty_mem=1
    -p dirty_rounds=0 "$library")

# Lines of records.ndjson that tell of a leg.
legs() {
    grep -c '"record":"leg"' "$job/records.ndjson"
}

has_legs() {
    [[ -e $job/records.ndjson ]] && (($(legs) >= $1))
}

# Every line is whole, and there are the legs that job.db has.
expect_readable() {
    jq -es 'length > 0' "$job/records.ndjson" >/dev/null || fail "records.ndjson" "$(tail -n 2 "$job/records.ndjson")"
    local in_db
    in_db=$(sqlite3 "$job/job.db" 'select count(*) from legs where status is not null')
    ((in_db >= $1)) || fail "legs in job.db" "at least $1 expected, $in_db are there, $(legs) in records.ndjson"
    ((in_db <= $(legs))) || fail "job.db has more legs than records.ndjson" "$in_db, $(legs)"
}

# The processes of this script's nodes, which live in its mount namespace.
own_nodes() {
    local pid
    for pid in $(pgrep -f "^$VTMH_BUILD/vtmh-node serve"); do
        [[ $(readlink "/proc/$pid/ns/mnt") != "$(readlink /proc/self/ns/mnt)" ]] || echo "$pid"
    done
}

no_nodes() {
    [[ -z $(own_nodes) ]]
}

# fill FOLDER: until not a byte fits any more.
fill() {
    head -c 100M /dev/zero >"$1/ballast" 2>/dev/null || true
}

step "the controller's disk fills: told once, an end in order, and all legs until then can be read"
job_begin "${soak[@]}"
expect_within 60 has_legs 3
sleep 1.5
fill "$results"
job_end
expect_equal "exit status" 3 "$status"
expect_equal "how often it is told" 1 "$(grep -c 'No space left on device\|disk is full' "$work/stderr" || true)"
expect_equal "status" ERROR "$(result .status)"
expect_match "why" 'No space left on device|the disk is full' "$(result .fail_reason)"
expect_readable 2
expect_within 10 no_nodes
rm -rf "${results:?}"/*

step "a host's /run fills: told once with the host, and all legs until then can be read"
job_begin "${soak[@]}"
expect_within 60 has_legs 3
fill /run/vtmh
job_end
rm -f /run/vtmh/ballast
expect_equal "exit status" 1 "$status"
expect_equal "status" ERROR "$(result .status)"
expect_match "why" '^test .* [ab]( / .*)?: .*No space left on device' "$(result .fail_reason)"
expect_readable 3
expect_within 10 no_nodes
rm -rf "${results:?}"/*

step "while another program has locked job.db its rows wait, which is told once"
job_begin "${soak[@]}"
expect_within 60 has_legs 1
sqlite3 "$job/job.db" '.timeout 5000' 'begin immediate' '.shell sleep 4' 'rollback' &
locker=$!
expect_within 10 grep -q 'job.db: another program has locked it' "$job/job.log"
wait "$locker"
seen=$(legs)
expect_within 20 has_legs $((seen + 2))
kill -INT "$(vtmh_pid)"
job_end
expect_equal "exit status" 8 "$status"
expect_equal "how often it is told" 1 "$(grep -c 'another program has locked it' "$job/job.log")"
expect_equal "legs in job.db" "$(legs)" "$(sqlite3 "$job/job.db" 'select count(*) from legs')"
expect_readable 3
rm -rf "${results:?}"/*

step "on a file system of another machine there is no job.db, which is told once, and records.ndjson goes on"
if ! has_sanitizer; then
    rm -f "$results/latest"
    LD_PRELOAD=$VTMH_BUILD/tests/e2e/libnetwork_fs.so job "${soak[@]}" -p migrate_count=2
    expect_equal "exit status" 0 "$status"
    expect_equal "how often it is told" 1 "$(grep -c 'job.db: not made, since .* is on NFS' "$job/job.log")"
    [[ ! -e $job/job.db ]] || fail "there is a job.db"
    expect_equal "legs in records.ndjson" 2 "$(legs)"
    rm -rf "${results:?}"/*
fi

step "a job.db that is damaged is told once, and records.ndjson goes on"
job_begin "${soak[@]}" -p migrate_count=20
expect_within 60 has_legs 2
sqlite3 "$job/job.db" '.timeout 5000' 'pragma wal_checkpoint(truncate)' >/dev/null
head -c 100000 /dev/zero | tr '\0' x | dd of="$job/job.db" bs=4096 seek=1 conv=notrunc status=none
job_end
expect_equal "exit status" 0 "$status"
expect_equal "how often it is told" 1 "$(grep -c 'job.db: .* no more is written there' "$job/job.log")"
expect_equal "legs in records.ndjson" 20 "$(legs)"
rm -rf "${results:?}"/*
