/*
 * Stacks, and switching from one to another, for fiber.c alone.
 *
 * A stack is entered by ucontext and from then on left and continued by setjmp and longjmp, which
 * ask nothing of the kernel: swapcontext() sets the signal mask, at twenty times the cost. Every
 * switch is announced to AddressSanitizer and ThreadSanitizer, and every stack to valgrind.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

/* The sanitizers' longjmp knows of no other stack. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_BY_UCONTEXT
#endif

/* A stack with inaccessible pages below it: an overflow is a SIGSEGV, not silent corruption. */
struct stack {
    void *base; /* lowest usable address */
    size_t size;
    unsigned valgrind_id;
    struct stack *next; /* in the pool */
};

/*
 * Stacks kept for the next fiber, which then costs no system calls for its own. Of a stack in the
 * pool only the topmost pages stay in memory. Zero-initialised is empty.
 */
struct stack_pool {
    struct stack *free;
    unsigned n_free;
};

/* Transfer full: give it back with stack_put(). Running out of address space is fatal. */
struct stack *stack_take(struct stack_pool *pool);
void stack_put(struct stack_pool *pool, struct stack *stack);
/* Whether an address is of the inaccessible pages below the stack. Async-signal-safe. */
bool stack_is_below(const struct stack *stack, const void *address);

void stack_pool_clear(struct stack_pool *pool);

/* A place of execution that can be left and continued. */
struct context {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    ucontext_t registers; /* the sanitizers' longjmp knows of no other stack */
#else
    jmp_buf registers;
#endif
    void (*entry)(void);    /* until it has been entered */
    const void *stack_base; /* what the sanitizers are told; for the thread's own stack */
    size_t stack_size;      /* learned when it is left for the first time */
    void *fake_stack;
    void *tsan_fiber;
};

/* The context of the caller, to be switched away from. */
void context_init_current(struct context *context);

/* A context that starts in entry() on the stack. entry() begins with context_arrive(), ends with
 * context_leave(). */
void context_init(struct context *context, struct stack *stack, void (*entry)(void));

/* Frees what the sanitizers hold for a context that has been left; not for one of the thread. */
void context_clear(struct context *context);

/* Leaves `from` for `to`; returns when something switches back to `from`. */
void context_switch(struct context *from, struct context *to);

/* The first thing on a new stack: `from` is what was left for it. */
void context_arrive(struct context *from);

/* The last switch of `from`. */
_Noreturn void context_leave(struct context *from, struct context *to);
