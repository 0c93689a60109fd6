#include "libvirt/event_loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static pthread_t thread;
static atomic_bool is_ending;
static int wake_timer; /* set to now, it wakes the loop */

static void on_wake(int timer, void *arg)
{
    (void)arg;
    virEventUpdateTimeout(timer, -1);
}

static void *run(void *arg)
{
    while (!atomic_load(&is_ending)) {
        if (virEventRunDefaultImpl() < 0) {
            fprintf(stderr, "vtmh-node-libvirt: libvirt's event loop: %s\n",
                    virGetLastErrorMessage());
            _exit(1);
        }
    }
    return arg;
}

int event_loop_begin(void)
{
    if (virEventRegisterDefaultImpl() < 0)
        return -1;
    wake_timer = virEventAddTimeout(-1, on_wake, NULL, NULL);
    if (wake_timer < 0)
        return -1;
    atomic_store(&is_ending, false);
    return pthread_create(&thread, NULL, run, NULL) == 0 ? 0 : -1;
}

void event_loop_end(void)
{
    atomic_store(&is_ending, true);
    virEventUpdateTimeout(wake_timer, 0);
    pthread_join(thread, NULL);
    virEventRemoveTimeout(wake_timer);
}
