#!/usr/bin/env bash
# The ways into a guest, on both ends of a leg: by SSH with a password, over the serial line on which the kernel and a
# heartbeat talk too, by telnet, by a bare shell; and what is said of those that do not let in.
#
#   login.sh [WAY…]     by these; else by the serial line, and those that do not let in
#
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/login.cfg" <<END
include $VTMH_SOURCE/cfg/library/base.cfg
type = migration_multi_host
guest = jeos
mem = 192
dirty_mem = 4
login_timeout = 60
mig_speed = 200
password = pass word
migration_bg_command = sleep 1000 &
migration_bg_check_command = pgrep sleep
variants:
    - password:
        kernel_params = vtmh.password=secret vtmh.key=no
        password = secret
    - serial:
        kernel_params = vtmh.password=secret vtmh.serve=getty
        password = secret
        login_ways = serial
    - telnet:
        kernel_params = vtmh.password=secret vtmh.serve=telnet
        password = secret
        shell_client = telnet
        shell_port = 23
        guest_port_remote_shell = 23
    - nc:
        kernel_params = vtmh.serve=nc
        shell_client = nc
        shell_port = 10022
        guest_port_remote_shell = 10022
    - second: # the first of the ways is not there
        kernel_params = vtmh.password=secret vtmh.serve=getty
        password = secret
        login_ways = telnet serial
        shell_port = 23
        guest_port_remote_shell = 23
END

login() {
    local variant=$1
    shift
    job -m local:a,local:b --only "$variant" "$@" "$work/login.cfg"
}

moves_by() {
    step "logged in and moved by $1"
    login "$1"
    expect_equal "status ($(result .fail_reason))" PASS "$(result .status)"
    [[ $1 != password ]] ||
        expect_match "the drift of the guest's clock" '^-?[0-9.]+$' "$(result '.vtmh.migrations[0].guest_clock_drift_ms')"
}

if (($# > 0)); then
    for variant in "$@"; do
        moves_by "$variant"
    done
    exit 0
fi
moves_by serial

step "regain_ip_cmd is run over the serial line once the guest has moved, and must succeed"
login serial -p 'login_ways=ssh' -p 'regain_ip_cmd=echo "regained on $(cat /etc/hostname)" >/dev/ttyS0; exit 3'
expect_verdict FAIL b 'did not regain its address: serial root: .* ended with status 3'
expect_match "what was being done" 'test .* / leg 1 / vm1 on b / checking the guest after the move / running regain_ip_cmd in vm1: ' "$out$err"

step "a wrong password is told at once, with what was tried"
login password -p password=astray -p vga=std
expect_verdict ERROR a 'guest jeos of vm1 on a cannot be logged in to: ssh root@127.0.0.1:[0-9]*: cannot log in as root: .*password: '
expect_equal "the screen then" PNG "$(head -c 4 "$results"/latest/test-results/*/*/vm1.login.png | tail -c 3)"
login serial -p password=astray
expect_verdict ERROR a 'cannot be logged in to: serial root: cannot log in as root: name or password are wrong'
if grep -qr astray "$results"/latest/; then
    fail "the password is in a file of the job"
fi

step "who gives up says what was tried, how often, and what the guest shows of itself"
login password -p shell_port=2222 -p guest_port_remote_shell=2222 -p login_timeout=20 -p 'login_ways=ssh serial' -p vga=std
expect_verdict ERROR a \
    'cannot be logged in to: ssh root@127.0.0.1:[0-9]*: .*, [0-9]* tries; serial root: .*; last serial output: .*; its screen: vm1.login.png'
