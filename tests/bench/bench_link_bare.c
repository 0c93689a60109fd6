#include "tests/bench/bench_link_bare.h"

#include "tests/bench/bare_link.h"
#include "tests/bench/node_process.h"

struct bare_echo {
    struct node_process process;
    uv_loop_t loop;
    struct bare_link *link;
    uint8_t *message;
    size_t size;
    GArray *times; /* ns */
    uint64_t begin_ns, end_ns;
};

static void on_node_message(struct bare_link *link, const void *data, size_t size, void *arg)
{
    (void)arg;
    if (size > 0)
        bare_send(link, data, size);
    else
        bare_close(link);
}

int bare_echo_node(void)
{
    return node_process_bare(false, on_node_message, NULL);
}

static void begin_trip(struct bare_echo *echo)
{
    echo->begin_ns = uv_hrtime();
    bare_send(echo->link, echo->message, echo->size);
}

static void on_answer(struct bare_link *link, const void *data, size_t size, void *arg)
{
    struct bare_echo *echo = arg;
    int64_t took = (int64_t)(uv_hrtime() - echo->begin_ns);

    (void)link;
    (void)data;
    (void)size;
    g_array_append_val(echo->times, took);
    if (uv_hrtime() < echo->end_ns)
        begin_trip(echo);
    else
        uv_stop(&echo->loop);
}

struct bare_echo *bare_echo_start(size_t size, GError **err)
{
    struct bare_echo *echo = g_new0(struct bare_echo, 1);
    g_autofree char *address = node_process_spawn(&echo->process, BARE_NODE_OPTION, err);

    uv_loop_init(&echo->loop);
    echo->size = size;
    echo->message = g_malloc0(size);
    if (address == NULL) {
        bare_echo_free(echo);
        return NULL;
    }
    echo->link = bare_connect(&echo->loop, address, NULL, on_answer, echo);
    return echo;
}

GArray *bare_echo_measure(struct bare_echo *echo, double for_s)
{
    echo->times = g_array_new(FALSE, FALSE, sizeof(int64_t));
    echo->end_ns = uv_hrtime() + (uint64_t)(for_s * 1e9);
    begin_trip(echo);
    uv_run(&echo->loop, UV_RUN_DEFAULT);
    return g_steal_pointer(&echo->times);
}

void bare_echo_free(struct bare_echo *echo)
{
    if (echo == NULL)
        return;
    if (echo->link != NULL) {
        bare_send(echo->link, NULL, 0);
        bare_close(echo->link);
        child_await(echo->process.child, deadline_in(NODE_PATIENCE_MS), NULL, NULL);
    }
    child_free(echo->process.child);
    uv_run(&echo->loop, UV_RUN_DEFAULT);
    uv_loop_close(&echo->loop);
    g_free(echo->message);
    g_free(echo);
}
