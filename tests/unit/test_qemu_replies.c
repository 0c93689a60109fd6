/*
 * QMP answers of all forms. A QEMU that is broken, too old, or not one at all may say anything; the
 * node, which watches other guests too, must live on. Each life is an honest script with some of
 * its values put in another form.
 */
#include "tests/unit/liar_qemu.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LIVES 300

TestSuite(qemu_replies, .timeout = 240);

static struct params *params_of_vm(void)
{
    struct params *params = params_new();

    params_set(params, "vm_accelerator", "tcg", NULL);
    return params;
}

static unsigned live(const char *script)
{
    g_autoptr(params) params = params_of_vm();

    return liar_live(params, script, strlen(script));
}

/* Something that is not what was there. Transfer full. */
static json_t *other_form(GRand *rand)
{
    switch (g_rand_int_range(rand, 0, 10)) {
    case 0:
        return json_null();
    case 1:
        return json_true();
    case 2:
        return json_integer(g_rand_boolean(rand) ? INT64_MAX : INT64_MIN);
    case 3:
        return json_real(1e300);
    case 4:
        return json_string("");
    case 5:
        return json_string("a string, with \"quotes\", \x01 and a \xef\xbf\xbd");
    case 6:
        return json_array();
    case 7:
        return json_object();
    case 8:
        return json_pack("[n, i, {s:n}]", -1, "name");
    default:
        return json_pack("{s:{s:[]}, s:n, s:n}", "status", "x", "capability", "name");
    }
}

static unsigned count_values(json_t *value)
{
    unsigned count = 1;
    const char *key;
    json_t *inner;
    size_t i;

    json_array_foreach (value, i, inner)
        count += count_values(inner);
    json_object_foreach (value, key, inner)
        count += count_values(inner);
    return count;
}

/* value with the one of that number, counted from its top, in another form or left out. */
static json_t *with_lie(json_t *value, unsigned *number, GRand *rand)
{
    json_t *copy, *inner;
    const char *key;
    size_t i;

    if ((*number)-- == 0)
        return other_form(rand);
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach (value, i, inner)
            json_array_append_new(copy, with_lie(inner, number, rand));
        return copy;
    }
    if (!json_is_object(value))
        return json_incref(value);
    copy = json_object();
    json_object_foreach (value, key, inner) {
        json_t *other = with_lie(inner, number, rand);

        if (*number == (unsigned)-1 && other != inner && g_rand_int_range(rand, 0, 4) == 0)
            json_decref(other); /* left out */
        else
            json_object_set_new(copy, key, other);
    }
    return copy;
}

static char *lie_in(const char *line, GRand *rand)
{
    json_auto_t *value = json_loads(line, JSON_DECODE_ANY, NULL);
    unsigned number = (unsigned)g_rand_int_range(rand, 0, (int)count_values(value));
    json_auto_t *other = with_lie(value, &number, rand);

    return json_dumps(other, JSON_ENCODE_ANY);
}

/* The honest script with one to three lies; now and then a torn line, or a missing one. */
static char *make_script(GRand *rand)
{
    g_auto(GStrv) lines = g_strsplit(liar_honest_script, "\n", -1);
    unsigned n = g_strv_length(lines) - 1;

    for (int lies = g_rand_int_range(rand, 1, 4); lies > 0; lies--) {
        unsigned i = (unsigned)g_rand_int_range(rand, 0, (int)n);
        bool is_unasked = *lines[i] == '!';
        g_autofree char *lie = NULL;

        if (*lines[i] == '-')
            continue;
        lie = lie_in(lines[i] + is_unasked, rand);
        if (g_rand_int_range(rand, 0, 12) == 0)
            lie[strlen(lie) / 2] = '\0';
        g_free(lines[i]);
        lines[i] = g_strconcat(is_unasked ? "!" : "", lie, NULL);
    }
    return g_strjoinv("\n", lines);
}

/* So that the lies below are heard by all who listen. */
Test(qemu_replies, that_are_honest_lead_through_the_whole_life)
{
    liar_patience_ms = 10000;
    cr_assert_eq(live(liar_honest_script), LIAR_STEPS);
}

Test(qemu_replies, of_all_forms_do_no_harm)
{
    const char *given = g_getenv("VTMH_SEED");
    guint32 seed = given != NULL ? (guint32)g_ascii_strtoull(given, NULL, 10) : (guint32)time(NULL);
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);

    fprintf(stderr, "VTMH_SEED=%u\n", seed);
    for (unsigned i = 0; i < LIVES; i++) {
        g_autofree char *script = make_script(rand);

        live(script);
    }
}

Test(qemu_replies, a_capability_without_a_name_is_passed_over)
{
    g_auto(GStrv) parts = g_strsplit(liar_honest_script, "{\"capability\": \"events\"", -1);
    g_autofree char *script = g_strjoinv("{\"capability\": null", parts);

    cr_assert(g_strv_length(parts) > 3);
    live(script);
}

Test(qemu_replies, nothing_but_garbage)
{
    live("");
    live("!\n!{}\n!{\"event\": {}}\n!{\"id\": 1}\n!{\"QMP\": 1}\n[[[[\n");
    live("!{\"QMP\": 1}\n{}\n!{\"event\": \"STOP\", \"timestamp\": {\"seconds\": "
         "9223372036854775807, \"microseconds\": -1}, \"data\": 3}\n");
}
