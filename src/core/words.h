#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/enrolment.h"
#include "core/record.h"

/* What clients and exports call a status, a state, a face: each once, both ways. Pure; static texts. */

enum words {
    WORDS_UPPER, /* IN_PROGRESS */
    WORDS_LOWER, /* in-progress: as trk's clients write it */
    WORDS_COUNT
};

/* What a record of an item that staff locked is called, where that is shown. */
#define WORD_LOCKED "LOCKED"

/* The word of an item's status. */
const char *word_of_status(enum item_status status, enum words words);

/* The status of a word; compare: strcmp, or strcasecmp where any case will do. False: there is none. */
bool word_is_status(const char *word, enum words words, int (*compare)(const char *, const char *),
                    enum item_status *out_status);

/* The word of an enrolment's state. */
const char *word_of_state(enum enrolment_state state, enum words words);

/* The state of a word, as word_is_status. */
bool word_is_state(const char *word, enum words words, int (*compare)(const char *, const char *),
                   enum enrolment_state *out_state);

/* The word of an enum event_face, as exports have it; NULL: there is no such face. */
const char *word_of_face(uint8_t face);

/* The face of that word; 0: there is none. */
uint8_t word_is_face(const char *word);

/* The word of an enum event_kind; NULL: there is no such kind. */
const char *word_of_event(uint8_t kind);

/* The kind of that word; 0: there is none. */
uint8_t word_is_event(const char *word);
