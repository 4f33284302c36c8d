#pragma once

#include <stdbool.h>

#include "model/model.h"
#include "base/caller.h"

/* The one authorization point: who may do what, to whose record. Every route names a rule; every handler asks
 * access_check once it knows whose record it is about. Source: contract 1, Auth; reliability part 3. */

enum access_rule {
    ACCESS_PUBLIC,        /* no token */
    ACCESS_SERVER_KEY,    /* X-Server-Key alone */
    ACCESS_WEBHOOK,       /* X-Server-Key and any valid token (webhook_jwt = optional: the key alone) */
    ACCESS_SIGNED_IN,     /* any valid token */
    ACCESS_OWN_STUDENT,   /* role Student, own record */
    ACCESS_OWN,           /* own record, any role */
    ACCESS_OWN_OR_SYSTEM, /* own; SYSTEM anybody's */
    ACCESS_PERSON,        /* own; ADMIN and SYSTEM anybody's */
    ACCESS_COURSE_RECORD, /* own; staff of the course; ADMIN, SYSTEM */
    ACCESS_COURSE_STAFF,  /* staff of the course; ADMIN, SYSTEM */
    ACCESS_CATALOG_READ,  /* staff that the course lists; ADMIN, SYSTEM */
    ACCESS_ADMIN,         /* ADMIN, SYSTEM */
    ACCESS_ADMIN_ALONE,   /* ADMIN */
    /* Lists of which each row is asked about by another rule, and left out where that refuses: */
    ACCESS_STAFF_LIST,  /* whoever may be staff; ADMIN, SYSTEM. Rows: ACCESS_COURSE_STAFF */
    ACCESS_PERSON_LIST, /* own; whoever may be staff; ADMIN, SYSTEM. Rows: ACCESS_PERSON, ACCESS_COURSE_STAFF
                         */
    ACCESS_RULE_COUNT
};

/* Whom and what a request is about. */
struct access_subject {
    const char *user; /* NULL: nobody in particular */
    size_t user_size;
    uint32_t course; /* key; 0: none or unknown */
    bool has_course; /* a course is meant, even when its key is unknown */
};

/* Whether any role of the caller could pass the rule for some record: decided before anything is read. */
bool access_role(enum access_rule rule, unsigned roles);

/* Whether the rule depends on whose record it is. */
bool access_asks_whose(enum access_rule rule);

/* Whether the rule depends on whose course it is; else access_check looks at no view. */
bool access_asks_course(enum access_rule rule);

/* As which of the staff that a course lists the caller acts for it: as far as a role of theirs counts. Never
 * STAFF_NOBODY_LISTED. Source: contract 9, staffOf. */
enum staff_listing access_listed(const struct caller *caller, struct view view, uint32_t course);

/* Whether the rule lets the caller pass whatever the model holds: as themselves, or by a role that reaches
 * all.
 */
bool access_needs_no_view(enum access_rule rule, const struct caller *caller,
                          const struct access_subject *subject);

/* Whether the caller may, for this subject. RC_DENIED with the same words whoever is meant. */
MUST_CHECK enum rc access_check(enum access_rule rule, const struct caller *caller, struct view view,
                                const struct access_subject *subject, struct fault *fault);
