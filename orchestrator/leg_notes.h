/* What the legs of a test leave unsaid in the table, as notes: pure, one sentence a cause however
 * many the legs. */
#pragma once

#include "orchestrator/result.h"

#define LEG_NOTES_LONG_SETUP_MS 1000

/*
 * Adds notes: for each VM and each reason on the completed legs whose memory was not checked; for
 * each VM on legs whose setup took long (LEG_NOTES_LONG_SETUP_MS), and on those that had so many
 * dirty syncs under TCG that a lost page says little (LEG_TCG_MANY_SYNCS). The platform is known by
 * then.
 */
void leg_notes_add(struct test_result *result);
