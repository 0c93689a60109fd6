#include "node/surveying.h"

#include "migration/storage/survey.h"

#define BEFORE_MS 60000 /* for a survey that nobody waits for any more */

struct surveying {
    struct node *node;
    struct host host;
    Vtmh__LookAtImages *request; /* a copy: messages go when they are handled */
    struct survey *survey;
    struct surveying *before; /* what is to be ended first */
    struct event idle;        /* no fiber is at it */
};

struct comparing {
    struct node *node;
    Vtmh__CompareImages *body;
};

void surveying_free(struct surveying *surveying)
{
    if (surveying == NULL)
        return;
    surveying_free(surveying->before);
    survey_free(surveying->survey);
    vtmh__look_at_images__free_unpacked(surveying->request, NULL);
    g_free(surveying);
}

/* A copy of a message, by the way of its packed form. */
static void *copy_message(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    g_autofree uint8_t *bytes = g_malloc(size + 1);

    protobuf_c_message_pack(message, bytes);
    return protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
}

/* Too much to tell is trouble of every test. */
static void send_seen(struct node *node, const Vtmh__ImagesSeen *seen)
{
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    envelope.body_case = VTMH__ENVELOPE__BODY_IMAGES_SEEN;
    envelope.images_seen = (Vtmh__ImagesSeen *)seen;
    node_send(node, &envelope);
}

static int look(void *arg, GError **err)
{
    struct surveying *surveying = arg;

    /* Its coordinator has given it up. */
    if (surveying->before != NULL &&
        await_event(&surveying->before->idle, deadline_in(BEFORE_MS), err) < 0)
        return -1;
    surveying_free(g_steal_pointer(&surveying->before));
    send_seen(surveying->node, survey_look(surveying->survey));
    event_set(&surveying->idle);
    return 0;
}

void surveying_start(struct node *node, const Vtmh__LookAtImages *body)
{
    struct surveying *surveying = g_new0(struct surveying, 1);

    surveying->node = node;
    surveying->host =
        (struct host){.ops = &ledger_host_ops, .node = node->ledger, .name = node->name};
    surveying->request = copy_message(&body->base);
    surveying->survey = survey_new(&surveying->host, surveying->request);
    surveying->before = node->surveying;
    node->surveying = surveying;
    scope_spawn_detached(node->scope, "images", look, surveying);
}

static void send_compared(struct node *node, GStrv troubles)
{
    Vtmh__ImagesCompared body = VTMH__IMAGES_COMPARED__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    body.n_trouble = troubles != NULL ? g_strv_length(troubles) : 0;
    body.trouble = troubles;
    envelope.body_case = VTMH__ENVELOPE__BODY_IMAGES_COMPARED;
    envelope.images_compared = &body;
    node_send(node, &envelope);
}

static int compare(void *arg, GError **err)
{
    struct comparing *comparing = arg;
    struct node *node = comparing->node;
    (void)err;

    if (comparing->body->n_hosts == 0) {
        surveying_free(g_steal_pointer(&node->surveying));
        send_compared(node, NULL);
    } else if (node->surveying != NULL && event_is_set(&node->surveying->idle)) {
        struct surveying *surveying = node->surveying;
        event_reset(&surveying->idle);
        g_auto(GStrv) troubles = survey_compare(surveying->survey, comparing->body);
        send_compared(node, troubles);
        event_set(&surveying->idle);
    }
    vtmh__compare_images__free_unpacked(comparing->body, NULL);
    g_free(comparing);
    return 0;
}

void surveying_compare(struct node *node, const Vtmh__CompareImages *body)
{
    struct comparing *comparing = g_new0(struct comparing, 1);

    comparing->node = node;
    comparing->body = copy_message(&body->base);
    scope_spawn_detached(node->scope, "images", compare, comparing);
}
