#!/usr/bin/env bash
# What happens to a VM while it moves, and how its leg ends by it: the library's scripts, the quick ones; all of
# them with --long. Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"

# name | how its legs may end, and where the guest is then
quick=(
    'cancel_in_setup | cancelled source'
    'cancel_when_active | cancelled source'
    'cancel_before_switchover | cancelled source|completed destination'
    'cancel_in_device | cancelled source|completed destination'
    'faster | completed destination'
    'pause_and_resume | completed destination'
)
slow=(
    'cancel | cancelled source'
    'cancel_and_again | cancelled source,completed destination'
    'cancel_half_way | cancelled source'
    'too_slow | failed source'
    'longer_downtime | completed destination'
    'kill_destination | failed source'
    'kill_source | failed none'
    'freeze_destination | failed source'
    'freeze_and_thaw_source | completed destination'
    'freeze_and_thaw_destination | completed destination'
)
scripts=("${quick[@]}")
[[ ${1-} != --long ]] || scripts+=("${slow[@]}")

step "each script passes, and its leg has ended as it is to"
only=$(printf 'scripts..%s,' "${scripts[@]%% | *}")
job -m local:a,local:b --only "${only%,}" "$library"
expect_equal "exit status" 0 "$status"
expect_equal "tests" "${#scripts[@]}" "$(results '.tests | length')"
for script in "${scripts[@]}"; do
    name=${script%% | *}
    expect_match "the legs of $name" "^(${script#* | })\$" \
        "$(results ".tests[] | select(.name == \"scripts.$name.tick\") | [.vtmh.migrations[] | \"\(.status) \(.survivor)\"] | join(\",\")")"
done

if [[ ${1-} == --long ]]; then
    step "all of the library's scripts are among them"
    expect_equal "scripts" "$(printf '%s\n' "${scripts[@]%% | *}" | sort | xargs)" \
        "$("$VTMH_BUILD/vtmh" list --only scripts "$library" | grep -o 'scripts\.[a-z_]*' | cut -d . -f 2 | sort | xargs)"
fi

step "a script that is not carried out does not pass for one that was"
job -m local:a,local:b --only scripts..cancel_when_active -p mig_script= -p mig_speed=0 -p mig_expect=cancelled "$library"
expect_equal "exit status" 1 "$status"
expect_match "the cause" 'completed \(survivor: destination\); planned was: cancelled' \
    "$(results '.tests[0].vtmh.fail_cause')"

step "a step that was not done makes a leg a warning that was to complete"
for undone in "60s speed 200M" "60s thaw destination"; do
    job -m local:a,local:b --only scripts..faster -p "mig_script=$undone" -p mig_speed=0 "$library"
    expect_equal "exit status" 16 "$status"
    expect_match "the warning" "mig_script: '$undone' was not done" "$(results '.tests[0].vtmh.fail_cause')"
done
