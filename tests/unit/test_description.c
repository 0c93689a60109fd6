#include "orchestrator/description.h"

#include <criterion/criterion.h>
#include <string.h>

static struct params *with(const char *key, const char *value)
{
    struct params *params = params_new();

    params_set(params, "type", "migration_multi_host", NULL);
    params_set(params, key, value, "a.cfg:3");
    return params;
}

static void expect_error(const char *key, const char *value, const char *message)
{
    g_autoptr(params) params = with(key, value);
    g_autoptr(GError) err = NULL;

    cr_assert_eq(description_check(params, &err), -1, "%s = %s", key, value);
    cr_expect(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_not_null(strstr(err->message, "a.cfg:3"), "%s", err->message);
    cr_expect_not_null(strstr(err->message, message), "%s", err->message);
}

Test(description, a_value_of_another_type_is_told_with_its_place)
{
    expect_error("smp", "two", "two");
    expect_error("mig_offline_vm1", "perhaps", "perhaps");
    expect_error("mig_timeout_host2_vm1", "soon", "soon");
    expect_error("mem", "lots", "lots");
}

Test(description, a_vm_that_could_be_a_path_is_told_also_for_one_host_only)
{
    expect_error("vms", "vm1 ../x", "vms: '../x' cannot be a VM's name");
    expect_error("vms_host2", "/x", "vms_host2: '/x' cannot be a VM's name");
}

Test(description, a_test_type_that_nobody_knows_names_those_there_are)
{
    expect_error("type", "migration_multi_hots", "there are: migration_multi_host");
}

Test(description, what_is_nobodys_parameter_may_be_anything)
{
    g_autoptr(params) params = with("my_own", "../../x");

    cr_expect_eq(description_check(params, NULL), 0);
}

Test(description, a_duration_is_the_value_or_the_nodes_default)
{
    g_autoptr(params) set = with("test_timeout", "90s");
    g_autoptr(params) unset = with("vms", "vm1");

    cr_expect_eq(description_duration_ms(set, "test_timeout"), 90000);
    cr_expect_eq(description_duration_ms(unset, "test_timeout"), 14400000);
}
