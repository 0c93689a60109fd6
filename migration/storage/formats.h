/*
 * Formats of images that nothing states: where neither image_format nor the name of a file tells
 * (who publishes images as .img may mean any format), this host looks into it, as `qemu-img info`
 * does. What a test makes is as its parameters alone say.
 */
#pragma once

#include "cfg/params.h"
#include "sync/fiber.h"

/*
 * Adds to a test's params, whose names clone_names() has given, the format that each such image has
 * here: image_format_IMAGE_VM. One that is not there, or cannot be read, is told by who looks for
 * it: nothing is added. -1: the storage does not answer in time.
 */
int image_formats_find(struct params *test, int64_t deadline, GError **err);
