#include "migration/move/said.h"

#include "migration/evidence.h"
#include "migration/guest/look.h"
#include "migration/params.h"

#define LOOK_MS 30000 /* one command in the guest */

/* Takes what was said; NULL: nothing. */
static int judge(struct seat *seat, unsigned leg, char *said, GError **err)
{
    g_autofree char *text = said;
    g_autofree char *when =
        leg == 0 ? g_strdup("before the first leg") : g_strdup_printf("by the end of leg %u", leg);
    const char *host = seat->test->names[seat->test->self];
    bool only_warns = false;

    if (said == NULL)
        return 0;
    if (param_bool(seat->params, "guest_dmesg_ignore", &only_warns, err) < 0)
        return -1;
    if (only_warns) {
        test_warn(seat->test, "guest of %s told on %s, %s, that something broke: %s", seat->name,
                  host, when, said);
        return 0;
    }
    g_set_error(err, VM_ERROR, VM_ERROR_GUEST,
                "guest of %s told on %s, %s, that something broke: %s", seat->name, host, when,
                said);
    if (err != NULL)
        evidence_set(*err, VTMH__EVIDENCE__EVIDENCE_GUEST, 0);
    return -1;
}

int said_check(struct seat *seat, unsigned leg, GError **err)
{
    g_autofree char *unread = NULL;
    char *said = NULL;

    if (guest_look(seat->guest, deadline_in(seat_patience_ms(seat, LOOK_MS)), &said, &unread, err) <
        0)
        return -1;
    if (unread != NULL)
        test_note(seat->test, "%s", unread);
    return judge(seat, leg, said, err);
}

int said_check_left(struct seat *seat, unsigned leg, GError **err)
{
    return judge(seat, leg, guest_look_at_serial(seat->guest), err);
}
