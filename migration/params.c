/* The table of parameters and its getters. Names are those of avocado-vt where it has them. */
#include "migration/params.h"

#include <string.h>

#define MIB ((uint64_t)1 << 20)

#define TEXT(name_, fallback_, section_, doc_)                                                     \
    {                                                                                              \
        .name = (name_), .kind = PARAM_STRING, .fallback = (fallback_), .section = (section_),     \
        .doc = (doc_)                                                                              \
    }
#define LIST(name_, fallback_, section_, doc_)                                                     \
    {                                                                                              \
        .name = (name_), .kind = PARAM_LIST, .fallback = (fallback_), .section = (section_),       \
        .doc = (doc_)                                                                              \
    }
#define BOOL(name_, fallback_, section_, doc_)                                                     \
    {                                                                                              \
        .name = (name_), .kind = PARAM_BOOL, .fallback = (fallback_), .section = (section_),       \
        .doc = (doc_)                                                                              \
    }
#define TIME(name_, fallback_, section_, doc_)                                                     \
    {                                                                                              \
        .name = (name_), .kind = PARAM_DURATION, .fallback = (fallback_), .section = (section_),   \
        .doc = (doc_)                                                                              \
    }
#define SIZE(name_, fallback_, unit_, section_, doc_)                                              \
    {                                                                                              \
        .name = (name_), .kind = PARAM_SIZE, .fallback = (fallback_), .unit = (unit_),             \
        .section = (section_), .doc = (doc_)                                                       \
    }
#define NUMBER(name_, fallback_, min_, max_, section_, doc_)                                       \
    {                                                                                              \
        .name = (name_), .kind = PARAM_INT, .fallback = (fallback_), .min = (min_), .max = (max_), \
        .section = (section_), .doc = (doc_)                                                       \
    }

static const struct param_info infos[] = {
    TEXT("type", NULL, "test", "test type that runs; vtmh types lists them"),
    {.name = "vms",
     .kind = PARAM_LIST,
     .fallback = "vm1",
     .section = "test",
     .doc = "virtual machines of the test",
     /* It becomes part of file names and of meetings. */
     .word_pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
     .word_rule = "a VM's name: letters, digits, '_', '.' and '-', at most 32"},
    TIME("test_timeout", "14400", "test", "limit of the whole test"),

    TEXT("vm_type", "qemu", "machine", "driver that runs the machine"),
    TEXT("qemu_binary", "qemu-system-x86_64", "machine",
         "QEMU: a path, or a name that is looked up in PATH"),
    SIZE("mem", "256", MIB, "machine",
         "memory of the guest, in MiB unless a suffix says otherwise"),
    NUMBER("smp", "1", 1, 255, "machine", "virtual CPUs"),
    NUMBER("vcpu_sockets", NULL, 0, 255, "machine", "CPU sockets; derived from smp if not set"),
    NUMBER("vcpu_cores", NULL, 0, 255, "machine", "cores a socket; derived from smp if not set"),
    NUMBER("vcpu_threads", NULL, 0, 255, "machine", "threads a core; derived from smp if not set"),
    TEXT("machine_type", "pc", "machine",
         "machine; an alias becomes the newest version that all hosts have"),
    TEXT("machine_type_extra_params", NULL, "machine",
         "appended to -machine, beginning with a comma"),
    TEXT("cpu_model", "qemu64", "machine", "CPU model; must be known on all hosts"),
    TEXT("cpu_model_flags", NULL, "machine", "appended to the CPU model, beginning with a comma"),
    TEXT("enable_kvm", "auto", "machine",
         "yes: KVM or SKIP; auto: KVM where every host has proven it, else TCG; no: TCG"),
    BOOL("disable_kvm", "no", "machine", "yes means enable_kvm = no"),
    TEXT("vm_accelerator", NULL, "machine", "kvm or tcg; stronger than enable_kvm"),
    BOOL("tcg_dirty_sync_quirk", "yes", "machine",
         "8 KiB less memory under TCG with QEMU before 9.0, which loses guest writes otherwise"),
    TEXT("uuid", NULL, "machine", "UUID of the machine"),
    TEXT("rtc_base", "utc", "machine", "what the real-time clock begins with"),
    TEXT("rtc_clock", "host", "machine", "clock that drives the real-time clock"),
    TEXT("rtc_drift", "none", "machine", "-rtc driftfix"),
    TEXT("extra_params", NULL, "machine", "appended to the command line, split as a shell would"),
    TEXT("kernel_params", NULL, "machine", "appended to the guest's kernel command line"),

    LIST("nics", "nic1", "network", "network cards, for guests that have a network"),
    TEXT("nettype", "user", "network", "what a card is connected to"),
    TEXT("nic_model", "virtio", "network", "model of a card"),
    TEXT("mac", NULL, "network", "MAC address of a card, the same on all hosts"),
    TEXT("netdev_extra_params", NULL, "network", "appended to -netdev, beginning with a comma"),
    TEXT("nic_extra_params", NULL, "network",
         "appended to a card's -device, beginning with a comma"),

    TEXT("guest", "tick", "guest", "what runs in the machine: tick or jeos"),
    TIME("login_timeout", "360", "guest", "limit for boot and login"),
    SIZE("dirty_mem", "16", MIB, "guest", "memory that the guest writes and checks, in MiB"),
    SIZE("dirty_rate", "0", MIB, "guest", "how fast it writes, in MiB/s; 0: it only checks"),
    SIZE("disk_write_mem", "0", MIB, "guest",
         "data that jeos writes to its disk and checks, in MiB"),
    SIZE("disk_write_rate", "1", MIB, "guest", "how fast it writes them, in MiB/s"),
    TEXT("disk_write_path", "/tmp/vtmh-disk.data", "guest", "file or device it writes them to"),
    TEXT("migration_bg_command", NULL, "guest", "started in the guest before the migration"),
    TEXT("migration_bg_check_command", NULL, "guest",
         "must succeed in the guest after the migration"),

    TEXT("mig_protocol", "tcp", "migration", "transport"),
    TIME("mig_timeout", "480", "migration", "limit of one migration"),
    TIME("mig_stall_timeout", "10", "migration",
         "without progress for so long, the leg has failed"),
    TEXT("mig_port", "0", "migration", "port of the destination, or a range as 5200-5899; 0: any"),
    TEXT("mig_address", NULL, "migration",
         "address of the destination; the one vtmh reached it by if not set"),
    SIZE("mig_speed", "0", MIB, "migration", "bandwidth limit, in MiB/s; 0: none"),
    NUMBER("dirty_rounds", "0", 0, 1000, "migration",
           "how often the guest writes all of dirty_mem before each leg"),
    NUMBER("min_dirty_syncs", "0", 0, 1000, "migration",
           "a leg with fewer dirty syncs is a warning, since it proves little about lost pages"),
    TIME("mig_downtime", NULL, "migration", "downtime limit; the hypervisor's own if not set"),
    BOOL("mig_offline", "no", "migration", "stop the guest before the migration"),
    NUMBER("migrate_count", "1", 1, 1000000, "migration", "legs"),
};

const struct param_info *param_infos(size_t *count_out)
{
    *count_out = G_N_ELEMENTS(infos);
    return infos;
}

const struct param_info *param_info(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(infos); i++) {
        if (strcmp(infos[i].name, name) == 0)
            return &infos[i];
    }
    return NULL;
}

const char *param_kind_name(enum param_kind kind)
{
    static const char *const names[] = {"string", "int", "bool", "size", "duration", "list"};

    return names[kind];
}

static const struct param_info *row_of(const char *name, enum param_kind kind)
{
    const struct param_info *info = param_info(name);

    if (info == NULL || info->kind != kind)
        g_error("parameter %s is not a %s of the table", name, param_kind_name(kind));
    return info;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

bool param_is_set(const struct params *params, const char *name)
{
    const char *value = params_get(params, name);

    if (param_info(name) == NULL)
        g_error("parameter %s is not in the table", name);
    return value != NULL && !is_blank(value);
}

const char *param_text(const struct params *params, const char *name)
{
    const struct param_info *info = row_of(name, PARAM_STRING);

    return param_is_set(params, name) ? params_get(params, name) : info->fallback;
}

int param_int(const struct params *params, const char *name, int64_t *out, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_INT);
    int64_t fallback = 0;

    if (info->fallback != NULL && params_parse_int(name, info->fallback, &fallback, err) < 0)
        return -1;
    if (info->min == 0 && info->max == 0)
        return params_int(params, name, fallback, out, err);
    return params_int_range(params, name, info->min, info->max, fallback, out, err);
}

int param_bool(const struct params *params, const char *name, bool *out, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_BOOL);
    bool fallback = false;

    if (info->fallback != NULL && params_parse_bool(name, info->fallback, &fallback, err) < 0)
        return -1;
    return params_bool(params, name, fallback, out, err);
}

int param_size(const struct params *params, const char *name, uint64_t *out_bytes, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_SIZE);
    uint64_t fallback = 0;

    if (info->fallback != NULL &&
        params_parse_size(name, info->fallback, info->unit, &fallback, err) < 0)
        return -1;
    return params_size(params, name, info->unit, fallback, out_bytes, err);
}

int param_duration_ms(const struct params *params, const char *name, int64_t *out_ms, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_DURATION);
    int64_t fallback = 0;

    if (info->fallback != NULL &&
        params_parse_duration_ms(name, info->fallback, &fallback, err) < 0)
        return -1;
    return params_duration_ms(params, name, fallback, out_ms, err);
}

GStrv param_list(const struct params *params, const char *name)
{
    const struct param_info *info = row_of(name, PARAM_LIST);

    if (!param_is_set(params, name) && info->fallback != NULL) {
        g_autoptr(params) defaults = params_new();

        params_set(defaults, name, info->fallback, NULL);
        return params_objects(defaults, name);
    }
    return params_objects(params, name);
}

int param_check_word(const char *name, const char *word, GError **err)
{
    const struct param_info *info = row_of(name, PARAM_LIST);

    if (info->word_pattern == NULL ||
        g_regex_match_simple(info->word_pattern, word, G_REGEX_DOLLAR_ENDONLY, 0))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE, "%s: '%s' cannot be %s", name, word,
                info->word_rule);
    return -1;
}
