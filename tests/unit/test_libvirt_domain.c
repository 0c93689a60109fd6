/* What a VM is called at libvirt. */
#include "migration/vm/libvirt.h"

#include <criterion/criterion.h>

Test(libvirt_domain, a_job_and_a_vm_have_one_name_on_all_hosts_and_it_is_no_others)
{
    const struct host here = {.name = "host1", .job = "20261130-034512-1f2e3d"};
    const struct host there = {.name = "host2", .job = "20261130-034512-1f2e3d"};
    const struct host other = {.name = "host1", .job = "20261130-034512-1f2e3e"};
    g_autofree char *a = libvirt_domain_name(&here, "vm1");
    g_autofree char *b = libvirt_domain_name(&there, "vm1");
    g_autofree char *c = libvirt_domain_name(&other, "vm1");
    g_autofree char *d = libvirt_domain_name(&here, "vm2");

    cr_expect_str_eq(a, "vtmh-20261130-034512-1f2e3d-vm1");
    cr_expect_str_eq(a, b);
    cr_expect_str_neq(a, c);
    cr_expect_str_neq(a, d);
}

Test(libvirt_domain, its_uuid_follows_from_its_name)
{
    g_autofree char *a = libvirt_domain_uuid("vtmh-1-vm1");
    g_autofree char *b = libvirt_domain_uuid("vtmh-1-vm1");
    g_autofree char *c = libvirt_domain_uuid("vtmh-1-vm2");

    cr_expect(g_uuid_string_is_valid(a), "%s", a);
    cr_expect_eq(a[14], '5');
    cr_expect_str_eq(a, b);
    cr_expect_str_neq(a, c);
}
