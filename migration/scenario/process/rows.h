/* What the rows of the table are made of: for table.c and the tests of the steps. */
#pragma once

#include "migration/scenario/process/step.h"

/* command.c: pre_command before the test, post_command after it. */
extern const char *const command_params[];
int command_begin(struct step_on *on, GError **err);
int command_end(struct step_on *on, GError **err);
