/* The images of a job's tests on this host, looked at before the first of them (survey.h). */
#pragma once

#include "node/node.h"

/* Looks in a fiber of the session, and answers. What was left of a survey before is removed. */
void surveying_start(struct node *node, const Vtmh__LookAtImages *body);

/* Compares in a fiber of the session, and answers; where nothing is told, ends the survey. */
void surveying_compare(struct node *node, const Vtmh__CompareImages *body);

/* Removes what a survey has left. NULL is fine. Call in a fiber. */
void surveying_free(struct surveying *surveying);
