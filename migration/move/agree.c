#include "migration/move/agree.h"

#include "migration/alike.h"
#include "migration/machine/offered.h"
#include "migration/move/asked.h"
#include "migration/move/interface.h"
#include "migration/move/machine_params.h"
#include "migration/move/options.h"
#include "migration/move/reach.h"
#include "migration/vm/host_check.h"
#include "migration/vm/lent.h"
#include "migration/vm/monitor_plan.h"
#include "migration/vm/net.h"
#include "migration/vm/numa.h"

#include <string.h>
#include <unistd.h>

#define PROBE_MS 30000 /* a proof of KVM takes 1.5 s at worst, asking QEMU 0.3 s */
#define REACH_MS 5000  /* one connection in a local network */

/* What one host brings to the table. */
struct own_offers {
    GPtrArray *offers; /* struct vm_offer, one a seat */
    int probe_fd;      /* listening, for the others to try; -1: not */
    uint16_t probe_port;
    char *address;
};

static char *read_boot_id(void)
{
    char *text = NULL;
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
        return g_strdup("");
    return g_strstrip(text);
}

/* Where this host receives migrations. Transfer full. */
static char *own_address(const struct test *test, const struct move_request *request, GError **err)
{
    char *address;
    if (request->address != NULL || request->interface == NULL)
        return g_strdup(request->address != NULL ? request->address : test->host->address);
    address = interface_address(request->interface, test->host->address, err);
    if (address == NULL)
        g_prefix_error(err, "mig_interface of %s: ", test->host->name);
    return address;
}

/* What is not so is not done in silence. */
static int check_one_address(const struct test *test, GPtrArray *seats, const char *address,
                             GError **err)
{
    for (unsigned i = 1; i < seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(seats, i);
        g_autofree char *other = own_address(test, &seat->request, err);
        if (other == NULL)
            return -1;
        if (strcmp(other, address) == 0)
            continue;
        const struct seat *first = g_ptr_array_index(seats, 0);
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "another migration address (mig_address, mig_interface) for each VM is not "
                    "supported: %s for %s, %s for %s on %s",
                    address, first->name, other, seat->name, test->host->name);
        return -1;
    }
    return 0;
}

/* What the VM is made of, on a platform. Transfer full. */
static struct device *machine_on(const struct seat *seat, const struct vm_platform *platform,
                                 GError **err)
{
    const struct machine_spec spec = {.name = seat->name,
                                      .params = seat->params,
                                      .platform = platform,
                                      .boot = seat->boot,
                                      .last_numa_node = numa_last_node()};
    return machine_new(&spec, err);
}

/*
 * Whether this host has what the VM is made of, beside its hypervisor: told before the hosts meet,
 * since whoever fails later is not there for the others to try. The platform is what this host
 * would decide alone: where that is nothing, the decision of all says why.
 */
static int check_own_host(const struct test *test, const struct seat *seat,
                          const struct vm_offer *offer, GError **err)
{
    g_autoptr(vm_platform) alone =
        vm_platform_decide(&offer, &test->names[test->self], 1, seat->params, NULL);
    if (alone == NULL || lent_domain(seat->params) != NULL)
        return 0;
    g_autoptr(device) board = machine_on(seat, alone, err);
    return board != NULL ? vm_host_check(test->host, seat->name, board, err) : -1;
}

static int check_monitors(const struct seat *seat, GError **err)
{
    g_autoptr(GPtrArray) plans = monitor_plan_new(seat->params, seat->name, err);
    return plans != NULL ? 0 : -1;
}

static int probe_own(struct test *test, GPtrArray *seats, struct own_offers *own, GError **err)
{
    const struct seat *first = g_ptr_array_index(seats, 0);
    own->address = own_address(test, &first->request, err);
    if (own->address == NULL || check_one_address(test, seats, own->address, err) < 0)
        return -1;
    own->probe_fd = reach_listen(own->address, first->request.port_low, first->request.port_high,
                                 &own->probe_port, err);
    if (own->probe_fd < 0) {
        g_prefix_error(err, "migration address (mig_address, mig_port): ");
        return -1;
    }
    g_autoptr(GPtrArray) cards = vm_net_cards_new();
    for (unsigned i = 0; i < seats->len; i++) {
        struct seat *seat = g_ptr_array_index(seats, i);
        bool is_ours = lent_domain(seat->params) == NULL;
        if (asked_check_host(seat, err) < 0 || check_monitors(seat, err) < 0 ||
            (is_ours && (vm_net_check(test->host, seat->name, seat->params, seat->boot, err) < 0 ||
                         vm_net_check_macs(cards, seat->name, seat->params, seat->boot, err) < 0)))
            return -1;
        int64_t deadline = deadline_in(PROBE_MS);
        struct vm_offer *offer = NULL;
        if (seat->reach != NULL ||
            vm_reach_open(test->host, seat->params, deadline, &seat->reach, err) == 0)
            offer = vm_offer_probe(test->host, seat->params, deadline, err);
        if (offer == NULL) {
            g_prefix_error(err, "%s: ", seat->name);
            return -1;
        }
        g_ptr_array_add(own->offers, offer);
        if (check_own_host(test, seat, offer, err) < 0)
            return -1;
    }
    /* Where VMs of earlier tests live on, it is not known yet which of them are strangers: there
     * keeping.c looks. */
    return test->meets_kept ? 0 : vm_net_check_segment(test->host, cards, err);
}

/* The index of an equal one in an array of distinct values, at whose end it is put if there is
 * none. Steals value. */
static json_t *index_among(json_t *distinct, json_t *value)
{
    size_t i = 0;
    while (i < json_array_size(distinct) && !json_equal(json_array_get(distinct, i), value))
        i++;
    if (i == json_array_size(distinct))
        json_array_append(distinct, value);
    json_decref(value);
    return json_integer((json_int_t)i);
}

/* The offers are few, one a hypervisor that its VMs have; which is which VM's stands beside them.
 */
static json_t *own_to_json(const struct own_offers *own, GPtrArray *seats)
{
    g_autofree char *boot_id = read_boot_id();
    json_t *offers = json_array();
    json_t *offer_of = json_array();
    json_t *vms = json_array();
    json_t *machines = json_array();
    json_t *options = json_array();
    for (unsigned i = 0; i < seats->len; i++) {
        const struct seat *seat = g_ptr_array_index(seats, i);
        json_array_append_new(vms, json_string(seat->name));
        json_array_append_new(machines, machine_params(seat->params));
        json_array_append(options, seat->request.options);
    }
    for (unsigned i = 0; i < own->offers->len; i++)
        json_array_append_new(
            offer_of, index_among(offers, vm_offer_to_json(g_ptr_array_index(own->offers, i))));
    return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "boot_id", boot_id, "address",
                     own->address, "port", (int)own->probe_port, "offers", offers, "offer_of",
                     offer_of, "vms", vms, "machines", machines, "options", options);
}

static void free_offer(gpointer offer)
{
    vm_offer_free(offer);
}

static int compare_vms(struct test *test, const GPtrArray *tables, GError **err)
{
    const json_t *first = json_object_get(g_ptr_array_index(tables, 0), "vms");
    for (unsigned i = 1; i < test->n_hosts; i++) {
        const json_t *other = json_object_get(g_ptr_array_index(tables, i), "vms");
        if (json_equal(first, other))
            continue;
        g_autofree char *here = json_dumps(first, JSON_COMPACT);
        g_autofree char *there = json_dumps(other, JSON_COMPACT);
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "vms differs: %s on %s, %s on %s", here,
                    test->names[0], there, test->names[i]);
        return -1;
    }
    return 0;
}

/* Whether the parameters describe the same machine on all hosts. */
static int compare_machine(struct test *test, const struct seat *seat, unsigned index,
                           const GPtrArray *tables, GError **err)
{
    g_autofree const json_t **machines = g_new0(const json_t *, test->n_hosts);
    for (unsigned i = 0; i < test->n_hosts; i++)
        machines[i] =
            json_array_get(json_object_get(g_ptr_array_index(tables, i), "machines"), index);
    if (machine_params_compare(machines, test->names, test->n_hosts, err) == 0)
        return 0;
    g_prefix_error(err, "%s: ", seat->name);
    return -1;
}

static void tell_platform(const struct test *test, const struct seat *seat,
                          const struct vm_offer *own)
{
    Vtmh__Platform platform = VTMH__PLATFORM__INIT;
    g_autofree char *version = g_strdup_printf("%u.%u.%u%s%s%s", own->version[0], own->version[1],
                                               own->version[2], *own->package != '\0' ? " (" : "",
                                               own->package, *own->package != '\0' ? ")" : "");
    platform.vm = seat->name;
    platform.machine = seat->platform->machine;
    platform.accelerator = seat->platform->kvm ? "kvm" : "tcg";
    platform.cpu_model = seat->platform->cpu;
    platform.ram_bytes = seat->platform->ram_bytes;
    platform.binary = own->binary;
    platform.version = version;
    host_platform(test->host, &platform);
}

static void note_option(const char *note, void *test)
{
    test_note(test, "%s", note);
}

/* Whether every host's hypervisor has what the migrations are asked for; they then get it by the
 * names that the own one has. */
static int decide_options(struct test *test, struct seat *seat, unsigned index,
                          const GPtrArray *tables, const GPtrArray *offers, GError **err)
{
    g_autofree const json_t **options = g_new0(const json_t *, test->n_hosts);
    for (unsigned i = 0; i < test->n_hosts; i++)
        options[i] =
            json_array_get(json_object_get(g_ptr_array_index(tables, i), "options"), index);
    if (move_options_check(options, (const struct vm_offer *const *)offers->pdata, test->names,
                           test->n_hosts, &seat->request, err) < 0)
        return -1;
    for (enum move_end end = 0; end < MOVE_ENDS; end++)
        move_options_fill(seat->request.options, end, g_ptr_array_index(offers, test->self),
                          &seat->request.move[end]);
    move_options_notes(seat->request.options, note_option, test);
    return 0;
}

/* What a host offers for a VM; NULL: nothing. */
static const json_t *offer_in(const json_t *table, unsigned vm)
{
    const json_t *index = json_array_get(json_object_get(table, "offer_of"), vm);
    return json_array_get(json_object_get(table, "offers"), (size_t)json_integer_value(index));
}

/* Whether the hypervisors of all hosts have what the VM is made of. */
static int check_devices(const struct test *test, const struct seat *seat, const GPtrArray *offers,
                         GError **err)
{
    if (lent_domain(seat->params) != NULL)
        return 0; /* its owner's libvirt runs it already */
    g_autoptr(device) board = machine_on(seat, seat->platform, err);
    if (board == NULL)
        return -1;
    return machine_check_offered(board, (const struct vm_offer *const *)offers->pdata, test->names,
                                 test->n_hosts, err);
}

/* The decision for one seat, from what all hosts said. */
static int decide(struct test *test, struct seat *seat, unsigned index, const GPtrArray *tables,
                  GError **err)
{
    g_autoptr(GPtrArray) offers = g_ptr_array_new_with_free_func(free_offer);
    for (unsigned i = 0; i < test->n_hosts; i++) {
        struct vm_offer *offer =
            vm_offer_from_json(offer_in(g_ptr_array_index(tables, i), index), err);
        if (offer == NULL) {
            g_prefix_error(err, "offer of %s: ", test->names[i]);
            return -1;
        }
        g_ptr_array_add(offers, offer);
    }
    seat->platform = vm_platform_decide((const struct vm_offer *const *)offers->pdata, test->names,
                                        test->n_hosts, seat->params, err);
    if (seat->platform == NULL || check_devices(test, seat, offers, err) < 0 ||
        decide_options(test, seat, index, tables, offers, err) < 0)
        return -1;
    seat->offer = vm_offer_from_json(offer_in(g_ptr_array_index(tables, test->self), index), err);
    if (seat->offer == NULL || asked_check(seat, seat->asks, err) < 0)
        return -1;
    for (unsigned i = 0; i < seat->platform->notes->len; i++)
        test_note(test, "%s", (const char *)g_ptr_array_index(seat->platform->notes, i));
    tell_platform(test, seat, g_ptr_array_index(offers, test->self));
    host_log(test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, seat->name,
             "agreed: %s, machine type %s, CPU %s, RAM %" G_GUINT64_FORMAT " KiB",
             seat->platform->kvm ? "KVM" : "TCG", seat->platform->machine, seat->platform->cpu,
             seat->platform->ram_bytes / 1024);
    return 0;
}

/* Every host tries every other. */
static int try_all(struct test *test, const GPtrArray *tables, GError **err)
{
    for (unsigned i = 0; i < test->n_hosts; i++) {
        if (i == test->self)
            continue;
        const json_t *table = g_ptr_array_index(tables, i);
        const char *address = json_string_value(json_object_get(table, "address"));
        json_int_t port = json_integer_value(json_object_get(table, "port"));
        if (reach_try(address, (uint16_t)port, deadline_in(REACH_MS), err) < 0) {
            g_prefix_error(err, "cannot reach the migration address of %s: ", test->names[i]);
            return -1;
        }
    }
    return 0;
}

/* Whether a table has the form that own_to_json() gives it. */
static bool well_formed(const json_t *table)
{
    return json_is_string(json_object_get(table, "boot_id")) &&
           json_is_string(json_object_get(table, "address")) &&
           json_is_integer(json_object_get(table, "port")) &&
           json_is_array(json_object_get(table, "offers")) &&
           json_is_array(json_object_get(table, "offer_of")) &&
           json_is_array(json_object_get(table, "vms")) &&
           json_is_array(json_object_get(table, "machines")) &&
           json_is_array(json_object_get(table, "options"));
}

static int compare(struct test *test, GPtrArray *seats, const GPtrArray *tables,
                   struct agreement *agreement, GError **err)
{
    g_autoptr(GPtrArray) addresses = g_ptr_array_new_with_free_func(g_free);
    const char *boot_id = NULL;
    bool one_kernel = true;
    for (unsigned i = 0; i < test->n_hosts; i++) {
        const json_t *table = g_ptr_array_index(tables, i);
        if (!well_formed(table)) {
            g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s offers something else than asked",
                        test->names[i]);
            return -1;
        }
        const char *other = json_string_value(json_object_get(table, "boot_id"));
        one_kernel =
            one_kernel && *other != '\0' && (boot_id == NULL || strcmp(boot_id, other) == 0);
        boot_id = other;
        g_ptr_array_add(addresses, g_strdup(json_string_value(json_object_get(table, "address"))));
    }
    if (compare_vms(test, tables, err) < 0)
        return -1;
    for (unsigned i = 0; i < seats->len; i++)
        if (compare_machine(test, g_ptr_array_index(seats, i), i, tables, err) < 0)
            return -1;
    for (unsigned i = 0; i < seats->len; i++)
        if (decide(test, g_ptr_array_index(seats, i), i, tables, err) < 0)
            return -1;
    if (try_all(test, tables, err) < 0)
        return -1;

    g_ptr_array_add(addresses, NULL);
    agreement->addresses = (char **)g_ptr_array_free(g_steal_pointer(&addresses), FALSE);
    agreement->one_kernel = one_kernel;
    return 0;
}

int agree(struct test *test, GPtrArray *seats, struct agreement *agreement, GError **err)
{
    host_context(test->host, "agreeing on the platform");
    g_autoptr(GPtrArray) offers = g_ptr_array_new_with_free_func(free_offer);
    struct own_offers own = {.offers = offers, .probe_fd = -1};
    const struct test_meeting meeting = {.tag = "agree", .timeout_ms = (int64_t)2 * PROBE_MS};
    const struct test_meeting tried = {.tag = "reached", .timeout_ms = (int64_t)2 * PROBE_MS};

    g_autoptr(GPtrArray) tables = NULL;
    size_t bytes = 0;
    int done = probe_own(test, seats, &own, err);
    if (done == 0)
        done = test_exchange_alike(test, &meeting, own_to_json(&own, seats), &tables, &bytes, err);
    if (done == 0)
        host_log(test->host, VTMH__LOG_LEVEL__LOG_DEBUG, NULL, NULL,
                 "agree: %zu bytes stated for %u VMs", bytes, seats->len);
    if (done == 0)
        done = compare(test, seats, tables, agreement, err);
    /* The listeners stay open until everybody has tried them. */
    if (done == 0)
        done = test_barrier(test, &tried, err);
    if (own.probe_fd >= 0)
        close(own.probe_fd);
    g_free(own.address);
    return done;
}

void agreement_clear(struct agreement *agreement)
{
    g_clear_pointer(&agreement->addresses, g_strfreev);
}
