/*
 * Checks inside a fiber. A failed assertion would jump out of the fiber and leave its loop behind,
 * so check() counts and expect_run() judges.
 */
#pragma once

#include "sync/fiber.h"

#include <criterion/criterion.h>

static unsigned failures;

#define check(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            failures++;                                                                            \
            cr_log_error("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                     \
        }                                                                                          \
    } while (0)

/* Runs fn(arg) as the first fiber: it must succeed, and each check in it must have held. */
static inline void expect_run(fiber_fn fn, void *arg)
{
    g_autoptr(GError) err = NULL;
    int result = fiber_run(fn, arg, &err);

    cr_assert_eq(result, 0, "%s", err ? err->message : "");
    cr_assert_eq(failures, 0);
}
