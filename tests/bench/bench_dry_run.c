#include "bench_dry_run.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 5
#define KEYS_OF_ALL 208
#define KEYS_OF_A_VARIANT 10

struct cost {
    double cpu_s;
    long max_rss_kb;
};

/* 10 x 10 x 10 x 5 tests. */
static char *make_configuration(GError **err)
{
    static const unsigned variants[] = {10, 10, 10, 5};
    g_autoptr(GString) text = g_string_new("type = migration_multi_host\nguest = tick\n");
    char *path = NULL;
    int fd;

    for (unsigned key = 0; key < KEYS_OF_ALL; key++)
        g_string_append_printf(text, "of_all_%u = value %u\n", key, key);
    for (unsigned block = 0; block < G_N_ELEMENTS(variants); block++) {
        g_string_append(text, "variants:\n");
        for (unsigned variant = 0; variant < variants[block]; variant++) {
            g_string_append_printf(text, "    - b%uv%u:\n", block, variant);
            for (unsigned key = 0; key < KEYS_OF_A_VARIANT; key++)
                g_string_append_printf(text, "        of_b%u_%u = %u\n", block, key, variant);
        }
    }
    fd = g_file_open_tmp("bench-dry-run.XXXXXX", &path, err);
    if (fd < 0)
        return NULL;
    close(fd);
    if (!g_file_set_contents(path, text->str, (gssize)text->len, err)) {
        g_unlink(path);
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static int run(const char *const *argv, struct cost *cost, GError **err)
{
    struct rusage used;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, STDOUT_FILENO);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) < 0 || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0) {
        g_set_error(err, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "%s %s did not end well", argv[0],
                    argv[1]);
        return -1;
    }
    double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    cost->cpu_s = fmin(cost->cpu_s, cpu_s);
    cost->max_rss_kb = MAX(cost->max_rss_kb, used.ru_maxrss);
    return 0;
}

static void report(const char *what, const struct cost *cost)
{
    printf("{\"what\":\"%s\",\"cpu_seconds\":%.4f,\"max_rss_kb\":%ld}\n", what, cost->cpu_s,
           cost->max_rss_kb);
}

int bench_dry_run(const char *vtmh, const char *file, GError **err)
{
    g_autofree char *made = file == NULL ? make_configuration(err) : NULL;
    const char *path = file != NULL ? file : made;
    const char *show[] = {vtmh, "show", path, NULL};
    const char *dry[] = {vtmh, "run", "--dry-run", "-m", "local:a,local:b", path, NULL};
    struct cost of_show = {.cpu_s = INFINITY}, of_dry = {.cpu_s = INFINITY};
    int status = path != NULL ? 0 : -1;

    for (unsigned round = 0; round < ROUNDS && status == 0; round++)
        status = run(show, &of_show, err) < 0 ? -1 : run(dry, &of_dry, err);
    if (made != NULL)
        g_unlink(made);
    if (status < 0)
        return -1;
    report("show", &of_show);
    report("dry-run", &of_dry);
    printf("{\"what\":\"dry-run / show\",\"ratio\":%.2f}\n", of_dry.cpu_s / of_show.cpu_s);
    return 0;
}
