/* A node's files on their way. What is sent is caught here; the link acknowledges at once, unless
 * it is told to be lost. */
#include "node/files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char *dir;
static GHashTable *got; /* name -> GString */
static struct event arrived;
static unsigned cuts;
static bool is_lost;
static unsigned flushes_that_fail;

void node_send(struct node *node, const Vtmh__Envelope *envelope)
{
    const Vtmh__FileChunk *chunk = envelope->file_chunk;
    GString *text = g_hash_table_lookup(got, chunk->name);

    (void)node;
    cr_assert_eq(chunk->test, 7);
    cr_assert_leq(chunk->data.len, LINK_MAX_CHUNK);
    if (text == NULL) {
        text = g_string_new(NULL);
        g_hash_table_insert(got, g_strdup(chunk->name), text);
    }
    cuts += chunk->truncated ? 1 : 0;
    g_string_append_len(text, (const char *)chunk->data.data, (gssize)chunk->data.len);
    event_set(&arrived);
}

void node_log(struct node *node, const char *format, ...)
{
    (void)node;
    (void)format;
}

int link_flush(struct link *link, int64_t deadline, GError **err)
{
    (void)link;
    (void)deadline;
    if (flushes_that_fail == 0)
        return 0;
    flushes_that_fail--;
    g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_TIMEOUT, "the deadline has passed");
    return -1;
}

bool link_is_lost(const struct link *link)
{
    (void)link;
    return is_lost;
}

static void write_to(const char *name, const char *text, size_t times)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    FILE *file = fopen(path, "a");

    for (size_t i = 0; i < times; i++)
        fputs(text, file);
    fclose(file);
}

static const char *text_of(const char *name)
{
    const GString *text = g_hash_table_lookup(got, name);

    return text != NULL ? text->str : "(nothing)";
}

static size_t length_of(const char *name)
{
    const GString *text = g_hash_table_lookup(got, name);

    return text != NULL ? text->len : 0;
}

static off_t blocks_of(const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    struct stat info;

    cr_assert_eq(stat(path, &info), 0);
    return info.st_blocks * 512;
}

static void free_text(void *text)
{
    g_string_free(text, TRUE);
}

static int (*body)(struct files *files, GError **err);

static int in_fiber(void *arg, GError **err)
{
    struct node node = {.name = (char *)"a"};
    struct files *files;
    int result;

    (void)arg;
    files = files_new(&node, 7, dir);
    result = body(files, err);
    files_free(files);
    return result;
}

static void run(int (*what)(struct files *files, GError **err))
{
    g_autoptr(GError) error = NULL;

    /* Of memory, as on a host: not every file system that a test may lie on makes holes. */
    dir = g_strdup("/dev/shm/vtmh-files-XXXXXX");
    cr_assert_not_null(g_mkdtemp(dir));
    got = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_text);
    body = what;
    cr_expect_eq(fiber_run(in_fiber, NULL, &error), 0, "%s", error ? error->message : "?");
    g_autoptr(GDir) folder = g_dir_open(dir, 0, NULL);
    for (const char *name; (name = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *path = g_build_filename(dir, name, NULL);

        g_unlink(path);
    }
    g_rmdir(dir);
}

static int send_appended(struct files *files, GError **err)
{
    write_to("vm1.qmp.log", "one ", 1);
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    cr_expect_str_eq(text_of("vm1.qmp.log"), "one ");
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    write_to("vm1.qmp.log", "two", 1);
    write_to("vm1.serial.log", "boot", 1);
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    cr_expect_str_eq(text_of("vm1.qmp.log"), "one two");
    cr_expect_str_eq(text_of("vm1.serial.log"), "boot");
    return 0;
}

Test(files, sends_what_was_appended_and_nothing_twice)
{
    run(send_appended);
}

static int send_much(struct files *files, GError **err)
{
    struct scope *scope = scope_open("files");

    scope_spawn_detached(scope, "files", files_travel, files);
    for (unsigned i = 1; i <= 10; i++) {
        event_reset(&arrived);
        write_to("vm1.qmp.log", "0123456789abcdef", 2 * FILES_MUCH_BYTES / 16);
        while (length_of("vm1.qmp.log") < i * 2 * FILES_MUCH_BYTES) {
            cr_assert_eq(await_event(&arrived, deadline_in(FILES_WAIT_MS / 2), err), 0,
                         "much is not sent at once");
            event_reset(&arrived);
        }
    }
    /* The acknowledgement of the last piece is dealt with in this turn or the next. */
    await_turn(NULL);
    await_turn(NULL);
    scope_abandon(scope);
    cr_expect_eq(length_of("vm1.qmp.log"), 20 * FILES_MUCH_BYTES);
    cr_expect_leq(blocks_of("vm1.qmp.log"), 4 * FILES_MUCH_BYTES, "%ld",
                  (long)blocks_of("vm1.qmp.log"));
    /* Its end can still be read, and it is as large as those who write believe. */
    g_autofree char *path = g_build_filename(dir, "vm1.qmp.log", NULL);
    g_autofree char *text = NULL;
    size_t size;
    cr_assert(g_file_get_contents(path, &text, &size, NULL));
    cr_expect_eq(size, 20 * FILES_MUCH_BYTES);
    cr_expect(g_str_has_suffix(text + size - 4096, "0123456789abcdef"));
    cr_expect_eq(text[size - FILES_KEPT_BYTES], '0');
    cr_expect_eq(text[0], '\0');
    return 0;
}

Test(files, much_is_sent_at_once_and_leaves_the_memory)
{
    run(send_much);
}

static int keep_while_lost(struct files *files, GError **err)
{
    struct scope *scope = scope_open("files");

    is_lost = true;
    scope_spawn_detached(scope, "files", files_travel, files);
    write_to("vm1.qmp.log", "0123456789abcdef", 4 * FILES_MUCH_BYTES / 16);
    cr_expect_eq(await_event(&arrived, deadline_in(300), NULL), -1);
    cr_expect_eq(length_of("vm1.qmp.log"), 0);
    cr_expect_geq(blocks_of("vm1.qmp.log"), 4 * FILES_MUCH_BYTES);
    scope_abandon(scope);
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    cr_expect_eq(length_of("vm1.qmp.log"), 4 * FILES_MUCH_BYTES);
    return 0;
}

Test(files, nothing_is_given_back_that_nobody_has)
{
    run(keep_while_lost);
}

static int cut_the_middle(struct files *files, GError **err)
{
    write_to("vm1.serial.log", "first", 1);
    write_to("vm1.serial.log", "0123456789abcdef", (FILES_MAX_BYTES + (1 << 20)) / 16);
    write_to("vm1.serial.log", "last", 1);
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    cr_expect_eq(length_of("vm1.serial.log"), FILES_MAX_BYTES);
    cr_expect(g_str_has_prefix(text_of("vm1.serial.log"), "first0"));
    cr_expect(g_str_has_suffix(text_of("vm1.serial.log"), "flast"));
    cr_expect_eq(cuts, 1);
    return 0;
}

Test(files, of_a_file_that_grows_too_fast_the_middle_is_cut)
{
    run(cut_the_middle);
}

static int send_after_a_failure(struct files *files, GError **err)
{
    const size_t size = FILES_MAX_BYTES + (1 << 20);

    write_to("vm1.serial.log", "0123456789abcdef", size / 16);
    flushes_that_fail = 1;
    cr_expect_eq(files_send_rest(files, deadline_in(1000), NULL), -1);
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    cr_expect(cuts == 1 || length_of("vm1.serial.log") == size,
              "%zu of %zu bytes, and no cut is told", length_of("vm1.serial.log"), size);
    return 0;
}

Test(files, what_could_not_be_sent_at_once_is_not_cut_in_silence)
{
    run(send_after_a_failure);
}

static int follow_no_link(struct files *files, GError **err)
{
    g_autofree char *link = g_build_filename(dir, "link", NULL);
    g_autofree char *below = g_build_filename(dir, "below", NULL);

    cr_assert_eq(symlink("/etc/passwd", link), 0);
    cr_assert_eq(g_mkdir(below, 0700), 0);
    cr_expect_eq(files_send_rest(files, deadline_in(1000), err), 0);
    cr_expect_eq(g_hash_table_size(got), 0);
    g_rmdir(below);
    return 0;
}

Test(files, only_regular_files_are_sent)
{
    run(follow_no_link);
}
