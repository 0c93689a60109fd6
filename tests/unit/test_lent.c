/* A domain of the user's own: what may be asked beside it, what it is, and where it runs. */
#include "migration/vm/lent.h"
#include "tests/unit/runner.h"

#include <string.h>

static struct params *params_of(const char *const *pairs)
{
    struct params *params = params_new();

    for (; *pairs != NULL; pairs += 2)
        params_set(params, pairs[0], pairs[1], NULL);
    return params;
}

#define LENT(...)                                                                                  \
    ((const char *const[]){"libvirt_domain", "web1", "vm_type", "libvirt", "guest", "image",       \
                           ##__VA_ARGS__, NULL})

/* What is said of these; NULL: they are taken. Transfer full. */
static char *complaint(const char *const *pairs, bool *is_skip_out)
{
    g_autoptr(params) params = params_of(pairs);
    g_autoptr(GError) error = NULL;

    if (lent_check(params, &error) == 0)
        return NULL;
    *is_skip_out = g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED);
    return g_strdup(error->message);
}

static void expect(const char *const *pairs, bool is_skip, const char *words)
{
    bool was_skip = !is_skip;
    g_autofree char *text = complaint(pairs, &was_skip);

    cr_assert_not_null(text, "nobody complains of %s", words);
    cr_expect(strstr(text, words) != NULL, "%s", text);
    cr_expect_eq(was_skip, is_skip, "%s", text);
}

Test(lent, how_it_is_moved_may_be_said)
{
    bool is_skip;

    cr_expect_null(complaint(LENT("mig_speed", "10", "mem", "256", "mac_nic1", "52:54:00:00:00:01"),
                             &is_skip));
    cr_expect_null(complaint(LENT("load", "memory", "ip", "192.0.2.7"), &is_skip));
    cr_expect_null(complaint((const char *const[]){"mem", "512", NULL}, &is_skip));
}

Test(lent, what_would_change_or_end_it_is_a_skip_with_its_name)
{
    expect(LENT("mem", "512"), true, "mem = 512");
    expect(LENT("image_name_image1", "/x"), true, "image_name_image1 = /x");
    expect(LENT("mig_script", "1s kill source"), true, "kill");
    expect(LENT("login_ways", "serial"), true, "login_ways = serial");
}

Test(lent, what_contradicts_itself_is_an_error)
{
    expect((const char *const[]){"libvirt_domain", "web1", NULL}, false, "needs vm_type = libvirt");
    expect(LENT("guest", "tick"), false, "needs guest = image");
    expect(LENT("load", "memory"), false, "load needs a login");
}

#define UUID "0b3a1c5e-3a1f-4a52-9a55-5d5e5b3f1a01"

Test(lent, its_facts_are_read_from_its_xml)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *facts =
        lent_facts("<domain type='kvm' id='3'><name>web1</name><uuid>" UUID "</uuid>"
                   "<memory unit='MiB'>64</memory><os><type machine='pc-q35-7.2'>hvm</type></os>"
                   "<cpu mode='custom'><model fallback='forbid'>qemu64</model></cpu>"
                   "<devices><disk><uuid>no</uuid></disk></devices></domain>",
                   &error);

    cr_assert_not_null(facts);
    cr_expect_str_eq(json_string_value(json_object_get(facts, "uuid")), UUID);
    cr_expect_str_eq(json_string_value(json_object_get(facts, "machine")), "pc-q35-7.2");
    cr_expect_str_eq(json_string_value(json_object_get(facts, "cpu")), "qemu64");
    cr_expect(json_is_true(json_object_get(facts, "kvm")));
    cr_expect_eq(json_integer_value(json_object_get(facts, "ram_bytes")), 64 << 20);
}

Test(lent, xml_that_is_cut_short_is_told)
{
    g_autoptr(GError) error = NULL;

    cr_expect_null(lent_facts("<domain type='kvm'><uuid>", &error));
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND));
}

Test(lent, it_runs_on_one_host)
{
    static const char *const names[] = {"host1", "host2"};
    json_auto_t *facts = json_pack("{s:s, s:s, s:s, s:b, s:i}", "uuid", UUID, "machine", "pc",
                                   "cpu", "qemu64", "kvm", 0, "ram_bytes", 1 << 20);
    struct vm_offer none = {.lent = NULL}, one = {.lent = facts};
    const struct vm_offer *nowhere[] = {&none, &none}, *second[] = {&none, &one},
                          *both[] = {&one, &one};
    g_autoptr(params) params = params_of(LENT());
    g_autoptr(GError) lost = NULL, twice = NULL;
    g_autoptr(vm_platform) platform = vm_platform_decide(second, names, 2, params, NULL);

    cr_assert_not_null(platform);
    cr_expect_eq(platform->lent_home, 1);
    cr_expect_str_eq(platform->lent_uuid, UUID);
    cr_expect_null(vm_platform_decide(nowhere, names, 2, params, &lost));
    cr_expect(strstr(lost->message, "no host of the test runs it") != NULL, "%s", lost->message);
    cr_expect_null(vm_platform_decide(both, names, 2, params, &twice));
    cr_expect(strstr(twice->message, "host1 and on host2") != NULL, "%s", twice->message);
}
