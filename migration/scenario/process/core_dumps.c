/*
 * A hypervisor that dies of a signal leaves a core, without the guest's memory, in a folder of its
 * own in which it runs (core_dump_folder()). Of that a backtrace is made where gdb is, and kept
 * with the results; then the core goes, unless it is asked for (keep_core_dumps).
 *
 * Where the kernel gives cores to a program, or puts them elsewhere (core_pattern), a note says so.
 * Nothing here fails a test, and all of it has a limit: of the core (CORE_BYTES, in memory, only
 * after such an end), of what gdb may say and how long that may take, and of what is kept.
 */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"
#include "migration/vm/core_dump.h"
#include "migration/vm/qemu_binary.h"
#include "sync/child.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define GDB_MS 40000
#define KEEP_MS 60000
#define KEPT_BLOCKS "16384" /* of 512 bytes: 8 MiB, of which no part is left out */

int core_dumps_begin(struct step_on *on, GError **err)
{
    g_autofree char *folder = core_dump_folder(on->scene->test->host, on->seat->name);
    bool wanted;
    if (param_bool(on->params, "core_dumps", &wanted, err) < 0)
        return -1;
    if (wanted && g_mkdir(folder, 0700) < 0 && errno != EEXIST) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s: %s", folder, g_strerror(errno));
        return -1;
    }
    return 0;
}

/* The kernel does it for these, unless they are caught. */
static bool makes_core(int status)
{
    static const int signals[] = {SIGABRT, SIGBUS,  SIGFPE, SIGILL,
                                  SIGQUIT, SIGSEGV, SIGSYS, SIGTRAP};
    for (unsigned i = 0; i < G_N_ELEMENTS(signals); i++)
        if (status == 256 + signals[i])
            return true;
    return false;
}

/* Whose hypervisor has died. */
struct dead {
    const struct step_on *on;
    const char *vm;
    const struct params *params; /* of the VM */
};

static void say_no_core(const struct dead *dead)
{
    struct test *test = dead->on->scene->test;
    g_autofree char *pattern = NULL;
    if (!g_file_get_contents("/proc/sys/kernel/core_pattern", &pattern, NULL, NULL))
        pattern = g_strdup("");
    g_strchomp(pattern);
    if (*pattern == '|' || *pattern == '/')
        test_note(test, "there is no backtrace of QEMU of %s: cores of %s go to %s (core_pattern)",
                  dead->vm, test->host->name, pattern);
    else
        test_note(test, "there is no backtrace of QEMU of %s: it left no core on %s", dead->vm,
                  test->host->name);
}

/* The functions that it was in, of all threads, as gdb says them. */
static int make_backtrace(const struct dead *dead, const char *core, GError **err)
{
    const struct host *host = dead->on->scene->test->host;
    g_autofree char *path = g_strdup_printf("%s/%s.backtrace.txt", host->log_dir, dead->vm);
    g_autofree char *binary =
        qemu_find_binary(param_text(dead->params, "qemu_binary"), "QEMU", err);
    g_autofree char *said = NULL, *complaints = NULL;
    if (binary == NULL)
        return -1;
    const char *const gdb[] = {"gdb",  "-nx", "-batch", "-ex", "thread apply all bt",
                               binary, core,  NULL};
    if (child_run(gdb, NULL, step_deadline(dead->on, GDB_MS), NULL, &said, &complaints, err) < 0)
        return -1;
    g_autofree char *text = g_strconcat(said, complaints, NULL);
    return g_file_set_contents(path, text, -1, err) ? 0 : -1;
}

static void tell_backtrace(const struct dead *dead, const char *core)
{
    struct test *test = dead->on->scene->test;
    g_autoptr(GError) error = NULL;
    g_autofree char *gdb = g_find_program_in_path("gdb");
    if (gdb == NULL)
        test_note(test, "there is no backtrace of QEMU of %s: %s has no gdb", dead->vm,
                  test->host->name);
    else if (make_backtrace(dead, core, &error) < 0)
        test_note(test, "there is no backtrace of QEMU of %s: %s", dead->vm, error->message);
    else
        test_note(test, "QEMU of %s on %s has left a backtrace: %s.backtrace.txt", dead->vm,
                  test->host->name, dead->vm);
}

/* Compressed, and not more of it than a limit. It is among the logs only when it is whole: they
 * travel as they grow. */
static void keep_core(const struct dead *dead, const char *core)
{
    struct test *test = dead->on->scene->test;
    g_autofree char *kept = g_strdup_printf("%s/%s.core.gz", test->host->log_dir, dead->vm);
    g_autofree char *packed = g_strconcat(core, ".gz", NULL);
    const char *const words[] = {
        "/bin/sh", "-c", "ulimit -f " KEPT_BLOCKS " && exec gzip -1 <\"$1\" >\"$2\"", "sh", core,
        packed,    NULL};
    g_autoptr(GError) error = NULL;
    int status = 0;
    int ran = child_run(words, NULL, step_deadline(dead->on, KEEP_MS), &status, NULL, NULL, &error);
    if (ran == 0 && status == 0 && rename(packed, kept) == 0)
        return;
    g_autofree char *how = ran < 0       ? g_strdup(error->message)
                           : status == 0 ? g_strdup(g_strerror(errno))
                                         : child_describe_status(status);
    g_unlink(packed);
    test_note(test, "the core of QEMU of %s is not kept (8 MiB at most): %s", dead->vm, how);
}

void core_dumps_look(const struct step_on *on, const char *vm, const struct params *params,
                     const char *folder, int status)
{
    const struct dead dead = {on, vm, params};
    if (!makes_core(status) || on->scene->test->host->log_dir == NULL ||
        !g_file_test(folder, G_FILE_TEST_IS_DIR))
        return;
    fiber_shield(); /* the abort that follows each failure comes meanwhile */
    g_autofree char *core = core_dump_find(folder);
    if (core == NULL) {
        say_no_core(&dead);
    } else {
        tell_backtrace(&dead, core);
        if (param_is_yes(params, "keep_core_dumps"))
            keep_core(&dead, core);
        g_unlink(core);
    }
    fiber_unshield();
}

int core_dumps_end(struct step_on *on, GError **err)
{
    g_autofree char *folder = core_dump_folder(on->scene->test->host, on->seat->name);
    bool keeps;
    if (param_bool(on->params, "keep_core_dumps", &keeps, err) < 0)
        return -1;
    core_dumps_look(on, on->seat->name, on->params, folder, on->seat->exit_status);
    if (!on->seat->is_left) /* else a VM still runs there: it goes with the test's folder */
        g_rmdir(folder);
    return 0;
}
