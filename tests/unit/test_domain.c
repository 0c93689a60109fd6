/* Machines as domain XML: that libvirt's schema has them, and that they say what was asked for. */
#include "tests/unit/domain_help.h"

TestSuite(domain, .timeout = 60);

/* What the XML of a case must have in it, line by line. */
struct expectation {
    struct domain_case input;
    const char *has[8];
};

static void expect_all(const struct expectation *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *text = domain_of_case(&cases[i].input);

        for (size_t k = 0; k < G_N_ELEMENTS(cases[i].has) && cases[i].has[k] != NULL; k++)
            cr_expect_not_null(strstr(text, cases[i].has[k]), "%s: no %s in\n%s",
                               cases[i].input.params, cases[i].has[k], text);
    }
}

static void expect_valid(const struct expectation *cases, size_t n)
{
    domain_need_validator();
    for (size_t i = 0; i < n; i++) {
        g_autofree char *text = domain_of_case(&cases[i].input);
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

static const struct expectation guests[] = {
    {{.boot = &domain_tick, .ram_bytes = 32760 << 10},
     {"<domain type=\"qemu\" xmlns:qemu=\"http://libvirt.org/schemas/domain/qemu/1.0\">",
      "<name>vtmh-1-vm1</name>", "<uuid>7a2d3c52-0b55-4e54-9d4d-3f4b0c0f5a11</uuid>",
      "<type arch=\"x86_64\" machine=\"pc-i440fx-7.2\">hvm</type>",
      "<loader readonly=\"yes\" type=\"rom\">/g/tick.rom</loader>",
      "<model fallback=\"forbid\">qemu64</model>",
      "<source mode=\"connect\" path=\"/run/vtmh/vm1.serial\"/>",
      "<qemu:arg value=\"memory-backend-ram,id=vtmh.ram,size=33546240\"/>"}},
    {{.boot = &domain_jeos},
     {"<kernel>/g/vmlinuz</kernel>", "<initrd>/g/initrd</initrd>",
      "<cmdline>console=ttyS0 quiet</cmdline>", "<memory unit=\"KiB\">65536</memory>",
      "<qemu:arg value=\"user,id=net0,hostfwd=tcp:127.0.0.1:0-:22\"/>",
      "<backend model=\"builtin\"/>", "<controller type=\"usb\" model=\"none\"/>",
      "<memballoon model=\"none\"/>"}},
};
KINDS(guests)
