#include "app/batch.h"

#include <string.h>

/* Enrol, drop, expire, certify. Source: contract 1, Enrolment; 2, webhook; 3, certify. */

static enum enrolment_move move_of(enum command_kind kind)
{
    return kind == CMD_ENROL ? MOVE_ENROL : kind == CMD_DROP ? MOVE_DROP : kind == CMD_EXPIRE ? MOVE_EXPIRE
                                                                                             : MOVE_CERTIFY;
}

static enum event_kind event_of(enum command_kind kind)
{
    return kind == CMD_ENROL ? EV_ENROLLED : kind == CMD_DROP ? EV_DROPPED : kind == CMD_EXPIRE ? EV_EXPIRED
                                                                                               : EV_CERTIFIED;
}

static enum rc enrol_first(struct batch *batch, struct command *command)
{
    if (!view_course(batch->fold->view, command->course_key)) {
        if (batch->policy->strict_catalog)
            return fault_set(&command->fault, RC_NOT_FOUND, NULL, "Course not found");
        command->course_key = batch_course(batch, command->course);
        if (!command->course_key)
            return fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
        struct event seen = batch_event(command, EV_COURSE_OBSERVED);
        seen.course = command->course_key;
        enum rc rc = batch_emit(batch, &seen, &command->fault);
        if (rc != RC_OK)
            return rc;
    }
    if (command->learner_key == 0)
        command->learner_key = batch_learner(batch, command->learner);
    if (command->learner_key == 0)
        return fault_set(&command->fault, RC_BUSY, NULL, "out of memory");
    enum rc rc = batch_teach_held(batch, command, command->learner_key, command->course_key, &command->fault);
    if (rc != RC_OK)
        return rc;
    struct event event = batch_event(command, EV_ENROLLED);
    event.course = command->course_key;
    event.enrolment_id = ++batch->counters.enrolment_id;
    command->created = true;
    rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}

/* Certified again with the same address is the same certificate; with another one a conflict. */
static enum rc certify_again(struct command *command, const struct enrolment *enrolment)
{
    bool same = command->url.bytes == NULL ||
                (enrolment->certificate_size == command->url.size &&
                 memcmp(enrolment->certificate_url, command->url.bytes, command->url.size) == 0);
    return same ? RC_OK
                : fault_set(&command->fault, RC_CONFLICT, NULL, "already certified with another certificateUrl");
}

enum rc decide_enrolment(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;
    command->course_key = view_course_key(view, command->course.bytes, command->course.size);
    const struct learner *learner = view_learner(view, command->learner_key);
    const struct enrolment *enrolment =
        learner && command->course_key ? learner_enrolment(learner, command->course_key) : NULL;
    bool known_course = view_course(view, command->course_key) != NULL;

    if (!enrolment) {
        if (command->kind == CMD_ENROL)
            return enrol_first(batch, command);
        if (command->kind != CMD_CERTIFY)
            return RC_OK; /* drop or expire of what is not there changes nothing */
        if (!known_course || !learner)
            return fault_set(&command->fault, RC_NOT_FOUND, NULL,
                             known_course ? "User or course not found" : "Course not found");
        return fault_set(&command->fault, RC_CONFLICT, NULL, "only a COMPLETED enrollment can be certified");
    }
    if (command->kind == CMD_CERTIFY && enrolment->class == CLASS_CERTIFIED)
        return certify_again(command, enrolment);
    struct course_facts facts = view_course_facts(view, command->course_key);
    enum enrolment_class next;
    bool started = learner_started(learner, command->course_key, &batch->fold->catalogue);
    enum rc rc = enrolment_decide(enrolment, &facts, move_of(command->kind), started, &next, &command->fault);
    if (rc != RC_OK || next == (enum enrolment_class)enrolment->class)
        return rc;
    struct event event = batch_event(command, event_of(command->kind));
    event.course = command->course_key;
    if (command->kind == CMD_CERTIFY) {
        event.body = (const uint8_t *)command->url.bytes;
        event.body_size = command->url.size;
    }
    rc = batch_emit(batch, &event, &command->fault);
    command->sequence = event.sequence;
    return rc;
}
