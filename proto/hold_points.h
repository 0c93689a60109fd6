/* The points at which a test can be held (`vtmh run --hold`), as they travel: both programs know
 * them. */
#pragma once

#define HOLD_BEFORE_LOGIN "before-login"
#define HOLD_BEFORE_LEG "before-leg"
#define HOLD_AFTER_LEG "after-leg"
#define HOLD_ON_FAILURE "on-failure"
#define HOLD_POINTS HOLD_BEFORE_LOGIN, HOLD_BEFORE_LEG, HOLD_AFTER_LEG, HOLD_ON_FAILURE
