/* What a host offers is true of the QEMU that is there now: a shell script stands for one. */
#include "migration/vm/vm.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define ASK_MS 20000

TestSuite(qemu_offer, .timeout = 60);

/* Says which version it is, and what a QEMU without KVM says to the rest; notes each start. */
static const char script[] =
    "#!/bin/sh\n"
    "echo >> '%s'\n"
    "echo '{\"QMP\": {}}' >&3\n"
    "while read -r line <&3; do\n"
    "  id=$(echo \"$line\" | sed 's/.*\"id\": *\\([0-9]*\\).*/\\1/')\n"
    "  case $line in\n"
    "    *query-version*) say='{\"qemu\": {\"major\": %u, \"minor\": 2, \"micro\": 0},"
    " \"package\": \"\"}' ;;\n"
    "    *query-kvm*) say='{\"present\": false, \"enabled\": false}' ;;\n"
    "    *parameters*|*qmp_cap*|*quit*) say='{}' ;;\n"
    "    *) say='[]' ;;\n"
    "  esac\n"
    "  echo \"{\\\"return\\\": $say, \\\"id\\\": $id}\" >&3\n"
    "  case $line in *quit*) exit 0 ;; esac\n"
    "done\n";

struct bed {
    char *folder, *count, *binary, *link;
};

/* A script of one length whatever the version: 1 to 9. */
static void write_qemu(const struct bed *bed, const char *path, unsigned version)
{
    g_autofree char *text = g_strdup_printf(script, bed->count, version);

    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(g_chmod(path, 0700), 0);
}

static struct bed make_bed(void)
{
    struct bed bed = {.folder = g_dir_make_tmp("vtmh-offer-XXXXXX", NULL)};

    bed.count = g_build_filename(bed.folder, "count", NULL);
    bed.binary = g_build_filename(bed.folder, "qemu", NULL);
    bed.link = g_build_filename(bed.folder, "link", NULL);
    write_qemu(&bed, bed.binary, 7);
    cr_assert_eq(symlink(bed.binary, bed.link), 0);
    return bed;
}

static void clear_bed(struct bed *bed)
{
    unlink(bed->count);
    unlink(bed->binary);
    unlink(bed->link);
    rmdir(bed->folder);
    g_free(bed->count);
    g_free(bed->binary);
    g_free(bed->link);
    g_free(bed->folder);
}

struct question {
    struct host host;
    const struct params *params;
    unsigned version;
};

static int probe(void *arg, GError **err)
{
    struct question *question = arg;
    g_autoptr(vm_offer) offer =
        vm_offer_probe(&question->host, question->params, deadline_in(ASK_MS), err);

    if (offer == NULL)
        return -1;
    question->version = offer->version[0];
    return 0;
}

/* The version that the offer says; times: how often a QEMU must have been started by then. */
static unsigned ask(const struct bed *bed, const char *binary, unsigned times)
{
    g_autoptr(params) params = params_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *marks = NULL;
    struct question question = {.params = params};

    params_set(params, "qemu_binary", binary, NULL);
    cr_assert_eq(fiber_run(probe, &question, &error), 0, "%s",
                 error != NULL ? error->message : "?");
    cr_assert(g_file_get_contents(bed->count, &marks, NULL, NULL));
    cr_expect_eq(strlen(marks), times, "QEMU was started %zu times, not %u", strlen(marks), times);
    return question.version;
}

Test(qemu_offer, binary_is_asked_once_for_as_long_as_it_stays)
{
    struct bed bed = make_bed();

    cr_expect_eq(ask(&bed, bed.binary, 1), 7);
    cr_expect_eq(ask(&bed, bed.binary, 1), 7);
    clear_bed(&bed);
}

Test(qemu_offer, binary_that_was_replaced_is_asked_anew)
{
    struct bed bed = make_bed();
    g_autofree char *other = g_strconcat(bed.binary, ".new", NULL);

    cr_expect_eq(ask(&bed, bed.binary, 1), 7);
    write_qemu(&bed, other, 8);
    cr_assert_eq(g_rename(other, bed.binary), 0);
    cr_expect_eq(ask(&bed, bed.binary, 2), 8);
    cr_expect_eq(ask(&bed, bed.binary, 2), 8);
    clear_bed(&bed);
}

/* Another version of the same length, at the same inode. */
Test(qemu_offer, binary_that_was_written_over_is_asked_anew)
{
    struct bed bed = make_bed();
    g_autofree char *text = g_strdup_printf(script, bed.count, 9U);
    FILE *file;

    cr_expect_eq(ask(&bed, bed.binary, 1), 7);
    file = fopen(bed.binary, "r+e");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_expect_eq(ask(&bed, bed.binary, 2), 9);
    clear_bed(&bed);
}

Test(qemu_offer, link_that_leads_to_another_binary_is_asked_anew)
{
    struct bed bed = make_bed();
    g_autofree char *other = g_strconcat(bed.binary, ".new", NULL);

    write_qemu(&bed, other, 8);
    cr_expect_eq(ask(&bed, bed.link, 1), 7);
    cr_assert_eq(unlink(bed.link), 0);
    cr_assert_eq(symlink(other, bed.link), 0);
    cr_expect_eq(ask(&bed, bed.link, 2), 8);
    unlink(other);
    clear_bed(&bed);
}

Test(qemu_offer, driver_that_is_not_there_offers_nothing)
{
    g_autoptr(params) params = params_new();
    struct question question = {.params = params};
    g_autoptr(GError) error = NULL;

    params_set(params, "vm_type", "xen", NULL);
    cr_expect_eq(fiber_run(probe, &question, &error), -1);
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_str_eq(error->message, "vm_type = xen: there is no such driver");
}
