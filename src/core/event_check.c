#include "core/event_check.h"

#include <string.h>

#include "base/codec.h"
#include "base/ident.h"
#include "base/instant.h"
#include "core/limits.h"
#include "core/members.h"

#define FIRST_INSTANT_MS INT64_C(-62135596800000)  /* 0001-01-01T00:00:00.000Z */
#define LAST_INSTANT_MS INT64_C(253402300799999)   /* 9999-12-31T23:59:59.999Z */
#define MILLISECONDS_MAX (NUMBER_MAX * 1000)       /* positions and durations: seconds up to NUMBER_MAX */
#define SCORE_E4_MAX (INT64_C(1000000000) * 10000) /* as trk's POST takes it */
enum { DAYS_MAX = 3652424 };                       /* either side of 1970, in the same years */

bool event_instant_fine(int64_t at_ms)
{
    return at_ms >= FIRST_INSTANT_MS && at_ms <= LAST_INSTANT_MS;
}

bool event_text_fine(const char *text, size_t size, size_t most)
{
    return size <= most && (size == 0 || (utf8_valid(text, size) && !memchr(text, 0, size)));
}

static bool within(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

/* ---- what a report says ---- */

static bool segments_fine(const struct report *report)
{
    int64_t last = -1;

    if (report->segment_count > EVENT_SEGMENTS_MAX - RECORD_MAX_SEGMENTS)
        return false;
    for (uint32_t i = 0; i < report->segment_count; i++) {
        const struct segment *segment = &report->segments[i];
        if (segment->from_ms <= last || segment->from_ms < 0 || segment->to_ms <= segment->from_ms ||
            segment->to_ms > MILLISECONDS_MAX)
            return false;
        last = segment->to_ms;
    }
    return true;
}

static const char *report_problem(const struct report *report)
{
    uint32_t has = report->has;

    if (has & ~(uint32_t)REPORT_HAS_ALL)
        return "its report says what no report can";
    if (has & HAS_CLIENT_AT && !event_instant_fine(report->client_at_ms))
        return "its client's instant is out of range";
    if (!within(report->local_day, -DAYS_MAX, DAYS_MAX))
        return "its day is out of range";
    if ((has & HAS_POSITION && !within(report->position_ms, 0, MILLISECONDS_MAX)) ||
        (has & HAS_DURATION && !within(report->duration_ms, 0, MILLISECONDS_MAX)) ||
        (has & HAS_WATCHED && !within(report->watched_s, 0, NUMBER_MAX)))
        return "its position, duration or watched duration is out of range";
    if (has & HAS_TIME_SPENT && !within(report->time_spent_ms, 0, TIME_MAX_MS))
        return "its time spent is out of range";
    if ((has & HAS_SCORE && !within(report->score_e4, 0, SCORE_E4_MAX)) ||
        (has & HAS_MAX_SCORE && !within(report->max_score_e4, 0, SCORE_E4_MAX)))
        return "its score is out of range";
    if ((has & HAS_PERCENT && report->percent_hundredths > 10000) ||
        (has & HAS_STATUS && report->status > ITEM_COMPLETED))
        return "its percent or status is out of range";
    if (has & HAS_SEGMENTS && !segments_fine(report))
        return "its segments are too many, out of range, or not in order";
    if (has & HAS_METADATA)
        return members_problem(report->metadata, report->metadata_size);
    return NULL;
}

/* ---- bodies ---- */

/* An EV_ERASED's list of losses; those of old end before it. */
static void read_losses(struct reader *from, const struct event_scope *scope)
{
    for (uint32_t left = from->at < from->end ? get_u32(from) : 0; left > 0 && !from->bad; left--) {
        uint32_t course = get_u32(from);
        int64_t at_ms = get_i64(from);
        from->bad |= course == 0 || course > scope->courses || (at_ms && !event_instant_fine(at_ms));
    }
}

/* Four lists of keys (EV_ERASED), or one (EV_COURSE_UNDECLARED); the first half of them are items'. */
static bool key_lists_fine(const struct event *event, int lists, const struct event_scope *scope)
{
    struct reader from = {event->body, event->body + event->body_size, false};

    for (int list = 0; list < lists; list++) {
        uint32_t highest = lists == 1 || list < 2 ? scope->items : scope->courses;
        for (uint32_t left = get_u32(&from); left > 0 && !from.bad; left--) {
            uint32_t key = get_u32(&from);
            if (key == 0 || key > highest)
                return false;
        }
    }
    if (lists == 4)
        read_losses(&from, scope);
    return !from.bad && from.at == from.end;
}

static bool threshold_fine(const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};
    uint64_t threshold = get_u64(&from);

    return !from.bad && from.at == from.end && threshold > 0 && threshold <= 10000;
}

static bool bound_fine(const struct event *event)
{
    struct reader from = {event->body, event->body + event->body_size, false};

    if (event->body_size == 0)
        return event->rolled_to < event->sequence;
    int64_t at_ms = get_i64(&from);
    return !from.bad && from.at == from.end && event_instant_fine(at_ms);
}

static const char *body_problem(const struct event *event, const struct event_scope *scope)
{
    static const char bad[] = "its body is not what its kind has";

    switch ((enum event_kind)event->kind) {
    case EV_LOGGED:
    case EV_LOG_UPDATED:
        return members_problem(event->body, event->body_size);
    case EV_CERTIFIED:
        return event_text_fine((const char *)event->body, event->body_size, EVENT_URL_BYTES) ? NULL : bad;
    case EV_ITEM_OBSERVED:
        return event_text_fine((const char *)event->body, event->body_size, EVENT_TYPE_BYTES) ? NULL : bad;
    case EV_LOGS_ROLLED_BACK:
        return bound_fine(event) ? NULL : bad;
    case EV_ERASED:
        return key_lists_fine(event, 4, scope) ? NULL : bad;
    case EV_COURSE_UNDECLARED: /* those of old have no list */
        return event->body_size == 0 || key_lists_fine(event, 1, scope) ? NULL : bad;
    case EV_THRESHOLD_SET:
        return threshold_fine(event) ? NULL : bad;
    case EV_COURSE_DECLARED:
        return event->body_size ? NULL : bad;
    default:
        return event->body_size == 0 ? NULL : bad;
    }
}

/* ---- names ---- */

/* Which keys an event of a kind must have. */
static const struct {
    bool known, learner, course, item, log;
} needs[] = {
    [EV_REPORTED] = {true, true, false, true, false},
    [EV_ENROLLED] = {true, true, true, false, false},
    [EV_DROPPED] = {true, true, true, false, false},
    [EV_EXPIRED] = {true, true, true, false, false},
    [EV_CERTIFIED] = {true, true, true, false, false},
    [EV_LOCKED] = {true, true, false, true, false},
    [EV_UNLOCKED] = {true, true, false, true, false},
    [EV_DELETED] = {true, true, false, true, false},
    [EV_RESET] = {true, true, false, false, false},
    [EV_LOGGED] = {true, true, false, false, true},
    [EV_LOG_UPDATED] = {true, true, false, false, true},
    [EV_LOG_DELETED] = {true, true, false, false, true},
    [EV_LOGS_CLEARED] = {true, true, false, false, false},
    [EV_LOGS_ROLLED_BACK] = {true, true, false, false, false},
    [EV_WEBHOOK_NOTED] = {true, true, true, false, false},
    [EV_ERASED] = {true, true, false, false, false},
    [EV_COURSE_DECLARED] = {true, false, true, false, false},
    [EV_COURSE_UNDECLARED] = {true, false, true, false, false},
    [EV_ITEM_OBSERVED] = {true, false, false, true, false},
    [EV_COURSE_OBSERVED] = {true, false, true, false, false},
    [EV_THRESHOLD_SET] = {true, false, false, false, false},
};

bool event_is_known(const struct event *event)
{
    return event->kind < sizeof needs / sizeof *needs && needs[event->kind].known && event->face < FACE_COUNT;
}

static const char *names_problem(const struct event *event, const struct event_scope *scope)
{
    if (!event_is_known(event))
        return "is of no kind or face that there is";
    if (needs[event->kind].learner != (event->learner != 0) ||
        (needs[event->kind].course && !event->course) || (needs[event->kind].item && !event->item) ||
        needs[event->kind].log != (event->log_id != 0) ||
        (event->kind == EV_RESET && !event->course && !event->item))
        return "lacks what its kind needs, or has what it cannot have";
    if (event->learner > scope->learners || event->course > scope->courses || event->item > scope->items ||
        event->sequence == 0 || event->sequence > scope->sequence || event->log_id > scope->log_id ||
        event->record_id > scope->record_id || event->enrolment_id > scope->enrolment_id ||
        event->rolled_to > scope->sequence)
        return "names what the file does not hold";
    if (event->record_id > event->sequence || event->enrolment_id > event->sequence ||
        event->log_id > event->sequence)
        return "has an id that is higher than there were events"; /* each event gives out one of a kind at
                                                                     most */
    return NULL;
}

const char *event_problem(const struct event *event, const struct event_scope *scope)
{
    const char *problem = names_problem(event, scope);

    if (problem)
        return problem;
    if (!event_instant_fine(event->at_ms) || !event_instant_fine(event->log_at_ms) ||
        (event->has_occurred && !event_instant_fine(event->occurred_ms)) ||
        (event->has_completed && event->completed_ms != INSTANT_NEVER &&
         !event_instant_fine(event->completed_ms)))
        return "its instant is out of range";
    if (!event_text_fine(event->actor, event->actor_size, EVENT_ID_BYTES) ||
        !event_text_fine(event->device, event->device_size, EVENT_DEVICE_BYTES))
        return "its actor or device is too long, or no text";
    if (!event_text_fine(event->zone, event->zone_size, EVENT_ZONE_BYTES))
        return "its time zone is too long, or no text";
    problem = body_problem(event, scope);
    return problem || event->kind != EV_REPORTED ? problem : report_problem(&event->report);
}
