#include "node/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096
#define PUSH_MS 60000

/* How far a file has come. */
struct journey {
    off_t sent;  /* up to here it is with the link */
    off_t acked; /* up to here with the coordinator */
    off_t freed; /* up to here there is a hole */
};

struct files {
    struct node *node;
    uint64_t test;
    char *dir;
    GHashTable *journeys; /* name -> struct journey */
    uv_fs_event_t *watch; /* NULL: the system has no watches left, and each wait ends by its time */
    struct event changed; /* something was written */
    struct event much;    /* more than should wait */
};

static struct journey *journey_of(struct files *files, const char *name)
{
    struct journey *journey = g_hash_table_lookup(files->journeys, name);
    if (journey == NULL) {
        journey = g_new0(struct journey, 1);
        g_hash_table_insert(files->journeys, g_strdup(name), journey);
    }
    return journey;
}

static void on_change(uv_fs_event_t *watch, const char *name, G_GNUC_UNUSED int events, int status)
{
    struct files *files = watch->data;
    g_autofree char *path = name != NULL ? g_build_filename(files->dir, name, NULL) : NULL;
    struct stat info;
    if (status < 0)
        return;
    event_set(&files->changed);
    if (path != NULL && lstat(path, &info) == 0 &&
        info.st_size - journey_of(files, name)->sent >= FILES_MUCH_BYTES)
        event_set(&files->much);
}

static void on_closed(uv_handle_t *handle)
{
    g_free(handle);
}

static void start_watch(struct files *files)
{
    uv_fs_event_t *watch = g_new0(uv_fs_event_t, 1);
    uv_fs_event_init(fiber_loop(), watch);
    watch->data = files;
    int result = uv_fs_event_start(watch, on_change, files->dir, 0);
    if (result == 0) {
        files->watch = watch;
        return;
    }
    node_log(files->node, "cannot watch %s: %s; looking there each %d s", files->dir,
             uv_strerror(result), FILES_WAIT_MS / 1000);
    uv_close((uv_handle_t *)watch, on_closed);
}

struct files *files_new(struct node *node, uint64_t test, const char *dir)
{
    struct files *files = g_new0(struct files, 1);
    files->node = node;
    files->test = test;
    files->dir = g_strdup(dir);
    files->journeys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    start_watch(files);
    return files;
}

void files_free(struct files *files)
{
    if (files == NULL)
        return;
    if (files->watch != NULL)
        uv_close((uv_handle_t *)files->watch, on_closed);
    g_hash_table_unref(files->journeys);
    g_free(files->dir);
    g_free(files);
}

static void send_chunk(struct files *files, const char *name, uint8_t *data, size_t size,
                       bool truncated)
{
    Vtmh__FileChunk chunk = VTMH__FILE_CHUNK__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    chunk.test = files->test;
    chunk.name = (char *)name;
    chunk.data.data = data;
    chunk.data.len = size;
    chunk.truncated = truncated;
    envelope.body_case = VTMH__ENVELOPE__BODY_FILE_CHUNK;
    envelope.file_chunk = &chunk;
    node_send(files->node, &envelope);
}

/* Sends from journey->sent up to end, in pieces. */
static int send_up_to(struct files *files, const char *name, struct journey *journey, int fd,
                      off_t end, bool truncated, int64_t deadline, GError **err)
{
    g_autofree uint8_t *buffer = g_malloc(LINK_MAX_CHUNK);
    while (journey->sent < end) {
        size_t size = (size_t)MIN(end - journey->sent, LINK_MAX_CHUNK);
        ssize_t n = pread(fd, buffer, size, journey->sent);
        if (n <= 0)
            return 0; /* it shrank, or cannot be read: what we have is what there is */
        send_chunk(files, name, buffer, (size_t)n, truncated);
        truncated = false;
        journey->sent += n;
        if (journey->sent < end && link_flush(files->node->link, deadline, err) < 0)
            return -1;
    }
    return 0;
}

/* A regular file of the folder; -1: there is none of that name. */
static int open_file(const struct files *files, const char *name, struct stat *info)
{
    g_autofree char *path = g_build_filename(files->dir, name, NULL);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, info) < 0 || !S_ISREG(info->st_mode)))
        close(g_steal_fd(&fd));
    return fd;
}

static int send_file(struct files *files, const char *name, int64_t deadline, GError **err)
{
    const off_t half = FILES_MAX_BYTES / 2;
    struct journey *journey = journey_of(files, name);
    struct stat info;
    int fd = open_file(files, name, &info);
    int sent = 0;
    if (fd < 0)
        return 0;
    off_t end = info.st_size;
    bool is_cut = end - journey->sent > FILES_MAX_BYTES;
    if (is_cut) {
        off_t middle = journey->sent + half;
        sent = send_up_to(files, name, journey, fd, middle, false, deadline, err);
        if (sent == 0) /* else the cut would be told of nowhere */
            journey->sent = MAX(journey->sent, end - half);
    }
    if (sent == 0)
        sent = send_up_to(files, name, journey, fd, end, is_cut, deadline, err);
    close(fd);
    return sent;
}

/* What the coordinator has, but for the end, is given back. */
static void free_file(struct files *files, const char *name, struct journey *journey)
{
    off_t end = (journey->acked - FILES_KEPT_BYTES) / PAGE * PAGE;
    struct stat info;
    if (end - journey->freed < FILES_MUCH_BYTES)
        return;
    int fd = open_file(files, name, &info);
    if (fd < 0)
        return;
    if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, journey->freed,
                  end - journey->freed) < 0)
        node_log(files->node, "%s/%s keeps what has been sent: %s", files->dir, name,
                 g_strerror(errno));
    close(fd);
    journey->freed = end;
}

/* All that was sent has been acknowledged. */
static void free_files(struct files *files)
{
    GHashTableIter iter;
    void *name, *value;
    g_hash_table_iter_init(&iter, files->journeys);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        struct journey *journey = value;
        journey->acked = journey->sent;
        free_file(files, name, journey);
    }
}

int files_send_rest(struct files *files, int64_t deadline, GError **err)
{
    g_autoptr(GDir) folder = g_dir_open(files->dir, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
        if (send_file(files, name, deadline, err) < 0)
            return -1;
    return 0;
}

/* The first change, and then what comes with it. */
static int await_some(struct files *files, GError **err)
{
    g_autoptr(GError) error = NULL;
    if (files->watch != NULL && await_event(&files->changed, DEADLINE_NEVER, err) < 0)
        return -1;
    if (await_event(&files->much, deadline_in(FILES_WAIT_MS), &error) < 0 &&
        !g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT)) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    event_reset(&files->changed);
    event_reset(&files->much);
    return 0;
}

int files_travel(void *arg, GError **err)
{
    struct files *files = arg;
    while (await_some(files, err) == 0) {
        /* What fails here is told when the rest is sent; until then the files grow. */
        if (!link_is_lost(files->node->link) &&
            files_send_rest(files, deadline_in(PUSH_MS), NULL) == 0 &&
            link_flush(files->node->link, deadline_in(PUSH_MS), NULL) == 0)
            free_files(files);
    }
    return -1;
}
