/* What the bed of the libvirt tests promises: faults when asked for, and nothing left. */
#include "libvirt_bed.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* The standard output of virsh in that bed; NULL when it fails. Transfer full. */
static char *virsh(const struct libvirt_bed *bed, const char *words)
{
    g_autofree char *line =
        g_strdup_printf("timeout 20 virsh --quiet --connect '%s' %s", bed->uri, words);
    char *argv[] = {"sh", "-c", line, NULL};
    char *out = NULL;
    int status;

    cr_assert(
        g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status, NULL));
    if (status == 0)
        return g_strstrip(out);
    g_free(out);
    return NULL;
}

/* A domain without devices, paused. Its QEMU's pid. */
static int start_domain(const struct libvirt_bed *bed)
{
    g_autofree char *folder = g_path_get_dirname(bed->socket);
    g_autofree char *xml = g_build_filename(folder, "vm.xml", NULL);
    g_autofree char *words = g_strdup_printf("create --paused %s", xml);
    g_autofree char *pid_file = g_build_filename(folder, "qemu", "vm.pid", NULL);
    g_autofree char *created = NULL, *pid = NULL;

    cr_assert(g_file_set_contents(xml,
                                  "<domain type='qemu'><name>vm</name><memory>32768</memory>"
                                  "<os><type arch='x86_64' machine='pc'>hvm</type></os>"
                                  "<devices><controller type='usb' model='none'/>"
                                  "<memballoon model='none'/></devices></domain>",
                                  -1, NULL));
    created = virsh(bed, words);
    cr_assert_not_null(created);
    cr_assert(g_file_get_contents(pid_file, &pid, NULL, NULL));
    return (int)g_ascii_strtoll(pid, NULL, 10);
}

Test(libvirt_bed, a_domain_outlives_libvirtd_but_not_the_bed)
{
    struct libvirt_bed *bed = libvirt_bed_start();
    g_autofree char *run = g_path_get_dirname(bed->socket);
    g_autofree char *folder = g_path_get_dirname(run);
    g_autofree char *before = NULL, *dead = NULL, *after = NULL;
    int qemu = start_domain(bed);

    before = virsh(bed, "domstate vm");
    cr_assert_str_eq(before, "paused");
    libvirt_bed_do(bed, "kill");
    dead = virsh(bed, "domstate vm");
    cr_assert_null(dead);
    cr_assert_eq(kill(qemu, 0), 0);
    libvirt_bed_do(bed, "start");
    after = virsh(bed, "domstate vm");
    cr_assert_str_eq(after, "paused");
    /* One that hangs is ended, too. */
    libvirt_bed_do(bed, "freeze");
    libvirt_bed_stop(bed);
    cr_assert_eq(kill(qemu, 0), -1);
    cr_assert_eq(errno, ESRCH);
    cr_assert(!g_file_test(folder, G_FILE_TEST_EXISTS), "%s is there", folder);
}

int main(int argc, char **argv)
{
    const char *missing = libvirt_bed_missing();
    struct criterion_test_set *tests;
    int failed;

    if (missing != NULL) {
        fprintf(stderr, "%s\n", missing);
        return 77;
    }
    tests = criterion_initialize();
    failed = criterion_handle_args(argc, argv, true) ? !criterion_run_all_tests(tests) : 0;
    criterion_finalize(tests);
    return failed;
}
