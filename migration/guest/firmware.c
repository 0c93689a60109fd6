#include "migration/guest/firmware.h"

#include "migration/guest/kind.h"
#include "migration/params.h"

#define ANSWER_MS 2000
#define SHOWN_BYTES 300

char *firmware_complaint(struct guest *guest)
{
    g_autofree char *said = NULL;
    g_autofree char *complaint = NULL;
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) pattern = NULL;

    if (!param_is_yes(guest->params, "image_verify_bootable") ||
        vm_check_not_stopped(guest->vm, NULL) < 0 ||
        vm_firmware_words(guest->vm, &said, deadline_in(ANSWER_MS), NULL) < 0)
        return NULL;
    /* A complaint may be of several lines. Its form has been checked before the test. */
    if (param_regex(guest->params, "image_unbootable_pattern", G_REGEX_DOTALL, &pattern, NULL) <
            0 ||
        pattern == NULL || !g_regex_match(pattern, said, 0, &match))
        return NULL;
    complaint = g_match_info_fetch(match, 0);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(complaint), "\n", -1);
    g_autofree char *line = g_strjoinv(" / ", lines);
    return g_strndup(line, SHOWN_BYTES);
}
