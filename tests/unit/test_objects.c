#include "orchestrator/objects.h"

#include <criterion/criterion.h>
#include <string.h>

/* vm1 and my_vm, nic1 and the image called disk, two hosts. */
static struct objects *two_hosts(void)
{
    struct objects *objects = objects_new(2);

    objects_add(objects, PARAM_PER_VM, "vm1");
    objects_add(objects, PARAM_PER_VM, "my_vm");
    objects_add(objects, PARAM_PER_NIC, "nic1");
    objects_add(objects, PARAM_PER_IMAGE, "disk");
    return objects;
}

static void expect(const char *key, enum key_class class, const char *current)
{
    struct objects *objects = two_hosts();
    struct key_parse *parse = objects_parse(objects, key);

    cr_expect_eq(parse->class, class, "%s is %d", key, parse->class);
    cr_expect_eq(g_strcmp0(parse->current, current), 0, "%s: %s", key,
                 parse->current != NULL ? parse->current : "none");
    key_parse_free(parse);
    objects_free(objects);
}

Test(objects, a_name_with_objects_of_the_test_behind_it_is_the_parameter)
{
    expect("mem", KEY_KNOWN, "mem");
    expect("mem_vm1", KEY_KNOWN, "mem_vm1");
    expect("mem_my_vm", KEY_KNOWN, "mem_my_vm");
    expect("mem_host2", KEY_KNOWN, "mem_host2");
    expect("mac_nic1_my_vm_host1", KEY_KNOWN, "mac_nic1_my_vm_host1");
    expect("nics_vm1_on_error_host2", KEY_KNOWN, "nics_vm1_on_error_host2");
    expect("mem_max", KEY_KNOWN, "mem_max");
    expect("mig_timeout", KEY_KNOWN, "mig_timeout");
}

Test(objects, any_other_ending_makes_it_a_name_of_the_users_own)
{
    expect("mem_chk_re_str", KEY_UNKNOWN, NULL);
    expect("mem_", KEY_UNKNOWN, NULL);
    expect("_mem", KEY_UNKNOWN, NULL);
    expect("mem__vm1", KEY_UNKNOWN, NULL);
    expect("mem_vm1_", KEY_UNKNOWN, NULL);
    expect("mem_vm1_vm1", KEY_UNKNOWN, NULL);
    expect("my_own_vm1", KEY_UNKNOWN, NULL);
    expect("mem_nic7", KEY_UNKNOWN, NULL);
    expect("", KEY_UNKNOWN, NULL);
}

Test(objects, an_object_that_the_test_has_not_is_told_by_its_usual_name)
{
    expect("mem_host3", KEY_NOT_HERE, "mem_host3");
    expect("mem_host0", KEY_NOT_HERE, "mem_host0");
    expect("mem_host02", KEY_NOT_HERE, "mem_host02");
    expect("dirty_mem_vm7", KEY_NOT_HERE, "dirty_mem_vm7");
    expect("mac_nic2_vm1", KEY_NOT_HERE, "mac_nic2_vm1");
}

Test(objects, what_cannot_be_an_objects_own_is_told)
{
    expect("vms_host2", KEY_NOT_SO, "vms_host2");
    expect("vms_host3", KEY_NOT_SO, "vms_host3");
    expect("migrate_count_host2", KEY_NOT_SO, "migrate_count_host2");
    expect("mem_nic1", KEY_NOT_SO, "mem_nic1");
    expect("migrate_count_vm1", KEY_NOT_SO, "migrate_count_vm1");
    expect("mig_protocol_max", KEY_NOT_SO, "mig_protocol_max");
}

Test(objects, endings_have_an_order)
{
    expect("mem_host2_vm1", KEY_DISORDERED, "mem_vm1_host2");
    expect("mac_vm1_nic1", KEY_DISORDERED, "mac_nic1_vm1");
}

Test(objects, a_historic_name_is_read_as_the_current_one)
{
    struct objects *objects = two_hosts();
    struct key_parse *parse = objects_parse(objects, "nic_mode_nic1_vm1");

    cr_expect_str_eq(parse->current, "nettype_nic1_vm1");
    cr_assert_not_null(parse->alias);
    cr_expect_str_eq(parse->alias->name, "nic_mode");
    key_parse_free(parse);
    objects_free(objects);
}

Test(objects, without_a_test_usual_names_count)
{
    static const char *const known[] = {"mem_vm12", "mac_nic3_vm1_host9", "uuid"};
    static const char *const unknown[] = {"mem_chk", "nobody"};

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        struct key_parse *parse = objects_guess(known[i]);

        cr_expect_not_null(parse->info, "%s", known[i]);
        key_parse_free(parse);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
        struct key_parse *parse = objects_guess(unknown[i]);

        cr_expect_null(parse->info, "%s", unknown[i]);
        key_parse_free(parse);
    }
}

Test(objects, a_list_may_be_that_of_a_vm_or_a_host)
{
    struct objects *objects = two_hosts();

    cr_expect(objects_is_place(objects, ""));
    cr_expect(objects_is_place(objects, "_vm1"));
    cr_expect(objects_is_place(objects, "_host2"));
    cr_expect(objects_is_place(objects, "_my_vm_host2"));
    cr_expect_not(objects_is_place(objects, "_good"));
    cr_expect_not(objects_is_place(objects, "_nic1"));
    cr_expect_not(objects_is_place(objects, "vm1"));
    objects_free(objects);
}

Test(objects, a_name_of_a_family_is_known_unless_it_is_another_parameter)
{
    struct objects *objects = two_hosts();
    struct key_parse *parse = objects_parse(objects, "hugepages_total_vm1");

    cr_assert_not_null(parse->info);
    cr_expect_str_eq(parse->info->name, "hugepage*");
    key_parse_free(parse);
    objects_free(objects);
    expect("hugepages_total_vm1", KEY_KNOWN, "hugepages_total_vm1");
    expect("huge", KEY_UNKNOWN, NULL);
    /* numanode is a row beside numa*, and wins for a VM that is not there, too. */
    expect("numa_nodes", KEY_KNOWN, "numa_nodes");
    expect("numanode_vm1", KEY_KNOWN, "numanode_vm1");
    expect("numanode_vm9", KEY_NOT_HERE, "numanode_vm9");
}
