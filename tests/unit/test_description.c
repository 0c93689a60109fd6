#include "orchestrator/description.h"

#include <criterion/criterion.h>
#include <string.h>

Test(description, a_row_is_what_its_owner_has_declared)
{
    const struct param_info *mem = description_parameter("mem");
    const struct param_info *protocol = description_parameter("mig_protocol");

    cr_assert_not_null(mem);
    cr_expect_eq(mem->kind, PARAM_SIZE);
    cr_expect_eq(mem->unit, 1 << 20);
    cr_expect_eq(mem->min, 1 << 20);
    cr_expect_eq(mem->scopes, PARAM_OF_VM);
    cr_expect_str_eq(mem->fallback, "256");
    cr_assert_not_null(protocol);
    cr_expect_eq(protocol->kind, PARAM_WORD);
    cr_expect_str_eq(protocol->values[0], "tcp");
    cr_expect_eq(protocol->care, PARAM_HONOURED);
    cr_expect_null(param_value_unsupported(protocol, "tcp"));
    cr_expect_not_null(param_value_unsupported(description_parameter("nettype"), "macvtap"));
    cr_expect_null(description_parameter("mem_vm1"), "endings depend on the test");
}

Test(description, knows_which_parameters_must_be_the_same_on_all_hosts)
{
    cr_expect(description_parameter("mem")->same_everywhere);
    cr_expect_not(description_parameter("qemu_binary")->same_everywhere);
}

Test(description, a_historic_name_leads_to_the_current_one)
{
    const struct param_alias *alias = description_alias("nic_mode");

    cr_assert_not_null(alias);
    cr_expect_str_eq(alias->current, "nettype");
    cr_expect_str_eq(alias->values[0].from, "tap");
    cr_expect_null(description_alias("nettype"));
}

Test(description, knows_the_nearest_name_and_type)
{
    cr_expect_str_eq(description_nearest("mig_protocl"), "mig_protocol");
    cr_expect_null(description_nearest("zzzzzzzzzzzz"));
    cr_expect_null(description_nearest("s3_x"), "a family is no name");
    cr_expect_str_eq(description_nearest_type("migration_multi_hots"), "migration_multi_host");
}

Test(description, a_duration_is_the_value_or_the_nodes_default)
{
    g_autoptr(params) set = params_new();
    g_autoptr(params) unset = params_new();

    params_set(set, "test_timeout", "90s", NULL);
    cr_expect_eq(description_duration_ms(set, "test_timeout"), 90000);
    cr_expect_eq(description_duration_ms(unset, "test_timeout"), 14400000);
}
