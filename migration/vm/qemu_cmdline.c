#include "migration/vm/qemu_cmdline.h"

#include "migration/params.h"

#include <string.h>

struct line {
    const struct qemu_cmdline *in;
    GPtrArray *words; /* char * */
};

static void add(struct line *line, const char *word)
{
    g_ptr_array_add(line->words, g_strdup(word));
}

static void add_option(struct line *line, const char *option, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void add_option(struct line *line, const char *option, const char *format, ...)
{
    va_list args;

    add(line, option);
    va_start(args, format);
    g_ptr_array_add(line->words, g_strdup_vprintf(format, args));
    va_end(args);
}

/* A comma within a value of QEMU's option syntax is written twice. Transfer full. */
static char *quote(const char *value)
{
    GString *text = g_string_new(value);

    g_string_replace(text, ",", ",,", 0);
    return g_string_free(text, FALSE);
}

/* ",key=value" parameters that a user appends; NULL reads as "". */
static const char *extra(const struct params *params, const char *name)
{
    const char *value = param_text(params, name);

    return value != NULL ? value : "";
}

static int add_basics(struct line *line, GError **err)
{
    const struct qemu_cmdline *in = line->in;
    g_autofree char *name = quote(in->name);

    (void)err;
    add(line, in->binary);
    add_option(line, "-name", "%s,debug-threads=on", name);
    add(line, "-nodefaults");
    add(line, "-no-user-config");
    add_option(line, "-display", "none");
    add_option(line, "-vga", "none");
    add(line, "-S");
    add_option(line, "-chardev", "socket,id=qmp,fd=%d", in->qmp_fd);
    add_option(line, "-mon", "chardev=qmp,mode=control");
    return 0;
}

static int add_machine(struct line *line, GError **err)
{
    const struct params *params = line->in->params;
    const struct vm_platform *platform = line->in->platform;
    const char *uuid = param_text(params, "uuid");

    add_option(line, "-machine", "%s,accel=%s%s", platform->machine, platform->kvm ? "kvm" : "tcg",
               extra(params, "machine_type_extra_params"));
    add_option(line, "-cpu", "%s", platform->cpu);
    add_option(line, "-m", "%" G_GUINT64_FORMAT "k", platform->ram_bytes / 1024);
    if (uuid != NULL && strcmp(uuid, "random") == 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "uuid = random: the two ends of a migration would not agree");
        return -1;
    }
    if (uuid != NULL)
        add_option(line, "-uuid", "%s", uuid);
    add_option(line, "-rtc", "base=%s,clock=%s,driftfix=%s", param_text(params, "rtc_base"),
               param_text(params, "rtc_clock"), param_text(params, "rtc_drift"));
    return 0;
}

static int add_cpus(struct line *line, GError **err)
{
    static const char *const parts[][2] = {
        {"vcpu_sockets", "sockets"}, {"vcpu_cores", "cores"}, {"vcpu_threads", "threads"}};
    g_autoptr(GString) topology = g_string_new(NULL);
    int64_t cpus;

    if (param_int(line->in->params, "smp", &cpus, err) < 0)
        return -1;
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        int64_t count;

        if (param_int(line->in->params, parts[i][0], &count, err) < 0)
            return -1;
        if (count > 0)
            g_string_append_printf(topology, ",%s=%d", parts[i][1], (int)count);
    }
    add_option(line, "-smp", "%d%s", (int)cpus, topology->str);
    return 0;
}

static int add_boot(struct line *line, GError **err)
{
    const struct vm_boot *boot = line->in->boot;

    (void)err;
    if (boot->firmware != NULL)
        add_option(line, "-bios", "%s", boot->firmware);
    if (boot->kernel != NULL)
        add_option(line, "-kernel", "%s", boot->kernel);
    if (boot->initrd != NULL)
        add_option(line, "-initrd", "%s", boot->initrd);
    if (boot->append != NULL)
        add_option(line, "-append", "%s", boot->append);
    return 0;
}

static int add_serial(struct line *line, GError **err)
{
    (void)err;
    add_option(line, "-chardev", "socket,id=serial0,fd=%d", line->in->serial_fd);
    add_option(line, "-serial", "chardev:serial0");
    return 0;
}

static const char *nic_device(const char *model)
{
    return strcmp(model, "virtio") == 0 ? "virtio-net-pci" : model;
}

/* The first card carries the forwarded port; each has a network of its own behind it. */
static int add_nic(struct line *line, const char *nic, unsigned index, GError **err)
{
    g_autoptr(params) params = params_object_params(line->in->params, nic);
    const char *type = param_text(params, "nettype");
    const char *mac = param_text(params, "mac");
    g_autofree char *forward = NULL;

    if (strcmp(type, "user") != 0) {
        g_set_error(err, VM_ERROR, VM_ERROR_UNSUPPORTED,
                    "nettype = %s (of %s) is not supported yet: only user is", type, nic);
        return -1;
    }
    if (index == 0)
        forward = g_strdup(",hostfwd=tcp:127.0.0.1:0-:22");
    else
        forward = g_strdup_printf(",net=10.0.%u.0/24", index + 2);
    add_option(line, "-netdev", "user,id=net%u%s%s", index, forward,
               extra(params, "netdev_extra_params"));
    add_option(line, "-device", "%s,id=%s,netdev=net%u,romfile=%s%s%s",
               nic_device(param_text(params, "nic_model")), nic, index, mac != NULL ? ",mac=" : "",
               mac != NULL ? mac : "", extra(params, "nic_extra_params"));
    return 0;
}

static int add_nics(struct line *line, GError **err)
{
    g_auto(GStrv) nics = param_list(line->in->params, "nics");

    if (!line->in->boot->network)
        return 0;
    for (unsigned i = 0; nics[i] != NULL; i++) {
        if (add_nic(line, nics[i], i, err) < 0)
            return -1;
    }
    return 0;
}

static int add_entropy(struct line *line, GError **err)
{
    (void)err;
    if (line->in->boot->entropy) {
        add_option(line, "-object", "rng-builtin,id=entropy0");
        add_option(line, "-device", "virtio-rng-pci,id=rng0,rng=entropy0");
    }
    return 0;
}

/* By which a guest tells that it panics. */
static int add_panic_device(struct line *line, GError **err)
{
    (void)err;
    if (line->in->platform->pvpanic)
        add_option(line, "-device", "pvpanic");
    return 0;
}

static int add_rest(struct line *line, GError **err)
{
    const char *more = param_text(line->in->params, "extra_params");
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;

    if (line->in->incoming)
        add_option(line, "-incoming", "defer");
    if (more == NULL)
        return 0;
    if (!g_shell_parse_argv(more, NULL, &words, &error)) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "extra_params = %s: %s", more,
                    error->message);
        return -1;
    }
    for (char **word = words; *word != NULL; word++)
        add(line, *word);
    return 0;
}

GStrv qemu_cmdline_build(const struct qemu_cmdline *input, GError **err)
{
    static int (*const parts[])(struct line *, GError **) = {
        add_basics, add_machine, add_cpus,         add_boot, add_serial,
        add_nics,   add_entropy, add_panic_device, add_rest,
    };
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    struct line line = {.in = input, .words = words};

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i](&line, err) < 0)
            return NULL;
    }
    g_ptr_array_add(words, NULL);
    return (GStrv)g_ptr_array_steal(words, NULL);
}
