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

static const struct image_plan *nth(const GPtrArray *plans, unsigned i)
{
    cr_assert_lt(i, plans->len);
    return g_ptr_array_index(plans, i);
}

Test(image_plan, makes_each_of_a_chain_on_top_of_the_one_before_and_writes_to_the_last_alone)
{
    g_autoptr(params) test = test_of("image_chain=image1 a b;image_name=base.raw;image_name_a=a;"
                                     "image_name_b=/x/b");
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) plans = image_plans(test, &error);
    cr_assert_not_null(plans, "%s", error != NULL ? error->message : "");
    cr_assert_eq(plans->len, 3);
    const struct image_plan *base = nth(plans, 0), *a = nth(plans, 1), *b = nth(plans, 2);
    g_autofree char *below_a = image_plan_backing(a), *below_b = image_plan_backing(b);

    cr_expect_eq(base->origin, IMAGE_IS_THERE);
    cr_expect_null(base->base);
    cr_expect(!base->writes && !image_plan_changes(base));
    cr_expect_eq(a->origin, IMAGE_ON_TOP);
    cr_expect_eq(a->base, base->image);
    cr_expect(!a->writes && image_plan_changes(a));
    cr_expect_eq(b->base, a->image);
    cr_expect(b->writes);
    cr_expect_str_eq(below_a, "base.raw");
    cr_expect_str_eq(below_b, "/data/a.qcow2");
}

Test(image_plan, of_a_chain_may_have_its_base_made_or_cloned)
{
    g_autoptr(params) made = test_of("image_chain=image1 a;image_name=base;image_name_a=a;"
                                     "create_image=yes");
    g_autoptr(params) cloned = test_of("image_chain=image1 a;image_name=base;image_name_a=a;"
                                       "master_images_clone=image1");
    g_autoptr(params) looked_at = test_of("image_chain=image1 a;image_name=base;image_name_a=a;"
                                          "skip_image_processing=yes");
    g_autoptr(GPtrArray) plans = image_plans(made, NULL);

    cr_expect_eq(nth(plans, 0)->origin, IMAGE_CREATED);
    cr_expect(image_plan_changes(nth(plans, 0)));
    cr_expect_eq(nth(plans, 1)->origin, IMAGE_ON_TOP);
    g_ptr_array_unref(plans);
    plans = image_plans(cloned, NULL);
    cr_expect_eq(nth(plans, 0)->origin, IMAGE_CLONED);
    cr_expect_str_eq(nth(plans, 1)->base->location, "/data/base_vm1.qcow2");
    g_ptr_array_unref(plans);
    plans = image_plans(looked_at, NULL);
    cr_expect_eq(nth(plans, 1)->origin, IMAGE_IS_THERE);
    cr_expect_null(nth(plans, 1)->base);
}

Test(image_plan, has_no_chain_that_cannot_be_made)
{
    static const struct {
        const char *lines, *why;
    } cases[] = {
        {"image_chain=x1", "image_chain = x1: images of vm1 names none of them"},
        {"images=data;image_chain=a b", "image_chain = a b: images of vm1 names none of them"},
        {"image_chain=image1 a", "/data/base.qcow2 would build on itself, as image1 and as a"},
        {"image_chain=image1 a image1;image_name_a=a", "/data/base.qcow2 would build on itself"},
        {"image_chain=image1 a;image_name_a=a;image_format=raw",
         "image_chain: /data/a.raw is not in the format qcow2"},
        {"image_chain=image1 a;image_name_a=nbd://h/x;image_format=qcow2",
         "image_chain: nbd://h/x is no file"},
        {"image_chain=image1 a;image_name_a=/dev/x;image_raw_device_a=yes",
         "image_chain: /dev/x is no file"},
        {"image_chain=image1 a;image_name_a=a;master_images_clone=a",
         "a_vm1.qcow2 is to be a clone (master_images_clone)"},
        {"image_chain=image1 a;image_name_a=a;migrate_storage=yes",
         "/data/base.qcow2 moves with its VM (migrate_storage)"},
        {"image_chain=image1 a;image_name_a=a;migrate_storage_a=yes",
         "/data/a.qcow2 moves with its VM (migrate_storage)"},
        {"image_chain=image1 a;image_name_a=a;restore_image_a=yes", "there is no copy of"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *lines = g_strdup_printf("image_name=base;%s", cases[i].lines);
        g_autoptr(params) test = test_of(lines);
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) plans = image_plans(test, &error);
        cr_expect_null(plans, "%s", lines);
        cr_assert_not_null(error, "%s", lines);
        cr_expect_not_null(strstr(error->message, cases[i].why), "%s", error->message);
    }
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
