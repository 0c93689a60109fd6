/* Text of guests, hypervisors and users as JSON. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* NULL becomes null; what is not UTF-8 (a guest's words in a cause) is made so. Transfer full. */
json_t *text_json(const char *text);

/* texts: char *. Transfer full. */
json_t *texts_json(const GPtrArray *texts);
