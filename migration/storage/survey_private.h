/* What survey.c and survey_same.c share, and no one else. */
#pragma once

#include "migration/storage/plan.h"
#include "migration/storage/survey.h"

#include <jansson.h>

/* One image of one test. */
struct wanted {
    const struct image_plan *plan;
    unsigned test;
    json_t *answer; /* of look.h; NULL: not asked */
};

struct survey {
    const struct host *host;
    const Vtmh__LookAtImages *request;
    GPtrArray *plans;   /* GPtrArray of struct image_plan, of each test that has them */
    GPtrArray *wanted;  /* struct wanted */
    GHashTable *tokens; /* folder -> name of our file in it */
    GHashTable *untold; /* folder -> why there is none */
    GHashTable *shown;  /* paths of what we have made: char * */
    Vtmh__ImagesSeen seen;
    unsigned n_tokens;
};

/* What is wrong, as an answer of look.h says it; NULL: nothing. */
static inline const char *trouble_of(const json_t *answer)
{
    return json_string_value(json_object_get(answer, "trouble"));
}

/* survey_same.c: leaves files beside the images, and says where each image is. */
void survey_show_files(struct survey *survey);
/* Removes those. */
void survey_remove_files(struct survey *survey);
