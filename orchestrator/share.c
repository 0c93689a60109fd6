#include "orchestrator/share.h"

#include "orchestrator/description.h"
#include "orchestrator/host_params.h"
#include "orchestrator/images.h"
#include "orchestrator/inventory_params.h"
#include "orchestrator/tests.h"

#include <string.h>
#include <unistd.h>

static void claim_free(gpointer data)
{
    struct share_claim *claim = data;

    g_free(claim->value);
    g_free(claim);
}

static void add_claim(GPtrArray *claims, const struct param_info *info, const char *value)
{
    for (unsigned i = 0; i < claims->len; i++) {
        const struct share_claim *known = g_ptr_array_index(claims, i);
        if (known->parameter == info->name && strcmp(known->value, value) == 0)
            return;
    }
    struct share_claim *claim = g_new(struct share_claim, 1);
    *claim = (struct share_claim){info->claim, info->name, g_strdup(value)};
    g_ptr_array_add(claims, claim);
}

/* What stands in params, of a VM or of the host as a whole. */
static void collect(const struct params *params, GPtrArray *claims)
{
    const struct param_info *const *info = description_parameters();

    for (; *info != NULL; info++) {
        const char *value = (*info)->claim != NULL ? params_get(params, (*info)->name) : NULL;
        g_autofree char *plain = value != NULL ? g_strstrip(g_strdup(value)) : NULL;
        if (plain != NULL && *plain != '\0' && !param_value_equal(*info, plain, (*info)->fallback))
            add_claim(claims, *info, plain);
    }
}

/* Spares most tests the views of their objects. */
static bool may_claim(const struct params *params, const struct machine *machine)
{
    struct params_iter key;

    params_iter_init(&key, params);
    while (params_iter_next(&key))
        for (const struct param_info *const *info = description_parameters(); *info != NULL; info++)
            if ((*info)->claim != NULL && g_str_has_prefix(key.key, (*info)->name))
                return true;
    for (const struct param_info *const *info = description_parameters(); *info != NULL; info++)
        if ((*info)->claim != NULL && machine_label(machine, (*info)->name) != NULL)
            return true;
    return false;
}

/* As the machine gets a test at this place; whoever is at the others does not matter. Transfer
 * full. */
static struct params *host_view(const struct params *test, const struct machine *machine,
                                unsigned n_hosts, unsigned place)
{
    g_autofree const char **names = g_new(const char *, n_hosts);
    g_autofree const struct machine **machines = g_new(const struct machine *, n_hosts);
    g_autoptr(params) tuple = params_copy(test);
    for (unsigned i = 0; i < n_hosts; i++) {
        names[i] = "";
        machines[i] = machine;
    }
    inventory_params_apply(tuple, machines, n_hosts);
    return host_params(tuple, names, n_hosts, place);
}

static void collect_test(const struct params *test, const struct machine *machine, unsigned n_hosts,
                         unsigned place, GPtrArray *claims)
{
    g_autoptr(params) host = host_view(test, machine, n_hosts, place);
    const char *vms = description_value(host, "vms");
    g_auto(GStrv) words = g_strsplit_set(vms != NULL ? vms : "", " \t\n", -1);

    for (char **vm = words; *vm != NULL; vm++) {
        g_autoptr(params) own = **vm != '\0' ? params_object_params(host, *vm) : NULL;
        if (own != NULL)
            collect(own, claims);
    }
}

GPtrArray *share_claims(const GPtrArray *tests, const struct machine *machine, unsigned n_hosts,
                        unsigned place)
{
    GPtrArray *claims = g_ptr_array_new_with_free_func(claim_free);

    for (unsigned i = 0; i < tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(tests, i);
        if (planned->skip != NULL || !may_claim(planned->params, machine))
            continue;
        for (unsigned p = 0; p < n_hosts; p++)
            if (p == place || place == SHARE_ANY_PLACE)
                collect_test(planned->params, machine, n_hosts, p, claims);
    }
    return claims;
}

static void unref_params(gpointer params)
{
    params_unref(params);
}

static char *text_of(const struct params *params)
{
    GString *text = g_string_new(NULL);
    struct params_iter key;

    params_iter_init(&key, params);
    while (params_iter_next(&key))
        g_string_append_printf(text, "%s=%s\n", key.key, key.value);
    return g_string_free(text, FALSE);
}

/* What the tests say of their images on the machine, each once. Transfer full: struct params. */
static GPtrArray *collect_images(const struct share_request *request, const struct machine *machine,
                                 unsigned place)
{
    GPtrArray *images = g_ptr_array_new_with_free_func(unref_params);
    g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (unsigned i = 0; i < request->tests->len; i++) {
        const struct planned_test *planned = g_ptr_array_index(request->tests, i);
        if (planned->skip != NULL || !images_any(planned->params))
            continue;
        for (unsigned p = 0; p < request->n_hosts; p++) {
            if (p != place && place != SHARE_ANY_PLACE)
                continue;
            g_autoptr(params) host = host_view(planned->params, machine, request->n_hosts, p);
            g_autoptr(params) own = images_params(host);
            if (g_hash_table_add(known, text_of(own)))
                g_ptr_array_add(images, params_ref(own));
        }
    }
    return images;
}

/* Who runs vtmh, and where. */
static char *owner(void)
{
    return g_strdup_printf("%s@%s", g_get_user_name(), g_get_host_name());
}

static int send_claims(struct peer *peer, const struct share_request *request, unsigned place,
                       GError **err)
{
    g_autoptr(GPtrArray) claims =
        share_claims(request->tests, peer->machine, request->n_hosts, place);
    g_autofree Vtmh__Claim *entries = g_new(Vtmh__Claim, claims->len);
    g_autofree Vtmh__Claim **list = g_new(Vtmh__Claim *, claims->len);
    g_autoptr(GPtrArray) images = collect_images(request, peer->machine, place);
    g_autofree Vtmh__TestParams *tests = g_new(Vtmh__TestParams, images->len);
    g_autofree Vtmh__TestParams **test_list = g_new(Vtmh__TestParams *, images->len);
    g_autofree char *who = owner();
    Vtmh__Claims body = VTMH__CLAIMS__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    for (unsigned i = 0; i < claims->len; i++) {
        const struct share_claim *claim = g_ptr_array_index(claims, i);
        entries[i] = (Vtmh__Claim)VTMH__CLAIM__INIT;
        entries[i].kind = (char *)claim->kind;
        entries[i].parameter = (char *)claim->parameter;
        entries[i].value = claim->value;
        list[i] = &entries[i];
    }
    body.job = (char *)request->job;
    body.owner = who;
    body.pid = getpid();
    body.alone = request->alone;
    body.n_claims = claims->len;
    body.claims = list;
    for (unsigned i = 0; i < images->len; i++) {
        images_pack(&tests[i], g_ptr_array_index(images, i));
        test_list[i] = &tests[i];
    }
    body.n_images = images->len;
    body.images = test_list;
    envelope.body_case = VTMH__ENVELOPE__BODY_CLAIMS;
    envelope.claims = &body;
    int result = peer_send(peer, &envelope, err);
    for (unsigned i = 0; i < images->len; i++)
        images_pack_clear(&tests[i]);
    return result;
}

struct answer {
    struct event came;
    char *refused;
};

static void take_answer(struct peer *peer, const Vtmh__Envelope *envelope, void *arg)
{
    struct answer *answer = arg;

    (void)peer;
    if (envelope->body_case != VTMH__ENVELOPE__BODY_CLAIMED || event_is_set(&answer->came))
        return;
    answer->refused = g_strdup(envelope->claimed->refused);
    event_set(&answer->came);
}

static int await_answer(struct peer *peer, struct answer *answer, int64_t deadline, GError **err)
{
    struct event *const events[] = {&answer->came, &peer->goodbye, link_lost_event(peer->link)};
    int which = await_any(events, G_N_ELEMENTS(events), deadline, err);

    if (which > 0)
        g_set_error(err, LINK_ERROR, LINK_ERROR_LOST, "its node %s",
                    which == 1 ? "has ended" : "is no longer heard from");
    if (which == 0 && *answer->refused != '\0')
        g_set_error_literal(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, answer->refused);
    else if (which != 0)
        g_prefix_error(err, "no answer to what this job keeps for itself: ");
    return which == 0 && *answer->refused == '\0' ? 0 : -1;
}

static int take_on(struct peer *peer, const struct share_request *request, unsigned place,
                   int64_t deadline, GError **err)
{
    struct answer answer = {0};
    int result = -1;

    peer->on_message = take_answer;
    peer->arg = &answer;
    if (send_claims(peer, request, place, err) == 0)
        result = await_answer(peer, &answer, deadline, err);
    peer->on_message = NULL;
    g_free(answer.refused);
    if (result < 0)
        g_prefix_error(err, "%s: ", peer_name(peer));
    return result;
}

static int compare_hosts(const void *a, const void *b)
{
    const struct peer *one = *(struct peer *const *)a, *other = *(struct peer *const *)b;
    int order = g_strcmp0(one->boot_id, other->boot_id);

    return order != 0 ? order : (int)one->index - (int)other->index;
}

static unsigned place_of(const struct peer *peer, struct peer *const *peers)
{
    unsigned place = 0;

    while (peers[place] != peer)
        place++;
    return place;
}

int share_take(struct peer *const *peers, unsigned n_peers, const struct share_request *request,
               int64_t deadline, struct peer **refusing, GError **err)
{
    g_autofree struct peer **ordered = g_memdup2(peers, n_peers * sizeof(struct peer *));

    qsort(ordered, n_peers, sizeof(struct peer *), compare_hosts);
    for (unsigned i = 0; i < n_peers; i++) {
        unsigned place =
            n_peers == request->n_hosts ? place_of(ordered[i], peers) : SHARE_ANY_PLACE;
        if (take_on(ordered[i], request, place, deadline, err) == 0)
            continue;
        *refusing = ordered[i];
        return -1;
    }
    return 0;
}
