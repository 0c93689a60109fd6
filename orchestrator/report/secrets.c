#include "orchestrator/report/secrets.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_BYTES 4 /* what is shorter is found as a word only */

struct secrets {
    GPtrArray *words; /* char *: the longest first */
    size_t longest;
    bool begins[256]; /* whether a word begins with this byte */
};

struct secrets *secrets_new(void)
{
    struct secrets *secrets = g_new0(struct secrets, 1);

    secrets->words = g_ptr_array_new_with_free_func(g_free);
    return secrets;
}

void secrets_free(struct secrets *secrets)
{
    if (secrets == NULL)
        return;
    g_ptr_array_unref(secrets->words);
    g_free(secrets);
}

/* Longer words first: one may be the beginning of another. */
static int by_size(gconstpointer a, gconstpointer b)
{
    size_t left = strlen(*(const char *const *)a), right = strlen(*(const char *const *)b);

    return (left < right) - (left > right);
}

static void add_word(struct secrets *secrets, const char *word)
{
    if (g_ptr_array_find_with_equal_func(secrets->words, word, g_str_equal, NULL))
        return;
    g_ptr_array_add(secrets->words, g_strdup(word));
    g_ptr_array_sort(secrets->words, by_size);
    secrets->longest = MAX(secrets->longest, strlen(word));
    secrets->begins[(unsigned char)*word] = true;
}

static char *replace(const char *text, const char *what, const char *by)
{
    g_auto(GStrv) parts = g_strsplit(text, what, -1);

    return g_strjoinv(by, parts);
}

/* As it stands in JSON, without the quotes. */
static void add_as_json(struct secrets *secrets, const char *plain)
{
    json_t *string = json_string(plain);
    char *json = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

    json_decref(string);
    if (json == NULL)
        return;

    g_autofree char *inner = g_strndup(json + 1, strlen(json) - 2);

    add_word(secrets, inner);
    free(json);
}

void secrets_add(struct secrets *secrets, const char *value)
{
    g_autofree char *plain = g_strstrip(g_strdup(value));
    g_autofree char *option = replace(plain, ",", ",,");
    g_autofree char *shell = replace(plain, "'", "'\\''");

    if (*plain == '\0')
        return;
    add_word(secrets, plain);
    add_word(secrets, option);
    add_word(secrets, shell);
    add_as_json(secrets, plain);
}

static bool is_of_word(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

/* The size of the secret that begins at text[at]; 0: none does. */
static size_t match(const struct secrets *secrets, const char *text, size_t size, size_t at)
{
    if (!secrets->begins[(unsigned char)text[at]])
        return 0;
    for (unsigned i = 0; i < secrets->words->len; i++) {
        const char *word = g_ptr_array_index(secrets->words, i);
        size_t bytes = strlen(word);

        if (bytes > size - at || memcmp(text + at, word, bytes) != 0)
            continue;
        if (bytes < SHORT_BYTES && ((at > 0 && is_of_word(text[at - 1])) ||
                                    (at + bytes < size && is_of_word(text[at + bytes]))))
            continue;
        return bytes;
    }
    return 0;
}

/* Appends what of text is before `end` without secrets; returns where it has stopped. */
static size_t hide(const struct secrets *secrets, const char *text, size_t size, size_t begin,
                   size_t end, GString *out)
{
    size_t at = begin;

    while (at < end) {
        size_t found = match(secrets, text, size, at);

        if (found > 0)
            g_string_append(out, SECRETS_SHOWN);
        else
            g_string_append_c(out, text[at]);
        at += MAX(found, 1);
    }
    return at;
}

char *secrets_hide(const struct secrets *secrets, const char *text)
{
    GString *out;
    size_t size;

    if (text == NULL || secrets == NULL || secrets->words->len == 0)
        return g_strdup(text);
    size = strlen(text);
    out = g_string_sized_new(size);
    hide(secrets, text, size, 0, size, out);
    return g_string_free(out, FALSE);
}

/* The string stands in a message that is whole, or in it. */
static void hide_string(const struct secrets *secrets, vtmh_envelope *whole, char **place)
{
    g_autofree char *shown = secrets_hide(secrets, *place);

    if (*place != NULL && g_strcmp0(shown, *place) != 0)
        *place = message_add_text(whole, shown);
}

static void hide_strings(const struct secrets *secrets, vtmh_envelope *whole,
                         ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;

    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char *at = (char *)message + field->offset;
        bool is_chosen = !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
                         *(uint32_t *)((char *)message + field->quantifier_offset) == field->id;
        bool is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
        size_t n = 1;

        if (!is_chosen ||
            (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE))
            continue;
        if (is_list)
            n = *(size_t *)((char *)message + field->quantifier_offset);
        for (size_t k = 0; k < n; k++) {
            void **place = is_list ? *(void ***)at + k : (void **)at;

            if (*place == NULL || *place == field->default_value)
                continue;
            if (field->type == PROTOBUF_C_TYPE_STRING)
                hide_string(secrets, whole, (char **)place);
            else
                hide_strings(secrets, whole, *place);
        }
    }
}

void secrets_hide_message(const struct secrets *secrets, vtmh_envelope *message)
{
    if (secrets != NULL && secrets->words->len > 0)
        hide_strings(secrets, message, &message->base);
}

struct secrets_stream {
    const struct secrets *secrets;
    GString *held;   /* what has come and is not yet written */
    bool has_before; /* its first byte is written: short secrets look back at it */
};

struct secrets_stream *secrets_stream_new(const struct secrets *secrets)
{
    struct secrets_stream *stream = g_new0(struct secrets_stream, 1);

    stream->secrets = secrets;
    stream->held = g_string_new(NULL);
    return stream;
}

void secrets_stream_free(struct secrets_stream *stream)
{
    if (stream == NULL)
        return;
    g_string_free(stream->held, TRUE);
    g_free(stream);
}

GString *secrets_stream_feed(struct secrets_stream *stream, const void *data, size_t size,
                             bool is_last)
{
    const struct secrets *secrets = stream->secrets;
    GString *out = g_string_sized_new(size);
    size_t end, stopped;

    if (data != NULL)
        g_string_append_len(stream->held, data, (gssize)size);
    if (secrets == NULL || secrets->words->len == 0) {
        g_string_append_len(out, stream->held->str, (gssize)stream->held->len);
        g_string_truncate(stream->held, 0);
        return out;
    }
    size_t begin = stream->has_before ? 1 : 0;
    if (is_last)
        end = stream->held->len;
    else if (stream->held->len > secrets->longest + begin)
        end = stream->held->len - secrets->longest;
    else
        return out;
    stopped = hide(secrets, stream->held->str, stream->held->len, begin, MAX(begin, end), out);
    if (stopped > 0) {
        g_string_erase(stream->held, 0, (gssize)stopped - 1);
        stream->has_before = true;
    }
    return out;
}
