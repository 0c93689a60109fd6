#include "migration/guest/serial.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(serial, .timeout = 10);

Test(serial, heartbeat_gives_three_words)
{
    struct serial_line line = serial_parse("T 0000ABCD FFFFFFFF 00000002");

    cr_assert_eq(line.kind, SERIAL_BEAT);
    cr_assert_eq(line.words[0], 0xabcd);
    cr_assert_eq(line.words[1], 0xffffffff);
    cr_assert_eq(line.words[2], 2);
}

Test(serial, each_form_has_its_kind)
{
    static const struct {
        const char *text;
        enum serial_kind kind;
    } cases[] = {
        {"B 00000001 00000002 00000003", SERIAL_BAD_PAGE},
        {"V 00001000 00000000 00000009", SERIAL_VERIFIED},
        {"W 00001000", SERIAL_WORKING_SET},
        {"R 00000FFF", SERIAL_RATE},
        {"C 0000000A", SERIAL_SPOILED},
        {"? X", SERIAL_REFUSED},
        {"vtmh tick up", SERIAL_UP},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        cr_expect_eq(serial_parse(cases[i].text).kind, cases[i].kind, "%s", cases[i].text);
    cr_assert_str_eq(serial_parse("vtmh jeos up").name, "jeos");
}

Test(serial, all_else_is_text)
{
    static const char *const texts[] = {
        "",
        "T",
        "T 0000ABCD FFFFFFFF",
        "T 0000ABCD FFFFFFFF 00000002 ",
        "T 0000ABCD FFFFFFFF 0000000",
        "T 0000abcd FFFFFFFF 00000002",
        "T  000ABCD FFFFFFFF 00000002",
        "00ABCD FFFFFFFF 00000002",
        " 0000ABCD FFFFFFFF 00000002",
        "W 0000100G",
        "vtmh tick upwards",
        "vtmh tick: needs more than 1 MiB of memory",
        "vtmh averyverylongname up",
        "vtmh  up",
        "[    0.000000] Linux version 6.1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        cr_expect_eq(serial_parse(texts[i]).kind, SERIAL_TEXT, "%s", texts[i]);
}

static void collect(const char *line, void *arg)
{
    g_string_append_printf(arg, "<%s>", line);
}

Test(serial, bytes_become_lines_wherever_they_are_cut)
{
    static const char bytes[] = "one\ntwo\r\n\nthr";
    g_autoptr(GString) whole = g_string_new(NULL);
    g_autoptr(GString) single = g_string_new(NULL);
    struct serial_splitter splitter = {0};

    serial_split(&splitter, bytes, strlen(bytes), collect, whole);
    cr_assert_str_eq(whole->str, "<one><two><>");
    cr_assert_str_eq(splitter.rest->str, "thr");
    serial_splitter_clear(&splitter);
    for (size_t i = 0; i < strlen(bytes); i++)
        serial_split(&splitter, bytes + i, 1, collect, single);
    cr_assert_str_eq(single->str, whole->str);
    serial_split(&splitter, "ee\n", 3, collect, single);
    cr_assert_str_eq(single->str, "<one><two><><three>");
    serial_splitter_clear(&splitter);
}

Test(serial, noise_is_harmless)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autofree char *endless = g_strnfill(2500, 'x');
    struct serial_splitter splitter = {0};

    serial_split(&splitter, "a\0b\xff\n", 5, collect, lines);
    cr_assert_str_eq(lines->str, "<a b\xef\xbf\xbd>");
    g_string_truncate(lines, 0);
    serial_split(&splitter, endless, 2500, collect, lines);
    cr_assert_eq(lines->len, 2004);
    cr_assert_eq(splitter.rest->len, 500);
    serial_splitter_clear(&splitter);
}

Test(serial, what_a_firmware_has_drawn_in_front_of_a_line_is_none_of_it)
{
    cr_expect_eq(serial_parse("\x1b[2J\x1b[01;01H\x1b[=3hvtmh jeos up").kind, SERIAL_UP);
    cr_expect_eq(serial_parse("\x1b[2J\x1b[01;").kind, SERIAL_TEXT);
    cr_expect_eq(serial_parse("\x1b[").kind, SERIAL_TEXT);
    cr_expect_eq(serial_parse("x\x1b[2Jvtmh jeos up").kind, SERIAL_TEXT);
}

Test(serial, a_guest_that_talks_without_end_does_not_fill_the_disk)
{
    g_autofree char *folder = g_dir_make_tmp("vtmh-serial-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "vm1.serial.log", NULL);
    g_autofree char *line = g_strnfill(1000, 'x');
    struct serial_log log;
    struct stat info;

    for (unsigned opened = 0; opened < 3; opened++) {
        cr_assert_eq(serial_log_open(&log, path), 0);
        for (unsigned i = 0; i < SERIAL_LOG_BYTES / 1000; i++)
            serial_log_line(&log, line);
        serial_log_close(&log);
    }
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_geq((uint64_t)info.st_size, SERIAL_LOG_BYTES);
    cr_expect_leq((uint64_t)info.st_size, SERIAL_LOG_BYTES + 2000);
    remove(path);
    rmdir(folder);
}
