#include "migration/vm/cpu_time.h"

#include <criterion/criterion.h>
#include <unistd.h>

Test(cpu_time, is_user_and_system_time_whatever_the_name)
{
    cr_expect_eq(cpu_time_parse("7 (qemu (x) y) R 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0\n", 100),
                 3000);
}

Test(cpu_time, of_what_is_no_process_is_not_known)
{
    cr_expect_eq(cpu_time_parse("", 100), -1);
    cr_expect_eq(cpu_time_parse("7 (qemu) R 1 2", 100), -1);
    cr_expect_eq(cpu_time_ms(0), -1);
}

Test(cpu_time, of_this_process_grows_while_it_works)
{
    int64_t before = cpu_time_ms(getpid());
    volatile unsigned work = 0;
    cr_assert_geq(before, 0);
    while (cpu_time_ms(getpid()) == before)
        for (unsigned i = 0; i < 100000; i++)
            work += i;
}
