#!/usr/bin/env bash
# A guest of many GiB keeps its hypervisor busy for longer than a stalled stream is waited for, and is neither
# dead nor stalled. Over local hosts; its memory is never written, so little of the computer's is needed.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

available_kib=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
((available_kib > 3 << 20)) || skip "less than 3 GiB of memory are free"

cat >"$work/big.cfg" <<'END'
type = migration_multi_host
guest = tick
mem = 9G
dirty_mem = 8
enable_kvm = no
mig_timeout = 300
mig_stall_timeout = 3
END

step "it moves, though nothing is heard of its hypervisor for a while"
job -m local:a,local:b "$work/big.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "the leg" "completed destination" "$(result '.vtmh.migrations[0] | .status + " " + .survivor')"
