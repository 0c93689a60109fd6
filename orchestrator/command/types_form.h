/* What a value may be and whose a parameter may be, for people: pages, `vtmh types NAME`. */
#pragma once

#include "cfg/param-info.h"

/* What may be written for a kind: "a number, or one with a suffix: 512K, 64M, 1G". */
const char *types_kind_form(enum param_kind kind);

/* The row's values: "size in MiB, at least 1M", "int, 1 to 1000", "one of utc, localtime, or a date
 * …". Transfer full. */
char *types_form(const struct param_info *info);

/* Whose name may stand behind the parameter's, in order: "card, VM, host"; "" if nobody's. Transfer
 * full. */
char *types_endings(const struct param_info *info);

/* The row's `why`, with what it counts with: "… (counts only with nics)"; "" if there is none.
 * Transfer full. */
char *types_why(const struct param_info *info);

/* The values that are known but not supported, with the reasons: "unix, exec (VMs move by tcp
 * only)"; "" if there are none. Transfer full. */
char *types_later(const struct param_info *info);
