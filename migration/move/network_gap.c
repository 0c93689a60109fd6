#include "migration/move/network_gap.h"

#include "migration/machine/nic.h"
#include "migration/net/prober.h"
#include "migration/params.h"

#define HEARD_MS 10000 /* for the guest to answer the first time */
#define ASK_MS 10000   /* for the prober to begin, for a command in the guest */
#define BASELINE_MS 1000
#define SILENT_MS 5000 /* announcements are over after a second */

static bool is_wanted(const struct seat *seat)
{
    return seat->request.network_gap != NETWORK_GAP_NO;
}

/* Somebody else, if all attempts of the leg are known to him: a leg that is tried again is not. A
 * host outside of the test is spoken with by the destination. */
static unsigned observer_of(const struct seat *seat, const struct leg_plan *leg)
{
    for (unsigned i = 0;
         i < seat->test->n_hosts && seat->request.retries == 0 && seat->request.client == NULL; i++)
        if (i != leg->source && i != leg->destination)
            return i;
    return leg->destination;
}

/* The first card that is on a bridge. Transfer full; NULL: none is. */
static char *card_of(const struct seat *seat)
{
    g_auto(GStrv) names = param_list(seat->params, "nics");

    for (char **name = names; seat->boot->network && *name != NULL; name++) {
        g_autoptr(params) card = params_object_params(seat->params, *name);

        if (nic_is_on_bridge(card))
            return g_strdup(*name);
    }
    return NULL;
}

int network_gap_check(const struct seat *seat, GError **err)
{
    if (!is_wanted(seat))
        return 0;
    g_autofree char *card = card_of(seat);
    if (card == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "network_gap is not supported: %s has no card on a bridge (nettype = bridge)",
                    seat->name);
        return -1;
    }
    if (seat->request.boots || seat->request.offline) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "network_gap is not supported: %s is not on the network before it moves (%s)",
                    seat->name,
                    seat->request.offline  ? "mig_offline"
                    : seat->request.pauses ? "paused_after_start_vm"
                                           : "start_migration_timeout");
        return -1;
    }
    if (seat->request.client != NULL || prober_check(err) == 0)
        return 0;
    g_prefix_error(err, "network_gap is not supported on %s: ", seat->test->host->name);
    return -1;
}

/* ---- meetings of the observer with one end */

struct meet {
    const struct seat *seat;
    const struct leg_plan *leg;
    unsigned who[2];
};

static struct meet meet_source(const struct seat *seat, const struct leg_plan *leg)
{
    return (struct meet){seat, leg, {leg->source, observer_of(seat, leg)}};
}

static struct meet meet_destination(const struct seat *seat, const struct leg_plan *leg)
{
    return (struct meet){seat, leg, {leg->destination, observer_of(seat, leg)}};
}

/* What the other says. mine: transfer full. Transfer full. */
static json_t *exchange(const struct meet *meet, const char *what, json_t *mine, GError **err)
{
    struct test *test = meet->seat->test;
    g_autofree char *tag = g_strdup_printf("%s %s", what, meet->seat->name);
    const struct move_request *request = &meet->seat->request;
    const struct test_meeting meeting = {
        .tag = tag,
        .scope = leg_scope(meet->leg),
        .who = meet->who,
        .n_who = G_N_ELEMENTS(meet->who),
        /* A host that has no part in the leg comes here at once. */
        .timeout_ms = request->timeout_ms + request->login_ms + request->work_ms +
                      HANDOVER_CHECK_MS + 4 * seat_patience_ms(meet->seat, HANDOVER_START_MS),
    };
    unsigned other = meet->who[0] == test->self ? meet->who[1] : meet->who[0];
    g_autoptr(GPtrArray) answers = NULL;

    if (test_exchange(test, &meeting, mine, &answers, err) < 0)
        return NULL;
    return json_incref(g_ptr_array_index(answers, other));
}

static int barrier(const struct meet *meet, const char *what, GError **err)
{
    json_auto_t *answer = exchange(meet, what, json_object(), err);

    return answer != NULL ? 0 : -1;
}

/* ---- the source */

/* The guest asks by itself until it is told otherwise, or to ask another. */
static int let_ping(const struct seat *seat, const char *address, GError **err)
{
    g_autofree char *quoted = g_shell_quote(address);
    g_autofree char *command =
        g_strdup_printf("p=/tmp/vtmh-ping.pid; [ ! -e $p ] || kill $(cat $p) 2>/dev/null; "
                        "ping -i 0.01 -q %s </dev/null >/dev/null 2>&1 & echo $! >$p",
                        quoted);
    int status = 0;

    if (guest_run(seat->guest, command, deadline_in(ASK_MS), &status, NULL, err) < 0)
        return -1;
    if (status == 0)
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST, "guest of %s does not begin to ask: status %d",
                seat->name, status);
    return -1;
}

int network_gap_let_ask(struct handover *h, GError **err)
{
    struct seat *seat = h->seat;
    const struct meet meet = meet_source(seat, h->leg);

    if (!is_wanted(seat))
        return 0;
    SEAT_DOING(seat, BLAME_TESTBED, "letting it be asked over the network");
    g_autofree char *card = card_of(seat);
    json_auto_t *addresses = vm_addresses(seat->vm);
    const char *address = json_string_value(json_object_get(addresses, card));
    if (address == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "network_gap: no address of %s of %s is known (parameter ip, or ARP on its "
                    "bridge)",
                    card, seat->name);
        return -1;
    }
    json_auto_t *probe = exchange(&meet, "probe", json_pack("{s:s}", "address", address), err);
    json_auto_t *probing = probe != NULL ? exchange(&meet, "probing", json_object(), err) : NULL;
    const char *from = json_string_value(json_object_get(probing, "from"));
    if (probing == NULL)
        return -1;
    if (seat->request.network_gap == NETWORK_GAP_BOTH &&
        let_ping(seat, from != NULL ? from : "", err) < 0)
        return -1;
    if (await_deadline(deadline_in(BASELINE_MS), err) < 0)
        return -1;
    return barrier(&meet, "baseline", err);
}

/* ---- the observer */

/* Transfer full. */
static struct prober *begin(const struct seat *seat, const struct leg_plan *leg, GError **err)
{
    const struct meet meet = meet_source(seat, leg);
    json_auto_t *probe = exchange(&meet, "probe", json_object(), err);
    const char *address = json_string_value(json_object_get(probe, "address"));
    g_autofree char *name = card_of(seat);

    if (probe == NULL)
        return NULL;
    if (address == NULL || name == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "the source says no address of %s", seat->name);
        return NULL;
    }
    g_autoptr(params) card = params_object_params(seat->params, name);
    const struct prober_spec spec = {
        .host = seat->test->host,
        .address = address,
        .mac = param_text(card, "mac"),
        .hears = seat->request.network_gap == NETWORK_GAP_BOTH,
        .says = seat->request.network_gap == NETWORK_GAP_SILENT,
        .client = seat->request.client,
    };
    g_autoptr(prober) prober = prober_start(&spec, deadline_in(ASK_MS), err);
    if (prober == NULL || prober_await_heard(prober, deadline_in(HEARD_MS), err) < 0)
        return NULL;
    json_auto_t *probing =
        exchange(&meet, "probing", json_pack("{s:s}", "from", prober_from(prober)), err);
    if (probing == NULL || barrier(&meet, "baseline", err) < 0 || prober_begin(prober, err) < 0)
        return NULL;
    return g_steal_pointer(&prober);
}

static json_t *end(struct prober *prober, GError **err)
{
    return prober_end(prober, deadline_in(PROBER_LATE_MS + ASK_MS), err);
}

/* As a fiber of the leg, which an abort of that ends. */
struct observing {
    struct seat *seat;
    const struct leg_plan *leg;
    GError *error;
};

static int observe(struct observing *observing, GError **err)
{
    const struct meet meet = meet_destination(observing->seat, observing->leg);
    g_autoptr(prober) prober = begin(observing->seat, observing->leg, err);

    if (prober == NULL || barrier(&meet, "runs", err) < 0)
        return -1;
    json_t *found = end(prober, err);
    json_auto_t *answer = found != NULL ? exchange(&meet, "probed", found, err) : NULL;
    return answer != NULL ? 0 : -1;
}

static int run_observer(void *arg, GError **err)
{
    struct observing *observing = arg;

    (void)err;
    observe(observing, &observing->error);
    return 0;
}

int network_gap_observe(struct seat *seat, const struct leg_plan *leg, GError **err)
{
    struct test *test = seat->test;
    struct observing observing = {.seat = seat, .leg = leg};

    if (!is_wanted(seat) || observer_of(seat, leg) != test->self)
        return 0;
    SEAT_IN_LEG(seat, leg->number);
    DOING(BLAME_TESTBED, "asking it over the network while it moves");
    struct scope *fibers = scope_open("observer");
    test->ops->begin_scope(test->node, leg_scope(leg), fibers);
    scope_spawn(fibers, "observer", run_observer, &observing);
    scope_close(fibers, NULL);
    test->ops->end_scope(test->node, leg_scope(leg));
    if (observing.error == NULL)
        return 0;
    /* What ended the leg alone is told by its ends. */
    if (leg_may_fail(leg) && !fiber_is_cancelled()) {
        g_clear_error(&observing.error);
        return 0;
    }
    g_propagate_error(err, observing.error);
    return -1;
}

/* ---- the destination */

int network_gap_begin(struct handover *h, GError **err)
{
    if (!is_wanted(h->seat) || observer_of(h->seat, h->leg) != h->leg->destination)
        return 0;
    SEAT_DOING(h->seat, BLAME_TESTBED, "asking it over the network");
    h->prober = begin(h->seat, h->leg, err);
    return h->prober != NULL ? 0 : -1;
}

const char *network_gap_place(int64_t from_us, int64_t to_us, int64_t stopped_us,
                              int64_t resumed_us)
{
    if (stopped_us == 0 || resumed_us == 0 || to_us == 0)
        return "";
    if (to_us <= stopped_us)
        return "setup";
    return from_us >= resumed_us ? "after" : "switchover";
}

uint64_t network_gap_last_probe(const struct vm *vm, int64_t stopped_at_us)
{
    const GArray *probes = vm_probes(vm);
    uint64_t last = 0;

    for (unsigned i = 0; probes != NULL && i < probes->len; i++) {
        const struct vm_probe *probe = &g_array_index(probes, struct vm_probe, i);

        if (probe->at_us <= stopped_at_us)
            last = MAX(last, probe->number);
    }
    return last;
}

double network_gap_of_probes(uint64_t last, const GArray *probes, int64_t resumed_at_us,
                             bool *is_first_out)
{
    double longest = -1;
    bool is_first = true;

    for (unsigned i = 0; i < probes->len; i++) {
        const struct vm_probe *probe = &g_array_index(probes, struct vm_probe, i);

        if (probe->at_us < resumed_at_us)
            continue;
        double ms = probe->number > last ? (double)(probe->number - last) * PROBER_EVERY_MS : 0;
        if (ms > longest) {
            longest = ms;
            *is_first_out = is_first;
        }
        is_first = false;
        last = MAX(last, probe->number);
    }
    return longest;
}

/* Until frames come to the guest's tap again. False: none does, while its move is announced and
 * long after. */
static bool await_probes(struct handover *h)
{
    struct vm *vm = h->seat->vm;
    int64_t deadline = deadline_in(SILENT_MS);
    bool is_first;

    while (network_gap_of_probes(0, vm_probes(vm), vm_resumed_at_us(vm), &is_first) < 0) {
        event_reset(vm_probed(vm));
        if (await_event(vm_probed(vm), deadline, NULL) < 0)
            return false;
    }
    return true;
}

/* Puts what the tap has seen in the place of answers that nobody was asked for. */
static void judge_probes(struct handover *h, uint64_t last_probe, json_t *found)
{
    struct vm *vm = h->seat->vm;
    bool is_first = false;
    double ms = network_gap_of_probes(last_probe, vm_probes(vm), vm_resumed_at_us(vm), &is_first);

    bool is_back = ms >= 0;
    if (!is_back)
        ms = (double)(g_get_monotonic_time() - vm_resumed_at_us(vm)) / 1000.0;
    json_object_set_new(found, "in", json_pack("{s:f}", "ms", ms));
    json_object_set_new(found, "at", json_string(is_first ? "switchover" : "after"));
    json_object_set_new(found, "lost",
                        json_integer((json_int_t)(MAX(ms / PROBER_EVERY_MS - 1, 0))));
    json_object_set_new(found, "back", json_boolean(is_back));
    json_object_set_new(json_object_get(found, "baseline"), "in_ms", json_null());
}

static double ms_of(const json_t *gap, const char *key)
{
    const json_t *ms = json_object_get(gap, key);

    return json_is_number(ms) ? json_number_value(ms) : -1;
}

static int64_t us_of(const json_t *gap, const char *key)
{
    return json_integer_value(json_object_get(gap, key));
}

static void record(const struct handover *h, const json_t *found, int64_t stopped_at_us)
{
    const json_t *in = json_object_get(found, "in"), *out = json_object_get(found, "out");
    const json_t *baseline = json_object_get(found, "baseline");
    const json_t *longer = ms_of(out, "ms") > ms_of(in, "ms") ? out : in;
    bool one_clock = h->agreement->one_kernel && (h->prober == NULL || prober_is_here(h->prober));
    Vtmh__Migration *leg = h->record;

    leg->network_gap_in_ms = ms_of(in, "ms");
    leg->network_gap_out_ms = ms_of(out, "ms");
    leg->network_baseline_ms = MAX(ms_of(baseline, "in_ms"), ms_of(baseline, "out_ms"));
    leg->network_lost = us_of(found, "lost");
    leg->network_announced = us_of(found, "announced");
    leg->network_gap_at =
        g_strdup(network_gap_place(us_of(longer, "from_us"), us_of(longer, "to_us"),
                                   one_clock ? stopped_at_us : 0, vm_resumed_at_us(h->seat->vm)));
    if (json_object_get(found, "at") != NULL) {
        g_free(leg->network_gap_at);
        leg->network_gap_at = g_strdup(json_string_value(json_object_get(found, "at")));
    }
    leg->network_observer = g_strdup(h->seat->request.client != NULL
                                         ? h->seat->request.client
                                         : h->seat->test->names[observer_of(h->seat, h->leg)]);
    g_autofree char *text = json_dumps(found, JSON_COMPACT);
    host_log(h->seat->test->host, VTMH__LOG_LEVEL__LOG_DEBUG, "destination", h->seat->name,
             "network, as %s has seen it: %s", leg->network_observer, text);
}

int network_gap_end(struct handover *h, int64_t stopped_at_us, uint64_t last_probe, GError **err)
{
    struct seat *seat = h->seat;
    const struct meet meet = meet_destination(seat, h->leg);
    json_auto_t *found = NULL;

    if (!is_wanted(seat))
        return 0;
    SEAT_DOING(seat, BLAME_PRODUCT, "listening for it on the network");
    bool is_silent = seat->request.network_gap == NETWORK_GAP_SILENT;
    if (is_silent && last_probe == 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_START,
                    "network_gap = silent: no frame came to the tap of %s on the source",
                    seat->name);
        return -1;
    }
    if (is_silent && !await_probes(h) && fiber_is_cancelled())
        return await_turn(err);
    if (h->prober != NULL)
        found = end(h->prober, err);
    else if (barrier(&meet, "runs", err) == 0)
        found = exchange(&meet, "probed", json_object(), err);
    if (found == NULL)
        return -1;
    if (is_silent)
        judge_probes(h, last_probe, found);
    record(h, found, stopped_at_us);
    if (json_is_true(json_object_get(found, "back")))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST,
                "guest of %s runs on %s, but %s does not hear it on the network any more: silent "
                "for %.1f s",
                seat->name, seat->test->host->name, h->record->network_observer,
                h->record->network_gap_in_ms / 1000.0);
    return -1;
}
