#include "orchestrator/remote_cache.h"

#include "orchestrator/deploy.h"
#include "orchestrator/node_answer.h"

#define MARK REMOTE_CACHE_MARK

/* The node program's bit for execution could be lost on its own. */
const char remote_cache_prologue[] = "LC_ALL=C; export LC_ALL\n"
                                     "umask 077\n"
                                     "case ${XDG_CACHE_HOME:-} in\n"
                                     "/*) cache=$XDG_CACHE_HOME/vtmh ;;\n"
                                     "*) cache=$HOME/.cache/vtmh ;;\n"
                                     "esac\n"
                                     "say() { printf '" MARK "%s\\n' \"$*\"; }\n"
                                     "fail() { say \"error $*\"; exit 1; }\n"
                                     "has() {\n"
                                     "    ( cd \"$cache/$1\" 2>/dev/null || exit 1\n"
                                     "      [ ! -f vtmh-node ] || [ -x vtmh-node ] || exit 1\n"
                                     "      exec sha256sum -c --status 2>/dev/null )\n"
                                     "}\n";

static const char probe_part[] =
    "for tool in sha256sum tar uname df find; do\n"
    "    command -v $tool >/dev/null || fail \"it lacks the program $tool\"\n"
    "done\n"
    "why=$(mkdir -p \"$cache\" 2>&1) || fail \"$why\"\n"
    "[ -w \"$cache\" ] || fail \"cannot write into $cache\"\n"
    "say \"cache $cache\"\n"
    "say \"arch $(uname -m)\"\n"
    "say \"libc $(getconf GNU_LIBC_VERSION 2>/dev/null)\"\n"
    "say \"ssh ${SSH_CONNECTION:-}\"\n"
    "df -Pk \"$cache\" | { read -r head; read -r fs size used room rest; say \"room $room\"; "
    "}\n" REMOTE_CACHE_REMOVE_OLD_UPLOADS;

static const char install_part[] =
    /* An undamaged one may have come there meanwhile, from another vtmh. */
    "install() {\n"
    "    sums=$(cat)\n"
    "    cd \"$new/$1\" || fail \"$1: the upload is gone\"\n"
    "    why=$(tar -xf " BUNDLE_ARCHIVE " 2>&1) || fail \"unpacking: $why\"\n"
    "    rm " BUNDLE_ARCHIVE "\n"
    "    why=$(printf '%s\\n' \"$sums\" | sha256sum -c --quiet 2>&1) || fail \"damaged: $why\"\n"
    "    cd \"$cache\" || fail \"$cache is gone\"\n"
    "    printf '%s\\n' \"$sums\" | has \"$1\" && return\n"
    "    [ ! -e \"$1\" ] || mv -T \"$1\" \"$new/damaged-$1\" 2>/dev/null\n"
    "    why=$(mv -T \"$new/$1\" \"$1\" 2>&1) && return\n"
    "    printf '%s\\n' \"$sums\" | has \"$1\" || fail \"$why\"\n"
    "}\n";

static void append_sums(GString *script, const struct bundle *bundle)
{
    g_string_append_printf(script, " <<'END_OF_SUMS'\n%sEND_OF_SUMS\n", bundle->sums);
}

char *remote_cache_probe_script(struct bundle *const *bundles, unsigned n, const char *token,
                                const char *then)
{
    GString *script = g_string_new(remote_cache_prologue);

    g_string_append(script, probe_part);
    g_string_append_printf(script, "new=$cache/.new-%s\nmissing=\n", token);
    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(script, "if has %s", bundles[i]->folder);
        append_sums(script, bundles[i]);
        g_string_append_printf(script,
                               "then say 'has %s'\nelse\n"
                               "    missing=yes\n"
                               "    why=$(mkdir -p \"$new/%s\" 2>&1) || fail \"$why\"\nfi\n",
                               bundles[i]->folder, bundles[i]->folder);
    }
    g_string_append_printf(script, "say done\n[ -z \"$missing\" ] || exit 0\n%s\n", then);
    return g_string_free(script, FALSE);
}

/* "CLIENT PORT SERVER PORT" */
static char *server_of_connection(const char *connection)
{
    g_auto(GStrv) words = g_strsplit(connection, " ", -1);

    return g_strdup(g_strv_length(words) == 4 ? words[2] : "");
}

static void note_has(const char *folder, struct bundle *const *bundles, unsigned n,
                     struct remote_cache_state *state)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(bundles[i]->folder, folder) == 0)
            state->has[i] = true;
    }
}

static void set_text(char **place, char *text)
{
    g_free(*place);
    *place = text;
}

/* Reads one of our lines; value is what follows its first word. */
static void read_line(const char *word, const char *value, struct bundle *const *bundles,
                      unsigned n, struct remote_cache_state *state)
{
    if (strcmp(word, "cache") == 0)
        set_text(&state->cache, g_strdup(value));
    else if (strcmp(word, "arch") == 0)
        set_text(&state->arch, g_strdup(value));
    else if (strcmp(word, "libc") == 0)
        set_text(&state->libc, g_strdup(value));
    else if (strcmp(word, "ssh") == 0)
        set_text(&state->server_address, server_of_connection(value));
    else if (strcmp(word, "room") == 0)
        state->free_bytes = g_ascii_strtoull(value, NULL, 10) * 1024;
    else if (strcmp(word, "has") == 0)
        note_has(value, bundles, n, state);
}

/*
 * Goes through the lines; returns whether the script came to its end. *error_out: what it
 * complained of, or NULL.
 */
static bool read_marked(const char *out, struct bundle *const *bundles, unsigned n,
                        struct remote_cache_state *state, char **error_out)
{
    g_auto(GStrv) lines = g_strsplit(out != NULL ? out : "", "\n", -1);
    bool is_done = false;

    *error_out = NULL;
    for (char **line = lines; *line != NULL; line++) {
        char *word = *line + strlen(MARK);
        char *value;

        if (is_done)
            break;
        if (!g_str_has_prefix(*line, MARK))
            continue;
        value = strchr(word, ' ');
        if (value != NULL)
            *value++ = '\0';
        if (strcmp(word, "done") == 0)
            is_done = true;
        else if (strcmp(word, "error") == 0)
            set_text(error_out, g_strdup(value != NULL ? value : ""));
        else if (state != NULL)
            read_line(word, value != NULL ? value : "", bundles, n, state);
    }
    return is_done && *error_out == NULL;
}

int remote_cache_read_state(const char *out, struct bundle *const *bundles, unsigned n,
                            struct remote_cache_state *state, GError **err)
{
    struct remote_cache_state found = {.has = g_new0(bool, n + 1)};
    g_autofree char *error = NULL;

    if (read_marked(out, bundles, n, &found, &error) && found.cache != NULL && found.arch != NULL &&
        found.libc != NULL && found.server_address != NULL) {
        *state = found;
        return 0;
    }
    if (error != NULL) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, "%s", error);
    } else {
        g_autofree char *words = node_answer_last_words(out);

        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST,
                    "its shell did not run the first command (/bin/sh -s)%s%s",
                    *words != '\0' ? "; it said: " : "", words);
    }
    remote_cache_state_clear(&found);
    return -1;
}

void remote_cache_state_clear(struct remote_cache_state *state)
{
    g_clear_pointer(&state->cache, g_free);
    g_clear_pointer(&state->arch, g_free);
    g_clear_pointer(&state->libc, g_free);
    g_clear_pointer(&state->server_address, g_free);
    g_clear_pointer(&state->has, g_free);
}

/* Whether version a, "2.9", is older than b, "2.34". */
static bool is_older(const char *a, const char *b)
{
    g_auto(GStrv) left = g_strsplit(a, ".", -1);
    g_auto(GStrv) right = g_strsplit(b, ".", -1);

    for (unsigned i = 0; right[i] != NULL; i++) {
        guint64 x = left[i] != NULL ? g_ascii_strtoull(left[i], NULL, 10) : 0;
        guint64 y = g_ascii_strtoull(right[i], NULL, 10);

        if (x != y || left[i] == NULL)
            return x < y;
    }
    return false;
}

static int check_libc(const struct remote_cache_state *state, const struct bundle *bundle,
                      GError **err)
{
    static const char glibc[] = "glibc ";

    if (bundle->glibc == NULL)
        return 0;
    if (!g_str_has_prefix(state->libc, glibc)) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST,
                    "it has no GNU libc (getconf GNU_LIBC_VERSION says \"%s\"); %s needs one",
                    state->libc, bundle->what);
        return -1;
    }
    if (is_older(state->libc + strlen(glibc), bundle->glibc)) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST,
                    "its libc is too old: %s there, %s needs glibc %s or newer; build vtmh on a "
                    "computer as old as this host",
                    state->libc, bundle->what, bundle->glibc);
        return -1;
    }
    return 0;
}

int remote_cache_check_fit(const struct remote_cache_state *state, const struct bundle *bundle,
                           bool must_upload, GError **err)
{
    uint64_t needed = 2 * bundle->size; /* packed and unpacked */

    if (bundle->arch != NULL && strcmp(bundle->arch, state->arch) != 0) {
        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, "its architecture is %s, %s is for %s",
                    state->arch, bundle->what, bundle->arch);
        return -1;
    }
    if (check_libc(state, bundle, err) < 0)
        return -1;
    if (must_upload && state->free_bytes < needed) {
        g_autofree char *room = g_format_size(state->free_bytes);
        g_autofree char *wanted = g_format_size(needed);

        g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_HOST, "only %s free in %s, %s needs %s", room,
                    state->cache, bundle->what, wanted);
        return -1;
    }
    return 0;
}

char *remote_cache_incoming(const struct remote_cache_state *state, const char *token,
                            const struct bundle *bundle)
{
    return g_strdup_printf("%s/.new-%s/%s/" BUNDLE_ARCHIVE, state->cache, token, bundle->folder);
}

char *remote_cache_install_script(const struct remote_cache_state *state,
                                  struct bundle *const *bundles, unsigned n, const char *token,
                                  const char *then)
{
    GString *script = g_string_new(remote_cache_prologue);

    g_string_append(script, install_part);
    g_string_append_printf(script, "new=$cache/.new-%s\n", token);
    for (unsigned i = 0; i < n; i++) {
        if (state->has[i])
            continue;
        g_string_append_printf(script, "install %s", bundles[i]->folder);
        append_sums(script, bundles[i]);
    }
    g_string_append_printf(script, "rm -rf \"$new\"\nsay done\n%s\n", then);
    return g_string_free(script, FALSE);
}

int remote_cache_read_install(const char *out, const char *errors, GError **err)
{
    g_autofree char *error = NULL;
    g_autofree char *words = NULL;

    if (read_marked(out, NULL, 0, NULL, &error))
        return 0;
    words = node_answer_last_words(errors);
    g_set_error(err, DEPLOY_ERROR, DEPLOY_ERROR_UPLOAD, "the upload did not verify there: %s",
                error != NULL ? error : words);
    return -1;
}

const char *remote_cache_after(const char *out)
{
    static const char end[] = MARK "done\n";
    const char *found = out != NULL ? strstr(out, end) : NULL;

    return found != NULL ? found + strlen(end) : "";
}

char *remote_cache_start_lines(const struct remote_cache_start *start)
{
    g_autofree char *name = g_shell_quote(start->name);
    g_autofree char *reached = g_shell_quote(start->reached);

    return g_strdup_printf("reached=%s\n"
                           "set -- ${SSH_CONNECTION:-}\n"
                           "own=${3:-$reached}\n"
                           "case $own in\n"
                           "*:*) listen=tcp://[$own]:0 ;;\n"
                           "*) listen=tcp://$own:0 ;;\n"
                           "esac\n"
                           "echo %s | \"$cache/%s/vtmh-node\" serve --name %s --listen \"$listen\""
                           " --guests \"$cache/%s\" --address \"${reached:-$own}\"\n",
                           reached, start->key, start->node->folder, name,
                           start->guests != NULL ? start->guests->folder : "no-guests");
}

char *remote_cache_clean_up_script(const struct bundle *node, pid_t pid)
{
    return g_strdup_printf("%sexec \"$cache/%s/vtmh-node\" cleanup --pid %ld\n",
                           remote_cache_prologue, node->folder, (long)pid);
}
