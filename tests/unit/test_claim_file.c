/* The claims of jobs on disk. Other jobs' nodes are processes of their own, as they are in life. */
#include "node/claim_file.h"

#include "node/remove.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 30000

static char *base;

static void make_base(void)
{
    base = g_dir_make_tmp("vtmh-claim-XXXXXX", NULL);
    cr_assert_not_null(base);
    cr_assert_eq(chmod(base, 01777), 0);
}

static void remove_base(void)
{
    remove_tree(base);
    g_free(base);
}

TestSuite(claim_file, .init = make_base, .fini = remove_base);

/* What a job with this id claims, and what came of it. */
struct wish {
    const char *job, *ports;
    struct claim_file *file;
    char *refused;
    GError *error;
    int64_t patience_ms;
};

static int take(void *arg, GError **err)
{
    struct wish *wish = arg;
    g_autoptr(claims) claims = claims_new(wish->job, "alice@desk", 1, getpid(), false);

    (void)err;
    cr_assert_eq(claims_add(claims, "ports", wish->ports, "mig_port", NULL), 0);
    wish->file = claim_file_take(
        base, claims, deadline_in(wish->patience_ms > 0 ? wish->patience_ms : PATIENCE_MS),
        &wish->refused, &wish->error);
    return 0;
}

/* Whether the job has what it claims. */
static bool has(struct wish *wish)
{
    fiber_run(take, wish, NULL);
    cr_assert_eq((wish->file != NULL) + (wish->refused != NULL) + (wish->error != NULL), 1);
    return wish->file != NULL;
}

static void wish_clear(struct wish *wish)
{
    claim_file_release(wish->file);
    g_free(wish->refused);
    g_clear_error(&wish->error);
}

/* A node of another job that has the ports, until it is ended. */
static pid_t start_node(const char *job, const char *ports)
{
    int ready[2];
    char byte;

    cr_assert_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct wish wish = {.job = job, .ports = ports};
        bool taken = has(&wish);
        close(ready[0]);
        if (taken && write(ready[1], "", 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1, "the other node has not got %s", ports);
    close(ready[0]);
    return pid;
}

static void kill_node(pid_t pid)
{
    cr_assert_eq(kill(pid, SIGKILL), 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

static unsigned count_files(void)
{
    g_autoptr(GDir) folder = g_dir_open(base, 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(folder) != NULL)
        n++;
    return n;
}

Test(claim_file, the_second_job_is_refused_while_the_first_one_lives)
{
    pid_t other = start_node("abcdef0", "20000-20010");
    g_autofree char *process = g_strdup_printf("its node process %d of ", (int)other);
    struct wish meets = {.job = "2", .ports = "20005"};
    struct wish beside = {.job = "2", .ports = "20011"};
    struct wish same_job = {.job = "abcdef0", .ports = "20005"};

    cr_expect_not(has(&meets));
    cr_assert_not_null(meets.refused);
    cr_expect_not_null(strstr(meets.refused, "job abcdef0 of alice@desk"), "%s", meets.refused);
    cr_expect_not_null(strstr(meets.refused, process), "%s", meets.refused);
    cr_expect(has(&beside));
    cr_expect(has(&same_job));
    wish_clear(&meets);
    wish_clear(&beside);
    wish_clear(&same_job);
    kill_node(other);
}

Test(claim_file, what_a_killed_node_had_is_taken_over_and_its_file_goes)
{
    struct wish wish = {.job = "2", .ports = "20005"};

    kill_node(start_node("1", "20000-20010"));
    cr_expect_eq(count_files(), 1, "a killed node removes nothing");
    cr_expect(has(&wish));
    cr_expect_eq(count_files(), 1, "the dead one's file is gone");
    wish_clear(&wish);
    cr_expect_eq(count_files(), 0);
}

static int sweep(void *arg, GError **err)
{
    return claim_file_sweep(base, deadline_in(PATIENCE_MS), arg, err);
}

Test(claim_file, a_sweep_takes_files_of_the_dead_and_none_of_the_living)
{
    g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
    struct wish meets = {.job = "3", .ports = "20000"};
    g_autofree char *stranger = g_build_filename(base, "somebody's", NULL);
    pid_t living = start_node("1", "20000");

    kill_node(start_node("2", "20001"));
    cr_assert(g_file_set_contents(stranger, "", 0, NULL));
    cr_assert_eq(fiber_run(sweep, removed, NULL), 0);
    cr_assert_eq(removed->len, 1);
    cr_expect(g_str_has_prefix(g_ptr_array_index(removed, 0), "path /"));
    cr_expect_eq(count_files(), 2);
    cr_expect_not(has(&meets), "the living one still has its ports");
    wish_clear(&meets);
    kill_node(living);
}

Test(claim_file, links_pipes_and_folders_are_left_alone)
{
    struct wish wish = {.job = "2", .ports = "20005"};
    g_autofree char *target = g_build_filename(base, "target", NULL);
    g_autofree char *link = g_build_filename(base, "vtmh-claims-link", NULL);
    g_autofree char *fifo = g_build_filename(base, "vtmh-claims-fifo", NULL);
    g_autofree char *folder = g_build_filename(base, "vtmh-claims-folder", NULL);

    cr_assert(g_file_set_contents(target, "", 0, NULL));
    cr_assert_eq(symlink(target, link), 0);
    cr_assert_eq(mkfifo(fifo, 0666), 0);
    cr_assert_eq(g_mkdir(folder, 0777), 0);
    cr_expect(has(&wish));
    cr_expect_eq(access(target, F_OK), 0);
    cr_expect_eq(count_files(), 5);
    wish_clear(&wish);
}

/* Whoever makes them: a node that looks at them for long is taken for dead. */
Test(claim_file, more_files_than_can_be_looked_at_are_an_error)
{
    struct wish wish = {.job = "2", .ports = "20005"};

    for (unsigned i = 0; i <= 1000; i++) {
        g_autofree char *fifo = g_strdup_printf("%s/vtmh-claims-%u", base, i);
        cr_assert_eq(mkfifo(fifo, 0666), 0);
    }
    cr_expect_not(has(&wish));
    cr_assert_not_null(wish.error);
    cr_expect_not_null(strstr(wish.error->message, "too many"), "%s", wish.error->message);
    wish_clear(&wish);
}

/* Somebody who may only read a dead job's file cannot make it live on. */
Test(claim_file, a_lock_for_reading_keeps_no_claim_alive)
{
    struct wish wish = {.job = "2", .ports = "20000"};
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    g_autofree char *path = NULL;

    kill_node(start_node("1", "20000"));
    g_autoptr(GDir) folder = g_dir_open(base, 0, NULL);
    path = g_build_filename(base, g_dir_read_name(folder), NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
    cr_expect(has(&wish));
    wish_clear(&wish);
    close(fd);
}

Test(claim_file, a_folder_that_stays_locked_is_told_after_the_deadline)
{
    struct wish wish = {.job = "2", .ports = "20005", .patience_ms = 50};
    int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    cr_assert_eq(flock(fd, LOCK_EX), 0);
    cr_expect_not(has(&wish));
    cr_assert_not_null(wish.error);
    cr_expect_not_null(strstr(wish.error->message, "some process has locked"), "%s",
                       wish.error->message);
    close(fd);
    wish_clear(&wish);
}

static int unlock(void *arg, GError **err)
{
    const int *fd = arg;

    (void)err;
    close(*fd);
    return 0;
}

static int take_when_unlocked(void *arg, GError **err)
{
    g_autoptr(scope) scope = scope_open("both");
    int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    cr_assert_eq(flock(fd, LOCK_EX), 0);
    scope_spawn(scope, "taker", take, arg); /* runs first, and waits */
    scope_spawn(scope, "holder", unlock, &fd);
    return scope_close(g_steal_pointer(&scope), err);
}

Test(claim_file, who_waits_for_the_folder_goes_on_when_it_is_let_go)
{
    struct wish wish = {.job = "2", .ports = "20005"};

    cr_assert_eq(fiber_run(take_when_unlocked, &wish, NULL), 0);
    cr_expect_not_null(wish.file, "%s", wish.error != NULL ? wish.error->message : "");
    wish_clear(&wish);
}

/* Of many that come at once exactly one gets it. */
Test(claim_file, one_of_many_gets_it)
{
    enum { MANY = 12 };
    pid_t pids[MANY];
    int go[2], ended[2];
    unsigned n_taken = 0;
    char byte;

    cr_assert_eq(pipe(go), 0);
    cr_assert_eq(pipe(ended), 0);
    for (unsigned i = 0; i < MANY; i++) {
        g_autofree char *job = g_strdup_printf("%u", i);
        pids[i] = fork();
        if (pids[i] != 0)
            continue;
        struct wish wish = {.job = job, .ports = "20005"};
        close(go[1]);
        cr_assert_eq(read(go[0], &byte, 1), 0);
        byte = has(&wish) ? 'y' : 'n';
        cr_assert_eq(write(ended[1], &byte, 1), 1);
        for (;;)
            pause();
    }
    close(go[1]);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(read(ended[0], &byte, 1), 1);
        n_taken += byte == 'y';
    }
    for (unsigned i = 0; i < MANY; i++)
        kill_node(pids[i]);
    cr_expect_eq(n_taken, 1);
}

Test(claim_file, a_folder_is_fit_only_if_nobody_can_take_away_anothers_files)
{
    g_autofree char *plain = g_build_filename(base, "plain", NULL);
    g_autofree char *open_to_all = g_build_filename(base, "open", NULL);
    const char *const folders[] = {"/nonesuch", plain, open_to_all, base, NULL};
    const char *const none[] = {"/nonesuch", plain, open_to_all, NULL};
    g_autoptr(GError) error = NULL;

    cr_assert_eq(g_mkdir(plain, 0755), 0);
    cr_assert_eq(g_mkdir(open_to_all, 0777), 0);
    cr_assert_eq(chmod(open_to_all, 0777), 0);
    cr_expect_str_eq(claim_file_choose(folders, NULL), base);
    cr_expect_null(claim_file_choose(none, &error));
    cr_assert_not_null(error);
    cr_expect_not_null(strstr(error->message, "1777"), "%s", error->message);
}
