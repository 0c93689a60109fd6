/* What libvirt calls a disk of a domain, where only that name will do. */
#include "migration/machine/domain.h"
#include "migration/machine/xml.h"

#include <string.h>

struct search {
    const char *alias;
    char *target; /* of the disk at hand; NULL: none yet */
    bool is_it;   /* that disk has the alias */
    char *found;
};

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
                     const char **values, void *data, GError **err)
{
    struct search *search = data;
    const GSList *path = g_markup_parse_context_get_element_stack(context);

    (void)err;
    if (path->next == NULL || strcmp(path->next->data, "disk") != 0)
        return;
    if (strcmp(element, "target") == 0) {
        g_free(search->target);
        search->target = g_strdup(xml_attribute(names, values, "dev"));
    } else if (strcmp(element, "alias") == 0) {
        search->is_it = g_strcmp0(xml_attribute(names, values, "name"), search->alias) == 0;
    }
}

static void on_end(GMarkupParseContext *context, const char *element, void *data, GError **err)
{
    struct search *search = data;

    (void)context, (void)err;
    if (strcmp(element, "disk") != 0)
        return;
    if (search->is_it && search->found == NULL)
        search->found = g_steal_pointer(&search->target);
    g_clear_pointer(&search->target, g_free);
    search->is_it = false;
}

char *domain_disk_target(const char *xml, const char *alias)
{
    static const GMarkupParser parser = {.start_element = on_start, .end_element = on_end};
    struct search search = {.alias = alias};
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &search, NULL);

    if (g_markup_parse_context_parse(context, xml, -1, NULL))
        g_markup_parse_context_end_parse(context, NULL);
    g_free(search.target);
    return search.found;
}
