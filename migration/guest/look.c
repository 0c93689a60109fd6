/* What a guest has said of its health, from where it says so. */
#include "migration/guest/look.h"

#include "migration/guest/complaint.h"
#include "migration/guest/kind.h"
#include "migration/guest/login.h"
#include "migration/params.h"

#include <string.h>

#define LINES_MAX 200 /* of the guest's log, in one look */
#define UNREAD "vtmh: no log"

void guest_note_complaint(struct guest *guest, const char *line)
{
    if (!complaint_is_one(line))
        return;
    if (guest->complaints == NULL)
        guest->complaints = g_ptr_array_new_with_free_func(g_free);
    if (guest->complaints->len < COMPLAINT_MAX)
        g_ptr_array_add(guest->complaints, g_strdup(line));
}

/* What does not count; NULL: nothing of the kind. Its form has been checked before the test. */
static GRegex *expected_words(const struct guest *guest)
{
    GRegex *expected;

    return param_regex(guest->params, "expected_guest_dmesg", 0, &expected, NULL) == 0 ? expected
                                                                                       : NULL;
}

static char *join(const GPtrArray *lines)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (unsigned i = 0; i < lines->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? "; " : "",
                               (const char *)g_ptr_array_index(lines, i));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

char *guest_look_at_serial(struct guest *guest)
{
    g_autoptr(GPtrArray) said = g_steal_pointer(&guest->complaints);
    g_autoptr(GRegex) expected = expected_words(guest);
    g_autofree char *lines = NULL;

    for (unsigned i = 0; said != NULL && expected != NULL && i < said->len;) {
        if (g_regex_match(expected, g_ptr_array_index(said, i), 0, NULL))
            g_ptr_array_remove_index(said, i);
        else
            i++;
    }
    if (said == NULL || said->len == 0)
        return NULL;
    lines = join(said);
    return g_strconcat("on its serial port: ", lines, NULL);
}

/* Only what may be of interest leaves the guest. The levels stand in <> as one digit, since others
 * than the kernel have higher numbers there. */
static char *log_command(unsigned below)
{
    return g_strdup_printf("{ dmesg -r 2>&1 || echo '" UNREAD "'; } | "
                           "grep -E '^<[0-%u]>|" UNREAD "|" COMPLAINT_WORDS "' | tail -n %u",
                           below - 1, LINES_MAX);
}

static int look_at_log(struct guest *guest, int64_t deadline, GPtrArray *found, char **unread_out,
                       GError **err)
{
    g_auto(session_result) result = {0};
    g_autofree char *command = NULL;
    g_autoptr(GRegex) expected = NULL;
    bool wanted;
    int64_t below;

    if (guest_is_left_alone(guest)) {
        *unread_out =
            g_strdup_printf("%s: of %s, its work and its kernel's log were not looked at%s",
                            guest_why_alone(guest), vm_name(guest->vm),
                            guest->kind->beat_period_ms > 0 ? ""
                            : vm_is_reached(guest->vm)      ? ", and nothing has shown that it runs"
                                                       : ", and only libvirt says that it runs");
        return 0;
    }
    if (param_bool(guest->params, "verify_guest_dmesg", &wanted, err) < 0 ||
        param_int(guest->params, "guest_dmesg_level", &below, err) < 0)
        return -1;
    if (!wanted || guest->kind->know_login == NULL)
        return 0;
    if (guest_is_windows(guest->params)) {
        *unread_out = g_strdup_printf("the kernel's log of %s is not read (os_type = windows): "
                                      "what it says of the guest's health is not known",
                                      vm_name(guest->vm));
        return 0;
    }
    command = log_command((unsigned)below);
    if (guest_command(guest, command, deadline, &result, err) < 0)
        return -1;
    if (strstr(result.out, UNREAD) != NULL) {
        *unread_out = g_strdup_printf("the kernel's log of %s cannot be read by who is logged in: "
                                      "what it says of the guest's health is not known",
                                      vm_name(guest->vm));
        return 0;
    }
    expected = expected_words(guest);
    complaints_of_log(result.out, (unsigned)below, expected, &guest->log_seen_us, found);
    return 0;
}

int guest_look(struct guest *guest, int64_t deadline, char **out, char **unread_out, GError **err)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *serial = NULL;
    g_autofree char *log = NULL;

    if (look_at_log(guest, deadline, found, unread_out, err) < 0)
        return -1;
    serial = guest_look_at_serial(guest);
    log = found->len > 0 ? join(found) : NULL;
    if (serial == NULL && log == NULL)
        return 0;
    *out = g_strconcat(serial != NULL ? serial : "", serial != NULL && log != NULL ? "; " : "",
                       log != NULL ? "in its kernel's log: " : "", log, NULL);
    return 0;
}
