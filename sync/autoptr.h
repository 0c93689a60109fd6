/* g_autoptr(name) for a struct that has no typedef. */
#pragma once

#include <glib.h>

/*
 * What G_DEFINE_AUTOPTR_CLEANUP_FUNC() does for a typedef, done for `struct name`, so that the name
 * itself stays free for variables: with a typedef every `struct stream *stream` shadows it.
 */
#define AUTOPTR_STRUCT(name, free_fn)                                                              \
    typedef struct name *_GLIB_AUTOPTR_TYPENAME(name);                                             \
    static inline void _GLIB_AUTOPTR_FUNC_NAME(name)(struct name * *place)                         \
    {                                                                                              \
        if (*place)                                                                                \
            free_fn(*place);                                                                       \
    }                                                                                              \
    G_STATIC_ASSERT(sizeof(struct name *) == sizeof(void *))
