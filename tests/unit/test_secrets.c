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
    char *options[] = {(char *)"fine", (char *)"hunter2"};
    Vtmh__Envelope sent = VTMH__ENVELOPE__INIT;
    Vtmh__Record record = VTMH__RECORD__INIT;
    Vtmh__Migration leg = VTMH__MIGRATION__INIT;
    g_autoptr(vtmh_envelope) envelope = NULL;
    g_autofree uint8_t *packed = NULL;

    sent.body_case = VTMH__ENVELOPE__BODY_RECORD;
    sent.record = &record;
    record.body_case = VTMH__RECORD__BODY_LEG;
    record.leg = &leg;
    leg.n_options = G_N_ELEMENTS(options);
    leg.options = options;
    leg.vm = (char *)"cannot log in with hunter2";
    packed = g_malloc(vtmh__envelope__get_packed_size(&sent));
    envelope = message_unpack(packed, vtmh__envelope__pack(&sent, packed));
    cr_assert_not_null(envelope);
    secrets_hide_message(secrets, envelope);
    cr_expect_str_eq(envelope->record->leg->vm, "cannot log in with ***");
    cr_expect_str_eq(envelope->record->leg->options[0], "fine");
    cr_expect_str_eq(envelope->record->leg->options[1], "***");
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
