#include "node/ledger.h"

#include "node/process.h"
#include "node/remove.h"
#include "sync/child.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <unistd.h>

static char *base;

static void make_base(void)
{
    base = g_dir_make_tmp("vtmh-ledger-XXXXXX", NULL);
    cr_assert_not_null(base);
}

static void remove_base(void)
{
    remove_tree(base);
    g_free(base);
}

TestSuite(ledger, .init = make_base, .fini = remove_base);

static void run(fiber_fn fn)
{
    g_autoptr(GError) err = NULL;

    cr_assert_eq(fiber_run(fn, NULL, &err), 0, "%s", err != NULL ? err->message : "");
}

/* A node's folder with this ledger. */
static char *make_node(const char *id, const char *text)
{
    char *dir = g_strdup_printf("%s/node-%s", base, id);
    g_autofree char *path = g_build_filename(dir, "ledger", NULL);

    cr_assert_eq(g_mkdir(dir, 0700), 0);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    return dir;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void assert_lines(const GPtrArray *lines, unsigned n, const char *const *wanted)
{
    cr_assert_eq(lines->len, n, "%u lines, the first: %s", lines->len,
                 lines->len > 0 ? (char *)g_ptr_array_index(lines, 0) : "");
    for (unsigned i = 0; i < n; i++)
        cr_assert_str_eq(g_ptr_array_index(lines, i), wanted[i]);
}

#define ASSERT_LINES(lines, ...)                                                                   \
    assert_lines(lines, G_N_ELEMENTS(((const char *[]){__VA_ARGS__})),                             \
                 (const char *[]){__VA_ARGS__})

/* A test may have a million legs. */
Test(ledger, stays_short_however_often_things_come_and_go)
{
    g_autoptr(GError) err = NULL;
    struct ledger *ledger = ledger_open(base, "host2", &err);
    g_autofree char *path = g_build_filename(ledger_dir(ledger), "ledger", NULL);
    g_autofree char *head = g_strdup_printf("node %d ", (int)getpid());
    g_autofree char *name = g_strnfill(500, 'x'); /* soon long, with few syncs */
    g_autofree char *text = NULL;

    cr_assert_eq(ledger_own(ledger, OWNED_GUEST, "vm1", &err), 0);
    for (int i = 0; i < 500; i++) {
        cr_assert_eq(ledger_own(ledger, OWNED_GUEST, name, &err), 0);
        ledger_disown(ledger, OWNED_GUEST, name);
    }
    cr_assert_eq(ledger_own(ledger, OWNED_GUEST, "vm3", &err), 0);
    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    cr_expect_lt(strlen(text), LEDGER_MAX_BYTES + 1000);
    cr_expect(g_str_has_prefix(text, head));
    cr_expect_not_null(strstr(text, "\n+ guest vm1\n"));
    cr_expect_null(strstr(text, "- guest vm1\n"));
    cr_expect(g_str_has_suffix(text, "\n+ guest vm3\n"));
    ledger_close(ledger, true);
}

static int reap_dead(void *arg, GError **err)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    const struct child_spec spec = {.argv = argv};
    g_autoptr(child) sleeper = child_start(&spec, err);
    g_autofree char *file = g_build_filename(base, "left", NULL);
    g_autofree char *text = NULL, *process = NULL, *path = NULL, *folder = NULL, *dir = NULL;
    g_auto(reaping) found;
    int status;

    (void)arg;
    reaping_init(&found);
    if (sleeper == NULL)
        return -1;
    cr_assert(g_file_set_contents(file, "", 0, NULL));
    text = g_strdup_printf(
        "node 999999999 1 host2\n+ process %d %" G_GUINT64_FORMAT "\n+ path %s\n+ path %s/gone\n",
        (int)child_pid(sleeper), process_start_time(child_pid(sleeper)), file, base);
    dir = make_node("dead", text);
    process = g_strdup_printf("process %d (sleep)", (int)child_pid(sleeper));
    path = g_strdup_printf("path %s", file);
    folder = g_strdup_printf("path %s", dir);
    if (ledger_reap(base, 0, false, &found, err) < 0)
        return -1;
    ASSERT_LINES(found.removed, process, path, folder);
    cr_assert_eq(found.live->len + found.left->len, 0);
    cr_assert_not(exists(file));
    cr_assert_not(exists(dir));
    if (child_await(sleeper, deadline_in(10000), &status, err) < 0)
        return -1;
    cr_assert_eq(status, 256 + SIGKILL);
    return 0;
}

Test(ledger, names_what_it_removed_of_a_dead_node)
{
    run(reap_dead);
}

static int reap_live(void *arg, GError **err)
{
    struct ledger *ledger = ledger_open(base, "host2", err);
    g_autofree char *file = g_build_filename(base, "mine", NULL);
    g_autofree char *node = g_strdup_printf("node %d (host2)", (int)getpid());
    g_auto(reaping) found;

    (void)arg;
    reaping_init(&found);
    if (ledger == NULL)
        return -1;
    cr_assert(g_file_set_contents(file, "", 0, NULL));
    if (ledger_own(ledger, OWNED_PATH, file, err) < 0 ||
        ledger_reap(base, 0, false, &found, err) < 0)
        return -1;
    ASSERT_LINES(found.live, node);
    cr_assert_eq(found.removed->len + found.left->len, 0);
    cr_assert(exists(file));
    cr_assert(exists(ledger_dir(ledger)));
    ledger_close(ledger, true);
    return 0;
}

Test(ledger, does_not_touch_a_node_that_lives_and_names_it)
{
    run(reap_live);
}

static int reap_recycled(void *arg, GError **err)
{
    g_autofree char *text = g_strdup_printf("node %d 1 host2\n", (int)getpid());
    g_autofree char *dir = make_node("old", text);
    g_auto(reaping) found;

    (void)arg;
    reaping_init(&found);
    if (ledger_reap(base, 0, false, &found, err) < 0)
        return -1;
    cr_assert_eq(found.live->len, 0);
    cr_assert_not(exists(dir));
    return 0;
}

Test(ledger, takes_a_node_for_dead_when_its_pid_is_anothers_by_now)
{
    run(reap_recycled);
}

static int reap_asked(void *arg, GError **err)
{
    const char *const argv[] = {"sleep", "1000", NULL};
    const struct child_spec spec = {.argv = argv};
    g_autoptr(child) node = child_start(&spec, err);
    g_autofree char *text = NULL, *dir = NULL, *folder = NULL, *line = NULL;
    g_auto(reaping) found;

    (void)arg;
    reaping_init(&found);
    if (node == NULL)
        return -1;
    text = g_strdup_printf("node %d %" G_GUINT64_FORMAT " a\n", (int)child_pid(node),
                           process_start_time(child_pid(node)));
    dir = make_node("asked", text);
    folder = g_strdup_printf("path %s", dir);
    line = g_strdup_printf("node %d (a)", (int)child_pid(node));
    if (ledger_reap(base, child_pid(node), false, &found, err) < 0)
        return -1;
    ASSERT_LINES(found.removed, line, folder);
    cr_assert_not(exists(dir));
    return 0;
}

Test(ledger, ends_the_node_that_is_asked_for)
{
    run(reap_asked);
}
