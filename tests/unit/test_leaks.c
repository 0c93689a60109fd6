/* What is still there after a test, and should not be. */
#include "migration/kept.h"
#include "migration/vm/driver.h"
#include "node/leaks.h"
#include "node/remove.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(leaks, .timeout = 10);

static unsigned count(const struct node *node, const char *run_dir)
{
    g_autoptr(GPtrArray) leaks = leaks_find(node, run_dir);

    return leaks->len;
}

static void own_a_helper(const struct vm *vm, vm_owned_fn each, void *arg)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getppid());

    (void)vm;
    each(OWNED_PROCESS, pid, arg);
}

Test(leaks, a_process_beside_a_vm_that_is_kept_is_none)
{
    static const struct vm_driver driver = {.name = "any", .each_owned = own_a_helper};
    g_autofree char *base = g_dir_make_tmp("vtmh-leaks-XXXXXX", NULL);
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_autofree char *helper = g_strdup_printf("%d", (int)getppid());
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    struct vm vm = {.name = (char *)"vm1", .pid = getpid(), .driver = &driver};
    struct node node = {.ledger = ledger_open(base, "a", NULL), .kept = kept};

    cr_assert_not_null(node.ledger);
    cr_assert_eq(ledger_own(node.ledger, OWNED_PROCESS, pid, NULL), 0);
    cr_assert_eq(ledger_own(node.ledger, OWNED_PROCESS, helper, NULL), 0);
    cr_expect_eq(count(&node, "/no/such/folder"), 2);
    g_ptr_array_add(kept, &vm);
    cr_expect_eq(count(&node, "/no/such/folder"), 0);
    ledger_close(node.ledger, false);
    remove_tree(base);
}

Test(leaks, what_a_vm_needs_that_is_kept_is_none)
{
    g_autofree char *base = g_dir_make_tmp("vtmh-leaks-XXXXXX", NULL);
    g_autofree char *run_dir = g_build_filename(base, "run", NULL);
    g_autofree char *file = g_build_filename(run_dir, "vm1.vars", NULL);
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    g_autoptr(GPtrArray) files = g_ptr_array_new();
    struct vm vm = {.name = (char *)"vm1", .pid = getpid(), .files = files};
    g_autoptr(GPtrArray) resting = g_ptr_array_new();
    struct kept for_the_next = {.vm = &vm};
    struct node node = {.ledger = ledger_open(base, "a", NULL), .kept = kept, .resting = resting};

    cr_assert_not_null(node.ledger);
    cr_assert_eq(g_mkdir_with_parents(run_dir, 0700), 0);
    cr_assert_eq(ledger_own(node.ledger, OWNED_PATH, file, NULL), 0);
    cr_assert_eq(ledger_own(node.ledger, OWNED_PROCESS, pid, NULL), 0);
    cr_assert(g_file_set_contents(file, "variables", -1, NULL));
    cr_expect_eq(count(&node, run_dir), 3, "a process, its file, and that in the folder");

    g_ptr_array_add(files, file);
    g_ptr_array_add(kept, &vm);
    cr_expect_eq(count(&node, run_dir), 0);
    g_ptr_array_set_size(files, 0);
    cr_expect_eq(count(&node, run_dir), 2, "a file that is not the VM's");

    g_ptr_array_set_size(kept, 0);
    g_ptr_array_add(files, file);
    g_ptr_array_add(resting, &for_the_next);
    cr_expect_eq(count(&node, run_dir), 0, "it rests until a test wants it");
    g_ptr_array_set_size(resting, 0);
    cr_expect_eq(count(&node, run_dir), 3, "nobody keeps it any more");
    ledger_close(node.ledger, false);
    remove_tree(base);
}

Test(leaks, an_image_that_was_made_is_none_as_it_goes_with_the_node)
{
    g_autofree char *base = g_dir_make_tmp("vtmh-leaks-XXXXXX", NULL);
    g_autofree char *run_dir = g_build_filename(base, "run", NULL);
    g_autofree char *file = g_build_filename(base, "disk.raw", NULL);
    struct node node = {.ledger = ledger_open(base, "a", NULL)};
    struct stat info;

    cr_assert_not_null(node.ledger);
    cr_assert(g_file_set_contents(file, "", 0, NULL));
    cr_assert_eq(stat(file, &info), 0);
    g_autofree char *image =
        g_strdup_printf("%lu:%lu %s", (unsigned long)info.st_dev, (unsigned long)info.st_ino, file);
    cr_assert_eq(ledger_own(node.ledger, OWNED_IMAGE, image, NULL), 0);
    g_autoptr(GPtrArray) list = ledger_list(node.ledger);
    cr_expect_eq(list->len, 1);
    cr_expect_eq(count(&node, run_dir), 0);
    ledger_close(node.ledger, false);
    remove_tree(base);
}
