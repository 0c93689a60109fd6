#include "migration/vm/host_check.h"

#include "migration/kept.h"
#include "migration/vm/numa.h"
#include "sync/child.h"

#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VSOCK "/dev/vhost-vsock"
#define KIB 1024
#define FOLDER_MS 5000 /* a storage that does not answer */

/* A number of /proc/meminfo; 0 where it is not there. */
static guint64 meminfo(const char *text, const char *name)
{
    g_autofree char *label = g_strconcat(name, ":", NULL);
    const char *line = strstr(text, label);

    return line != NULL ? g_ascii_strtoull(line + strlen(label), NULL, 10) : 0;
}

/* Whether the path lies on a hugetlbfs: asked of the kernel's table, since another storage may
 * hang. */
static bool is_on_hugetlbfs(const char *path)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    bool is_on = false;
    struct mntent *mount;

    while (mounts != NULL && !is_on && (mount = getmntent(mounts)) != NULL) {
        size_t size = strlen(mount->mnt_dir);

        is_on = strcmp(mount->mnt_type, "hugetlbfs") == 0 &&
                strncmp(path, mount->mnt_dir, size) == 0 &&
                (path[size] == '\0' || path[size] == '/');
    }
    if (mounts != NULL)
        endmntent(mounts);
    return is_on;
}

/* QEMU makes a file where there is no folder, and leaves it there. */
static int check_folder(const struct host *host, const char *vm, const struct device *memory,
                        GError **err)
{
    const char *path = device_get(memory->local, "path");
    const char *const look[] = {"test", "-d", path, NULL};
    int status = 0;

    if (path == NULL)
        return 0;
    if (device_get_bool(memory->local, "huge")) {
        if (is_on_hugetlbfs(path))
            return 0;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "hugepage_path = %s (of %s) is not supported: %s has no hugetlbfs there", path,
                    vm, host->name);
        return -1;
    }
    if (child_run(look, NULL, deadline_in(FOLDER_MS), &status, NULL, NULL, err) < 0) {
        g_prefix_error(err, "vm_mem_backend_path = %s (of %s) on %s: ", path, vm, host->name);
        return -1;
    }
    if (status == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "vm_mem_backend_path = %s (of %s): there is no such folder on %s", path, vm,
                host->name);
    return -1;
}

/* Whether a VM of that name lives on here from an earlier test: this one goes on with it, or starts
 * when it has ended. */
static bool rests_here(const struct host *host, const char *vm)
{
    const GPtrArray *resting = host->ops->resting != NULL ? host->ops->resting(host->node) : NULL;

    for (unsigned i = 0; resting != NULL && i < resting->len; i++)
        if (strcmp(vm_name(((const struct kept *)g_ptr_array_index(resting, i))->vm), vm) == 0)
            return true;
    return false;
}

/* Pages of a hugetlbfs of its own may have another size: of them QEMU will say if they lack. */
static int check_huge_pages(const struct host *host, const char *vm, const struct device *memory,
                            GError **err)
{
    guint64 needed = (guint64)device_get_int(memory->travels, "bytes") / KIB;
    g_autofree char *text = NULL;
    guint64 page_kib, n_free;

    if (!device_get_bool(memory->local, "huge") || device_get(memory->local, "path") != NULL)
        return 0;
    if (!g_file_get_contents("/proc/meminfo", &text, NULL, err))
        return -1;
    page_kib = meminfo(text, "Hugepagesize");
    n_free = meminfo(text, "HugePages_Free");
    if (page_kib > 0 && needed % page_kib != 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "hugepage = yes is not supported with %" G_GUINT64_FORMAT
                    " KiB of memory: %s has huge pages of %" G_GUINT64_FORMAT
                    " KiB, and tcg_dirty_sync_quirk takes 8 KiB of the last",
                    needed, host->name, page_kib);
        return -1;
    }
    if ((page_kib > 0 && n_free * page_kib >= needed) || rests_here(host, vm))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "hugepage = yes is not supported on %s: %s needs %" G_GUINT64_FORMAT
                " KiB, and %" G_GUINT64_FORMAT " huge pages of %" G_GUINT64_FORMAT
                " KiB are free there",
                host->name, vm, needed, n_free, page_kib);
    return -1;
}

static int check_memory(const struct host *host, const char *vm, const struct device *memory,
                        GError **err)
{
    int node = (int)device_get_int(memory->local, "node");

    if (json_object_get(memory->local, "node") != NULL && !numa_has_node(node)) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "numanode = %d (of %s) is not supported: the last NUMA node of %s is %d", node,
                    vm, host->name, numa_last_node());
        return -1;
    }
    if (check_folder(host, vm, memory, err) < 0)
        return -1;
    return check_huge_pages(host, vm, memory, err);
}

static int check_vsock(const struct host *host, const char *vm, const struct device *vsock,
                       GError **err)
{
    if (access(VSOCK, R_OK | W_OK) == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "vsock %s of %s is not supported on %s: %s: %s", vsock->id, vm, host->name, VSOCK,
                g_strerror(errno));
    return -1;
}

static int check_tpm(const struct host *host, const char *vm, const struct device *tpm,
                     GError **err)
{
    const char *emulator = device_get(tpm->local, "emulator");
    g_autofree char *path = g_find_program_in_path(emulator);

    if (path != NULL)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "TPM %s of %s is not supported on %s: %s (tpm_bin) is not installed", tpm->id, vm,
                host->name, emulator);
    return -1;
}

static const struct {
    const struct device_kind *kind;
    int (*check)(const struct host *host, const char *vm, const struct device *device,
                 GError **err);
} checks[] = {
    {&device_memory, check_memory},
    {&device_vsock, check_vsock},
    {&device_tpm, check_tpm},
};

int vm_host_check(const struct host *host, const char *vm, const struct device *board, GError **err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(checks); i++)
        if (checks[i].kind == board->kind && checks[i].check(host, vm, board, err) < 0)
            return -1;
    for (unsigned i = 0; i < board->children->len; i++)
        if (vm_host_check(host, vm, g_ptr_array_index(board->children, i), err) < 0)
            return -1;
    return 0;
}
