/* The thread that runs libvirt's event loop, and nothing else: keepalive, and all callbacks. */
#pragma once

/* Before the first connection. 0, or -1 with libvirt's last error. */
int event_loop_begin(void);

/* Behind the last one. */
void event_loop_end(void);
