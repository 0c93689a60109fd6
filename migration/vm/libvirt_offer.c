/*
 * What a host can do with libvirt: what its QEMU can (qemu_offer.c), as far as libvirt lets it. It
 * knows CPU models by tables of its own, and KVM by its own look at the host.
 */
#include "migration/machine/xml.h"
#include "migration/params.h"
#include "migration/vm/lent.h"
#include "migration/vm/libvirt.h"

#include <string.h>

/* CPU models that are no row of a table. */
static const char *const any_cpu[] = {"host", "max", "base"};

/* The names of <mode name='custom'><model> in domain capabilities. */
struct reading {
    GHashTable *cpus;
    bool is_custom, is_model;
};

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, gpointer data, GError **err)
{
    struct reading *reading = data;

    (void)context, (void)err;
    if (strcmp(element, "mode") == 0)
        reading->is_custom = g_strcmp0(xml_attribute(names, values, "name"), "custom") == 0;
    reading->is_model = reading->is_custom && strcmp(element, "model") == 0;
}

static void on_end(GMarkupParseContext *context, const char *element, gpointer data, GError **err)
{
    struct reading *reading = data;

    (void)context, (void)err;
    if (strcmp(element, "mode") == 0)
        reading->is_custom = false;
    reading->is_model = false;
}

static void on_text(GMarkupParseContext *context, const char *text, gsize size, gpointer data,
                    GError **err)
{
    struct reading *reading = data;

    (void)context, (void)err;
    if (reading->is_model)
        g_hash_table_add(reading->cpus, g_strndup(text, size));
}

GHashTable *libvirt_offer_cpus(const char *xml, GError **err)
{
    static const GMarkupParser parser = {
        .start_element = on_start, .end_element = on_end, .text = on_text};
    g_autoptr(GHashTable) cpus = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct reading reading = {.cpus = cpus};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &reading, NULL);

    return g_markup_parse_context_parse(context, xml, -1, err) &&
                   g_markup_parse_context_end_parse(context, err)
               ? g_steal_pointer(&cpus)
               : NULL;
}

/* Of what QEMU has, leaves what libvirt knows. */
static void leave_cpus(GHashTable *of_qemu, GHashTable *of_libvirt)
{
    GHashTableIter iter;
    void *name;

    if (of_qemu == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(any_cpu); i++)
        g_hash_table_add(of_libvirt, g_strdup(any_cpu[i]));
    g_hash_table_iter_init(&iter, of_qemu);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        if (!g_hash_table_contains(of_libvirt, name))
            g_hash_table_iter_remove(&iter);
}

/* number_out: as of libvirt_link_call(). Transfer full. */
static char *domain_capabilities(struct libvirt_link *link, const struct vm_offer *offer,
                                 const char *type, int64_t deadline, int *number_out, GError **err)
{
    json_auto_t *reply = NULL;

    if (libvirt_link_call(link, "domain-capabilities",
                          json_pack("{s:s, s:s, s:s}", "emulator", offer->binary, "arch", "x86_64",
                                    "virttype", type),
                          deadline, &reply, number_out, err) < 0)
        return NULL;
    return g_strdup(json_string_value(json_object_get(reply, "xml")));
}

/* One that has no KVM for its domains has none, whatever the host has. */
static int meet_kvm(struct libvirt_link *link, struct vm_offer *offer, int64_t deadline,
                    GError **err)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = NULL;
    int number = 0;

    if (!offer->kvm)
        return 0;
    xml = domain_capabilities(link, offer, "kvm", deadline, &number, &error);
    if (xml != NULL)
        return 0;
    if (number == 0) {
        g_propagate_error(err, g_steal_pointer(&error));
        return -1;
    }
    offer->kvm = false;
    offer->kvm_reason = g_strdup(error->message);
    return 0;
}

static int meet(struct libvirt_link *link, struct vm_offer *offer, int64_t deadline, GError **err)
{
    g_autofree char *xml = domain_capabilities(link, offer, "qemu", deadline, NULL, err);
    g_autoptr(GHashTable) cpus = xml != NULL ? libvirt_offer_cpus(xml, err) : NULL;

    if (cpus == NULL)
        return -1;
    leave_cpus(offer->cpus, cpus);
    leave_cpus(offer->runs_tcg, cpus);
    leave_cpus(offer->runs_kvm, cpus);
    return meet_kvm(link, offer, deadline, err);
}

struct vm_offer *libvirt_offer(const struct host *host, const struct params *params,
                               int64_t deadline, GError **err)
{
    g_autoptr(vm_offer) offer = qemu_offer(params, deadline, err);
    struct libvirt_link *link;
    int result;

    if (offer == NULL || host->ops == NULL)
        return g_steal_pointer(&offer);
    link = libvirt_link_open(host, param_text(params, "libvirt_uri"), deadline, err);
    if (link == NULL)
        return NULL;
    result = meet(link, offer, deadline, err);
    if (result == 0 && lent_domain(params) != NULL)
        result = libvirt_lent_offer(link, lent_domain(params), offer, deadline, err);
    libvirt_link_close(link);
    return result == 0 ? g_steal_pointer(&offer) : NULL;
}
