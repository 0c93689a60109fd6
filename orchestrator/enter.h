/*
 * Enter, pressed by the user while a job holds a test for him: lines from standard input. It is
 * opened anew, so that nothing changes for those who share it; one that cannot be waited for (a
 * file, /dev/null) or has ended is never pressed.
 */
#pragma once

#include <glib.h>

struct scope;
struct enter;

/* pressed: called at each Enter; over: once, when none will come any more. The fiber runs in the
 * scope, until that is cancelled. Transfer full: free it after the scope's end. */
struct enter *enter_listen(struct scope *scope, void (*pressed)(void *arg), void (*over)(void *arg),
                           void *arg);
void enter_free(struct enter *enter);
