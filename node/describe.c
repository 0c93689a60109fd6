#include "node/describe.h"

#include "migration/params.h"
#include "migration/scenario/scenario.h"
#include "node/version.h"

#include <jansson.h>

int describe(FILE *out)
{
    json_t *types = json_array();
    for (const struct scenario *s = scenarios; s->type != NULL; s++)
        json_array_append_new(types,
                              json_pack("{s:s, s:s}", "type", s->type, "summary", s->summary));

    size_t n;
    const struct param_info *infos = param_infos(&n);
    json_t *parameters = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(parameters,
                              json_pack("{s:s, s:s, s:s?, s:s, s:s, s:I, s:I, s:s*, s:s*}", "name",
                                        infos[i].name, "type", param_kind_name(infos[i].kind),
                                        "default", infos[i].fallback, "section", infos[i].section,
                                        "doc", infos[i].doc, "min", (json_int_t)infos[i].min, "max",
                                        (json_int_t)infos[i].max, "word_pattern",
                                        infos[i].word_pattern, "word_rule", infos[i].word_rule));

    json_t *root = json_pack("{s:s, s:o, s:o}", "version", NODE_VERSION, "types", types,
                             "parameters", parameters);
    int dumped = json_dumpf(root, out, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(root);
    return dumped == 0 && fputc('\n', out) == '\n' && fflush(out) == 0 ? 0 : 1;
}
