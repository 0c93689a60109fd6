#include "migration/storage/look.h"

#include "node/remove.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static char *folder;

static void make_folder(void)
{
    folder = g_dir_make_tmp("vtmh-look-XXXXXX", NULL);
}

static void remove_folder(void)
{
    remove_tree(folder);
    g_free(folder);
}

TestSuite(look, .init = make_folder, .fini = remove_folder);

static char *in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static json_t *ask(json_t *question)
{
    json_auto_t *questions = json_pack("[o]", question);
    json_auto_t *answers = look_answer(questions);

    cr_assert_eq(json_array_size(answers), 1);
    return json_incref(json_array_get(answers, 0));
}

static void expect_trouble(json_t *question, const char *text)
{
    json_auto_t *answer = ask(question);
    const char *trouble = json_string_value(json_object_get(answer, "trouble"));

    cr_assert_not_null(trouble, "%s", text);
    cr_expect_not_null(strstr(trouble, text), "%s", trouble);
}

Test(look, says_the_real_path_and_identity_of_an_image)
{
    g_autofree char *path = in_folder("disk.raw"), *link = in_folder("link");
    cr_assert(g_file_set_contents(path, "disk", -1, NULL));
    cr_assert_eq(symlink("disk.raw", link), 0);
    json_auto_t *answer =
        ask(json_pack("{s:s, s:s, s:b}", "image", link, "format", "raw", "writes", 1));
    const json_t *file = json_array_get(json_object_get(answer, "files"), 0);

    cr_assert_null(json_object_get(answer, "trouble"));
    cr_expect_str_eq(json_string_value(json_object_get(file, "path")), path);
    cr_expect_gt(json_integer_value(json_object_get(file, "inode")), 0);
}

Test(look, tells_an_image_that_is_missing_or_in_another_format)
{
    g_autofree char *path = in_folder("disk"), *nothing = in_folder("nothing");
    cr_assert(g_file_set_contents(path, "KDMV....", -1, NULL));

    expect_trouble(json_pack("{s:s, s:s}", "image", nothing, "format", "raw"), "is not there");
    expect_trouble(json_pack("{s:s, s:s}", "image", path, "format", "qcow2"), "but it is vmdk");
    expect_trouble(json_pack("{s:s, s:s}", "image", path, "format", "raw"), "but it is vmdk");
}

Test(look, tells_a_place_in_which_nothing_can_be_made)
{
    g_autofree char *path = in_folder("no-such-folder/disk");

    expect_trouble(json_pack("{s:s}", "place", path), "cannot be made");
}

Test(look, finds_a_token_by_its_name_and_what_is_in_it)
{
    g_autofree char *token = in_folder(".vtmh-a.part"), *other = in_folder(".vtmh-b.part");
    json_auto_t *written = ask(json_pack("{s:s}", "write", token));
    cr_assert(g_file_set_contents(other, ".vtmh-a.part", -1, NULL));
    json_auto_t *same = ask(json_pack("{s:s}", "read", token));
    json_auto_t *foreign = ask(json_pack("{s:s}", "read", other));

    cr_expect_null(json_object_get(written, "trouble"));
    cr_expect(json_is_true(json_object_get(same, "same")));
    cr_expect(json_is_false(json_object_get(foreign, "same")));
    json_auto_t *removed = ask(json_pack("{s:s}", "remove", token));
    json_auto_t *gone = ask(json_pack("{s:s}", "read", token));
    cr_expect_null(json_object_get(removed, "trouble"));
    cr_expect(json_is_false(json_object_get(gone, "same")));
}

Test(look, replaces_no_file_by_a_token)
{
    g_autofree char *token = in_folder(".vtmh-a.part");
    g_autofree char *text = NULL;
    cr_assert(g_file_set_contents(token, "mine", -1, NULL));

    expect_trouble(json_pack("{s:s}", "write", token), "File exists");
    cr_assert(g_file_get_contents(token, &text, NULL, NULL));
    cr_expect_str_eq(text, "mine");
}
