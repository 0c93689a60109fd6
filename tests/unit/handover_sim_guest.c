/* The machine at the other end of a copy's serial line: what the guest "tick" does
 * (deploy/guests/README.md), as far as it is asked here. It does so only while its CPUs run. */
#include "tests/unit/handover_world_private.h"

#include <stdio.h>
#include <string.h>

#define BEAT_MS 900 /* as rare as the handover can bear: each turn of the clock costs */
#define MAX_LINE_BYTES 100

static int say(struct copy *copy, const char *format, ...) G_GNUC_PRINTF(2, 3);

static int say(struct copy *copy, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    copy->world->tick++;
    if (copy->line == NULL)
        return -1;
    return stream_write(copy->line, text, strlen(text), DEADLINE_NEVER, NULL);
}

/* Waits until the CPUs run, on a host that is not frozen. -1: they never will. */
static int await_cpus(struct copy *copy, GError **err)
{
    struct event *const events[] = {&copy->exited, &copy->runs};
    int which = await_any(events, G_N_ELEMENTS(events), DEADLINE_NEVER, err);
    return which <= 0 || await_event(&copy->host->thawed, DEADLINE_NEVER, err) < 0 ? -1 : 0;
}

static int beat(void *arg, GError **err)
{
    struct copy *copy = arg;
    while (await_cpus(copy, err) == 0) {
        if (copy->state != COPY_RUNNING)
            continue;
        copy->beats++;
        if (say(copy, "T %08X %08X %08X\n", copy->beats, (uint32_t)(copy->beats * BEAT_MS), 0U) <
                0 ||
            await_deadline(deadline_in(BEAT_MS), err) < 0)
            break;
    }
    return 0;
}

/* One that is unheard or late is not answered. */
static void answer(struct copy *copy, const char *command)
{
    enum fault_kind fault = world_point(copy->host, copy, command);
    unsigned word = 0;
    if (fault == FAULT_REFUSED)
        say(copy, "? %s\n", command);
    else if (fault != FAULT_NONE)
        return;
    else if (sscanf(command, "W %X", &word) == 1 || sscanf(command, "R %X", &word) == 1)
        say(copy, "%c %08X\n", command[0], word);
    else if (strcmp(command, "V") == 0)
        say(copy, "V %08X %08X %08X\n", 4096U, 0U, 1U);
    else
        say(copy, "? %s\n", command);
}

static int listen_to_line(void *arg, GError **err)
{
    struct copy *copy = arg;
    for (;;) {
        struct stream *line = copy->line;
        g_autofree char *command = NULL;
        if (line == NULL ||
            (command = stream_read_line(line, MAX_LINE_BYTES, DEADLINE_NEVER, NULL)) == NULL ||
            await_cpus(copy, err) < 0)
            return 0;
        answer(copy, command);
    }
}

int sim_guest_run(void *arg, GError **err)
{
    struct copy *copy = arg;
    struct scope *scope = scope_open("machine");
    /* Whoever is cancelled here is told so when the scope is closed. */
    if (copy->state == COPY_PRELAUNCH && await_cpus(copy, NULL) == 0)
        say(copy, "vtmh tick up\n");
    scope_spawn_detached(scope, "beats", beat, copy);
    scope_spawn_detached(scope, "line", listen_to_line, copy);
    return scope_close(scope, err);
}
