#pragma once

#include <stddef.h>

/* The one result. A function that can fail returns enum rc and takes a struct fault last, filled
 * exactly when the result is not RC_OK. http/problem.c maps rc to a status code, once, for all
 * faces. Source: contract 1, Errors. */
enum rc {
    RC_OK,
    RC_INVALID,         /* malformed, missing, out of range */
    RC_UNAUTHENTICATED, /* no token, or one that does not verify */
    RC_UNKNOWN_KEY,     /* a token that none of the keys at hand verifies */
    RC_DENIED,          /* a known caller who may not */
    RC_NOT_FOUND,
    RC_METHOD,
    RC_NOT_ACCEPTABLE,
    RC_UPGRADE,     /* another version of the protocol is needed */
    RC_CONFLICT,    /* the state does not allow it */
    RC_STALE_MATCH, /* If-Match names another version */
    RC_TOO_LARGE,
    RC_URI_TOO_LONG,
    RC_HEAD_TOO_LARGE,
    RC_MEDIA_TYPE,
    RC_KEY_REUSED, /* Idempotency-Key with another request */
    RC_TOO_MANY,
    RC_BUSY, /* try again: queue full, disk full, out of memory */
    RC_NOT_IMPLEMENTED,
    RC_INTERNAL,
    RC_ENOUGH, /* of a visitor alone: it wants no more. The walk ends there and says RC_OK */
};

enum { FAULT_TEXT_BYTES = 160 };

/* message, field: for the client (never SQL, a path, a token), static or in the request's arena: nobody frees
 * them. field: the request member at fault, as clients spell it; NULL: none.
 * text: what the operator is told in its place, and no client ever; "": the same. It is the fault's own, so
 * that a fault may be copied, and many threads may fail at once. */
struct fault {
    const char *field, *message;
    char text[FAULT_TEXT_BYTES];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fills *fault and returns rc, so that a refusal is one line. */
static inline enum rc fault_set(struct fault *fault, enum rc rc, const char *field, const char *message)
{
    fault->field = field;
    fault->message = message;
    fault->text[0] = '\0';
    return rc;
}

/* Likewise, with a text for the operator; what is longer is cut. */
enum rc fault_text(struct fault *fault, enum rc rc, const char *message, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What the operator is told; NULL: nothing. Lives as long as the fault. */
static inline const char *fault_why(const struct fault *fault)
{
    return fault->text[0] ? fault->text : fault->message;
}

/* An allocation failed. What was asked for was not done; the same may work later. */
static inline enum rc fault_no_memory(struct fault *fault)
{
    return fault_set(fault, RC_BUSY, NULL, "out of memory");
}
