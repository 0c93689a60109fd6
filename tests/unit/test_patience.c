/* What is done once to all memory of a guest takes as long as the guest is big. */
#include "migration/move/seat.h"

#include <criterion/criterion.h>

static int64_t patience_ms(uint64_t ram_bytes)
{
    struct vm_platform platform = {.ram_bytes = ram_bytes};
    struct seat seat = {.platform = &platform};

    return seat_patience_ms(&seat, 1000);
}

Test(patience, grows_with_the_memory_of_the_guest)
{
    const uint64_t gib = (uint64_t)1 << 30;

    cr_expect_eq(patience_ms(0), 1000);
    cr_expect_gt(patience_ms(gib), patience_ms(gib / 4));
    cr_expect_geq(patience_ms(9 * gib) - 1000, 9 * (patience_ms(gib) - 1000));
}

Test(patience, is_the_base_while_nothing_is_agreed)
{
    struct seat seat = {0};

    cr_expect_eq(seat_patience_ms(&seat, 1000), 1000);
}
