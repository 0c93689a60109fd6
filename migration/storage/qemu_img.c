#include "migration/storage/qemu_img.h"

#include "migration/params.h"
#include "sync/child.h"

#include <string.h>

#define NO_CHECKS 63 /* exit status of `qemu-img check` where the format knows none */

/* What distributions, and avocado-vt, call it. */
static const char *const usual_names[] = {
    "qemu-img", "/usr/bin/qemu-img", "/usr/local/bin/qemu-img", "qemu-img-kvm", "kvm-img", NULL,
};

char *qemu_img_program(const struct params *params, bool *is_other_out, GError **err)
{
    const char *asked = param_text(params, "qemu_img_binary");
    char *path = g_find_program_in_path(asked);

    if (is_other_out != NULL)
        *is_other_out = path == NULL;
    if (path == NULL && g_strv_contains(usual_names, asked))
        for (const char *const *other = usual_names; *other != NULL && path == NULL; other++)
            path = g_find_program_in_path(*other);
    if (path == NULL)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "qemu_img_binary = %s: %s", asked,
                    strchr(asked, '/') != NULL ? "it is not a program that can be run"
                                               : "it is not in PATH");
    return path;
}

/* The last line of what a program has said. */
static char *last_line(const char *said)
{
    g_autofree char *text = g_strchomp(g_utf8_make_valid(said != NULL ? said : "", -1));
    const char *line = strrchr(text, '\n');

    return g_strdup(line != NULL ? line + 1 : text);
}

static void set_failed(const char *what, const char *location, int status, const char *said,
                       GError **err)
{
    g_autofree char *how = child_describe_status(status);
    g_autofree char *line = last_line(said);

    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s cannot be %s: %s", location, what,
                *line != '\0' ? line : how);
}

json_t *qemu_img_info(const struct qemu_img *qemu_img, const char *location, const char *format,
                      int64_t deadline, GError **err)
{
    const char *const argv[] = {qemu_img->program, "info", "-U", "--output=json", "-f", format,
                                location,          NULL};
    g_autofree char *out = NULL, *said = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, &out, &said, err) < 0) {
        g_prefix_error(err, "%s: ", location);
        return NULL;
    }
    json_t *info = status == 0 ? json_loads(out, 0, NULL) : NULL;
    if (!json_is_object(info)) {
        json_decref(info);
        set_failed("opened", location, status, said, err);
        return NULL;
    }
    return info;
}

int qemu_img_check(const struct qemu_img *qemu_img, const char *location, const char *format,
                   enum qemu_img_verdict *verdict_out, char **says_out, int64_t deadline,
                   GError **err)
{
    const char *const argv[] = {qemu_img->program, "check", "-f", format, location, NULL};
    g_autofree char *out = NULL, *said = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, &out, &said, err) < 0) {
        g_prefix_error(err, "%s: ", location);
        return -1;
    }
    if (status != 0 && status != 2 && status != 3 && status != NO_CHECKS) {
        set_failed("checked", location, status, said, err);
        return -1;
    }
    *verdict_out = status == 0   ? QEMU_IMG_CLEAN
                   : status == 2 ? QEMU_IMG_ERRORS
                   : status == 3 ? QEMU_IMG_LEAKS
                                 : QEMU_IMG_NO_CHECKS;
    g_autofree char *words = g_strconcat(said, out, NULL);
    *says_out = g_strchomp(g_utf8_make_valid(words, -1));
    return 0;
}

/* A name for what is not whole yet, beside where it is to be. Transfer full. */
static char *beside(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *id = g_uuid_string_random();

    return g_strdup_printf("%s/.vtmh-%s.part", folder, id);
}

static int run_to_make(const char *const *argv, const char *path, int64_t deadline, GError **err)
{
    g_autofree char *said = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, NULL, &said, err) < 0) {
        g_prefix_error(err, "%s: ", path);
        return -1;
    }
    if (status == 0)
        return 0;
    set_failed("made", path, status, said, err);
    return -1;
}

/* In a process of its own, as everything that touches the storage. What was made is on the disk
 * before it takes the place of what was there. */
static int put_in_place(const char *part, const char *path, int64_t deadline, GError **err)
{
    const char *const argv[] = {"sh", "-c", "sync -- \"$0\" && mv -fT -- \"$0\" \"$1\"",
                                part, path, NULL};

    return run_to_make(argv, path, deadline, err);
}

/* Also when the fiber was cancelled, or the time is over: nothing half made stays. */
static void drop(const struct host *host, const char *const *argv, enum owned_kind kind,
                 const char *what)
{
    int status = -1;

    fiber_shield();
    if (child_run(argv, NULL, deadline_in(10000), &status, NULL, NULL, NULL) == 0 && status == 0)
        host_disown(host, kind, what);
    fiber_unshield();
}

static void drop_part(const struct host *host, const char *part)
{
    const char *const argv[] = {"rm", "-f", "--", part, NULL};

    drop(host, argv, OWNED_BESIDE, part);
}

/* It may have come to its place all the same. */
static void drop_image(const struct host *host, const char *path, const char *owned)
{
    const char *const argv[] = {"sh",
                                "-c",
                                "test \"$(stat -c '%d:%i %n' -- \"$0\" 2>/dev/null)\" != \"$1\" || "
                                "rm -f -- \"$0\"",
                                path,
                                owned,
                                NULL};

    drop(host, argv, OWNED_IMAGE, owned);
}

/* By what it is once it lies at path, which stays as it is renamed. */
static int own_image(const struct qemu_img *qemu_img, const char *part, const char *path,
                     char **owned_out, int64_t deadline, GError **err)
{
    const char *const argv[] = {"stat", "-c", "%d:%i", "--", part, NULL};
    g_autofree char *out = NULL, *said = NULL, *owned = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, &out, &said, err) < 0) {
        g_prefix_error(err, "%s: ", path);
        return -1;
    }
    if (status != 0) {
        set_failed("made", path, status, said, err);
        return -1;
    }
    owned = g_strdup_printf("%s %s", g_strchomp(out), path);
    if (host_own(qemu_img->host, OWNED_IMAGE, owned, err) < 0)
        return -1;
    *owned_out = g_steal_pointer(&owned);
    return 0;
}

/* argv: makes part. owned_out: as that of qemu_img_create(). */
static int make(const struct qemu_img *qemu_img, const char *const *argv, const char *part,
                const char *path, char **owned_out, int64_t deadline, GError **err)
{
    if (host_own(qemu_img->host, OWNED_BESIDE, part, err) < 0)
        return -1;
    if (run_to_make(argv, path, deadline, err) == 0 &&
        (owned_out == NULL || own_image(qemu_img, part, path, owned_out, deadline, err) == 0) &&
        put_in_place(part, path, deadline, err) == 0) {
        host_disown(qemu_img->host, OWNED_BESIDE, part);
        return 0;
    }
    drop_part(qemu_img->host, part);
    if (owned_out != NULL && *owned_out != NULL) {
        drop_image(qemu_img->host, path, *owned_out);
        g_clear_pointer(owned_out, g_free);
    }
    return -1;
}

int qemu_img_create(const struct qemu_img *qemu_img, const char *path,
                    const struct qemu_img_wish *wish, char **owned_out, int64_t deadline,
                    GError **err)
{
    g_autofree char *part = beside(path);
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, wish->size);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_auto(GStrv) words = NULL;

    if (wish->words != NULL && *wish->words != '\0' &&
        !g_shell_parse_argv(wish->words, NULL, &words, err))
        return -1;
    g_ptr_array_add(argv, (char *)qemu_img->program);
    g_ptr_array_add(argv, (char *)"create");
    g_ptr_array_add(argv, (char *)"-q");
    g_ptr_array_add(argv, (char *)"-f");
    g_ptr_array_add(argv, (char *)wish->format);
    if (wish->options != NULL) {
        g_ptr_array_add(argv, (char *)"-o");
        g_ptr_array_add(argv, (char *)wish->options);
    }
    if (wish->backing != NULL) {
        g_ptr_array_add(argv, (char *)"-b");
        g_ptr_array_add(argv, (char *)wish->backing);
        g_ptr_array_add(argv, (char *)"-F");
        g_ptr_array_add(argv, (char *)wish->backing_format);
    }
    for (char **word = words; word != NULL && *word != NULL; word++)
        g_ptr_array_add(argv, *word);
    g_ptr_array_add(argv, part);
    g_ptr_array_add(argv, size);
    g_ptr_array_add(argv, NULL);
    return make(qemu_img, (const char *const *)argv->pdata, part, path, owned_out, deadline, err);
}

/* The command with both names in it, quoted for a shell. NULL: it has not two %s. Transfer full. */
static char *fill_in(const char *command, const char *from, const char *to)
{
    g_auto(GStrv) pieces = g_strsplit(command, "%s", 0);
    g_autofree char *one = g_shell_quote(from), *other = g_shell_quote(to);

    if (g_strv_length(pieces) != 3)
        return NULL;
    return g_strconcat(pieces[0], one, pieces[1], other, pieces[2], NULL);
}

int qemu_img_copy(const struct qemu_img *qemu_img, const char *command, const char *from,
                  const char *to, int64_t deadline, GError **err)
{
    g_autofree char *part = beside(to);
    g_autofree char *text = command != NULL ? fill_in(command, from, part) : NULL;
    const char *const plain[] = {"cp", "--reflink=auto", "--sparse=auto", "--", from, part, NULL};
    const char *const shell[] = {"sh", "-c", text, NULL};

    if (command != NULL && text == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s: a command that clones has two %%s, for the image and its clone", command);
        return -1;
    }
    return make(qemu_img, text != NULL ? shell : plain, part, to, NULL, deadline, err);
}

int qemu_img_compare(const struct qemu_img *qemu_img, const char *one, const char *format,
                     const char *other, const char *other_format, char **difference_out,
                     int64_t deadline, GError **err)
{
    const char *const argv[] = {qemu_img->program, "compare", "-U",  "-f", format, "-F",
                                other_format,      one,       other, NULL};
    g_autofree char *out = NULL, *said = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, &out, &said, err) < 0) {
        g_prefix_error(err, "%s: ", one);
        return -1;
    }
    if (status != 0 && status != 1) {
        set_failed("compared", one, status, said, err);
        return -1;
    }
    *difference_out = status == 1 ? last_line(out) : NULL;
    return 0;
}
