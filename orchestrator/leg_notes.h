/* What the legs of a test leave unsaid in the table, as notes: pure, one sentence a cause however
 * many the legs. */
#pragma once

#include "orchestrator/result.h"

/* Adds for each VM and each reason a note on the completed legs whose memory was not checked. */
void leg_notes_unchecked(struct test_result *result);
