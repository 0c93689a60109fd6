/* What parameters alone show of two machines that differ. */
#include "migration/move/machine_params.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const names[] = {"a", "b"};

/* What two hosts say, the second with one parameter more; "" if nothing differs. Transfer full. */
static char *compare(const char *name, const char *first, const char *second)
{
    g_autoptr(params) a = params_new(), b = params_new();
    g_autoptr(GError) error = NULL;
    if (first != NULL)
        params_set(a, name, first, NULL);
    if (second != NULL)
        params_set(b, name, second, NULL);
    json_auto_t *table_a = machine_params(a), *table_b = machine_params(b);
    const json_t *const tables[] = {table_a, table_b};
    int compared = machine_params_compare(tables, names, G_N_ELEMENTS(names), &error);
    cr_assert_eq(compared < 0, error != NULL);
    return g_strdup(error != NULL ? error->message : "");
}

static void expect(const char *name, const char *first, const char *second, const char *wanted)
{
    g_autofree char *text = compare(name, first, second);
    cr_expect_str_eq(text, wanted);
}

Test(machine_params, a_difference_is_told_with_both_values_and_both_hosts)
{
    expect("mem", "32", "48", "mem differs: 32 on a, 48 on b");
    expect("smp", NULL, "2", "smp differs: 1 on a, 2 on b");
    expect("cpu_model", "qemu64", "max", "cpu_model differs: qemu64 on a, max on b");
    expect("machine_type", "pc", "q35", "machine_type differs: pc on a, q35 on b");
    expect("enable_pvpanic", NULL, "no", "enable_pvpanic differs: auto on a, no on b");
    expect("guest", "tick", "jeos", "guest differs: tick on a, jeos on b");
    expect("extra_params", NULL, "-device virtio-rng-pci",
           "extra_params differs: nothing on a, -device virtio-rng-pci on b");
    expect("nics", "nic1", "nic1 nic2", "nics differs: nic1 on a, nic1 nic2 on b");
}

Test(machine_params, cards_are_compared_by_their_own_parameters)
{
    expect("nic_model_nic1", "virtio", "e1000",
           "nic_model of nic1 differs: virtio on a, e1000 on b");
}

Test(machine_params, other_words_for_the_same_are_no_difference)
{
    expect("mem", "1G", "1024M", "");
    expect("mem", NULL, "256", "");
    expect("disable_kvm", "no", "off", "");
    expect("cpu_model_flags", NULL, "", "");
}

Test(machine_params, what_is_a_hosts_own_affair_may_differ)
{
    expect("qemu_binary", "/usr/bin/qemu-system-x86_64", "/opt/qemu", "");
    expect("mig_speed", NULL, "100", "");
    expect("mig_address", NULL, "10.0.0.2", "");
}

Test(machine_params, a_table_that_is_none_is_a_difference)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;
    json_auto_t *table = machine_params(params);
    json_auto_t *empty = json_array();
    const json_t *const tables[] = {table, empty};
    cr_expect_lt(machine_params_compare(tables, names, 2, &error), 0);
}
