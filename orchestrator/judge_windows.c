/* What takes Linux, asked for where os_type = windows. */
#include "orchestrator/judge_private.h"

#include <string.h>

/* By the parameter that asks for it; only: the one word that does, NULL: any that asks at all. */
static const struct lack {
    const char *name, *only, *why;
} lacks[] = {
    {"cloud_init", NULL, "Windows has no cloud-init"},
    {"load", NULL, "the programs that write and check are for Linux"},
    {"migration_bg_command", NULL, "nothing is left running in Windows"},
    {"regain_ip_cmd", NULL, "Windows has no shell on its serial port"},
    {"vm_extra_dump_paths", NULL, "files are not fetched from Windows"},
    {"file_transfer_client", "scp", "files are copied by what Windows does not have"},
    {"file_transfer_port", NULL, "files are copied by what Windows does not have"},
    {"network_gap", "both", "Windows does not ask by itself"},
    {"plug_block", NULL, "Windows is not asked what it sees"},
    {"unplug_block", NULL, "Windows is not asked what it sees"},
    {"plug_nic", NULL, "Windows is not asked what it sees"},
    {"unplug_nic", NULL, "Windows is not asked what it sees"},
    {"plug_vcpu", NULL, "Windows is not asked what it sees"},
    {"unplug_vcpu", NULL, "Windows is not asked what it sees"},
    {"plug_mem", NULL, "Windows is not asked what it sees"},
    {"unplug_mem", NULL, "Windows is not asked what it sees"},
};

static void say(struct judge *judge, const struct fact *fact, const char *why)
{
    if (fact->said[SAY_ERROR] == NULL)
        judge_say(judge, SAY_SKIP, fact, "%s = %s is not supported: %s", fact->key,
                  judge_shown(fact), why);
}

/* Others speak of what Linux has. */
static void check_ways(struct judge *judge, const char *vm, unsigned host)
{
    static const char *const there[] = {"ssh", "agent", NULL};
    const struct fact *fact, *user;
    const char *text = judge_lookup(judge, "login_ways", NULL, vm, host, &fact);
    bool has_ways = fact != NULL && !judge_says_none("login_ways", text);
    g_auto(GStrv) words = judge_list(judge, has_ways ? "login_ways" : "shell_client", vm, host);

    if (!has_ways)
        judge_lookup(judge, "shell_client", NULL, vm, host, &fact);
    for (char **word = words; fact != NULL && *word != NULL; word++)
        if (!g_strv_contains(there, *word)) {
            say(judge, fact, "Windows is logged in to by ssh or agent");
            break;
        }
    text = judge_lookup(judge, "username", NULL, vm, host, &user);
    if (user != NULL && !judge_says_none("username", text) && strcmp(text, "root") != 0 &&
        g_strv_contains((const char *const *)words, "agent"))
        say(judge, user, "commands by the agent of Windows are those of its service");
}

bool judge_windows(struct judge *judge, const char *vm, unsigned host)
{
    const struct fact *fact;
    const char *system = judge_lookup(judge, "os_type", NULL, vm, host, &fact);
    const char *guest = judge_lookup(judge, "guest", NULL, vm, host, NULL);

    if (fact == NULL || g_strcmp0(system, "windows") != 0)
        return false;
    if (g_strcmp0(guest, "image") != 0) {
        g_autofree char *why = g_strdup_printf("guest %s does not run Windows", guest);

        say(judge, fact, why);
        return true;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(lacks); i++) {
        const char *text = judge_lookup(judge, lacks[i].name, NULL, vm, host, &fact);

        if (fact != NULL && !judge_says_none(lacks[i].name, text) &&
            (lacks[i].only == NULL || strcmp(text, lacks[i].only) == 0))
            say(judge, fact, lacks[i].why);
    }
    check_ways(judge, vm, host);
    return judge->judgement.skips->len > 0;
}
