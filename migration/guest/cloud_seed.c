#include "migration/guest/cloud_seed.h"

#include "migration/guest/guest.h"
#include "migration/machine/nic.h"
#include "migration/params.h"

#include "sync/child.h"

#include <glib/gstdio.h>
#include <string.h>

#define SECTOR 2048
#define DISC_MAX ((gsize)4 << 20)
#define KEY_MAX 16384

/* Files of a seed: those that travel, and those that it is made of. */
static const char *const travelling[] = {CLOUD_SEED_IDENTITY, CLOUD_SEED_HOST_KEY};
static const char *const scratch[] = {CLOUD_SEED_IDENTITY ".pub", "host-key", "user-data",
                                      "meta-data", "network-config"};

bool cloud_seed_is_wanted(const struct params *params)
{
    return strcmp(guest_name(params), "image") == 0 && param_is_yes(params, "cloud_init");
}

char *cloud_seed_file(const struct host *host, const char *vm, const char *file)
{
    g_autofree char *name = g_strconcat(vm, "-", file, NULL);

    return g_build_filename(host->run_dir != NULL ? host->run_dir : "/", name, NULL);
}

static char *read_file(const struct host *host, const char *vm, const char *file, gsize *size,
                       GError **err)
{
    g_autofree char *path = cloud_seed_file(host, vm, file);
    g_autoptr(GError) error = NULL;
    char *text = NULL;

    if (g_file_get_contents(path, &text, size, &error))
        return text;
    g_set_error(err, VM_ERROR, VM_ERROR_START, "the seed of %s on %s: %s", vm, host->name,
                error->message);
    return NULL;
}

static int write_file(const struct host *host, const char *vm, const char *file, const char *data,
                      gssize size, GError **err)
{
    g_autofree char *path = cloud_seed_file(host, vm, file);
    g_autoptr(GError) error = NULL;

    if (g_file_set_contents_full(path, data, size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        return 0;
    g_set_error(err, VM_ERROR, VM_ERROR_START, "the seed of %s on %s: %s", vm, host->name,
                error->message);
    return -1;
}

char *cloud_seed_host_key(const struct host *host, const char *vm, GError **err)
{
    char *key = read_file(host, vm, CLOUD_SEED_HOST_KEY, NULL, err);

    return key != NULL ? g_strstrip(key) : NULL;
}

/* ---- making one */

static int run(const struct host *host, const char *const *argv, int64_t deadline, GError **err)
{
    g_autofree char *said = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, NULL, &said, err) < 0) {
        g_prefix_error(err, "making the seed on %s: ", host->name);
        return -1;
    }
    if (status == 0)
        return 0;
    g_autofree char *how = child_describe_status(status);
    g_set_error(err, VM_ERROR, VM_ERROR_START, "making the seed on %s: %s: %s: %s", host->name,
                argv[0], how, g_strchomp(said));
    return -1;
}

static int make_key(const struct host *host, const char *vm, const char *file, int64_t deadline,
                    GError **err)
{
    g_autofree char *path = cloud_seed_file(host, vm, file);
    const char *const argv[] = {"ssh-keygen", "-q",   "-t", "ed25519", "-N", "",
                                "-C",         "vtmh", "-f", path,      NULL};

    return run(host, argv, deadline, err);
}

/* The user, who may be root, and who else becomes it without being asked. */
static json_t *user_of(const struct params *params, const char *key, const char *name)
{
    const char *password = params_get(params, "password");
    json_t *user =
        json_pack("{s:s, s:[s], s:s, s:b}", "name", name, "ssh_authorized_keys", key, "shell",
                  "/bin/bash", "lock_passwd", (int)(password == NULL || *password == '\0'));

    if (password != NULL && *password != '\0')
        json_object_set_new(user, "plain_text_passwd", json_string(password));
    if (strcmp(name, "root") != 0)
        json_object_set_new(user, "sudo", json_string("ALL=(ALL) NOPASSWD:ALL"));
    return user;
}

/* JSON is YAML, and nothing in it need be quoted by hand. */
static char *user_data(const char *vm, const struct params *params, const char *login_key,
                       const char *host_secret, const char *host_public)
{
    const char *username = params_get(params, "username");
    const char *name = username != NULL && *username != '\0' ? username : "root";
    const char *password = params_get(params, "password");
    bool has_password = password != NULL && *password != '\0';
    json_auto_t *data =
        json_pack("{s:s, s:b, s:b, s:[o], s:{s:s, s:s}}", "hostname", vm, "disable_root", 0,
                  "ssh_pwauth", (int)has_password, "users", user_of(params, login_key, name),
                  "ssh_keys", "ed25519_private", host_secret, "ed25519_public", host_public);

    if (has_password && strcmp(name, "root") == 0)
        json_object_set_new(data, "write_files",
                            json_pack("[{s:s, s:s}]", "path", "/etc/ssh/sshd_config.d/10-root.conf",
                                      "content", "PermitRootLogin yes\n"));
    g_autofree char *text = json_dumps(data, JSON_INDENT(1));
    return text != NULL ? g_strconcat("#cloud-config\n", text, "\n", NULL) : NULL;
}

/* A card on a bridge has the address that the test says (ip), and others ask for theirs. */
static json_t *card_of(const struct params *card)
{
    const char *address = param_text(card, "ip");
    json_t *config = json_pack("{s:{s:s}}", "match", "macaddress", param_text(card, "mac"));

    if (!nic_is_on_bridge(card) || address == NULL) {
        json_object_set_new(config, "dhcp4", json_true());
        return config;
    }
    g_autofree char *with_bits = strchr(address, '/') != NULL   ? g_strdup(address)
                                 : strchr(address, ':') != NULL ? g_strconcat(address, "/64", NULL)
                                                                : g_strconcat(address, "/24", NULL);
    json_object_set_new(config, "addresses", json_pack("[s]", with_bits));
    return config;
}

/* NULL: the image asks for an address by itself, as it would without us. Transfer full. */
static char *network_config(const struct params *params)
{
    g_auto(GStrv) names = param_list(params, "nics");
    json_auto_t *cards = json_object();
    bool is_told = false;

    for (char **name = names; *name != NULL; name++) {
        g_autoptr(params) card = params_object_params(params, *name);

        if (param_text(card, "mac") == NULL)
            return NULL;
        is_told = is_told || param_text(card, "ip") != NULL;
        json_object_set_new(cards, *name, card_of(card));
    }
    if (!is_told)
        return NULL;
    json_auto_t *config = json_pack("{s:i, s:O}", "version", 2, "ethernets", cards);
    return json_dumps(config, JSON_INDENT(1));
}

static int write_texts(const struct host *host, const char *vm, const struct params *params,
                       GError **err)
{
    g_autofree char *login = read_file(host, vm, CLOUD_SEED_IDENTITY ".pub", NULL, err);
    g_autofree char *secret = login != NULL ? read_file(host, vm, "host-key", NULL, err) : NULL;
    g_autofree char *public = secret != NULL ? cloud_seed_host_key(host, vm, err) : NULL;
    g_autofree char *id = g_uuid_string_random();
    g_autofree char *meta =
        g_strdup_printf("{\"instance-id\": \"%s\", \"local-hostname\": \"%s\"}\n", id, vm);
    g_autofree char *user = NULL;

    if (public == NULL)
        return -1;
    user = user_data(vm, params, g_strstrip(login), secret, public);
    if (user == NULL) {
        g_set_error(err, VM_ERROR, VM_ERROR_START, "username or password of %s is not UTF-8", vm);
        return -1;
    }
    if (write_file(host, vm, "user-data", user, -1, err) < 0 ||
        write_file(host, vm, "meta-data", meta, -1, err) < 0)
        return -1;
    g_autofree char *network = network_config(params);
    return network != NULL ? write_file(host, vm, "network-config", network, -1, err) : 0;
}

static int make_disc(const struct host *host, const char *vm, int64_t deadline, GError **err)
{
    g_autofree char *genisoimage = g_find_program_in_path("genisoimage");
    g_autofree char *xorriso = genisoimage == NULL ? g_find_program_in_path("xorriso") : NULL;
    g_autofree char *disc = cloud_seed_file(host, vm, CLOUD_SEED_DISC);
    g_autofree char *user = cloud_seed_file(host, vm, "user-data");
    g_autofree char *meta = cloud_seed_file(host, vm, "meta-data");
    g_autofree char *user_graft = g_strconcat("user-data=", user, NULL);
    g_autofree char *meta_graft = g_strconcat("meta-data=", meta, NULL);
    g_autofree char *network = cloud_seed_file(host, vm, "network-config");
    g_autofree char *network_graft = g_file_test(network, G_FILE_TEST_EXISTS)
                                         ? g_strconcat("network-config=", network, NULL)
                                         : NULL;
    const char *const argv[] = {xorriso != NULL ? xorriso : genisoimage,
                                xorriso != NULL ? "-as" : "-quiet",
                                xorriso != NULL ? "mkisofs" : "-quiet",
                                "-volid",
                                "cidata",
                                "-joliet",
                                "-rock",
                                "-output",
                                disc,
                                "-graft-points",
                                user_graft,
                                meta_graft,
                                network_graft, /* the last: NULL where it is not there */
                                NULL};

    if (argv[0] != NULL)
        return run(host, argv, deadline, err);
    g_set_error(err, VM_ERROR, VM_ERROR_START,
                "cloud_init = yes needs genisoimage or xorriso, and %s has neither (the packages "
                "are called so)",
                host->name);
    return -1;
}

int cloud_seed_make(const struct host *host, const char *vm, const struct params *params,
                    int64_t deadline, GError **err)
{
    return make_key(host, vm, CLOUD_SEED_IDENTITY, deadline, err) < 0 ||
                   make_key(host, vm, "host-key", deadline, err) < 0 ||
                   write_texts(host, vm, params, err) < 0 || make_disc(host, vm, deadline, err) < 0
               ? -1
               : 0;
}

void cloud_seed_remove(const struct host *host, const char *vm)
{
    static const char *const *const lists[] = {travelling, scratch};
    static const size_t sizes[] = {G_N_ELEMENTS(travelling), G_N_ELEMENTS(scratch)};
    g_autofree char *disc = cloud_seed_file(host, vm, CLOUD_SEED_DISC);

    g_unlink(disc);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        for (size_t j = 0; j < sizes[i]; j++) {
            g_autofree char *path = cloud_seed_file(host, vm, lists[i][j]);

            g_unlink(path);
        }
}

/* ---- on the way to the other hosts: a disc is mostly zeros, so only sectors with something in
 * them are told. */

static bool is_zero(const char *data, gsize size)
{
    for (gsize i = 0; i < size; i++)
        if (data[i] != '\0')
            return false;
    return true;
}

static json_t *pack_disc(const char *data, gsize size)
{
    json_t *sectors = json_array();

    for (gsize at = 0; at < size; at += SECTOR) {
        gsize here = MIN(size - at, (gsize)SECTOR);

        if (is_zero(data + at, here))
            continue;
        g_autofree char *text = g_base64_encode((const guchar *)data + at, here);
        json_array_append_new(sectors, json_pack("[I, s]", (json_int_t)at, text));
    }
    return json_pack("{s:I, s:o}", "size", (json_int_t)size, "sectors", sectors);
}

/* NULL: it is none. Transfer full. */
static char *unpack_disc(const json_t *packed, gsize *size_out)
{
    json_int_t size = json_integer_value(json_object_get(packed, "size"));
    g_autofree char *disc = NULL;
    const json_t *sector;
    size_t i;

    if (size <= 0 || (gsize)size > DISC_MAX)
        return NULL;
    disc = g_malloc0((gsize)size);
    json_array_foreach (json_object_get(packed, "sectors"), i, sector) {
        json_int_t at = json_integer_value(json_array_get(sector, 0));
        const char *text = json_string_value(json_array_get(sector, 1));
        g_autofree guchar *data = NULL;
        gsize here = 0;

        if (text == NULL)
            return NULL;
        data = g_base64_decode(text, &here);
        if (at < 0 || here > (gsize)size || (gsize)at > (gsize)size - here)
            return NULL;
        memcpy(disc + at, data, here);
    }
    *size_out = (gsize)size;
    return g_steal_pointer(&disc);
}

json_t *cloud_seed_pack(const struct host *host, const char *vm, GError **err)
{
    json_auto_t *packed = json_object();
    gsize size;
    g_autofree char *disc = read_file(host, vm, CLOUD_SEED_DISC, &size, err);

    if (disc == NULL)
        return NULL;
    json_object_set_new(packed, CLOUD_SEED_DISC, pack_disc(disc, size));
    for (size_t i = 0; i < G_N_ELEMENTS(travelling); i++) {
        g_autofree char *text = read_file(host, vm, travelling[i], NULL, err);

        if (text == NULL)
            return NULL;
        json_object_set_new(packed, travelling[i], json_string(text));
    }
    return json_incref(packed);
}

int cloud_seed_unpack(const struct host *host, const char *vm, const json_t *packed, GError **err)
{
    gsize size = 0;
    g_autofree char *disc = unpack_disc(json_object_get(packed, CLOUD_SEED_DISC), &size);

    for (size_t i = 0; disc != NULL && i < G_N_ELEMENTS(travelling); i++) {
        const char *text = json_string_value(json_object_get(packed, travelling[i]));

        if (text == NULL || strlen(text) > KEY_MAX)
            g_clear_pointer(&disc, g_free);
        else if (write_file(host, vm, travelling[i], text, -1, err) < 0)
            return -1;
    }
    if (disc != NULL)
        return write_file(host, vm, CLOUD_SEED_DISC, disc, (gssize)size, err);
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "the seed of %s that came to %s is none", vm,
                host->name);
    return -1;
}
