#include "migration/move/transport/folder.h"
#include "tests/unit/fiber_checks.h"

#include <glib/gstdio.h>
#include <string.h>

TestSuite(transport_folder, .timeout = 10);

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)err;
    check(kind == OWNED_PATH);
    g_ptr_array_add(node, g_strdup(what));
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    guint index;

    (void)kind;
    if (g_ptr_array_find_with_equal_func(node, what, g_str_equal, &index))
        g_ptr_array_remove_index_fast(node, index);
    else
        check(!"it is owned");
}

static const struct host_ops ops = {.own = own, .disown = disown};

/* A host with a base of its own, in which nothing may be left. */
struct folder_bed {
    GPtrArray *owned;
    char *base;
    struct host host;
    struct test test;
    struct seat seat;
};

static void open_bed(struct folder_bed *bed)
{
    bed->owned = g_ptr_array_new_with_free_func(g_free);
    bed->base = g_dir_make_tmp("vtmh-folder-XXXXXX", NULL);
    bed->host =
        (struct host){.ops = &ops, .node = bed->owned, .name = "host1", .base_dir = bed->base};
    bed->test.host = &bed->host;
    bed->seat.test = &bed->test;
}

static void close_bed(struct folder_bed *bed)
{
    check(bed->owned->len == 0);
    check(g_rmdir(bed->base) == 0);
    g_ptr_array_unref(bed->owned);
    g_free(bed->base);
}

static int make_and_give_up(void *arg, GError **err)
{
    struct folder_bed bed = {0};

    (void)arg;
    open_bed(&bed);
    char *folder = transport_folder_alike(&bed.seat, NULL, err);
    if (folder == NULL)
        return -1;
    check(g_str_has_prefix(folder, bed.base) && g_file_test(folder, G_FILE_TEST_IS_DIR));
    check(bed.owned->len == 1 && strcmp(g_ptr_array_index(bed.owned, 0), folder) == 0);
    g_autofree char *file = g_build_filename(folder, "stream", NULL);
    check(g_file_set_contents(file, "", 0, NULL));
    transport_folder_disown(&bed.seat, folder, "stream");
    close_bed(&bed);
    return 0;
}

Test(transport_folder, one_path_is_made_owned_and_given_up)
{
    expect_run(make_and_give_up, NULL);
}

static int make_twice(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    struct folder_bed bed = {0};

    (void)arg;
    open_bed(&bed);
    char *folder = transport_folder_alike(&bed.seat, NULL, err);
    if (folder == NULL)
        return -1;
    check(transport_folder_alike(&bed.seat, folder, &error) == NULL);
    check(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    check(error != NULL && strstr(error->message, "is on host1 already") != NULL);
    check(g_file_test(folder, G_FILE_TEST_IS_DIR));
    /* The first one's entry, not another's. */
    check(bed.owned->len == 1);
    transport_folder_disown(&bed.seat, folder, "stream");
    close_bed(&bed);
    return 0;
}

Test(transport_folder, one_that_is_there_already_is_not_taken_and_not_owned)
{
    expect_run(make_twice, NULL);
}
