/* What an image is by its parameters. */
#include "migration/storage/image.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <string.h>

TestSuite(image, .timeout = 10);

/* Of "key = value" words, ended by NULL. Transfer full. */
static struct params *with(const char *first, ...)
{
    struct params *params = params_new();
    va_list args;

    va_start(args, first);
    for (const char *line = first; line != NULL; line = va_arg(args, const char *)) {
        g_auto(GStrv) pair = g_strsplit(line, " = ", 2);

        params_set(params, pair[0], pair[1], NULL);
    }
    va_end(args);
    return params;
}

static void expect_names(struct params *params, const char *expected)
{
    g_auto(GStrv) names = image_names(params);
    g_autofree char *text = g_strjoinv(" ", names);

    cr_expect_str_eq(text, expected);
    params_unref(params);
}

static void expect(struct params *params, const char *location, const char *format)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(image) image = image_new(params, "a", &error);

    cr_assert_not_null(image, "%s", error != NULL ? error->message : "");
    cr_expect_str_eq(image->name, "a");
    cr_expect_str_eq(image->location, location);
    cr_expect_str_eq(image->format, format);
    params_unref(params);
}

Test(image, a_vm_has_those_of_its_list_or_image1_if_that_has_a_name)
{
    expect_names(params_new(), "");
    expect_names(with("image_name = x", NULL), "image1");
    expect_names(with("images = b a", "image_name = x", NULL), "b a");
    expect_names(with("images = ", "image_name = x", NULL), "");
}

Test(image, an_empty_name_is_no_disk_and_a_missing_one_is_an_error)
{
    g_autoptr(params) params = with("images = image1 data", NULL);
    g_autoptr(GError) error = NULL;

    expect_names(with("images = image1 data", "image_name = ", "image_name_data = d", NULL),
                 "data");
    expect_names(with("images = image1 data", NULL), "image1 data");
    cr_expect_null(image_new(params, "data", &error));
    cr_assert(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_str_eq(error->message, "images or image_chain names data, which has no image_name");
}

Test(image, the_last_of_a_chain_takes_the_place_of_what_images_names)
{
    expect_names(
        with("images = image1 data", "image_chain = image1 sn1 sn2", "image_name = x", NULL),
        "sn2 data");
    expect_names(with("images = data image1 sn1", "image_chain = image1 sn1", NULL), "data sn1");
    expect_names(with("image_chain = image1 sn1", "image_name = x", NULL), "sn1");
    expect_names(with("image_chain = image1 sn1", NULL), "sn1");
    expect_names(with("image_chain = image1", NULL), "");
    expect_names(with("images = image1", "image_chain = image1", NULL), "image1");
    expect_names(with("images = a b", "image_chain_a = a up", "image_chain_b = b on", NULL),
                 "up on");
    expect_names(with("images = a", "image_chain = x y", NULL), "a");
    expect_names(with("images = ", "image_chain = image1 sn1", NULL), "");
    expect_names(with("images = image1", "image_chain = image1 sn1", "image_name_image1 = ", NULL),
                 "");
}

Test(image, a_relative_name_starts_in_data_dir)
{
    expect(with("image_name = images/deb", NULL), "/var/lib/virt_test/images/deb.qcow2", "qcow2");
    expect(with("image_name = deb", "data_dir = /srv/x", NULL), "/srv/x/deb.qcow2", "qcow2");
    expect(with("image_name = deb", "images_base_dir = i", NULL), "/var/lib/virt_test/i/deb.qcow2",
           "qcow2");
    expect(with("image_name = deb", "images_base_dir = /i", NULL), "/i/deb.qcow2", "qcow2");
    expect(with("image_name = /y/deb", "images_base_dir = /i", NULL), "/y/deb.qcow2", "qcow2");
}

Test(image, the_format_is_what_is_said_or_what_the_name_ends_with)
{
    expect(with("image_name = /y/deb", "image_format = raw", NULL), "/y/deb.raw", "raw");
    expect(with("image_name = /y/deb.raw", NULL), "/y/deb.raw", "raw");
    expect(with("image_name = /y/deb.img", NULL), "/y/deb.img", "raw");
    expect(with("image_name = /y/deb.img", "image_format = raw", NULL), "/y/deb.img", "raw");
    expect(with("image_name = /y/deb.img", "image_format = qcow2", NULL), "/y/deb.img", "qcow2");
    expect(with("image_name = /y/deb-12.5", "image_format = qcow2", NULL), "/y/deb-12.5.qcow2",
           "qcow2");
    expect(with("image_name = /y/deb.qcow2", "image_format = qcow2", NULL), "/y/deb.qcow2",
           "qcow2");
    expect(with("image_name = /y/deb.vhd", NULL), "/y/deb.vhd", "vpc");
}

Test(image, a_device_is_its_path_and_raw)
{
    expect(with("image_name = /dev/vg/lv", "image_raw_device = yes", NULL), "/dev/vg/lv", "raw");
    expect(with("image_name = /dev/vg/lv", "image_raw_device = yes", "image_format = qcow2", NULL),
           "/dev/vg/lv", "qcow2");
}

Test(image, a_url_is_taken_as_it_is)
{
    expect(with("image_name = nfs://s/e/deb.qcow2", NULL), "nfs://s/e/deb.qcow2", "qcow2");
    expect(with("image_name = gluster+tcp://s/v/deb", "image_format = qcow2", NULL),
           "gluster+tcp://s/v/deb", "qcow2");
    expect(with("image_name = rbd:pool/deb", NULL), "rbd:pool/deb", "raw");
    cr_expect(image_is_url("iscsi://s/iqn.x/1"));
    cr_expect_not(image_is_url("images/a:b"));
    cr_expect_not(image_is_url("odd://x"));
}

Test(image, one_image_differs_from_another_by_its_suffix)
{
    g_autoptr(params) params = with("image_name = all", "image_name_a = own",
                                    "image_format_a = raw", "image_format = qcow2", NULL);

    expect(params_ref(params), "/var/lib/virt_test/own.raw", "raw");
}
