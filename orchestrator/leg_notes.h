/* What the legs of a test leave unsaid in the table, as notes: pure, one sentence a cause however
 * many the legs. They are taken as they come, and not kept. */
#pragma once

#include "orchestrator/result.h"

#define LEG_NOTES_LONG_SETUP_MS 1000
#define LEG_NOTES_REASONS 20 /* different reasons for no memory check that are told of a VM */

struct leg_notes;

struct leg_notes *leg_notes_new(void);
void leg_notes_free(struct leg_notes *notes);
AUTOPTR_STRUCT(leg_notes, leg_notes_free);

void leg_notes_take(struct leg_notes *notes, const struct leg_result *leg);

/*
 * Adds notes: for each VM and each reason on the completed legs whose memory was not checked; for
 * each VM on legs whose setup took long (LEG_NOTES_LONG_SETUP_MS), and on those that had so many
 * dirty syncs under TCG that a lost page says little (LEG_TCG_MANY_SYNCS). The platform is known by
 * then.
 */
void leg_notes_add(const struct leg_notes *notes, struct test_result *result);
