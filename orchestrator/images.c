#include "orchestrator/images.h"

#include "orchestrator/description.h"
#include "orchestrator/host_params.h"
#include "orchestrator/inventory_params.h"
#include "orchestrator/params_wire.h"
#include "orchestrator/tests.h"

#include <string.h>

#define AT_ONCE_BYTES (LINK_MAX_FRAME / 4) /* of parameters in a message */

/* Parameters that say where images are, beside those that images have themselves. */
static const char *const places[] = {"vms",   "images",   "data_dir",   "cdroms",
                                     "cdrom", "floppies", "floppy_name"};

/* One of these names a file, or images that have to be there. */
static const char *const files[] = {"image_name", "image_chain", "cdrom", "floppy_name"};

/* Tests whose images are the same. */
struct alike {
    GPtrArray *tests;   /* struct planned_test */
    GPtrArray *by_host; /* struct params: what is told to each */
    char *trouble, *host;
};

/* ---- what is told */

static bool speaks_of_images(const struct param_info *info)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++)
        if (strcmp(info->name, places[i]) == 0)
            return true;
    return (info->scopes & PARAM_PER_IMAGE) != 0;
}

/* Rows that speak of images; NULL-terminated, made once. */
static const char *const *image_names(void)
{
    static GPtrArray *names;

    if (names != NULL)
        return (const char *const *)names->pdata;
    names = g_ptr_array_new();
    for (const struct param_info *const *info = description_parameters(); *info != NULL; info++)
        if (speaks_of_images(*info))
            g_ptr_array_add(names, (char *)(*info)->name);
    g_ptr_array_add(names, NULL);
    return (const char *const *)names->pdata;
}

bool images_any(const struct params *params)
{
    struct params_iter key;

    params_iter_init(&key, params);
    while (params_iter_next(&key))
        for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
            if (param_key_is_of(key.key, files[i]) && *key.value != '\0')
                return true;
    return false;
}

struct params *images_params(const struct params *params)
{
    struct params *some = params_new();
    struct params_iter key;

    params_iter_init(&key, params);
    while (params_iter_next(&key))
        for (const char *const *name = image_names(); *name != NULL; name++)
            if (param_key_is_of(key.key, *name)) {
                params_set(some, key.key, key.value, key.origin);
                break;
            }
    return some;
}

static void add_text(GString *text, const struct params *params)
{
    struct params_iter key;

    params_iter_init(&key, params);
    while (params_iter_next(&key))
        g_string_append_printf(text, "%s=%s\n", key.key, key.value);
    g_string_append_c(text, '\n');
}

static void alike_free(gpointer data)
{
    struct alike *alike = data;

    g_ptr_array_unref(alike->tests);
    g_ptr_array_unref(alike->by_host);
    g_free(alike->trouble);
    g_free(alike->host);
    g_free(alike);
}

static void unref_params(gpointer params)
{
    params_unref(params);
}

static void add_test(GPtrArray *all, GHashTable *by_text, const struct planned_test *planned,
                     struct peer *const *peers, unsigned n_peers)
{
    g_autofree const char **names = g_new(const char *, n_peers);
    g_autofree const struct machine **machines = g_new(const struct machine *, n_peers);
    g_autoptr(params) params = params_copy(planned->params);
    g_autoptr(GPtrArray) by_host = g_ptr_array_new_with_free_func(unref_params);
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < n_peers; i++) {
        names[i] = peer_name(peers[i]);
        machines[i] = peers[i]->machine;
    }
    inventory_params_apply(params, machines, n_peers);
    for (unsigned i = 0; i < n_peers; i++) {
        g_autoptr(params) own = host_params(params, names, n_peers, i);
        g_ptr_array_add(by_host, images_params(own));
        add_text(text, g_ptr_array_index(by_host, i));
    }
    struct alike *alike = g_hash_table_lookup(by_text, text->str);
    if (alike == NULL) {
        alike = g_new0(struct alike, 1);
        alike->tests = g_ptr_array_new();
        alike->by_host = g_steal_pointer(&by_host);
        g_ptr_array_add(all, alike);
        g_hash_table_insert(by_text, g_strdup(text->str), alike);
    }
    g_ptr_array_add(alike->tests, (gpointer)planned);
}

/* Transfer full: struct alike. */
static GPtrArray *find_alike(struct peer *const *peers, unsigned n_peers, const GPtrArray *tests)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(alike_free);
    g_autoptr(GHashTable) by_text = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(tests, i);
        if (planned->skip == NULL && images_any(planned->params))
            add_test(all, by_text, planned, peers, n_peers);
    }
    return all;
}

/* ---- asking the hosts */

/* One host's part. */
struct asked {
    struct event came;
    Vtmh__ImagesSeen *seen;
    Vtmh__ImagesCompared *compared;
    peer_message_fn listener; /* who listens else */
    void *listener_arg;
};

struct question {
    struct peer *const *peers;
    unsigned n_peers;
    struct alike **some; /* those that this message is about */
    unsigned n_some;
    struct asked *asked; /* by host */
};

static void *copy_message(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    g_autofree uint8_t *bytes = g_malloc(size + 1);

    protobuf_c_message_pack(message, bytes);
    return protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
}

static void take_answer(struct peer *peer, const Vtmh__Envelope *envelope, void *arg)
{
    struct asked *asked = arg;
    (void)peer;

    if (envelope->body_case == VTMH__ENVELOPE__BODY_IMAGES_SEEN && asked->seen == NULL)
        asked->seen = copy_message(&envelope->images_seen->base);
    else if (envelope->body_case == VTMH__ENVELOPE__BODY_IMAGES_COMPARED &&
             asked->compared == NULL && envelope->images_compared->n_trouble > 0)
        asked->compared = copy_message(&envelope->images_compared->base);
    else if (envelope->body_case != VTMH__ENVELOPE__BODY_IMAGES_COMPARED)
        return;
    event_set(&asked->came);
}

static int await_all(struct question *question, int64_t deadline, GError **err)
{
    for (unsigned i = 0; i < question->n_peers; i++) {
        struct peer *peer = question->peers[i];
        struct event *const events[] = {&question->asked[i].came, &peer->goodbye,
                                        link_lost_event(peer->link)};
        int which = await_any(events, G_N_ELEMENTS(events), deadline, err);
        if (which > 0)
            g_set_error(err, LINK_ERROR, LINK_ERROR_LOST, "its node %s",
                        which == 1 ? "has ended" : "is no longer heard from");
        if (which != 0) {
            g_prefix_error(err, "%s: its images could not be looked at: ", peer_name(peer));
            return -1;
        }
        event_reset(&question->asked[i].came);
    }
    return 0;
}

void images_pack(Vtmh__TestParams *test, const struct params *params)
{
    vtmh__test_params__init(test);
    test->params = params_wire(params, &test->n_params);
}

void images_pack_clear(Vtmh__TestParams *test)
{
    g_free(test->params);
}

static int send_look(struct question *question, unsigned place, const char *token, GError **err)
{
    g_autofree Vtmh__TestParams *tests = g_new(Vtmh__TestParams, question->n_some);
    g_autofree char **names = g_new(char *, question->n_peers);
    g_autofree Vtmh__TestParams **list = g_new(Vtmh__TestParams *, question->n_some);
    Vtmh__LookAtImages body = VTMH__LOOK_AT_IMAGES__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    for (unsigned i = 0; i < question->n_some; i++) {
        images_pack(&tests[i], g_ptr_array_index(question->some[i]->by_host, place));
        list[i] = &tests[i];
    }
    for (unsigned i = 0; i < question->n_peers; i++)
        names[i] = (char *)peer_name(question->peers[i]);
    body.token = (char *)token;
    body.n_hosts = question->n_peers;
    body.hosts = names;
    body.self = place;
    body.n_tests = question->n_some;
    body.tests = list;
    envelope.body_case = VTMH__ENVELOPE__BODY_LOOK_AT_IMAGES;
    envelope.look_at_images = &body;
    int result = peer_send(question->peers[place], &envelope, err);
    for (unsigned i = 0; i < question->n_some; i++)
        images_pack_clear(&tests[i]);
    return result;
}

static int send_compare(struct question *question, unsigned n_hosts, GError **err)
{
    g_autofree Vtmh__ImagesSeen **hosts = g_new(Vtmh__ImagesSeen *, question->n_peers);
    Vtmh__CompareImages body = VTMH__COMPARE_IMAGES__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    for (unsigned i = 0; i < n_hosts; i++)
        hosts[i] = question->asked[i].seen;
    body.n_hosts = n_hosts;
    body.hosts = hosts;
    envelope.body_case = VTMH__ENVELOPE__BODY_COMPARE_IMAGES;
    envelope.compare_images = &body;
    for (unsigned i = 0; i < question->n_peers; i++)
        if (peer_send(question->peers[i], &envelope, err) < 0)
            return -1;
    return 0;
}

static void set_trouble(struct question *question, unsigned test, unsigned host, const char *text)
{
    struct alike *alike = question->some[test];

    if (alike->trouble != NULL || *text == '\0')
        return;
    alike->trouble = g_strdup(text);
    alike->host = g_strdup(peer_name(question->peers[host]));
}

/* What a host sees by itself comes before what it sees of another. */
static void take_troubles(struct question *question)
{
    for (unsigned h = 0; h < question->n_peers; h++) {
        const Vtmh__ImagesSeen *seen = question->asked[h].seen;
        for (unsigned t = 0; t < question->n_some && t < seen->n_tests; t++)
            set_trouble(question, t, h, seen->tests[t]->trouble);
    }
    for (unsigned h = 0; h < question->n_peers; h++) {
        const Vtmh__ImagesCompared *compared = question->asked[h].compared;
        for (unsigned t = 0; compared != NULL && t < question->n_some && t < compared->n_trouble;
             t++)
            set_trouble(question, t, h, compared->trouble[t]);
    }
}

/* A host that speaks of other tests, or of none, has not looked. */
static int check_answers(const struct question *question, bool are_compared, GError **err)
{
    for (unsigned i = 0; i < question->n_peers; i++) {
        const struct asked *asked = &question->asked[i];
        if (asked->seen != NULL && asked->seen->n_tests == question->n_some &&
            (!are_compared ||
             (asked->compared != NULL && asked->compared->n_trouble == question->n_some)))
            continue;
        g_set_error(err, LINK_ERROR, LINK_ERROR_PROTOCOL,
                    "%s: its images could not be looked at: its node does not say how they are",
                    peer_name(question->peers[i]));
        return -1;
    }
    return 0;
}

static int ask(struct question *question, int64_t deadline, GError **err)
{
    g_autofree char *token = g_uuid_string_random();

    for (unsigned i = 0; i < question->n_peers; i++)
        if (send_look(question, i, token, err) < 0)
            return -1;
    if (await_all(question, deadline, err) < 0 || check_answers(question, false, err) < 0)
        return -1;
    if (question->n_peers > 1 &&
        (send_compare(question, question->n_peers, err) < 0 ||
         await_all(question, deadline, err) < 0 || check_answers(question, true, err) < 0))
        return -1;
    take_troubles(question);
    return 0;
}

/* What the hosts have left is gone before a test looks for what is left behind. */
static int end(struct question *question, int64_t deadline, int result, GError **err)
{
    for (unsigned i = 0; i < question->n_peers; i++)
        event_reset(&question->asked[i].came);
    if (send_compare(question, 0, result == 0 ? err : NULL) < 0)
        return -1;
    return result == 0 ? await_all(question, deadline, err) : -1;
}

static int ask_about(struct question *question, int64_t deadline, GError **err)
{
    question->asked = g_new0(struct asked, question->n_peers);
    for (unsigned i = 0; i < question->n_peers; i++) {
        question->asked[i].listener = question->peers[i]->on_message;
        question->asked[i].listener_arg = question->peers[i]->arg;
        question->peers[i]->on_message = take_answer;
        question->peers[i]->arg = &question->asked[i];
    }
    int result = ask(question, deadline, err);
    result = end(question, deadline, result, err);
    for (unsigned i = 0; i < question->n_peers; i++) {
        struct asked *asked = &question->asked[i];
        question->peers[i]->on_message = asked->listener;
        question->peers[i]->arg = asked->listener_arg;
        if (asked->seen != NULL)
            vtmh__images_seen__free_unpacked(asked->seen, NULL);
        if (asked->compared != NULL)
            vtmh__images_compared__free_unpacked(asked->compared, NULL);
    }
    g_free(question->asked);
    return result;
}

static size_t size_of(const struct alike *alike)
{
    struct params_iter key;
    size_t size = 0;

    params_iter_init(&key, g_ptr_array_index(alike->by_host, 0));
    while (params_iter_next(&key))
        size += strlen(key.key) + strlen(key.value) + 64;
    return size;
}

static void trouble_free(gpointer data)
{
    struct image_trouble *trouble = data;

    g_free(trouble->host);
    g_free(trouble->text);
    g_free(trouble);
}

static GHashTable *collect(const GPtrArray *all)
{
    GHashTable *troubles = g_hash_table_new_full(NULL, NULL, NULL, trouble_free);

    for (unsigned i = 0; i < all->len; i++) {
        const struct alike *alike = g_ptr_array_index(all, i);
        for (unsigned t = 0; alike->trouble != NULL && t < alike->tests->len; t++) {
            struct image_trouble *trouble = g_new(struct image_trouble, 1);
            *trouble = (struct image_trouble){g_strdup(alike->host), g_strdup(alike->trouble)};
            g_hash_table_insert(troubles, g_ptr_array_index(alike->tests, t), trouble);
        }
    }
    return troubles;
}

GHashTable *images_look(struct peer *const *peers, unsigned n_peers, const GPtrArray *tests,
                        int64_t deadline, GError **err)
{
    g_autoptr(GPtrArray) all = find_alike(peers, n_peers, tests);

    for (unsigned i = 0; i < all->len;) {
        struct question question = {.peers = peers, .n_peers = n_peers};
        size_t bytes = 0;
        question.some = (struct alike **)all->pdata + i;
        while (i < all->len && (question.n_some == 0 || bytes < AT_ONCE_BYTES)) {
            bytes += size_of(g_ptr_array_index(all, i++));
            question.n_some++;
        }
        if (ask_about(&question, deadline, err) < 0)
            return NULL;
    }
    return collect(all);
}
