#include "core/words.h"

#include <string.h>

#include "core/event.h"

enum { STATUSES = ITEM_COMPLETED + 1, STATES = ENR_EXPIRED + 1 };

static const char *const statuses[WORDS_COUNT][STATUSES] = {
    [WORDS_UPPER] = {"NOT_STARTED", "IN_PROGRESS", "COMPLETED"},
    [WORDS_LOWER] = {"not-started", "in-progress", "completed"},
};

static const char *const states[WORDS_COUNT][STATES] = {
    [WORDS_UPPER] = {"ENROLLED", "IN_PROGRESS", "COMPLETED", "CERTIFIED", "DROPPED", "EXPIRED"},
    [WORDS_LOWER] = {"enrolled", "in-progress", "completed", "certified", "dropped", "expired"},
};

static const char *const kinds[] = {
    [EV_REPORTED] = "reported",
    [EV_ENROLLED] = "enrolled",
    [EV_DROPPED] = "dropped",
    [EV_EXPIRED] = "expired",
    [EV_CERTIFIED] = "certified",
    [EV_LOCKED] = "locked",
    [EV_UNLOCKED] = "unlocked",
    [EV_DELETED] = "deleted",
    [EV_RESET] = "reset",
    [EV_LOGGED] = "logged",
    [EV_LOG_UPDATED] = "log_updated",
    [EV_LOG_DELETED] = "log_deleted",
    [EV_LOGS_CLEARED] = "logs_cleared",
    [EV_LOGS_ROLLED_BACK] = "logs_rolled_back",
    [EV_ERASED] = "erased",
    [EV_WEBHOOK_NOTED] = "webhook_noted",
    [EV_COURSE_DECLARED] = "course_declared",
    [EV_COURSE_UNDECLARED] = "course_undeclared",
    [EV_ITEM_OBSERVED] = "item_observed",
    [EV_COURSE_OBSERVED] = "course_observed",
    [EV_THRESHOLD_SET] = "threshold_set",
};

static const char *const faces[] = {
    [FACE_PTS] = "pts",       [FACE_COURSEROOM] = "courseroom", [FACE_TRK] = "trk",
    [FACE_LOGS] = "logs",     [FACE_VIDEO] = "video",           [FACE_CATALOG] = "catalog",
    [FACE_LEARNER] = "users", [FACE_IMPORT] = "import",
};

/* The index of the word in names, from first on; count: it is not there. */
static size_t find(const char *const *names, size_t first, size_t count, const char *word,
                   int (*compare)(const char *, const char *))
{
    while (first < count && (!names[first] || compare(names[first], word) != 0))
        first++;
    return first;
}

const char *word_of_status(enum item_status status, enum words words)
{
    return statuses[words][status];
}

bool word_is_status(const char *word, enum words words, int (*compare)(const char *, const char *),
                    enum item_status *out_status)
{
    size_t at = find(statuses[words], 0, STATUSES, word, compare);

    if (at < STATUSES)
        *out_status = (enum item_status)at;
    return at < STATUSES;
}

const char *word_of_state(enum enrolment_state state, enum words words)
{
    return states[words][state];
}

bool word_is_state(const char *word, enum words words, int (*compare)(const char *, const char *),
                   enum enrolment_state *out_state)
{
    size_t at = find(states[words], 0, STATES, word, compare);

    if (at < STATES)
        *out_state = (enum enrolment_state)at;
    return at < STATES;
}

const char *word_of_face(uint8_t face)
{
    return face < FACE_COUNT ? faces[face] : NULL;
}

uint8_t word_is_face(const char *word)
{
    size_t at = find(faces, 1, FACE_COUNT, word, strcmp);

    return at < FACE_COUNT ? (uint8_t)at : 0;
}

const char *word_of_event(uint8_t kind)
{
    return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : NULL;
}

uint8_t word_is_event(const char *word)
{
    size_t at = find(kinds, 1, sizeof kinds / sizeof *kinds, word, strcmp);

    return at < sizeof kinds / sizeof *kinds ? (uint8_t)at : 0;
}
