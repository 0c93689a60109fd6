/* The checked longjmp takes a jump to another stack for an error. */
#undef _FORTIFY_SOURCE

#include "sync/stack.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0u
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

/* Only touched pages cost memory. Sanitizers make frames several times larger. */
#ifdef STACK_BY_UCONTEXT
#define STACK_BYTES ((size_t)1024 * 1024)
#else
#define STACK_BYTES ((size_t)256 * 1024)
#endif

/* Whole pages of any size that there is; more than the largest frame. */
#define GUARD_BYTES ((size_t)64 * 1024)

#define POOL_MAX 64

/* What most fibers touch. */
#define KEPT_BYTES ((size_t)16 * 1024)

static struct stack *stack_map(void)
{
    struct stack *stack = g_new0(struct stack, 1);
    char *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory, GUARD_BYTES, PROT_NONE) < 0)
        g_error("no memory for the stack of a fiber: %s", g_strerror(errno));
    stack->base = memory + GUARD_BYTES;
    stack->size = STACK_BYTES;
    stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->base, memory + GUARD_BYTES + STACK_BYTES);
    return stack;
}

static void stack_unmap(struct stack *stack)
{
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
    munmap((char *)stack->base - GUARD_BYTES, GUARD_BYTES + stack->size);
    g_free(stack);
}

struct stack *stack_take(struct stack_pool *pool)
{
    struct stack *stack = pool->free;

    if (!stack)
        return stack_map();
    pool->free = stack->next;
    pool->n_free--;
    return stack;
}

void stack_put(struct stack_pool *pool, struct stack *stack)
{
#ifdef __SANITIZE_ADDRESS__
    /* The fiber left its frames without returning from them; their red zones are still marked. */
    ASAN_UNPOISON_MEMORY_REGION(stack->base, stack->size);
#endif
    if (pool->n_free >= POOL_MAX) {
        stack_unmap(stack);
        return;
    }
    /* Else the deepest that each has ever been would stay for good. */
    madvise(stack->base, stack->size - KEPT_BYTES, MADV_DONTNEED);
    stack->next = pool->free;
    pool->free = stack;
    pool->n_free++;
}

bool stack_is_below(const struct stack *stack, const void *address)
{
    const char *base = stack->base, *at = address;

    return at < base && at >= base - GUARD_BYTES;
}

void stack_pool_clear(struct stack_pool *pool)
{
    while (pool->free)
        stack_unmap(stack_take(pool));
}

void context_init_current(struct context *context)
{
    *context = (struct context){0};
#ifdef __SANITIZE_THREAD__
    context->tsan_fiber = __tsan_get_current_fiber();
#endif
}

static void make_context(ucontext_t *made, const struct context *context, void (*entry)(void))
{
    getcontext(made);
    made->uc_stack.ss_sp = (void *)context->stack_base;
    made->uc_stack.ss_size = context->stack_size;
    makecontext(made, entry, 0);
}

void context_init(struct context *context, struct stack *stack, void (*entry)(void))
{
    *context = (struct context){.stack_base = stack->base, .stack_size = stack->size};
#ifdef STACK_BY_UCONTEXT
    make_context(&context->registers, context, entry);
#else
    context->entry = entry;
#endif
#ifdef __SANITIZE_THREAD__
    context->tsan_fiber = __tsan_create_fiber(0);
#endif
}

void context_clear(struct context *context)
{
#ifdef __SANITIZE_THREAD__
    __tsan_destroy_fiber(context->tsan_fiber);
#endif
    context->tsan_fiber = NULL;
}

/*
 * fake_stack_out is NULL when the stack is left for good. Inlined, so that ThreadSanitizer counts
 * no call on one fiber that returns on another.
 */
static inline G_ALWAYS_INLINE void announce_switch(void **fake_stack_out, struct context *to)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(fake_stack_out, to->stack_base, to->stack_size);
#else
    (void)fake_stack_out;
#endif
#ifdef __SANITIZE_THREAD__
    __tsan_switch_to_fiber(to->tsan_fiber, 0);
#endif
    (void)to;
}

#ifdef __SANITIZE_ADDRESS__
/* ASan's own swapcontext() warns at each first use, which a log of real findings must not contain,
 * and forgets all it knows about the stack it enters. */
static void switch_registers(struct context *from, struct context *to)
{
    volatile bool is_back = false;

    getcontext(&from->registers);
    if (is_back)
        return;
    is_back = true;
    setcontext(&to->registers);
}
#elif defined(__SANITIZE_THREAD__)
static inline G_ALWAYS_INLINE void switch_registers(struct context *from, struct context *to)
{
    swapcontext(&from->registers, &to->registers);
}
#else
static void enter(struct context *context)
{
    ucontext_t start;

    make_context(&start, context, g_steal_pointer(&context->entry));
    setcontext(&start);
}

static void switch_registers(struct context *from, struct context *to)
{
    if (_setjmp(from->registers) != 0)
        return;
    if (to->entry)
        enter(to);
    _longjmp(to->registers, 1);
}
#endif

void context_switch(struct context *from, struct context *to)
{
    announce_switch(&from->fake_stack, to);
    switch_registers(from, to);
#ifdef __SANITIZE_ADDRESS__
    /* Where we come from: known for fibers, and never needed. */
    __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
#endif
}

void context_arrive(struct context *from)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(NULL, &from->stack_base, &from->stack_size);
#else
    (void)from;
#endif
}

void context_leave(struct context *from, struct context *to)
{
    announce_switch(NULL, to);
    switch_registers(from, to);
    g_assert_not_reached();
}
