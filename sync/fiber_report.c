#include "sync/fiber_report.h"

#include "sync/fiber_private.h"

#include <string.h>
#include <unistd.h>

#define FRAMES_MAX 16
#define HANDLER_STACK ((size_t)64 * 1024)

static void append_state(GString *text, const struct fiber *fiber, int64_t now_ms)
{
    if (fiber->state == FIBER_RUNNING) {
        g_string_append(text, " runs");
        return;
    }
    if (fiber->state == FIBER_READY) {
        g_string_append(text, " is about to run");
        return;
    }
    g_string_append_printf(text, " waits in %s()", fiber->place.function);
    if (fiber->place.what)
        g_string_append_printf(text, " for %s", fiber->place.what);
    g_string_append_printf(text, ", %.1f s", (double)(now_ms - fiber->since_ms) / 1000.0);
    if (fiber->deadline == DEADLINE_NEVER)
        g_string_append(text, ", never gives up");
    else
        g_string_append_printf(text, ", at most %.1f s more",
                               (double)MAX(fiber->deadline - now_ms, 0) / 1000.0);
}

static void append_fiber(GString *text, const struct fiber *fiber, int64_t now_ms)
{
    g_autofree char *doing = doing_text(fiber->doing, NULL);

    g_string_append_printf(text, "\"%s\"", fiber->name);
    if (fiber->scope)
        g_string_append_printf(text, " in \"%s\"", scope_name(fiber->scope));
    append_state(text, fiber, now_ms);
    if (fiber->cancelled)
        g_string_append_printf(text, "; cancelled%s: %s",
                               fiber->shields > 0 ? ", but shielded" : "",
                               fiber->cancelled->message);
    if (doing)
        g_string_append_printf(text, "; %s", doing);
    g_string_append_c(text, '\n');
}

static int compare_since(const void *a, const void *b)
{
    const struct fiber *one = a, *other = b;

    return one->since_ms < other->since_ms ? -1 : one->since_ms > other->since_ms;
}

char *fibers_text(void)
{
    int64_t now_ms = deadline_in(0);
    g_autoptr(GList) fibers = g_list_sort(g_list_copy((GList *)fiber_living()), compare_since);
    GString *text = g_string_new(NULL);

    for (const GList *link = fibers; link; link = link->next)
        append_fiber(text, link->data, now_ms);
    return g_string_free(text, FALSE);
}

void fibers_tell_all(fibers_tell tell, void *arg)
{
    g_autofree char *text = fibers_text();
    g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);

    for (char **line = lines; *line; line++)
        tell(arg, *line);
}

struct fibers_on_signal {
    uv_signal_t handle;
    fibers_tell tell;
    void *arg;
};

static void on_signal(uv_signal_t *handle, int signum)
{
    const struct fibers_on_signal *telling = handle->data;

    (void)signum;
    fibers_tell_all(telling->tell, telling->arg);
}

struct fibers_on_signal *fibers_on_signal(fibers_tell tell, void *arg)
{
    struct fibers_on_signal *telling = g_new0(struct fibers_on_signal, 1);

    telling->tell = tell;
    telling->arg = arg;
    uv_signal_init(fiber_loop(), &telling->handle);
    telling->handle.data = telling;
    uv_signal_start(&telling->handle, on_signal, SIGUSR1);
    uv_unref((uv_handle_t *)&telling->handle);
    return telling;
}

static void on_closed(uv_handle_t *handle)
{
    g_free(handle->data);
}

void fibers_on_signal_end(struct fibers_on_signal *telling)
{
    uv_close((uv_handle_t *)&telling->handle, on_closed);
}

/* All of it, or nobody is there to read. */
static void say(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0)
        return;
}

static void say_overflow(const struct fiber *fiber)
{
    const char *frames[FRAMES_MAX];
    unsigned n = doing_frames(fiber->doing, frames, FRAMES_MAX);

    say("\nthe stack of fiber \"");
    say(fiber->name);
    if (fiber->scope) {
        say("\" in \"");
        say(scope_name(fiber->scope));
    }
    say("\" has overflowed");
    for (unsigned i = n; i > 0; i--) {
        say(i == n ? ", during: " : " / ");
        say(frames[i - 1]);
    }
    say("\n");
}

static _Thread_local struct overflow_watch *watching;

static void tell_overflow(const void *address)
{
    for (const GList *link = fiber_living(); link; link = link->next) {
        const struct fiber *fiber = link->data;

        if (fiber->state == FIBER_RUNNING && stack_is_below(fiber->stack, address))
            say_overflow(fiber);
    }
}

/* The handlers of before are back when the instruction is tried again, and meet its fault. */
static void on_fault(int signum, siginfo_t *info, void *context)
{
    bool is_sent = info->si_code <= 0; /* by somebody: no instruction would meet it again */

    (void)context;
    if (watching) {
        if (!is_sent)
            tell_overflow(info->si_addr);
        sigaction(SIGSEGV, &watching->segv, NULL);
        sigaction(SIGBUS, &watching->bus, NULL);
    } else { /* a fault of another thread */
        signal(signum, SIG_DFL);
    }
    if (is_sent)
        raise(signum);
}

void overflow_watch_begin(struct overflow_watch *watch)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    watch->own_stack = NULL;
    if (sigaltstack(NULL, &watch->stack) == 0 && watch->stack.ss_flags & SS_DISABLE) {
        stack_t own = {.ss_sp = watch->own_stack = g_malloc(HANDLER_STACK),
                       .ss_size = HANDLER_STACK};

        sigaltstack(&own, NULL);
    }
    watching = watch;
    sigaction(SIGSEGV, &action, &watch->segv);
    sigaction(SIGBUS, &action, &watch->bus);
}

void overflow_watch_end(struct overflow_watch *watch)
{
    sigaction(SIGSEGV, &watch->segv, NULL);
    sigaction(SIGBUS, &watch->bus, NULL);
    watching = NULL;
    if (watch->own_stack)
        sigaltstack(&watch->stack, NULL);
    g_free(watch->own_stack);
}
