#include "migration/storage/survey_private.h"

#include "migration/params_wire.h"
#include "migration/storage/folders.h"
#include "migration/storage/formats.h"
#include "migration/storage/qemu_img.h"

static void plans_free(gpointer plans)
{
    g_ptr_array_unref(plans);
}

static void wanted_free(gpointer data)
{
    struct wanted *wanted = data;

    json_decref(wanted->answer);
    g_free(wanted);
}

struct survey *survey_new(const struct host *host, const Vtmh__LookAtImages *request)
{
    struct survey *survey = g_new0(struct survey, 1);

    survey->host = host;
    survey->request = request;
    survey->plans = g_ptr_array_new_with_free_func(plans_free);
    survey->wanted = g_ptr_array_new_with_free_func(wanted_free);
    survey->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    survey->untold = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    survey->shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    survey->seen = (Vtmh__ImagesSeen)VTMH__IMAGES_SEEN__INIT;
    survey->seen.n_tests = request->n_tests;
    survey->seen.tests = g_new0(Vtmh__TestImages *, request->n_tests);
    for (size_t i = 0; i < request->n_tests; i++) {
        survey->seen.tests[i] = g_new(Vtmh__TestImages, 1);
        *survey->seen.tests[i] = (Vtmh__TestImages)VTMH__TEST_IMAGES__INIT;
    }
    return survey;
}

/* The first counts. */
static void set_trouble(struct survey *survey, unsigned test, const char *what, const char *why)
{
    Vtmh__TestImages *seen = survey->seen.tests[test];

    if (*seen->trouble == '\0')
        seen->trouble = what != NULL ? g_strdup_printf("%s: %s", what, why) : g_strdup(why);
}

/* plans: transfer full. */
static void want_all(struct survey *survey, unsigned test, GPtrArray *plans)
{
    g_ptr_array_add(survey->plans, plans);
    for (unsigned i = 0; i < plans->len; i++) {
        struct wanted *wanted = g_new0(struct wanted, 1);
        wanted->plan = g_ptr_array_index(plans, i);
        wanted->test = test;
        g_ptr_array_add(survey->wanted, wanted);
        g_autofree char *name = image_plan_name(wanted->plan);
        g_autofree char *unmovable = image_plan_unmovable(wanted->plan);
        if (unmovable != NULL)
            set_trouble(survey, test, name, unmovable);
    }
}

static void read_test(struct survey *survey, unsigned test)
{
    const Vtmh__TestParams *asked = survey->request->tests[test];
    g_autoptr(params) params = params_from_wire(asked->params, asked->n_params);
    g_autoptr(GError) error = NULL;

    clone_names(params);
    if (image_formats_find(params, deadline_in(FOLDERS_ANSWER_MS), &error) < 0) {
        set_trouble(survey, test, NULL, error->message);
        return;
    }
    GPtrArray *plans = image_plans(params, &error);
    if (plans == NULL) {
        set_trouble(survey, test, NULL, error->message);
        return;
    }
    want_all(survey, test, plans);
    want_all(survey, test, image_media(params));
}

/* ---- looking */

static json_t *question_of(const struct image_plan *plan, bool is_first)
{
    const struct image *image = plan->image;

    if (plan->origin == IMAGE_CLONED && is_first)
        return json_pack("{s:s, s:s, s:b}", "image", plan->master->location, "format",
                         plan->master->format, "writes", 0);
    if (plan->origin != IMAGE_IS_THERE || (plan->moves && !is_first))
        return json_pack("{s:s}", "place", image->location);
    return json_pack("{s:s, s:s, s:b}", "image", image->location, "format", image->format, "writes",
                     plan->writes);
}

static bool asks_qemu(const struct image_plan *plan)
{
    return plan->image->is_url;
}

/* What QEMU alone can open. */
static json_t *ask_qemu(const struct image_plan *plan)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = qemu_img_program(plan->params, NULL, &error);
    const struct qemu_img qemu_img = {program, NULL};
    json_auto_t *info = program != NULL
                            ? qemu_img_info(&qemu_img, plan->image->location, plan->image->format,
                                            deadline_in(FOLDERS_ANSWER_MS), &error)
                            : NULL;

    return info != NULL ? json_object() : json_pack("{s:s}", "trouble", error->message);
}

static void look_at_all(struct survey *survey)
{
    struct folders folders;

    folders_init(&folders);
    for (unsigned i = 0; i < survey->wanted->len; i++) {
        struct wanted *wanted = g_ptr_array_index(survey->wanted, i);
        if (asks_qemu(wanted->plan)) {
            wanted->answer = ask_qemu(wanted->plan);
            continue;
        }
        g_autofree char *folder = g_path_get_dirname(wanted->plan->image->location);
        folders_ask(&folders, folder, question_of(wanted->plan, survey->request->self == 0),
                    &wanted->answer);
    }
    folders_ask_all(&folders);
    folders_clear(&folders);
    for (unsigned i = 0; i < survey->wanted->len; i++) {
        const struct wanted *wanted = g_ptr_array_index(survey->wanted, i);
        g_autofree char *name = image_plan_name(wanted->plan);
        if (trouble_of(wanted->answer) != NULL)
            set_trouble(survey, wanted->test, name, trouble_of(wanted->answer));
    }
}

const Vtmh__ImagesSeen *survey_look(struct survey *survey)
{
    g_autofree char *boot_id = NULL;

    for (unsigned i = 0; i < survey->request->n_tests; i++)
        read_test(survey, i);
    look_at_all(survey);
    survey_show_files(survey);
    if (g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL))
        survey->seen.boot_id = g_strdup(g_strstrip(boot_id));
    return &survey->seen;
}

static void free_seen(Vtmh__ImagesSeen *seen)
{
    for (size_t t = 0; t < seen->n_tests; t++) {
        Vtmh__TestImages *test = seen->tests[t];
        for (size_t i = 0; i < test->n_files; i++) {
            g_free(test->files[i]->image);
            g_free(test->files[i]->path);
            g_free(test->files[i]->token);
            g_free(test->files[i]->untold);
            g_free(test->files[i]);
        }
        g_free(test->files);
        if (*test->trouble != '\0')
            g_free(test->trouble);
        g_free(test);
    }
    g_free(seen->tests);
    if (*seen->boot_id != '\0')
        g_free(seen->boot_id);
}

void survey_free(struct survey *survey)
{
    if (survey == NULL)
        return;
    survey_remove_files(survey);
    g_ptr_array_unref(survey->wanted);
    g_ptr_array_unref(survey->plans);
    g_hash_table_unref(survey->tokens);
    g_hash_table_unref(survey->untold);
    g_hash_table_unref(survey->shown);
    free_seen(&survey->seen);
    g_free(survey);
}
