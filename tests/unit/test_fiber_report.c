#include "sync/fiber_report.h"
#include "tests/unit/fiber_checks.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(fiber_report, .timeout = 60);

static int wait_for_guest(void *arg, GError **err)
{
    DOING(BLAME_TESTBED, "leg 1 of vm1");
    DOING(BLAME_TESTBED, "booting vm1");
    return await_event(arg, deadline_in(60000), err);
}

static int sit(void *arg, GError **err)
{
    return await_any(arg, 1, DEADLINE_NEVER, err);
}

static int hold_scope(void *arg, GError **err)
{
    struct scope *scope = scope_open("two of them");

    scope_spawn(scope, "inner", sit, arg);
    return scope_close(scope, err);
}

static int tell(void *arg, GError **err)
{
    struct event guest_is_up = EVENT_INIT, never = EVENT_INIT;
    struct event *const events[] = {&never};
    g_autoptr(scope) scope = scope_open("test");
    GString *told = arg;

    scope_spawn(scope, "scenario", wait_for_guest, &guest_is_up);
    scope_spawn(scope, "holder", hold_scope, (void *)events);
    for (unsigned i = 0; i < 2; i++)
        check(await_turn(err) == 0);
    g_autofree char *text = fibers_text();
    /* However slow this machine is now. */
    g_autoptr(GRegex) time = g_regex_new(", [0-9.]+ s, ", 0, 0, NULL);
    g_autofree char *timeless = g_regex_replace_literal(time, text, -1, 0, ", 0 s, ", 0, NULL);
    g_string_assign(told, timeless);
    return 0;
}

Test(fiber_report, says_of_every_fiber_what_it_waits_for_and_what_it_does)
{
    g_autoptr(GString) told = g_string_new(NULL);

    expect_run(tell, told);
    const char *const lines[] = {
        "\"main\" runs\n",
        "\"scenario\" in \"test\" waits in wait_for_guest() for arg, 0 s, at most ",
        " s more; leg 1 of vm1 / booting vm1\n",
        "\"holder\" in \"test\" waits in scope_close() for two of them, 0 s, never gives up\n",
        "\"inner\" in \"two of them\" waits in sit(), 0 s, never gives up\n",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
        cr_expect(strstr(told->str, lines[i]) != NULL, "not \"%s\" in:\n%s", lines[i], told->str);
}

struct told {
    GPtrArray *lines;
    struct event again;
};

static void keep_line(void *arg, const char *line)
{
    struct told *told = arg;

    g_ptr_array_add(told->lines, g_strdup(line));
    event_set(&told->again);
}

static int be_asked(void *arg, GError **err)
{
    struct told *told = arg;
    struct fibers_on_signal *telling = fibers_on_signal(keep_line, told);
    int result = 0;

    for (unsigned i = 0; i < 2 && result == 0; i++) {
        event_reset(&told->again);
        raise(SIGUSR1);
        result = await_event(&told->again, deadline_in(30000), err);
    }
    fibers_on_signal_end(telling);
    return result;
}

Test(fiber_report, is_told_at_each_SIGUSR1)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    struct told told = {lines, EVENT_INIT};

    expect_run(be_asked, &told);
    cr_assert_eq(lines->len, 2);
    cr_expect(g_str_has_prefix(lines->pdata[0], "\"main\" waits in be_asked() for &told->again"),
              "%s", (char *)lines->pdata[0]);
}

/* Runs fn as a fiber of a process of its own; *said: what that wrote to stderr. */
static int end_of(fiber_fn fn, char **said)
{
    char text[8192];
    size_t n = 0;
    ssize_t got;
    int fds[2], status;

    cr_assert_eq(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        dup2(fds[1], STDERR_FILENO);
        fiber_run(fn, NULL, NULL);
        _exit(0);
    }
    close(fds[1]);
    while (n < sizeof(text) - 1 && (got = read(fds[0], text + n, sizeof(text) - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    close(fds[0]);
    waitpid(pid, &status, 0);
    *said = g_strdup(text);
    return status;
}

static volatile unsigned depth;

/* Each call has a frame of more than a page. */
static __attribute__((noinline)) int sink(unsigned n)
{
    volatile char frame[6000];

    frame[n % sizeof(frame)] = (char)n;
    depth = n;
    return n == 0 ? 0 : sink(n - 1) + frame[n % sizeof(frame)];
}

static int sink_deep(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    DOING(BLAME_PRODUCT, "leg 3 of vm1");
    DOING(BLAME_TESTBED, "reading a configuration");
    return sink(1000000);
}

static int spawn_deep(void *arg, GError **err)
{
    struct event never = EVENT_INIT;
    struct scope *scope = scope_open("test");

    scope_spawn(scope, "innocent", wait_for_guest, &never);
    scope_spawn(scope, "deep", sink_deep, arg);
    return scope_close(scope, err);
}

Test(fiber_report, names_the_fiber_whose_stack_overflows)
{
    g_autofree char *said = NULL;
    int status = end_of(spawn_deep, &said);

    cr_expect(strstr(said, "\nthe stack of fiber \"deep\" in \"test\" has overflowed, during: "
                           "leg 3 of vm1 / reading a configuration\n") != NULL,
              "%s", said);
    cr_expect(strstr(said, "innocent") == NULL, "%s", said);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they end it their way */
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
#endif
    cr_expect_neq(status, 0);
}

static int read_nowhere(void *arg, GError **err)
{
    volatile int *volatile nowhere = (volatile int *)8;

    (void)arg;
    (void)err;
    return *nowhere;
}

Test(fiber_report, accuses_no_fiber_of_another_fault)
{
    g_autofree char *said = NULL;
    int status = end_of(read_nowhere, &said);

    cr_expect(strstr(said, "the stack of fiber") == NULL, "%s", said);
    cr_expect_neq(status, 0);
}

static int be_ended(void *arg, GError **err)
{
    (void)arg;
    (void)err;
    kill(getpid(), SIGSEGV);
    return 0;
}

/* No instruction is tried again, that would fault again. */
Test(fiber_report, a_fault_that_somebody_sends_ends_the_program_too)
{
    g_autofree char *said = NULL;
    int status = end_of(be_ended, &said);

    cr_expect_str_eq(said, "");
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %x", status);
}
