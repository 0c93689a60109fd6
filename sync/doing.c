#include "sync/doing.h"

#include "sync/fiber_private.h"

#include <stdarg.h>

struct doing {
    unsigned references;
    enum blame blame;
    char *text;
    struct doing *outer; /* owned reference */
};

struct doing *doing_ref(struct doing *stack)
{
    if (stack != NULL)
        stack->references++;
    return stack;
}

void doing_unref(struct doing *stack)
{
    while (stack != NULL && --stack->references == 0) {
        struct doing *outer = stack->outer;
        g_free(stack->text);
        g_free(stack);
        stack = outer;
    }
}

struct doing *doing_now(void)
{
    return fiber_is_current() ? fiber_self()->doing : NULL;
}

/* The fiber takes over the new stack's reference, and gives up that of its former one. */
static struct doing *swap(struct doing *stack)
{
    struct fiber *fiber = fiber_self();
    struct doing *before = fiber->doing;
    fiber->doing = stack;
    return before;
}

struct doing *doing_push(enum blame blame, const char *format, ...)
{
    struct doing *frame = g_new(struct doing, 1);
    va_list args;
    va_start(args, format);
    *frame = (struct doing){1, blame, g_strdup_vprintf(format, args), doing_ref(doing_now())};
    va_end(args);
    return swap(frame);
}

struct doing *doing_push_stack(struct doing *stack)
{
    return swap(doing_ref(stack));
}

void doing_pop(struct doing *before)
{
    doing_unref(swap(before));
}

enum blame doing_blame(const struct doing *stack)
{
    return stack != NULL ? stack->blame : BLAME_TESTBED;
}

char *doing_text(const struct doing *stack)
{
    if (stack == NULL)
        return NULL;
    GString *text = g_string_new(stack->text);
    while ((stack = stack->outer) != NULL)
        g_string_append_printf(text, ", %s", stack->text);
    return g_string_free(text, FALSE);
}

unsigned doing_frames(const struct doing *stack, const char *texts[], unsigned max)
{
    unsigned n = 0;
    for (; stack != NULL && n < max; stack = stack->outer)
        texts[n++] = stack->text;
    return n;
}

void circumstances_init(struct circumstances *circumstances)
{
    circumstances->doing = doing_ref(doing_now());
    circumstances->at_us = g_get_monotonic_time();
}

void circumstances_copy(const struct circumstances *from, struct circumstances *to)
{
    doing_unref(to->doing); /* a copy is initialised before */
    to->doing = doing_ref(from->doing);
    to->at_us = from->at_us;
}

void circumstances_clear(struct circumstances *circumstances)
{
    g_clear_pointer(&circumstances->doing, doing_unref);
}
