/* A domain's life. */
#include "libvirt/call.h"
#include "libvirt/domain_state.h"
#include "libvirt/wire.h"

#include <stdlib.h>
#include <string.h>

static json_t *describe(struct call *call, virDomainPtr domain)
{
    json_t *result = domain != NULL ? domain_describe(domain) : NULL;

    return result != NULL ? result : call_fail(call);
}

static json_t *run_find(struct call *call)
{
    return describe(call, call->domain);
}

static json_t *run_xml(struct call *call)
{
    unsigned flags = (call_flag(call, "inactive") ? VIR_DOMAIN_XML_INACTIVE : 0) |
                     (call_flag(call, "secure") ? VIR_DOMAIN_XML_SECURE : 0) |
                     (call_flag(call, "migratable") ? VIR_DOMAIN_XML_MIGRATABLE : 0);
    char *xml = virDomainGetXMLDesc(call->domain, flags);

    if (xml == NULL)
        return call_fail(call);
    json_t *result = json_pack("{s:o}", "xml", wire_text(xml));
    free(xml);
    return result;
}

static json_t *run_create(struct call *call)
{
    unsigned flags = (call_flag(call, "paused") ? VIR_DOMAIN_START_PAUSED : 0) |
                     (call_flag(call, "validate") ? VIR_DOMAIN_START_VALIDATE : 0);

    call->domain = virDomainCreateXML(call->connection, call_string(call, "xml"), flags);
    return describe(call, call->domain);
}

static json_t *run_define(struct call *call)
{
    unsigned flags = call_flag(call, "validate") ? VIR_DOMAIN_DEFINE_VALIDATE : 0;

    call->domain = virDomainDefineXMLFlags(call->connection, call_string(call, "xml"), flags);
    return describe(call, call->domain);
}

static json_t *run_start(struct call *call)
{
    unsigned flags = call_flag(call, "paused") ? VIR_DOMAIN_START_PAUSED : 0;

    return call_done(call, virDomainCreateWithFlags(call->domain, flags));
}

static json_t *run_undefine(struct call *call)
{
    return call_done(
        call, virDomainUndefineFlags(call->domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                                       VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                                                       VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
                                                       VIR_DOMAIN_UNDEFINE_NVRAM));
}

static json_t *run_destroy(struct call *call)
{
    unsigned flags = call_flag(call, "graceful") ? VIR_DOMAIN_DESTROY_GRACEFUL : 0;

    return call_done(call, virDomainDestroyFlags(call->domain, flags));
}

static json_t *run_shutdown(struct call *call)
{
    const char *mode = call_string(call, "mode");
    unsigned flags = 0;

    if (mode != NULL && strcmp(mode, "acpi") == 0)
        flags = VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN;
    else if (mode != NULL && strcmp(mode, "agent") == 0)
        flags = VIR_DOMAIN_SHUTDOWN_GUEST_AGENT;
    else if (mode != NULL)
        return call_refuse(call, "Arguments", "domain-shutdown: mode is \"acpi\" or \"agent\"");
    return call_done(call, virDomainShutdownFlags(call->domain, flags));
}

static json_t *run_reset(struct call *call)
{
    return call_done(call, virDomainReset(call->domain, 0));
}

static json_t *run_suspend(struct call *call)
{
    return call_done(call, virDomainSuspend(call->domain));
}

static json_t *run_resume(struct call *call)
{
    return call_done(call, virDomainResume(call->domain));
}

const struct call_row calls_of_life[] = {
    {"domain-find", run_find, CONNECTION_CONTROL, true, {{0}}},
    {"domain-xml",
     run_xml,
     CONNECTION_CONTROL,
     true,
     {{"inactive", ARGUMENT_BOOL, false},
      {"secure", ARGUMENT_BOOL, false},
      {"migratable", ARGUMENT_BOOL, false}}},
    {"domain-create",
     run_create,
     CONNECTION_CALLS,
     false,
     {{"xml", ARGUMENT_STRING, true},
      {"paused", ARGUMENT_BOOL, false},
      {"validate", ARGUMENT_BOOL, false}}},
    {"domain-define",
     run_define,
     CONNECTION_CONTROL,
     false,
     {{"xml", ARGUMENT_STRING, true}, {"validate", ARGUMENT_BOOL, false}}},
    {"domain-start", run_start, CONNECTION_CALLS, true, {{"paused", ARGUMENT_BOOL, false}}},
    {"domain-undefine", run_undefine, CONNECTION_CONTROL, true, {{0}}},
    {"domain-destroy", run_destroy, CONNECTION_CONTROL, true, {{"graceful", ARGUMENT_BOOL, false}}},
    {"domain-shutdown", run_shutdown, CONNECTION_CONTROL, true, {{"mode", ARGUMENT_STRING, false}}},
    {"domain-reset", run_reset, CONNECTION_CONTROL, true, {{0}}},
    {"domain-suspend", run_suspend, CONNECTION_CONTROL, true, {{0}}},
    {"domain-resume", run_resume, CONNECTION_CONTROL, true, {{0}}},
    {0},
};
