/*
 * local:NAME: a node as a process of this machine, without root and without sshd.
 *
 * It has a folder of its own, $XDG_RUNTIME_DIR/vtmh/NAME (else /tmp/vtmh-UID/NAME), which is the same
 * in every job, so that the next node of that name finds what a killed one left. The node takes the
 * folder as its XDG_RUNTIME_DIR and XDG_STATE_HOME. Its address is one of 127/8, all of which is local without
 * configuration; the link goes over a unix socket.
 */
#include "orchestrator/artifacts.h"
#include "orchestrator/deploy_way.h"
#include "orchestrator/node_answer.h"
#include "sync/child.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_RUNTIME_DIR 40 /* a unix socket's path has 107 bytes, and QEMU wants some of them */
#define MAX_FOLDER_NAME 16

/* Makes a folder that nobody else can look into, or checks that it is one. */
static int make_private_dir(const char *path, GError **err)
{
    struct stat info;

    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, "cannot make %s: %s", path,
                    g_strerror(errno));
        return -1;
    }
    if (lstat(path, &info) < 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() ||
        (info.st_mode & 077) != 0) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST,
                    "%s must be a folder of yours with mode 700: remove or mend it", path);
        return -1;
    }
    return 0;
}

static char *folder_name(const char *name)
{
    gboolean is_plain = strlen(name) <= MAX_FOLDER_NAME && *name != '.' && *name != '\0';

    for (const char *c = name; *c != '\0' && is_plain; c++)
        is_plain = g_ascii_isalnum(*c) || strchr("-_.", *c) != NULL;
    if (is_plain)
        return g_strdup(name);

    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);

    return g_strndup(hash, MAX_FOLDER_NAME);
}

/* The folders above all local nodes, and the one of this node. */
static char *base_path(void)
{
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");

    if (runtime != NULL && *runtime == '/' && strlen(runtime) <= MAX_RUNTIME_DIR)
        return g_build_filename(runtime, "vtmh", NULL);
    return g_strdup_printf("/tmp/vtmh-%u", (unsigned)geteuid());
}

static char *node_path(const char *name)
{
    g_autofree char *base = base_path();
    g_autofree char *folder = folder_name(name);

    return g_build_filename(base, folder, NULL);
}

static char *make_node_dir(const char *name, GError **err)
{
    g_autofree char *base = base_path();
    g_autofree char *dir = node_path(name);

    if (make_private_dir(base, err) < 0 || make_private_dir(dir, err) < 0)
        return NULL;
    return g_steal_pointer(&dir);
}

/* Runs the node program in its folder; argv is what follows the program's name. */
static int run_node(const struct machine *machine, GPtrArray *arguments, const char *input,
                    int64_t deadline, int *status, char **out, char **errors, GError **err)
{
    g_autofree char *program = artifacts_find_program("vtmh-node", err);
    g_autofree char *dir = program != NULL ? make_node_dir(machine->name, err) : NULL;
    g_autofree char *runtime = g_strdup_printf("XDG_RUNTIME_DIR=%s", dir);
    g_autofree char *state = g_strdup_printf("XDG_STATE_HOME=%s", dir);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    if (dir == NULL)
        return -1;
    g_ptr_array_add(argv, (void *)"env");
    g_ptr_array_add(argv, runtime);
    g_ptr_array_add(argv, state);
    g_ptr_array_add(argv, program);
    for (guint i = 0; i < arguments->len; i++)
        g_ptr_array_add(argv, arguments->pdata[i]);
    g_ptr_array_add(argv, NULL);
    return child_run((const char *const *)argv->pdata, input, deadline, status, out, errors, err);
}

static GPtrArray *arguments_new(const char *first, ...)
{
    GPtrArray *arguments = g_ptr_array_new_with_free_func(g_free);
    va_list more;

    va_start(more, first);
    for (const char *word = first; word != NULL; word = va_arg(more, const char *))
        g_ptr_array_add(arguments, g_strdup(word));
    va_end(more);
    return arguments;
}

static char *ending(int status)
{
    return status != 0 ? child_describe_status(status) : NULL;
}

static int start(struct deployed *deployed, const struct deploy_options *options, int64_t deadline,
                 GError **err)
{
    const struct machine *machine = deployed->machine;
    g_autofree char *guests = artifacts_guests_dir();
    g_autofree char *dir = node_path(machine->name);
    g_autofree char *socket = g_strdup_printf("ipc://%s/link-%08x", dir, g_random_int());
    g_autofree char *address = g_strdup_printf("127.77.%u.%u", machine->index / 250,
                                               machine->index % 250 + 1);
    g_autoptr(GPtrArray) arguments = arguments_new(
        "serve", "--name", machine->name, "--listen", socket, "--guests", guests, "--address",
        address, NULL);
    g_autofree char *key = seal_key_to_hex(deployed->key);
    g_autofree char *input = g_strdup_printf("%s\n", key);
    g_autofree char *out = NULL;
    g_autofree char *errors = NULL;
    struct node_answer answer;
    int status, result;

    if (artifacts_check_guests(guests, options->guests, err) < 0)
        return -1;
    deploy_say(deployed, options, "starting");
    result = run_node(machine, arguments, input, deadline, &status, &out, &errors, err);
    sodium_memzero(key, SEAL_KEY_HEX);
    sodium_memzero(input, SEAL_KEY_HEX);
    if (result < 0) {
        g_prefix_error(err, "starting its node: ");
        return -1;
    }

    g_autofree char *how = ending(status);

    if (node_answer_parse(out, errors, how, &answer, err) < 0)
        return -1;
    deployed->address = g_steal_pointer(&address);
    deployed->link_address = g_steal_pointer(&answer.address);
    deployed->version = g_steal_pointer(&answer.version);
    deployed->pid = answer.pid;
    return 0;
}

static int clean_up(const struct deployed *deployed, const struct deploy_options *options,
                    int64_t deadline, GError **err)
{
    g_autofree char *pid = g_strdup_printf("%ld", (long)deployed->pid);
    g_autoptr(GPtrArray) arguments = arguments_new("cleanup", "--pid", pid, NULL);
    g_autofree char *errors = NULL;
    int status;

    deploy_say(deployed, options, "cleaning up");
    if (run_node(deployed->machine, arguments, NULL, deadline, &status, NULL, &errors, err) < 0) {
        g_prefix_error(err, "cleaning up: ");
        return -1;
    }
    if (status != 0) {
        g_autofree char *how = ending(status);
        g_autofree char *words = node_answer_last_words(errors);

        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "cleaning up: %s%s%s", how,
                    *words != '\0' ? ": " : "", words);
        return -1;
    }
    return 0;
}

const struct deploy_way deploy_local = {.start = start, .clean_up = clean_up};
