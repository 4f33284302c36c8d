#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

/* The Open University Learning Analytics Dataset, read and checked whole before anything is imported.
 * The mapping to our words is data/oulad/README.md. Days are relative to the presentation's first day. */

enum oulad_result { RESULT_PASS, RESULT_DISTINCTION, RESULT_FAIL, RESULT_WITHDRAWN };

/* In the order that one day's steps are laid. */
enum oulad_step_kind {
    STEP_COURSE,
    STEP_REGISTER,
    STEP_CLICK,
    STEP_SUBMIT,
    STEP_DROP,
    STEP_RESULT,
    STEP_EXPIRE
};

struct oulad_item {
    int64_t id;
    const char *type, *section; /* section NULL: none */
    bool assessment;
};

struct oulad_step {
    int32_t day;
    uint8_t kind;
    bool banked, moved; /* moved: its own day lies before the registration */
    int16_t score;      /* -1: none */
    uint32_t row;       /* place in its file */
    uint32_t learner;   /* index into learners */
    uint32_t item;      /* index into items */
    int32_t value;      /* clicks; the day that was moved */
};

struct oulad_learner {
    int64_t id;
    int32_t registered, dropped;
    bool was_dropped;
    enum oulad_result result;
};

struct oulad_course {
    char code[16];             /* AAA-2013J */
    int64_t id;                /* 120132 */
    int32_t start_day, length; /* start_day: days since 1970 */
    struct oulad_item *items;  /* sites, assessments, result; catalogue order */
    size_t item_count, item_room;
    struct oulad_learner *learners; /* by id */
    size_t learner_count, learner_room;
    struct oulad_step *steps; /* in the order they are laid */
    size_t step_count, step_room;
    char digest[65]; /* SHA-256 of the presentation's rows, hex */
};

struct oulad {
    struct arena arena; /* texts */
    struct oulad_course *courses;
    size_t course_count, course_room;
};

/* Reads *.csv or *.csv.gz of a directory. progress (may be NULL) is called with a file's name before it is
 * read. Problems are written one a line, as file:line: reason; false when there was any. */
bool oulad_read(const char *directory, struct oulad *out, void (*progress)(const char *file), FILE *problems);

/* Frees all that was read; fine after a refusal too. */
void oulad_free(struct oulad *oulad);
