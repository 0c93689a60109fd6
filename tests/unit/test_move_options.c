#include "migration/move/options.h"

#include "migration/params.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(move_options, .timeout = 10);

static const struct move_request one_way = {.protocol = "exec"};
static const struct move_request two_way = {.protocol = "fd", .traits = TRANSPORT_TWO_WAY};
static const struct move_request streams = {.protocol = "tcp",
                                            .traits = TRANSPORT_TWO_WAY | TRANSPORT_STREAMS};
static const char *const hosts[] = {"host1", "host2"};

/* "KEY=VALUE KEY=VALUE". */
static struct params *params_of(const char *text)
{
    struct params *params = params_new();
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL && **word != '\0'; word++) {
        char *value = strchr(*word, '=');
        *value = '\0';
        params_set(params, *word, value + 1, NULL);
    }
    return params;
}

static json_t *options_of(const char *text, const struct move_request *request)
{
    g_autoptr(params) params = params_of(text);
    g_autoptr(GError) error = NULL;
    json_t *options = move_options_read(params, request->traits, &error);
    cr_assert_not_null(options, "%s: %s", text, error != NULL ? error->message : "");
    return options;
}

static GHashTable *set_of(const char *text)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++)
        g_hash_table_add(set, g_strdup(*word));
    return set;
}

#define CAPABILITIES                                                                               \
    "events return-path late-block-activate xbzrle auto-converge compress zero-blocks multifd "    \
    "postcopy-ram zero-copy-send pause-before-switchover"
#define PARAMETERS "xbzrle-cache-size cpu-throttle-initial max-cpu-throttle multifd-channels"

/* Owned sets. */
static struct vm_offer offer(unsigned major, unsigned minor, const char *capabilities)
{
    return (struct vm_offer){.version = {major, minor, 22},
                             .capabilities = set_of(capabilities),
                             .parameters = set_of(PARAMETERS)};
}

static void clear(struct vm_offer *offer)
{
    g_hash_table_unref(offer->capabilities);
    g_hash_table_unref(offer->parameters);
}

/* What "agree" says where both hosts are asked for the same; NULL: nothing. Transfer full. */
static char *refusal(const char *text, const struct move_request *request, struct vm_offer one,
                     struct vm_offer two)
{
    json_auto_t *options = options_of(text, request);
    const json_t *all[] = {options, options};
    const struct vm_offer *const offers[] = {&one, &two};
    g_autoptr(GError) error = NULL;
    int result = move_options_check(all, offers, hosts, 2, request, &error);
    clear(&one);
    clear(&two);
    cr_assert_eq(result, error != NULL ? -1 : 0);
    if (error == NULL)
        return NULL;
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED), "%s", error->message);
    return g_strdup(error->message);
}

static void expect_refused(const char *text, const struct move_request *request, const char *why)
{
    g_autofree char *said =
        refusal(text, request, offer(7, 2, CAPABILITIES), offer(7, 2, CAPABILITIES));
    cr_assert_not_null(said, "%s is taken", text);
    cr_expect_str_eq(said, why);
}

static void expect_taken(const char *text, const struct move_request *request)
{
    g_autofree char *said =
        refusal(text, request, offer(7, 2, CAPABILITIES), offer(7, 2, CAPABILITIES));
    cr_expect_null(said, "%s: %s", text, said);
}

Test(move_options, every_row_names_a_parameter_and_refers_to_rows_before_it)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        const struct param_info *info = param_info(row->name);
        cr_expect(g_hash_table_add(seen, (void *)row->name), "%s has two rows", row->name);
        cr_expect(row->ends != 0 && row->words != NULL, "%s", row->name);
        cr_expect((row->words[0] != NULL) == (row->kind != MOVE_OTHERWISE), "%s", row->name);
        cr_expect((row->traits != 0) == (row->why_traits != NULL), "%s", row->name);
        cr_expect(row->with == NULL || g_hash_table_contains(seen, row->with), "%s", row->name);
        cr_expect(row->needs == NULL || g_hash_table_contains(seen, row->needs), "%s", row->name);
        if (row->kind == MOVE_ALWAYS)
            continue;
        cr_assert_not_null(info, "%s", row->name);
        if (row->kind != MOVE_OTHERWISE) /* those may be one of several words */
            cr_expect((info->kind == PARAM_BOOL) == (row->kind != MOVE_PARAMETER), "%s", row->name);
        /* Both ends must be told the same, so no host can be told for itself. */
        cr_expect(((info->scopes & PARAM_PER_HOST) == 0) == (row->ends == MOVE_AT_BOTH), "%s",
                  row->name);
    }
    for (const struct move_clash *clash = move_clashes; clash->one != NULL; clash++)
        cr_expect(g_hash_table_contains(seen, clash->one) &&
                      g_hash_table_contains(seen, clash->other),
                  "%s, %s", clash->one, clash->other);
}

static void expect_capability(const struct vm_move *move, const char *name, bool on)
{
    cr_expect_eq(GPOINTER_TO_INT(g_hash_table_lookup(move->capabilities, name)), on, "%s", name);
}

/* The promises of the handover rest on the last two. */
Test(move_options, without_params_there_are_events_a_return_path_and_late_activation_of_disks)
{
    json_auto_t *options = options_of("", &two_way);
    struct vm_move source = {0}, destination = {0};
    move_options_fill(options, MOVE_SOURCE, NULL, &source);
    move_options_fill(options, MOVE_DESTINATION, NULL, &destination);
    expect_capability(&source, "events", true);
    expect_capability(&source, "return-path", true);
    cr_expect_eq(g_hash_table_size(source.capabilities), 2);
    expect_capability(&destination, "events", true);
    expect_capability(&destination, "return-path", true);
    expect_capability(&destination, "late-block-activate", true);
    cr_expect_eq(g_hash_table_size(destination.capabilities), 3);
    cr_expect_eq(json_object_size(source.parameters), 0);
    move_options_clear(&source);
    move_options_clear(&destination);
}

Test(move_options, the_return_path_is_there_where_the_transport_can_carry_it)
{
    json_auto_t *by_itself = options_of("", &one_way);
    json_auto_t *off = options_of("mig_return_path=no", &two_way);
    cr_expect_null(json_object_get(by_itself, "mig_return_path"));
    struct vm_move move = {0};
    move_options_fill(off, MOVE_SOURCE, NULL, &move);
    expect_capability(&move, "return-path", false);
    move_options_clear(&move);
    expect_taken("mig_return_path=no", &one_way);
    expect_taken("", &one_way);
    expect_refused("mig_return_path=yes", &one_way,
                   "mig_return_path = yes is not supported with mig_protocol = exec: the "
                   "destination cannot answer over it");
}

Test(move_options, each_end_gets_its_own_in_the_form_that_qemu_takes)
{
    json_auto_t *options = options_of("xbzrle=yes xbzrle_cache_size=64 announce_step=20ms "
                                      "mig_compress=on mig_decompress_threads=3",
                                      &two_way);
    struct vm_move source = {0}, destination = {0};
    move_options_fill(options, MOVE_SOURCE, NULL, &source);
    move_options_fill(options, MOVE_DESTINATION, NULL, &destination);
    expect_capability(&source, "xbzrle", true);
    expect_capability(&destination, "xbzrle", false);
    expect_capability(&source, "compress", true);
    expect_capability(&destination, "compress", true);
    json_auto_t *of_source = json_pack("{s:i}", "xbzrle-cache-size", 64 << 20);
    json_auto_t *of_destination =
        json_pack("{s:i, s:i}", "announce-step", 20, "decompress-threads", 3);
    cr_expect(json_equal(source.parameters, of_source));
    cr_expect(json_equal(destination.parameters, of_destination));
    move_options_clear(&source);
    move_options_clear(&destination);
}

Test(move_options, a_parameter_without_what_it_counts_with_is_not_set)
{
    json_auto_t *options = options_of("xbzrle_cache_size=64 cpu_throttle_initial=20", &two_way);
    cr_expect_null(json_object_get(options, "xbzrle_cache_size"));
    cr_expect_null(json_object_get(options, "cpu_throttle_initial"));
}

Test(move_options, values_that_qemu_would_not_take_are_errors_of_the_configuration)
{
    static const char *const wrong[][2] = {
        {"xbzrle=yes xbzrle_cache_size=48", "xbzrle_cache_size = 48: must be a power of two"},
        {"auto-converge=yes cpu_throttle_initial=60 max_cpu_throttle=50",
         "cpu_throttle_initial = 60: is above max_cpu_throttle = 50"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(params) params = params_of(wrong[i][0]);
        g_autoptr(GError) error = NULL;
        cr_assert_null(move_options_read(params, two_way.traits, &error), "%s", wrong[i][0]);
        cr_expect_eq(error->domain, CFG_ERROR);
        cr_expect_str_eq(error->message, wrong[i][1]);
    }
}

Test(move_options, what_one_host_lacks_is_not_supported_and_that_host_is_named)
{
    g_autofree char *said = refusal("xbzrle=yes", &two_way, offer(10, 0, CAPABILITIES),
                                    offer(7, 2, "events return-path late-block-activate"));
    cr_assert_not_null(said);
    cr_expect_str_eq(said, "xbzrle = yes is not supported: QEMU 7.2.22 on host2 has no migration "
                           "capability xbzrle");
    expect_refused("auto-converge=yes cpu_throttle_initial=20 cpu_throttle_increment=5", &two_way,
                   "cpu_throttle_increment = 5 is not supported: QEMU 7.2.22 on host1 has no "
                   "migration parameter cpu-throttle-increment");
    expect_refused("mig_switchover_ack=yes", &two_way,
                   "mig_switchover_ack = yes is not supported: QEMU 7.2.22 on host1 has no "
                   "migration capability switchover-ack");
}

Test(move_options, what_a_host_has_and_refuses_is_not_supported_for_its_reason)
{
    json_auto_t *options = options_of("mig_postcopy=yes", &two_way);
    struct vm_offer user = offer(7, 2, CAPABILITIES);
    const json_t *all[] = {options};
    const struct vm_offer *const offers[] = {&user};
    g_autoptr(GError) error = NULL;
    cr_expect_eq(move_options_check(all, offers, hosts, 1, &two_way, NULL), 0);
    user.refused = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(user.refused, "postcopy-ram", "userfaultfd not available");
    cr_expect_eq(move_options_check(all, offers, hosts, 1, &two_way, &error), -1);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_str_eq(error->message,
                     "mig_postcopy = yes is not supported: QEMU refuses postcopy-ram on host1: "
                     "userfaultfd not available");
    g_hash_table_unref(user.refused);
    clear(&user);
}

Test(move_options, a_host_that_is_not_asked_for_it_need_not_have_it)
{
    json_auto_t *asked = options_of("xbzrle=yes", &two_way);
    json_auto_t *other = options_of("", &two_way);
    struct vm_offer new = offer(10, 0, CAPABILITIES);
    struct vm_offer poor = offer(7, 2, "events return-path late-block-activate");
    const json_t *all[] = {asked, other};
    const struct vm_offer *const offers[] = {&new, &poor};
    g_autoptr(GError) error = NULL;
    cr_expect_eq(move_options_check(all, offers, hosts, 2, &two_way, &error), 0, "%s",
                 error != NULL ? error->message : "");
    clear(&new);
    clear(&poor);
}

Test(move_options, an_older_name_is_used_where_a_host_has_no_other)
{
    json_auto_t *options = options_of("mig_multifd=yes mig_multifd_channels=2", &streams);
    struct vm_offer old = offer(2, 11, "events return-path late-block-activate x-multifd");
    struct vm_move move = {0};
    const json_t *all[] = {options};
    const struct vm_offer *const offers[] = {&old};
    cr_expect_eq(move_options_check(all, offers, hosts, 1, &streams, NULL), 0);
    move_options_fill(options, MOVE_SOURCE, &old, &move);
    expect_capability(&move, "x-multifd", true);
    expect_capability(&move, "multifd", false);
    cr_expect_eq(json_integer_value(json_object_get(move.parameters, "multifd-channels")), 2);
    move_options_clear(&move);
    clear(&old);
}

Test(move_options, what_needs_several_connections_is_not_supported_over_one)
{
    expect_taken("mig_multifd=yes", &streams);
    expect_refused("mig_multifd=yes", &two_way,
                   "mig_multifd = yes is not supported with mig_protocol = fd: it needs several "
                   "connections");
    expect_refused("mig_zero_copy=yes", &streams,
                   "mig_zero_copy = yes is not supported without mig_multifd = yes");
}

Test(move_options, pairs_that_cannot_go_together_are_refused)
{
    static const char *const pairs[][2] = {
        {"mig_compress=yes mig_multifd=yes",
         "mig_compress = yes and mig_multifd = yes are not supported together: "},
        {"mig_postcopy=yes mig_multifd=yes",
         "mig_postcopy = yes and mig_multifd = yes are not supported together: "},
        {"mig_tls=yes mig_multifd=yes mig_zero_copy=yes",
         "mig_tls = yes and mig_zero_copy = yes are not supported together: "},
        {"migrate_storage=yes image_name=a mig_postcopy=yes",
         "migrate_storage = yes and mig_postcopy = yes are not supported together: "},
        {"migrate_storage_image1=yes image_name=a mig_tls=yes",
         "migrate_storage = yes and mig_tls = yes are not supported together: "},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        g_autofree char *said =
            refusal(pairs[i][0], &streams, offer(7, 2, CAPABILITIES), offer(7, 2, CAPABILITIES));
        cr_assert_not_null(said, "%s", pairs[i][0]);
        cr_expect(g_str_has_prefix(said, pairs[i][1]), "%s", said);
    }
    expect_taken("mig_compress=yes xbzrle=yes", &streams);
}

Test(move_options, the_switchover_waits_for_disks_that_move)
{
    static const struct {
        const char *text;
        bool waits;
    } cases[] = {
        {"image_name=a migrate_storage=yes", true},
        {"images=two image_name=a migrate_storage_two=yes", true},
        {"image_name=a", false},
        {"migrate_storage=yes", false}, /* there is no disk */
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_auto_t *options = options_of(cases[i].text, &two_way);
        for (enum move_end end = 0; end < MOVE_ENDS; end++) {
            struct vm_move move = {0};
            move_options_fill(options, end, NULL, &move);
            cr_expect_eq(g_hash_table_contains(move.capabilities, "pause-before-switchover"),
                         cases[i].waits && end == MOVE_SOURCE, "%s", cases[i].text);
            move_options_clear(&move);
        }
    }
}

Test(move_options, a_pair_is_taken_where_every_host_is_new_enough)
{
    g_autofree char *both = refusal("mig_postcopy=yes mig_multifd=yes", &streams,
                                    offer(10, 1, CAPABILITIES), offer(11, 0, CAPABILITIES));
    g_autofree char *one = refusal("mig_postcopy=yes mig_multifd=yes", &streams,
                                   offer(10, 1, CAPABILITIES), offer(10, 0, CAPABILITIES));
    cr_expect_null(both, "%s", both);
    cr_assert_not_null(one);
    cr_expect_not_null(strstr(one, "(QEMU 10.0.22 on host2)"), "%s", one);
}

Test(move_options, ends_that_differ_in_what_both_must_have_are_told_apart)
{
    json_auto_t *plain = options_of("", &two_way);
    json_auto_t *own = options_of("xbzrle=yes", &two_way);
    json_auto_t *both = options_of("mig_compress=yes", &two_way);
    g_autoptr(GError) error = NULL;
    cr_expect_eq(move_options_compare(own, plain, hosts, NULL), 0, "the source's own matter");
    cr_expect_eq(move_options_compare(both, both, hosts, NULL), 0);
    cr_assert_eq(move_options_compare(plain, both, hosts, &error), -1);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_DIFFERENT));
    cr_expect_not_null(strstr(error->message, "mig_compress: off on host1, yes on host2"), "%s",
                       error->message);
    cr_expect_eq(move_options_compare(plain, NULL, hosts, NULL), -1, "one that says nothing");
}

static void add_text(const char *text, void *arg)
{
    g_string_append_printf(arg, "%s;", text);
}

Test(move_options, an_option_whose_figure_does_not_show_it_has_not_acted)
{
    json_auto_t *options = options_of("xbzrle=yes auto-converge=yes mig_compress=yes", &two_way);
    Vtmh__Migration record = VTMH__MIGRATION__INIT;
    g_autoptr(GString) said = g_string_new(NULL);
    record.throttle_percent = -1;
    record.compressed_pages = 3;
    move_options_judge(options, &record, add_text, said);
    cr_expect_str_eq(said->str, "xbzrle = yes has not acted: xbzrle_pages is 0;"
                                "auto-converge = yes has not acted: throttle_percent is not "
                                "reported;");
}

/* Each that has a figure: without it a warning, with it none. */
Test(move_options, each_option_with_a_figure_warns_when_that_is_not_above_0)
{
    unsigned n = 0;
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        if (row->figure_name == NULL)
            continue;
        n++;
        json_auto_t *options = json_pack("{s:{s:b, s:s}}", row->name, "is", 1, "as", "yes");
        Vtmh__Migration record = VTMH__MIGRATION__INIT;
        int64_t *figure = (int64_t *)((char *)&record + row->figure);
        static const int64_t values[] = {-1, 0, 1};
        for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
            g_autoptr(GString) said = g_string_new(NULL);
            *figure = values[i];
            move_options_judge(options, &record, add_text, said);
            cr_expect_eq(said->len > 0, values[i] <= 0, "%s = %d: '%s'", row->figure_name,
                         (int)values[i], said->str);
            cr_expect(said->len == 0 || strstr(said->str, row->name) != NULL, "%s", said->str);
        }
    }
    cr_expect_geq(n, 5, "of %u options", n);
}

/* What an end adds to the managers' call, as one line. Transfer full. */
static char *call_of(const char *text, enum move_end end)
{
    json_auto_t *options = options_of(text, &streams);
    json_auto_t *call = json_pack("{s:[], s:{}}", "flags", "parameters");
    move_options_call(options, end, json_object_get(call, "flags"),
                      json_object_get(call, "parameters"));
    return json_dumps(call, JSON_COMPACT | JSON_SORT_KEYS);
}

static void expect_call(const char *text, enum move_end end, const char *expected)
{
    g_autofree char *call = call_of(text, end);
    cr_expect_str_eq(call, expected, "%s", text);
}

#define NOTHING "{\"flags\":[],\"parameters\":{}}"

Test(move_options, managers_are_asked_by_flags_and_parameters_of_libvirt)
{
    expect_call("", MOVE_SOURCE, NOTHING);
    expect_call("mig_multifd=yes mig_multifd_channels=3 auto-converge=yes cpu_throttle_initial=60",
                MOVE_SOURCE,
                "{\"flags\":[\"auto_converge\",\"parallel\"],\"parameters\":"
                "{\"auto_converge.initial\":60,\"parallel.connections\":3}}");
    expect_call("xbzrle=yes xbzrle_cache_size=64 mig_compress=yes", MOVE_SOURCE,
                "{\"flags\":[\"compressed\"],\"parameters\":{\"compression\":[\"xbzrle\",\"mt\"],"
                "\"compression.xbzrle.cache\":67108864}}");
}

Test(move_options, managers_are_asked_in_whole_units_upwards)
{
    expect_call("mig_postcopy=yes mig_postcopy_speed=1500K", MOVE_SOURCE,
                "{\"flags\":[],\"parameters\":{\"bandwidth.postcopy\":2}}");
}

Test(move_options, what_only_the_destination_is_asked_for_is_its_part_of_the_call)
{
    expect_call("mig_compress=yes mig_decompress_threads=3 mig_multifd=yes", MOVE_DESTINATION,
                "{\"flags\":[],\"parameters\":{\"compression.mt.dthreads\":3}}");
    expect_call("mig_compress=yes mig_decompress_threads=3", MOVE_SOURCE,
                "{\"flags\":[\"compressed\"],\"parameters\":{\"compression\":[\"mt\"]}}");
}

static void expect_refused_by_managers(const char *text, const char *why)
{
    json_auto_t *options = options_of(text, &streams);
    g_autoptr(GError) error = NULL;
    cr_assert_eq(move_options_check_managed(options, &error), -1, "%s", text);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_str_eq(error->message, why);
}

Test(move_options, what_managers_cannot_be_asked_for_is_refused_by_its_name)
{
    json_auto_t *taken = options_of("xbzrle=yes mig_multifd=yes mig_return_path=yes", &streams);
    cr_expect_eq(move_options_check_managed(taken, NULL), 0);
    expect_refused_by_managers("mig_return_path=no",
                               "mig_return_path = no is not supported with mig_protocol = managed: "
                               "libvirt asks for it by itself");
    expect_refused_by_managers("auto-converge=yes max_cpu_throttle=90",
                               "max_cpu_throttle = 90 is not supported with mig_protocol = "
                               "managed: libvirt has no parameter for it");
    expect_refused_by_managers("mig_postcopy_preempt=yes",
                               "mig_postcopy_preempt = yes is not supported with mig_protocol = "
                               "managed: libvirt has no flag for it");
}

Test(move_options, what_libvirt_is_asked_for_or_not_is_one_of_both)
{
    for (const struct move_option *row = move_options; row->name != NULL; row++) {
        const struct move_by_manager *by = &row->manager;
        bool is_asked = by->flag != NULL || by->parameter != NULL;
        cr_expect(!is_asked || by->why_not == NULL, "%s", row->name);
        cr_expect(by->parameter == NULL || row->kind == MOVE_PARAMETER, "%s", row->name);
        cr_expect(by->flag == NULL || row->kind != MOVE_PARAMETER, "%s", row->name);
        cr_expect(by->method == NULL || by->flag != NULL, "%s", row->name);
    }
}

Test(move_options, a_record_has_what_the_user_wrote)
{
    json_auto_t *options = options_of("xbzrle=on xbzrle_cache_size=64M", &two_way);
    Vtmh__Migration *record = vtmh__migration__unpack(NULL, 0, (const uint8_t *)"");
    move_options_record(options, record);
    cr_assert_eq(record->n_options, 2);
    cr_expect_str_eq(record->options[0], "xbzrle = yes");
    cr_expect_str_eq(record->options[1], "xbzrle_cache_size = 64M");
    vtmh__migration__free_unpacked(record, NULL);
}
