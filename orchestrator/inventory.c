/*
 * Names of machines reach ssh and folder names, so only what can stand in a host name, an address
 * or a user name is let in; in particular nothing that begins with "-".
 */
#include "orchestrator/inventory.h"

#include "sync/autoptr.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 253 /* bytes, RFC 1035 without the last dot */

G_DEFINE_QUARK(inventory - error - quark, inventory_error)

AUTOPTR_STRUCT(machine, machine_free);

void machine_free(struct machine *machine)
{
    if (machine == NULL)
        return;
    g_free(machine->name);
    g_free(machine->written);
    g_free(machine->host);
    g_free(machine->user);
    g_strfreev(machine->labels);
    g_free(machine);
}

static void free_machine(void *machine)
{
    machine_free(machine);
}

GPtrArray *inventory_new(void)
{
    return g_ptr_array_new_with_free_func(free_machine);
}

static bool made_of(const char *text, const char *others)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr(others, *c) == NULL)
            return false;
    return *text != '\0';
}

static int bad_item(const char *item, const char *why, GError **err)
{
    g_autofree char *shown = g_strescape(item, NULL);

    g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_SYNTAX, "host \"%s\": %s", shown, why);
    return -1;
}

static int parse_port(const char *item, const char *text, uint16_t *port, GError **err)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &value, NULL))
        return bad_item(item, "the port must be a number from 1 to 65535", err);
    *port = (uint16_t)value;
    return 0;
}

static int parse_local(struct machine *machine, const char *name, GError **err)
{
    if (*name == '\0')
        return bad_item(machine->written, "local: needs a name, as in local:a", err);
    if (!made_of(name, "._-") || *name == '-' || *name == '.' || strlen(name) > HOST_MAX)
        return bad_item(machine->written, "a local name is made of letters, digits, \"_-.\"", err);
    machine->is_local = true;
    machine->name = g_strdup(name);
    return 0;
}

/* Cuts "host", "host:port", "v6", "[v6]" or "[v6]:port" into machine->host and machine->port. */
static int parse_address(struct machine *machine, const char *text, GError **err)
{
    const char *port = NULL;

    if (*text == '[') {
        const char *end = strchr(text, ']');

        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return bad_item(machine->written,
                            "an address in brackets is [ADDRESS] or "
                            "[ADDRESS]:PORT",
                            err);
        machine->host = g_strndup(text + 1, (size_t)(end - text - 1));
        if (end[1] == ':')
            port = end + 2;
    } else {
        const char *colon = strchr(text, ':');

        /* Two colons and no brackets: a bare IPv6 address, as ssh reads it. */
        if (colon != NULL && strchr(colon + 1, ':') == NULL) {
            machine->host = g_strndup(text, (size_t)(colon - text));
            port = colon + 1;
        } else {
            machine->host = g_strdup(text);
        }
    }
    if (*machine->host == '\0')
        return bad_item(machine->written, "the host is missing", err);
    if (!made_of(machine->host, "._-:%") || *machine->host == '-' ||
        strlen(machine->host) > HOST_MAX)
        return bad_item(machine->written, "this is not a host name or an address", err);
    machine->name = g_strdup(machine->host);
    return port != NULL ? parse_port(machine->written, port, &machine->port, err) : 0;
}

static int parse_remote(struct machine *machine, const char *item, GError **err)
{
    const char *at = strrchr(item, '@'); /* a user name may hold one, as in ssh */

    if (at != NULL) {
        machine->user = g_strndup(item, (size_t)(at - item));
        if (strchr(machine->user, ':') != NULL)
            return bad_item("…@…",
                            "passwords are not taken on the command line; use a key or "
                            "an agent",
                            err);
        if (!made_of(machine->user, "._-+$\\@") || *machine->user == '-')
            return bad_item(machine->written, "this is not a user's name", err);
        item = at + 1;
    }
    return parse_address(machine, item, err);
}

static bool same_host(const struct machine *a, const struct machine *b)
{
    return !a->is_local && !b->is_local && g_ascii_strcasecmp(a->host, b->host) == 0;
}

/* Whether the two may be in one job; if not, says why. */
static int check_pair(const struct machine *old, const struct machine *new, GError **err)
{
    if (same_host(old, new) && old->port != new->port)
        return 0;
    if (!same_host(old, new) && g_ascii_strcasecmp(old->name, new->name) != 0)
        return 0;
    if (strcmp(old->written, new->written) == 0)
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_TWICE, "%s is named twice", old->written);
    else if (old->is_local == new->is_local)
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_TWICE, "%s and %s are the same host",
                    old->written, new->written);
    else
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_TWICE,
                    "%s and %s would both be called \"%s\"; take another name after local:",
                    old->written, new->written, new->name);
    return -1;
}

static void show_port_in_name(struct machine *machine)
{
    bool is_v6 = strchr(machine->host, ':') != NULL;

    if (machine->port == 0)
        return;
    g_free(machine->name);
    machine->name = g_strdup_printf("%s%s%s:%u", is_v6 ? "[" : "", machine->host, is_v6 ? "]" : "",
                                    machine->port);
}

/* Makes the name of the new one unique; machines that only their ports tell apart show them. */
static int settle_name(GPtrArray *machines, struct machine *new, GError **err)
{
    for (unsigned i = 0; i < machines->len; i++)
        if (check_pair(g_ptr_array_index(machines, i), new, err) < 0)
            return -1;
    for (unsigned i = 0; i < machines->len; i++) {
        struct machine *old = g_ptr_array_index(machines, i);

        if (same_host(old, new)) {
            show_port_in_name(old);
            show_port_in_name(new);
        }
    }
    return 0;
}

static GStrv split_words(const char *text)
{
    g_auto(GStrv) parts = g_strsplit_set(text, " \t\r", -1);
    GStrv words = g_new0(char *, g_strv_length(parts) + 1);
    unsigned count = 0;

    for (char **part = parts; *part != NULL; part++)
        if (**part != '\0')
            words[count++] = g_strdup(*part);
    return words;
}

static int add_item(GPtrArray *machines, const char *item, const char *labels, GError **err)
{
    g_autoptr(machine) machine = g_new0(struct machine, 1);
    int parsed;

    machine->written = g_strdup(item);
    machine->labels = split_words(labels);
    parsed = g_str_has_prefix(item, "local:") ? parse_local(machine, item + strlen("local:"), err)
                                              : parse_remote(machine, item, err);
    if (parsed < 0 || settle_name(machines, machine, err) < 0)
        return -1;
    machine->index = machines->len;
    g_ptr_array_add(machines, g_steal_pointer(&machine));
    return 0;
}

int inventory_add(GPtrArray *machines, const char *list, GError **err)
{
    g_auto(GStrv) items = g_strsplit(list, ",", -1);
    unsigned before = machines->len;

    if (items[0] == NULL) {
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_SYNTAX, "the list of hosts is empty");
        return -1;
    }
    for (char **item = items; *item != NULL; item++) {
        g_strstrip(*item);
        if (**item == '\0') {
            g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_SYNTAX,
                        "a host is missing at a comma of \"%s\"", list);
        } else if (add_item(machines, *item, "", err) == 0) {
            continue;
        }
        g_ptr_array_set_size(machines, (int)before);
        return -1;
    }
    return 0;
}

GPtrArray *inventory_parse(const char *list, GError **err)
{
    g_autoptr(GPtrArray) machines = inventory_new();

    return inventory_add(machines, list, err) < 0 ? NULL : g_steal_pointer(&machines);
}

int inventory_read_file(const char *path, GPtrArray *machines, GError **err)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    GError *cause = NULL;
    unsigned before = machines->len;

    /* GLib's own words have quotes that not every terminal has. */
    if (access(path, R_OK) < 0) {
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_FILE, "%s: %s", path, g_strerror(errno));
        return -1;
    }
    if (!g_file_get_contents(path, &text, NULL, &cause)) {
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_FILE, "%s", cause->message);
        g_error_free(cause);
        return -1;
    }
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        char *line = lines[i];
        char *comment = strchr(line, '#');
        char *labels;

        if (comment != NULL)
            *comment = '\0';
        g_strstrip(line);
        if (*line == '\0')
            continue;
        labels = line + strcspn(line, " \t");
        if (*labels != '\0')
            *labels++ = '\0';
        if (add_item(machines, line, labels, &cause) == 0)
            continue;
        g_propagate_prefixed_error(err, cause, "%s:%u: ", path, i + 1);
        g_ptr_array_set_size(machines, (int)before);
        return -1;
    }
    if (machines->len == before) {
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_FILE, "%s names no host", path);
        return -1;
    }
    return 0;
}
