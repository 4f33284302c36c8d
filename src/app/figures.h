#pragma once

#include "app/snapshot.h"
#include "core/share.h"

/* What reports are summed up to: over some records, over the items of a course by their type, over a
 * learner's videos, days and courses. Each call adds one record, item or enrolment, so that whoever walks
 * decides how long the model's lock is held. Not shared between threads. */

/* Sums over some records, and over items without one. */
struct record_sums {
    int64_t total, completed, in_progress, not_started, percent_hundredths, scored, score_e4;
    wide time_spent_ms;
};

/* record NULL: an item without one. */
void record_sums_add(struct record_sums *sums, const struct record *record);

/* Sums by type of content; `Video` and `video` are one type, spelled as it was first seen. */
struct type_sums {
    const char *name;
    struct item_sums sums;
};

struct types {
    struct arena *arena;  /* owns names and lists */
    struct type_sums *at; /* by first sight */
    uint32_t count, room;
    uint32_t *table; /* index + 1 by name; 2 * room places */
};

/* The sums of a type, made when it is new. NULL: out of memory. */
struct item_sums *types_sums(struct types *types, const char *name);

/* Adds what all learners did on an item to its type, and to the sums of all types. False: out of memory. */
bool types_add(struct types *types, struct item_sums *all, struct view view, uint32_t item);

/* A learner's days in a row with a report. */
struct streaks {
    int64_t now; /* the run that reaches today or yesterday */
    int64_t longest;
};

/* learner NULL: one who was never seen. today: the reader's local day. */
struct streaks streaks_of(const struct learner *learner, int32_t today);

/* What a learner watched of some videos. */
struct video_sums {
    int64_t videos, completed;
    wide watch_ms;
};

/* One video more; record NULL: it was not reported on. */
void video_sums_add(struct video_sums *sums, const struct record *record);

enum { MOST_WATCHED = 10 };

/* A learner's records of videos: sums, and those watched longest. */
struct watched {
    const struct record *most[MOST_WATCHED]; /* most watched first; of equals by the video's id */
    uint32_t kept;
    int64_t videos, completed;
    wide watched_s;
};

/* One record of a video more; it must stay as it is while the figures are used. Under the lock. */
void watched_add(struct watched *watched, struct view view, const struct record *record);

enum { RECENT_COURSES = 5 };

/* A learner's courses: how many, and those with the newest access. */
struct recent_courses {
    const struct enrolment *at[RECENT_COURSES]; /* newest access first */
    uint32_t kept;
    int64_t enrolled, completed; /* enrolled: neither dropped nor expired */
};

/* One enrolment more, of the learner's state; it must stay as it is while the figures are used. Under the
 * lock. */
void recent_courses_add(struct recent_courses *courses, struct view view, const struct enrolment *enrolment);

/* When the course was last worked on, else when the enrolment began. */
int64_t enrolment_last_access_ms(const struct enrolment *enrolment);

/* What all learners did on one item of a course. */
struct item_figures {
    wide time_spent_ms;
    int64_t records, completed;
    int64_t started; /* in progress or completed */
    int64_t scored;
    wide scores; /* each a share of SCORE_WHOLE */
};

/* Of an item, as it is now. Under the lock. */
struct item_figures item_figures_of(struct view view, uint32_t item);

/* The most completed of count items, of equals the one with most time, of those the first; count: none has
 * records. */
uint32_t item_figures_best(const struct item_figures *items, uint32_t count);
