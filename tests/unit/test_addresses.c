#include "orchestrator/addresses.h"

#include <criterion/criterion.h>
#include <string.h>

static struct params *with(const char *const *pairs)
{
    struct params *params = params_new();

    params_set(params, "guest", "jeos", "a.cfg:1");
    for (; *pairs != NULL; pairs += 2)
        params_set(params, pairs[0], pairs[1], "a.cfg:2");
    return params;
}

/* By a job of its own. Transfer full. */
static struct params *made_up(const struct params *params, unsigned n_hosts)
{
    g_autoptr(addresses) pool = addresses_new("a job");

    return addresses_made_up(pool, params, n_hosts, NULL);
}

#define WITH(...) with((const char *const[]){__VA_ARGS__, NULL})

static bool is_made_up(const struct params *params, const char *key)
{
    const char *address = params_get(params, key);

    return address != NULL && g_str_has_prefix(address, "9a:") && strlen(address) == 17 &&
           params_origin(params, key) == NULL;
}

/* What a host finds for a card, as its node looks it up. Transfer full. */
static char *seen_by(const struct params *whole, const char *host, const char *vm, const char *nic)
{
    g_autoptr(params) on_host = params_object_params(whole, host);
    g_autoptr(params) of_vm = params_object_params(on_host, vm);
    g_autoptr(params) card = params_object_params(of_vm, nic);

    return g_strdup(params_get(card, "mac"));
}

Test(addresses, each_card_of_each_vm_has_its_own)
{
    g_autoptr(params) params = WITH("vms", "vm1 vm2", "nics", "nic1 nic2");
    g_autoptr(params) whole = made_up(params, 2);
    static const char *const keys[] = {"mac_nic1_vm1", "mac_nic2_vm1", "mac_nic1_vm2",
                                       "mac_nic2_vm2"};

    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        cr_expect(is_made_up(whole, keys[i]), "%s", keys[i]);
        for (unsigned k = 0; k < i; k++)
            cr_expect_str_neq(params_get(whole, keys[i]), params_get(whole, keys[k]));
    }
    cr_expect_eq(params_count(whole), params_count(params) + G_N_ELEMENTS(keys));
}

Test(addresses, are_the_same_on_all_hosts)
{
    g_autoptr(params) params = WITH("vms", "vm1");
    g_autoptr(params) whole = made_up(params, 3);
    g_autofree char *source = seen_by(whole, "host1", "vm1", "nic1");
    g_autofree char *destination = seen_by(whole, "host3", "vm1", "nic1");

    cr_assert_not_null(source);
    cr_expect_str_eq(source, destination);
}

#define TESTS 300 /* their cards come over the edge of a byte */

Test(addresses, none_comes_twice_in_a_job)
{
    g_autoptr(params) params = WITH("vms", "vm1 vm2");
    g_autoptr(addresses) pool = addresses_new("0f3a");
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < TESTS; i++) {
        g_autoptr(params) whole = addresses_made_up(pool, params, 2, NULL);

        cr_assert(is_made_up(whole, "mac_nic1_vm2"));
        cr_assert(g_hash_table_add(seen, g_strdup(params_get(whole, "mac_nic1_vm1"))));
        cr_assert(g_hash_table_add(seen, g_strdup(params_get(whole, "mac_nic1_vm2"))));
    }
}

Test(addresses, differ_between_two_jobs_and_not_within_one)
{
    g_autoptr(params) params = WITH("vms", "vm1");
    g_autoptr(addresses) one = addresses_new("0f3a"), again = addresses_new("0f3a");
    g_autoptr(addresses) other = addresses_new("0f3b");
    g_autoptr(params) of_one = addresses_made_up(one, params, 2, NULL);
    g_autoptr(params) of_again = addresses_made_up(again, params, 2, NULL);
    g_autoptr(params) of_other = addresses_made_up(other, params, 2, NULL);

    cr_expect_str_eq(params_get(of_one, "mac_nic1_vm1"), params_get(of_again, "mac_nic1_vm1"));
    cr_expect_str_neq(params_get(of_one, "mac_nic1_vm1"), params_get(of_other, "mac_nic1_vm1"));
}

Test(addresses, are_left_to_later_tests_of_the_tuple_by_one_that_keeps_its_vms)
{
    g_autoptr(addresses) pool = addresses_new("0f3a");
    g_autoptr(params) plain = WITH("vms", "vm1");
    g_autoptr(params) keeps = WITH("vms", "vm1", "keep_vms_after_test", "yes");
    g_autoptr(params) before = addresses_made_up(pool, plain, 2, "host1");
    g_autoptr(params) first = addresses_made_up(pool, keeps, 2, "host1");
    g_autoptr(params) second = addresses_made_up(pool, plain, 2, "host1");
    g_autoptr(params) elsewhere = addresses_made_up(pool, keeps, 2, "host3");
    const char *key = "mac_nic1_vm1";

    cr_expect_str_neq(params_get(before, key), params_get(first, key));
    cr_expect_str_eq(params_get(second, key), params_get(first, key));
    /* Hosts may remember who had it. */
    cr_expect_str_eq(params_origin(second, key), "as in an earlier test");
    cr_expect(is_made_up(first, key) && is_made_up(elsewhere, key));
    cr_expect_str_neq(params_get(elsewhere, key), params_get(first, key));
}

Test(addresses, one_that_the_user_gave_is_left_out)
{
    g_autoptr(params) first = WITH("vms", "vm1");
    g_autoptr(params) as_first = made_up(first, 2);
    g_autofree char *given = g_ascii_strup(params_get(as_first, "mac_nic1_vm1"), -1);
    g_autoptr(params) params = WITH("vms", "vm1 vm2", "mac_vm2", given);
    g_autoptr(params) whole = made_up(params, 2);

    cr_expect(is_made_up(whole, "mac_nic1_vm1"));
    cr_expect_str_neq(params_get(whole, "mac_nic1_vm1"), params_get(as_first, "mac_nic1_vm1"));
}

Test(addresses, never_stand_over_one_that_the_user_gave)
{
    static const char *const ways[] = {
        "mac", "mac_vm1", "mac_nic1", "mac_nic1_vm1", "mac_nic1_vm1_host2", "mac_nic1_host1"};

    for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autoptr(params) params = WITH("vms", "vm1", ways[i], "52:54:00:12:34:56");
        g_autoptr(params) whole = made_up(params, 2);

        cr_expect_eq(params_count(whole), params_count(params), "%s", ways[i]);
    }
}

Test(addresses, are_made_where_one_is_set_to_nothing)
{
    g_autoptr(params) params = WITH("vms", "vm1", "mac", "");
    g_autoptr(params) whole = made_up(params, 2);

    cr_expect(is_made_up(whole, "mac_nic1_vm1"));
}

Test(addresses, are_made_for_cards_that_one_vm_or_host_alone_names)
{
    g_autoptr(params) params = WITH("vms", "vm1 vm2", "nics_vm1", "lan wan", "nics_host2", "dmz",
                                    "nics_vm2_host2", "nic1 back");
    g_autoptr(params) whole = made_up(params, 2);

    cr_expect(is_made_up(whole, "mac_lan_vm1"));
    cr_expect(is_made_up(whole, "mac_wan_vm1"));
    cr_expect(is_made_up(whole, "mac_nic1_vm2"));
    cr_expect(is_made_up(whole, "mac_back_vm2"));
    cr_expect_null(params_get(whole, "mac_nic1_vm1"));
}

Test(addresses, are_not_made_where_there_is_no_card)
{
    g_autoptr(params) tick = WITH("vms", "vm1 vm2", "guest_vm1", "tick");
    g_autoptr(params) whole = made_up(tick, 2);
    g_autoptr(params) none = WITH("vms", "vm1", "nics", "");
    g_autoptr(params) still_none = made_up(none, 2);

    cr_expect_null(params_get(whole, "mac_nic1_vm1"));
    cr_expect(is_made_up(whole, "mac_nic1_vm2"));
    cr_expect_eq(params_count(still_none), params_count(none));
}
