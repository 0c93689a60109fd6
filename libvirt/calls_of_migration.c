/*
 * A migration. Peer to peer the source's libvirtd does it, and it goes on whatever becomes of this
 * program; directly this program speaks to both, and its death is the migration's end.
 */
#include "libvirt/call.h"
#include "libvirt/protocol.h"
#include "libvirt/typed.h"

#include <string.h>

static const struct typed_row parameters[] = {
    {VIR_MIGRATE_PARAM_URI, TYPED_STRING},
    {VIR_MIGRATE_PARAM_DEST_NAME, TYPED_STRING},
    {VIR_MIGRATE_PARAM_DEST_XML, TYPED_STRING},
    {VIR_MIGRATE_PARAM_PERSIST_XML, TYPED_STRING},
    {VIR_MIGRATE_PARAM_BANDWIDTH, TYPED_ULLONG},
    {VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY, TYPED_ULLONG},
    {VIR_MIGRATE_PARAM_GRAPHICS_URI, TYPED_STRING},
    {VIR_MIGRATE_PARAM_LISTEN_ADDRESS, TYPED_STRING},
    {VIR_MIGRATE_PARAM_MIGRATE_DISKS, TYPED_STRINGS},
    {VIR_MIGRATE_PARAM_DISKS_PORT, TYPED_INT},
    {VIR_MIGRATE_PARAM_DISKS_URI, TYPED_STRING},
    {VIR_MIGRATE_PARAM_COMPRESSION, TYPED_STRINGS},
    {VIR_MIGRATE_PARAM_COMPRESSION_MT_LEVEL, TYPED_INT},
    {VIR_MIGRATE_PARAM_COMPRESSION_MT_THREADS, TYPED_INT},
    {VIR_MIGRATE_PARAM_COMPRESSION_MT_DTHREADS, TYPED_INT},
    {VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE, TYPED_ULLONG},
    {VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL, TYPED_INT},
    {VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT, TYPED_INT},
    {VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, TYPED_INT},
    {VIR_MIGRATE_PARAM_TLS_DESTINATION, TYPED_STRING},
    {0},
};

static const char *const flag_names[] = {PROTOCOL_MIGRATE_FLAGS};
G_STATIC_ASSERT(VIR_MIGRATE_ZEROCOPY == 1U << (G_N_ELEMENTS(flag_names) - 1));

/* NULL, or the name that is none. */
static const char *read_flags(const json_t *names, unsigned *flags_out)
{
    size_t i;
    json_t *name;

    *flags_out = 0;
    json_array_foreach (names, i, name) {
        size_t bit = 0;

        while (bit < G_N_ELEMENTS(flag_names) &&
               strcmp(flag_names[bit], json_string_value(name)) != 0)
            bit++;
        if (bit == G_N_ELEMENTS(flag_names))
            return json_string_value(name);
        *flags_out |= 1U << bit;
    }
    return NULL;
}

static json_t *migrate_directly(struct call *call, const char *dconnuri, const struct typed *typed,
                                unsigned flags)
{
    virErrorPtr why = NULL;
    virConnectPtr there = connection_open_other(dconnuri, PROTOCOL_KEEPALIVE_S, &why);
    virDomainPtr moved = NULL;

    if (there != NULL) {
        moved = virDomainMigrate3(call->domain, there, typed->parameters, (unsigned)typed->count,
                                  flags);
        if (moved == NULL)
            why = virSaveLastError();
        else
            virDomainFree(moved);
        virConnectClose(there);
    }
    json_t *result = moved != NULL ? json_object() : call_fail_with(call, why);
    virFreeError(why);
    return result;
}

static json_t *run_migrate(struct call *call)
{
    const char *dconnuri = call_string(call, "dconnuri");
    struct typed typed = {0};
    g_autofree char *why = NULL;
    unsigned flags;
    const char *unknown = read_flags(call_value(call, "flags"), &flags);
    json_t *result;

    if (unknown != NULL)
        return call_refuse(call, "Arguments", "domain-migrate: there is no flag \"%s\"", unknown);
    if (!typed_from_json(&typed, parameters, call_value(call, "parameters"), &why))
        result = call_refuse(call, "Arguments", "domain-migrate: %s", why);
    else if (dconnuri != NULL && !(flags & VIR_MIGRATE_PEER2PEER))
        result = migrate_directly(call, dconnuri, &typed, flags);
    else
        result = call_done(call, virDomainMigrateToURI3(call->domain, dconnuri, typed.parameters,
                                                        (unsigned)typed.count, flags));
    typed_clear(&typed);
    return result;
}

const struct call_row calls_of_migration[] = {
    {"domain-migrate",
     run_migrate,
     CONNECTION_CALLS,
     true,
     {{"dconnuri", ARGUMENT_STRING, false},
      {"flags", ARGUMENT_STRINGS, true},
      {"parameters", ARGUMENT_OBJECT, false}}},
    {0},
};
