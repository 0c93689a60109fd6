#!/usr/bin/env bash
# What a user may get wrong: each is told once, by name, with the right exit status, and leaves nothing.
set -euo pipefail
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
lab_up

quick=(--only quick..tick..offline "$library")

begin "a host that does not resolve"
job -m host1,no-such-host "${quick[@]}"
expect status $status 2
expect_match stderr "$err" 'no-such-host.*resolve'
expect_nothing_left

begin "a host that refuses the connection"
job -m host1,host2:2222 "${quick[@]}"
expect status $status 2
expect_match stderr "$err" 'host2.*(refused)'
expect_nothing_left

begin "a host that refuses the key"
job -m host1,nobody@host2 "${quick[@]}"
expect status $status 2
expect_match stderr "$err" 'host2: cannot log in as nobody'
expect_nothing_left

begin "an unknown host key is refused, with its fingerprint and the command that accepts it"
"$lab" known-hosts empty
job -m host1,host2 "${quick[@]}"
expect status $status 2
expect_match stderr "$err" 'host1.*SHA256:'
expect_match stderr "$err" 'host2.*SHA256:'
expect_match stderr "$err" '--accept-new-host-keys'
expect_nothing_left

begin "a changed host key is refused even with --accept-new-host-keys"
"$lab" exec sh -c 'ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/other &&
    echo "host2 $(cut -d" " -f1,2 /root/.ssh/other.pub)" > /root/.ssh/known_hosts; rm /root/.ssh/other*'
job -m host1,host2 --accept-new-host-keys "${quick[@]}"
expect status $status 2
expect_match stderr "$err" 'host2.*(changed|CHANGED).*SHA256:'

begin "--accept-new-host-keys accepts unknown ones"
"$lab" known-hosts empty
job -m host1,host2 --accept-new-host-keys "${quick[@]}"
expect status $status 0
"$lab" known-hosts full

begin "the same host named twice"
job -m host1,host1 "${quick[@]}"
expect status $status 4
expect_match stderr "$err" 'host1.*twice'

begin "a configuration error has file, line, column and a caret"
printf 'type = migration_multi_host\nvariants:\n    - a\n' > "$work/bad.cfg"
job -m host1,host2 "$work/bad.cfg"
expect status $status 4
expect_match stderr "$err" 'bad.cfg:3:[0-9]+: '
expect_match stderr "$err" '\^'

begin "a parameter that is not a number"
job -m host1,host2 -p mem_vm1=lots "${quick[@]}"
expect status $status 4
expect_match stderr "$err" "mem_vm1.*lots"

begin "an unknown test type"
job -m host1,host2 -p type=migration_multi_hots "${quick[@]}"
expect status $status 4
expect_match stderr "$err" 'migration_multi_hots.*migration_multi_host'

begin "a filter that leaves no test"
job -m host1,host2 --only nonesuch "$library"
expect status $status 4
expect_match stderr "$err" 'no test'

begin "an unknown option names the nearest"
job -m host1,host2 --onyl quick "$library"
expect status $status 4
expect_match stderr "$err" '--only'

finish
