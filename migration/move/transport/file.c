/*
 * file: the source writes the guest into a file that both hosts see, and the destination reads it
 * when it is whole: the source has closed it, its data are on the disk, and its size is known.
 * Its name is made by the destination, unlike any other on a folder that many jobs may share.
 */
#include "migration/evidence.h"
#include "migration/move/transport/table.h"
#include "migration/params.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    struct channel channel; /* first */
    char *uuid;             /* in the file's name */
    char *path;
    int fd;         /* -1: not open */
    bool is_source; /* its file */
};

static struct file *file_new(struct seat *seat, const char *uuid, bool is_source)
{
    struct file *file = g_new0(struct file, 1);
    g_autofree char *name = g_strdup_printf("vtmh-%s.migration", uuid);

    file->channel = (struct channel){seat->request.transport, seat};
    file->uuid = g_strdup(uuid);
    file->path = g_build_filename(param_text(seat->request.params, "mig_file_dir"), name, NULL);
    file->fd = -1;
    file->is_source = is_source;
    return file;
}

static void file_close(struct channel *channel)
{
    struct file *file = (struct file *)channel;

    if (file->fd >= 0)
        close(file->fd);
    /* Whoever comes last takes it away: a destination that fails before leaves it to the source. */
    unlink(file->path);
    host_disown(channel->seat->test->host, OWNED_STREAM, file->path);
    g_free(file->path);
    g_free(file->uuid);
    g_free(file);
}

static int file_open(struct file *file, int flags, GError **err)
{
    const struct host *host = file->channel.seat->test->host;

    if (file->is_source && host_own(host, OWNED_STREAM, file->path, err) < 0)
        return -1;
    file->fd = open(file->path, flags | O_CLOEXEC, 0600);
    if (file->fd >= 0)
        return 0;
    g_propagate_error(
        err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "cannot open %s on %s: %s",
                                      file->path, host->name, g_strerror(errno)),
                          VTMH__EVIDENCE__EVIDENCE_SELF, 0));
    return -1;
}

static struct channel *file_listen(struct seat *seat, const char *address, int64_t deadline,
                                   GError **err)
{
    g_autofree char *uuid = g_uuid_string_random();
    struct file *file = file_new(seat, uuid, false);

    (void)address, (void)deadline;
    if (access(param_text(seat->request.params, "mig_file_dir"), R_OK | X_OK) == 0)
        return &file->channel;
    g_set_error(err, VM_ERROR, VM_ERROR_START, "cannot use mig_file_dir = %s on %s: %s",
                param_text(seat->request.params, "mig_file_dir"), seat->test->host->name,
                g_strerror(errno));
    file_close(&file->channel);
    return NULL;
}

static json_t *file_ticket(const struct channel *channel)
{
    return json_pack("{s:s}", "uuid", ((const struct file *)channel)->uuid);
}

static int file_receive(struct channel *channel, int64_t deadline, GError **err)
{
    struct file *file = (struct file *)channel;

    return file_open(file, O_RDONLY, err) < 0
               ? -1
               : vm_incoming_fd(channel->seat->vm, file->fd, deadline, err);
}

static struct channel *file_connect(struct seat *seat, const json_t *ticket, const char *peer,
                                    int64_t deadline, GError **err)
{
    const char *uuid = json_string_value(json_object_get(ticket, "uuid"));

    (void)deadline;
    if (uuid == NULL || !g_uuid_string_is_valid(uuid)) {
        g_set_error(err, VM_ERROR, VM_ERROR_MIGRATION, "%s sent no valid ticket", peer);
        return NULL;
    }
    struct file *file = file_new(seat, uuid, true);
    if (file_open(file, O_RDWR | O_CREAT | O_EXCL, err) == 0)
        return &file->channel;
    file_close(&file->channel);
    return NULL;
}

static int file_send(struct channel *channel, int64_t deadline, GError **err)
{
    struct file *file = (struct file *)channel;

    return vm_migrate_fd(channel->seat->vm, file->fd, deadline, err);
}

/* The source's word is worth what is on the disk. */
static int file_finish(struct channel *channel, int64_t deadline, GError **err)
{
    const struct file *file = (const struct file *)channel;
    struct stat stat;

    (void)deadline;
    if (!file->is_source)
        return 0;
    if (fsync(file->fd) == 0 && fstat(file->fd, &stat) == 0 && stat.st_size > 0)
        return 0;
    g_propagate_error(
        err, evidence_set(g_error_new(VM_ERROR, VM_ERROR_MIGRATION, "%s on %s is not whole: %s",
                                      file->path, channel->seat->test->host->name,
                                      errno != 0 ? g_strerror(errno) : "it is empty"),
                          VTMH__EVIDENCE__EVIDENCE_SELF, 0));
    return -1;
}

/* The hypervisor reads and writes at the place that our descriptor shares. */
static int64_t file_carried(const struct channel *channel)
{
    return lseek(((const struct file *)channel)->fd, 0, SEEK_CUR);
}

const struct transport transport_file = {
    .name = "file",
    .traits = TRANSPORT_OFFLINE,
    .listen = file_listen,
    .ticket = file_ticket,
    .receive = file_receive,
    .connect = file_connect,
    .send = file_send,
    .finish = file_finish,
    .carried = file_carried,
    .close = file_close,
};
