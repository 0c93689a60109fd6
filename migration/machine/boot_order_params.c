/* What the firmware tries: read by boot_order.c. */
#include "migration/params_tables.h"

#define BOOT(name_) .name = (name_), .section = "VM", .scopes = PARAM_OF_VM, .same_everywhere = true

#define ORDER_PATTERN "^[a-p]{1,16}$"
#define ORDER_RULE "letters of drives: a floppy, c disk, d CD-ROM, n network"

const struct param_info booting_params[] = {
    {BOOT("boot_order"), .kind = PARAM_STRING, .word_pattern = ORDER_PATTERN,
     .word_rule = ORDER_RULE, .example = "cdn",
     .doc = "kinds of drives in the order in which the firmware tries them"},
    {BOOT("boot_once"), .kind = PARAM_STRING, .word_pattern = ORDER_PATTERN,
     .word_rule = ORDER_RULE, .example = "d", .doc = "the same, for the first boot alone"},
    {BOOT("boot_menu"), .kind = PARAM_WORD, .values = WORDS("on", "off"), .example = "off",
     .doc = "whether the firmware shows a menu"},
    {BOOT("boot_strict"), .kind = PARAM_WORD, .values = WORDS("on", "off"), .example = "off",
     .doc = "whether the firmware tries nothing else"},
    {.name = NULL},
};
