#include "cfg/pattern.h"

#include <string.h>

struct pattern {
    GRegex *regex; /* NULL: a literal */
    struct slice literal;
    GByteArray *known; /* answers by the number of the key: 0 not asked yet, 1 no, 2 yes */
};

bool pattern_is_literal(const struct key *expression)
{
    for (uint32_t i = 0; i < expression->size; i++)
        if (strchr(".^$*+?{}[]\\|()", expression->text[i]))
            return false;
    return true;
}

struct pattern *pattern_new(const struct key *expression, GError **err)
{
    struct pattern *p = g_new0(struct pattern, 1);
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;

    p->literal = (struct slice){expression->text, expression->size};
    if (pattern_is_literal(expression))
        return p;
    text = g_strdup_printf("%.*s$", (int)expression->size, expression->text);
    p->regex = g_regex_new(text, G_REGEX_DOLLAR_ENDONLY, G_REGEX_MATCH_ANCHORED, &cause);
    p->known = g_byte_array_new();
    if (p->regex)
        return p;
    g_set_error(err, CFG_ERROR, CFG_ERROR_EXPAND, "the expression '%.*s' is broken: %s",
                (int)expression->size, expression->text, cause->message);
    pattern_free(p);
    return NULL;
}

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    g_clear_pointer(&p->regex, g_regex_unref);
    g_clear_pointer(&p->known, g_byte_array_unref);
    g_free(p);
}

bool pattern_match(struct pattern *p, const struct key *key)
{
    uint8_t *answer;

    if (!p->regex)
        return text_equal(p->literal, (struct slice){key->text, key->size});
    if (key->number >= p->known->len) {
        guint asked = p->known->len;

        g_byte_array_set_size(p->known, key->number + 256);
        memset(p->known->data + asked, 0, p->known->len - asked);
    }
    answer = &p->known->data[key->number];
    if (!*answer)
        *answer = g_regex_match_full(p->regex, key->text, key->size, 0, 0, NULL, NULL) ? 2 : 1;
    return *answer == 2;
}
