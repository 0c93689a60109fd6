#!/usr/bin/env bash
# Options of a migration: what this QEMU has not is said before anything starts, and an option that has not
# acted is a warning. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

cat >"$work/base.cfg" <<'END'
type = migration_multi_host
guest = tick
mem = 64
dirty_mem = 8
END
hosts=(-m local:a,local:b)

# "option | the capability that this QEMU may lack | over what"
capabilities=(
    'mig_switchover_ack = yes | switchover-ack | tcp'
    'mig_dirty_limit = yes | dirty-limit | tcp'
    'mig_mapped_ram = yes | mapped-ram | file'
)
known=$(printf '%s\n' '{"execute":"qmp_capabilities"}' '{"execute":"query-migrate-capabilities"}' '{"execute":"quit"}' |
    qemu-system-x86_64 -machine none -nodefaults -display none -qmp stdio)

step "what this QEMU has not is SKIP with that sentence, before anything starts"
{
    printf 'include base.cfg\nvariants:\n'
    for i in "${!capabilities[@]}"; do
        printf '    - n%s:\n        %s\n        mig_protocol = %s\n' "$i" "${capabilities[i]%% | *}" \
            "${capabilities[i]##* | }"
    done
} >"$work/newer.cfg"
job "${hosts[@]}" "$work/newer.cfg"
for i in "${!capabilities[@]}"; do
    option=${capabilities[i]%% | *} capability=${capabilities[i]#* | }
    capability=${capability% | *}
    [[ $known != *"\"$capability\""* ]] || continue
    expect_equal "status of $option" SKIP "$(results ".tests[$i].status")"
    expect_match "reason" "$option is not supported: QEMU [0-9.]+ on [ab] has no migration capability $capability" \
        "$(results ".tests[$i].fail_reason")"
    expect_equal "legs of $option" 0 "$(results ".tests[$i].vtmh.migrations | length")"
done

step "an option that had nothing to act on is a warning, and says what shows it"
# A guest that writes nothing while it moves: no page is sent again.
job "${hosts[@]}" -p dirty_mem=0 -p xbzrle=yes "$work/base.cfg"
expect_equal "exit status" 16 "$status"
expect_match "the warning" 'xbzrle = yes has not acted: xbzrle_pages is 0' "$(results '.tests[0].fail_reason')"
job "${hosts[@]}" -p dirty_mem=0 -p auto-converge=yes "$work/base.cfg"
expect_equal "exit status" 16 "$status"
expect_match "the warning" 'auto-converge = yes has not acted: throttle_percent is (0|not reported)' \
    "$(results '.tests[0].fail_reason')"

step "the same options with something to act on are none"
job "${hosts[@]}" --only options..xbzrle "$library"
expect_equal "exit status" 0 "$status"
expect_equal "xbzrle_pages above 0" true "$(results '[.tests[0].vtmh.migrations[].xbzrle_pages > 0] | all')"

step "events are always on, and asking for them is no obstacle; announcing is set"
job "${hosts[@]}" -p events=yes -p announce_rounds=3 -p announce_initial=20ms -p announce_step=30ms \
    -p max_announce=200ms "$work/base.cfg"
expect_equal "exit status" 0 "$status"
expect_equal "options" "announce_initial = 20ms, announce_step = 30ms, max_announce = 200ms, announce_rounds = 3" \
    "$(results '.tests[0].vtmh.migrations[0].options | join(", ")')"
