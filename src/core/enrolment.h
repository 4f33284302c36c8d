#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "base/instant.h"

/* One learner's enrolment in one course, and how it moves. Pure: no clock, no allocation, no globals; any
 * thread. Source: contract 1, Enrolment; docs/decisions/0017. */

/* What is stored. WORKING reads as IN_PROGRESS or, in an observed course, as COMPLETED: that depends on how
 * many items the course has by now, so it is derived and a new item touches no learner. */
enum enrolment_class {
    CLASS_ENROLLED,
    CLASS_WORKING,
    CLASS_DONE_FOR_GOOD,
    CLASS_CERTIFIED,
    CLASS_DROPPED,
    CLASS_EXPIRED,
    CLASS_COUNT
};

/* What clients see. */
enum enrolment_state {
    ENR_ENROLLED,
    ENR_IN_PROGRESS,
    ENR_COMPLETED,
    ENR_CERTIFIED,
    ENR_DROPPED,
    ENR_EXPIRED
};

/* What the catalogue says of a course. */
struct course_facts {
    bool declared;
    uint32_t required, items; /* required <= items; in an observed course all items are required */
    int64_t shrunk_at_ms;     /* when an observed course last lost an item; 0: never */
};

struct enrolment {
    uint32_t course; /* interned */
    uint32_t id;     /* enrollmentId */
    uint8_t class;
    uint16_t day_count;                           /* of its days with a report: core/days.h */
    uint32_t completed_required, completed_items; /* of the course's present items */
    uint32_t certificate_size;
    /* Instants, or INSTANT_NEVER. */
    /* completed_at_ms: of WORKING and ENROLLED never: theirs is derived */
    int64_t enrolled_at_ms, completed_at_ms;
    int64_t last_completion_ms; /* when completed_required last rose */
    int64_t last_activity_ms;
    int64_t created_at_ms, updated_at_ms;
    int64_t said_at_ms; /* when what its latest webhook says came to be: an earlier one changes nothing */
    uint64_t version;
    const char *certificate_url; /* certificate_size bytes; who stores the enrolment owns them */
};

enum enrolment_move { MOVE_ENROL, MOVE_WORK, MOVE_CERTIFY, MOVE_DROP, MOVE_EXPIRE };

/* The state that clients see, as the course is now. */
enum enrolment_state enrolment_state(const struct enrolment *enrolment, const struct course_facts *facts);

/* Instant of completion: of COMPLETED and CERTIFIED, and what DROPPED and EXPIRED had; else INSTANT_NEVER. */
int64_t enrolment_completion_ms(const struct enrolment *enrolment, const struct course_facts *facts);

/* The class that a move leads to from a state; *out_class equals the present one when nothing changes.
 * started: any progress record in the course. Enrolling again after DROPPED or EXPIRED leads to what the
 * progress says. Errors: RC_CONFLICT, certify from anything but COMPLETED or CERTIFIED. */
MUST_CHECK enum rc enrolment_decide(const struct enrolment *enrolment, const struct course_facts *facts,
                                    enum enrolment_move move, bool started, enum enrolment_class *out_class,
                                    struct fault *fault);

/* Completion after a count or the course changed: a declared course with nothing left completes for good.
 * Returns whether the class changed. */
bool enrolment_settle(struct enrolment *enrolment, const struct course_facts *facts, int64_t at_ms);

/* After a delete or reset: the class that the remaining progress says. CERTIFIED, DROPPED, EXPIRED stay. */
void enrolment_recede(struct enrolment *enrolment, const struct course_facts *facts, bool started);

/* 0..10000, half up; 10000 only when nothing is left, so that 100.00 always means done. required = 0: 0.
 * Source: contract 1, rule 5. */
uint32_t course_percent_hundredths(uint32_t completed, uint32_t required);
