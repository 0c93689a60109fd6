#!/usr/bin/env bash
# A guest that tells that something broke in it fails the test, wherever it tells so, and once.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/said.cfg" <<END
include $VTMH_SOURCE/cfg/library/base.cfg
type = migration_multi_host
guest = jeos
mem = 192
dirty_mem = 4
login_timeout = 120
mig_speed = 200
END

# says TEXT-COMMAND ARGS…: a leg of a guest that does that once it is up.
says() {
    local command=$1
    shift
    job -m local:a,local:b -p "migration_bg_command=$command" "$@" "$work/said.cfg"
}

step "on its serial port, before it moves"
says 'echo "Oops: 0000 [#1] of the test" >/dev/ttyS0; sleep 0.5' -p verify_guest_dmesg=no
expect_verdict FAIL a 'guest of vm1 told on a, by the end of leg 1, that something broke: on its serial port: Oops: 0000 \[#1\] of the test'

step "in its kernel's log alone, which goes along"
says "echo '<6>BUG: of the test' >/dev/kmsg" 
expect_verdict FAIL b "told on b, by the end of leg 1, .*: in its kernel's log: .*BUG: of the test"

step "what is expected does not count, and what is ignored makes it a WARN"
says "echo '<6>BUG: of the test' >/dev/kmsg" -p 'expected_guest_dmesg=BUG: of (the|a) test'
expect_equal status PASS "$(result .status)"
says "echo '<6>BUG: of the test' >/dev/kmsg" -p guest_dmesg_ignore=yes
expect_equal status WARN "$(result .status)"
expect_contains reason "BUG: of the test" "$(result .fail_reason)"
