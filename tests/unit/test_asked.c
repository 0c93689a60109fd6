/* What is asked for one migration alone, against what the hypervisor here has. */
#include "migration/move/asked.h"

#include "migration/params.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct host host1 = {.name = "host1"};
static struct test test = {.host = &host1, .n_hosts = 2};

static GHashTable *set_of(const char *words)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    for (char **word = list; *word != NULL; word++)
        g_hash_table_add(set, g_strdup(*word));
    return set;
}

/* A seat whose QEMU 7.2 has these capabilities, of a test with mig_speed = 100. */
static struct seat *make_seat(const char *capabilities)
{
    struct seat *seat = g_new0(struct seat, 1);
    seat->test = &test;
    seat->name = g_strdup("vm1");
    seat->params = params_new();
    params_set(seat->params, "mig_speed", "100", NULL);
    cr_assert_eq(move_request_read(&seat->request, seat->params, NULL), 0);
    seat->offer = g_new0(struct vm_offer, 1);
    *seat->offer = (struct vm_offer){.version = {7, 2, 22},
                                     .machines = set_of(""),
                                     .cpus = set_of(""),
                                     .capabilities = set_of(capabilities),
                                     .parameters = set_of("xbzrle-cache-size")};
    return seat;
}

#define USUAL "events late-block-activate return-path"

static const char *const slower[] = {"mig_speed = 8", NULL};
static const char *const encoded[] = {"xbzrle=yes", "xbzrle_cache_size = 4M", NULL};
static const char *const acknowledged[] = {"mig_switchover_ack = yes", NULL};

Test(asked, it_stands_over_what_the_test_has_otherwise)
{
    struct seat *seat = make_seat(USUAL " xbzrle");
    struct move_request request = {0};
    cr_assert_eq(asked_request(seat, slower, &request, NULL), 0);
    cr_expect_eq(request.move[MOVE_SOURCE].max_bandwidth, (uint64_t)8 * 1024 * 1024);
    cr_expect_eq(seat->request.move[MOVE_SOURCE].max_bandwidth, (uint64_t)100 * 1024 * 1024);
    asked_swap(seat, &request);
    cr_expect_eq(seat->request.move[MOVE_SOURCE].max_bandwidth, (uint64_t)8 * 1024 * 1024);
    asked_swap(seat, &request);
    move_request_clear(&request);

    cr_assert_eq(asked_request(seat, encoded, &request, NULL), 0);
    cr_expect(g_hash_table_contains(request.move[MOVE_SOURCE].capabilities, "xbzrle"));
    cr_expect_eq(request.move[MOVE_SOURCE].max_bandwidth, (uint64_t)100 * 1024 * 1024);
    move_request_clear(&request);
    seat_free(seat);
}

Test(asked, what_the_hypervisor_has_not_is_not_supported_before_any_migration_begins)
{
    struct seat *seat = make_seat(USUAL);
    static const char *const *const all[] = {slower, acknowledged, NULL};
    g_autoptr(GError) error = NULL;
    cr_assert_eq(asked_check(seat, all, &error), -1);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_str_eq(error->message,
                     "mig_switchover_ack = yes is not supported: QEMU 7.2.22 on host1 has no "
                     "migration capability switchover-ack");
    static const char *const *const some[] = {slower, NULL};
    cr_expect_eq(asked_check(seat, some, NULL), 0);
    cr_expect_eq(asked_check(seat, NULL, NULL), 0);
    seat_free(seat);
}

Test(asked, it_stands_in_the_record)
{
    struct seat *seat = make_seat(USUAL " xbzrle");
    struct move_request request = {0};
    test_init(&test);
    Vtmh__Migration *record = test_add_migration(&test, "vm1", 1, 0, 1);
    asked_record(&seat->request, record);
    cr_expect_eq(record->n_asked, 0);
    cr_assert_eq(asked_request(seat, encoded, &request, NULL), 0);
    asked_record(&request, record);
    cr_assert_eq(record->n_asked, 2);
    cr_expect_str_eq(record->asked[0]->key, "xbzrle");
    cr_expect_str_eq(record->asked[1]->key, "xbzrle_cache_size");
    cr_expect_str_eq(record->asked[1]->value, "4M");
    move_request_clear(&request);
    test_clear(&test);
    seat_free(seat);
}
