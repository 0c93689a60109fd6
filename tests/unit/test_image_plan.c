#include "migration/storage/plan.h"

#include <criterion/criterion.h>
#include <string.h>

static struct params *test_of(const char *lines)
{
    struct params *params = params_new();
    g_auto(GStrv) list = g_strsplit(lines, ";", -1);

    params_set(params, "vms", "vm1", NULL);
    params_set(params, "data_dir", "/data", NULL);
    for (char **line = list; *line != NULL; line++) {
        g_auto(GStrv) sides = g_strsplit(*line, "=", 2);
        params_set(params, g_strstrip(sides[0]), g_strstrip(sides[1]), "FILE:1");
    }
    clone_names(params);
    return params;
}

static const struct image_plan *first(const GPtrArray *plans)
{
    cr_assert_not_null(plans);
    cr_assert_gt(plans->len, 0);
    return g_ptr_array_index(plans, 0);
}

Test(image_plan, of_a_test_that_says_nothing_more_wants_an_image_that_is_there)
{
    g_autoptr(params) test = test_of("image_name=a/b");
    g_autoptr(GPtrArray) plans = image_plans(test, NULL);
    const struct image_plan *plan = first(plans);
    g_autofree char *name = image_plan_name(plan);

    cr_expect_str_eq(plan->image->location, "/data/a/b.qcow2");
    cr_expect_eq(plan->origin, IMAGE_IS_THERE);
    cr_expect(plan->writes);
    cr_expect_str_eq(name, "image1 of vm1");
}

Test(image_plan, clones_under_the_name_that_avocado_vt_gives)
{
    static const struct {
        const char *lines, *master, *clone;
    } cases[] = {
        {"image_name=a", "/data/a.qcow2", "/data/a_vm1.qcow2"},
        {"image_name=/x/a.qcow2", "/x/a.qcow2", "/x/a_vm1.qcow2"},
        {"image_name=a;image_name_vm1=b", "/data/a.qcow2", "/data/b.qcow2"},
        {"image_name=a;master_image_name=m", "/data/m.qcow2", "/data/m_vm1.qcow2"},
        {"image_name=a;image_format=raw", "/data/a.raw", "/data/a_vm1.raw"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *lines = g_strdup_printf("master_images_clone=image1;%s", cases[i].lines);
        g_autoptr(params) test = test_of(lines);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) plans = image_plans(test, &error);
        cr_assert_null(error);
        const struct image_plan *plan = first(plans);
        cr_expect_eq(plan->origin, IMAGE_CLONED, "%s", lines);
        cr_expect_str_eq(plan->master->location, cases[i].master, "%s", lines);
        cr_expect_str_eq(plan->image->location, cases[i].clone, "%s", lines);
    }
}

Test(image_plan, does_not_clone_what_the_test_has_named_itself)
{
    g_autoptr(params) test =
        test_of("master_images_clone=image1;image_name=a;image_name_image1_vm1=b");
    g_autoptr(GPtrArray) plans = image_plans(test, NULL);

    cr_expect_str_eq(first(plans)->image->location, "/data/b.qcow2");
    cr_expect_eq(first(plans)->origin, IMAGE_IS_THERE);
}

Test(image_plan, says_what_keeps_a_vm_from_moving)
{
    static const struct {
        const char *lines, *why; /* NULL: nothing does */
    } cases[] = {
        {"image_name=a", NULL},
        {"image_name=a;drive_cache=none", NULL},
        {"image_name=a;drive_cache=directsync", NULL},
        {"image_name=a;drive_cache=writeback", "drive_cache = writeback (FILE:1)"},
        {"image_name=a;drive_cache_image1_vm1=unsafe", "drive_cache = unsafe (FILE:1)"},
        {"image_name=a;drive_cache=writeback;image_readonly=yes", NULL},
        {"image_name=a;drive_cache=writeback;migrate_storage=yes", NULL},
        {"image_name=a;image_snapshot=yes", "image_snapshot = yes (FILE:1)"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) test = test_of(cases[i].lines);
        g_autoptr(GPtrArray) plans = image_plans(test, NULL);
        g_autofree char *why = image_plan_unmovable(first(plans));
        cr_assert_eq(why != NULL, cases[i].why != NULL, "%s: %s", cases[i].lines, why);
        if (why != NULL)
            cr_expect_not_null(strstr(why, cases[i].why), "%s", why);
    }
}

Test(image_plan, takes_the_words_for_where_an_image_lies)
{
    static const char *const good[] = {
        "image_name=a;storage_type=filesystem",
        "image_name=a;storage_type=dir",
        "image_name=a;storage_type=nfs",
        "image_name=nfs://h/a;storage_type=nfs",
        "image_name=rbd:p/a;storage_type=ceph",
        "image_name=https://h/a;storage_type=curl",
        "image_name=nbd+unix:///a;image_backend=nbd",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(params) test = test_of(good[i]);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) plans = image_plans(test, &error);
        cr_expect_not_null(plans, "%s: %s", good[i], error != NULL ? error->message : "");
    }
}

Test(image_plan, knows_what_is_in_the_drives_of_all_vms)
{
    g_autoptr(params) test =
        test_of("cdroms=cd1 cd2;cdrom_cd1=a.iso;floppies=f;floppy_name=/x/f.img");
    g_autoptr(GPtrArray) media = image_media(test);

    cr_assert_eq(media->len, 2);
    const struct image_plan *disc = media->pdata[0], *floppy = media->pdata[1];
    g_autofree char *name = image_plan_name(disc);
    cr_expect_str_eq(name, "cd1 of vm1");
    cr_expect_str_eq(disc->image->location, "/data/a.iso");
    cr_expect(disc->is_medium && !disc->writes);
    cr_expect_str_eq(floppy->image->location, "/x/f.img");
    cr_expect(floppy->writes);
}

Test(image_plan, has_no_image_that_would_be_lost_to_another)
{
    static const struct {
        const char *lines, *why;
    } cases[] = {
        {"image_name=a;master_images_clone=image1;image_name_vm1=a", "cloned onto itself"},
        {"image_name=a;restore_image=yes",
         "restore_image = yes: without backup_image_before_testing = yes there is no copy of "
         "/data/a.qcow2"},
        {"image_name=a;restore_image_after_testing_image1=yes", "there is no copy of"},
        {"image_name=a;storage_type=gluster",
         "storage_type = gluster, but /data/a.qcow2 is no URL of gluster"},
        {"image_name=nbd://h/x;storage_type=nfs",
         "storage_type = nfs, but nbd://h/x is no URL of nfs:// and no file"},
        {"image_name=nbd://h/x;image_backend=filesystem",
         "image_backend = filesystem, but nbd://h/x is no file"},
        {"image_name=a;migrate_storage=yes;image_readonly=yes", "is read only, and does not move"},
        {"image_name=nbd://h/x;migrate_storage=yes", "is a URL, which all hosts reach"},
        {"images=one two;image_name_one=x/a;image_name_two=y/a;backup_image=yes;backup_dir=kept",
         "the copy of both /data/x/a.qcow2 and /data/y/a.qcow2 would be /data/kept/a.qcow2.backup"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(params) test = test_of(cases[i].lines);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) plans = image_plans(test, &error);
        cr_expect_null(plans);
        cr_assert_not_null(error, "%s", cases[i].lines);
        cr_expect_not_null(strstr(error->message, cases[i].why), "%s", error->message);
    }
}
