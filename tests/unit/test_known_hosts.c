/* The files are written by the real ssh-keygen wherever it writes such lines itself. */
#include "proto/known_hosts.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

struct host_key {
    char *line; /* "type base64" as in the .pub file, without the comment */
    char *fingerprint;
    uint8_t *blob;
    gsize size;
};

static char *folder;
static char *file;
static struct host_key ed25519, ecdsa, other;

static void run(const char *command_line, char **out)
{
    GError *err = NULL;
    int status;

    cr_assert(g_spawn_command_line_sync(command_line, out, NULL, &status, &err), "%s: %s",
              command_line, err != NULL ? err->message : "");
    cr_assert_eq(status, 0, "%s: status %d", command_line, status);
}

static struct host_key make_key(const char *name, const char *type)
{
    struct host_key key = {0};
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *pub = g_strconcat(path, ".pub", NULL);
    g_autofree char *make = g_strdup_printf("ssh-keygen -q -N '' -t %s -f %s", type, path);
    g_autofree char *list = g_strdup_printf("ssh-keygen -l -f %s", pub);
    g_autofree char *text = NULL, *listed = NULL;
    g_auto(GStrv) words = NULL, list_words = NULL;

    run(make, NULL);
    run(list, &listed);
    cr_assert(g_file_get_contents(pub, &text, NULL, NULL));
    words = g_strsplit(g_strchomp(text), " ", 3);
    list_words = g_strsplit(listed, " ", 3);
    key.line = g_strdup_printf("%s %s", words[0], words[1]);
    key.blob = g_base64_decode(words[1], &key.size);
    key.fingerprint = g_strdup(list_words[1]);
    return key;
}

static void free_key(struct host_key *key)
{
    g_free(key->line);
    g_free(key->fingerprint);
    g_free(key->blob);
}

static void setup(void)
{
    folder = g_dir_make_tmp("vtmh-known-hosts-XXXXXX", NULL);
    cr_assert_not_null(folder);
    file = g_build_filename(folder, "known_hosts", NULL);
    ed25519 = make_key("ed25519", "ed25519");
    other = make_key("other", "ed25519");
    ecdsa = make_key("ecdsa", "ecdsa");
}

static void teardown(void)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_remove(path);
    }
    g_dir_close(dir);
    g_rmdir(folder);
    free_key(&ed25519);
    free_key(&ecdsa);
    free_key(&other);
    g_free(file);
    g_free(folder);
}

TestSuite(known_hosts, .init = setup, .fini = teardown);

static void write_file(const char *format, ...) G_GNUC_PRINTF(1, 2);
static void write_file(const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    cr_assert(g_file_set_contents(file, text, -1, NULL));
}

static void hash_file(void)
{
    g_autofree char *command = g_strdup_printf("ssh-keygen -q -H -f %s", file);
    g_autofree char *text = NULL;

    run(command, NULL);
    cr_assert(g_file_get_contents(file, &text, NULL, NULL));
    cr_assert(g_str_has_prefix(text, "|1|"), "ssh-keygen did not hash: %s", text);
}

/* line: which line of the file must be named as the one that decided; 0: none. */
static void assert_answer(const char *name, uint16_t port, const struct host_key *key,
                          enum known_hosts_answer answer, unsigned line)
{
    const char *files[] = {file, NULL};
    struct known_hosts_finding finding = {0};
    g_autofree char *where = line > 0 ? g_strdup_printf("%s:%u", file, line) : NULL;

    cr_assert_eq(known_hosts_check(files, name, port, key->blob, key->size, &finding, NULL), 0);
    cr_assert_eq(finding.answer, answer, "%s:%u: answer %d, not %d", name, port, finding.answer,
                 answer);
    cr_assert(g_strcmp0(finding.where, where) == 0, "%s:%u: decided at %s, not %s", name, port,
              finding.where, where);
    g_free(finding.where);
}

Test(known_hosts, matches_a_plain_name_whatever_its_case)
{
    write_file("# a comment\n\nhost1,10.0.0.1 %s root@host1\n", ed25519.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_MATCH, 3);
    assert_answer("HOST1", 22, &ed25519, KNOWN_HOSTS_MATCH, 3);
    assert_answer("10.0.0.1", 22, &ed25519, KNOWN_HOSTS_MATCH, 3);
    assert_answer("host2", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
    assert_answer("host11", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
}

Test(known_hosts, says_changed_and_where_when_another_key_is_known)
{
    write_file("host2 %s\nhost1 %s\n", ed25519.line, other.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_CHANGED, 2);
}

Test(known_hosts, says_changed_for_a_key_of_another_type_as_openssh_does)
{
    write_file("host1 %s\n", ecdsa.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_CHANGED, 1);
}

Test(known_hosts, names_the_old_key_of_the_same_type_among_several)
{
    write_file("host1 %s\nhost1 %s\n", ecdsa.line, other.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_CHANGED, 2);
}

Test(known_hosts, matches_any_of_several_keys_of_a_host)
{
    write_file("host1 %s\nhost1 %s\nhost1 %s\n", ecdsa.line, other.line, ed25519.line);
    assert_answer("host1", 22, &ecdsa, KNOWN_HOSTS_MATCH, 1);
    assert_answer("host1", 22, &other, KNOWN_HOSTS_MATCH, 2);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_MATCH, 3);
}

Test(known_hosts, matches_names_hashed_by_ssh_keygen)
{
    write_file("host1 %s\n[host3]:2222 %s\n", ed25519.line, other.line);
    hash_file();
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("Host1", 22, &other, KNOWN_HOSTS_CHANGED, 1);
    assert_answer("host3", 2222, &other, KNOWN_HOSTS_MATCH, 2);
    assert_answer("host2", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
}

Test(known_hosts, keeps_ports_apart)
{
    write_file("[host1]:2222 %s\n[host1]:2223 %s\n", ed25519.line, other.line);
    assert_answer("host1", 2222, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("host1", 2223, &ed25519, KNOWN_HOSTS_CHANGED, 2);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
    assert_answer("host1", 2224, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
}

Test(known_hosts, takes_the_same_key_under_the_plain_name_for_another_port)
{
    write_file("host1 %s\n", ed25519.line);
    assert_answer("host1", 2222, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("host1", 2222, &other, KNOWN_HOSTS_UNKNOWN, 0);
    write_file("host1 %s\n[host1]:2222 %s\n", ed25519.line, other.line);
    assert_answer("host1", 2222, &ed25519, KNOWN_HOSTS_CHANGED, 2);
}

Test(known_hosts, understands_wildcards_and_negation)
{
    write_file("*.lab.example,!bad.lab.example,host? %s\n[*.lab.example]:2222 %s\n", ed25519.line,
               ed25519.line);
    assert_answer("a.lab.example", 22, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("host7", 22, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("host77", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
    assert_answer("lab.example", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
    assert_answer("bad.lab.example", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
    assert_answer("a.lab.example", 2222, &ed25519, KNOWN_HOSTS_MATCH, 2);
}

Test(known_hosts, tries_each_place_for_a_star)
{
    write_file("*ab*ab %s\n**x %s\n*? %s\n", ed25519.line, other.line, ecdsa.line);
    assert_answer("abcab", 22, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("ababab", 22, &ed25519, KNOWN_HOSTS_MATCH, 1);
    assert_answer("aba", 22, &ed25519, KNOWN_HOSTS_CHANGED, 3);
    assert_answer("x", 22, &other, KNOWN_HOSTS_MATCH, 2);
    assert_answer("y", 22, &ecdsa, KNOWN_HOSTS_MATCH, 3);
}

Test(known_hosts, reads_patterns_that_are_not_utf8)
{
    write_file("*.lab,host?\377\377`\020\001 %s\nhost1 %s\n", ed25519.line, ed25519.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_MATCH, 2);
}

Test(known_hosts, revocation_wins_wherever_it_stands)
{
    write_file("host1 %s\n@revoked * %s\nhost1 %s\n", ed25519.line, ed25519.line, ed25519.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_REVOKED, 2);
    assert_answer("host9", 22, &ed25519, KNOWN_HOSTS_REVOKED, 2);
    assert_answer("host1", 22, &other, KNOWN_HOSTS_CHANGED, 1);
    write_file("[host1]:2222 %s\n@revoked host1 %s\n", ed25519.line, ed25519.line);
    assert_answer("host1", 2222, &ed25519, KNOWN_HOSTS_REVOKED, 2);
}

Test(known_hosts, a_certificate_authority_is_no_host_key)
{
    write_file("@cert-authority * %s\n@nonsense host1 %s\n", ed25519.line, ed25519.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
}

Test(known_hosts, passes_over_lines_without_sense)
{
    write_file("host1\nhost1 ssh-ed25519\nhost1 ssh-ed25519 !!!!\nhost1 ssh-rsa %s\n"
               "|1|nonsense ssh-ed25519 AAAA\n|1| %s\n@revoked\nhost1 %s",
               strchr(ed25519.line, ' ') + 1, ed25519.line, ed25519.line);
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_MATCH, 8);
}

Test(known_hosts, reads_lines_with_carriage_returns)
{
    write_file("host1 %s\r\nhost2 %s\r\n", ed25519.line, other.line);
    assert_answer("host2", 22, &other, KNOWN_HOSTS_MATCH, 2);
}

Test(known_hosts, finds_nothing_in_files_that_do_not_exist)
{
    assert_answer("host1", 22, &ed25519, KNOWN_HOSTS_UNKNOWN, 0);
}

Test(known_hosts, fails_on_a_file_that_cannot_be_read)
{
    const char *files[] = {folder, NULL};
    struct known_hosts_finding finding = {.answer = KNOWN_HOSTS_REVOKED};
    GError *err = NULL;

    cr_assert_eq(known_hosts_check(files, "host1", 22, ed25519.blob, ed25519.size, &finding, &err),
                 -1);
    cr_assert_eq(err->domain, G_FILE_ERROR);
    cr_assert_eq(finding.answer, KNOWN_HOSTS_REVOKED, "the finding was touched");
    g_error_free(err);
}

Test(known_hosts, reads_all_files)
{
    g_autofree char *second = g_build_filename(folder, "known_hosts2", NULL);
    g_autofree char *text = g_strdup_printf("@revoked host1 %s\n", ed25519.line);
    const char *files[] = {file, second, NULL};
    struct known_hosts_finding finding;

    write_file("host1 %s\n", ed25519.line);
    cr_assert(g_file_set_contents(second, text, -1, NULL));
    cr_assert_eq(known_hosts_check(files, "host1", 22, ed25519.blob, ed25519.size, &finding, NULL),
                 0);
    cr_assert_eq(finding.answer, KNOWN_HOSTS_REVOKED);
    g_free(finding.where);
}

Test(known_hosts, lists_the_key_types_of_a_host_once_and_without_revoked_ones)
{
    const char *files[] = {file, NULL};
    g_auto(GStrv) types = NULL, plain = NULL, none = NULL;

    write_file("host1 %s\nhost1 %s\n@revoked host1 %s\n[host1]:2222 %s\n", ed25519.line, other.line,
               ecdsa.line, ecdsa.line);
    types = known_hosts_key_types(files, "host1", 22);
    cr_assert_eq(g_strv_length(types), 1);
    cr_assert_str_eq(types[0], "ssh-ed25519");
    plain = known_hosts_key_types(files, "host1", 2223);
    cr_assert_eq(g_strv_length(plain), 1, "the plain name speaks for an unknown port");
    none = known_hosts_key_types(files, "host2", 22);
    cr_assert_eq(g_strv_length(none), 0);
}

Test(known_hosts, adds_what_ssh_keygen_then_finds)
{
    g_autofree char *deep = g_build_filename(folder, "new", NULL);
    g_autofree char *path = g_build_filename(deep, "known_hosts", NULL);
    g_autofree char *find = g_strdup_printf("ssh-keygen -F [host1]:2222 -f %s", path);
    g_autofree char *found = NULL;
    struct stat st;

    cr_assert_eq(known_hosts_add(path, "Host1", 2222, ed25519.blob, ed25519.size, NULL), 0);
    cr_assert_eq(g_stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(g_stat(deep, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    run(find, &found);
    cr_assert_not_null(strstr(found, ed25519.line), "%s", found);
    g_remove(path);
    g_rmdir(deep);
}

Test(known_hosts, adds_a_line_of_its_own_after_one_without_an_end)
{
    write_file("host1 %s", other.line);
    cr_assert_eq(known_hosts_add(file, "host2", 22, ed25519.blob, ed25519.size, NULL), 0);
    assert_answer("host1", 22, &other, KNOWN_HOSTS_MATCH, 1);
    assert_answer("host2", 22, &ed25519, KNOWN_HOSTS_MATCH, 2);
}

Test(known_hosts, refuses_to_add_what_is_no_key)
{
    GError *err = NULL;

    cr_assert_eq(known_hosts_add(file, "host1", 22, (const uint8_t *)"\0\0\1\0x", 5, &err), -1);
    cr_assert_not_null(err);
    cr_assert_not(g_file_test(file, G_FILE_TEST_EXISTS));
    g_error_free(err);
}

Test(known_hosts, prints_fingerprints_as_ssh_keygen_does)
{
    g_autofree char *fingerprint = known_hosts_fingerprint(ed25519.blob, ed25519.size);

    cr_assert_str_eq(fingerprint, ed25519.fingerprint);
}
