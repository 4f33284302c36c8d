#include "app/decide/report_check.h"

#include "app/batch.h"

static const struct learner nobody = {0};
static const struct record blank = {RECORD_BLANK};

bool report_is_new_day(const struct learner *learner, const struct report *report)
{
    return report->has & (FROM_PLAYER | HAS_DAY) && !learner_knows_day(learner, report->local_day);
}

const struct learner *report_learner(const struct batch *batch, const struct command *command)
{
    const struct learner *learner = view_learner(batch->fold->view, command->learner_key);
    return learner ? learner : &nobody;
}

const struct record *report_record(const struct learner *learner, uint32_t item)
{
    const struct record *record = learner && item ? learner_record(learner, item) : NULL;
    return record ? record : &blank;
}

enum rc report_look_up(struct batch *batch, struct command *command, struct item_report *report,
                       struct place *out_place, const struct record **out_stored, struct addition *out_adds,
                       struct fault *fault)
{
    enum rc rc = place_find(batch, command, report->item, report->course, out_place, fault);

    if (rc != RC_OK)
        return rc;
    const struct learner *learner = report_learner(batch, command);
    bool in_course = out_place->course || report->course.bytes;
    bool enrolled = out_place->course && learner_enrolment(learner, out_place->course);
    bool preview = place_is_preview(batch, command, out_place, enrolled);
    place_settle(batch, out_place, report->course.bytes, preview);
    report->report.has =
        preview ? report->report.has | IS_PREVIEW : report->report.has & ~(uint32_t)IS_PREVIEW;
    *out_stored = out_place->item ? learner_record(learner, out_place->item) : NULL;
    if (command->record_id &&
        (!*out_stored || (*out_stored)->id != command->record_id || !((*out_stored)->flags & RECORD_PRESENT)))
        return fault_set(fault, RC_NOT_FOUND, NULL, "Progress not found"); /* it was, a moment ago */
    if (in_course && !enrolled && batch->policy->explicit_enrolment)
        return fault_set(fault, RC_NOT_FOUND, NULL, "User is not enrolled in this course");
    *out_adds = (struct addition){.records = !*out_stored,
                                  .enrolments = in_course && !enrolled && !preview,
                                  .days = report_is_new_day(learner, &report->report),
                                  .items = !out_place->item,
                                  .courses = report->course.bytes && !out_place->course,
                                  .taught = out_place->attach && !out_place->binds};
    return RC_OK;
}

enum rc report_judge(struct batch *batch, const struct command *command, const struct learner *learner,
                     const struct record *record, const struct record *stored,
                     const struct item_report *report, struct fault *fault)
{
    enum rc rc = report_limits_item(batch, command, learner, record, report, fault);

    if (rc != RC_OK)
        return rc;
    if (stored && stored->flags & RECORD_LOCKED && !command->may_pass_lock)
        return fault_set(fault, RC_CONFLICT, NULL, "this content is locked");
    return etag_check(command->if_match, stored, fault);
}

enum rc report_check(struct batch *batch, struct command *command, struct item_report *report,
                     struct place *out_place, struct addition *out_adds, struct fault *fault)
{
    const struct record *stored = NULL;
    enum rc rc = report_look_up(batch, command, report, out_place, &stored, out_adds, fault);

    return rc == RC_OK ? report_judge(batch, command, report_learner(batch, command),
                                      stored ? stored : &blank, stored, report, fault)
                       : rc;
}
