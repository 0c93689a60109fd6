/*
 * Disks that move along, by QMP: the destination's QEMU serves them by NBD, the source's copies
 * into them (blockdev-mirror, sync=full) while the guest writes, and when the guest has been
 * stopped for the switchover ends each copy (block-job-cancel, not by force), which is whole only
 * if its job says so (BLOCK_JOB_COMPLETED without an error). The source's own disks stay what the
 * source has: a job that is ended so does not go over to its target.
 */
#include "migration/machine/drive.h"
#include "migration/vm/qemu.h"

#include <errno.h>
#include <string.h>

/* One disk on its way. */
struct mirror {
    char *disk;
    char *id; /* of its job, and of the node that it goes to */
    bool is_ready;
    bool has_ended;
    char *error;   /* why it has ended before its time; NULL: it has not */
    int64_t bytes; /* copied, as of its last event */
};

static void mirror_free(gpointer data)
{
    struct mirror *mirror = data;

    g_free(mirror->disk);
    g_free(mirror->id);
    g_free(mirror->error);
    g_free(mirror);
}

static struct mirror *find(const struct qemu_vm *vm, const char *id)
{
    for (unsigned i = 0; vm->mirrors.list != NULL && i < vm->mirrors.list->len; i++) {
        struct mirror *mirror = g_ptr_array_index(vm->mirrors.list, i);
        if (g_strcmp0(mirror->id, id) == 0)
            return mirror;
    }
    return NULL;
}

void qemu_mirror_on_job(struct qemu_vm *vm, const char *event, const json_t *data)
{
    const char *error = json_string_value(json_object_get(data, "error"));
    struct mirror *mirror = find(vm, json_string_value(json_object_get(data, "device")));

    if (mirror == NULL || strcmp(event, "BLOCK_JOB_ERROR") == 0)
        return; /* an error of a job that ends it is in its end, too */
    mirror->bytes = json_integer_value(json_object_get(data, "offset"));
    if (strcmp(event, "BLOCK_JOB_READY") == 0) {
        mirror->is_ready = true;
    } else {
        mirror->has_ended = true;
        if (error != NULL)
            mirror->error = g_strdup(error);
        else if (!vm->mirrors.are_ending || strcmp(event, "BLOCK_JOB_COMPLETED") != 0)
            mirror->error = g_strdup("its copy was given up");
        if (mirror->error != NULL)
            event_set(&vm->mirrors.failed);
    }
    event_set(&vm->mirrors.changed);
}

/* Of a drive its node in QEMU. Transfer full. */
static char *node_of(const char *disk)
{
    return g_strconcat(DRIVE_NODE_PREFIX, disk, NULL);
}

/* ---- destination */

static int serve(struct qemu_vm *vm, const char *name, int64_t deadline, GError **err)
{
    g_autofree char *node = node_of(name);

    if (qemu_command(vm, "block-export-add",
                     json_pack("{s:s, s:s, s:s, s:s, s:b}", "type", "nbd", "id", node, "node-name",
                               node, "name", name, "writable", 1),
                     deadline, NULL, err) == 0)
        return 0;
    g_prefix_error(err, "%s of %s on %s cannot be written from its source: ", name, vm->base.name,
                   vm->base.host->name);
    return -1;
}

int qemu_offer_disks(struct vm *base, const char *const *names, const char *path, int64_t deadline,
                     GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    if (qemu_command(vm, "nbd-server-start",
                     json_pack("{s:{s:s, s:{s:s}}}", "addr", "type", "unix", "data", "path", path),
                     deadline, NULL, err) < 0)
        return -1;
    for (; *names != NULL; names++)
        if (qemu_has_disk(base, *names) && serve(vm, *names, deadline, err) < 0)
            return -1;
    return 0;
}

int qemu_withdraw_disks(struct vm *base, int64_t deadline, GError **err)
{
    return qemu_command(qemu_vm(base), "nbd-server-stop", NULL, deadline, NULL, err);
}

/* ---- source */

/* That the disk at the other end takes no more is not the hypervisor's doing. */
static int failed(const struct qemu_vm *vm, const struct mirror *mirror, GError **err)
{
    bool is_full = strcmp(mirror->error, g_strerror(ENOSPC)) == 0;
    DOING(is_full ? BLAME_TESTBED : BLAME_PRODUCT, "copying %s", mirror->disk);

    g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION,
                "%s of %s could not be copied from %s to its destination: %s%s", mirror->disk,
                vm->base.name, vm->base.host->name, mirror->error,
                is_full ? " (on the destination)" : "");
    return -1;
}

int qemu_mirror_error(struct qemu_vm *vm, GError **err)
{
    for (unsigned i = 0; vm->mirrors.list != NULL && i < vm->mirrors.list->len; i++) {
        const struct mirror *mirror = g_ptr_array_index(vm->mirrors.list, i);
        if (mirror->error != NULL)
            return failed(vm, mirror, err);
    }
    return 0;
}

/* The first that is not yet what is waited for; NULL: all are. */
static const struct mirror *first_missing(const struct qemu_vm *vm, bool has_ended)
{
    for (unsigned i = 0; i < vm->mirrors.list->len; i++) {
        const struct mirror *mirror = g_ptr_array_index(vm->mirrors.list, i);
        if (!(has_ended ? mirror->has_ended : mirror->is_ready))
            return mirror;
    }
    return NULL;
}

/* Until all are ready, or have ended; whatever: also those that failed count as ended. */
static int await_all(struct qemu_vm *vm, bool has_ended, bool whatever, int64_t deadline,
                     GError **err)
{
    struct event *events[] = {&vm->mirrors.changed, qemu_process_ended(vm->process)};
    const struct mirror *missing;

    while ((whatever || qemu_mirror_error(vm, err) == 0) &&
           (missing = first_missing(vm, has_ended)) != NULL) {
        event_reset(&vm->mirrors.changed);
        int first = await_any(events, G_N_ELEMENTS(events), deadline, err);
        if (first == 1)
            g_propagate_error(err, vm_death(&vm->base));
        else if (first < 0)
            g_prefix_error(err, "copying %s of %s to its destination: ", missing->disk,
                           vm->base.name);
        if (first != 0)
            return -1;
    }
    return whatever ? 0 : qemu_mirror_error(vm, NULL);
}

static int begin(struct qemu_vm *vm, struct mirror *mirror, const char *path, uint64_t bytes_per_s,
                 int64_t deadline, GError **err)
{
    g_autofree char *node = node_of(mirror->disk);

    if (qemu_command(vm, "blockdev-add",
                     json_pack("{s:s, s:s, s:{s:s, s:s}, s:s}", "driver", "nbd", "node-name",
                               mirror->id, "server", "type", "unix", "path", path, "export",
                               mirror->disk),
                     deadline, NULL, err) == 0) {
        mirror->has_ended = false;
        if (qemu_command(vm, "blockdev-mirror",
                         json_pack("{s:s, s:s, s:s, s:s, s:I}", "job-id", mirror->id, "device",
                                   node, "target", mirror->id, "sync", "full", "speed",
                                   (json_int_t)bytes_per_s),
                         deadline, NULL, err) == 0)
            return 0;
        mirror->has_ended = true;
    }
    g_prefix_error(err, "%s of %s cannot be copied from %s to its destination: ", mirror->disk,
                   vm->base.name, vm->base.host->name);
    return -1;
}

int qemu_mirror_disks(struct vm *base, const char *const *names, const char *path,
                      uint64_t bytes_per_s, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);

    vm->mirrors.list = g_ptr_array_new_with_free_func(mirror_free);
    for (; *names != NULL; names++) {
        if (!qemu_has_disk(base, *names))
            continue;
        struct mirror *mirror = g_new0(struct mirror, 1);
        mirror->disk = g_strdup(*names);
        mirror->id = g_strdup_printf("vtmh-mirror%u", vm->mirrors.number++);
        mirror->has_ended = true;
        g_ptr_array_add(vm->mirrors.list, mirror);
        if (begin(vm, mirror, path, bytes_per_s, deadline, err) < 0)
            return -1;
    }
    return await_all(vm, false, false, deadline, err);
}

int64_t qemu_mirrored_bytes(const struct vm *base)
{
    const struct qemu_vm *vm = (const struct qemu_vm *)base;
    int64_t bytes = 0;

    for (unsigned i = 0; vm->mirrors.list != NULL && i < vm->mirrors.list->len; i++)
        bytes += ((const struct mirror *)g_ptr_array_index(vm->mirrors.list, i))->bytes;
    return bytes;
}

/* Asks each that still runs to end. */
static int end_all(struct qemu_vm *vm, bool by_force, int64_t deadline, GError **err)
{
    vm->mirrors.are_ending = true;
    for (unsigned i = 0; i < vm->mirrors.list->len; i++) {
        const struct mirror *mirror = g_ptr_array_index(vm->mirrors.list, i);
        g_autoptr(GError) error = NULL;
        if (mirror->has_ended ||
            qemu_command(vm, "block-job-cancel",
                         json_pack("{s:s, s:b}", "device", mirror->id, "force", (int)by_force),
                         deadline, NULL, &error) == 0 ||
            mirror->has_ended) /* meanwhile */
            continue;
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    return 0;
}

int qemu_mirrors_finish(struct qemu_vm *vm, int64_t deadline, GError **err)
{
    if (vm->mirrors.list == NULL)
        return 0;
    return end_all(vm, false, deadline, err) < 0 ? -1 : await_all(vm, true, false, deadline, err);
}

int qemu_release_mirrors(struct vm *base, int64_t deadline, GError **err)
{
    struct qemu_vm *vm = qemu_vm(base);
    int result = 0;

    if (vm->mirrors.list == NULL)
        return 0;
    if (!event_is_set(qemu_process_ended(vm->process)) &&
        (end_all(vm, true, deadline, err) < 0 || await_all(vm, true, true, deadline, err) < 0))
        return -1;
    for (unsigned i = 0; i < vm->mirrors.list->len && result == 0; i++) {
        const struct mirror *mirror = g_ptr_array_index(vm->mirrors.list, i);
        g_autoptr(GError) error = NULL;
        /* One that could not be made is not there. */
        if (qemu_command(vm, "blockdev-del", json_pack("{s:s}", "node-name", mirror->id), deadline,
                         NULL, &error) < 0 &&
            !g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND)) {
            g_propagate_error(err, g_steal_pointer(&error));
            result = -1;
        }
    }
    qemu_mirrors_clear(vm);
    return result;
}

void qemu_mirrors_clear(struct qemu_vm *vm)
{
    g_clear_pointer(&vm->mirrors.list, g_ptr_array_unref);
    vm->mirrors.are_ending = false;
    event_reset(&vm->mirrors.failed);
}
