#!/usr/bin/env bash
# A secret reaches QEMU and nothing else: neither what a job leaves, nor what it prints, nor the command lines
# of our processes. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

secret=hunter2-planted
cat >"$work/secret.cfg" <<END
type = migration_multi_host
guest = tick
mem = 32
dirty_mem = 4
mig_speed = 2
password = $secret
registry_passphrase_vm1 = and-$secret
# It finds its way into other values, the command line, and a cause.
hint = "it is \${password}, really"
extra_params = -name \${password}
variants:
    - moves:
    - fails:
        qemu_binary_host2 = /nonexistent/\${password}
    - left_out:
        sysprep_required = /\${password}
END

# expect_hidden: in all files of the job, and in what it printed.
expect_hidden() {
    expect_equal "files of the job with the secret" "" "$(grep -rl -- "$secret" "$job/" "$@" || true)"
    expect_equal "prints with the secret" "" "$(grep -l -- "$secret" "$work/stdout" "$work/stderr" || true)"
}

step "a job hides it everywhere, while it runs and behind it"
job_begin -v -m local:a,local:b --json "$work/json" "$work/secret.cfg"
await_migrating
expect_equal "QEMUs that have it" 2 "$(pgrep -cf -- "qemu-system.*-name $secret")"
expect_equal "command lines of ours that have it" "" "$(pgrep -af -- "^[^ ]*vtmh(-node)? .*$secret" || true)"
job_end
expect_equal "exit status" 1 "$status"
expect_equal "statuses" "PASS ERROR SKIP" "$(results '[.tests[].status] | join(" ")')"
expect_hidden "$work/json"
expect_match "the node's log" '-name .?\*\*\*' "$(cat "$job"/test-results/*/a/test.log)"
expect_match "the cause" '/nonexistent/\*\*\* is not a program' "$(results '.tests[1].vtmh.fail_cause')"
expect_equal "a value that has it" "it is ***, really" \
    "$(jq -r .b.hint.value "$(results '.tests[0].vtmh.parameters')")"

step "however much is printed"
for form in -q --fail-fast; do
    job "$form" -m local:a,local:b --no moves "$work/secret.cfg"
    expect_equal "exit status" 1 "$status"
    expect_hidden
done

step "from the command line, too"
job -m local:a,local:b --only left_out -p "password_vm1=$secret" "$work/secret.cfg"
expect_hidden

step "of an inventory, too, and a replay says what it lacks"
printf 'alpha local:a image_secret=%s pool=x\nbeta local:b bmc_password=%s\n' "$secret" "$secret" >"$work/hosts"
job -M "$work/hosts" --only left_out "$work/secret.cfg"
expect_hidden
expect_equal "its labels" "image_secret=*** pool=x bmc_password=***" \
    "$(results '[.vtmh.configuration.machines[].labels[]] | join(" ")')"
job --replay latest
expect_match stderr "image_secret of alpha was a secret of the job's -M, which is not kept" "$err"
expect_equal "what is left of them" "pool=x" "$(results '[.vtmh.configuration.machines[].labels[]] | join(" ")')"

step "what only looks at the configuration hides it"
for command in "run -m local:a,local:b --dry-run" show lint; do
    # shellcheck disable=SC2086 # words
    "$VTMH_BUILD/vtmh" $command "$work/secret.cfg" >"$work/stdout" 2>"$work/stderr" || true
    [[ -s $work/stdout || -s $work/stderr ]] || fail "$command says nothing"
    expect_equal "prints of $command" "" "$(grep -l -- "$secret" "$work/stdout" "$work/stderr" || true)"
done
"$VTMH_BUILD/vtmh" explain "$work/secret.cfg" 1 >"$work/stdout"
expect_match "explain" 'password = \*\*\* ' "$(cat "$work/stdout")"
expect_equal "prints of explain" "" "$(grep -l -- "$secret" "$work/stdout" || true)"
