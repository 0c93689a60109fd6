/*
 * What is done with an image before and behind a test, on the one host that does it: made, cloned,
 * kept a copy of; checked, restored, removed. In a fiber; whatever touches the storage is a process
 * of its own.
 *
 * What lies there already is taken if it is what the test asks for, else it is an error that says
 * in what it differs; only force_create_image, force_image_clone and a master that has changed
 * replace it. Errors name image and path.
 */
#pragma once

#include "migration/storage/plan.h"
#include "migration/test.h"

/* Before the test. What is made on top of another image is in the ledger (plan->made) until it is
 * removed. */
int image_prepare(struct test *test, struct image_plan *plan, int64_t deadline, GError **err);

/* Bytes that a guest sees of an image; 0: of one that nobody looks into. */
int image_size(struct test *test, const struct image_plan *plan, uint64_t *size_out,
               int64_t deadline, GError **err);

/*
 * In the place of image_prepare(), on a host to which the image will move with its VM: where none
 * is an empty one is made, of that size, which is in the ledger (plan->made) until it is removed;
 * what lies there is written over, and has to be as large.
 */
int image_receive(struct test *test, struct image_plan *plan, uint64_t size, int64_t deadline,
                  GError **err);

/* Behind it, when no VM has it open any more. One that is in the ledger is removed in any case.
 * params: of the image, as they are then (_on_error). What is wrong with the image is the error,
 * when all else is done. */
int image_finish(struct test *test, const struct image_plan *plan, const struct params *params,
                 int64_t deadline, GError **err);
