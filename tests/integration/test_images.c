/* Images made, cloned, checked, restored and removed by a real qemu-img. */
#include "migration/scenario/process/rows.h"
#include "migration/storage/look.h"
#include "migration/storage/prepare.h"
#include "migration/storage/qemu_img.h"

#include "node/remove.h"
#include "sync/child.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIMIT_MS 30000

/* What look_ask() starts is this program. */
__attribute__((constructor)) static void be_asked(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "look") == 0)
        exit(look_main());
}

static char *folder;
static GHashTable *owned;
static GPtrArray *notes;
static struct params *params;
static fiber_fn body;

/* Of an image, another may lie in its place, which it takes. */
static bool lies_there(enum owned_kind kind, const char *what)
{
    const char *path = kind == OWNED_IMAGE ? strchr(what, '/') : what;
    struct stat info;

    if (stat(path, &info) < 0)
        return false;
    g_autofree char *is =
        g_strdup_printf("%lu:%lu %s", (unsigned long)info.st_dev, (unsigned long)info.st_ino, path);
    return kind != OWNED_IMAGE || strcmp(is, what) == 0;
}

static int own(void *node, enum owned_kind kind, const char *what, GError **err)
{
    (void)node, (void)err;
    cr_assert_not(lies_there(kind, what), "%s is there before it is in the ledger", what);
    g_hash_table_add(owned, g_strdup(what));
    return 0;
}

static void disown(void *node, enum owned_kind kind, const char *what)
{
    (void)node, (void)kind;
    cr_assert(g_hash_table_remove(owned, what), "%s", what);
}

static void log_nothing(void *node, Vtmh__LogLevel level, const char *role, const char *vm,
                        const char *text)
{
    (void)node, (void)level, (void)role, (void)vm, (void)text;
}

static void record(void *node, const Vtmh__Record *told)
{
    (void)node;
    if (told->body_case == VTMH__RECORD__BODY_NOTE)
        g_ptr_array_add(notes, g_strdup(told->note));
}

static const struct host_ops host_ops = {.own = own, .disown = disown, .log = log_nothing};
static const struct host host = {.ops = &host_ops, .name = "host1"};
/* What host2 says wherever hosts meet. */
static const char *said_there = "null";
static unsigned n_owned_during; /* the test: in the ledger when all VMs have ended */

static int exchange(void *node, const struct test_meeting *meeting, GBytes *payload,
                    GPtrArray **answers_out, GError **err)
{
    (void)node, (void)err;
    if (strcmp(meeting->tag, "VMs have ended") == 0)
        n_owned_during = g_hash_table_size(owned);
    *answers_out = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_ptr_array_add(*answers_out, g_bytes_ref(payload));
    g_ptr_array_add(*answers_out, g_bytes_new(said_there, strlen(said_there)));
    return 0;
}

static const struct test_ops test_ops = {.record = record, .exchange = exchange};
static struct test test;

static void set(const char *key, const char *value)
{
    params_set(params, key, value, "FILE:1");
}

static void set_up(void)
{
    folder = g_dir_make_tmp("vtmh-images-XXXXXX", NULL);
    owned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    notes = g_ptr_array_new_with_free_func(g_free);
    params = params_new();
    set("vms", "vm1");
    set("data_dir", folder);
    set("image_name", "disk");
    set("image_size", "4M");
}

static void tear_down(void)
{
    cr_expect_eq(g_hash_table_size(owned), 0, "something is in the ledger still");
    remove_tree(folder);
}

TestSuite(images, .init = set_up, .fini = tear_down);

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static bool is_there(const char *name)
{
    g_autofree char *path = in_folder(name);

    return access(path, F_OK) == 0;
}

static void sh(const char *command)
{
    g_autofree char *text = g_strdup_printf("cd %s && %s", folder, command);
    const char *const argv[] = {"sh", "-c", text, NULL};
    g_autofree char *said = NULL;
    int status = -1;

    cr_assert_eq(child_run(argv, NULL, deadline_in(LIMIT_MS), &status, NULL, &said, NULL), 0);
    cr_assert_eq(status, 0, "%s: %s", command, said);
}

static int in_fiber(void *arg, GError **err)
{
    test = (struct test){.params = params, .host = &host, .ops = &test_ops};
    test_init(&test);
    int result = body(arg, err);
    test_clear(&test);
    return result;
}

static void run(fiber_fn fn)
{
    g_autoptr(GError) error = NULL;

    body = fn;
    cr_assert_eq(fiber_run(in_fiber, NULL, &error), 0, "%s", error != NULL ? error->message : "");
}

static int prepare(GError **err)
{
    g_autoptr(params) copy = params_copy(params);

    clone_names(copy);
    g_autoptr(GPtrArray) plans = image_plans(copy, err);
    cr_assert_not_null(plans);
    return image_prepare(&test, g_ptr_array_index(plans, 0), deadline_in(LIMIT_MS), err);
}

static int finish(GError **err)
{
    g_autoptr(GPtrArray) plans = image_plans(params, err);
    const struct image_plan *plan = g_ptr_array_index(plans, 0);

    return image_finish(&test, plan, plan->params, deadline_in(LIMIT_MS), err);
}

/* The step around a test, on the first of two hosts. */
static int step_around(int *begun_out, GError **err)
{
    static const char *const names[] = {"host1", "host2"};
    struct seat seat = {.name = "vm1", .where = SEAT_NOWHERE};
    g_autoptr(GPtrArray) seats = g_ptr_array_new();
    struct scene scene = {.test = &test, .seats = seats};
    struct step_on on = {.scene = &scene, .params = params, .ends_by = DEADLINE_NEVER};
    g_autoptr(GError) error = NULL;

    g_ptr_array_add(seats, &seat);
    test.names = names;
    test.n_hosts = 2;
    *begun_out = images_begin(&on, &error);
    return images_end(&on, err);
}

/* A chain of disk.qcow2, a and b, up to its end. */
static void set_chain(void)
{
    set("image_chain", "image1 a b");
    set("image_name_a", "a");
    set("image_name_b", "b");
    set("image_size", "1M"); /* less than any base */
}

static void expect_failure(int result, GError **error, const char *text)
{
    cr_assert_eq(result, -1, "%s", text);
    cr_expect_not_null(strstr((*error)->message, text), "%s", (*error)->message);
    g_clear_error(error);
}

static int make_twice(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg;

    set("create_image", "yes");
    if (prepare(err) < 0)
        return -1;
    cr_expect(is_there("disk.qcow2"));
    sh("stat -c %i disk.qcow2 >inode");
    if (prepare(err) < 0)
        return -1;
    sh("test $(stat -c %i disk.qcow2) = $(cat inode)");
    set("image_size", "8M");
    expect_failure(prepare(&error), &error, "disk.qcow2 is there, but its size is 4194304");
    set("force_create_image", "yes");
    if (prepare(err) < 0)
        return -1;
    sh("qemu-img info disk.qcow2 | grep -q '8388608 bytes'");
    return 0;
}

Test(images, makes_an_image_once_and_takes_no_other_for_it)
{
    run(make_twice);
}

static int fail_to_make(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg, (void)err;

    sh("echo mine >disk.qcow2");
    set("force_create_image", "yes");
    set("image_extra_params", "-o no_such_option=1");
    expect_failure(prepare(&error), &error, "disk.qcow2 cannot be made");
    sh("test \"$(cat disk.qcow2)\" = mine && test -z \"$(ls -A | grep part)\"");
    return 0;
}

Test(images, leaves_what_was_there_where_none_can_be_made)
{
    run(fail_to_make);
}

static int clone_twice(void *arg, GError **err)
{
    (void)arg;
    sh("qemu-img create -q -f qcow2 disk.qcow2 4M && touch -d '1 hour ago' disk.qcow2");
    set("master_images_clone", "image1");
    if (prepare(err) < 0)
        return -1;
    sh("qemu-img compare -q disk.qcow2 disk_vm1.qcow2 && stat -c %i disk_vm1.qcow2 >inode");
    if (prepare(err) < 0)
        return -1;
    sh("test $(stat -c %i disk_vm1.qcow2) = $(cat inode)");
    sh("qemu-io -c 'write -P 7 0 64k' disk.qcow2 >/dev/null && touch -d 'next hour' disk.qcow2");
    if (prepare(err) < 0)
        return -1;
    sh("qemu-img compare -q disk.qcow2 disk_vm1.qcow2");
    return 0;
}

Test(images, clones_a_master_again_only_when_that_has_changed)
{
    run(clone_twice);
}

static int clone_over_another(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M && touch -d '1 hour ago' disk.qcow2");
    sh("qemu-img create -q -f qcow2 disk_vm1.qcow2 8M");
    set("master_images_clone", "image1");
    expect_failure(prepare(&error), &error, "disk_vm1.qcow2 is there, but it is no clone of");
    sh("qemu-img info disk_vm1.qcow2 | grep -q '8388608 bytes'");
    set("force_image_clone", "yes");
    return prepare(err);
}

Test(images, takes_the_place_of_no_image_that_is_not_its_masters_clone)
{
    run(clone_over_another);
}

static int find_qemu_img(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg, (void)err;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M");
    set("qemu_img_binary", "/nonexistent/qemu-img");
    expect_failure(prepare(&error), &error, "qemu_img_binary = /nonexistent/qemu-img");
    set("qemu_img_binary", "kvm-img");
    cr_expect_eq(prepare(&error), 0);
    cr_expect_eq(notes->len, 1);
    cr_expect_not_null(strstr(g_ptr_array_index(notes, 0), "host1 has no kvm-img: /"));
    return 0;
}

Test(images, says_which_qemu_img_stands_in_and_takes_none_for_a_path)
{
    run(find_qemu_img);
}

static int end_what_was_not_begun(void *arg, GError **err)
{
    int begun;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 8M && echo old >disk.qcow2.backup");
    set("create_image", "yes");
    set("backup_image", "yes");
    set("restore_image", "yes");
    set("remove_image", "yes");
    said_there = "[]";
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, -1);
    sh("qemu-img info disk.qcow2 | grep -q '8388608 bytes'");
    return 0;
}

Test(images, neither_removes_nor_puts_back_what_the_test_could_not_take)
{
    run(end_what_was_not_begun);
}

static int end_while_used_elsewhere(void *arg, GError **err)
{
    int begun;
    (void)arg;

    set("create_image", "yes");
    set("remove_image", "yes");
    said_there = "[\"vm1\"]";
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, 0);
    cr_expect(is_there("disk.qcow2"));
    cr_expect_eq(notes->len, 1);
    cr_expect_not_null(strstr(g_ptr_array_index(notes, 0), "vm1 on host2 may still write to it"));
    said_there = "[\"vm2\"]";
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_not(is_there("disk.qcow2"));
    return 0;
}

Test(images, removes_none_of_a_vm_that_lives_on_wherever_it_is)
{
    run(end_while_used_elsewhere);
}

static int clone_by_command(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M");
    set("master_images_clone", "image1");
    set("image_clone_command", "echo no space; exit 1 # %s %s");
    expect_failure(prepare(&error), &error, "disk_vm1.qcow2 cannot be made");
    set("image_clone_command", "cp %s");
    expect_failure(prepare(&error), &error, "two %s");
    cr_expect_not(is_there("disk_vm1.qcow2"));
    set("image_clone_command", "cp -- %s %s");
    return prepare(err);
}

Test(images, clones_by_the_command_of_the_user)
{
    run(clone_by_command);
}

/* Where the image moves to, not on host 1. */
static int make_to_write_to(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) plans = NULL;
    struct image_plan *plan;
    (void)arg;

    set("migrate_storage", "yes");
    set("backup_image", "yes");
    set("restore_image", "yes");
    plans = image_plans(params, err);
    if (plans == NULL)
        return -1;
    plan = g_ptr_array_index(plans, 0);
    if (image_receive(&test, plan, 4 << 20, deadline_in(LIMIT_MS), err) < 0)
        return -1;
    g_autofree char *same = g_strdup_printf(
        "test \"$(stat -c '%%d:%%i %%n' %s/disk.qcow2)\" = '%s'", folder, plan->made);
    sh(same);
    cr_expect(g_hash_table_contains(owned, plan->made));
    if (image_finish(&test, plan, plan->params, deadline_in(LIMIT_MS), err) < 0)
        return -1;
    cr_expect_not(is_there("disk.qcow2"));
    cr_expect_eq(g_hash_table_size(owned), 0);

    g_clear_pointer(&plan->made, g_free);
    if (image_receive(&test, plan, 4 << 20, deadline_in(LIMIT_MS), err) < 0)
        return -1;
    sh("qemu-io -c 'write 0 1M' disk.qcow2 >/dev/null && "
       "dd if=/dev/zero of=disk.qcow2 bs=64k seek=2 count=1 conv=notrunc status=none");
    expect_failure(image_finish(&test, plan, plan->params, deadline_in(LIMIT_MS), &error), &error,
                   "disk.qcow2 is bad (qemu-img check)");
    cr_expect_not(is_there("disk.qcow2"));
    return 0;
}

Test(images, makes_one_to_be_written_from_another_host_and_removes_it_whatever_is_wrong)
{
    run(make_to_write_to);
}

static int write_over(void *arg, GError **err)
{
    g_autoptr(GPtrArray) plans = NULL;
    struct image_plan *plan;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M");
    set("migrate_storage", "yes");
    plans = image_plans(params, err);
    if (plans == NULL)
        return -1;
    plan = g_ptr_array_index(plans, 0);
    if (image_receive(&test, plan, 4 << 20, deadline_in(LIMIT_MS), err) < 0)
        return -1;
    cr_expect_null(plan->made);
    if (image_finish(&test, plan, plan->params, deadline_in(LIMIT_MS), err) < 0)
        return -1;
    cr_expect(is_there("disk.qcow2"));
    return 0;
}

Test(images, leaves_one_that_was_there_to_be_written_to)
{
    run(write_over);
}

static int find_bad(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M && qemu-io -c 'write 0 1M' disk.qcow2 "
       ">/dev/null");
    set("backup_image_before_testing", "yes");
    set("restore_image_on_check_error", "yes");
    set("save_image", "yes");
    if (prepare(err) < 0 || finish(err) < 0)
        return -1;
    cr_expect(is_there("disk.qcow2.backup"));
    /* The table of reference counts says that nothing is used. */
    sh("dd if=/dev/zero of=disk.qcow2 bs=64k seek=2 count=1 conv=notrunc status=none");
    expect_failure(finish(&error), &error, "disk.qcow2 is bad (qemu-img check)");
    cr_expect(is_there("disk.qcow2.bad"));
    sh("cmp disk.qcow2 disk.qcow2.backup");
    return finish(err);
}

Test(images, finds_a_bad_image_keeps_it_and_puts_back_the_good_one)
{
    run(find_bad);
}

static int refuse_used(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    (void)arg, (void)err;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M");
    g_autofree char *path = in_folder("disk.qcow2");
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 201, .l_len = 1};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
    set("force_create_image", "yes");
    expect_failure(prepare(&error), &error, "disk.qcow2 is in use");
    set("check_image", "no");
    set("remove_image", "yes");
    expect_failure(finish(&error), &error, "disk.qcow2 is in use");
    cr_expect(is_there("disk.qcow2"));
    close(fd);
    return 0;
}

Test(images, replaces_and_removes_none_that_is_in_use)
{
    run(refuse_used);
}

static int remove_it(void *arg, GError **err)
{
    (void)arg;
    sh("qemu-img create -q -f raw disk.raw 4M");
    set("image_format", "raw");
    set("remove_image", "yes");
    if (finish(err) < 0)
        return -1;
    cr_expect_not(is_there("disk.raw"));
    return 0;
}

Test(images, checks_no_raw_image_and_removes_it_where_that_is_asked_for)
{
    run(remove_it);
}

static int run_out_of_time(void *arg, GError **err)
{
    const struct qemu_img qemu_img = {"qemu-img", &host};
    g_autofree char *from = in_folder("disk.raw"), *to = in_folder("to.raw");
    g_autoptr(GError) error = NULL;
    (void)arg, (void)err;

    sh("echo disk >disk.raw");
    cr_expect_eq(
        qemu_img_copy(&qemu_img, "cp %s %s; exec sleep 100", from, to, deadline_in(300), &error),
        -1);
    cr_expect(g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT), "%s", error->message);
    cr_expect_not_null(strstr(error->message, to), "%s", error->message);
    sh("test -z \"$(ls -A | grep -e part -e to)\"");
    return 0;
}

Test(images, removes_what_is_half_made_when_the_time_is_over)
{
    run(run_out_of_time);
}

static int build_on_one_another(void *arg, GError **err)
{
    int begun;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M && qemu-io -c 'write -P 7 0 64k' disk.qcow2 "
       ">/dev/null && cp disk.qcow2 before");
    set_chain();
    said_there = "[\"vm1\"]";
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, 0);
    /* What is kept since vm1 lives on builds on the base, wherever the folder is. */
    sh("mkdir moved && cp *.qcow2 moved/ && qemu-io -r -c 'read -P 7 0 64k' moved/b.qcow2 "
       ">/dev/null");
    sh("qemu-io -c 'write -P 9 0 64k' b.qcow2 >/dev/null && cmp disk.qcow2 before");
    sh("qemu-img info b.qcow2 | grep -q 'virtual size: 4 MiB'");
    cr_expect_eq(n_owned_during, 2);
    cr_expect_eq(g_hash_table_size(owned), 0, "this node would remove what vm1 elsewhere has");
    said_there = "[]";
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, 0);
    cr_expect_eq(n_owned_during, 2, "a and b would stay when the node is killed");
    cr_expect(is_there("disk.qcow2") && !is_there("a.qcow2") && !is_there("b.qcow2"));
    sh("cmp disk.qcow2 before");
    return 0;
}

Test(images, makes_what_builds_on_a_base_removes_it_and_leaves_the_base)
{
    run(build_on_one_another);
}

static int build_anew(void *arg, GError **err)
{
    g_autoptr(GError) error = NULL;
    int begun;
    (void)arg;

    sh("qemu-img create -q -f qcow2 disk.qcow2 4M");
    set_chain();
    set("image_size_b", "8M");
    said_there = "[\"vm1\"]";
    if (step_around(&begun, err) < 0)
        return -1;
    sh("qemu-img info b.qcow2 | grep -q 'virtual size: 8 MiB'");
    sh("qemu-io -c 'write -P 9 0 64k' b.qcow2 >/dev/null");
    set("image_size_b", "1M");
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, 0);
    sh("qemu-img info b.qcow2 | grep -q 'virtual size: 4 MiB'");
    sh("qemu-io -r -c 'read -P 0 0 64k' b.qcow2 >/dev/null");
    return 0;
}

Test(images, makes_what_builds_on_a_base_anew_and_never_smaller)
{
    run(build_anew);
}

static int build_on_none(void *arg, GError **err)
{
    int begun;
    (void)arg;

    set_chain();
    said_there = "[]";
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, -1);
    cr_expect(!is_there("a.qcow2") && !is_there("b.qcow2"));
    sh("qemu-img create -q -f raw disk.qcow2 4M");
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, -1);
    cr_expect(!is_there("a.qcow2"));
    /* The base builds on what would be made on it. */
    sh("qemu-img create -q -f qcow2 a.qcow2 4M && cp a.qcow2 before");
    sh("qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 disk.qcow2");
    set("force_create_image_a", "yes");
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, -1);
    sh("cmp a.qcow2 before");
    /* Somebody's own image is no snapshot. */
    sh("qemu-img create -q -f qcow2 disk.qcow2 4M");
    set("force_create_image_a", "no");
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, -1);
    sh("cmp a.qcow2 before");
    set("force_create_image_a", "yes");
    if (step_around(&begun, err) < 0)
        return -1;
    cr_expect_eq(begun, 0);
    cr_expect(!is_there("a.qcow2"));
    return 0;
}

Test(images, builds_on_no_base_that_is_missing_of_another_format_or_a_ring)
{
    run(build_on_none);
}
