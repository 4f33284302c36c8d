#pragma once

#include <stdint.h>

/* What a service manager is told (the protocol of systemd): a datagram to the socket that NOTIFY_SOCKET
 * names. These thirty lines stand in for a library that would bring twenty packages. Without the variable:
 * nothing. */

/* "READY=1", "STOPPING=1", "WATCHDOG=1", several with line ends between. Any thread. */
void notify_manager(const char *state);

/* How often the manager wants to hear WATCHDOG=1, in milliseconds, half of what it allows; 0: never. */
int64_t notify_watchdog_ms(void);
