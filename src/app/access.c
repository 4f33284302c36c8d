#include "app/access.h"

#include <string.h>

/* How far a role reaches. LISTED: courses whose staff names the caller; COURSE: those, and for INSTRUCTOR
 * courses that name nobody. */
enum reach { NOT, OWN, LISTED, COURSE, ALL };

/* Columns: STUDENT INSTRUCTOR OWNER ADMIN SYSTEM. */
/* clang-format off */
static const unsigned char reaches[ACCESS_RULE_COUNT][5] = {
    [ACCESS_PUBLIC]        = {ALL, ALL,    ALL,    ALL, ALL},
    [ACCESS_SERVER_KEY]    = {ALL, ALL,    ALL,    ALL, ALL},
    [ACCESS_WEBHOOK]       = {ALL, ALL,    ALL,    ALL, ALL},
    [ACCESS_SIGNED_IN]     = {ALL, ALL,    ALL,    ALL, ALL},
    [ACCESS_OWN_STUDENT]   = {OWN, NOT,    NOT,    NOT, NOT},
    [ACCESS_OWN]           = {OWN, OWN,    OWN,    OWN, OWN},
    [ACCESS_OWN_OR_SYSTEM] = {OWN, OWN,    OWN,    OWN, ALL},
    [ACCESS_PERSON]        = {OWN, OWN,    OWN,    ALL, ALL},
    [ACCESS_COURSE_RECORD] = {OWN, COURSE, COURSE, ALL, ALL},
    [ACCESS_COURSE_STAFF]  = {NOT, COURSE, COURSE, ALL, ALL},
    [ACCESS_CATALOG_READ]  = {NOT, LISTED, LISTED, ALL, ALL},
    [ACCESS_ADMIN]         = {NOT, NOT,    NOT,    ALL, ALL},
    [ACCESS_ADMIN_ALONE]   = {NOT, NOT,    NOT,    ALL, NOT},
    [ACCESS_STAFF_LIST]    = {NOT, ALL,    ALL,    ALL, ALL},
    [ACCESS_PERSON_LIST]   = {OWN, ALL,    ALL,    ALL, ALL},
};
/* clang-format on */

static const enum role columns[5] = {ROLE_STUDENT, ROLE_INSTRUCTOR, ROLE_OWNER, ROLE_ADMIN, ROLE_SYSTEM};

bool access_role(enum access_rule rule, unsigned roles)
{
    for (int i = 0; i < 5; i++)
        if (roles & columns[i] && reaches[rule][i] != NOT)
            return true;
    return false;
}

static bool knows(enum access_rule rule, unsigned reach_set)
{
    for (int i = 0; i < 5; i++)
        if (1u << reaches[rule][i] & reach_set)
            return true;
    return false;
}

bool access_asks_whose(enum access_rule rule)
{
    return knows(rule, 1u << NOT | 1u << OWN | 1u << LISTED | 1u << COURSE);
}

bool access_asks_course(enum access_rule rule)
{
    return knows(rule, 1u << LISTED | 1u << COURSE);
}

/* Role and listing are both needed. Source: contract 1, Auth. */
static bool acts_for_course(enum role role, enum reach reach, const struct caller *caller, struct view view,
                            const struct access_subject *subject)
{
    if (!subject->has_course)
        return false;
    enum staff_listing listing = view_course_staff(view, subject->course, caller->id, caller->id_size);
    if (role == ROLE_OWNER)
        return listing == STAFF_LISTED_OWNER;
    return listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER ||
           (listing == STAFF_NOBODY_LISTED && reach == COURSE);
}

enum staff_listing access_listed(const struct caller *caller, struct view view, uint32_t course)
{
    enum staff_listing listing = view_course_staff(view, course, caller->id, caller->id_size);
    bool listed = listing == STAFF_LISTED || listing == STAFF_LISTED_OWNER;

    if (listing == STAFF_LISTED_OWNER && caller->roles & ROLE_OWNER)
        return STAFF_LISTED_OWNER;
    return listed && caller->roles & ROLE_INSTRUCTOR ? STAFF_LISTED : STAFF_NOT_LISTED;
}

bool access_needs_no_view(enum access_rule rule, const struct caller *caller,
                          const struct access_subject *subject)
{
    bool own = subject->user && caller->id_size == subject->user_size &&
               memcmp(caller->id, subject->user, subject->user_size) == 0;
    bool own_counts = rule != ACCESS_COURSE_STAFF && rule != ACCESS_CATALOG_READ && rule != ACCESS_ADMIN;

    for (int i = 0; i < 5; i++)
        if (caller->roles & columns[i] && reaches[rule][i] != NOT &&
            (reaches[rule][i] == ALL || (own && own_counts)))
            return true;
    return false;
}

enum rc access_check(enum access_rule rule, const struct caller *caller, struct view view,
                     const struct access_subject *subject, struct fault *fault)
{
    if (access_needs_no_view(rule, caller, subject))
        return RC_OK;
    for (int i = 0; i < 5; i++) {
        enum reach reach = (enum reach)reaches[rule][i];
        if (!(caller->roles & columns[i]) || reach == NOT)
            continue;
        if ((reach == COURSE || reach == LISTED) && acts_for_course(columns[i], reach, caller, view, subject))
            return RC_OK;
    }
    return fault_set(fault, RC_DENIED, NULL, "Access denied");
}
