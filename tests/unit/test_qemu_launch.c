/* What stands in front of QEMU's command line, and its environment. */
#include "migration/vm/qemu_launch.h"

#include "cfg/error.h"

#include <criterion/criterion.h>

TestSuite(qemu_launch, .timeout = 10);

/* "env | argv"; NULL with err. Transfer full. */
static char *launch(const char *key, const char *value, GError **err)
{
    g_autoptr(params) params = params_new();
    struct qemu_launch launch;
    char *text = NULL;

    params_set(params, key, value, NULL);
    if (qemu_launch_of(&launch, params, g_strsplit("/usr/bin/qemu -S", " ", -1), err) == 0) {
        g_autofree char *env = g_strjoinv(" ", launch.env), *argv = g_strjoinv(" ", launch.argv);

        text = g_strdup_printf("%s | %s", env, argv);
    }
    qemu_launch_clear(&launch);
    return text;
}

static void expect(const char *key, const char *value, const char *wanted)
{
    g_autofree char *text = launch(key, value, NULL);

    cr_expect_str_eq(text, wanted);
}

Test(qemu_launch, puts_words_in_front_and_assignments_into_the_environment)
{
    expect("qemu_command_prefix", "", " | /usr/bin/qemu -S");
    expect("qemu_command_prefix", "nice -n 5", " | nice -n 5 /usr/bin/qemu -S");
    expect("qemu_command_prefix", "A=1 _B='x y' nice C=3",
           "A=1 _B=x y | nice C=3 /usr/bin/qemu -S");
    expect("qemu_command_prefix", "9=1 nice", " | 9=1 nice /usr/bin/qemu -S");
    expect("malloc_perturb", "90", "MALLOC_PERTURB_=90 | /usr/bin/qemu -S");
    expect("malloc_perturb", "no", " | /usr/bin/qemu -S");
    expect("x11_display", ":7", "DISPLAY=:7 | /usr/bin/qemu -S");
}

Test(qemu_launch, refuses_what_no_shell_could_split_and_no_byte_can_be)
{
    g_autoptr(GError) open = NULL, large = NULL;

    cr_expect_null(launch("qemu_command_prefix", "nice 'open", &open));
    cr_expect(g_error_matches(open, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_null(launch("malloc_perturb", "256", &large));
    cr_expect(g_error_matches(large, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
}
