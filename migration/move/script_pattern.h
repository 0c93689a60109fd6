/* What the text of mig_script must match, for its row among the parameters; script.h says what it
 * means. */
#pragma once

#define SCRIPT_WHEN "(([0-9.]+(ms|s|%|syncs?)|[a-z-]+)(\\+[0-9.]+(ms|s))?|\\+[0-9.]+(ms|s))"
#define SCRIPT_STEP                                                                                \
    "\\s*" SCRIPT_WHEN "\\s+"                                                                      \
    "(cancel|pause|resume|postcopy|cut|speed\\s+[0-9.]+[KMGkmg]?|downtime\\s+[0-9.]+(ms|s)?|"      \
    "(kill|freeze|thaw)\\s+(source|destination))\\s*"
#define SCRIPT_PATTERN "^" SCRIPT_STEP "(;" SCRIPT_STEP ")*;?\\s*$"
