#include "sync/doing.h"

#include "sync/fiber_private.h"

#include <stdarg.h>
#include <string.h>

enum frame {
    FRAME_DOING, /* what is done */
    FRAME_PART,  /* in which part of the test */
    FRAME_WITH,  /* with what: it is on a host */
};

struct doing {
    unsigned references;
    enum frame frame;
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

static struct doing *push(enum frame kind, enum blame blame, const char *format, va_list args)
{
    struct doing *frame = g_new(struct doing, 1);
    *frame = (struct doing){1, kind, blame, g_strdup_vprintf(format, args), doing_ref(doing_now())};
    return swap(frame);
}

struct doing *doing_push(enum blame blame, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct doing *before = push(FRAME_DOING, blame, format, args);
    va_end(args);
    return before;
}

struct doing *doing_push_part(enum blame blame, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct doing *before = push(FRAME_PART, blame, format, args);
    va_end(args);
    return before;
}

/* The innermost frame that says with what; NULL if none does. */
static const struct doing *innermost_with(const struct doing *stack)
{
    while (stack != NULL && stack->frame != FRAME_WITH)
        stack = stack->outer;
    return stack;
}

struct doing *doing_push_with(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct doing *before = push(FRAME_WITH, doing_blame(doing_now()), format, args);
    va_end(args);
    const struct doing *known = innermost_with(before);
    if (known == NULL || strcmp(known->text, doing_now()->text) != 0)
        return before;
    doing_pop(doing_ref(before));
    return before;
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

char *doing_text(const struct doing *stack, const char *host)
{
    GString *text = g_string_new(NULL);
    if (stack == NULL)
        return g_string_free(text, TRUE);
    bool has_place = innermost_with(stack) != NULL;
    for (; stack != NULL; stack = stack->outer) {
        g_string_prepend(text, text->len > 0 ? " / " : "");
        if (stack->frame == FRAME_WITH && host != NULL) {
            g_string_prepend(text, host);
            g_string_prepend(text, " on ");
        }
        g_string_prepend(text, stack->text);
    }
    if (host != NULL && !has_place) {
        g_string_prepend(text, " / ");
        g_string_prepend(text, host);
    }
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
