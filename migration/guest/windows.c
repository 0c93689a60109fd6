#include "migration/guest/windows.h"

#include "migration/guest/kind.h"
#include "migration/guest/login.h"
#include "migration/params.h"

#include <string.h>

/* The same for a server whose shell is PowerShell, which knows no `ver`. */
#define WHO "cmd /c ver"
#define ANSWER "Microsoft Windows"

bool guest_is_windows(const struct params *params)
{
    return strcmp(param_text(params, "os_type"), "windows") == 0;
}

/* The library's files write down each default: what is that of Linux was not meant for Windows. */
static const char *of_system(const struct params *params, const char *name, const char *of_linux,
                             const char *of_windows)
{
    const char *text = param_text(params, name);

    return guest_is_windows(params) && strcmp(text, of_linux) == 0 ? of_windows : text;
}

const char *guest_shutdown_command(const struct params *params)
{
    return of_system(params, "shutdown_command", "poweroff", "shutdown /s /f /t 0");
}

const char *guest_username(const struct params *params)
{
    return of_system(params, "username", "root", "Administrator");
}

/* Which boot it is nobody asks: that it starts anew QEMU tells. */
int windows_show_life(struct guest *guest, int64_t deadline, GError **err)
{
    g_auto(session_result) result = {0};
    const char *said;

    if (guest_command(guest, WHO, deadline, &result, err) < 0)
        return -1;
    if (result.status == 0 && strstr(result.out, ANSWER) != NULL)
        return 0;
    said = g_strstrip(*result.out != '\0' ? result.out : result.err);
    g_autofree char *valid = g_utf8_make_valid(said, (gssize)MIN(strlen(said), 300));
    guest_set_error(guest, err, "is no Windows (os_type): \"" WHO "\" ended with status %d: %s",
                    result.status, valid);
    return -1;
}
