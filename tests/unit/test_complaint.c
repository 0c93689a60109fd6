/* What no sound guest says, in lines and in a kernel's log. */
#include "migration/guest/complaint.h"

#include <criterion/criterion.h>

Test(complaint, is_found_in_the_words_of_kernels_and_shells)
{
    static const char *const bad[] = {
        "[   12.345678] BUG: unable to handle page fault for address: 0000",
        "kernel BUG at mm/slub.c:305!",
        "Oops: 0000 [#1] SMP",
        "general protection fault, probably for non-canonical address",
        "traps: a.out[312] general protection ip:401",
        "invalid opcode: 0000 [#1]",
        "watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
        "KVM internal error. Suberror: 1",
        "Segmentation fault (core dumped)",
        "No bootable device.",
        "BdsDxe: No bootable option or device was found.",
    };
    static const char *const good[] = {"",
                                       "debug: on",
                                       "EDAC DEBUG: x",
                                       "vtmh jeos up",
                                       "T 0000002A 000001F4 00000000",
                                       "Booting from Hard Disk..."};

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        cr_expect(complaint_is_one(bad[i]), "%s", bad[i]);
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
        cr_expect(!complaint_is_one(good[i]), "%s", good[i]);
}

static const char *const log_text = "<5>[    0.000000] Linux version 6.1\n"
                                    "<2>[    1.500000] a critical thing\n"
                                    "<30>[    2.000000] a daemon says BUG: x\n"
                                    "<4>[    3.000001] BUG: soft lockup\n"
                                    "<3>[    4.000000] an error of no consequence\n";

static GPtrArray *found_in(const char *log, unsigned below, const char *expected, int64_t *seen_us)
{
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    GRegex *regex = expected != NULL ? g_regex_new(expected, 0, 0, NULL) : NULL;

    complaints_of_log(log, below, regex, seen_us, found);
    if (regex != NULL)
        g_regex_unref(regex);
    return found;
}

Test(complaint, counts_words_of_any_level_and_levels_of_any_words)
{
    int64_t seen_us = 0;
    g_autoptr(GPtrArray) found = found_in(log_text, 3, NULL, &seen_us);

    cr_assert_eq(found->len, 3);
    cr_expect_str_eq(g_ptr_array_index(found, 0), "[    1.500000] a critical thing");
    cr_expect_str_eq(g_ptr_array_index(found, 2), "[    3.000001] BUG: soft lockup");
    cr_expect_eq(seen_us, 4000000);
}

Test(complaint, is_told_once_though_the_log_keeps_it)
{
    int64_t seen_us = 2000000;
    g_autoptr(GPtrArray) later = found_in(log_text, 3, NULL, &seen_us);
    g_autoptr(GPtrArray) again = found_in(log_text, 3, NULL, &seen_us);

    cr_expect_eq(later->len, 1);
    cr_expect_eq(again->len, 0);
}

Test(complaint, that_is_expected_does_not_count)
{
    int64_t seen_us = 0;
    g_autoptr(GPtrArray) found = found_in(log_text, 1, "soft lockup|daemon", &seen_us);

    cr_expect_eq(found->len, 0);
}

Test(complaint, without_a_time_counts_each_time_and_is_limited)
{
    g_autoptr(GString) log = g_string_new(NULL);
    int64_t seen_us = 0;
    g_autoptr(GPtrArray) found = NULL;

    for (int i = 0; i < 1000; i++)
        g_string_append(log, "BUG: \xff without end\n");
    found = found_in(log->str, 3, NULL, &seen_us);
    cr_expect_eq(found->len, COMPLAINT_MAX);
    cr_expect(g_utf8_validate(g_ptr_array_index(found, 0), -1, NULL));
    cr_expect_eq(seen_us, 0);
}
