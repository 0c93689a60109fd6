#include "migration/storage/image.h"

#include "migration/params.h"

#include <string.h>

#define DEFAULT_IMAGE "image1"
#define DEFAULT_FORMAT "qcow2"

/* Formats of QEMU whose files have an ending of their own. */
static const struct {
    const char *ending, *format;
} endings[] = {
    {".qcow2", "qcow2"}, {".raw", "raw"},   {".img", "raw"},   {".qed", "qed"},
    {".vmdk", "vmdk"},   {".vdi", "vdi"},   {".vhdx", "vhdx"}, {".vpc", "vpc"},
    {".vhd", "vpc"},     {".qcow", "qcow"}, {".dmg", "dmg"},   {".cloop", "cloop"},
};

/* Prefixes of what is no path. A URL with "://" has one of these schemes, or NAME+TRANSPORT. */
static const char *const schemes[] = {"nfs",  "gluster", "iscsi", "nbd",  "ssh",
                                      "http", "https",   "ftp",   "ftps", NULL};

static bool has_scheme(const char *location)
{
    size_t length = strcspn(location, ":+");
    const char *colon = strchr(location, ':');
    g_autofree char *scheme = g_strndup(location, length);

    return colon != NULL && g_str_has_prefix(colon, "://") && g_strv_contains(schemes, scheme);
}

bool image_is_url(const char *location)
{
    return g_str_has_prefix(location, "rbd:") || has_scheme(location);
}

/* libiscsi parts user and password by '%', everybody else by ':'. */
static bool has_password(const char *url)
{
    const char *begin = strstr(url, "://");
    g_autofree char *who =
        begin != NULL ? g_strndup(begin + 3, strcspn(begin + 3, "/?#")) : g_strdup("");
    char *at = strrchr(who, '@');

    if (at == NULL)
        return false;
    *at = '\0';
    return strchr(who, ':') != NULL || (g_str_has_prefix(url, "iscsi") && strchr(who, '%') != NULL);
}

int image_check_secret(const char *url, GError **err)
{
    bool is_rbd = g_str_has_prefix(url, "rbd:");

    if (is_rbd ? strstr(url, ":key=") == NULL : !has_password(url))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "a URL of %.*s: has a password or key in it, which everybody could read on command "
                "lines and in logs: %s",
                (int)strcspn(url, ":"), url,
                is_rbd ? "name a file that has it (conf=)"
                       : "use a server that asks for none, or an image that is mounted");
    return -1;
}

char *image_data_path(const struct params *params, const char *path)
{
    return path[0] == '/' ? g_strdup(path)
                          : g_build_filename(param_text(params, "data_dir"), path, NULL);
}

/* The value without blanks around it; NULL: nothing, or none. Transfer full. */
static char *value_of(const struct params *own, const char *name)
{
    return param_is_set(own, name) ? g_strstrip(g_strdup(params_get(own, name))) : NULL;
}

static GStrv listed(const struct params *vm)
{
    return params_get(vm, "images") != NULL ? params_objects(vm, "images")
                                            : g_strsplit(DEFAULT_IMAGE, " ", -1);
}

/* Alone, where its image_chain does not name it. What that names twice stays there twice, to be
 * told. Transfer full. */
static GStrv chain_of(const struct params *own, const char *name)
{
    g_auto(GStrv) chain = params_list(own, "image_chain", " \t");

    return g_strv_contains((const char *const *)chain, name) ? g_steal_pointer(&chain)
                                                             : g_strsplit(name, " ", -1);
}

static bool has_chain(const GPtrArray *chains, GStrv chain)
{
    for (unsigned i = 0; i < chains->len; i++)
        if (g_strv_equal(g_ptr_array_index(chains, i), (const char *const *)chain))
            return true;
    return false;
}

GPtrArray *image_chains(const struct params *vm)
{
    bool is_listed = params_get(vm, "images") != NULL;
    g_auto(GStrv) words = listed(vm);
    GPtrArray *chains = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

    for (char **word = words; *word != NULL; word++) {
        g_autoptr(params) own = params_object_params(vm, *word);
        g_auto(GStrv) chain = chain_of(own, *word);
        bool is_asked_for = is_listed || chain[1] != NULL;
        bool is_left_out = params_get(own, "image_name") != NULL || !is_asked_for;

        if ((param_is_set(own, "image_name") || !is_left_out) &&
            !(chain[1] != NULL && has_chain(chains, chain)))
            g_ptr_array_add(chains, g_steal_pointer(&chain));
    }
    return chains;
}

bool image_chain_is_used(const struct params *vm)
{
    g_auto(GStrv) chain = param_list(vm, "image_chain");
    g_auto(GStrv) words = listed(vm);
    bool is_used = *chain == NULL || *words == NULL;

    for (char **word = words; *word != NULL; word++)
        is_used = is_used || g_strv_contains((const char *const *)chain, *word);
    return is_used;
}

GStrv image_names(const struct params *vm)
{
    g_autoptr(GPtrArray) chains = image_chains(vm);
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();

    for (unsigned i = 0; i < chains->len; i++) {
        GStrv chain = g_ptr_array_index(chains, i);
        g_strv_builder_add(names, chain[g_strv_length(chain) - 1]);
    }
    return g_strv_builder_end(names);
}

static const char *format_by_ending(const char *location)
{
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(location, endings[i].ending))
            return endings[i].format;
    return NULL;
}

/* Of a file: below its folder, and with its format as extension. Transfer full. */
static char *file_path(const struct params *own, const char *name, const char *format)
{
    g_autofree char *base = value_of(own, "images_base_dir");
    g_autofree char *folder = base != NULL ? image_data_path(own, base) : NULL;
    g_autofree char *path = folder != NULL && name[0] != '/' ? g_build_filename(folder, name, NULL)
                                                             : image_data_path(own, name);
    const char *by_ending = format_by_ending(path);

    /* Who publishes images as .img may mean any format. */
    if (by_ending != NULL && (strcmp(by_ending, format) == 0 || g_str_has_suffix(path, ".img")))
        return g_steal_pointer(&path);
    return g_strconcat(path, ".", format, NULL);
}

static void place(struct image *image, const struct params *own, const char *name)
{
    const char *by_ending = format_by_ending(name);
    g_autofree char *asked = value_of(own, "image_format");

    if (asked != NULL)
        image->format = g_steal_pointer(&asked);
    else if (by_ending != NULL)
        image->format = g_strdup(by_ending);
    else
        image->format = g_strdup(image->is_url || image->is_device ? "raw" : DEFAULT_FORMAT);
    if (image->is_url)
        image->location = g_strdup(name);
    else if (image->is_device)
        image->location = image_data_path(own, name);
    else
        image->location = file_path(own, name, image->format);
}

struct image *image_new(const struct params *vm, const char *name, GError **err)
{
    g_autoptr(params) own = params_object_params(vm, name);
    g_autofree char *image_name = value_of(own, "image_name");
    g_autoptr(image) image = g_new0(struct image, 1);

    if (image_name == NULL) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "images or image_chain names %s, which has no image_name", name);
        return NULL;
    }
    if (param_bool(own, "image_raw_device", &image->is_device, err) < 0)
        return NULL;
    image->name = g_strdup(name);
    image->is_url = image_is_url(image_name);
    if (image->is_url && image_check_secret(image_name, err) < 0)
        return NULL;
    place(image, own, image_name);
    return g_steal_pointer(&image);
}

void image_free(struct image *image)
{
    if (image == NULL)
        return;
    g_free(image->name);
    g_free(image->location);
    g_free(image->format);
    g_free(image);
}
