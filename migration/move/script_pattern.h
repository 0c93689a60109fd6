/* What the text of mig_script must match, for its row among the parameters; script.h says what it
 * means. */
#pragma once

#define SCRIPT_TIME "[0-9.]+(ms|s)"
#define SCRIPT_LATER "\\+" SCRIPT_TIME
/* Of QMP's MigrationStatus all that come before the end. */
#define SCRIPT_STATUS                                                                              \
    "(setup|wait-unplug|active|pre-switchover|device|"                                             \
    "postcopy-(active|device|paused|recover|recover-setup))"
#define SCRIPT_WHEN                                                                                \
    "((" SCRIPT_TIME "|[0-9.]+(%|syncs?)|" SCRIPT_STATUS ")(" SCRIPT_LATER ")?|" SCRIPT_LATER ")"
/* How far the migration has come only its source knows. */
#define SCRIPT_WHEN_THERE                                                                          \
    "((" SCRIPT_TIME "|" SCRIPT_STATUS ")(" SCRIPT_LATER ")?|" SCRIPT_LATER ")"
#define SCRIPT_STEP                                                                                \
    "\\s*(" SCRIPT_WHEN "\\s+"                                                                     \
    "(cancel|pause|resume|postcopy|cut|speed\\s+[0-9.]+[KMGkmg]?|downtime\\s+[0-9.]+(ms|s)?|"      \
    "(kill|freeze|thaw)\\s+source)|" SCRIPT_WHEN_THERE "\\s+(kill|freeze|thaw)\\s+destination)"    \
    "\\s*"
#define SCRIPT_PATTERN "^" SCRIPT_STEP "(;" SCRIPT_STEP ")*;?\\s*$"
