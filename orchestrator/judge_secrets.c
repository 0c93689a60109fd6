/* What is said of a test names values, and a secret may be part of any. */
#include "orchestrator/judge_private.h"

#include "orchestrator/report/secrets.h"

static void hide_in(const struct secrets *secrets, GPtrArray *sentences)
{
    for (unsigned i = 0; i < sentences->len; i++) {
        g_autofree char *plain = sentences->pdata[i];

        sentences->pdata[i] = secrets_hide(secrets, plain);
    }
}

void judge_hide_secrets(struct judge *judge)
{
    struct judgement *judgement = &judge->judgement;
    g_autoptr(secrets) secrets = NULL;

    for (unsigned i = 0; i < judge->facts->len; i++) {
        const struct fact *fact = g_ptr_array_index(judge->facts, i);

        if (!fact->is_secret || fact->value == NULL)
            continue;
        if (secrets == NULL)
            secrets = secrets_new();
        secrets_add(secrets, fact->value);
    }
    if (secrets == NULL)
        return;
    hide_in(secrets, judgement->errors);
    hide_in(secrets, judgement->skips);
    hide_in(secrets, judgement->warnings);
    hide_in(secrets, judgement->notes);
}
