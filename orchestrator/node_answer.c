#include "orchestrator/node_answer.h"

#include "orchestrator/deploy.h"
#include "proto/link.h"

#include <jansson.h>

#define MAX_WORDS 400 /* bytes of a machine's words that an error message repeats */

char *node_answer_last_words(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);

    for (guint i = g_strv_length(lines); i > 0; i--) {
        char *line = g_strstrip(lines[i - 1]);

        if (*line != '\0') {
            return g_utf8_make_valid(line, MIN(strlen(line), (size_t)MAX_WORDS));
        }
    }
    return g_strdup("");
}

static int fail_without_answer(const char *out, const char *errors, const char *ending,
                               GError **err)
{
    g_autofree char *said = node_answer_last_words(errors);
    g_autofree char *printed = node_answer_last_words(out);
    const char *words = *said != '\0' ? said : printed;

    if (ending == NULL)
        ending = "it ended without its answer";
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "the node did not start: %s%s%s", ending,
                *words != '\0' ? ": " : "", words);
    return -1;
}

static int check_protocol(const json_t *object, GError **err)
{
    json_int_t protocol = json_integer_value(json_object_get(object, "protocol"));
    const char *version = json_string_value(json_object_get(object, "version"));

    if (protocol == LINK_PROTOCOL_VERSION)
        return 0;
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST,
                "its node (vtmh %s) speaks protocol %lld, this vtmh speaks %d",
                version != NULL ? version : "of unknown version", (long long)protocol,
                LINK_PROTOCOL_VERSION);
    return -1;
}

static int read_answer(const json_t *object, struct node_answer *answer, GError **err)
{
    const char *error = json_string_value(json_object_get(object, "error"));
    const char *version = json_string_value(json_object_get(object, "version"));
    const char *address = json_string_value(json_object_get(object, "address"));
    json_int_t pid = json_integer_value(json_object_get(object, "pid"));

    if (error != NULL) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "the node did not start: %s", error);
        return -1;
    }
    if (check_protocol(object, err) < 0)
        return -1;
    if (version == NULL || address == NULL || pid <= 1 || pid > G_MAXINT32) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START,
                    "the node's answer lacks its version, address or pid");
        return -1;
    }
    *answer = (struct node_answer){
        .version = g_strdup(version), .address = g_strdup(address), .pid = (pid_t)pid};
    return 0;
}

int node_answer_parse(const char *out, const char *errors, const char *ending,
                      struct node_answer *answer, GError **err)
{
    /* A login shell's start files may have printed something before; the answer comes last. */
    g_autofree char *line = node_answer_last_words(out);
    json_t *object = json_loads(line, 0, NULL);
    int result;

    if (!json_is_object(object)) {
        json_decref(object);
        return fail_without_answer(out, errors, ending, err);
    }
    if (ending != NULL && json_object_get(object, "error") == NULL)
        result = fail_without_answer("", errors, ending, err);
    else
        result = read_answer(object, answer, err);
    json_decref(object);
    return result;
}

int node_answer_clean_up_failed(const char *errors, const char *ending, GError **err)
{
    g_autofree char *words = node_answer_last_words(errors);

    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_START, "cleaning up: %s%s%s", ending,
                *words != '\0' ? ": " : "", words);
    return -1;
}

void node_answer_clear(struct node_answer *answer)
{
    g_clear_pointer(&answer->version, g_free);
    g_clear_pointer(&answer->address, g_free);
    answer->pid = 0;
}
