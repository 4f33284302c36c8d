#include "app/decide/decide_enrolment.h"

#include <string.h>

#include "app/batch.h"
#include "core/learner_counts.h"
#include "core/limits.h"

static enum enrolment_move move_of(enum command_kind kind)
{
    return kind == CMD_ENROL    ? MOVE_ENROL
           : kind == CMD_DROP   ? MOVE_DROP
           : kind == CMD_EXPIRE ? MOVE_EXPIRE
                                : MOVE_CERTIFY;
}

static enum event_kind event_of(enum command_kind kind)
{
    return kind == CMD_ENROL    ? EV_ENROLLED
           : kind == CMD_DROP   ? EV_DROPPED
           : kind == CMD_EXPIRE ? EV_EXPIRED
                                : EV_CERTIFIED;
}

/* What a command comes to for one learner. */
struct outcome {
    enum event_kind kind; /* 0: nothing changes */
    bool creates;
    int64_t at_ms, occurred_ms;
};

/* Certified again with the same address is the same certificate; with another one a conflict. */
static enum rc certify_again(struct command *command, const struct enrolment *enrolment)
{
    bool same = command->url.bytes == NULL ||
                (enrolment->certificate_size == command->url.size &&
                 memcmp(enrolment->certificate_url, command->url.bytes, command->url.size) == 0);
    return same ? RC_OK
                : fault_set(&command->fault, RC_CONFLICT, NULL,
                            "already certified with another certificateUrl");
}

/* Where there is no enrolment. One that a webhook dates is made, also to be dropped or expired: what is to
 * come may be older than that. */
static enum rc judge_first(struct batch *batch, struct command *command, const struct learner *learner,
                           struct outcome *outcome)
{
    struct view view = batch->fold->view;
    bool known_course = view_course(view, command->course_key) != NULL;

    if (command->kind == CMD_CERTIFY && (!known_course || !learner))
        return fault_set(&command->fault, RC_NOT_FOUND, NULL,
                         known_course ? "User or course not found" : "Course not found");
    if (command->kind == CMD_CERTIFY)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "only a COMPLETED enrollment can be certified");
    if (command->kind != CMD_ENROL && !command->has_occurred)
        return RC_OK; /* drop or expire of what is not there changes nothing */
    if (!known_course && batch->policy->strict_catalog)
        return fault_set(&command->fault, RC_NOT_FOUND, NULL, "Course not found");
    if (!known_course && view_count(view, ENTITY_COURSE) >= LIMIT_COURSES)
        return fault_set(&command->fault, RC_CONFLICT, NULL, "the server has at most 100,000 courses");
    if (learner && learner->enrolment_count >= LIMIT_ENROLMENTS)
        return fault_set(&command->fault, RC_CONFLICT, NULL,
                         "a learner is enrolled in at most 1,000 courses");
    outcome->kind = event_of(command->kind);
    outcome->creates = true;
    return RC_OK;
}

static enum rc judge(struct batch *batch, struct command *command, uint32_t learner_key,
                     struct outcome *outcome)
{
    const struct learner *learner = view_learner(batch->fold->view, learner_key);
    const struct enrolment *enrolment =
        learner && command->course_key ? learner_enrolment(learner, command->course_key) : NULL;

    outcome->at_ms = batch_instant(batch, command, learner_key);
    outcome->occurred_ms = command->occurred_ms < outcome->at_ms ? command->occurred_ms : outcome->at_ms;
    if (!enrolment)
        return judge_first(batch, command, learner, outcome);
    if (command->webhook && outcome->occurred_ms < enrolment->said_at_ms)
        return RC_OK; /* a later webhook stands */
    if (enrolment->class == CLASS_CERTIFIED)
        return command->kind == CMD_CERTIFY ? certify_again(command, enrolment) : RC_OK;
    struct course_facts facts = view_course_facts(batch->fold->view, command->course_key);
    bool back = command->kind == CMD_ENROL &&
                (enrolment->class == CLASS_DROPPED || enrolment->class == CLASS_EXPIRED);
    bool started = back && learner_started(learner, command->course_key, &batch->fold->catalogue);
    enum enrolment_class next;
    enum rc rc = enrolment_decide(enrolment, &facts, move_of(command->kind), started, &next, &command->fault);
    if (rc == RC_OK && next != (enum enrolment_class)enrolment->class)
        outcome->kind = event_of(command->kind);
    else if (rc == RC_OK && command->webhook && outcome->occurred_ms > enrolment->said_at_ms)
        outcome->kind = EV_WEBHOOK_NOTED;
    return rc;
}

static enum rc make_course(struct batch *batch, struct command *command)
{
    if (view_course(batch->fold->view, command->course_key))
        return RC_OK;
    command->course_key = batch_course(batch, command->course);
    if (!command->course_key)
        return fault_no_memory(&command->fault);
    struct event seen = batch_event(command, EV_COURSE_OBSERVED);
    seen.course = command->course_key;
    return batch_emit(batch, &seen, &command->fault);
}

/* The enrolment's first event: course and learner are made too, and what the learner previewed counts. */
static enum rc make_enrolment(struct batch *batch, struct command *command, struct text user,
                              struct event *event)
{
    enum rc rc = make_course(batch, command);

    if (rc != RC_OK)
        return rc;
    if (!event->learner && !(event->learner = batch_learner(batch, user)))
        return fault_no_memory(&command->fault);
    event->course = command->course_key;
    event->enrolment_id = ++batch->counters.enrolment_id;
    command->created = true;
    return batch_teach_held(batch, command, event->learner, event->course, &command->fault);
}

/* A completionDate that follows from an observed course's items is kept in words: see event.h. */
static void keep_completion(const struct batch *batch, struct event *event)
{
    struct view view = batch->fold->view;
    struct course_facts facts = view_course_facts(view, event->course);
    const struct learner *learner = view_learner(view, event->learner);
    const struct enrolment *enrolment = learner ? learner_enrolment(learner, event->course) : NULL;
    bool leaves = event->kind == EV_DROPPED || event->kind == EV_EXPIRED || event->kind == EV_CERTIFIED;

    event->has_completed =
        leaves && !facts.declared && learner && (!enrolment || enrolment->class == CLASS_WORKING);
    if (event->has_completed && enrolment)
        event->completed_ms = enrolment_completion_ms(enrolment, &facts);
    else if (event->has_completed)
        event->completed_ms = learner_completion_before(learner, event->course, &batch->fold->catalogue);
}

static enum rc carry_out(struct batch *batch, struct command *command, struct text user, uint32_t learner_key,
                         const struct outcome *outcome)
{
    enum rc rc = RC_OK;

    if (outcome->kind == 0)
        return RC_OK;
    struct event event = batch_event(command, outcome->kind);
    event.learner = learner_key;
    event.course = command->course_key;
    event.at_ms = outcome->at_ms;
    event.has_occurred = command->webhook;
    event.occurred_ms = command->webhook ? outcome->occurred_ms : 0;
    if (outcome->kind == EV_CERTIFIED) {
        event.body = (const uint8_t *)command->url.bytes;
        event.body_size = command->url.size;
    }
    if (outcome->creates)
        rc = make_enrolment(batch, command, user, &event);
    keep_completion(batch, &event);
    if (rc == RC_OK)
        rc = batch_emit(batch, &event, &command->fault);
    if (outcome->kind != EV_WEBHOOK_NOTED)
        command->sequence = event.sequence;
    if (command->learner.bytes)
        command->learner_key = event.learner;
    return rc;
}

enum rc decide_enrolment(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;
    const struct text *users = command->webhook ? command->users : &command->learner;
    uint32_t count = command->webhook ? command->user_count : 1;
    struct {
        uint32_t key;
        struct outcome outcome;
    } *all = arena_alloc(command->arena, (count + 1) * sizeof *all);
    enum rc rc = RC_OK;

    if (!all)
        return fault_no_memory(&command->fault);
    command->course_key = view_course_key(view, command->course.bytes, command->course.size);
    for (uint32_t i = 0; rc == RC_OK && i < count; i++) { /* all of them or none */
        all[i].key = view_learner_key(view, users[i].bytes, users[i].size);
        all[i].outcome = (struct outcome){.kind = 0};
        rc = judge(batch, command, all[i].key, &all[i].outcome);
    }
    for (uint32_t i = 0; rc == RC_OK && i < count; i++)
        rc = carry_out(batch, command, users[i], all[i].key, &all[i].outcome);
    return rc;
}
