#pragma once

#include <stdint.h>

/* Who calls. Made by auth from a token, asked about by app/access. */

enum role { ROLE_STUDENT = 1, ROLE_INSTRUCTOR = 2, ROLE_ADMIN = 4, ROLE_OWNER = 8, ROLE_SYSTEM = 16 };

enum { CALLER_ID_BYTES = 129, CALLER_ZONE_BYTES = 64 };

struct caller {
    char id[CALLER_ID_BYTES]; /* normalized, NUL-terminated; "" nobody (server key alone, no token needed) */
    uint32_t id_size;
    unsigned roles;               /* enum role; 0: nobody */
    char zone[CALLER_ZONE_BYTES]; /* the token's zoneinfo claim, as it says; "" none */
    int64_t expires_ms;
};
