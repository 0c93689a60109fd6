#include "migration/storage/prepare.h"

#include "migration/params.h"
#include "migration/storage/look.h"
#include "migration/storage/qemu_img.h"
#include "sync/child.h"

#include <string.h>

/* The tools at hand for one image. */
struct work {
    struct test *test;
    const struct image_plan *plan;
    const struct params *params;
    struct qemu_img qemu_img;
    char *program;
    int64_t deadline;
};

static bool is_checked(const struct work *work)
{
    return work->plan->writes && param_is_yes(work->params, "check_image");
}

/* Where a test needs qemu-img it is known before anything boots that there is one. */
static int find_qemu_img(struct work *work, GError **err)
{
    const struct host *host = work->test->host;
    bool is_other;

    if (work->plan->origin == IMAGE_IS_THERE && !is_checked(work) && !work->plan->moves)
        return 0;
    work->program = qemu_img_program(work->params, &is_other, err);
    work->qemu_img.program = work->program;
    if (work->program != NULL && is_other)
        test_note(work->test, "%s has no %s: %s is used there", host->name,
                  param_text(work->params, "qemu_img_binary"), work->program);
    return work->program != NULL ? 0 : -1;
}

static int work_init(struct work *work, struct test *test, const struct image_plan *plan,
                     const struct params *params, int64_t deadline, GError **err)
{
    *work =
        (struct work){.test = test, .plan = plan, .params = params, .qemu_img.host = test->host};
    work->deadline = deadline;
    return find_qemu_img(work, err);
}

static void tell(const struct work *work, const char *what, const char *path)
{
    g_autofree char *name = image_plan_name(work->plan);

    host_log(work->test->host, VTMH__LOG_LEVEL__LOG_INFO, NULL, work->plan->vm, "%s: %s %s", name,
             path, what);
}

/* Of a file: when it was written last, in seconds. Asked of `stat`, which may hang in our place. */
static int written_at(const char *path, int64_t *seconds_out, int64_t deadline, GError **err)
{
    const char *const argv[] = {"stat", "-L", "-c", "%Y", "--", path, NULL};
    g_autofree char *out = NULL;
    int status;

    if (child_run(argv, NULL, deadline, &status, &out, NULL, err) < 0)
        return -1;
    *seconds_out = status == 0 ? g_ascii_strtoll(out, NULL, 10) : 0;
    return 0;
}

/* What look.h says of a path; its trouble is an error. question: transfer full. Transfer full. */
static json_t *look(const struct work *work, json_t *question, const char *path, GError **err)
{
    json_auto_t *answers = look_ask(json_pack("[o]", question), path, work->deadline, err);
    json_t *answer = json_array_get(answers, 0);
    const char *trouble = json_string_value(json_object_get(answer, "trouble"));

    if (trouble != NULL)
        g_set_error_literal(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, trouble);
    return trouble == NULL ? json_incref(answer) : NULL;
}

static int look_whether_there(const struct work *work, const char *path, bool *there_out,
                              GError **err)
{
    json_auto_t *answer = look(work, json_pack("{s:s}", "place", path), path, err);

    *there_out = json_is_true(json_object_get(answer, "exists"));
    return answer != NULL ? 0 : -1;
}

/* ---- making */

/* "cluster_size=2M" and the like, or NULL. Transfer full. */
static char *options_of(const struct work *work)
{
    const char *cluster = params_get(work->params, "cluster_size");

    return cluster != NULL && *cluster != '\0' ? g_strdup_printf("cluster_size=%s", cluster) : NULL;
}

static int create_of_size(const struct work *work, uint64_t size, char **owned_out, GError **err)
{
    const struct image *image = work->plan->image, *base = work->plan->base;
    g_autofree char *options = options_of(work);
    g_autofree char *backing = base != NULL ? image_plan_backing(work->plan) : NULL;
    struct qemu_img_wish wish = {.format = image->format,
                                 .size = size,
                                 .options = options,
                                 .words = param_text(work->params, "image_extra_params"),
                                 .backing = backing,
                                 .backing_format = base != NULL ? base->format : NULL};

    if (qemu_img_create(&work->qemu_img, image->location, &wish, owned_out, work->deadline, err) <
        0)
        return -1;
    tell(work, "is made", image->location);
    return 0;
}

static int create(const struct work *work, GError **err)
{
    uint64_t size;

    return param_size(work->params, "image_size", &size, err) < 0
               ? -1
               : create_of_size(work, size, NULL, err);
}

static int copy(const struct work *work, const char *command, const char *from, const char *to,
                const char *what, GError **err)
{
    if (qemu_img_copy(&work->qemu_img, command, from, to, work->deadline, err) < 0)
        return -1;
    tell(work, what, to);
    return 0;
}

static int clone_master(const struct work *work, GError **err)
{
    return copy(work, param_text(work->params, "image_clone_command"), work->plan->master->location,
                work->plan->image->location, "is cloned", err);
}

static int64_t number_of(const json_t *info, const char *name)
{
    return json_integer_value(json_object_get(info, name));
}

static int differs(const char *path, const char *what, int64_t is, int64_t asked, GError **err)
{
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s is there, but its %s is %" G_GINT64_FORMAT " and the test asks for "
                "%" G_GINT64_FORMAT ": force_create_image = yes makes it anew",
                path, what, is, asked);
    return -1;
}

/* What an earlier test may have left, where this one would make it. */
static int check_created(const struct work *work, GError **err)
{
    const struct image *image = work->plan->image;
    uint64_t size, cluster = 0;
    json_auto_t *info =
        qemu_img_info(&work->qemu_img, image->location, image->format, work->deadline, err);
    const json_t *clusters;

    if (info == NULL || param_size(work->params, "image_size", &size, err) < 0)
        return -1;
    if (number_of(info, "virtual-size") != (int64_t)size)
        return differs(image->location, "size", number_of(info, "virtual-size"), (int64_t)size,
                       err);
    clusters = json_object_get(info, "cluster-size");
    if (param_is_set(work->params, "cluster_size") && clusters != NULL) {
        if (params_size(work->params, "cluster_size", 1, 0, &cluster, err) < 0)
            return -1;
        if (json_integer_value(clusters) != (int64_t)cluster)
            return differs(image->location, "cluster size", json_integer_value(clusters),
                           (int64_t)cluster, err);
    }
    tell(work, "is there already", image->location);
    return 0;
}

/* Whether what lies there is a clone of the master as that is now, but for what tests have written
 * to it since. One that is older than the master is a clone of what that was; what is neither is
 * somebody's, and an error. */
static int is_clone(const struct work *work, bool *is_out, GError **err)
{
    const struct image *image = work->plan->image, *master = work->plan->master;
    json_auto_t *of_clone =
        qemu_img_info(&work->qemu_img, image->location, image->format, work->deadline, NULL);
    json_auto_t *of_master =
        qemu_img_info(&work->qemu_img, master->location, master->format, work->deadline, err);
    int64_t cloned_at, changed_at;

    if (of_master == NULL || written_at(image->location, &cloned_at, work->deadline, err) < 0 ||
        written_at(master->location, &changed_at, work->deadline, err) < 0)
        return -1;
    *is_out = cloned_at >= changed_at;
    if (!*is_out || (of_clone != NULL &&
                     number_of(of_clone, "virtual-size") == number_of(of_master, "virtual-size")))
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s is there, but it is no clone of %s: it is not as large, or in another format: "
                "force_image_clone = yes makes it anew",
                image->location, master->location);
    return -1;
}

/* ---- on top of another */

/* A base that builds on what is to be made on it would be a ring. */
static int check_no_ring(const struct work *work, GError **err)
{
    const struct image *image = work->plan->image, *base = work->plan->base;
    json_auto_t *below = base->is_url ? json_object()
                                      : look(work,
                                             json_pack("{s:s, s:s, s:b}", "image", base->location,
                                                       "format", base->format, "writes", 0),
                                             base->location, err);
    json_auto_t *place = below != NULL ? look(work, json_pack("{s:s}", "place", image->location),
                                              image->location, err)
                                       : NULL;
    const json_t *own = json_array_get(json_object_get(place, "files"), 0), *file;
    size_t i;

    json_array_foreach (json_object_get(below, "files"), i, file) {
        if (!json_equal(json_object_get(file, "path"), json_object_get(own, "path")))
            continue;
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s builds on %s, which is to be made on top of it (image_chain)",
                    base->location, image->location);
        return -1;
    }
    return place != NULL ? 0 : -1;
}

/* What an earlier test has left is made on the same base, and no loss. */
static int check_left(const struct work *work, GError **err)
{
    const struct image *image = work->plan->image, *base = work->plan->base;
    g_autofree char *backing = image_plan_backing(work->plan);
    json_auto_t *info =
        qemu_img_info(&work->qemu_img, image->location, image->format, work->deadline, NULL);

    if (g_strcmp0(json_string_value(json_object_get(info, "backing-filename")), backing) == 0)
        return 0;
    g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                "%s is there, but not made on top of %s: force_create_image = yes makes it anew",
                image->location, base->location);
    return -1;
}

/* It is no smaller than what it is made on: the guest would miss the rest. */
static int make_on_top(const struct work *work, bool is_there, char **made_out, GError **err)
{
    const struct image *base = work->plan->base;
    uint64_t size = 0;

    if (check_no_ring(work, err) < 0 ||
        (is_there && !work->plan->anew && check_left(work, err) < 0))
        return -1;
    json_auto_t *info =
        qemu_img_info(&work->qemu_img, base->location, base->format, work->deadline, err);
    if (info == NULL || param_size(work->params, "image_size", &size, err) < 0)
        return -1;
    return create_of_size(work, MAX(size, (uint64_t)number_of(info, "virtual-size")), made_out,
                          err);
}

static int make(const struct work *work, bool is_there, char **made_out, GError **err)
{
    bool is_good = false;

    if (work->plan->origin == IMAGE_ON_TOP)
        return make_on_top(work, is_there, made_out, err);
    if (work->plan->origin == IMAGE_CREATED)
        return is_there && !work->plan->anew ? check_created(work, err) : create(work, err);
    if (is_there && !work->plan->anew && is_clone(work, &is_good, err) < 0)
        return -1;
    if (is_good)
        tell(work, "is there already", work->plan->image->location);
    return is_good ? 0 : clone_master(work, err);
}

static int keep(const struct work *work, GError **err)
{
    g_autofree char *backup = image_plan_backup(work->plan);

    return param_is_yes(work->params, "backup_image_before_testing") ||
                   param_is_yes(work->params, "backup_image")
               ? copy(work, NULL, work->plan->image->location, backup, "is kept", err)
               : 0;
}

static int prepare(const struct work *work, char **made_out, GError **err)
{
    bool is_there = true;

    if (work->plan->origin != IMAGE_IS_THERE &&
        (look_whether_there(work, work->plan->image->location, &is_there, err) < 0 ||
         make(work, is_there, made_out, err) < 0))
        return -1;
    return keep(work, err);
}

/* result: of what was done with it. */
static int work_end(struct work *work, int result, GError **err)
{
    if (result < 0)
        g_prefix_error(err, "%s of %s: ", work->plan->image->name, work->plan->vm);
    g_free(work->program);
    return result;
}

/* Whether vtmh makes, copies or removes it. */
static bool is_worked_on(const struct image_plan *plan)
{
    return plan->is_work && !plan->image->is_url && !plan->image->is_device;
}

int image_prepare(struct test *test, struct image_plan *plan, int64_t deadline, GError **err)
{
    struct work work;

    if (!is_worked_on(plan))
        return 0;
    int result = work_init(&work, test, plan, plan->params, deadline, err);
    if (result == 0)
        result = prepare(&work, &plan->made, err);
    return work_end(&work, result, err);
}

/* ---- what moves with its VM */

static int look_at_size(const struct work *work, uint64_t *size_out, GError **err)
{
    const struct image *image = work->plan->image;
    json_auto_t *info =
        qemu_img_info(&work->qemu_img, image->location, image->format, work->deadline, err);

    if (info == NULL)
        return -1;
    *size_out = (uint64_t)number_of(info, "virtual-size");
    return 0;
}

int image_size(struct test *test, const struct image_plan *plan, uint64_t *size_out,
               int64_t deadline, GError **err)
{
    struct work work;

    int result = work_init(&work, test, plan, plan->params, deadline, err);
    if (result == 0)
        result = look_at_size(&work, size_out, err);
    return work_end(&work, result, err);
}

static int receive(const struct work *work, uint64_t size, char **made_out, GError **err)
{
    const char *location = work->plan->image->location;
    bool is_there = true;
    uint64_t is;

    if (is_worked_on(work->plan) && look_whether_there(work, location, &is_there, err) < 0)
        return -1;
    if (!is_there)
        return create_of_size(work, size, made_out, err);
    if (look_at_size(work, &is, err) < 0)
        return -1;
    if (is != size) {
        g_set_error(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE,
                    "%s is there, but its size is %" G_GUINT64_FORMAT " bytes, and the disk that "
                    "moves to it has %" G_GUINT64_FORMAT,
                    location, is, size);
        return -1;
    }
    return is_worked_on(work->plan) ? keep(work, err) : 0;
}

int image_receive(struct test *test, struct image_plan *plan, uint64_t size, int64_t deadline,
                  GError **err)
{
    struct work work;

    int result = work_init(&work, test, plan, plan->params, deadline, err);
    if (result == 0)
        result = receive(&work, size, &plan->made, err);
    return work_end(&work, result, err);
}

/* ---- behind the test */

static int restore(const struct work *work, GError **err)
{
    g_autofree char *backup = image_plan_backup(work->plan);

    return copy(work, NULL, backup, work->plan->image->location, "is as it was before", err);
}

static int remove_image(const struct work *work, GError **err)
{
    const char *command = param_text(work->params, "image_remove_command");
    const char *path = work->plan->image->location;
    g_auto(GStrv) pieces = g_strsplit(command != NULL ? command : "rm -f -- %s", "%s", 2);
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *text = g_strconcat(
        pieces[0], quoted, pieces[0] != NULL && pieces[1] != NULL ? pieces[1] : "", NULL);
    const char *const argv[] = {"sh", "-c", text, NULL};
    g_autofree char *said = NULL;
    int status;

    if (child_run(argv, NULL, work->deadline, &status, NULL, &said, err) < 0)
        return -1;
    if (status != 0) {
        g_autofree char *how = child_describe_status(status);
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s cannot be removed: %s", path,
                    *said != '\0' ? g_strchomp(said) : how);
        return -1;
    }
    tell(work, "is removed", path);
    if (work->plan->made != NULL)
        host_disown(work->test->host, OWNED_IMAGE, work->plan->made);
    return 0;
}

/* What is to be done with an image that is bad; the check's own error comes first. */
static void deal_with_bad(const struct work *work)
{
    g_autofree char *bad = g_strconcat(work->plan->image->location, ".bad", NULL);
    g_autoptr(GError) error = NULL;
    bool stays = work->plan->made == NULL; /* else it is removed in any case */
    int result = 0;

    if (param_is_yes(work->params, "save_image") ||
        param_is_yes(work->params, "backup_image_on_check_error"))
        result = copy(work, NULL, work->plan->image->location, bad, "is kept", &error);
    if (result == 0 && stays && param_is_yes(work->params, "restore_image_on_check_error"))
        result = restore(work, &error);
    else if (result == 0 && stays && param_is_yes(work->params, "remove_image_on_check_error"))
        result = remove_image(work, &error);
    if (result < 0)
        test_note(work->test, "%s", error->message);
}

static int check(const struct work *work, GError **err)
{
    const struct image *image = work->plan->image;
    enum qemu_img_verdict verdict;
    g_autofree char *says = NULL;

    if (qemu_img_check(&work->qemu_img, image->location, image->format, &verdict, &says,
                       work->deadline, err) < 0)
        return -1;
    if (verdict == QEMU_IMG_LEAKS && !param_is_yes(work->params, "skip_cluster_leak_warn"))
        test_note(work->test, "%s has clusters that nothing refers to (qemu-img check)",
                  image->location);
    if (verdict != QEMU_IMG_ERRORS)
        return 0;
    host_log(work->test->host, VTMH__LOG_LEVEL__LOG_ERROR, NULL, work->plan->vm,
             "qemu-img check %s: %s", image->location, says);
    g_autofree char *first = g_strndup(says, strcspn(says, "\n"));
    g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s is bad (qemu-img check): %s",
                image->location, first);
    deal_with_bad(work);
    return -1;
}

/* A VM that could not be ended, or was started by somebody else meanwhile, keeps what it has. */
static int check_unused(const struct work *work, GError **err)
{
    const char *path = work->plan->image->location;
    json_auto_t *answers = look_ask(json_pack("[{s:s}]", "lock", path), path, work->deadline, err);
    const char *trouble = json_string_value(json_object_get(json_array_get(answers, 0), "trouble"));

    if (trouble != NULL)
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s; so it is left as it is", trouble);
    return answers != NULL && trouble == NULL ? 0 : -1;
}

/* It is the test's own, and so there is nothing to put back. */
static int finish_made(const struct work *work, GError **err)
{
    int checked;

    if (check_unused(work, err) < 0)
        return -1;
    checked = is_checked(work) ? check(work, err) : 0;
    return remove_image(work, checked == 0 ? err : NULL) < 0 ? -1 : checked;
}

static int finish(const struct work *work, GError **err)
{
    bool restores = param_is_yes(work->params, "restore_image_after_testing") ||
                    param_is_yes(work->params, "restore_image");
    bool removes = param_is_yes(work->params, "remove_image");

    if (work->plan->made != NULL)
        return finish_made(work, err);
    if (!is_checked(work) && !restores && !removes)
        return 0;
    if (check_unused(work, err) < 0 || (is_checked(work) && check(work, err) < 0) ||
        (restores && restore(work, err) < 0))
        return -1;
    return removes ? remove_image(work, err) : 0;
}

int image_finish(struct test *test, const struct image_plan *plan, const struct params *params,
                 int64_t deadline, GError **err)
{
    struct work work;

    if (!is_worked_on(plan))
        return 0;
    int result = work_init(&work, test, plan, params, deadline, err);
    if (result == 0)
        result = finish(&work, err);
    return work_end(&work, result, err);
}
