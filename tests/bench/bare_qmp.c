#include "tests/bench/bare_qmp.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_S 60 /* for any single answer */

struct qemu {
    pid_t pid;
    FILE *qmp;
    int serial;
};

static int fail(GError **err, const char *what)
{
    g_set_error(err, G_FILE_ERROR, G_FILE_ERROR_FAILED, "bare QMP loop: %s", what);
    return -1;
}

static char **command_line(const struct bare_guest *guest, int qmp_fd, int serial_fd, bool incoming)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    g_autofree char *qmp = g_strdup_printf("socket,id=qmp,fd=%d", qmp_fd);
    g_autofree char *serial = g_strdup_printf("socket,id=serial0,fd=%d", serial_fd);
    g_strv_builder_add_many(words, guest->qemu, "-nodefaults", "-no-user-config", "-display",
                            "none", "-vga", "none", "-machine", guest->machine, "-m", guest->ram,
                            "-chardev", qmp, "-mon", "chardev=qmp,mode=control", "-chardev", serial,
                            "-serial", "chardev:serial0", NULL);
    if (guest->firmware != NULL)
        g_strv_builder_add_many(words, "-bios", guest->firmware, NULL);
    if (guest->kernel != NULL)
        g_strv_builder_add_many(words, "-kernel", guest->kernel, "-initrd", guest->initrd,
                                "-append", guest->append, NULL);
    if (incoming)
        g_strv_builder_add_many(words, "-incoming", "defer", NULL);
    return g_strv_builder_end(words);
}

/* Reads lines until one has the word; events that fly by before are passed over. */
static int await_line(struct qemu *qemu, const char *word, GError **err)
{
    char line[65536];
    alarm(WAIT_S);
    while (fgets(line, sizeof(line), qemu->qmp) != NULL) {
        if (strstr(line, word) == NULL)
            continue;
        alarm(0);
        return 0;
    }
    return fail(err, "QEMU ended");
}

/* Sends a command and reads its return, dropping events. *answer_out: transfer full; may be
 * NULL. */
static int command(struct qemu *qemu, const char *text, json_t **answer_out, GError **err)
{
    char line[65536];
    dprintf(fileno(qemu->qmp), "%s\n", text);
    alarm(WAIT_S);
    while (fgets(line, sizeof(line), qemu->qmp) != NULL) {
        json_t *message = json_loads(line, 0, NULL);
        json_t *answer = json_object_get(message, "return");
        bool refused = json_object_get(message, "error") != NULL;
        if (answer != NULL && answer_out != NULL)
            *answer_out = json_incref(answer);
        json_decref(message);
        if (refused)
            return fail(err, line);
        if (answer == NULL)
            continue;
        alarm(0);
        return 0;
    }
    return fail(err, "QEMU ended");
}

static int start(struct qemu *qemu, const struct bare_guest *guest, bool incoming, GError **err)
{
    int qmp[2];
    int serial[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, qmp) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, serial) < 0)
        return fail(err, g_strerror(errno));
    g_auto(GStrv) words = command_line(guest, qmp[1], serial[1], incoming);
    qemu->pid = fork();
    if (qemu->pid == 0) {
        close(qmp[0]);
        close(serial[0]);
        execvp(words[0], words);
        perror(words[0]);
        _exit(127);
    }
    close(qmp[1]);
    close(serial[1]);
    qemu->serial = serial[0];
    qemu->qmp = fdopen(qmp[0], "r");
    return command(qemu, "{\"execute\":\"qmp_capabilities\"}", NULL, err);
}

static void end(struct qemu *qemu)
{
    if (qemu->qmp == NULL)
        return;
    dprintf(fileno(qemu->qmp), "{\"execute\":\"quit\"}\n");
    waitpid(qemu->pid, NULL, 0);
    fclose(qemu->qmp);
    close(qemu->serial);
    qemu->qmp = NULL;
}

/* Waits for "vtmh NAME up" on the serial port. */
static int await_up(struct qemu *qemu, GError **err)
{
    g_autoptr(GString) seen = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;
    alarm(WAIT_S);
    while ((n = read(qemu->serial, buffer, sizeof(buffer))) > 0) {
        g_string_append_len(seen, buffer, n);
        if (strstr(seen->str, " up\n") == NULL && strstr(seen->str, " up\r\n") == NULL)
            continue;
        alarm(0);
        return 0;
    }
    return fail(err, "the guest did not come up");
}

static const char capabilities[] =
    "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":["
    "{\"capability\":\"events\",\"state\":true},{\"capability\":\"return-path\",\"state\":true}]}}";
static const char parameters[] =
    "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"max-bandwidth\":1099511627776}}";

/* Where the destination listens ("migrate" command for the source). */
static int listen_incoming(struct qemu *destination, char **migrate_out, GError **err)
{
    json_t *answer = NULL;
    if (command(destination, capabilities, NULL, err) < 0 ||
        command(destination,
                "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"tcp:127.0.0.1:0\"}}",
                NULL, err) < 0 ||
        command(destination, "{\"execute\":\"query-migrate\"}", &answer, err) < 0)
        return -1;
    const json_t *address = json_array_get(json_object_get(answer, "socket-address"), 0);
    *migrate_out =
        g_strdup_printf("{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"tcp:127.0.0.1:%s\"}}",
                        json_string_value(json_object_get(address, "port")));
    json_decref(answer);
    return 0;
}

static double now_ms(void)
{
    return (double)g_get_monotonic_time() / 1000.0;
}

static double setup_ms(struct qemu *source)
{
    json_auto_t *answer = NULL;
    if (command(source, "{\"execute\":\"query-migrate\"}", &answer, NULL) < 0)
        return NAN;
    return json_number_value(json_object_get(answer, "setup-time"));
}

static int leg(struct qemu *source, struct qemu *destination, const struct bare_guest *guest,
               struct leg_times *times, GError **err)
{
    g_autofree char *migrate = NULL;
    double asked = now_ms();
    if (start(destination, guest, true, err) < 0 ||
        listen_incoming(destination, &migrate, err) < 0 ||
        command(source, capabilities, NULL, err) < 0 || command(source, parameters, NULL, err) < 0)
        return -1;
    double began = now_ms();
    if (command(source, migrate, NULL, err) < 0 || await_line(source, "\"completed\"", err) < 0)
        return -1;
    double completed = now_ms();
    if (await_line(destination, "\"RESUME\"", err) < 0)
        return -1;
    double resumed = now_ms();
    double setup = setup_ms(source); /* not a part of the leg */
    double ending = now_ms();
    end(source);
    double finish = resumed - completed + now_ms() - ending;
    *times = (struct leg_times){
        .leg = completed - asked + finish,
        .prepare = began - asked,
        .stream = completed - began,
        .finish = finish,
        .setup = setup,
        .hypervisor = NAN,
        .moved = NAN,
        .ledger = NAN,
        .cont = NAN,
    };
    return 0;
}

int bare_qmp_legs(const struct bare_guest *guest, unsigned n, struct leg_times *times_out,
                  GError **err)
{
    struct qemu both[2] = {{0}, {0}};
    int done = start(&both[0], guest, false, err);
    if (done == 0)
        done = await_up(&both[0], err);
    for (unsigned i = 0; done == 0 && i < n; i++)
        done = leg(&both[i % 2], &both[(i + 1) % 2], guest, &times_out[i], err);
    end(&both[0]);
    end(&both[1]);
    return done;
}
