/*
 * The program is started as a QEMU is (qemu_process.h), which gives it ids, deadlines, its death
 * and its logs. Links are found by host and URI. One fiber at a time starts or renews a link;
 * others that want it wait for that, and try themselves if it fails.
 */
#include "migration/vm/libvirt_link.h"

#include "migration/vm/qemu_process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "vtmh-node-libvirt"
#define PACKAGE "libvirt0"                     /* Debian's, of libvirt.so.0 */
#define DAEMON_PACKAGE "libvirt-daemon-system" /* Debian's, of what starts libvirtd */
#define QUIET_MS 10000                         /* for calls to see that the program has ended */
#define DAEMONS "libvirtd", "virtqemud"

G_STATIC_ASSERT((int)PROTOCOL_FD == (int)QEMU_FD_QMP);

struct libvirt_link {
    const struct host *host;
    char *uri;
    char *who;                    /* "libvirt of host1 (qemu:///system)" */
    char *program_of;             /* "vtmh-node-libvirt on host1 (qemu:///system)" */
    char *log_prefix;             /* or NULL */
    struct qemu_process *process; /* NULL: not started, or it could not be */
    bool is_over;                 /* it has ended, or is about to */
    char *pid;                    /* as the ledger knows it; NULL: it does not */
    json_t *facts;                /* NULL: not connected */
    int lost_generation; /* of the newest connection that was lost, as the program counts them */
    GPtrArray *watches;  /* struct libvirt_watch, transfer none */
    unsigned holders;
    unsigned calls;     /* fibers that are in the process's hands */
    struct event quiet; /* set when there are none */
    bool is_busy;       /* one fiber starts or renews it */
    struct event idle;  /* set when it has */
    struct event lost;
};

struct libvirt_watch {
    struct libvirt_link *link;
    char *domain;
    libvirt_event_fn on_event;
    void *arg;
};

const char *libvirt_link_program;

static GPtrArray *links; /* of all hosts and URIs; NULL: there is none */

static struct libvirt_link *find(const struct host *host, const char *uri)
{
    for (unsigned i = 0; links != NULL && i < links->len; i++) {
        struct libvirt_link *link = links->pdata[i];

        /* One without holders is being closed. */
        if (link->holders > 0 && link->host == host && strcmp(link->uri, uri) == 0)
            return link;
    }
    return NULL;
}

static struct libvirt_link *link_new(const struct host *host, const char *uri)
{
    struct libvirt_link *link = g_new0(struct libvirt_link, 1);
    g_autofree char *name =
        g_strcanon(g_strdup(uri), G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-.", '_');

    link->host = host;
    link->uri = g_strdup(uri);
    link->who = g_strdup_printf("libvirt of %s (%s)", host->name, uri);
    link->program_of = g_strdup_printf(PROGRAM " on %s (%s)", host->name, uri);
    if (host->log_dir != NULL)
        link->log_prefix = g_strdup_printf("%s/libvirt-%.100s", host->log_dir, name);
    link->watches = g_ptr_array_new();
    if (links == NULL)
        links = g_ptr_array_new();
    g_ptr_array_add(links, link);
    return link;
}

static void link_free(struct libvirt_link *link)
{
    g_ptr_array_remove(links, link);
    if (links->len == 0)
        g_ptr_array_unref(g_steal_pointer(&links));
    g_ptr_array_unref(link->watches);
    json_decref(link->facts);
    g_free(link->uri);
    g_free(link->who);
    g_free(link->program_of);
    g_free(link->log_prefix);
    g_free(link);
}

static int generation_of(const json_t *data)
{
    return (int)json_integer_value(json_object_get(data, "generation"));
}

/* One of a connection that has been replaced comes late. */
static void note_closed(struct libvirt_link *link, const json_t *data)
{
    link->lost_generation = MAX(link->lost_generation, generation_of(data));
    if (link->lost_generation >= generation_of(link->facts))
        event_set(&link->lost);
}

static void on_event(const char *name, const json_t *data, int64_t time_us, void *arg)
{
    struct libvirt_link *link = arg;
    const char *domain = json_string_value(json_object_get(data, "name"));
    /* Whoever is called may unwatch any of them. */
    g_autoptr(GPtrArray) watches = g_ptr_array_copy(link->watches, NULL, NULL);

    if (strcmp(name, "CONNECTION_CLOSED") == 0)
        note_closed(link, data);
    for (unsigned i = 0; i < watches->len; i++) {
        struct libvirt_watch *watch = watches->pdata[i];

        if (g_ptr_array_find(link->watches, watch, NULL) &&
            (domain == NULL || strcmp(domain, watch->domain) == 0))
            watch->on_event(name, data, time_us, watch->arg);
    }
}

static void on_ended(void *arg)
{
    struct libvirt_link *link = arg;

    link->is_over = true;
    event_set(&link->lost);
}

/* Transfer full; NULL with UNSUPPORTED where this vtmh has none. */
static char *find_program(const struct libvirt_link *link, GError **err)
{
    g_autofree char *self = NULL, *folder = NULL;
    char *program;

    if (libvirt_link_program != NULL)
        return g_strdup(libvirt_link_program);
    self = g_file_read_link("/proc/self/exe", err);
    if (self == NULL)
        return NULL;
    folder = g_path_get_dirname(self);
    program = g_build_filename(folder, PROGRAM, NULL);
    if (access(program, X_OK) == 0)
        return program;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "%s: this vtmh was built without libvirt: there is no %s (libvirt-dev was missing)",
                link->who, program);
    g_free(program);
    return NULL;
}

/* Ends it, if it still runs. */
static void end_process(struct libvirt_link *link)
{
    if (link->process == NULL)
        return;
    fiber_shield();
    /* One that does not even die stays in the ledger. */
    if (qemu_process_end(link->process, NULL) == 0 && link->pid != NULL)
        host_disown(link->host, OWNED_PROCESS, link->pid);
    if (link->calls > 0)
        await_event(&link->quiet, deadline_in(QUIET_MS), NULL);
    fiber_unshield();
    g_clear_pointer(&link->pid, g_free);
    g_clear_pointer(&link->process, qemu_process_free);
    link->is_over = false;
}

static int start_process(struct libvirt_link *link, GError **err)
{
    g_autofree char *program = find_program(link, err);
    const char *const argv[] = {PROGRAM, NULL};
    const struct qemu_start start = {
        .who = link->program_of,
        .binary = program,
        .argv = argv,
        .log_prefix = link->log_prefix,
        .known = link->host->known,
        .on_event = on_event,
        .arg = link,
    };

    if (program == NULL)
        return -1;
    link->process = qemu_process_start(&start, err);
    if (link->process == NULL)
        return -1;
    qemu_process_on_ended(link->process, on_ended, link);
    link->pid = g_strdup_printf("%d", (int)qemu_process_pid(link->process));
    return host_own(link->host, OWNED_PROCESS, link->pid, err);
}

/* What ends with a status of its own before it has greeted is a program that the loader, or
 * libvirt's own initialisation, has refused. */
static int greet(struct libvirt_link *link, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;

    if (qemu_process_greet(link->process, deadline, &error) == 0)
        return 0;
    if (g_error_matches(error, VM_ERROR, VM_ERROR_START) &&
        qemu_process_end(link->process, NULL) == 0 && qemu_process_status(link->process) > 0 &&
        !child_was_killed(qemu_process_status(link->process)))
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s; Debian's package of the library is " PACKAGE, error->message);
    else
        g_propagate_error(err, g_steal_pointer(&error));
    return -1;
}

static bool has_daemon(void)
{
    static const char *const names[] = {DAEMONS};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *found = g_find_program_in_path(names[i]);
        g_autofree char *usual = g_strconcat("/usr/sbin/", names[i], NULL);

        if (found != NULL || access(usual, X_OK) == 0)
            return true;
    }
    return false;
}

static void say_not_connected(const struct libvirt_link *link, const json_t *refusal,
                              const GError *cause, GError **err)
{
    const char *class_name = json_string_value(json_object_get(refusal, "class"));
    const char *desc = json_string_value(json_object_get(refusal, "desc"));

    if (g_error_matches(cause, SYNC_ERROR, SYNC_ERROR_TIMEOUT))
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s does not answer: it hangs, or is too slow",
                    link->who);
    else if (desc == NULL)
        g_propagate_error(err, g_error_copy(cause));
    else if (g_strcmp0(class_name, "NoDaemon") == 0 && !has_daemon())
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s: %s; the host has no libvirtd (Debian: " DAEMON_PACKAGE ")", link->who,
                    desc);
    else if (g_strcmp0(class_name, "NoDaemon") == 0)
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s does not run: %s", link->who, desc);
    else if (g_strcmp0(class_name, "NoPermission") == 0)
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s does not let us in: %s", link->who, desc);
    else
        g_set_error(err, VM_ERROR, VM_ERROR_START, "%s: %s (%s)", link->who, desc, class_name);
}

static int connect_it(struct libvirt_link *link, int64_t deadline, GError **err)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *refusal = NULL;
    json_t *facts = NULL;

    if (qemu_process_ask(link->process, "connect", json_pack("{s:s}", "uri", link->uri), deadline,
                         &facts, &refusal, &error) < 0) {
        say_not_connected(link, refusal, error, err);
        if (refusal == NULL)
            libvirt_link_kill(link); /* it hangs in there */
        return -1;
    }
    json_decref(link->facts);
    link->facts = facts;
    event_reset(&link->lost);
    if (link->lost_generation >= generation_of(facts))
        event_set(&link->lost);
    return 0;
}

/* With a program that runs; a new one if it has ended. */
static int bring_up(struct libvirt_link *link, int64_t deadline, GError **err)
{
    if (link->is_over)
        end_process(link);
    if (link->process == NULL) {
        link->lost_generation = 0;
        g_clear_pointer(&link->facts, json_decref);
        if (start_process(link, err) < 0 || greet(link, deadline, err) < 0)
            return -1;
    }
    return connect_it(link, deadline, err);
}

/* For one fiber at a time. -1: cancelled, or too late. */
static int begin_work(struct libvirt_link *link, int64_t deadline, GError **err)
{
    while (link->is_busy)
        if (await_event(&link->idle, deadline, err) < 0) {
            g_prefix_error(err, "%s: ", link->who);
            return -1;
        }
    link->is_busy = true;
    event_reset(&link->idle);
    return 0;
}

static void end_work(struct libvirt_link *link)
{
    link->is_busy = false;
    event_set(&link->idle);
}

/* Who holds a link without a watch has not noticed what became of it. */
static bool is_up(const struct libvirt_link *link)
{
    return link->facts != NULL && !event_is_set(&link->lost);
}

struct libvirt_link *libvirt_link_open(const struct host *host, const char *uri, int64_t deadline,
                                       GError **err)
{
    struct libvirt_link *link = find(host, uri);

    if (link == NULL)
        link = link_new(host, uri);
    link->holders++;
    if (begin_work(link, deadline, err) == 0) {
        int result = is_up(link) ? 0 : bring_up(link, deadline, err);

        end_work(link);
        if (result == 0)
            return link;
    }
    libvirt_link_close(link);
    return NULL;
}

void libvirt_link_close(struct libvirt_link *link)
{
    if (link == NULL || --link->holders > 0)
        return;
    end_process(link);
    link_free(link);
}

int libvirt_link_renew(struct libvirt_link *link, int64_t deadline, GError **err)
{
    int result;

    if (begin_work(link, deadline, err) < 0)
        return -1;
    result = bring_up(link, deadline, err);
    end_work(link);
    return result;
}

void libvirt_link_kill(struct libvirt_link *link)
{
    if (link->process == NULL)
        return;
    link->is_over = true;
    qemu_process_kill(link->process);
}

/* "VIR_ERR_42" -> 42. */
static int number_of(const json_t *refusal)
{
    const char *class_name = json_string_value(json_object_get(refusal, "class"));
    int number = 0;

    return class_name != NULL && sscanf(class_name, "VIR_ERR_%d", &number) == 1 ? number : 0;
}

/* Why a call has failed. Transfer full. */
static GError *explain(const struct libvirt_link *link, const char *command, const json_t *refusal,
                       const GError *error)
{
    GError *copy;

    if (refusal == NULL) {
        copy = g_error_copy(error);
        if (copy->domain == SYNC_ERROR)
            g_prefix_error(&copy, "%s: ", link->who);
        return copy;
    }
    return g_error_new(VM_ERROR, VM_ERROR_COMMAND, "%s: %s: %s (%s)", link->who, command,
                       json_string_value(json_object_get(refusal, "desc")),
                       json_string_value(json_object_get(refusal, "class")));
}

int libvirt_link_call(struct libvirt_link *link, const char *command, json_t *arguments,
                      int64_t deadline, json_t **reply_out, int *number_out, GError **err)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *refusal = NULL;
    int result;

    if (number_out != NULL)
        *number_out = 0;
    if (link->process == NULL) {
        json_decref(arguments);
        g_set_error(err, VM_ERROR, VM_ERROR_DIED, "%s: its program has ended", link->who);
        return -1;
    }
    link->calls++;
    event_reset(&link->quiet);
    result =
        qemu_process_ask(link->process, command, arguments, deadline, reply_out, &refusal, &error);
    if (--link->calls == 0)
        event_set(&link->quiet);
    if (result == 0)
        return 0;
    if (number_out != NULL)
        *number_out = number_of(refusal);
    g_propagate_error(err, explain(link, command, refusal, error));
    return -1;
}

struct libvirt_later {
    struct libvirt_link *link;
    char *command;
    struct qmp_later *later;
    libvirt_answer_fn on_answer;
    void *arg;
};

static void free_later(struct libvirt_later *later)
{
    g_free(later->command);
    g_free(later);
}

static void on_later(const json_t *reply, const json_t *refusal, const GError *error, void *arg)
{
    struct libvirt_later *later = arg;
    g_autoptr(GError) explained =
        reply == NULL ? explain(later->link, later->command, refusal, error) : NULL;

    later->on_answer(reply, number_of(refusal), explained, later->arg);
    free_later(later);
}

struct libvirt_later *libvirt_link_later(struct libvirt_link *link, const char *command,
                                         json_t *arguments, libvirt_answer_fn on_answer, void *arg,
                                         GError **err)
{
    struct libvirt_later *later;

    if (link->process == NULL) {
        json_decref(arguments);
        g_set_error(err, VM_ERROR, VM_ERROR_DIED, "%s: its program has ended", link->who);
        return NULL;
    }
    later = g_new0(struct libvirt_later, 1);
    *later = (struct libvirt_later){
        .link = link, .command = g_strdup(command), .on_answer = on_answer, .arg = arg};
    later->later = qemu_process_later(link->process, command, arguments, on_later, later, err);
    if (later->later != NULL)
        return later;
    free_later(later);
    return NULL;
}

void libvirt_later_forget(struct libvirt_later *later)
{
    if (later == NULL)
        return;
    qmp_forget(later->later);
    free_later(later);
}

struct event *libvirt_link_lost(struct libvirt_link *link)
{
    return &link->lost;
}

struct libvirt_watch *libvirt_link_watch(struct libvirt_link *link, const char *domain,
                                         libvirt_event_fn on_event_fn, void *arg)
{
    struct libvirt_watch *watch = g_new0(struct libvirt_watch, 1);

    watch->link = link;
    watch->domain = g_strdup(domain);
    watch->on_event = on_event_fn;
    watch->arg = arg;
    g_ptr_array_add(link->watches, watch);
    return watch;
}

void libvirt_link_unwatch(struct libvirt_watch *watch)
{
    if (watch == NULL)
        return;
    g_ptr_array_remove(watch->link->watches, watch);
    g_free(watch->domain);
    g_free(watch);
}

const json_t *libvirt_link_facts(const struct libvirt_link *link)
{
    return link->facts;
}

pid_t libvirt_link_pid(const struct libvirt_link *link)
{
    return link->process != NULL ? qemu_process_pid(link->process) : 0;
}
