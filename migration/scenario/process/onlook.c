/*
 * While a test runs: a picture of each VM's screen every screendump_delay seconds, where it has
 * changed, and what its monitor says every vm_info_delay. Whichever host the VM is on has them.
 *
 * Pictures are kept at the end if keep_screendumps says so; until then they lie in the scratch
 * folder. Their number and size, and the size of what the monitor says, are limited.
 */
#include "migration/params.h"
#include "migration/scenario/process/rows.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ASK_MS 5000
#define PICTURES_MAX 500
#define PICTURES_BYTES (64u * 1024u * 1024u) /* a guest may make them as large as it likes */
#define INFO_BYTES (4u * 1024u * 1024u)

const char *const onlook_params[] = {"take_regular_screendumps", "inactivity_watcher",
                                     "store_vm_info", NULL};

struct looker {
    struct seat *seat;
    int64_t picture_ms, info_ms; /* 0: none are taken */
    bool keeps_pictures;         /* they are not taken for their changes alone */
    bool keeps_ppm;
    int64_t inactive_ms; /* a screen may be the same for so long; 0: for ever */
    int64_t changed_us;  /* when it was seen to be another one */
    char *inactive;      /* what is to be said of it; NULL: it was never the same for too long */
    GStrv infos;
    unsigned n_pictures;
    gsize picture_bytes;
    char *why_no_ppm;
    char *why_none; /* the last picture could not be taken; NULL: it was */
    char *last[2];  /* checksums of the last pictures: a cursor that blinks makes two */
    size_t info_bytes;
};

/* Transfer full. */
static char *picture_path(const struct looker *looker, unsigned number, const char *format)
{
    return g_strdup_printf("%s/%s.screen-%04u.%s", looker->seat->test->host->run_dir,
                           looker->seat->name, number, format);
}

static void mind_inactivity(struct looker *looker)
{
    int64_t still_us = g_get_monotonic_time() - looker->changed_us;
    if (looker->inactive_ms == 0 || looker->inactive != NULL ||
        still_us < looker->inactive_ms * 1000)
        return;
    looker->inactive = g_strdup_printf(
        "the screen of %s on %s did not change for %g s (inactivity_treshold)", looker->seat->name,
        looker->seat->test->host->name, (double)looker->inactive_ms / 1000);
    host_log(looker->seat->test->host, VTMH__LOG_LEVEL__LOG_WARNING, NULL, looker->seat->name, "%s",
             looker->inactive);
}

/* The same screen, a moment later. */
static void take_ppm(struct looker *looker)
{
    g_autofree char *path = picture_path(looker, looker->n_pictures, "ppm");
    g_autoptr(GError) error = NULL;
    struct stat info;
    if (vm_screendump(looker->seat->vm, path, deadline_in(ASK_MS), &error) == 0 &&
        g_stat(path, &info) == 0 && info.st_size <= STEP_FILE_BYTES) {
        looker->picture_bytes += (gsize)info.st_size;
        return;
    }
    g_unlink(path);
    g_free(looker->why_no_ppm);
    looker->why_no_ppm = g_strdup(error != NULL ? error->message : "it is larger than 4 MiB");
}

/* A picture like those before is not kept. A hypervisor writes the picture that it was asked for,
 * however long whoever asked has gone: so it is waited for. */
static void take_picture(struct looker *looker)
{
    g_autofree char *path = picture_path(looker, looker->n_pictures, "png");
    g_autofree char *data = NULL;
    gsize size;
    g_autoptr(GError) error = NULL;
    bool is_full = looker->n_pictures == PICTURES_MAX || looker->picture_bytes >= PICTURES_BYTES;
    if (is_full && looker->inactive_ms == 0)
        return;
    if (vm_screendump(looker->seat->vm, path, deadline_in(ASK_MS), &error) < 0 ||
        !g_file_get_contents(path, &data, &size, &error)) {
        g_unlink(path);
        g_free(looker->why_none);
        looker->why_none = g_strdup(error->message);
        return;
    }
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size);
    if (g_strcmp0(sum, looker->last[0]) == 0 || g_strcmp0(sum, looker->last[1]) == 0) {
        g_unlink(path);
        mind_inactivity(looker);
        return;
    }
    g_free(looker->last[1]);
    looker->last[1] = looker->last[0];
    looker->last[0] = g_steal_pointer(&sum);
    looker->changed_us = g_get_monotonic_time();
    if (is_full || !looker->keeps_pictures) {
        g_unlink(path);
        return;
    }
    if (looker->keeps_ppm)
        take_ppm(looker);
    looker->n_pictures++;
    looker->picture_bytes += size;
}

static void ask_monitor(struct looker *looker)
{
    const struct host *host = looker->seat->test->host;
    if (host->log_dir == NULL)
        return;
    g_autofree char *path = g_strdup_printf("%s/%s.info.log", host->log_dir, looker->seat->name);
    FILE *log = fopen(path, "ae");
    for (char **what = looker->infos; log != NULL && *what != NULL; what++) {
        g_autofree char *text = NULL;
        g_autoptr(GDateTime) now = g_date_time_new_now_utc();
        g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%fZ");
        if (looker->info_bytes > INFO_BYTES ||
            vm_info(looker->seat->vm, *what, &text, deadline_in(ASK_MS), NULL) < 0)
            break;
        int said = fprintf(log, "%s info %s\n%s\n", time, *what, text);
        looker->info_bytes += said > 0 ? (size_t)said : 0;
    }
    if (log != NULL)
        fclose(log);
}

static int look_on(void *arg, GError **err)
{
    struct looker *looker = arg;
    looker->changed_us = g_get_monotonic_time(); /* it has come here now */
    int64_t picture_at = looker->picture_ms > 0 ? deadline_in(looker->picture_ms) : DEADLINE_NEVER;
    int64_t info_at = looker->info_ms > 0 ? deadline_in(looker->info_ms) : DEADLINE_NEVER;
    while (await_deadline(deadline_min(picture_at, info_at), err) == 0) {
        if (deadline_left(picture_at) == 0) {
            fiber_shield();
            take_picture(looker);
            fiber_unshield();
            picture_at = deadline_in(looker->picture_ms);
        }
        if (deadline_left(info_at) == 0) {
            ask_monitor(looker);
            info_at = deadline_in(looker->info_ms);
        }
    }
    return -1;
}

static int read_delay(const struct params *params, const char *switch_name, const char *delay_name,
                      int64_t *ms_out, GError **err)
{
    bool wanted;
    *ms_out = 0;
    if (param_bool(params, switch_name, &wanted, err) < 0)
        return -1;
    return wanted ? param_duration_ms(params, delay_name, ms_out, err) : 0;
}

/* Who minds a screen that stands still looks at it, whether pictures are kept or not. */
static int read_watcher(struct looker *looker, const struct params *params, GError **err)
{
    looker->keeps_pictures = looker->picture_ms > 0;
    if (param_bool(params, "keep_ppm_files", &looker->keeps_ppm, err) < 0)
        return -1;
    if (strcmp(param_text(params, "inactivity_watcher"), "none") == 0)
        return 0;
    return param_duration_ms(params, "inactivity_treshold", &looker->inactive_ms, err) < 0
               ? -1
               : param_duration_ms(params, "screendump_delay", &looker->picture_ms, err);
}

int onlook_begin(struct step_on *on, GError **err)
{
    struct looker *looker = on->state = g_new0(struct looker, 1);
    looker->seat = on->seat;
    looker->infos = g_strsplit(param_text(on->params, "vm_info_cmds"), ",", -1);
    if (read_delay(on->params, "take_regular_screendumps", "screendump_delay", &looker->picture_ms,
                   err) < 0 ||
        read_watcher(looker, on->params, err) < 0 ||
        read_delay(on->params, "store_vm_info", "vm_info_delay", &looker->info_ms, err) < 0)
        return -1;
    if (looker->picture_ms > 0 || looker->info_ms > 0)
        seat_look_on(on->seat, look_on, looker);
    return 0;
}

/* The pictures of a format become results, or go. */
static int settle_pictures(const struct looker *looker, const char *format, bool keeps,
                           GError **err)
{
    const struct host *host = looker->seat->test->host;
    for (unsigned i = 0; i < looker->n_pictures; i++) {
        g_autofree char *path = picture_path(looker, i, format);
        g_autofree char *name = g_path_get_basename(path);
        g_autofree char *kept =
            keeps && host->log_dir != NULL ? g_build_filename(host->log_dir, name, NULL) : NULL;
        if ((kept != NULL ? rename(path, kept) : unlink(path)) == 0 || errno == ENOENT)
            continue; /* of a PPM that could not be taken it was said why */
        g_set_error(err, SYNC_ERROR, SYNC_ERROR_SYSTEM, "%s: %s", path, g_strerror(errno));
        return -1;
    }
    return 0;
}

static int judge_inactivity(const struct step_on *on, const struct looker *looker, GError **err)
{
    if (looker->inactive == NULL)
        return 0;
    if (strcmp(param_text(on->params, "inactivity_watcher"), "error") != 0) {
        test_note(on->scene->test, "%s", looker->inactive);
        return 0;
    }
    g_set_error_literal(err, VM_ERROR, VM_ERROR_GUEST, looker->inactive);
    return -1;
}

int onlook_end(struct step_on *on, GError **err)
{
    struct looker *looker = g_steal_pointer(&on->state);
    bool keeps;
    seat_stop_looking(on->seat);
    int result = param_bool(on->params, "keep_screendumps", &keeps, err);
    if (result == 0)
        result = settle_pictures(looker, "png", keeps, err);
    if (result == 0)
        result = settle_pictures(looker, "ppm", keeps, err);
    if (result == 0)
        result = judge_inactivity(on, looker, err);
    if (looker->why_none != NULL && looker->n_pictures == 0)
        test_warn(on->scene->test, "no picture of %s was taken (%s): %s", on->seat->name,
                  looker->keeps_pictures ? "take_regular_screendumps" : "inactivity_watcher",
                  looker->why_none);
    if (looker->why_no_ppm != NULL)
        test_warn(on->scene->test, "not all pictures of %s are there as PPM (keep_ppm_files): %s",
                  on->seat->name, looker->why_no_ppm);
    g_strfreev(looker->infos);
    g_free(looker->why_none);
    g_free(looker->why_no_ppm);
    g_free(looker->inactive);
    g_free(looker->last[0]);
    g_free(looker->last[1]);
    g_free(looker);
    return result;
}
