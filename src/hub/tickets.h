#pragma once

#include "base/caller.h"
#include "base/fault.h"
#include "hub/hub.h"

/* Tickets: what a caller showed once, to be claimed once within TICKET_S under a random word. Any thread.
 * Source: contract 1, Auth. */

struct tickets;

/* No tickets yet. seed: secret. Errors: RC_BUSY, out of memory. */
MUST_CHECK enum rc tickets_new(uint64_t seed, struct tickets **out_tickets);
void tickets_free(struct tickets *tickets); /* NULL is fine */

struct ticket_holder {
    struct caller caller;
    char *token; /* NULL: none was needed */
    unsigned keys_version;
};

/* Whether a text has the form of a ticket: TICKET_BYTES - 1 digits of base64url. */
bool tickets_is_one(const char *text);

/* Copies the holder. Errors: RC_TOO_MANY, they have many; RC_BUSY. */
MUST_CHECK enum rc tickets_give(struct tickets *tickets, const struct ticket_holder *holder, int64_t now_ms,
                                char out_ticket[TICKET_BYTES]);

/* The token is the caller's to free. False: no such ticket, or it is spent or too old. */
bool tickets_spend(struct tickets *tickets, const char *ticket, int64_t now_ms,
                   struct ticket_holder *out_holder);
