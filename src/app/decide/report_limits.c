#include "app/decide/report_limits.h"

#include "app/batch.h"
#include "core/limits.h"
#include "core/members.h"

static enum rc check_score(const struct command *command, const struct record *record,
                           const struct report *says, struct fault *fault)
{
    bool has_score = says->has & HAS_SCORE || record->flags & RECORD_SCORE;
    bool has_max = says->has & HAS_MAX_SCORE || record->flags & RECORD_MAX_SCORE;
    int64_t score = says->has & HAS_SCORE ? says->score_e4 : record->score_e4;
    int64_t max = says->has & HAS_MAX_SCORE ? says->max_score_e4 : record->max_score_e4;

    if (!has_score || !has_max || score <= max)
        return RC_OK;
    const char *word = command_part_name(command, PART_SCORE),
               *above = command_part_name(command, PART_MAX_SCORE);
    const char *text =
        word && above ? arena_printf(command->arena, "%s must not be above %s", word, above) : NULL;
    return fault_set(fault, RC_INVALID, word, text ? text : "the score is above the highest there is");
}

/* Merges only where the sum of both might be too much. */
static enum rc check_metadata(struct batch *batch, const struct command *command,
                              const struct learner *learner, const struct record *record,
                              const struct report *says, struct fault *fault)
{
    uint8_t *room = batch->fold->room.metadata;
    size_t size = (size_t)record->metadata_size + says->metadata_size;
    size_t bytes = members_json_bytes(record->metadata, record->metadata_size) +
                   members_json_bytes(says->metadata, says->metadata_size);
    uint32_t before = members_count(record->metadata, record->metadata_size);
    uint32_t count = before + members_count(says->metadata, says->metadata_size);

    if (bytes > MEMBERS_MAX_BYTES || count > LIMIT_METADATA_MEMBERS ||
        learner->metadata_bytes + says->metadata_size > LIMIT_METADATA_BYTES) {
        size =
            members_merge(record->metadata, record->metadata_size, says->metadata, says->metadata_size, room);
        bytes = members_json_bytes(room, size);
        count = members_count(room, size);
    }
    if (bytes > MEMBERS_MAX_BYTES)
        return fault_set(fault, RC_INVALID, command_part_name(command, PART_METADATA),
                         "metadata has at most 16 KiB once merged");
    /* more than that from before there was the limit: no more */
    if (count > LIMIT_METADATA_MEMBERS && count > before)
        return fault_set(fault, RC_INVALID, command_part_name(command, PART_METADATA),
                         "metadata has at most 256 members once merged");
    if (size > record->metadata_size &&
        learner->metadata_bytes - record->metadata_size + size > LIMIT_METADATA_BYTES)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner's metadata has at most 4 MiB in all");
    return RC_OK;
}

static enum rc check_segments(struct batch *batch, const struct command *command,
                              const struct learner *learner, const struct record *record,
                              const struct report *says, struct fault *fault)
{
    size_t count = (size_t)record->segment_count + says->segment_count;

    if (count > RECORD_MAX_SEGMENTS || learner->segment_total + says->segment_count > LIMIT_SEGMENTS)
        count = segments_merge(record->segments, record->segment_count, says->segments, says->segment_count,
                               batch->fold->room.segments);
    if (count > RECORD_MAX_SEGMENTS)
        return fault_set(fault, RC_INVALID, command_part_name(command, PART_SEGMENTS),
                         "more than 1,000 separate segments");
    if (count > record->segment_count &&
        learner->segment_total - record->segment_count + count > LIMIT_SEGMENTS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner has at most 100,000 segments in all");
    return RC_OK;
}

enum rc report_limits_item(struct batch *batch, const struct command *command, const struct learner *learner,
                           const struct record *record, const struct item_report *report, struct fault *fault)
{
    const struct report *says = &report->report;
    enum rc rc = RC_OK;

    if (says->has & HAS_TIME_SPENT && says->time_spent_ms > TIME_MAX_MS - record->time_spent_ms)
        return fault_set(fault, RC_INVALID, command_part_name(command, PART_TIME_SPENT),
                         "the accumulated time would pass 2^53 seconds");
    if (says->has & (HAS_SCORE | HAS_MAX_SCORE))
        rc = check_score(command, record, says, fault);
    if (rc == RC_OK && says->has & HAS_METADATA && says->metadata_size)
        rc = check_metadata(batch, command, learner, record, says, fault);
    if (rc == RC_OK && says->has & HAS_SEGMENTS && says->segment_count)
        rc = check_segments(batch, command, learner, record, says, fault);
    return rc;
}

enum rc report_limits_budgets(struct view view, const struct learner *learner, uint32_t course,
                              const struct addition *adds, struct fault *fault)
{
    const struct course_def *def = view_course(view, course);

    if (adds->items && view_count(view, ENTITY_ITEM) + adds->items > LIMIT_ITEMS)
        return fault_set(fault, RC_CONFLICT, NULL, "the server has at most 1,000,000 items");
    if (adds->courses && view_count(view, ENTITY_COURSE) + adds->courses > LIMIT_COURSES)
        return fault_set(fault, RC_CONFLICT, NULL, "the server has at most 100,000 courses");
    if (adds->taught && def && def->item_count + adds->taught > LIMIT_COURSE_ITEMS)
        return fault_set(fault, RC_CONFLICT, NULL, "a course has at most 10,000 items");
    if (adds->records && learner->record_count + adds->records > LIMIT_RECORDS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner has progress on at most 10,000 items");
    if (adds->enrolments && learner->enrolment_count + adds->enrolments > LIMIT_ENROLMENTS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner is enrolled in at most 1,000 courses");
    if (adds->days && learner->day_count + adds->days > LIMIT_DAYS)
        return fault_set(fault, RC_CONFLICT, NULL, "a learner has reports on at most 10,000 days");
    return RC_OK;
}
