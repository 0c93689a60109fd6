/*
 * What a fiber is doing, and whose fault it is if that fails: a stack of frames per fiber.
 *
 *     DOING(BLAME_TESTBED, "booting %s", name);     until the end of the block
 *
 * Beside what is done, a frame may say in which part of the test that is, and with what:
 *
 *     DOING_PART(BLAME_PRODUCT, "leg %u", number);
 *     DOING_WITH("%s", vm);
 *
 * Frames are immutable and counted, so that an error may keep the whole stack that it was made
 * under: errors of SYNC_ERROR do (and domains that embed struct circumstances). A fiber begins with
 * the stack of the one that spawned it.
 */
#pragma once

#include "sync/autoptr.h"

#include <glib.h>
#include <stdint.h>

/* Who is to blame when what is being done fails. */
enum blame {
    BLAME_TESTBED, /* what the test stands on: preparing, booting, the disk. Also without a frame */
    BLAME_PRODUCT, /* what is tested */
};

struct doing;

/* Puts a frame on the running fiber's stack. Returns what the stack was before, to be put back by
 * doing_pop(). Transfer full. */
struct doing *doing_push(enum blame blame, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A part of the test ("leg 3"), with whose fault it is if nothing below says otherwise. */
struct doing *doing_push_part(enum blame blame, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* What it is done with (a VM); the blame stays as it is, and so does the stack where it says so
 * already. */
struct doing *doing_push_with(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Works under a stack that was kept, in place of the running fiber's own. stack may be NULL. */
struct doing *doing_push_stack(struct doing *stack);

void doing_pop(struct doing *before);

/* The running fiber's stack; NULL if it has none, or outside of a fiber. Transfer none. */
struct doing *doing_now(void);

struct doing *doing_ref(struct doing *stack); /* NULL is fine */
void doing_unref(struct doing *stack);        /* NULL is fine */

/* By the topmost frame. NULL: TESTBED. */
enum blame doing_blame(const struct doing *stack);

/*
 * Where that is, and what is done, from the outside in: "leg 1 / vm1 on host2 / receiving". host
 * stands behind what it has (DOING_WITH), in front where nothing is named: "host2 / pre_command";
 * NULL: it is not said. NULL if the stack is empty. Transfer full.
 */
char *doing_text(const struct doing *stack, const char *host);

/* The texts of at most max frames, the topmost first. Returns how many. Async-signal-safe. */
unsigned doing_frames(const struct doing *stack, const char *texts[], unsigned max);

static inline void doing_leave_scope(struct doing **before)
{
    doing_pop(*before);
}

#define DOING_SCOPED __attribute__((cleanup(doing_leave_scope), unused)) struct doing *
#define DOING(blame, ...) DOING_SCOPED G_PASTE(doing_, __LINE__) = doing_push(blame, __VA_ARGS__)
#define DOING_PART(blame, ...)                                                                     \
    DOING_SCOPED G_PASTE(doing_, __LINE__) = doing_push_part(blame, __VA_ARGS__)
#define DOING_WITH(...) DOING_SCOPED G_PASTE(doing_, __LINE__) = doing_push_with(__VA_ARGS__)
#define DOING_AGAIN(stack) DOING_SCOPED G_PASTE(doing_, __LINE__) = doing_push_stack(stack)

/* When, and during what, an error came to be; embedded in the private part of an error. */
struct circumstances {
    struct doing *doing;
    int64_t at_us; /* CLOCK_MONOTONIC */
};

/* For the functions of an extended error domain (g_error_domain_register). */
void circumstances_init(struct circumstances *circumstances);
void circumstances_copy(const struct circumstances *from, struct circumstances *to);
void circumstances_clear(struct circumstances *circumstances);
