#include "orchestrator/description.h"
#include "orchestrator/near_name.h"
#include "orchestrator/reference_names.h"

#include <criterion/criterion.h>

Test(reference_names, are_those_of_the_reference_as_they_stand)
{
    static const char *const names[] = {"mem_chk_re_str",       "image_name_stg",
                                        "post_command_timeout", "main_vm",
                                        "cdrom_unattended",     "multi_host_tests"};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        cr_expect(reference_has_name(names[i]), "%s", names[i]);
}

Test(reference_names, are_nothing_else)
{
    static const char *const names[] = {
        "", "#", "mig_sped", "mem_chk_re", "# Names of parameters", "MEM"};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        cr_expect_not(reference_has_name(names[i]), "%s", names[i]);
}

static void expect_near(const char *name, const char *near)
{
    cr_expect_eq(g_strcmp0(near_name(name), near), 0, "%s: %s, not %s", name, near_name(name),
                 near);
}

Test(near_name, one_edit_of_a_short_name_is_near)
{
    expect_near("mig_sped", "mig_speed");
    expect_near("kill_vms", "kill_vm");
    expect_near("mgi_sped", NULL);
}

Test(near_name, two_edits_of_a_long_name_are_near)
{
    expect_near("migrate_cuont", "migrate_count");
    expect_near("imgrate_cuont", "migrate_count");
    expect_near("imgrate_cuonx", NULL);
}

Test(near_name, the_nearest_is_found)
{
    expect_near("image_nam", "image_name");
    expect_near("nic_mdoel", "nic_model");
}

Test(near_name, four_letters_are_too_few_to_be_near)
{
    cr_assert_not_null(description_parameter("mem"));
    cr_assert_not_null(description_parameter("nics"));
    expect_near("mems", NULL);
    expect_near("nicss", NULL);
}

Test(near_name, a_name_with_an_underscore_in_front_is_private)
{
    expect_near("_mig_speed", NULL);
}
