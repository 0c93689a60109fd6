#include "orchestrator/bundle.h"

#include "orchestrator/artifacts.h"
#include "orchestrator/deploy.h"
#include "sync/child.h"
#include "sync/work.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS_DIGITS 16 /* of the hash, in the folder's name; the sums are checked in full */
#define READ_BYTES ((size_t)256 * 1024)

static struct bundle *bundle_new(const char *what)
{
    struct bundle *bundle = g_new0(struct bundle, 1);

    bundle->what = g_strdup(what);
    bundle->names = g_ptr_array_new_with_free_func(g_free);
    return bundle;
}

void bundle_free(struct bundle *bundle)
{
    if (bundle == NULL)
        return;
    if (bundle->source != NULL && bundle->tar != NULL)
        unlink(bundle->tar);
    g_free(bundle->what);
    g_free(bundle->folder);
    g_free(bundle->sums);
    g_free(bundle->tar);
    g_free(bundle->arch);
    g_free(bundle->glibc);
    g_free(bundle->source);
    g_ptr_array_unref(bundle->names);
    g_free(bundle);
}

static void set_folder(struct bundle *bundle, const char *prefix, const char *hash)
{
    bundle->folder = g_strdup_printf("%s-%.*s", prefix, ADDRESS_DIGITS, hash);
}

static int fail_to_read(const char *path, GError **err)
{
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "cannot read %s: %s", path,
                g_strerror(errno));
    return -1;
}

static int add_size(struct bundle *bundle, const char *path, GError **err)
{
    struct stat info;

    if (stat(path, &info) < 0)
        return fail_to_read(path, err);
    bundle->size += (uint64_t)info.st_size;
    return 0;
}

/* A hash and a name that a line of sha256sum can hold without quoting. */
static bool is_sum_line(const char *hash, const char *name)
{
    if (hash == NULL || name == NULL || strlen(hash) != 64 || *name == '\0')
        return false;
    return strspn(hash, "0123456789abcdef") == 64 && strpbrk(name, "\\\n\r/") == NULL;
}

static char *sums_of(const json_t *files)
{
    GString *sums = g_string_new(NULL);
    const json_t *file;
    size_t i;

    json_array_foreach (files, i, file) {
        const char *hash = json_string_value(json_object_get(file, "sha256"));
        const char *name = json_string_value(json_object_get(file, "name"));

        if (!is_sum_line(hash, name)) {
            g_string_free(sums, TRUE);
            return NULL;
        }
        g_string_append_printf(sums, "%s  %s\n", hash, name);
    }
    return g_string_free(sums, sums->len == 0);
}

static int fill_node(struct bundle *bundle, const json_t *json, const char *tar_path, GError **err)
{
    const char *hash = json_string_value(json_object_get(json, "sha256"));

    bundle->arch = g_strdup(json_string_value(json_object_get(json, "arch")));
    bundle->glibc = g_strdup(json_string_value(json_object_get(json, "glibc")));
    bundle->sums = sums_of(json_object_get(json, "files"));
    if (!is_sum_line(hash, BUNDLE_ARCHIVE) || bundle->arch == NULL || bundle->glibc == NULL ||
        bundle->sums == NULL) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "it lacks what describes a bundle");
        return -1;
    }
    set_folder(bundle, "node", hash);
    bundle->tar = g_strdup(tar_path);
    return add_size(bundle, tar_path, err);
}

struct bundle *bundle_load_node(const char *json_path, const char *tar_path, GError **err)
{
    g_autoptr(bundle) bundle = bundle_new("the node");
    json_error_t where;
    json_t *json = json_load_file(json_path, 0, &where);
    int result = -1;

    if (json != NULL)
        result = fill_node(bundle, json, tar_path, err);
    else
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "%s", where.text);
    json_decref(json);
    if (result < 0) {
        g_prefix_error(err, "%s: ", json_path);
        return NULL;
    }
    return g_steal_pointer(&bundle);
}

static int hash_file(const char *path, GChecksum *sum, GError **err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autofree guchar *buffer = g_malloc(READ_BYTES);
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, buffer, READ_BYTES)) > 0)
        g_checksum_update(sum, buffer, n);
    if (n < 0)
        fail_to_read(path, err);
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

/* On the thread pool. */
static int hash_files(void *arg, GError **err)
{
    struct bundle *bundle = arg;
    GString *sums = g_string_new(NULL);
    int result = 0;

    for (guint i = 0; i < bundle->names->len && result == 0; i++) {
        const char *name = bundle->names->pdata[i];
        g_autofree char *path = g_build_filename(bundle->source, name, NULL);
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

        result = hash_file(path, sum, err);
        if (result == 0)
            g_string_append_printf(sums, "%s  %s\n", g_checksum_get_string(sum), name);
    }
    bundle->sums = g_string_free(sums, FALSE);
    return result;
}

static int add_guest(struct bundle *bundle, const char *guest, GError **err)
{
    const char *const *files = artifacts_guest_files(guest, err);

    if (files == NULL)
        return -1;
    for (; *files != NULL; files++) {
        char *name = g_build_filename(guest, *files, NULL);
        g_autofree char *path = g_build_filename(bundle->source, name, NULL);

        g_ptr_array_add(bundle->names, name);
        if (add_size(bundle, path, err) < 0)
            return -1;
    }
    return 0;
}

struct bundle *bundle_load_guests(const char *guests_dir, const char *const *guests,
                                  int64_t deadline, GError **err)
{
    g_autoptr(bundle) bundle = bundle_new("the guests");
    g_autofree char *hash = NULL;

    bundle->source = g_strdup(guests_dir);
    if (artifacts_check_guests(guests_dir, guests, err) < 0)
        return NULL;
    for (; *guests != NULL; guests++) {
        if (add_guest(bundle, *guests, err) < 0)
            return NULL;
    }
    if (await_work(hash_files, bundle, deadline, err) < 0)
        return NULL;
    hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, bundle->sums, -1);
    set_folder(bundle, "guests", hash);
    return g_steal_pointer(&bundle);
}

static int run_tar(const struct bundle *bundle, int64_t deadline, GError **err)
{
    const char *const first[] = {"tar",       "--owner=0", "--group=0",   "-cf",
                                 bundle->tar, "-C",        bundle->source};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *errors = NULL;
    int status;

    for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
        g_ptr_array_add(argv, (void *)first[i]);
    for (guint i = 0; i < bundle->names->len; i++)
        g_ptr_array_add(argv, bundle->names->pdata[i]);
    g_ptr_array_add(argv, NULL);
    if (child_run((const char *const *)argv->pdata, NULL, deadline, &status, NULL, &errors, err) <
        0)
        return -1;
    if (status == 0)
        return 0;
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "packing %s: %s", bundle->what,
                errors != NULL ? g_strchomp(errors) : "");
    return -1;
}

int bundle_pack(struct bundle *bundle, int64_t deadline, GError **err)
{
    int fd;

    if (bundle->tar != NULL)
        return 0;
    fd = g_file_open_tmp("vtmh-bundle-XXXXXX", &bundle->tar, err);
    if (fd < 0)
        return -1;
    close(fd);
    return run_tar(bundle, deadline, err);
}
