/* What a machine needs of its host. */
#include "migration/vm/host_check.h"

#include "migration/kept.h"
#include "migration/vm/driver.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(host_check, .timeout = 10);

static const GPtrArray *resting_of(void *node)
{
    return node;
}

static const struct host_ops ops = {.resting = resting_of};

Test(host_check, huge_pages_of_a_vm_that_lives_on_are_those_of_the_one_that_takes_its_place)
{
    g_autoptr(GPtrArray) resting = g_ptr_array_new();
    g_autoptr(device) memory = device_new(&device_memory, "ram");
    g_autoptr(GError) error = NULL;
    struct vm vm = {.name = (char *)"vm1"};
    struct kept kept = {.vm = &vm};
    const struct host host = {.ops = &ops, .node = resting, .name = "a"};

    device_set_bool(memory->local, "huge", true);
    device_set_int(memory->travels, "bytes", (int64_t)1 << 60); /* no host has as many */
    cr_assert_lt(vm_host_check(&host, "vm1", memory, &error), 0);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_not_null(strstr(error->message, "vm1 needs "), "%s", error->message);
    g_clear_error(&error);

    g_ptr_array_add(resting, &kept);
    cr_expect_eq(vm_host_check(&host, "vm1", memory, &error), 0);
    cr_expect_lt(vm_host_check(&host, "vm2", memory, &error), 0);
}
