/* What becomes of a VM that lives on from an earlier test. */
#include "migration/scenario/process/keep_judge.h"
#include "migration/scenario/process/same.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(keep_judge, .timeout = 10);

/* One that the test can go on with. */
static struct keep_facts fit(void)
{
    return (struct keep_facts){.is_listed = true, .is_of_env = true, .is_checked = true};
}

static void expect(struct keep_facts facts, enum keep_deed deed, const char *why)
{
    g_autofree char *said = NULL;

    cr_expect_eq(keep_judge(&facts, &said), deed);
    cr_expect((why == NULL) == (said == NULL), "%s", said != NULL ? said : "nothing");
    cr_expect(why == NULL || said == NULL || strstr(said, why) != NULL, "%s: not in it: %s", said,
              why);
}

Test(keep_judge, a_vm_that_the_test_would_start_alike_is_reused)
{
    expect(fit(), KEEP_REUSE, NULL);
}

Test(keep_judge, one_that_would_be_another_is_started_anew_and_why_is_said)
{
    struct keep_facts machine = fit(), works = fit(), unwanted = fit(), env = fit(), paused = fit();

    machine.machine = "-m 64M instead of -m 32M";
    expect(machine, KEEP_END, "its machine would be another: -m 64M instead of -m 32M");
    works.works = "dirty_mem = 4 instead of dirty_mem = 2";
    expect(works, KEEP_END, "dirty_mem = 4");
    unwanted.is_unwanted = true;
    expect(unwanted, KEEP_END, "kill_vm_before_test");
    env.is_of_env = false;
    expect(env, KEEP_END, "another environment");
    paused.pauses = true;
    expect(paused, KEEP_END, "paused_after_start_vm");
}

Test(keep_judge, another_machine_is_gone_on_with_where_nobody_looks_but_not_other_work)
{
    struct keep_facts facts = fit();

    facts.is_checked = false;
    facts.machine = "-m 64M instead of -m 32M";
    expect(facts, KEEP_REUSE, NULL);
    facts.works = "guest = jeos instead of guest = tick";
    expect(facts, KEEP_END, "guest = jeos");
}

Test(keep_judge, one_that_no_test_could_use_is_ended_whoever_it_belongs_to)
{
    for (int i = 0; i < 4; i++) {
        struct keep_facts facts = fit();

        facts.is_listed = (i & 1) != 0;
        facts.is_of_env = (i & 2) != 0;
        facts.keeps_others = true;
        struct keep_facts ended = facts, spoiled = facts, in_use = facts;
        ended.ended = "guest of vm1 panicked on host1";
        expect(ended, KEEP_END, "ended by itself: guest of vm1 panicked");
        spoiled.is_spoiled = true;
        expect(spoiled, KEEP_END, "has failed");
        in_use.in_use = "/srv/disk.qcow2";
        expect(in_use, KEEP_END, "it has /srv/disk.qcow2 open");
    }
}

Test(keep_judge, one_that_the_test_does_not_name_is_ended_but_where_it_is_to_live_on)
{
    struct keep_facts facts = fit();

    facts.is_listed = false;
    expect(facts, KEEP_END, "does not name it in vms");
    facts.keeps_others = true;
    expect(facts, KEEP_LEAVE, NULL);
    facts.keeps_others = false;
    facts.is_of_env = false;
    expect(facts, KEEP_LEAVE, NULL);
    /* What is asked of VMs that the test has is not asked of others. */
    facts.is_unwanted = facts.pauses = true;
    facts.machine = facts.works = "anything";
    expect(facts, KEEP_LEAVE, NULL);
}

Test(keep_judge, of_several_hosts_the_first_goes_on)
{
    cr_expect_eq(keep_choose((bool[]){false, true, true}, 3), 1);
    cr_expect_eq(keep_choose((bool[]){false, false}, 2), 2);
    cr_expect_eq(keep_choose((bool[]){true}, 1), 0);
}

static void expect_difference(const char *is, const char *would_be, const char *said)
{
    g_autofree char *difference = same_difference(is, would_be);

    cr_expect_str_eq(difference != NULL ? difference : "", said);
}

Test(keep_judge, command_lines_differ_where_a_word_does_which_is_told_with_its_option)
{
    expect_difference("qemu\n-m\n32M\n", "qemu\n-m\n32M\n", "");
    expect_difference("qemu\n-m\n32M\n", "qemu\n-m\n64M\n", "-m 64M instead of -m 32M");
    expect_difference("qemu\n-m\n32M\n", "qemu\n-m\n32M\n-S\n", "-S instead of nothing more");
    expect_difference("qemu\n-S\n", "qemu\n", "nothing more instead of -S");
    expect_difference("mem = 1\n", "mem = 2\n", "mem = 2 instead of mem = 1");
}

Test(keep_judge, work_that_has_another_rate_or_goes_on_in_the_background_is_other_work)
{
    g_autoptr(params) params = params_new();
    g_autofree char *plain = same_works(params, false);

    params_set(params, "migration_bg_command", "sleep 1000", NULL);
    g_autofree char *ended = same_works(params, false);
    g_autofree char *goes_on = same_works(params, true);
    cr_expect_str_eq(ended, plain);
    cr_expect_str_neq(goes_on, plain);
    params_set(params, "dirty_rate", "7", NULL);
    g_autofree char *faster = same_works(params, false);
    g_autofree char *difference = same_difference(plain, faster);
    cr_expect_str_eq(difference, "dirty_rate = 7 instead of dirty_rate = 0");
}
