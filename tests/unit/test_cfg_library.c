/* The configuration that ships: cfg/library. */
#include "cfg/cfg.h"
#include "orchestrator/command/lint.h"
#include "orchestrator/description.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <glib.h>
#include <string.h>

#define LIBRARY VTMH_SOURCE_DIR "/cfg/library/"

static struct cfg *load(const char *file, bool defaults)
{
    struct cfg *c = cfg_new(&(struct cfg_options){.defaults = defaults});
    g_autoptr(GError) err = NULL;

    cr_assert_eq(cfg_parse_file(c, file, &err), 0, "%s", err != NULL ? err->message : "");
    return c;
}

static char *short_names(const char *file, bool defaults)
{
    g_autoptr(cfg) c = load(file, defaults);
    GString *names = g_string_new(NULL);

    while (cfg_next(c, NULL) > 0)
        g_string_append_printf(names, "%s\n", cfg_test_shortname(c));
    return g_string_free(names, FALSE);
}

/* A line `key = …` or, for what has no default, `#key = …`. */
static bool is_mentioned(const char *text, const char *key)
{
    g_autofree char *quoted = g_regex_escape_string(key, -1);
    g_autofree char *pattern = g_strdup_printf("^#?%s = ", quoted);

    return g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0);
}

Test(cfg_library, base_says_every_parameter_and_changes_none)
{
    g_autoptr(cfg) c = load(LIBRARY "base.cfg", false);
    g_autoptr(params) base = NULL;
    g_autofree char *text = NULL;
    const json_t *rows = json_object_get(description(), "parameters"), *row;
    struct params_iter it;
    size_t i;

    cr_assert(g_file_get_contents(LIBRARY "base.cfg", &text, NULL, NULL));
    cr_assert_eq(cfg_next(c, NULL), 1);
    base = cfg_test_params(c, NULL);
    cr_assert_gt(json_array_size(rows), 40);
    json_array_foreach (rows, i, row) {
        const char *key = json_string_value(json_object_get(row, "name"));
        const char *value = params_get(base, key);
        const char *fallback = json_string_value(json_object_get(row, "default"));

        if (strcmp(json_string_value(json_object_get(row, "care")), "honoured") != 0)
            continue;
        cr_expect(is_mentioned(text, key), "%s", key);
        if (json_is_string(json_object_get(row, "why")))
            continue; /* no configuration's to set: a test's names are there already */
        if (value != NULL)
            cr_expect(fallback != NULL && strcmp(value, fallback) == 0, "%s = %s", key, value);
        /* It depends on the test type. */
        else if (strcmp(key, "migrate_count") != 0)
            cr_expect_null(fallback, "%s", key);
    }
    for (params_iter_init(&it, base); params_iter_next(&it);)
        if (strcmp(it.key, "name") != 0 && strcmp(it.key, "shortname") != 0)
            cr_expect_not_null(description_parameter(it.key), "%s", it.key);
}

Test(cfg_library, guests_of_ours_come_first)
{
    g_autofree char *names = short_names(LIBRARY "guest-os.cfg", false);

    cr_expect(g_str_has_prefix(names, "tick\njeos\nimage\nLinux."), "%s", names);
    cr_expect_not_null(strstr(names, "\nLinux.Ubuntu.22.04\n"), "%s", names);
    cr_expect_not_null(strstr(names, "\nWindows.Win2022\n"), "%s", names);
}

/* So the test is refused for the file that is missing, not for a guest that there is not. */
Test(cfg_library, guests_with_windows_are_images_that_say_so)
{
    g_autoptr(cfg) c = load(LIBRARY "guest-os.cfg", false);
    unsigned n = 0;

    while (cfg_next(c, NULL) > 0) {
        g_autoptr(params) test = cfg_test_params(c, NULL);

        if (strstr(params_shortname(test), "Windows") == NULL)
            continue;
        n++;
        cr_expect_str_eq(params_get(test, "guest"), "image");
        cr_expect_str_eq(params_get(test, "os_type"), "windows");
        cr_expect(g_str_has_prefix(params_get(test, "image_name"), "images/windows-"));
    }
    cr_expect_eq(n, 6);
}

/* No card that the guests of the library have no driver for, no bus that nobody reads. */
Test(cfg_library, hardware_has_one_default_and_nothing_without_effect)
{
    g_autofree char *defaults = short_names(LIBRARY "guest-hw.cfg", true);
    g_autoptr(cfg) c = load(LIBRARY "guest-hw.cfg", false);

    cr_expect_str_eq(defaults, "\n");
    while (cfg_next(c, NULL) > 0) {
        g_autoptr(params) test = cfg_test_params(c, NULL);

        cr_expect_str_eq(params_get(test, "nic_model"), "virtio");
        cr_expect_null(params_get(test, "drive_format"));
    }
    cr_expect_eq(cfg_test_number(c), 4);
}

Test(cfg_library, migrate_has_the_tests_that_users_know)
{
    g_autofree char *names = short_names(LIBRARY "migrate.cfg", false);

    cr_expect_str_eq(names, "after_login.jeos\n"
                            "ping_pong.tick\n"
                            "ping_pong.jeos\n"
                            "two_vms.tick\n"
                            "two_vms.jeos\n"
                            "offline.tick\n"
                            "offline.jeos\n"
                            "transports.by_tcp.tick\n"
                            "transports.by_unix.tick\n"
                            "transports.by_exec.tick\n"
                            "transports.by_fd.tick\n"
                            "transports.by_file.tick\n"
                            "transports.by_rdma.tick\n"
                            "scripts.cancel.tick\n"
                            "scripts.cancel_and_again.tick\n"
                            "scripts.too_slow.tick\n"
                            "scripts.cancel_in_setup.tick\n"
                            "scripts.cancel_when_active.tick\n"
                            "scripts.cancel_half_way.tick\n"
                            "scripts.cancel_before_switchover.tick\n"
                            "scripts.cancel_in_device.tick\n"
                            "scripts.faster.tick\n"
                            "scripts.longer_downtime.tick\n"
                            "scripts.pause_and_resume.tick\n"
                            "scripts.kill_destination.tick\n"
                            "scripts.kill_source.tick\n"
                            "scripts.freeze_destination.tick\n"
                            "scripts.freeze_and_thaw_source.tick\n"
                            "scripts.freeze_and_thaw_destination.tick\n"
                            "options.xbzrle.tick\n"
                            "options.auto_converge.tick\n"
                            "options.zero_blocks.tick\n"
                            "options.compress.tick\n"
                            "options.multifd.tick\n"
                            "options.multifd_relayed.tick\n"
                            "options.multifd_by_unix.tick\n"
                            "options.multifd_zstd.tick\n"
                            "options.postcopy.tick\n"
                            "options.postcopy.preempt.tick\n"
                            "options.postcopy.recovered.tick\n"
                            "options.postcopy.lost.tick\n"
                            "options.pause_before_switchover.tick\n"
                            "options.no_return_path.tick\n"
                            "options.announce.tick\n"
                            "options.tls_x509.tick\n"
                            "options.tls_psk.tick\n"
                            "options.tls_refused.expired.tick\n"
                            "options.tls_refused.foreign.tick\n"
                            "options.tls_refused.wrong_name.tick\n"
                            "options.tls_refused.other_key.tick\n"
                            "quick.after_login.jeos\n"
                            "quick.ping_pong.tick\n"
                            "quick.two_vms.tick\n"
                            "quick.offline.tick\n");
}

/* Three lines: each test once, nothing of ours in it. */
Test(cfg_library, one_s_own_image_takes_the_place_of_ours)
{
    g_autoptr(cfg) c = load(LIBRARY "migrate.cfg", false);
    g_autoptr(GString) all = g_string_new(NULL);

    cr_assert_eq(cfg_parse_text(c, NULL,
                                "guest = image\nimage_name = /srv/images/debian-12\n"
                                "cloud_init = yes\n",
                                NULL),
                 0);
    while (cfg_next(c, NULL) > 0) {
        g_autoptr(params) test = cfg_test_params(c, NULL);

        cr_expect_str_eq(params_get(test, "guest"), "image");
        cr_expect_str_eq(params_get(test, "mem"), "1024");
        cr_expect_str_eq(params_get(test, "login_timeout"), "240");
        cr_expect_str_eq(params_get(test, "min_dirty_syncs"), "0");
        cr_expect(strstr(cfg_test_name(c), "tick") == NULL &&
                  strstr(cfg_test_name(c), "jeos") == NULL);
        g_string_append_printf(all, "%s\n", cfg_test_shortname(c));
    }
    cr_expect_str_eq(all->str, "after_login.image\nping_pong.image\noffline.image\n"
                               "quick.ping_pong.image\n");
}

Test(cfg_library, lint_finds_nothing)
{
    char *files[] = {LIBRARY "base.cfg", LIBRARY "guest-os.cfg", LIBRARY "guest-hw.cfg",
                     LIBRARY "migrate.cfg"};

    cr_redirect_stdout();
    cr_expect_eq(command_lint(G_N_ELEMENTS(files), files), 0);
    cr_assert_stdout_eq_str("");
}
