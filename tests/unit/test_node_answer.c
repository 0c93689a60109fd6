#include "orchestrator/node_answer.h"

#include "orchestrator/deploy.h"

#include <criterion/criterion.h>

static const char good[] =
    "{\"version\":\"0.1.0\",\"protocol\":3,\"address\":\"tcp://10.1.0.1:20011\",\"pid\":1234}\n";

static void assert_fails(const char *out, const char *errors, const char *ending, int code,
                         const char *message)
{
    struct node_answer answer = {.pid = 77};
    g_autoptr(GError) err = NULL;

    cr_assert_eq(node_answer_parse(out, errors, ending, &answer, &err), -1);
    cr_assert(g_error_matches(err, DEPLOY_ERROR, code), "code %d", err->code);
    cr_assert_str_eq(err->message, message);
    cr_assert_eq(answer.pid, 77, "outputs stay untouched on failure");
}

Test(node_answer, gives_version_address_and_pid)
{
    struct node_answer answer;
    g_autoptr(GError) err = NULL;

    cr_assert_eq(node_answer_parse(good, "", NULL, &answer, &err), 0);
    cr_assert_str_eq(answer.version, "0.1.0");
    cr_assert_str_eq(answer.address, "tcp://10.1.0.1:20011");
    cr_assert_eq(answer.pid, 1234);
    node_answer_clear(&answer);
    cr_assert_null(answer.address);
}

Test(node_answer, passes_over_what_a_login_shell_printed_before)
{
    g_autofree char *out = g_strdup_printf("Welcome!\n{ not json\n%s\n", good);
    struct node_answer answer;

    cr_assert_eq(node_answer_parse(out, NULL, NULL, &answer, NULL), 0);
    node_answer_clear(&answer);
}

Test(node_answer, repeats_the_nodes_own_error)
{
    assert_fails("{\"error\":\"cannot listen on 10.0.0.1: in use\"}\n", "noise\n", "exit status 1",
                 DEPLOY_ERROR_START, "the node did not start: cannot listen on 10.0.0.1: in use");
}

Test(node_answer, repeats_the_loaders_words_when_the_program_cannot_run)
{
    assert_fails("", "vtmh-node: error while loading shared libraries: libx.so.1\n\n",
                 "exit status 127", DEPLOY_ERROR_START,
                 "the node did not start: exit status 127: "
                 "vtmh-node: error while loading shared libraries: libx.so.1");
}

Test(node_answer, says_so_when_there_was_no_answer)
{
    assert_fails("", "", NULL, DEPLOY_ERROR_START,
                 "the node did not start: it ended without its answer");
    assert_fails(NULL, NULL, "killed by SIGKILL", DEPLOY_ERROR_START,
                 "the node did not start: killed by SIGKILL");
}

Test(node_answer, repeats_what_is_no_answer)
{
    assert_fails("This account is not available.\n", "", "exit status 1", DEPLOY_ERROR_START,
                 "the node did not start: exit status 1: This account is not available.");
    assert_fails("[1]\n", "", NULL, DEPLOY_ERROR_START,
                 "the node did not start: it ended without its answer: [1]");
}

Test(node_answer, does_not_believe_an_answer_of_a_node_that_failed)
{
    assert_fails(good, "boom\n", "exit status 1", DEPLOY_ERROR_START,
                 "the node did not start: exit status 1: boom");
}

Test(node_answer, names_both_protocol_versions)
{
    assert_fails("{\"version\":\"9.9\",\"protocol\":7,\"address\":\"x\",\"pid\":5}", "", NULL,
                 DEPLOY_ERROR_HOST, "its node (vtmh 9.9) speaks protocol 7, this vtmh speaks 3");
}

Test(node_answer, refuses_an_answer_that_lacks_something)
{
    const char *const message = "the node's answer lacks its version, address or pid";

    assert_fails("{\"version\":\"1\",\"protocol\":3,\"pid\":5}", "", NULL, DEPLOY_ERROR_START,
                 message);
    assert_fails("{\"version\":\"1\",\"protocol\":3,\"address\":\"x\",\"pid\":-1}", "", NULL,
                 DEPLOY_ERROR_START, message);
}

Test(node_answer, keeps_hostile_output_short_and_valid)
{
    g_autofree char *words = NULL;
    g_autofree char *noise = g_strnfill(5000, 'x');

    noise[0] = '\xff';
    words = node_answer_last_words(noise);
    cr_assert_leq(strlen(words), 410);
    cr_assert(g_utf8_validate(words, -1, NULL));
}
