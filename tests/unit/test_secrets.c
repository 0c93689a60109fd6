#include "orchestrator/report/secrets.h"

#include "proto/vtmh.pb-c.h"

#include <criterion/criterion.h>
#include <string.h>

static struct secrets *make(void)
{
    struct secrets *secrets = secrets_new();

    secrets_add(secrets, " hunter2 ");
    secrets_add(secrets, "hunter2-long");
    secrets_add(secrets, "a,b'c\"d");
    secrets_add(secrets, "xyz");
    secrets_add(secrets, "");
    return secrets;
}

static void expect_hidden(const struct secrets *secrets, const char *text, const char *expected)
{
    g_autofree char *shown = secrets_hide(secrets, text);

    cr_expect_str_eq(shown, expected, "%s: %s", text, shown);
}

Test(secrets, are_hidden_however_they_are_spelt)
{
    g_autoptr(secrets) secrets = make();

    expect_hidden(secrets, "password=hunter2,x", "password=***,x");
    expect_hidden(secrets, "hunter2hunter2-long", "******");
    expect_hidden(secrets, "-spice password=a,,b'c\"d", "-spice password=***");
    expect_hidden(secrets, "{\"password\": \"a,b'c\\\"d\"}", "{\"password\": \"***\"}");
    expect_hidden(secrets, "'a,b'\\''c\"d'", "'***'");
    expect_hidden(secrets, "nothing of it", "nothing of it");
}

Test(secrets, short_ones_are_words)
{
    g_autoptr(secrets) secrets = make();

    expect_hidden(secrets, "xyz=xyz,wxyz xyzz x_xyz", "***=***,wxyz xyzz x_xyz");
}

Test(secrets, none_hide_nothing)
{
    g_autoptr(secrets) secrets = secrets_new();

    expect_hidden(secrets, "as it is", "as it is");
    expect_hidden(NULL, "as it is", "as it is");
    cr_expect_null(secrets_hide(secrets, NULL));
}

Test(secrets, are_hidden_in_every_string_of_a_message)
{
    g_autoptr(secrets) secrets = make();
    Vtmh__Envelope *envelope = calloc(1, sizeof(*envelope));
    Vtmh__Record *record = calloc(1, sizeof(*record));
    Vtmh__Migration *leg = calloc(1, sizeof(*leg));

    vtmh__envelope__init(envelope);
    vtmh__record__init(record);
    vtmh__migration__init(leg);
    envelope->body_case = VTMH__ENVELOPE__BODY_RECORD;
    envelope->record = record;
    record->body_case = VTMH__RECORD__BODY_LEG;
    record->leg = leg;
    leg->n_options = 2;
    leg->options = calloc(2, sizeof(char *));
    leg->options[0] = strdup("fine");
    leg->options[1] = strdup("hunter2");
    leg->vm = strdup("cannot log in with hunter2");
    secrets_hide_message(secrets, &envelope->base);
    cr_expect_str_eq(leg->vm, "cannot log in with ***");
    cr_expect_str_eq(leg->options[0], "fine");
    cr_expect_str_eq(leg->options[1], "***");
    vtmh__envelope__free_unpacked(envelope, NULL);
}

/* The text in pieces of every size, put together again. */
Test(secrets, are_found_across_the_pieces_of_a_file)
{
    static const char text[] = "hunter2 and hunter2-long, hunte r2 xyz wxyz xyz";
    g_autoptr(secrets) secrets = make();

    for (size_t piece = 1; piece <= sizeof(text); piece++) {
        struct secrets_stream *stream = secrets_stream_new(secrets);
        GString *whole = g_string_new(NULL);

        for (size_t at = 0; at < strlen(text); at += piece) {
            GString *some =
                secrets_stream_feed(stream, text + at, MIN(piece, strlen(text) - at), false);

            g_string_append_len(whole, some->str, (gssize)some->len);
            g_string_free(some, TRUE);
        }
        GString *rest = secrets_stream_feed(stream, NULL, 0, true);
        g_string_append_len(whole, rest->str, (gssize)rest->len);
        g_string_free(rest, TRUE);
        cr_expect_str_eq(whole->str, "*** and ***, hunte r2 *** wxyz ***", "%zu: %s", piece,
                         whole->str);
        g_string_free(whole, TRUE);
        secrets_stream_free(stream);
    }
}

Test(secrets, a_file_without_secrets_is_not_held_back)
{
    g_autoptr(secrets) secrets = secrets_new();
    struct secrets_stream *stream = secrets_stream_new(secrets);
    GString *some = secrets_stream_feed(stream, "a\0b", 3, false);

    cr_expect_eq(some->len, 3);
    g_string_free(some, TRUE);
    secrets_stream_free(stream);
}
