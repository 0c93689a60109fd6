/* What this end of a leg says of itself, once the leg has failed. */
#pragma once

#include "migration/move/handover.h"

/*
 * A leg has failed here with no more than a sign of trouble at the other end: the stream broke, or
 * the other end's failure was heard. Looks for what this end's own hypervisor and guest tell, and
 * waits a moment for it on the destination, whose hypervisor says why when its stream has ended.
 * Puts that in place of *cause if it is the better evidence. Call it within a shield, before
 * anything is ended.
 */
void own_end_look(struct handover *h, GError **cause);
