/*
 * Names of avocado-vt 88 and of its multi-host tests that nothing here reads (yet), one a row, in a
 * file a subject. What they ask for is told: a note where it can change neither what the guest is
 * or sees, nor what moves or when, nor what is checked or kept (NO_MATTER); else the test is
 * skipped, unless the value asks for what is done anyway (NOT_YET). A name moves out of here when
 * it gets a reader.
 *
 * A name that ends with '*' is a family: all names that begin so and have no row of their own.
 *
 * Kinds are strict where avocado-vt's own files are: a value of the wrong form is refused, and
 * those files must not be.
 */
#pragma once

#include "migration/params_tables.h"

#define PARAM_OF_TEST PARAM_PER_HOST

/* SECTION is the file's own. same_: WORDS(…), or NULL: no value means what is done anyway. */
#define NOT_YET(name_, kind_, scope_, same_, why_, doc_)                                           \
    {                                                                                              \
        .name = (name_), .kind = PARAM_##kind_, .scopes = PARAM_OF_##scope_,                       \
        .care = PARAM_NOT_SUPPORTED, .same = (same_), .why = (why_), .section = SECTION,           \
        .doc = (doc_)                                                                              \
    }
/* The same of a value that is not shown. */
#define NOT_YET_SECRET(name_, scope_, why_, doc_)                                                  \
    {                                                                                              \
        .name = (name_), .kind = PARAM_STRING, .scopes = PARAM_OF_##scope_, .secret = true,        \
        .care = PARAM_NOT_SUPPORTED, .why = (why_), .section = SECTION, .doc = (doc_)              \
    }
/* with_: WORDS(…), the parameters that it counts only with. */
#define NOT_YET_WITH(name_, kind_, scope_, same_, with_, why_, doc_)                               \
    {                                                                                              \
        .name = (name_), .kind = PARAM_##kind_, .scopes = PARAM_OF_##scope_,                       \
        .care = PARAM_NOT_SUPPORTED, .same = (same_), .only_with = (with_), .why = (why_),         \
        .section = SECTION, .doc = (doc_)                                                          \
    }
#define NO_MATTER(name_, kind_, scope_, why_, doc_)                                                \
    {                                                                                              \
        .name = (name_), .kind = PARAM_##kind_, .scopes = PARAM_OF_##scope_,                       \
        .care = PARAM_COSMETIC, .why = (why_), .section = SECTION, .doc = (doc_)                   \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#define YES WORDS("yes")
#define NO WORDS("no")
