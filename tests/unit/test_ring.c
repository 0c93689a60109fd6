#include "sync/ring.h"

#include <criterion/criterion.h>

static void push(struct ring *ring, unsigned number)
{
    ring_push(ring, GUINT_TO_POINTER(number));
}

static unsigned pop(struct ring *ring)
{
    return GPOINTER_TO_UINT(ring_pop(ring));
}

Test(ring, gives_items_in_the_order_in_which_they_came)
{
    struct ring ring = {0};
    unsigned pushed = 0, popped = 0;

    /* More come than go, so that it grows while its begin is anywhere in its memory. */
    for (int turn = 0; turn < 200; turn++) {
        for (int i = 0; i < 3; i++)
            push(&ring, ++pushed);
        for (int i = 0; i < 2; i++)
            cr_assert_eq(pop(&ring), ++popped);
    }
    cr_assert_eq(ring.length, 200);
    cr_assert_eq(GPOINTER_TO_UINT(ring_at(&ring, 0)), popped + 1);
    cr_assert_eq(GPOINTER_TO_UINT(ring_at(&ring, 199)), pushed);
    while (popped < pushed)
        cr_assert_eq(pop(&ring), ++popped);
    cr_assert_null(ring_pop(&ring));
    ring_clear(&ring);
}

Test(ring, is_empty_at_first_and_after_clearing)
{
    struct ring ring = {0};

    cr_assert_null(ring_pop(&ring));
    push(&ring, 1);
    ring_clear(&ring);
    cr_assert_null(ring_pop(&ring));
    push(&ring, 2);
    cr_assert_eq(pop(&ring), 2);
    ring_clear(&ring);
}

Test(ring, gives_the_memory_of_a_crowd_back)
{
    struct ring ring = {0};

    for (unsigned i = 1; i <= 100000; i++)
        push(&ring, i);
    for (unsigned i = 1; i <= 100000; i++)
        cr_assert_eq(pop(&ring), i);
    cr_assert_eq(ring.size, 0);
    ring_clear(&ring);
}
