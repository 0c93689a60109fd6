#include "migration/scenario/process/needs.h"

#include "migration/move/seat.h"
#include "migration/params.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define PROBE_MS 60000

/* The next number of a version, 0 behind the last. */
static unsigned long next_number(const char **at)
{
    while (**at != '\0' && !g_ascii_isdigit(**at))
        (*at)++;
    char *end;
    unsigned long number = strtoul(*at, &end, 10);
    *at = end;
    return number;
}

static int compare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        unsigned long one = next_number(&a), other = next_number(&b);
        if (one != other)
            return one < other ? -1 : 1;
    }
    return 0;
}

int needs_version(const char *name, const char *interval, const char *version, bool *is_in_out,
                  GError **err)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) form = g_regex_new(
        "^\\s*([\\[(])\\s*([0-9][^,\\s]*)?\\s*,\\s*([0-9][^,\\s\\])]*)?\\s*([\\])])\\s*$", 0, 0,
        NULL);
    if (!g_regex_match(form, interval, 0, &match)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s = %s: expected an interval of versions, such as [6.1, 7.0)", name,
                    interval);
        return -1;
    }
    g_autofree char *begin = g_match_info_fetch(match, 1), *low = g_match_info_fetch(match, 2);
    g_autofree char *high = g_match_info_fetch(match, 3), *end = g_match_info_fetch(match, 4);
    bool is_above =
        *low == '\0' || compare(version, low) > 0 || (*begin == '[' && compare(version, low) == 0);
    bool is_below =
        *high == '\0' || compare(version, high) < 0 || (*end == ']' && compare(version, high) == 0);
    *is_in_out = is_above && is_below;
    return 0;
}

static int check_version(const struct test *test, const struct params *params, const char *name,
                         const char *what, const char *version, GError **err)
{
    bool is_in;
    if (needs_version(name, param_text(params, name), version, &is_in, err) < 0)
        return -1;
    if (is_in)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "%s of %s is %s, not in %s (%s)", what,
                test->host->name, version, param_text(params, name), name);
    return -1;
}

static int check_commands(const struct test *test, GError **err)
{
    g_auto(GStrv) commands = param_list(test->params, "cmds_installed_host");
    for (char **command = commands; *command != NULL; command++) {
        g_autofree char *path = g_find_program_in_path(*command);
        if (path != NULL)
            continue;
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "%s is not installed on %s (cmds_installed_host)", *command, test->host->name);
        return -1;
    }
    return 0;
}

static int check_qemu(const struct test *test, const struct seat *seat, GError **err)
{
    struct vm_offer *offer = vm_offer_probe(test->host, seat->params, deadline_in(PROBE_MS), err);
    if (offer == NULL)
        return -1;
    g_autofree char *version =
        g_strdup_printf("%u.%u.%u", offer->version[0], offer->version[1], offer->version[2]);
    vm_offer_free(offer);
    return check_version(test, seat->params, "required_qemu", "QEMU", version, err);
}

static int check_driver(const struct test *test, GError **err)
{
    g_auto(GStrv) drivers = param_list(test->params, "virt_test_type");
    const char *driver = param_text(test->params, "vm_type");

    if (drivers[0] == NULL || g_strv_contains((const char *const *)drivers, driver))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED, "virt_test_type = %s: the test is not for %s",
                params_get(test->params, "virt_test_type"), driver);
    return -1;
}

static int check_provider(const struct test *test, GError **err)
{
    static const char *const ours[] = {"vtmh", "io-github-autotest-qemu", NULL};
    const char *provider = param_text(test->params, "provider");

    if (provider == NULL || g_strv_contains(ours, provider))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                "provider = %s: vtmh has no test types of that provider", provider);
    return -1;
}

int needs_check(const struct test *test, const GPtrArray *seats, GError **err)
{
    struct utsname kernel;
    if (check_driver(test, err) < 0 || check_provider(test, err) < 0 ||
        check_commands(test, err) < 0)
        return -1;
    if (param_is_set(test->params, "required_kernel") && uname(&kernel) == 0 &&
        check_version(test, test->params, "required_kernel", "the kernel", kernel.release, err) < 0)
        return -1;
    for (unsigned i = 0; i < seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(seats, i);
        if (param_is_set(seat->params, "required_qemu") && check_qemu(test, seat, err) < 0)
            return -1;
    }
    return 0;
}
