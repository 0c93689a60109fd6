#include "migration/guest/addresses.h"

#include "migration/guest/agent.h"
#include "migration/guest/kind.h"
#include "migration/guest/leases.h"
#include "migration/machine/nic.h"
#include "migration/params.h"
#include "sync/work.h"

#include <string.h>

#define AGENT_MS 500 /* one that is there answers by then */

/* A file that may lie on a storage which hangs. */
struct reading {
    const char *path;
    char *text;
};

static int read_on_pool(void *arg, GError **err)
{
    struct reading *reading = arg;

    return g_file_get_contents(reading->path, &reading->text, NULL, err) ? 0 : -1;
}

/* Whether the address of a card is to be found, and of which it is. */
static bool is_wanted(struct guest *guest, const struct params *card, const char *name)
{
    struct vm_endpoint at;

    return nic_is_on_bridge(card) && param_text(card, "mac") != NULL &&
           !vm_endpoint(guest->vm, name, guest->shell_port, &at);
}

static bool wants_ipv6(const struct params *params)
{
    return strcmp(param_text(params, "ip_version"), "ipv6") == 0;
}

static char *find_lease(const struct params *card, int64_t deadline, char **why_not)
{
    struct reading reading = {.path = param_text(card, "dhcp_leases")};
    g_autoptr(GError) error = NULL;
    char *address;

    if (reading.path == NULL)
        return NULL;
    if (await_work(read_on_pool, &reading, deadline, &error) < 0) {
        g_free(*why_not);
        *why_not = g_strdup_printf("dhcp_leases: %s", error->message);
        return NULL;
    }
    address = leases_find(reading.text, param_text(card, "mac"), wants_ipv6(card),
                          g_get_real_time() / G_USEC_PER_SEC);
    g_free(reading.text);
    if (address == NULL && *why_not == NULL)
        *why_not = g_strdup_printf("dhcp_leases: %s has no lease of %s", reading.path,
                                   param_text(card, "mac"));
    return address;
}

/* What the agent says of its interfaces; NULL: nothing. Transfer full. */
static json_t *ask_agent(struct guest *guest, int64_t deadline)
{
    struct stream *stream = vm_agent(guest->vm);
    struct agent agent;
    json_t *interfaces = NULL;

    if (stream == NULL)
        return NULL;
    deadline = deadline_min(deadline, deadline_in(AGENT_MS));
    agent_begin(&agent, stream, "agent");
    if (agent_sync(&agent, deadline, NULL) == 0)
        agent_request(&agent, "guest-network-get-interfaces", NULL, deadline, &interfaces, NULL);
    agent_leave(&agent);
    return interfaces;
}

bool guest_can_ask_addresses(const struct guest *guest)
{
    g_auto(GStrv) names = param_list(guest->params, "nics");

    if (vm_agent(guest->vm) != NULL)
        return true;
    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) card = params_object_params(guest->params, *name);

        if (param_text(card, "dhcp_leases") != NULL)
            return true;
    }
    return false;
}

char *guest_ask_addresses(struct guest *guest, int64_t deadline)
{
    g_auto(GStrv) names = param_list(guest->params, "nics");
    json_auto_t *found = json_object();
    json_auto_t *interfaces = NULL;
    bool was_asked = false;
    char *why_not = NULL;

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) card = params_object_params(guest->params, *name);
        g_autofree char *address = NULL;

        if (!is_wanted(guest, card, *name))
            continue;
        address = find_lease(card, deadline, &why_not);
        if (address == NULL && !was_asked) {
            interfaces = ask_agent(guest, deadline);
            was_asked = true;
        }
        if (address == NULL)
            address = interfaces_find(interfaces, param_text(card, "mac"), wants_ipv6(card));
        if (address != NULL)
            json_object_set_new(found, *name, json_string(address));
    }
    vm_take_addresses(guest->vm, found);
    return why_not;
}
