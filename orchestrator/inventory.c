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
    g_free(machine->file);
    g_free(machine->text);
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
    else if (same_host(old, new) || g_ascii_strcasecmp(old->written, new->written) == 0)
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_TWICE, "%s and %s are the same host",
                    old->written, new->written);
    else
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_TWICE,
                    "%s and %s would both be called \"%s\"; give one another name", old->written,
                    new->written, new->name);
    return -1;
}

static void show_port_in_name(struct machine *machine)
{
    bool is_v6 = strchr(machine->host, ':') != NULL;

    /* It shows it already, or has a name of its own. */
    if (machine->port == 0 || strcmp(machine->name, machine->host) != 0)
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

/* Transfer full. */
static struct machine *parse_item(const char *item, GError **err)
{
    g_autoptr(machine) machine = g_new0(struct machine, 1);
    int parsed;

    machine->written = g_strdup(item);
    machine->labels = g_new0(char *, 1);
    parsed = g_str_has_prefix(item, "local:") ? parse_local(machine, item + strlen("local:"), err)
                                              : parse_remote(machine, item, err);
    return parsed < 0 ? NULL : g_steal_pointer(&machine);
}

/* machine: transfer full, also on failure; NULL is a failure of before. */
static int add_machine(GPtrArray *machines, struct machine *machine, GError **err)
{
    g_autoptr(machine) added = machine;

    if (added == NULL || settle_name(machines, added, err) < 0)
        return -1;
    added->index = machines->len;
    g_ptr_array_add(machines, g_steal_pointer(&added));
    return 0;
}

static int add_item(GPtrArray *machines, const char *item, GError **err)
{
    return add_machine(machines, parse_item(item, err), err);
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
        } else if (add_item(machines, *item, err) == 0) {
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

const char *machine_label(const struct machine *machine, const char *key)
{
    size_t size = strlen(key);

    for (char **label = machine->labels; *label != NULL; label++)
        if (strncmp(*label, key, size) == 0 && (*label)[size] == '=')
            return *label + size + 1;
    return NULL;
}

int machine_error(const struct machine *machine, const char *word, GError **err, const char *format,
                  ...)
{
    const char *at = machine->text != NULL ? strstr(machine->text, word) : NULL;
    g_autofree char *message = NULL;
    va_list arguments;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (at == NULL)
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_FILE, "%s", message);
    else
        g_set_error(err, INVENTORY_ERROR, INVENTORY_ERROR_FILE, "%s:%u:%zu: %s\n    %s\n    %*s^",
                    machine->file, machine->line, (size_t)(at - machine->text) + 1, message,
                    machine->text, (int)(at - machine->text), "");
    return -1;
}

/* The words behind the machine are its labels, each key once. */
static int take_labels(struct machine *machine, char **words, GError **err)
{
    g_strfreev(machine->labels);
    machine->labels = g_strdupv(words);
    for (char **word = machine->labels; *word != NULL; word++) {
        const char *equals = strchr(*word, '=');
        g_autofree char *key = equals != NULL ? g_strndup(*word, (size_t)(equals - *word)) : NULL;

        if (key == NULL || *key == '\0' || !made_of(key, "_-."))
            return machine_error(machine, *word, err,
                                 "\"%s\" is no KEY=VALUE; a line is NAME [WHERE] KEY=VALUE…",
                                 *word);
        if (machine_label(machine, key) != equals + 1)
            return machine_error(machine, *word, err, "%s is given twice", key);
    }
    return 0;
}

/* The machine of a line. Transfer full. */
static struct machine *parse_line(const char *path, unsigned number, char *line, GError **err)
{
    g_auto(GStrv) words = split_words(line);
    bool has_where = words[1] != NULL && strchr(words[1], '=') == NULL;
    g_autoptr(machine) machine = parse_item(words[has_where ? 1 : 0], err);

    if (machine == NULL) {
        g_prefix_error(err, "%s:%u: ", path, number);
        return NULL;
    }
    machine->file = g_strdup(path);
    machine->line = number;
    machine->text = g_strdelimit(g_strdup(line), "\t", ' ');
    if (has_where && (!made_of(words[0], "._-") || *words[0] == '-' || *words[0] == '.')) {
        machine_error(machine, words[0], err, "a name is made of letters, digits, \"_-.\"");
        return NULL;
    }
    if (has_where) {
        g_free(machine->name);
        machine->name = g_strdup(words[0]);
    }
    return take_labels(machine, words + (has_where ? 2 : 1), err) < 0 ? NULL
                                                                      : g_steal_pointer(&machine);
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
        char *comment = strchr(lines[i], '#');
        struct machine *machine;

        if (comment != NULL)
            *comment = '\0';
        g_strchomp(lines[i]);
        if (lines[i][strspn(lines[i], " \t")] == '\0')
            continue;
        machine = parse_line(path, i + 1, lines[i], err);
        if (machine != NULL && add_machine(machines, machine, &cause) == 0)
            continue;
        if (machine != NULL)
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

/* The machine of this name, taken out; NULL: there is none. */
static struct machine *take_named(GPtrArray *known, const char *name)
{
    for (unsigned i = 0; i < known->len; i++)
        if (strcmp(((struct machine *)g_ptr_array_index(known, i))->name, name) == 0)
            return g_ptr_array_steal_index(known, i);
    return NULL;
}

int inventory_join(GPtrArray *named, GPtrArray *known, GError **err)
{
    g_autoptr(GPtrArray) wanted = inventory_new();
    int result = 0;

    g_ptr_array_extend_and_steal(wanted, g_ptr_array_ref(named->len > 0 ? named : known));
    while (wanted->len > 0 && result == 0) {
        struct machine *machine = g_ptr_array_steal_index(wanted, 0);
        struct machine *of_file = take_named(known, machine->written);

        if (of_file != NULL) {
            machine_free(machine);
            machine = of_file;
        }
        result = add_machine(named, machine, err);
    }
    g_ptr_array_set_size(known, 0);
    return result;
}
