/* What QEMU says of two machines that are not the same. */
#include "migration/move/machine_facts.h"

#include <criterion/criterion.h>
#include <string.h>

#define SAME                                                                                       \
    "'CPU': ['qemu64-x86_64-cpu'], 'memory': ['33546240 bytes'], 'drives': [],"                    \
    " 'PCI devices': ['00.0 (class 0600, 8086:1237)']"

/* NULL if they are the same. Transfer full. */
static char *compare(const char *first, const char *second)
{
    g_autofree char *a = g_strdelimit(g_strdup(first), "'", '"');
    g_autofree char *b = g_strdelimit(g_strdup(second), "'", '"');
    json_auto_t *source = json_loads(a, 0, NULL), *destination = json_loads(b, 0, NULL);
    const struct machine_facts ends[] = {{source, "host1"}, {destination, "host2"}};
    GError *error = NULL;
    char *message;
    if (machine_facts_compare(&ends[0], &ends[1], &error) == 0)
        return NULL;
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_DIFFERENT));
    message = g_strdup(error->message);
    g_error_free(error);
    return message;
}

static void expect(const char *first, const char *second, const char *message)
{
    g_autofree char *said = compare(first, second);
    cr_assert_not_null(said, "%s and %s are the same", first, second);
    cr_expect_str_eq(said, message);
}

Test(machine_facts, the_same_machine_is_the_same)
{
    g_autofree char *said = compare("{" SAME "}", "{" SAME "}");
    cr_expect_null(said);
}

Test(machine_facts, a_device_more_is_told_with_its_place)
{
    expect("{'PCI devices': ['00.0 (class 0600, 8086:1237)']}",
           "{'PCI devices': ['00.0 (class 0600, 8086:1237)', '02.0 (class 00ff, 1af4:1005)']}",
           "the two ends of the VM differ, PCI devices: nothing on host1, 02.0 (class 00ff, "
           "1af4:1005) on "
           "host2");
}

Test(machine_facts, every_other_field_is_told_with_both_values)
{
    expect("{'CPUs': ['1']}", "{'CPUs': ['2']}",
           "the two ends of the VM differ, CPUs: 1 on host1, 2 on host2");
    expect(
        "{'CPU': ['qemu64-x86_64-cpu']}", "{'CPU': ['max-x86_64-cpu']}",
        "the two ends of the VM differ, CPU: qemu64-x86_64-cpu on host1, max-x86_64-cpu on host2");
    expect("{'memory': ['1 bytes']}", "{'memory': ['2 bytes']}",
           "the two ends of the VM differ, memory: 1 bytes on host1, 2 bytes on host2");
    expect("{'drives': ['a (b, 1 bytes)']}", "{'drives': []}",
           "the two ends of the VM differ, drives: a (b, 1 bytes) on host1, nothing on host2");
}

Test(machine_facts, a_host_that_says_nothing_is_no_match)
{
    expect("{" SAME "}", "{}", "host2 does not say what its VM is made of");
    expect("[]", "{" SAME "}", "host1 does not say what its VM is made of");
    expect("{'CPUs': ['1']}", "{'CPUs': ['1'], 'memory': ['1 bytes']}",
           "the two ends of the VM differ, memory: nothing on host1, 1 bytes on host2");
}
