/* The connection, and what the host can do. */
#include "libvirt/call.h"
#include "libvirt/domain_state.h"
#include "libvirt/protocol.h"
#include "libvirt/wire.h"

#include <errno.h>
#include <stdlib.h>

#define KEEPALIVE_S_MAX 3600

/* "7.2.0" of 7002000. */
static json_t *version_text(unsigned long version)
{
    return json_sprintf("%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
}

static json_t *facts(virConnectPtr connection, const char *uri, unsigned generation)
{
    unsigned long client = 0, daemon = 0;
    char *hostname = virConnectGetHostname(connection);
    json_t *result;

    virGetVersion(&client, NULL, NULL);
    virConnectGetLibVersion(connection, &daemon);
    result =
        json_pack("{s:s, s:i, s:o, s:o, s:o, s:o}", "uri", uri, "generation", (int)generation,
                  "client", version_text(client), "libvirt", version_text(daemon), "hypervisor",
                  wire_text(virConnectGetType(connection)), "hostname", wire_text(hostname));
    free(hostname);
    return result;
}

/* Why nobody answers, as what can be told apart without reading sentences: libvirt keeps errno. */
static json_t *fail_to_connect(struct call *call, const virError *error)
{
    if (error != NULL && error->code == VIR_ERR_SYSTEM_ERROR) {
        if (error->int1 == ENOENT || error->int1 == ECONNREFUSED)
            return call_refuse(call, "NoDaemon", "%s", error->message);
        if (error->int1 == EACCES || error->int1 == EPERM)
            return call_refuse(call, "NoPermission", "%s", error->message);
    }
    return call_fail_with(call, error);
}

static json_t *run_connect(struct call *call)
{
    const char *uri = call_string(call, "uri");
    long long keepalive_s = call_integer(call, "keepalive_s", PROTOCOL_KEEPALIVE_S);
    virErrorPtr why = NULL;
    unsigned generation;

    if (keepalive_s < 1 || keepalive_s > KEEPALIVE_S_MAX)
        return call_refuse(call, "Arguments", "connect: \"keepalive_s\" is not 1 to %d",
                           KEEPALIVE_S_MAX);
    if (connection_open(uri, (int)keepalive_s, &generation, &why) < 0) {
        fail_to_connect(call, why);
        virFreeError(why);
        return NULL;
    }
    call->connection = connection_ref(CONNECTION_CONTROL);
    return facts(call->connection, uri, generation);
}

static json_t *run_hypervisor_version(struct call *call)
{
    unsigned long version;

    if (virConnectGetVersion(call->connection, &version) < 0)
        return call_fail(call);
    return json_pack("{s:o}", "version", version_text(version));
}

/* {key: text}, which is libvirt's to be freed. */
static json_t *text_or_fail(struct call *call, const char *key, char *text)
{
    if (text == NULL)
        return call_fail(call);
    json_t *result = json_pack("{s:o}", key, wire_text(text));
    free(text);
    return result;
}

static json_t *run_capabilities(struct call *call)
{
    return text_or_fail(call, "xml", virConnectGetCapabilities(call->connection));
}

static json_t *run_domain_capabilities(struct call *call)
{
    char *xml = virConnectGetDomainCapabilities(
        call->connection, call_string(call, "emulator"), call_string(call, "arch"),
        call_string(call, "machine"), call_string(call, "virttype"), 0);

    return text_or_fail(call, "xml", xml);
}

static json_t *run_compare_cpu(struct call *call)
{
    static const char *const results[] = {
        [VIR_CPU_COMPARE_INCOMPATIBLE] = "incompatible",
        [VIR_CPU_COMPARE_IDENTICAL] = "identical",
        [VIR_CPU_COMPARE_SUPERSET] = "superset",
    };
    int result = virConnectCompareCPU(call->connection, call_string(call, "xml"), 0);

    if (result < 0 || result >= (int)G_N_ELEMENTS(results))
        return call_fail(call);
    return json_pack("{s:s}", "result", results[result]);
}

static json_t *run_list(struct call *call)
{
    virDomainPtr *domains;
    int count = virConnectListAllDomains(call->connection, &domains, 0);
    json_t *list = json_array();

    if (count < 0) {
        json_decref(list);
        return call_fail(call);
    }
    for (int i = 0; i < count; i++) {
        json_t *one = domain_describe(domains[i]);

        if (one != NULL) /* else it has gone since */
            json_array_append_new(list, one);
        virDomainFree(domains[i]);
    }
    free(domains);
    return json_pack("{s:o}", "domains", list);
}

const struct call_row calls_of_host[] = {
    {"connect",
     run_connect,
     CONNECTION_NONE,
     false,
     {{"uri", ARGUMENT_STRING, true}, {"keepalive_s", ARGUMENT_INTEGER, false}}},
    {"hypervisor-version", run_hypervisor_version, CONNECTION_CONTROL, false, {{0}}},
    {"capabilities", run_capabilities, CONNECTION_CONTROL, false, {{0}}},
    {"domain-capabilities",
     run_domain_capabilities,
     CONNECTION_CONTROL,
     false,
     {{"emulator", ARGUMENT_STRING, false},
      {"arch", ARGUMENT_STRING, false},
      {"machine", ARGUMENT_STRING, false},
      {"virttype", ARGUMENT_STRING, false}}},
    {"compare-cpu", run_compare_cpu, CONNECTION_CONTROL, false, {{"xml", ARGUMENT_STRING, true}}},
    {"domain-list", run_list, CONNECTION_CONTROL, false, {{0}}},
    {0},
};
