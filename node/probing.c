#include "node/probing.h"

#include "migration/net/prober.h"
#include "sync/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_BYTES 1024
#define WRITE_MS 1000

/* One end of it, as long as its fiber runs. */
struct end {
    struct node *node;
    uint64_t test, number;
    GStrv words;            /* of the prober that runs here; NULL: it runs elsewhere */
    struct stream *control; /* NULL: it has not begun */
    struct fiber *fiber;
    bool is_over; /* the other end says so */
};

static struct end *find(const struct node *node, uint64_t number)
{
    for (unsigned i = 0; i < node->probers->len; i++) {
        struct end *end = g_ptr_array_index(node->probers, i);

        if (end->number == number)
            return end;
    }
    return NULL;
}

static void say(const struct end *end, const char *line, char **words, bool is_over)
{
    Vtmh__Probing body = VTMH__PROBING__INIT;
    Vtmh__Envelope envelope = VTMH__ENVELOPE__INIT;

    body.test = end->test;
    body.number = end->number;
    body.n_words = words != NULL ? g_strv_length(words) : 0;
    body.words = words;
    body.line = (char *)(line != NULL ? line : "");
    body.over = is_over;
    envelope.body_case = VTMH__ENVELOPE__BODY_PROBING;
    envelope.probing = &body;
    node_send(end->node, &envelope);
}

/* Until there are no more lines. */
static void pass_lines(struct end *end)
{
    for (;;) {
        g_autofree char *line = stream_read_line(end->control, LINE_BYTES, DEADLINE_NEVER, NULL);

        if (line == NULL)
            return;
        say(end, line, NULL, false);
    }
}

/* A prober here, for a test elsewhere. */
static void serve(struct end *end)
{
    const struct host host = {
        .ops = &ledger_host_ops, .node = end->node->ledger, .name = end->node->name};
    g_autoptr(GError) error = NULL;
    g_autoptr(prober) prober = prober_open(&host, (const char *const *)end->words, &error);

    if (prober == NULL) {
        json_auto_t *answer = json_pack("{s:s}", "error", error->message);
        g_autofree char *line = json_dumps(answer, JSON_COMPACT);
        say(end, line, NULL, false);
        return;
    }
    end->control = prober_control(prober);
    pass_lines(end);
    end->control = NULL;
}

static int run(void *arg, GError **err)
{
    struct end *end = arg;

    (void)err;
    if (end->words != NULL)
        serve(end);
    else
        pass_lines(end);
    g_ptr_array_remove(end->node->probers, end);
    if (end->words == NULL)
        stream_close(end->control);
    if (!end->is_over)
        say(end, NULL, NULL, true);
    g_strfreev(end->words);
    g_free(end);
    return 0;
}

static void begin(struct end *end)
{
    g_ptr_array_add(end->node->probers, end);
    end->fiber = scope_spawn_detached(end->node->scope, "prober", run, end);
}

/* They are few and short: that there is no room for them is the end of it. */
static void take_line(struct end *end, const char *line)
{
    g_autofree char *whole = g_strconcat(line, "\n", NULL);

    if (end->control != NULL &&
        stream_write(end->control, whole, strlen(whole), deadline_in(WRITE_MS), NULL) < 0)
        fiber_cancel(end->fiber, NULL);
}

void probing_message(struct node *node, const Vtmh__Probing *message)
{
    struct end *end = find(node, message->number);

    if (end == NULL && message->n_words > 0) {
        end = g_new0(struct end, 1);
        end->node = node;
        end->test = message->test;
        end->number = message->number;
        end->words = g_new0(char *, message->n_words + 1);
        for (size_t i = 0; i < message->n_words; i++)
            end->words[i] = g_strdup(message->words[i]);
        begin(end);
    } else if (end != NULL && message->over) {
        end->is_over = true;
        fiber_cancel(end->fiber, NULL);
    } else if (end != NULL) {
        take_line(end, message->line);
    }
}

int probing_open(struct node *node, uint64_t test, const char *const *words, GError **err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "socketpair: %s", g_strerror(errno));
        return -1;
    }
    struct stream *control = stream_new(pair[1], err);
    if (control == NULL) {
        close(pair[0]);
        return -1;
    }
    struct end *end = g_new0(struct end, 1);
    end->node = node;
    end->test = test;
    end->number = (uint64_t)g_random_int() << 32 | g_random_int();
    end->control = control;
    say(end, NULL, (char **)words, false);
    begin(end);
    return pair[0];
}
