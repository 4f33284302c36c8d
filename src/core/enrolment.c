#include "core/enrolment.h"

#include <stddef.h>

enum {
    EN = CLASS_ENROLLED,
    WO = CLASS_WORKING,
    DO = CLASS_DONE_FOR_GOOD,
    CE = CLASS_CERTIFIED,
    DR = CLASS_DROPPED,
    EX = CLASS_EXPIRED,
    NO = -1 /* refused */,
    BY = -2 /* as the progress says */
};

/* Row: the class now. Column: the move. A WORKING enrolment that reads as COMPLETED may be certified: see
 * enrolment_decide. Source: contract 1, Enrolment. */
static const int8_t next_class[CLASS_COUNT][5] = {
    /*                        ENROL WORK CERTIFY DROP EXPIRE */
    [CLASS_ENROLLED] = {EN, WO, NO, DR, EX},
    [CLASS_WORKING] = {WO, WO, NO, DR, EX},
    [CLASS_DONE_FOR_GOOD] = {DO, DO, CE, DR, EX},
    [CLASS_CERTIFIED] = {CE, CE, CE, CE, CE}, /* never left; nothing changes, no error */
    [CLASS_DROPPED] = {BY, DR, NO, DR, EX},
    [CLASS_EXPIRED] = {BY, EX, NO, DR, EX},
};

static bool nothing_left(const struct enrolment *enrolment, const struct course_facts *facts)
{
    return facts->required > 0 && enrolment->completed_required >= facts->required;
}

enum enrolment_state enrolment_state(const struct enrolment *enrolment, const struct course_facts *facts)
{
    switch ((enum enrolment_class)enrolment->class) {
    case CLASS_ENROLLED:
        return ENR_ENROLLED;
    case CLASS_WORKING:
        return !facts->declared && nothing_left(enrolment, facts) ? ENR_COMPLETED : ENR_IN_PROGRESS;
    case CLASS_DONE_FOR_GOOD:
        return ENR_COMPLETED;
    case CLASS_CERTIFIED:
        return ENR_CERTIFIED;
    case CLASS_DROPPED:
        return ENR_DROPPED;
    case CLASS_EXPIRED:
    case CLASS_COUNT:
        break;
    }
    return ENR_EXPIRED;
}

/* When an observed course's learner became complete: their last completion, or the loss of the last item
 * that they lacked. */
static int64_t observed_completion_ms(const struct enrolment *enrolment, const struct course_facts *facts)
{
    bool shrunk = facts->shrunk_at_ms && facts->shrunk_at_ms > enrolment->last_completion_ms;
    return shrunk ? facts->shrunk_at_ms : enrolment->last_completion_ms;
}

int64_t enrolment_completion_ms(const struct enrolment *enrolment, const struct course_facts *facts)
{
    if (enrolment->class != CLASS_WORKING && enrolment->class != CLASS_ENROLLED)
        return enrolment->completed_at_ms;
    if (enrolment_state(enrolment, facts) == ENR_COMPLETED)
        return observed_completion_ms(enrolment, facts);
    return INSTANT_NEVER;
}

enum rc enrolment_decide(const struct enrolment *enrolment, const struct course_facts *facts,
                         enum enrolment_move move, bool started, enum enrolment_class *out_class,
                         struct fault *fault)
{
    int8_t next = next_class[enrolment->class][move];

    if (next == NO && enrolment_state(enrolment, facts) == ENR_COMPLETED)
        next = CE;
    if (next == NO)
        return fault_set(fault, RC_CONFLICT, NULL, "only a COMPLETED enrollment can be certified");
    if (next == BY)
        next = !started ? EN : facts->declared && nothing_left(enrolment, facts) ? DO : WO;
    *out_class = (enum enrolment_class)next;
    return RC_OK;
}

bool enrolment_settle(struct enrolment *enrolment, const struct course_facts *facts, int64_t at_ms)
{
    if (!facts->declared || !nothing_left(enrolment, facts) || enrolment->class != CLASS_WORKING)
        return false;
    enrolment->class = CLASS_DONE_FOR_GOOD;
    enrolment->completed_at_ms = at_ms;
    return true;
}

void enrolment_recede(struct enrolment *enrolment, const struct course_facts *facts, bool started)
{
    if (enrolment->class == CLASS_CERTIFIED || enrolment->class == CLASS_DROPPED ||
        enrolment->class == CLASS_EXPIRED || enrolment->class == CLASS_ENROLLED)
        return;
    if (enrolment->class == CLASS_DONE_FOR_GOOD && facts->declared && nothing_left(enrolment, facts))
        return; /* of a course that is no longer declared the progress alone says it */
    enrolment->class = started ? CLASS_WORKING : CLASS_ENROLLED;
    enrolment->completed_at_ms = INSTANT_NEVER;
}

uint32_t course_percent_hundredths(uint32_t completed, uint32_t required)
{
    if (required == 0)
        return 0;
    if (completed >= required)
        return 10000;
    uint64_t half_up = (20000 * (uint64_t)completed + required) / (2 * (uint64_t)required);
    return half_up < 10000 ? (uint32_t)half_up : 9999;
}
