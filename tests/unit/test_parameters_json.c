#include "orchestrator/parameters_json.h"

#include "orchestrator/tests.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(const json_t *root, const char *host, const char *key, const char *value,
                   const char *origin)
{
    const json_t *entry = json_object_get(json_object_get(root, host), key);

    cr_assert(entry, "%s has no %s", host, key);
    cr_expect_str_eq(json_string_value(json_object_get(entry, "value")), value, "%s of %s", key,
                     host);
    cr_expect_str_eq(json_string_value(json_object_get(entry, "origin")), origin, "%s of %s", key,
                     host);
}

Test(parameters_json, says_what_each_host_was_to_do_and_who_said_so)
{
    static const char *const names[] = {"alpha", "beta"};
    g_autoptr(params) test = params_new();
    json_t *root;

    params_set(test, "mem", "32", "base.cfg:3");
    params_set(test, "mem_host2", "48", "mine.cfg:7");
    params_set(test, "mig_speed", "1G", TESTS_COMMAND_LINE ":1");
    root = parameters_json(test, names, 2);
    expect(root, "alpha", "mem", "32", "base.cfg:3");
    expect(root, "beta", "mem", "48", "mine.cfg:7");
    expect(root, "beta", "mig_speed", "1G", "command line");
    expect(root, "beta", "hostid", "beta", "vtmh");
    expect(root, "alpha", "smp", "1", "default");
    json_decref(root);
}

Test(parameters_json, does_not_tell_secrets)
{
    static const char *const names[] = {"alpha", "beta"};
    g_autoptr(params) test = params_new();
    json_t *root;
    char *text;

    params_set(test, "password", "hunter2", "base.cfg:3");
    params_set(test, "password_vm1_host2", "hunter2", "base.cfg:4");
    params_set(test, "my_login_password", "hunter2", "base.cfg:5");
    root = parameters_json(test, names, 2);
    text = json_dumps(root, 0);
    expect(root, "beta", "password_vm1", "***", "base.cfg:4");
    cr_expect_null(strstr(text, "hunter2"), "%s", text);
    free(text);
    json_decref(root);
}
