/* What is the same on all hosts travels as a digest, what differs as it is; each host has all of it
 * in the end. */
#include "migration/alike.h"

#include "proto/link.h"
#include "tests/unit/fiber_checks.h"

#include <criterion/criterion.h>
#include <string.h>

#define N_HOSTS 3
#define MANY_HOSTS 64

static const char *names[MANY_HOSTS] = {"host1", "host2", "host3"};

/* The hosts, and the meeting at which they are; only one at a time. */
static struct {
    struct host_at_meeting {
        struct test test;
        json_t *mine;
        const char *instead; /* what it says in the first meeting in place of what it should */
        GPtrArray *theirs;
        GError *error;
        size_t bytes;
        GBytes *payload;
        unsigned meetings;
    } hosts[MANY_HOSTS];
    unsigned n_hosts;     /* 0: N_HOSTS */
    size_t release_bytes; /* the largest message to a host in which all have said something */
    unsigned here;
    GPtrArray *answers;
    struct event all_here;
} table;

static void free_bytes(gpointer bytes)
{
    g_bytes_unref(bytes);
}

static unsigned n_hosts(void)
{
    return table.n_hosts > 0 ? table.n_hosts : N_HOSTS;
}

/* As the coordinator packs it. */
static void measure_release(void)
{
    ProtobufCBinaryData payloads[MANY_HOSTS];
    uint32_t members[MANY_HOSTS];
    Vtmh__Release release = VTMH__RELEASE__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;
    for (unsigned i = 0; i < n_hosts(); i++) {
        members[i] = i;
        payloads[i].data = (uint8_t *)g_bytes_get_data(table.hosts[i].payload, &payloads[i].len);
    }
    release.tag = "agree";
    release.n_members = release.n_payloads = n_hosts();
    release.members = members;
    release.payloads = payloads;
    envelope.body_case = VTMH__ENVELOPE__BODY_RELEASE;
    envelope.release = &release;
    table.release_bytes = MAX(table.release_bytes, vtmh__envelope__get_packed_size(&envelope));
}

static int exchange(void *node, const struct test_meeting *meeting, GBytes *payload,
                    GPtrArray **answers_out, GError **err)
{
    struct host_at_meeting *host = node;
    (void)meeting;
    host->payload = host->instead != NULL && host->meetings == 0
                        ? g_bytes_new_static(host->instead, strlen(host->instead))
                        : g_bytes_ref(payload);
    host->meetings++;
    if (++table.here == n_hosts()) {
        g_clear_pointer(&table.answers, g_ptr_array_unref);
        table.answers = g_ptr_array_new_with_free_func(free_bytes);
        for (unsigned i = 0; i < n_hosts(); i++)
            g_ptr_array_add(table.answers, table.hosts[i].payload);
        measure_release();
        table.here = 0;
        event_set(&table.all_here);
        *answers_out = g_ptr_array_ref(table.answers);
        return 0;
    }
    event_reset(&table.all_here);
    if (await_event(&table.all_here, DEADLINE_NEVER, err) < 0)
        return -1;
    *answers_out = g_ptr_array_ref(table.answers);
    return 0;
}

static const struct test_ops ops = {.exchange = exchange};

static int run_host(void *arg, GError **err)
{
    struct host_at_meeting *host = arg;
    const struct test_meeting meeting = {.tag = "agree"};
    (void)err;
    test_exchange_alike(&host->test, &meeting, json_incref(host->mine), &host->theirs, &host->bytes,
                        &host->error);
    return 0;
}

static int run_hosts(void *arg, GError **err)
{
    (void)arg;
    struct scope *all = scope_open("hosts");
    for (unsigned i = 0; i < n_hosts(); i++) {
        table.hosts[i].test = (struct test){
            .n_hosts = n_hosts(), .self = i, .names = names, .ops = &ops, .node = &table.hosts[i]};
        scope_spawn(all, "host", run_host, &table.hosts[i]);
    }
    return scope_close(all, err);
}

/* As long as what a QEMU offers, with one word in it. */
static json_t *long_value(const char *word)
{
    json_t *offer = json_pack("{s:s}", "binary", word);
    json_t *words = json_array();
    for (unsigned i = 0; i < 400; i++)
        json_array_append_new(words, json_sprintf("pc-i440fx-%u", i));
    json_object_set_new(offer, "machines", words);
    return offer;
}

static void say(unsigned host, const char *offer, int port)
{
    table.hosts[host].mine = json_pack("{s:o, s:i}", "offers", long_value(offer), "port", port);
}

/* Each host has been told by each other, and by itself, what that has to say. */
static void check_all_told(void)
{
    for (unsigned i = 0; i < n_hosts(); i++) {
        cr_assert_null(table.hosts[i].error, "%s", table.hosts[i].error->message);
        cr_assert_eq(table.hosts[i].theirs->len, n_hosts());
        for (unsigned other = 0; other < n_hosts(); other++)
            cr_expect(json_equal(table.hosts[i].theirs->pdata[other], table.hosts[other].mine),
                      "host %u of host %u", i, other);
    }
}

Test(alike, what_is_the_same_is_stated_by_a_digest)
{
    for (unsigned i = 0; i < N_HOSTS; i++)
        say(i, "qemu", 5200 + (int)i);
    expect_run(run_hosts, NULL);
    check_all_told();
    g_autofree char *whole = json_dumps(table.hosts[0].mine, JSON_COMPACT);
    cr_log_info("%zu bytes in place of %zu", table.hosts[0].bytes, strlen(whole));
    cr_expect_gt(strlen(whole), 5000);
    cr_expect_lt(table.hosts[0].bytes, 150);
    cr_expect_eq(table.hosts[0].meetings, 1, "hosts that agree meet once");
}

Test(alike, what_differs_on_one_host_is_then_stated_whole_by_one_of_each_kind)
{
    say(0, "qemu", 1);
    say(1, "qemu", 1);
    say(2, "another qemu", 1);
    expect_run(run_hosts, NULL);
    check_all_told();
    cr_expect_eq(table.hosts[0].meetings, 2);
    cr_expect_gt(table.hosts[0].bytes, 5000);
    cr_expect_lt(table.hosts[1].bytes, 200, "the first has said it for both");
    cr_expect_gt(table.hosts[2].bytes, 5000);
}

Test(alike, a_long_value_beside_a_short_one_or_none_is_stated_whole)
{
    say(0, "qemu", 1);
    table.hosts[1].mine = json_pack("{s:s, s:i}", "offers", "none", "port", 2);
    table.hosts[2].mine = json_pack("{s:i}", "port", 3);
    expect_run(run_hosts, NULL);
    check_all_told();
}

Test(alike, a_value_that_all_have_under_one_name_is_explained_under_another)
{
    for (unsigned i = 0; i < N_HOSTS; i++)
        table.hosts[i].mine = json_pack("{s:o, s:o}", "offers", long_value("qemu"), "machines",
                                        long_value(i == 0 ? "another qemu" : "qemu"));
    expect_run(run_hosts, NULL);
    check_all_told();
}

Test(alike, a_value_that_looks_like_a_digest_is_taken_for_none)
{
    for (unsigned i = 0; i < N_HOSTS; i++)
        table.hosts[i].mine = json_pack("{s:{s:s}}", "offers", "sha256", i == 0 ? "ab" : "cd");
    expect_run(run_hosts, NULL);
    check_all_told();
}

Test(alike, a_digest_that_nobody_explains_is_an_error)
{
    for (unsigned i = 0; i < N_HOSTS; i++)
        table.hosts[i].mine = json_pack("{s:i}", "port", 1);
    table.hosts[1].instead = "{\"offers\": {\"sha256\": \"ab\"}}";
    expect_run(run_hosts, NULL);
    cr_assert_not_null(table.hosts[0].error);
    cr_expect_not_null(strstr(table.hosts[0].error->message, "host2 said only a digest"), "%s",
                       table.hosts[0].error->message);
}

/* What a host with four VMs brings to "agree" (move/agree.c). */
static void bring(unsigned host, const char *offer)
{
    json_t *machines = json_array(), *options = json_array();
    for (unsigned vm = 0; vm < 4; vm++) {
        json_array_append_new(machines, json_sprintf("%0900u", vm));
        json_array_append_new(options, json_sprintf("%0300u", vm));
    }
    table.hosts[host].mine =
        json_pack("{s:s, s:s, s:i, s:[o], s:[iiii], s:[ssss], s:o, s:o}", "boot_id",
                  "01234567-89ab-cdef-0123-456789abcdef", "address", "192.168.100.100", "port",
                  49152 + (int)host, "offers", long_value(offer), "offer_of", 0, 0, 0, 0, "vms",
                  "vm1", "vm2", "vm3", "vm4", "machines", machines, "options", options);
}

/* n_kinds: how many different offers the 64 hosts have. */
static size_t release_of_many(unsigned n_kinds)
{
    table.n_hosts = MANY_HOSTS;
    for (unsigned i = 0; i < MANY_HOSTS; i++) {
        g_autofree char *kind = g_strdup_printf("qemu %u", i < n_kinds ? i : 0);
        names[i] = "host";
        bring(i, kind);
    }
    expect_run(run_hosts, NULL);
    check_all_told();
    cr_log_info("%u kinds: %zu bytes", n_kinds, table.release_bytes);
    return table.release_bytes;
}

Test(alike, sixty_four_equal_hosts_with_four_vms_are_told_40_kB)
{
    cr_expect_lt(release_of_many(1), 40000);
}

Test(alike, of_sixty_four_hosts_one_other_costs_what_it_says)
{
    cr_expect_lt(release_of_many(2), 60000);
}

Test(alike, sixty_four_hosts_of_which_none_is_like_another_stay_within_a_message)
{
    cr_expect_lt(release_of_many(MANY_HOSTS), LINK_MAX_FRAME / 2);
}
