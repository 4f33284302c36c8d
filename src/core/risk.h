#pragma once

#include "core/enrolment.h"
#include "core/share.h"

/* Which learners of a course may need somebody. Pure; any thread. Source: contract 9, /all. */

enum { RISK_DAYS = 14, RISK_GRACE_DAYS = 7 };

enum risk { RISK_INACTIVE = 1, RISK_BEHIND = 2 };

/* What a course's learners are measured by. */
struct risk_measure {
    struct course_facts facts;
    int64_t now_ms;
    int64_t enrolments, completed_required; /* of all of the course */
};

/* The last activity; of an enrolment without a report its date stands in. */
int64_t enrolment_active_ms(const struct enrolment *enrolment);

/* Whether it is under way (ENROLLED or IN_PROGRESS) without any activity for so many days. */
bool enrolment_is_inactive(const struct enrolment *enrolment, const struct course_facts *facts, int64_t days,
                           int64_t now_ms);

/* Why it is at risk, enum risk; 0: it is not. */
unsigned enrolment_risks(const struct enrolment *enrolment, const struct risk_measure *measure);
