#include "migration/vm/cpu_choice.h"

#include <string.h>

#define VERSIONS_MAX 16 /* of one model; QEMU 9 has up to 7 */

#define INTEL "GenuineIntel"
#define AMD "AuthenticAMD"

/* QEMU's models of servers and desktops by generation, the newest of each maker first. */
static const struct {
    const char *name, *maker;
} models[] = {
    {"GraniteRapids", INTEL},
    {"SapphireRapids", INTEL},
    {"Icelake-Server", INTEL},
    {"Cooperlake", INTEL},
    {"Cascadelake-Server", INTEL},
    {"Skylake-Server", INTEL},
    {"Skylake-Client", INTEL},
    {"Broadwell", INTEL},
    {"Haswell", INTEL},
    {"IvyBridge", INTEL},
    {"SandyBridge", INTEL},
    {"Westmere", INTEL},
    {"Nehalem", INTEL},
    {"Penryn", INTEL},
    {"Conroe", INTEL},
    {"EPYC-Genoa", AMD},
    {"EPYC-Milan", AMD},
    {"EPYC-Rome", AMD},
    {"EPYC", AMD},
    {"Opteron_G5", AMD},
    {"Opteron_G4", AMD},
    {"Opteron_G3", AMD},
    {"Opteron_G2", AMD},
    {"Opteron_G1", AMD},
};

static bool runs(const struct vm_offer *offer, bool kvm, const char *maker, const char *name)
{
    GHashTable *whole = kvm ? offer->runs_kvm : offer->runs_tcg;

    if (kvm && g_strcmp0(offer->maker, maker) != 0)
        return false;
    return whole != NULL && g_hash_table_contains(whole, name);
}

/* ", which host2 does not run", or NULL where all do. Transfer full. */
static char *who_lacks(const struct vm_offer *const *offers, const char *const *names, unsigned n,
                       bool kvm, const char *maker, const char *name)
{
    g_autoptr(GString) without = g_string_new(NULL);
    unsigned n_without = 0;

    for (unsigned i = 0; i < n; i++) {
        if (runs(offers[i], kvm, maker, name))
            continue;
        g_string_append_printf(without, "%s%s", n_without > 0 ? ", " : "", names[i]);
        n_without++;
    }
    if (n_without == 0)
        return NULL;
    return g_strdup_printf("%s, which %s do%s not run", name, without->str,
                           n_without == 1 ? "es" : "");
}

static bool anyone_runs(const struct vm_offer *const *offers, unsigned n, bool kvm,
                        const char *maker, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (runs(offers[i], kvm, maker, name))
            return true;
    return false;
}

/* A bare name means another version with each machine type: only a QEMU before 4.1 has nothing
 * but that. */
static char *version_name(const char *model, int version)
{
    return version > 0 ? g_strdup_printf("%s-v%d", model, version) : g_strdup(model);
}

char *cpu_choose(const struct vm_offer *const *offers, const char *const *names, unsigned n,
                 bool kvm, char **better_out)
{
    g_autofree char *better = NULL;

    *better_out = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++)
        for (int version = VERSIONS_MAX; version >= 0; version--) {
            g_autofree char *name = version_name(models[i].name, version);
            g_autofree char *lacks = NULL;

            if (!anyone_runs(offers, n, kvm, models[i].maker, name))
                continue;
            lacks = who_lacks(offers, names, n, kvm, models[i].maker, name);
            if (lacks == NULL) {
                *better_out = g_steal_pointer(&better);
                return g_steal_pointer(&name);
            }
            if (better == NULL)
                better = g_steal_pointer(&lacks);
        }
    *better_out = g_steal_pointer(&better);
    return NULL;
}

bool cpu_policy_is_known(const char *policy)
{
    return strcmp(policy, "virttest") == 0;
}
