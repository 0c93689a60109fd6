/* What QEMU prints, as sentences that say why, and whose failure they speak of. The texts are what
 * QEMU 5.2 to 11.1 have really said. */
#include "migration/vm/qemu_words.h"

#include <criterion/criterion.h>
#include <glib.h>

static void expect(const char *printed, const char *why, bool is_own)
{
    bool own = !is_own;
    g_autofree char *got = qemu_words_why(printed, &own);
    cr_expect_str_eq(got != NULL ? got : "(nothing)", why != NULL ? why : "(nothing)");
    cr_expect_eq(own, is_own, "'%s' %s of itself", printed, own ? "speaks" : "does not speak");
}

Test(qemu_words, a_display_that_this_build_has_not_is_a_lack_and_a_wrong_word_is_none)
{
    cr_expect(qemu_words_is_lack("Display 'sdl' is not available, please use -display help to see "
                                 "the available options."));
    cr_expect(qemu_words_is_lack("clusters not supported by this machine's CPU topology"));
    cr_expect_not(qemu_words_is_lack("unsupported machine type"));
    cr_expect_not(qemu_words_is_lack("Invalid CPU topology: sockets * cores != maxcpus"));
}

Test(qemu_words, a_refusal_is_told_without_its_echoes_and_the_programs_name)
{
    expect("qemu-system-x86_64: Size mismatch: pc.ram: 0x1ffe000 != 0x3ffe000: Invalid argument\n"
           "qemu-system-x86_64: error while loading state for instance 0x0 of device 'ram'\n"
           "qemu-system-x86_64: load of migration failed: Invalid argument\n",
           "Size mismatch: pc.ram: 0x1ffe000 != 0x3ffe000: Invalid argument", true);
    expect("qemu-system-x86_64: Unknown savevm section or instance '0000:00:02.0/virtio-rng' 0.\n"
           "qemu-system-x86_64: load of migration failed: Invalid argument\n",
           "Unknown savevm section or instance '0000:00:02.0/virtio-rng' 0.", true);
    expect("qemu: Machine type received is 'pc-i440fx-7.2' and local is 'pc-q35-7.2'\n",
           "Machine type received is 'pc-i440fx-7.2' and local is 'pc-q35-7.2'", true);
}

Test(qemu_words, a_stream_that_broke_is_a_symptom)
{
    expect("qemu-system-x86_64: load of migration failed: Input/output error\n",
           "load of migration failed: Input/output error", false);
    expect("qemu-system-x86_64: ram: Read section footer failed: -5\n"
           "qemu-system-x86_64: load of migration failed: Invalid argument\n",
           "ram: Read section footer failed: -5; load of migration failed: Invalid argument",
           false);
    expect("qemu-system-x86_64: error while loading state section id 2(ram)\n"
           "qemu-system-x86_64: load of migration failed: Input/output error\n",
           "error while loading state section id 2(ram); load of migration failed: Input/output "
           "error",
           false);
}

Test(qemu_words, what_a_source_says_of_a_stream_that_broke_is_a_symptom)
{
    static const char *const symptoms[] = {
        "Sibling indicated error 1",
        "Unable to write to socket: Broken pipe",
        "Unable to write to socket: Connection reset by peer",
        "Unable to write to socket: Bad file descriptor",
        "Unable to write to command: Broken pipe",
        "Channel error: Input/output error",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(symptoms); i++)
        cr_expect(qemu_words_is_symptom(symptoms[i]), "%s", symptoms[i]);
    cr_expect_not(qemu_words_is_symptom("Certificate does not match the hostname host2"));
    cr_expect_not(
        qemu_words_is_symptom("State blocked by non-migratable device '0000:00:04.0/nvme'"));
}

Test(qemu_words, warnings_are_no_cause)
{
    expect("qemu-system-x86_64: -mon chardev=qmp,mode=control: warning: deprecated\n"
           "qemu-system-x86_64: warning: Machine type 'pc-i440fx-1.4' is deprecated\n",
           NULL, false);
    expect("qemu-system-x86_64: warning: TCG doesn't support requested feature\n"
           "qemu-system-x86_64: -device x: 'x' is not a valid device model name\n",
           "-device x: 'x' is not a valid device model name", true);
    expect("", NULL, false);
}

Test(qemu_words, a_cpu_that_gave_up_is_told_without_its_registers)
{
    expect("KVM internal error. Suberror: 1\n"
           "extra data[0]: 0x0000000000000000\n"
           "emulation failure\n"
           "EAX=00000000 EBX=00000000 ECX=00000000 EDX=00000663\n"
           "ES =0000 00000000 0000ffff 00009300\n"
           "CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000\n"
           "Code=66 0f 6f 05 00 00 00 00\n",
           "KVM internal error. Suberror: 1; extra data[0]: 0x0000000000000000; emulation failure",
           true);
}

Test(qemu_words, only_the_last_sentences_are_told)
{
    expect("a: 1\nb: 2\nc: 3\nd: 4\ne: 5\n", "b: 2; c: 3; d: 4; e: 5", true);
}

static void expect_state(const char *info_status, const char *wanted)
{
    g_autofree char *state = qemu_words_run_state(info_status);

    cr_expect(g_strcmp0(state, wanted) == 0, "%s: %s", info_status, state);
}

Test(qemu_words, a_run_state_is_the_word_in_brackets_if_there_is_one)
{
    expect_state("VM status: running\n", "running");
    expect_state("VM status: paused (inmigrate)\n", "inmigrate");
    expect_state("VM status: running (single step mode)\n", "single");
    expect_state("VM status: paused\n", "paused");
    expect_state("VM status: \n", NULL);
    expect_state("(qemu)", NULL);
}
