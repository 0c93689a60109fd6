/* Domain XML as the tests of it look at it. */
#pragma once

#include "migration/machine/domain.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const struct vm_boot domain_tick = {.firmware = "/g/tick.rom"};
static const struct vm_boot domain_jeos = {.kernel = "/g/vmlinuz",
                                           .initrd = "/g/initrd",
                                           .append = "console=ttyS0 quiet",
                                           .network = true,
                                           .entropy = true};
static const struct vm_boot domain_image = {.network = true}; /* boots from its disks */

struct domain_case {
    const struct vm_boot *boot;
    const char *params;  /* "name=value;name=value" */
    const char *machine; /* NULL: an i440FX */
    const char *cpu;     /* NULL: qemu64 */
    uint64_t ram_bytes;  /* 0: whole MiB */
    bool kvm, incoming;
    bool needs_host; /* libvirt looks whether the host has it before it says anything */
    unsigned libvirt;
    const char *run_dir; /* NULL: one that is not there */
};

/* For a message. */
static inline const char *domain_words_of(const struct domain_case *input)
{
    return input->params != NULL ? input->params : "a machine as it is";
}

/* Transfer full. NULL with err. */
static inline struct device *domain_machine(const struct domain_case *input, GError **err)
{
    g_autoptr(params) params = params_new();
    g_auto(GStrv) words = g_strsplit(input->params != NULL ? input->params : "", ";", -1);
    const struct vm_platform platform = {
        .machine = (char *)(input->machine != NULL ? input->machine : "pc-i440fx-7.2"),
        .cpu = (char *)(input->cpu != NULL ? input->cpu : "qemu64"),
        .ram_bytes = input->ram_bytes != 0 ? input->ram_bytes : 64 << 20,
        .kvm = input->kvm};
    const struct machine_spec spec = {.name = "vm1",
                                      .params = params,
                                      .platform = &platform,
                                      .boot = input->boot,
                                      .incoming = input->incoming,
                                      .serial_fd = 4,
                                      .agent_fd = 5,
                                      .tpm_fd = 6,
                                      .net_fd = 64,
                                      .run_dir =
                                          input->run_dir != NULL ? input->run_dir : "/run/vtmh"};

    for (char **word = words; *word != NULL; word++) {
        g_auto(GStrv) pair = g_strsplit(*word, "=", 2);

        if (pair[0] != NULL && pair[1] != NULL)
            params_set(params, pair[0], pair[1], NULL);
    }
    return machine_new(&spec, err);
}

static inline struct domain_spec domain_spec_of(const struct domain_case *input)
{
    return (struct domain_spec){.name = "vtmh-1-vm1",
                                .uuid = "7a2d3c52-0b55-4e54-9d4d-3f4b0c0f5a11",
                                .emulator = "/usr/bin/qemu-system-x86_64",
                                .serial = "/run/vtmh/vm1.serial",
                                .agent = "/run/vtmh/vm1.agent",
                                .libvirt = input->libvirt};
}

/* Transfer full. NULL with err. */
static inline char *domain_try(const struct domain_case *input, json_t **words_out, GError **err)
{
    g_autoptr(device) board = domain_machine(input, err);
    const struct domain_spec spec = domain_spec_of(input);

    cr_assert_not_null(board, "%s: %s", domain_words_of(input),
                       *err != NULL ? (*err)->message : "");
    return machine_to_xml(board, &spec, words_out, err);
}

/* Transfer full. */
static inline char *domain_text(const struct domain_case *input, json_t **words_out)
{
    g_autoptr(GError) error = NULL;
    char *text = domain_try(input, words_out, &error);

    cr_assert_not_null(text, "%s: %s", domain_words_of(input), error != NULL ? error->message : "");
    return text;
}

/* Whether libvirt's own schema has it. false, with the reason, where it does not. */
static inline bool domain_is_valid(const char *text, char **why_out)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("vtmh-domain-XXXXXX", &path, NULL);
    const char *argv[] = {"virt-xml-validate", path, "domain", NULL};
    int status = -1;
    bool is_valid;

    cr_assert(fd >= 0 && g_file_set_contents(path, text, -1, NULL));
    close(fd);
    is_valid = g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                            why_out, &status, NULL) &&
               status == 0;
    g_unlink(path);
    return is_valid;
}

static inline void domain_need_validator(void)
{
    g_autofree char *tool = g_find_program_in_path("virt-xml-validate");
    g_autofree char *behind = g_find_program_in_path("xmllint");

    if (tool == NULL || behind == NULL)
        cr_skip_test("there is no %s here", tool == NULL ? "virt-xml-validate (libvirt-clients)"
                                                         : "xmllint (libxml2-utils)");
}
