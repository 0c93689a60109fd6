#include "proto/sample.h"

#include <criterion/criterion.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

Test(sample, says_what_a_process_and_its_machine_are_like)
{
    struct sampler sampler = {0};
    Vtmh__Sample sample;
    sampler_look(&sampler);
    sampler_look(&sampler);
    sample_process(&sampler, "node", getpid(), NULL, &sample);
    cr_expect_str_eq(sample.process, "node");
    cr_expect_gt(sample.rss_bytes, 100 << 10);
    cr_expect_geq(sample.descriptors, 3);
    cr_expect_geq(sample.cpu_ms, 0);
    cr_expect_leq(sample.cpu_pressure, 1);
    cr_expect_geq(sample.load, 0);
    cr_expect_eq(sample.files, -1, "files that nobody looked for are not none");
}

Test(sample, of_a_process_that_has_ended_nothing_is_measured)
{
    struct sampler sampler = {.pressure = PRESSURE_UNKNOWN};
    Vtmh__Sample sample;
    sample_process(&sampler, "qemu vm1", 4194305, NULL, &sample);
    cr_expect_eq(sample.rss_bytes, -1);
    cr_expect_eq(sample.descriptors, -1);
    cr_expect_eq(sample.cpu_pressure, -1);
    cr_expect_eq(sample.load, -1);
}

Test(sample, counts_the_files_of_folders_and_below)
{
    struct sampler sampler = {0};
    Vtmh__Sample sample;
    g_autofree char *dir = g_dir_make_tmp("vtmh-sample-XXXXXX", NULL);
    g_autofree char *below = g_build_filename(dir, "below", NULL);
    g_autofree char *one = g_build_filename(dir, "one", NULL);
    g_autofree char *two = g_build_filename(below, "two", NULL);
    g_mkdir(below, 0700);
    g_file_set_contents(one, "12345", 5, NULL);
    g_file_set_contents(two, "123", 3, NULL);
    sample_process(&sampler, "node", getpid(), (const char *const[]){dir, "/none/such", NULL},
                   &sample);
    cr_expect_eq(sample.files, 2);
    cr_expect_eq(sample.file_bytes, 8);
    g_unlink(one);
    g_unlink(two);
    g_rmdir(below);
    g_rmdir(dir);
}

Test(sample, of_fast_legs_not_each_has_one)
{
    struct sample_pace pace = {0};
    struct sample_pace long_ago = {g_get_monotonic_time() - (int64_t)1000 * SAMPLE_EVERY_MS, 0};
    cr_expect(sample_is_due(&pace));
    pace.last_us += (int64_t)60 * G_USEC_PER_SEC;
    for (unsigned leg = 1; leg < SAMPLE_EVERY_LEGS; leg++)
        cr_expect_not(sample_is_due(&pace));
    cr_expect(sample_is_due(&pace));
    cr_expect(sample_is_due(&long_ago));
}
