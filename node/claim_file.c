#include "node/claim_file.h"

#include "sync/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "vtmh-claims-"
#define MAX_BYTES (1 << 20) /* of a file that is looked into */
#define MAX_FILES 1000      /* of one folder: looking at them holds up the node */

struct claim_file {
    char *path;
    int fd;
};

static int fail(GError **err, const char *what, const char *path)
{
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s %s: %s", what, path, g_strerror(errno));
    return -1;
}

/* A folder of the system in which everybody has files of his own. */
static bool is_fit(const char *folder)
{
    struct stat info;

    return lstat(folder, &info) == 0 && S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0 &&
           (info.st_mode & S_IWOTH) != 0 && access(folder, R_OK | W_OK | X_OK) == 0;
}

const char *claim_file_choose(const char *const *folders, GError **err)
{
    g_autofree char *list = g_strjoinv(" nor ", (char **)folders);

    for (; *folders != NULL; folders++)
        if (is_fit(*folders))
            return *folders;
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM,
                "other jobs cannot be kept off: neither %s is a folder that everybody can write "
                "to (mode 1777)",
                list);
    return NULL;
}

const char *claim_file_base(GError **err)
{
    static const char *const folders[] = {"/run/lock", "/tmp", NULL};

    return claim_file_choose(folders, err);
}

/* Forgets what was told until now. */
static void drain(int fd)
{
    char buffer[4096];

    while (read(fd, buffer, sizeof(buffer)) > 0)
        ;
}

/*
 * Locks the folder, for the moment that a look at all files takes. Whoever lets go of it closes a
 * descriptor of it, which is what is waited for. Returns a descriptor.
 */
static int lock_base(const char *base, int64_t deadline, GError **err)
{
    int fd = open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail(err, "cannot open", base);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;

    int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    g_autoptr(stream) closings = notify >= 0 ? stream_new(notify, err) : NULL;
    if (closings == NULL || inotify_add_watch(notify, base, IN_CLOSE | IN_ONLYDIR) < 0) {
        if (err != NULL && *err == NULL)
            fail(err, "cannot watch", base);
        close(fd);
        return -1;
    }
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        g_autoptr(GError) error = NULL;
        if (stream_await(closings, UV_READABLE, deadline, &error) < 0) {
            if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
                g_prefix_error(&error,
                               "some process has locked %s ('lslocks' tells which): ", base);
            g_propagate_error(err, g_steal_pointer(&error));
            close(fd);
            return -1;
        }
        drain(notify);
    }
    return fd;
}

/* Unlocked first: by closing alone those who wait would be woken before the lock is gone. */
static void unlock_base(int fd)
{
    flock(fd, LOCK_UN);
    close(fd);
}

/* Whether its node lives: nobody else can write to it, and so lock it for writing. Takes no lock,
 * not for a moment. */
static bool is_held(int fd)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Does not ask a directory service, which may not answer. Transfer full. */
static char *user_name(uid_t uid)
{
    FILE *users = fopen("/etc/passwd", "re");
    char *name = NULL;

    for (struct passwd *entry; name == NULL && users != NULL && (entry = fgetpwent(users)) != NULL;)
        if (entry->pw_uid == uid)
            name = g_strdup(entry->pw_name);
    if (users != NULL)
        fclose(users);
    return name != NULL ? name : g_strdup_printf("uid:%u", (unsigned)uid);
}

/* NULL: it claims nothing. */
static struct claims *read_claims(int fd, off_t size)
{
    g_autofree char *text = g_malloc((size_t)size + 1);
    ssize_t got = pread(fd, text, (size_t)size, 0);

    if (got < 0)
        return NULL;
    text[got] = '\0';
    return claims_from_text(text);
}

/* What is seen of the others; a look at one of their files. */
struct look {
    int base;                  /* its descriptor */
    const char *path;          /* of the folder */
    const struct claims *ours; /* or NULL */
    char *clash;               /* the first */
    GPtrArray *removed;        /* or NULL */
};

static void look_into(struct look *look, const char *name)
{
    struct stat info;
    int fd = openat(look->base, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size > MAX_BYTES) {
        close(fd);
        return;
    }
    if (!is_held(fd)) {
        if (unlinkat(look->base, name, 0) == 0 && look->removed != NULL)
            g_ptr_array_add(look->removed, g_strdup_printf("path %s/%s", look->path, name));
    } else if (look->ours != NULL && look->clash == NULL) {
        g_autoptr(claims) theirs = read_claims(fd, info.st_size);
        g_autofree char *user = theirs != NULL ? user_name(info.st_uid) : NULL;
        look->clash = theirs != NULL ? claims_clash(look->ours, theirs, user) : NULL;
    }
    close(fd);
}

static int look_at_all(struct look *look, GError **err)
{
    g_autoptr(GDir) folder = g_dir_open(look->path, 0, err);
    const char *name;
    unsigned n = 0;

    if (folder == NULL)
        return -1;
    while ((name = g_dir_read_name(folder)) != NULL) {
        if (!g_str_has_prefix(name, PREFIX))
            continue;
        if (++n > MAX_FILES) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_LIMIT,
                        "there are more than %d files " PREFIX "* in %s, too many to look at for "
                        "the claims of other jobs: have those removed that are no job's",
                        MAX_FILES, look->path);
            return -1;
        }
        look_into(look, name);
    }
    return 0;
}

/* Writes and locks a file of our own, under the folder's lock. */
static struct claim_file *publish(const char *base, const struct claims *claims, GError **err)
{
    g_autofree char *path = g_strdup_printf("%s/" PREFIX "XXXXXX", base);
    g_autofree char *text = claims_to_text(claims);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    size_t size = strlen(text);
    if (size > MAX_BYTES) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_LIMIT,
                    "what the job claims takes %zu bytes, more than other jobs look at (%d)", size,
                    MAX_BYTES);
        return NULL;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        fail(err, "cannot create", path);
        return NULL;
    }
    ssize_t written = write(fd, text, size);
    if (written >= 0 && written < (ssize_t)size)
        errno = ENOSPC;
    if (written != (ssize_t)size || fcntl(fd, F_OFD_SETLK, &lock) < 0 || fchmod(fd, 0644) < 0) {
        fail(err, "cannot write", path);
        unlink(path);
        close(fd);
        return NULL;
    }
    struct claim_file *file = g_new0(struct claim_file, 1);
    file->path = g_steal_pointer(&path);
    file->fd = fd;
    return file;
}

struct claim_file *claim_file_take(const char *base, const struct claims *claims, int64_t deadline,
                                   char **refused, GError **err)
{
    struct look look = {.base = lock_base(base, deadline, err), .path = base, .ours = claims};
    struct claim_file *file = NULL;

    if (look.base < 0)
        return NULL;
    if (look_at_all(&look, err) == 0 && look.clash == NULL)
        file = publish(base, claims, err);
    unlock_base(look.base);
    *refused = look.clash;
    return file;
}

void claim_file_release(struct claim_file *file)
{
    if (file == NULL)
        return;
    unlink(file->path);
    close(file->fd);
    g_free(file->path);
    g_free(file);
}

int claim_file_sweep(const char *base, int64_t deadline, GPtrArray *removed, GError **err)
{
    struct look look = {.base = lock_base(base, deadline, err), .path = base, .removed = removed};

    if (look.base < 0)
        return -1;
    int looked = look_at_all(&look, err);
    unlock_base(look.base);
    return looked;
}
