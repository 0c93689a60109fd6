/*
 * `ssh -G` prints one "keyword value" a line, keywords in lower case. It expands %-tokens and ~ in
 * some values and leaves them in others (identityfile, proxycommand), so what is left is expanded
 * here. Values with several paths are separated by blanks and not quoted; a path that contains
 * blanks is recognised because every path begins with / or ~.
 */
#include "orchestrator/ssh_config.h"

#include <sys/socket.h>
#include <unistd.h>

G_DEFINE_QUARK(ssh - config - error - quark, ssh_config_error)

#define DEFAULT_PORT 22

struct reader {
    const struct ssh_config_query *query;
    const char *home;
    struct ssh_config *config;
    GPtrArray *identities;
    GPtrArray *user_files, *global_files;
    char *proxy_command, *proxy_jump; /* as printed */
};

static const char *token_value(const struct reader *reader, char token, char buffer[24])
{
    const struct ssh_config *config = reader->config;

    switch (token) {
    case '%':
        return "%";
    case 'd':
        return reader->home;
    case 'h':
        return config->hostname;
    case 'i':
        g_snprintf(buffer, 24, "%u", (unsigned)getuid());
        return buffer;
    case 'k':
        return config->host_key_name;
    case 'l':
        return g_get_host_name();
    case 'n':
        return reader->query->host;
    case 'p':
        g_snprintf(buffer, 24, "%u", config->port);
        return buffer;
    case 'r':
        return config->user;
    case 'u':
        return g_get_user_name();
    default:
        return NULL;
    }
}

/* Replaces %-tokens; what is unknown stays as it is. */
static char *expand_tokens(const struct reader *reader, const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text != '\0'; text++) {
        char buffer[24];
        const char *value = *text == '%' ? token_value(reader, text[1], buffer) : NULL;

        if (value == NULL) {
            g_string_append_c(out, *text);
            continue;
        }
        g_string_append(out, value);
        text++;
    }
    return g_string_free(out, FALSE);
}

/* "${NAME}" of the environment, as ssh allows in paths. */
static char *expand_environment(const char *text)
{
    GString *out = g_string_new(NULL);

    while (*text != '\0') {
        const char *end = g_str_has_prefix(text, "${") ? strchr(text, '}') : NULL;

        if (end == NULL) {
            g_string_append_c(out, *text++);
            continue;
        }
        g_autofree char *name = g_strndup(text + 2, (gsize)(end - text - 2));
        const char *value = g_getenv(name);

        g_string_append(out, value != NULL ? value : "");
        text = end + 1;
    }
    return g_string_free(out, FALSE);
}

static char *expand_path(const struct reader *reader, const char *path)
{
    g_autofree char *plain = expand_environment(path);
    g_autofree char *expanded = expand_tokens(reader, plain);

    if (g_str_has_prefix(expanded, "~/"))
        return g_build_filename(reader->home, expanded + 2, NULL);
    return g_steal_pointer(&expanded);
}

static void expand_paths(const struct reader *reader, const GPtrArray *paths, GPtrArray *expanded)
{
    for (guint i = 0; i < paths->len; i++) {
        if (strcmp(paths->pdata[i], "none") != 0)
            g_ptr_array_add(expanded, expand_path(reader, paths->pdata[i]));
    }
}

static GStrv end_list(GPtrArray *list)
{
    g_ptr_array_add(list, NULL);
    return (GStrv)g_ptr_array_free(list, FALSE);
}

static void read_paths(GPtrArray *paths, const char *value)
{
    g_auto(GStrv) words = g_strsplit(value, " ", -1);

    for (char **word = words; *word != NULL; word++) {
        gboolean begins = **word == '/' || **word == '~' || **word == '%' || **word == '$';

        if (begins || paths->len == 0) {
            g_ptr_array_add(paths, g_strdup(*word));
            continue;
        }
        char *before = paths->pdata[paths->len - 1];

        paths->pdata[paths->len - 1] = g_strconcat(before, " ", *word, NULL);
        g_free(before);
    }
}

static void set_text(char **place, const char *value)
{
    g_free(*place);
    *place = strcmp(value, "none") != 0 ? g_strdup(value) : NULL;
}

static void read_hostname(struct reader *reader, const char *value)
{
    set_text(&reader->config->hostname, value);
}

static void read_port(struct reader *reader, const char *value)
{
    reader->config->port = (uint16_t)g_ascii_strtoull(value, NULL, 10);
}

static void read_user(struct reader *reader, const char *value)
{
    set_text(&reader->config->user, value);
}

static void read_host_key_alias(struct reader *reader, const char *value)
{
    set_text(&reader->config->host_key_name, value);
}

static void read_identity_file(struct reader *reader, const char *value)
{
    g_ptr_array_add(reader->identities, g_strdup(value));
}

static void read_identities_only(struct reader *reader, const char *value)
{
    reader->config->identities_only = strcmp(value, "yes") == 0;
}

static void read_identity_agent(struct reader *reader, const char *value)
{
    struct ssh_config *config = reader->config;

    config->use_agent = strcmp(value, "none") != 0;
    g_clear_pointer(&config->agent_socket, g_free);
    if (config->use_agent && strcmp(value, "SSH_AUTH_SOCK") != 0 && *value != '$')
        config->agent_socket = g_strdup(value);
    else if (*value == '$') /* the name of another variable */
        config->agent_socket = g_strdup(g_getenv(value + 1));
}

static void read_user_files(struct reader *reader, const char *value)
{
    read_paths(reader->user_files, value);
}

static void read_global_files(struct reader *reader, const char *value)
{
    read_paths(reader->global_files, value);
}

static void read_strictness(struct reader *reader, const char *value)
{
    static const char *const accepting[] = {"accept-new", "no", "off", "false", NULL};

    reader->config->host_key_mode =
        g_strv_contains(accepting, value) ? KNOWN_HOSTS_ACCEPT_NEW : KNOWN_HOSTS_STRICT;
}

static void read_proxy_command(struct reader *reader, const char *value)
{
    set_text(&reader->proxy_command, value);
}

static void read_proxy_jump(struct reader *reader, const char *value)
{
    set_text(&reader->proxy_jump, value);
}

static void read_connect_timeout(struct reader *reader, const char *value)
{
    reader->config->connect_timeout_ms = (int64_t)g_ascii_strtoull(value, NULL, 10) * 1000;
}

static void read_address_family(struct reader *reader, const char *value)
{
    reader->config->address_family = strcmp(value, "inet") == 0    ? AF_INET
                                     : strcmp(value, "inet6") == 0 ? AF_INET6
                                                                   : AF_UNSPEC;
}

static const struct {
    const char *keyword;
    void (*read)(struct reader *reader, const char *value);
} keywords[] = {
    {"hostname", read_hostname},
    {"port", read_port},
    {"user", read_user},
    {"hostkeyalias", read_host_key_alias},
    {"identityfile", read_identity_file},
    {"identitiesonly", read_identities_only},
    {"identityagent", read_identity_agent},
    {"userknownhostsfile", read_user_files},
    {"globalknownhostsfile", read_global_files},
    {"stricthostkeychecking", read_strictness},
    {"proxycommand", read_proxy_command},
    {"proxyjump", read_proxy_jump},
    {"connecttimeout", read_connect_timeout},
    {"addressfamily", read_address_family},
};

static void read_line(struct reader *reader, char *line)
{
    char *value = strchr(line, ' ');

    if (value == NULL)
        return;
    *value++ = '\0';
    g_strstrip(value);
    for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (strcmp(line, keywords[i].keyword) == 0)
            keywords[i].read(reader, value);
    }
}

/*
 * The command that ssh itself would run for ProxyJump: the last of the list connects to the
 * machine, and goes through those before it. It must never ask on the terminal.
 */
static char *jump_command(const struct reader *reader)
{
    const char *comma = strrchr(reader->proxy_jump, ',');
    const char *last = comma != NULL ? comma + 1 : reader->proxy_jump;
    g_autofree char *target =
        g_str_has_prefix(last, "ssh://") ? g_strdup(last) : g_strconcat("ssh://", last, NULL);
    g_autofree char *quoted = g_shell_quote(target);
    GString *command = g_string_new("exec ssh -o BatchMode=yes");

    if (reader->query->accept_new_keys)
        g_string_append(command, " -o StrictHostKeyChecking=accept-new");
    if (comma != NULL) {
        g_autofree char *before =
            g_strndup(reader->proxy_jump, (gsize)(comma - reader->proxy_jump));
        g_autofree char *quoted_before = g_shell_quote(before);

        g_string_append_printf(command, " -J %s", quoted_before);
    }
    g_string_append_printf(command, " -W '[%%h]:%%p' -- %s", quoted);
    return g_string_free(command, FALSE);
}

/* Names go into a shell's command line: what a shell would take as more than a name is refused. */
static int check_for_shell(const char *what, const char *name, GError **err)
{
    if (*name != '-' && strpbrk(name, "'\"`$\\;&<>|(){} \t\n") == NULL)
        return 0;
    g_set_error(err, SSH_CONFIG_ERROR, SSH_CONFIG_ERROR_REFUSED,
                "%s \"%s\" has characters that cannot go into a proxy command", what, name);
    return -1;
}

static int build_proxy_command(struct reader *reader, GError **err)
{
    struct ssh_config *config = reader->config;
    g_autofree char *command =
        reader->proxy_jump != NULL ? jump_command(reader) : g_strdup(reader->proxy_command);

    if (command == NULL)
        return 0;
    if (check_for_shell("the host name", config->hostname, err) < 0 ||
        check_for_shell("the host name", reader->query->host, err) < 0 ||
        check_for_shell("the user name", config->user, err) < 0)
        return -1;
    config->proxy_command = expand_tokens(reader, command);
    return 0;
}

static int complete(struct reader *reader, GError **err)
{
    struct ssh_config *config = reader->config;
    GPtrArray *identities = g_ptr_array_new();
    GPtrArray *files = g_ptr_array_new();

    if (config->hostname == NULL)
        config->hostname = g_strdup(reader->query->host);
    if (config->user == NULL)
        config->user = g_strdup(g_get_user_name());
    if (config->host_key_name == NULL)
        config->host_key_name = g_strdup(config->hostname);
    if (config->agent_socket != NULL) {
        g_autofree char *printed = g_steal_pointer(&config->agent_socket);

        config->agent_socket = expand_path(reader, printed);
    }
    if (reader->query->accept_new_keys)
        config->host_key_mode = KNOWN_HOSTS_ACCEPT_NEW;
    expand_paths(reader, reader->identities, identities);
    config->identity_files = end_list(identities);
    expand_paths(reader, reader->user_files, files);
    expand_paths(reader, reader->global_files, files);
    config->known_hosts_files = end_list(files);
    return build_proxy_command(reader, err);
}

struct ssh_config *ssh_config_parse(const char *text, const struct ssh_config_query *query,
                                    const char *home, GError **err)
{
    g_autoptr(ssh_config) config = g_new0(struct ssh_config, 1);
    g_autoptr(GPtrArray) identities = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) user_files = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) global_files = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    struct reader reader = {.query = query,
                            .home = home,
                            .config = config,
                            .identities = identities,
                            .user_files = user_files,
                            .global_files = global_files};
    int result;

    config->port = DEFAULT_PORT;
    config->use_agent = true;
    for (char **line = lines; *line != NULL; line++)
        read_line(&reader, *line);
    result = complete(&reader, err);
    g_free(reader.proxy_command);
    g_free(reader.proxy_jump);
    return result == 0 ? g_steal_pointer(&config) : NULL;
}

void ssh_config_free(struct ssh_config *config)
{
    if (config == NULL)
        return;
    g_free(config->hostname);
    g_free(config->user);
    g_free(config->host_key_name);
    g_strfreev(config->identity_files);
    g_free(config->agent_socket);
    g_strfreev(config->known_hosts_files);
    g_free(config->proxy_command);
    g_free(config);
}
