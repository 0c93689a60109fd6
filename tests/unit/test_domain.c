/* Machines as domain XML: that libvirt's schema has them, and that they say what was asked for. */
#include "migration/machine/domain_words.h"
#include "tests/unit/domain_cases.h"

TestSuite(domain, .timeout = 60);

static void expect_all(const struct expectation *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *text = domain_text(&cases[i].input, NULL);

        for (size_t k = 0; k < G_N_ELEMENTS(cases[i].has) && cases[i].has[k] != NULL; k++)
            cr_expect_not_null(strstr(text, cases[i].has[k]), "%s: no %s in\n%s",
                               cases[i].input.params, cases[i].has[k], text);
    }
}

static void expect_valid(const struct expectation *cases, size_t n)
{
    domain_need_validator();
    for (size_t i = 0; i < n; i++) {
        g_autofree char *text = domain_text(&cases[i].input, NULL);
        g_autofree char *why = NULL;

        cr_expect(domain_is_valid(text, &why), "%s: %s\n%s", cases[i].input.params, why, text);
    }
}

/* The two tests of each table. */
#define KINDS(name_)                                                                               \
    Test(domain, name_##_says_what_was_asked_for)                                                  \
    {                                                                                              \
        expect_all(name_, G_N_ELEMENTS(name_));                                                    \
    }                                                                                              \
    Test(domain, name_##_is_of_libvirt_s_schema)                                                   \
    {                                                                                              \
        expect_valid(name_, G_N_ELEMENTS(name_));                                                  \
    }

KINDS(guests)
KINDS(boards)
KINDS(memories)
KINDS(firmwares)
KINDS(disks)
KINDS(servers)
KINDS(discs)
KINDS(cards)
KINDS(lines)
KINDS(others)
KINDS(screens)

/* ---- what neither XML nor QEMU's words say */

static const struct {
    struct domain_case input;
    const char *sentence; /* the end of it */
} refusals[] = {
    {{.boot = &domain_tick, .params = "qemu_preconfig=yes"}, "has QEMU wait for libvirt's doing"},
    {{.boot = &domain_tick, .params = "defaults=yes"}, "without what QEMU adds by itself"},
    {{.boot = &domain_tick, .params = "disable_shutdown=yes"}, "is gone, or starts again"},
    {{.boot = &domain_tick, .params = "vsocks=a b"}, "a domain has one vsock at most"},
    {{.boot = &domain_tick, .params = "tpms=t;tpm_bin=/opt/swtpm"}, "takes the swtpm of PATH"},
    {{.boot = &domain_tick, .params = "boot_once=d"}, "which firmware goes by before"},
    {{.boot = &domain_tick, .params = "boot_order=ep"}, "it has no drive e"},
    {{.boot = &domain_image, .params = DISK "image_snapshot=yes"}, "no VM with such a disk"},
    {{.boot = &domain_image, .params = DISK "drv_extra_params=cache-size=1M"},
     "it has detect-zeroes alone"},
    {{.boot = &domain_image, .params = DISK "drive_format=scsi-hd;scsi_hba=lsi53c810"},
     "scsi_hba = lsi53c810: libvirt has no such controller"},
    {{.boot = &domain_image, .params = DISK "blk_extra_params=queue-size=64", .libvirt = 8001000},
     "that needs <qemu:override>, of libvirt 8.2"},
    {{.boot = &domain_image, .params = URL("ssh://h/a.img")}, "it reaches no image by ssh"},
    {{.boot = &domain_image, .params = URL("rbd:p/i:id=u")}, "by its own secrets"},
    {{.boot = &domain_jeos, .params = "nettype=bridge;vhost=force"}, "libvirt does not force it"},
    {{.boot = &domain_jeos, .params = "nettype=bridge;queues=2;enable_msix_vectors=no"},
     "libvirt gives it vectors"},
    {{.boot = &domain_jeos, .params = "nettype=bridge;netdev_extra_params=,sndbuf=0"},
     "whose netdev is libvirt's own"},
    {{.boot = &domain_tick, .params = "usbs=u;usb_type=ich9-usb-uhci6"},
     "libvirt has no such controller"},
    {{.boot = &domain_tick, .params = "usbs=u;usb_type=ich9-usb-uhci1"},
     "libvirt has no such controller"},
    {{.boot = &domain_image, .params = DISK "drive_format=scsi-hd;scsi_hba=dc390"},
     "libvirt has no such controller"},
    {{.boot = &domain_tick,
      .params = "slots=2;maxmem=256;mem_devs=d;size_mem=32M;prealloc_mem=yes"},
     "or as all memory is"},
    {{.boot = &domain_tick, .params = "extra_params=\001"}, "has bytes that no XML has"},
};

Test(domain, what_cannot_be_said_is_refused_with_a_sentence)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = domain_try(&refusals[i].input, NULL, &error);

        cr_assert_null(text, "%s", refusals[i].input.params);
        cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
        cr_expect_not_null(strstr(error->message, refusals[i].sentence), "%s", error->message);
    }
}

Test(domain, each_kind_of_device_says_itself)
{
    for (const struct device_kind *const *kind = device_kinds; *kind != NULL; kind++)
        cr_expect_not_null((*kind)->to_xml, "%s", (*kind)->name);
}

/* One that no machine needs is in the table for nothing. */
Test(domain, each_row_of_the_table_of_words_is_of_some_machine)
{
    bool is_used[WORD_COUNT] = {false};

    for (size_t t = 0; t < G_N_ELEMENTS(domain_tables); t++) {
        for (size_t i = 0; i < domain_tables[t].n; i++) {
            json_auto_t *words = NULL;
            g_autofree char *text = domain_text(&domain_tables[t].cases[i].input, &words);
            const json_t *row;
            size_t k;

            json_array_foreach (words, k, row)
                for (unsigned w = 0; w < WORD_COUNT; w++)
                    if (strcmp(device_get(row, "what"), domain_words[w].what) == 0)
                        is_used[w] = true;
        }
    }
    for (unsigned w = 0; w < WORD_COUNT; w++)
        cr_expect(is_used[w], "%s: %s", domain_words[w].what, domain_words[w].why);
}

Test(domain, what_is_not_of_the_schema_is_seen)
{
    g_autofree char *text = NULL, *why = NULL;
    g_autoptr(GString) broken = NULL;

    domain_need_validator();
    text = domain_text(&guests[0].input, NULL);
    broken = g_string_new(text);
    g_string_replace(broken, "<acpi/>", "<apci/>", 0);
    cr_expect_not(domain_is_valid(broken->str, &why));
}

/* ---- a device alone */

/* Transfer full. */
static char *device_text(const struct domain_case *input, const char *kind, const char *id,
                         GError **err)
{
    g_autoptr(device) board = domain_machine(input, err);
    const struct domain_spec spec = domain_spec_of(input);

    return machine_device_to_xml(board, device_find(board, kind, id), &spec, err);
}

Test(domain, a_device_to_be_plugged_in_stands_alone)
{
    const struct domain_case disk = {.boot = &domain_image, .params = DISK};
    const struct domain_case card = {.boot = &domain_jeos, .params = "nettype=bridge"};
    g_autoptr(GError) error = NULL;
    g_autofree char *disk_text = device_text(&disk, "disk", "a", &error);
    g_autofree char *card_text = device_text(&card, "nic", "nic1", &error);

    cr_assert(disk_text != NULL && card_text != NULL);
    cr_expect(g_str_has_prefix(disk_text, "<disk device=\"disk\" type=\"file\">\n"), "%s",
              disk_text);
    cr_expect(g_str_has_prefix(card_text, "<interface type=\"bridge\">\n"), "%s", card_text);
    cr_expect(g_str_has_suffix(card_text, "</interface>\n"), "%s", card_text);
}

Test(domain, what_goes_past_libvirt_is_not_plugged_in_by_it)
{
    const struct domain_case card = {.boot = &domain_jeos};
    const struct domain_case disk = {.boot = &domain_image,
                                     .params = DISK "blk_extra_params=queue-size=64"};
    g_autoptr(GError) by_words = NULL, overridden = NULL, no_device = NULL;

    cr_assert_null(device_text(&card, "nic", "nic1", &by_words));
    cr_assert_null(device_text(&disk, "disk", "a", &overridden));
    cr_assert_null(device_text(&disk, "memory", "memory", &no_device));
    cr_expect(g_error_matches(by_words, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_not_null(strstr(overridden->message, "from the start, or not at all"), "%s",
                       overridden->message);
    cr_expect(g_error_matches(no_device, VM_ERROR, VM_ERROR_UNSUPPORTED));
}

Test(domain, the_netdev_with_the_forwarded_ports_is_known)
{
    const struct domain_case one = {.boot = &domain_jeos, .params = "nics=a b;nettype_a=bridge"};
    const struct domain_case none = {.boot = &domain_jeos, .params = "nettype=bridge"};
    g_autoptr(GError) error = NULL;
    g_autoptr(device) with = domain_machine(&one, &error), without = domain_machine(&none, &error);

    cr_expect_str_eq(domain_forward_netdev(with), "net1");
    cr_expect_null(domain_forward_netdev(without));
}

Test(domain, files_stay_whose_they_are_where_qemu_runs_as_somebody_said)
{
    struct domain_spec spec = domain_spec_of(&guests[0].input);
    g_autoptr(GError) error = NULL;
    g_autoptr(device) board = domain_machine(&guests[0].input, &error);
    g_autofree char *text = NULL, *why = NULL;

    spec.run_as = "+0:+0";
    spec.core_has_no_ram = true;
    text = machine_to_xml(board, &spec, NULL, &error);
    cr_assert_not_null(strstr(text, "<seclabel type=\"static\" model=\"dac\" relabel=\"no\">"),
                       "%s", text);
    cr_assert_not_null(strstr(text, "dumpCore=\"off\""), "%s", text);
    domain_need_validator();
    cr_expect(domain_is_valid(text, &why), "%s", why);
}

static void expect_target(const char *alias, const char *expected)
{
    static const char xml[] =
        "<domain><devices><controller><target dev='no'/><alias name='ua-data'/></controller>"
        "<disk><target dev='vda'/><alias name='ua-image1'/></disk>"
        "<disk><source><alias name='ua-inner'/></source><alias name='ua-data'/>"
        "<target dev='vdb'/></disk><disk><target dev='sda'/></disk></devices></domain>";
    g_autofree char *target = domain_disk_target(xml, alias);

    cr_expect_eq(g_strcmp0(target, expected), 0, "%s: %s", alias, target);
}

Test(domain, a_disk_is_known_by_its_alias)
{
    expect_target("ua-image1", "vda");
    expect_target("ua-data", "vdb");
    expect_target("ua-inner", NULL);
    expect_target("ua-other", NULL);
    expect_target("", NULL);
    cr_expect_null(domain_disk_target("<domain><disk>", "ua-data"));
}

/* ---- places */

static const char running[] =
    "<domain><name>x</name><devices>"
    "<controller type='pci' index='0' model='pcie-root'><alias name='pcie.0'/></controller>"
    "<controller type='pci' index='3' model='pcie-root-port'><target chassis='3' port='0xa'/>"
    "<alias name='pci.3'/><address type='pci' bus='0x00' slot='0x01' function='0x2'/></controller>"
    "<rng model='virtio'><alias name='ua-rng0'/><address type='pci' bus='0x03' slot='0x00'/></rng>"
    "<input type='tablet'><alias name='ua-t'/><address type='usb' bus='0' port='1'/></input>"
    "</devices></domain>";

Test(domain, a_device_is_where_libvirt_has_put_it_in_a_domain_that_ran)
{
    const struct domain_case input = {.boot = &domain_jeos,
                                      .machine = "pc-q35-7.2",
                                      .params = "pcie_extra_root_port=4;usbs=u;usb_devices=t"};
    const struct domain_spec spec = domain_spec_of(&input);
    g_autoptr(GError) error = NULL;
    g_autoptr(device) board = domain_machine(&input, &error);
    g_autofree char *text = NULL;
    g_auto(GStrv) ports = NULL;

    cr_assert_eq(domain_take_places(board, running, &error), 0);
    text = machine_to_xml(board, &spec, NULL, &error);
    ports = g_strsplit(text, "model=\"pcie-root-port\"", -1);
    cr_expect_not_null(strstr(text, "<address type=\"pci\" bus=\"0x03\" slot=\"0x00\"/>"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "<target chassis=\"3\" port=\"0xa\"/>"), "%s", text);
    cr_expect_null(strstr(text, "port=\"1\""), "%s", text);
    cr_expect_eq(g_strv_length(ports), 2, "%s", text);
}

Test(domain, what_is_no_xml_has_no_places)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(device) board = domain_machine(&guests[0].input, &error);

    cr_assert_eq(domain_take_places(board, "<domain><devices>", &error), -1);
    cr_expect(g_error_matches(error, VM_ERROR, VM_ERROR_COMMAND), "%s", error->message);
}
