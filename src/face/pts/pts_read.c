#include "face/pts/pts_read.h"

#include <string.h>

#include "app/figures.h"
#include "face/pts/pts_encode.h"
#include "face/pts/pts_titles.h"
#include "face/show.h"
#include "face/work.h"

enum { TURNS_A_STEP = 16 };

/* A course being shown. */
struct shown_course {
    uint32_t key;
    const struct course_def *def;
    const struct enrolment *enrolment; /* NULL: none; of the snapshot */
    struct video_sums sums;
};

enum pts_read_kind { READ_SUMMARY, READ_COURSE, READ_VIDEOS };

/* GET of a summary, a course or its videos. First the titles that will be shown are asked for, if there is a
 * CMS; then the answer is made in steps. */
struct pts_read {
    struct slow slow;
    enum pts_read_kind kind;
    struct titles *titles;
    enum user_verdict verdict;
    struct snapshot snapshot;
    struct shown_course courses[RECENT_COURSES]; /* newest access first */
    /* which one, and where in its list of items, or in the records */
    uint32_t course_count, summing, at;
    struct recent_courses recent; /* of a summary, as is what follows */
    struct video_sums all;
    enum { PTS_RECORDS, PTS_SUMS, PTS_HEAD, PTS_VIDEOS, PTS_END } phase;
    bool mock; /* the open course's title is invented */
};

/* Counts the enrolments and keeps those with the newest access. */
static void pick_recent(struct pts_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;
    struct recent_courses *recent = &read->recent;

    *recent = (struct recent_courses){.kept = 0};
    for (uint32_t i = 0; i < learner->enrolment_count; i++)
        recent_courses_add(recent, view, &learner->enrolments[i]);
    for (uint32_t i = 0; i < recent->kept; i++)
        read->courses[i] = (struct shown_course){.key = recent->at[i]->course,
                                                 .def = view_course(view, recent->at[i]->course),
                                                 .enrolment = recent->at[i]};
    read->course_count = recent->kept;
}

/* What is shown; all of it is kept by reference. */
static enum rc pts_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    struct pts_read *read = (struct pts_read *)slow;
    const struct course_def *def = view_course(found->view, found->course);
    uint64_t work = 0;

    if (read->kind != READ_SUMMARY && !def)
        return fault_set(fault, RC_NOT_FOUND, NULL, "Course not found");
    snapshot_take(found->view, found->learner, &read->snapshot);
    const struct learner *learner = read->snapshot.learner;
    if (read->kind == READ_SUMMARY && (!learner || read->verdict == USER_NO))
        return fault_set(fault, RC_NOT_FOUND, NULL, "User not found");
    if (read->kind == READ_SUMMARY) {
        pick_recent(read, found->view);
        work = learner->record_count + learner->enrolment_count;
    } else {
        read->courses[0] =
            (struct shown_course){.key = found->course,
                                  .def = def,
                                  .enrolment = learner ? learner_enrolment(learner, found->course) : NULL};
        read->course_count = 1;
    }
    for (uint32_t i = 0; i < read->course_count; i++) {
        (void)course_def_ref(read->courses[i].def);
        work += read->courses[i].def->item_count;
    }
    read->phase = read->kind == READ_SUMMARY ? PTS_RECORDS : PTS_SUMS;
    slow->small = work <= LARGE_READ;
    return RC_OK;
}

static void pts_close(struct slow *slow)
{
    struct pts_read *read = (struct pts_read *)slow;

    for (uint32_t i = 0; i < read->course_count; i++)
        course_def_unref(read->courses[i].def);
    snapshot_done(&read->snapshot);
    read->course_count = 0;
}

/* Videos of a course and what the learner did with them: type video or unknown only. True: counted to the
 * end. */
static bool sum_course(struct pts_read *read, struct view view, struct shown_course *course)
{
    for (uint32_t steps = STEPS_A_HOLD; read->at < course->def->item_count && steps > 0;
         read->at++, steps--) {
        uint32_t item = course->def->items[read->at];
        if (!is_video(view_item(view, item)))
            continue;
        video_sums_add(&course->sums, pts_reported(read->snapshot.learner, item));
    }
    return read->at == course->def->item_count;
}

static bool sum_records(struct pts_read *read, struct view view)
{
    const struct learner *learner = read->snapshot.learner;

    for (uint32_t steps = STEPS_A_HOLD; read->at < learner->record_count && steps > 0; read->at++, steps--) {
        const struct record *record = &learner->records[read->at];
        if (record->flags & RECORD_REPORTED && is_video(view_item(view, record->item)))
            video_sums_add(&read->all, record);
    }
    return read->at == learner->record_count;
}

/* A course up to its list of videos, which stays open. */
static void put_course_head(struct pts_read *read, struct view view, const struct shown_course *course,
                            bool *out_mock)
{
    struct json_out *out = &read->slow.out;
    const struct enrolment *enrolment = course->enrolment;
    const char *id = view_id(view, ENTITY_COURSE, course->key).bytes;
    struct title title = titles_look(read->titles, view, true, course->key, id);

    json_open(out, '{');
    json_name(out, "id");
    if (enrolment)
        json_int(out, enrolment->id);
    else
        json_null_value(out);
    json_put_text(out, "courseId", id);
    json_put_text(out, "courseTitle", title.text);
    json_put_int(out, "completedVideos", course->sums.completed);
    json_put_int(out, "totalVideos", course->sums.videos);
    json_put_hundredths(
        out, "completionPercentage",
        enrolment ? course_percent_hundredths(enrolment->completed_required, course->def->required_count)
                  : 0);
    json_put_int(out, "totalWatchTimeSeconds", wide_shown(course->sums.watch_ms / 1000));
    json_put_instant(out, "lastAccessed", enrolment ? enrolment_last_access_ms(enrolment) : INSTANT_NEVER);
    json_put_open(out, "videoProgresses", '[');
    *out_mock = title.mock;
}

static void put_course_end(struct pts_read *read, bool mock)
{
    json_close(&read->slow.out, ']');
    if (mock)
        json_put_bool(&read->slow.out, "mock", true);
    json_close(&read->slow.out, '}');
}

static void put_summary(struct pts_read *read, struct view view)
{
    struct json_out *out = &read->slow.out;
    bool mock;

    json_open(out, '{');
    json_put_text(out, "userId", face_call(read->slow.request)->user.bytes);
    json_put_int(out, "totalCoursesEnrolled", read->recent.enrolled);
    json_put_int(out, "completedCourses", read->recent.completed);
    json_put_int(out, "totalVideosWatched", read->all.completed);
    json_put_hundredths(out, "totalWatchTimeHours", rounded_ratio(read->all.watch_ms, 100, 3600000));
    json_put_open(out, "recentCourses", '[');
    for (uint32_t i = 0; i < read->course_count; i++) {
        put_course_head(read, view, &read->courses[i], &mock);
        put_course_end(read, mock);
    }
    json_close(out, ']');
    json_close(out, '}');
}

/* Declared videos not started are listed with zeros; of an observed course only what the learner has. */
static bool shows_video(const struct pts_read *read, struct view view, uint32_t item,
                        const struct record **out_record)
{
    *out_record = pts_reported(read->snapshot.learner, item);
    return is_video(view_item(view, item)) && (*out_record || read->courses[0].def->declared);
}

static bool put_videos(struct pts_read *read, struct view view)
{
    const struct course_def *def = read->courses[0].def;
    const struct record *record;
    struct arena scratch;

    arena_init(&scratch);
    read->titles->arena = &scratch;
    for (uint32_t steps = STEPS_A_HOLD; read->at < def->item_count && steps > 0; read->at++, steps--)
        if (shows_video(read, view, def->items[read->at], &record))
            pts_put_video(&read->slow.out, read->titles, view, def->items[read->at],
                          view_id(view, ENTITY_ITEM, def->items[read->at]).bytes, record);
    read->titles->arena = &read->slow.request->arena;
    arena_done(&scratch);
    return read->at == def->item_count;
}

static void head_turn(struct pts_read *read, struct view view)
{
    read->at = 0;
    read->phase = read->kind == READ_SUMMARY ? PTS_END : PTS_VIDEOS;
    if (read->kind == READ_SUMMARY)
        put_summary(read, view);
    else if (read->kind == READ_VIDEOS)
        json_open(&read->slow.out, '[');
    else
        put_course_head(read, view, &read->courses[0], &read->mock);
}

/* Under the lock: one hold. */
static void read_turn(struct pts_read *read, struct view view)
{
    switch (read->phase) {
    case PTS_RECORDS:
        if (sum_records(read, view)) {
            read->at = 0;
            read->phase = PTS_SUMS;
        }
        return;
    case PTS_SUMS:
        if (read->summing < read->course_count && read->kind != READ_VIDEOS) {
            if (sum_course(read, view, &read->courses[read->summing])) {
                read->at = 0;
                read->summing++;
            }
            return;
        }
        read->phase = PTS_HEAD;
        return;
    case PTS_HEAD:
        head_turn(read, view);
        return;
    case PTS_VIDEOS:
        if (!put_videos(read, view))
            return;
        if (read->kind == READ_VIDEOS)
            json_close(&read->slow.out, ']');
        else
            put_course_end(read, read->mock);
        read->phase = PTS_END;
        return;
    case PTS_END:
        return;
    }
}

static enum rc pts_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct pts_read *read = (struct pts_read *)slow;

    (void)fault;
    for (int turns = 0; turns < TURNS_A_STEP && read->phase != PTS_END; turns++) {
        struct view view = service_read_begin(face_of(read->slow.request)->service);
        read_turn(read, view);
        service_read_end(view);
    }
    *out_last = read->phase == PTS_END;
    return RC_OK;
}

/* Notes the titles that will be shown and are not known. */
static void want_titles(struct pts_read *read)
{
    struct service *service = face_of(read->slow.request)->service;
    struct titles *titles = read->titles;
    const struct record *record;
    uint32_t steps = 0;
    struct view view = service_read_begin(service);

    for (uint32_t i = 0; i < read->course_count && read->kind != READ_VIDEOS; i++)
        titles_want(titles, view, true, read->courses[i].key,
                    view_id(view, ENTITY_COURSE, read->courses[i].key).bytes);
    const struct course_def *def = read->kind == READ_SUMMARY ? NULL : read->courses[0].def;
    for (uint32_t i = 0; def && i < def->item_count && titles->wanted_count < TITLES_WANTED_MAX; i++) {
        if (shows_video(read, view, def->items[i], &record))
            titles_want(titles, view, false, def->items[i], view_id(view, ENTITY_ITEM, def->items[i]).bytes);
        (void)view_pause(view, &steps, 1);
    }
    service_read_end(view);
}

/* What is read is let go again, so that nothing is kept while others are asked. large: whatever it takes;
 * else *out_large says that it is too much for an event loop. */
static enum rc look_for_titles(struct pts_read *read, bool large, bool *out_large, struct fault *fault)
{
    struct read found;
    struct view view = service_read_begin(face_of(read->slow.request)->service);

    read_find(read->slow.request, view, &found);
    enum rc rc = pts_open(&read->slow, &found, fault);
    service_read_end(view);
    *out_large = rc == RC_OK && !read->slow.small && !large;
    if (rc == RC_OK && !*out_large)
        want_titles(read);
    pts_close(&read->slow);
    return rc;
}

static enum rc work_titles(struct request *request, struct fault *fault)
{
    bool large;
    return look_for_titles(request->command, true, &large, fault);
}

/* On a server thread: what can be known of titles is known. */
static void answer_read(struct request *request)
{
    slow_open(request->command);
}

static void ask_for_titles(struct request *request)
{
    if (!titles_fetch(((struct pts_read *)request->command)->titles, answer_read))
        answer_read(request);
}

/* On a server thread: the user service has spoken, or need not. */
static void judged(struct request *request)
{
    struct fault fault = {NULL, NULL};
    bool large = false;
    enum rc rc = RC_OK;

    if (face_of(request)->cms && !face_of(request)->mock_data)
        rc = look_for_titles(request->command, false, &large, &fault);
    if (rc != RC_OK)
        request_fail(request, rc, &fault);
    else if (large)
        face_work(request, work_titles, ask_for_titles);
    else
        ask_for_titles(request);
}

static void told(void *arg, const struct reply *reply)
{
    struct pts_read *read = arg;

    read->verdict = user_service_verdict(reply);
    request_resume(read->slow.request);
}

static void pts_before(struct slow *slow)
{
    struct pts_read *read = (struct pts_read *)slow;
    struct request *request = slow->request;
    struct user_service *users = face_of(request)->users;
    const char *user = face_call(request)->user.bytes;

    request->command = read;
    read->verdict = read->kind == READ_SUMMARY && users ? user_service_known(users, user) : USER_YES;
    if (read->verdict != USER_NOT_ASKED) {
        judged(request);
        return;
    }
    const char *trace = request_traceparent(request);
    request_suspend(request, judged);
    user_service_ask(users, user, trace, told, read);
}

static enum rc decode_kind(struct slow *slow, enum pts_read_kind kind, struct fault *fault)
{
    struct pts_read *read = (struct pts_read *)slow;

    read->kind = kind;
    read->titles = titles_of(slow->request);
    return read->titles ? RC_OK : fault_no_memory(fault);
}

static enum rc decode_summary(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    return decode_kind(slow, READ_SUMMARY, fault);
}

static enum rc decode_course(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    return decode_kind(slow, READ_COURSE, fault);
}

static enum rc decode_videos(struct slow *slow, const struct body *body, struct fault *fault)
{
    (void)body;
    return decode_kind(slow, READ_VIDEOS, fault);
}

const struct slow_handler pts_summary = {
    sizeof(struct pts_read), decode_summary, pts_before, pts_open, pts_step, .close = pts_close};
const struct slow_handler pts_course = {
    sizeof(struct pts_read), decode_course, pts_before, pts_open, pts_step, .close = pts_close};
const struct slow_handler pts_videos = {
    sizeof(struct pts_read), decode_videos, pts_before, pts_open, pts_step, .close = pts_close};
