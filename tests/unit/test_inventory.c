#include "orchestrator/inventory.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static GPtrArray *parse(const char *list)
{
    GError *error = NULL;
    GPtrArray *machines = inventory_parse(list, &error);

    cr_assert(machines != NULL, "%s: %s", list, error ? error->message : "?");
    return machines;
}

static void expect_error(const char *list, int code, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) machines = inventory_parse(list, &error);

    cr_assert_null(machines, "%s was taken", list);
    cr_expect(g_error_matches(error, INVENTORY_ERROR, code), "%s: code %d", list, error->code);
    cr_expect(strstr(error->message, part), "%s: \"%s\" lacks \"%s\"", list, error->message, part);
}

Test(inventory, reads_user_host_and_port)
{
    static const struct {
        const char *item, *name, *user, *host;
        int port;
    } cases[] = {
        {"host1", "host1", NULL, "host1", 0},
        {"root@host1", "host1", "root", "host1", 0},
        {"host1:2222", "host1", NULL, "host1", 2222},
        {"me@example.org@host1:22", "host1", "me@example.org", "host1", 22},
        {"192.0.2.1:22", "192.0.2.1", NULL, "192.0.2.1", 22},
        {"[2001:db8::1]:2222", "2001:db8::1", NULL, "2001:db8::1", 2222},
        {"root@[2001:db8::1]", "2001:db8::1", "root", "2001:db8::1", 0},
        {"2001:db8::1", "2001:db8::1", NULL, "2001:db8::1", 0},
        {"fe80::1%eth0", "fe80::1%eth0", NULL, "fe80::1%eth0", 0},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) machines = parse(cases[i].item);
        const struct machine *machine = g_ptr_array_index(machines, 0);

        cr_expect_eq(machines->len, 1);
        cr_expect_str_eq(machine->written, cases[i].item);
        cr_expect_str_eq(machine->name, cases[i].name);
        cr_expect_str_eq(machine->host, cases[i].host);
        cr_expect_eq(g_strcmp0(machine->user, cases[i].user), 0, "user %s", machine->user);
        cr_expect_eq(machine->port, cases[i].port);
        cr_expect_not(machine->is_local);
    }
}

Test(inventory, keeps_the_order_and_numbers_the_machines)
{
    g_autoptr(GPtrArray) machines = parse("host2, local:a ,host1");
    static const char *const names[] = {"host2", "a", "host1"};

    cr_assert_eq(machines->len, 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct machine *machine = g_ptr_array_index(machines, i);

        cr_expect_str_eq(machine->name, names[i]);
        cr_expect_eq(machine->index, i);
        cr_expect_eq(machine->is_local, i == 1);
        cr_expect_eq(machine->host == NULL, i == 1);
        cr_expect_eq(g_strv_length(machine->labels), 0);
    }
}

Test(inventory, refuses_what_is_no_machine)
{
    static const struct {
        const char *list, *part;
    } cases[] = {
        {"", "empty"},
        {"host1,", "missing at a comma"},
        {",host1", "missing at a comma"},
        {"host1,,host2", "missing at a comma"},
        {"  ", "missing"},
        {"host1:", "port must be a number from 1 to 65535"},
        {"host1:0", "port"},
        {"host1:65536", "port"},
        {"host1:22x", "port"},
        {"host1:-1", "port"},
        {"[2001:db8::1]x", "[ADDRESS]:PORT"},
        {"[2001:db8::1", "[ADDRESS]"},
        {"[]:22", "host is missing"},
        {"root@", "host is missing"},
        {":22", "host is missing"},
        {"@host1", "user's name"},
        {"-oProxyCommand=x", "not a host name"},
        {"-l@host1", "user's name"},
        {"-host1", "not a host name"},
        {"host1;reboot", "not a host name"},
        {"ho st", "not a host name"},
        {"host1\x1b[2J", "\"host1\\033[2J\""},
        {"local:", "local:a"},
        {"local:..", "letters"},
        {"local:a/b", "letters"},
        {"local:-x", "letters"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
        expect_error(cases[i].list, INVENTORY_ERROR_SYNTAX, cases[i].part);
}

Test(inventory, refuses_a_password_without_repeating_it)
{
    g_autoptr(GError) error = NULL;

    cr_assert_null(inventory_parse("root:secret@host1", &error));
    cr_expect(strstr(error->message, "passwords"));
    cr_expect_null(strstr(error->message, "secret"));
}

Test(inventory, refuses_a_machine_that_is_named_twice)
{
    expect_error("host1,host2,host1", INVENTORY_ERROR_TWICE, "host1 is named twice");
    expect_error("local:a,local:a", INVENTORY_ERROR_TWICE, "local:a is named twice");
    expect_error("host1,Host1", INVENTORY_ERROR_TWICE, "host1 and Host1 are the same host");
    expect_error("host1,root@host1", INVENTORY_ERROR_TWICE, "are the same host");
    expect_error("host1:22,root@host1:22", INVENTORY_ERROR_TWICE, "are the same host");
    expect_error("host1,local:host1", INVENTORY_ERROR_TWICE, "would both be called \"host1\"");
}

Test(inventory, tells_machines_apart_by_port_when_only_that_differs)
{
    g_autoptr(GPtrArray) machines = parse("a@h:2201,host2,b@H:2202,h,[::1]:1,[::1]:2");
    static const char *const names[] = {"h:2201", "host2", "H:2202", "h", "[::1]:1", "[::1]:2"};

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct machine *machine = g_ptr_array_index(machines, i);

        cr_expect_str_eq(machine->name, names[i]);
    }
}

Test(inventory, leaves_the_machines_alone_when_a_list_is_wrong)
{
    g_autoptr(GPtrArray) machines = parse("h:1");
    g_autoptr(GError) error = NULL;
    const struct machine *first = g_ptr_array_index(machines, 0);

    cr_expect_eq(inventory_add(machines, "host2,host3,h:1", &error), -1);
    cr_expect_eq(machines->len, 1);
    cr_expect_str_eq(first->name, "h");
}

static char *write_file(const char *text)
{
    char *path = NULL;
    int fd = g_file_open_tmp("vtmh-inventory-XXXXXX", &path, NULL);

    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert(g_file_set_contents(path, text, -1, NULL));
    return path;
}

Test(inventory, says_which_name_two_lines_have)
{
    g_autofree char *path = write_file("alpha local:a\nalpha local:b\n");
    g_autoptr(GPtrArray) machines = inventory_new();
    g_autoptr(GError) error = NULL;

    cr_expect_eq(inventory_read_file(path, machines, &error), -1);
    g_unlink(path);
    cr_expect_not_null(strstr(error->message, ":2: local:a and local:b would both be called"), "%s",
                       error->message);
}

Test(inventory, reads_a_file_with_comments_and_labels)
{
    g_autofree char *path = write_file("# the bed\n\nhost1\t cpu=amd  pool=rack1 # first\r\n  "
                                       "root@host2:22\nalpha root@host3:22 pool=rack2\n");
    g_autoptr(GPtrArray) machines = parse("host0");
    const struct machine *machine;

    cr_assert_eq(inventory_read_file(path, machines, NULL), 0);
    g_unlink(path);
    cr_assert_eq(machines->len, 4);
    machine = g_ptr_array_index(machines, 1);
    cr_expect_str_eq(machine->name, "host1");
    cr_assert_eq(g_strv_length(machine->labels), 2);
    cr_expect_str_eq(machine->labels[0], "cpu=amd");
    cr_expect_str_eq(machine->labels[1], "pool=rack1");
    machine = g_ptr_array_index(machines, 2);
    cr_expect_str_eq(machine->name, "host2");
    cr_expect_eq(machine->index, 2);
    machine = g_ptr_array_index(machines, 3);
    cr_expect_str_eq(machine->name, "alpha");
    cr_expect_str_eq(machine->host, "host3");
    cr_expect_str_eq(machine->user, "root");
    cr_expect_str_eq(machine_label(machine, "pool"), "rack2");
    cr_expect_null(machine_label(machine, "poo"));
}

Test(inventory, shows_the_word_of_a_file_that_is_wrong)
{
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"a local:a pool rack", ":1:11: \"pool\" is no KEY=VALUE; a line is NAME [WHERE] "
                                "KEY=VALUE…\n    a local:a pool rack\n              ^"},
        {"a local:a =x", ":1:11: \"=x\" is no KEY=VALUE"},
        {"a k=1 k=2", ":1:7: k is given twice"},
        {"-a local:a k=1", ":1:1: a name is made of"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = write_file(cases[i].line);
        g_autofree char *whole = g_strconcat(path, cases[i].error, NULL);
        g_autoptr(GPtrArray) machines = inventory_new();
        g_autoptr(GError) error = NULL;

        cr_assert_eq(inventory_read_file(path, machines, &error), -1, "%s", cases[i].line);
        g_unlink(path);
        cr_expect(g_str_has_prefix(error->message, whole), "%s", error->message);
    }
}

Test(inventory, takes_of_a_file_what_the_list_names)
{
    g_autofree char *path = write_file("alpha local:a pool=1\nbeta local:b\ngamma local:c\n");
    g_autoptr(GPtrArray) named = parse("gamma,local:x,alpha");
    g_autoptr(GPtrArray) known = inventory_new(), none = inventory_new();

    cr_assert_eq(inventory_read_file(path, known, NULL), 0);
    cr_assert_eq(inventory_join(named, known, NULL), 0);
    cr_assert_eq(named->len, 3);
    cr_expect_str_eq(((struct machine *)named->pdata[0])->written, "local:c");
    cr_expect_str_eq(((struct machine *)named->pdata[1])->name, "x");
    cr_expect_str_eq(machine_label(named->pdata[2], "pool"), "1");
    cr_expect_eq(((struct machine *)named->pdata[2])->index, 2);
    cr_assert_eq(inventory_read_file(path, known, NULL), 0);
    cr_assert_eq(inventory_join(none, known, NULL), 0);
    cr_expect_eq(none->len, 3);
    g_unlink(path);
}

Test(inventory, says_file_and_line_of_a_wrong_machine)
{
    g_autofree char *path = write_file("host1\nhost2:x\n");
    g_autofree char *place = g_strdup_printf("%s:2: host \"host2:x\"", path);
    g_autoptr(GPtrArray) machines = inventory_new();
    g_autoptr(GError) error = NULL;

    cr_assert_eq(inventory_read_file(path, machines, &error), -1);
    g_unlink(path);
    cr_expect(g_str_has_prefix(error->message, place), "%s", error->message);
    cr_expect_eq(machines->len, 0);
}

Test(inventory, names_the_file_that_cannot_be_read)
{
    g_autoptr(GPtrArray) machines = inventory_new();
    g_autoptr(GError) error = NULL;

    cr_assert_eq(inventory_read_file("/nowhere/machines", machines, &error), -1);
    cr_expect(g_error_matches(error, INVENTORY_ERROR, INVENTORY_ERROR_FILE));
    cr_expect_str_eq(error->message, "/nowhere/machines: No such file or directory");
}
