#!/usr/bin/env bash
# Post-copy on two hosts: what passes, and who has the guest after each of its failures.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"

lab_begin 2

step "a guest goes on before all of it is there, and over another stream when one breaks"
job -m host1,host2 --only all..options..postcopy "$library"
expect_equal "exit status" 0 "$status"
expect_equal "legs" "completed completed completed completed completed completed failed" \
    "$(job_result '[.tests[].vtmh.migrations[].status] | join(" ")')"
expect_equal "legs that completed and are not clean" 0 \
    "$(job_result '[.tests[].vtmh.migrations[] | select(.status == "completed" and .memory_check != "clean")] | length')"
expect_equal "legs without post-copy" 0 \
    "$(job_result '[.tests[].vtmh.migrations[] | select(.status == "completed" and .postcopy_bytes <= 0)] | length')"
expect_equal "recoveries" "0 0 0 0 1 1 0" "$(job_result '[.tests[].vtmh.migrations[].recoveries] | join(" ")')"
no_leaks host1 host2

# fails SCRIPT SURVIVOR CAUSE [ARGS…]: one leg in which that happens.
fails() {
    local script=$1 survivor=$2 cause=$3
    shift 3
    job -m host1,host2 --only all..options..postcopy..lost "$library" -p "mig_script=$script" \
        -p mig_expect=completed -p mig_expect_survivor=destination -p mig_postcopy_recover=yes "$@"
    expect_equal "exit status of $script" 1 "$status"
    expect_equal "status" FAIL "$(result .status)"
    expect_match "survivor of $script" "^($survivor)\$" "$(result '.vtmh.migrations[0].survivor')"
    expect_match "the cause of $script" "$cause" "$(result .fail_reason)"
    no_leaks host1 host2
}

# Whether it has run there by then is open, and so is whether the source's QEMU has seen the stream break.
step "a guest that never ran on the destination is taken back, where the hypervisor lets it"
fails "postcopy-active kill destination" "source|none" 'killed by SIGKILL'
if [[ $(result '.vtmh.migrations[0].survivor') == source ]]; then
    expect_match "the log" 'the guest goes on running here' "$(cat "$job/job.log")"
fi

step "one that did is lost with either of its halves"
fails "postcopy-active+200ms kill destination" none 'on host2 / .*killed by SIGKILL'
fails "postcopy-active+200ms kill source" none 'on host1 / .*killed by SIGKILL'
fails "postcopy-active+200ms cut" none 'broke in post-copy' -p mig_postcopy_recover=no

step "after the switch nothing calls the leg off: the guest is whole on the destination"
fails "postcopy-active+100ms cancel" destination 'cancel comes after the switch'

step "a half that is frozen may still come: both are kept until the job ends"
fails "postcopy-active+200ms freeze destination" uncertain 'is stopped' -p mig_stall_timeout=2
expect_match "its notes" 'is kept until the job ends' "$(result '.vtmh.notes | join("\n")')"

step "a stream that breaks unasked is replaced, and a warning"
job_begin -m host1,host2 --only all..options..postcopy..plain "$library" \
    -p migrate_count=1 -p mig_postcopy_speed=4
expect_within 60 grep -qs "the guest goes on in post-copy" "$job/job.log"
port=$(on host1 ss -Htn state established dst "$(on host1 getent hosts host2 | cut -d " " -f 1)" | awk '{ sub(/.*:/, "", $3); print $3 }')
on host1 nft "add table inet vtmh_test; add chain inet vtmh_test out { type filter hook output priority 0; };
    add rule inet vtmh_test out tcp sport $port reject with tcp reset"
job_end
expect_equal "exit status" 16 "$status"
expect_match "the warning" 'its stream broke in post-copy' "$(result .fail_reason)"
expect_equal "memory" clean "$(result '.vtmh.migrations[0].memory_check')"
no_leaks host1 host2

step "so is one that dies with the relay that carries it"
job_begin -m host1,host2 --only all..options..postcopy..plain "$library" \
    -p migrate_count=1 -p mig_postcopy_speed=4 -p mig_protocol=unix
expect_within 60 grep -qs "the guest goes on in post-copy" "$job/job.log"
on host1 kill -9 "$(on host1 pgrep -f "vtmh-node relay")"
job_end
expect_equal "exit status" 16 "$status"
expect_equal "memory" clean "$(result '.vtmh.migrations[0].memory_check')"
no_leaks host1 host2

[[ ${1-} == --long ]] || exit 0

step "each transport that can carry an answer carries post-copy, and its recovery"
for way in "mig_protocol=unix" "mig_protocol=exec" "mig_protocol=fd" "mig_guard=relay" \
    "mig_postcopy_preempt=yes" "mig_protocol=unix mig_postcopy_preempt=yes" \
    "mig_guard=relay mig_postcopy_preempt=yes" "mig_tls=x509 tls_dir=/etc/pki/vtmh-lab/good"; do
    params=()
    for param in $way; do params+=(-p "$param"); done
    job -m host1,host2 --only all..options..postcopy..recovered "$library" "${params[@]}"
    expect_equal "exit status of $way" 0 "$status"
    expect_equal "legs of $way" "clean 1 clean 1" \
        "$(result '[.vtmh.migrations[] | .memory_check, .recoveries] | join(" ")')"
    no_leaks host1 host2
done
