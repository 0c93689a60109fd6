/* What travels of a guest from one host to the next. */
#include "migration/guest/kind.h"
#include "migration/vm/driver.h"

#include <criterion/criterion.h>
#include <string.h>

static struct vm vm = {.name = (char *)"vm1"};

static struct guest guest_here(void)
{
    return (struct guest){.kind = &guest_tick, .vm = &vm};
}

Test(guest_state, arrives_as_it_was_sent)
{
    struct guest source = guest_here(), destination = guest_here();
    source.is_up = source.is_working = true;
    source.beat_there = 77;
    source.bad_known = 3;
    source.rounds = 4;
    source.log_seen_us = INT64_C(77000000000);
    g_autofree char *state = guest_state(&source);
    cr_assert_eq(guest_adopt_state(&destination, state, NULL), 0);
    cr_expect(destination.is_up && destination.is_working);
    cr_expect_eq(destination.beat_there, 77);
    cr_expect_eq(destination.bad_known, 3);
    cr_expect_eq(guest_rounds(&destination), 4);
    cr_expect_eq(destination.log_seen_us, INT64_C(77000000000));
}

Test(guest_state, that_cannot_be_read_is_an_error_and_not_a_guest_without_work)
{
    static const char *const wrong[] = {NULL,
                                        "",
                                        "at work",
                                        "up=1 working=1 beat=7 bad=0",
                                        "up=1 working=1 beat=7 bad=0 rounds=x seen=0",
                                        "up=1 working=1 beat=7 bad=0 rounds=1 seen=0 more"};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        struct guest guest = guest_here();
        g_autoptr(GError) error = NULL;
        cr_assert_lt(guest_adopt_state(&guest, wrong[i], &error), 0, "%s", wrong[i]);
        cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_GUEST));
        cr_expect_not_null(strstr(error->message, "vm1"));
    }
}
