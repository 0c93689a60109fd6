/* What fibers of a test do, one word after the other: their order is the result of such tests. */
#pragma once

#include <criterion/criterion.h>
#include <glib.h>

static GString *journal;

static void note(const char *what)
{
    if (journal->len > 0)
        g_string_append_c(journal, ' ');
    g_string_append(journal, what);
}

/* For .init and .fini of the suite. */
static void journal_open(void)
{
    journal = g_string_new(NULL);
}

static void journal_close(void)
{
    g_string_free(journal, TRUE);
}
