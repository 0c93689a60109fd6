#!/usr/bin/env bash
# Machines that differ by host are told before a byte moves, and the test is an ERROR: by their parameters
# before anything starts, else by what both hypervisors say. QEMU itself says "completed" of them.
# Runs with two local nodes.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"

run_vtmh() {
    "$VTMH_BUILD/vtmh" run -r "$results" "$@"
}

one_leg=(-m local:a,local:b --only all..tick..ping_pong -p migrate_count=1)

# expect_differ REGULAR-EXPRESSION: an ERROR with this cause, and no leg that completed.
expect_differ() {
    expect_equal "exit status" 1 "$status"
    expect_equal "the test's status" ERROR "$(result .status)"
    expect_match "fail_cause" "$1" "$(result .vtmh.fail_cause)"
    expect_equal "bytes that moved" 0 \
        "$(result '[.vtmh.migrations[].transferred_bytes // 0] | add // 0')"
}

# wrapper NAME SED-SCRIPT: a QEMU that runs a VM with other words than it is given, one a line.
wrapper() {
    cat >"$work/$1" <<EOF
#!/bin/bash
case " \$* " in *" -name "*) ;; *) exec qemu-system-x86_64 "\$@" ;; esac
mapfile -t words < <(printf '%s\\n' "\$@" | sed '$2')
exec qemu-system-x86_64 "\${words[@]}"
EOF
    chmod +x "$work/$1"
}

step "parameters that differ by host are told before anything starts"
job "${one_leg[@]}" -p mem=32 -p mem_vm1_host2=48 "$library"
expect_differ 'mem differs: 32 on a, 48 on b'
expect_equal "legs" 0 "$(result '.vtmh.migrations | length')"
job "${one_leg[@]}" -p smp_host2=2 "$library"
expect_differ 'smp differs: 1 on a, 2 on b'
job "${one_leg[@]}" -p "extra_params_host2=-device virtio-rng-pci" "$library"
expect_differ 'extra_params differs: nothing on a, -device virtio-rng-pci on b'

step "a device that only the destination has"
wrapper more-devices '$a -device\nvirtio-rng-pci'
job "${one_leg[@]}" -p "qemu_binary_host2=$work/more-devices" "$library"
expect_differ 'PCI devices: nothing on a, 02\.0 .* on b'

step "another number of CPUs at the destination"
wrapper more-cpus '/^-smp$/{n;s/.*/2/}'
job "${one_leg[@]}" -p "qemu_binary_host2=$work/more-cpus" "$library"
expect_differ 'CPUs: 1 on a, 2 on b'

step "another CPU model at the destination"
wrapper other-cpu '/^-cpu$/{n;s/.*/max/}'
job "${one_leg[@]}" -p "qemu_binary_host2=$work/other-cpu" "$library"
expect_differ 'CPU: qemu64-x86_64-cpu on a, max-x86_64-cpu on b'

step "a CPU flag that the destination leaves out"
wrapper other-flag '/^-cpu$/{n;s/,+aes//}'
job "${one_leg[@]}" -p cpu_model_flags=,+aes -p "qemu_binary_host2=$work/other-flag" "$library"
expect_differ 'CPU: qemu64-x86_64-cpu, aes true on a, qemu64-x86_64-cpu, aes false on b'

step "another size of the memory at the destination"
wrapper more-memory '/^-m$/{n;s/.*/64M/}'
job "${one_leg[@]}" -p "qemu_binary_host2=$work/more-memory" "$library"
expect_differ 'memory: [0-9]+ bytes on a, 67108864 bytes on b'

step "a wrapper that changes nothing is no difference"
wrapper the-same 's/a/a/'
job "${one_leg[@]}" -p "qemu_binary_host2=$work/the-same" "$library"
expect_equal "exit status" 0 "$status"
