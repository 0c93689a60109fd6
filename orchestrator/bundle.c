#include "orchestrator/bundle.h"

#include "orchestrator/artifacts.h"
#include "orchestrator/deploy.h"
#include "sync/work.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#define ADDRESS_DIGITS 16 /* of the hash, in the folder's name; the sums are checked in full */
#define READ_BYTES (256 * 1024)

static void file_free(void *arg)
{
    struct bundle_file *file = arg;

    g_free(file->local_path);
    g_free(file->name);
    g_free(file);
}

static struct bundle *bundle_new(const char *what)
{
    struct bundle *bundle = g_new0(struct bundle, 1);

    bundle->what = g_strdup(what);
    bundle->files = g_ptr_array_new_with_free_func(file_free);
    return bundle;
}

static int add_file(struct bundle *bundle, const char *path, const char *name, GError **err)
{
    struct bundle_file *file;
    struct stat info;

    if (stat(path, &info) < 0) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "cannot read %s: %s", path,
                    g_strerror(errno));
        return -1;
    }
    file = g_new0(struct bundle_file, 1);
    file->local_path = g_strdup(path);
    file->name = g_strdup(name);
    file->mode = (int)(info.st_mode & 0755);
    file->size = (uint64_t)info.st_size;
    g_ptr_array_add(bundle->files, file);
    return 0;
}

static void set_folder(struct bundle *bundle, const char *prefix, const char *hash)
{
    bundle->folder = g_strdup_printf("%s-%.*s", prefix, ADDRESS_DIGITS, hash);
}

uint64_t bundle_size(const struct bundle *bundle)
{
    uint64_t size = 0;

    for (guint i = 0; i < bundle->files->len; i++)
        size += ((const struct bundle_file *)bundle->files->pdata[i])->size;
    return size;
}

void bundle_free(struct bundle *bundle)
{
    if (bundle == NULL)
        return;
    g_free(bundle->what);
    g_free(bundle->folder);
    g_free(bundle->sums);
    g_ptr_array_unref(bundle->files);
    g_free(bundle->archive);
    g_free(bundle->arch);
    g_free(bundle->glibc);
    g_free(bundle);
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

    json_array_foreach(files, i, file) {
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
    if (!is_sum_line(hash, "tar") || bundle->arch == NULL || bundle->glibc == NULL ||
        bundle->sums == NULL) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "it lacks what describes a bundle");
        return -1;
    }
    bundle->archive = g_strdup("bundle.tar");
    set_folder(bundle, "node", hash);
    return add_file(bundle, tar_path, bundle->archive, err);
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
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_BUNDLE, "cannot read %s: %s", path,
                    g_strerror(errno));
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

    for (guint i = 0; i < bundle->files->len && result == 0; i++) {
        const struct bundle_file *file = bundle->files->pdata[i];
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

        result = hash_file(file->local_path, sum, err);
        if (result == 0)
            g_string_append_printf(sums, "%s  %s\n", g_checksum_get_string(sum), file->name);
    }
    bundle->sums = g_string_free(sums, FALSE);
    return result;
}

static int add_guest(struct bundle *bundle, const char *guests_dir, const char *guest, GError **err)
{
    const char *const *files = artifacts_guest_files(guest, err);

    if (files == NULL)
        return -1;
    for (; *files != NULL; files++) {
        g_autofree char *path = g_build_filename(guests_dir, guest, *files, NULL);
        g_autofree char *name = g_build_filename(guest, *files, NULL);

        if (add_file(bundle, path, name, err) < 0)
            return -1;
    }
    return 0;
}

struct bundle *bundle_load_guests(const char *guests_dir, const char *const *guests,
                                  int64_t deadline, GError **err)
{
    g_autoptr(bundle) bundle = bundle_new("the guests");
    g_autofree char *hash = NULL;

    if (artifacts_check_guests(guests_dir, guests, err) < 0)
        return NULL;
    for (; *guests != NULL; guests++) {
        if (add_guest(bundle, guests_dir, *guests, err) < 0)
            return NULL;
    }
    if (await_work(hash_files, bundle, deadline, err) < 0)
        return NULL;
    hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, bundle->sums, -1);
    set_folder(bundle, "guests", hash);
    return g_steal_pointer(&bundle);
}
