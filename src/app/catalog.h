#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* Courses and items as the catalogue knows them. A definition never changes: an edit makes a new one and
 * swaps it in (image.h), so a reader that holds the image's lock sees one whole edit or none.
 * Source: contract 1 "A content item belongs to one course", 7. */

/* Who told the type of an item: a better source replaces a lesser one. On disk: never renumber. */
enum type_rank { TYPE_UNKNOWN, TYPE_PLAYER, TYPE_CLIENT, TYPE_CATALOG };

struct text {
    const char *bytes; /* NUL-terminated; NULL: absent */
    uint32_t size;
};

struct item_def {
    struct arena arena; /* owns the texts */
    uint32_t course;    /* 0: none */
    bool declared;      /* listed by a declared course */
    bool retired;       /* was listed, is no longer: only a PUT can place it again */
    bool required;
    uint16_t threshold_hundredths; /* 0: the server's completion_threshold */
    uint8_t type_rank;
    int64_t duration_ms; /* 0: unknown */
    struct text title, type, section;
};

struct staff {
    struct text user;
    bool owner; /* else INSTRUCTOR */
};

struct course_def {
    struct arena arena; /* owns texts and lists */
    bool declared;
    struct text title, description;
    struct staff *staff;
    uint32_t *items; /* catalogue order, then first seen */
    uint32_t staff_count, item_count, required_count;
    int64_t shrunk_at_ms, updated_at_ms;
    uint64_t version;
};

/* What a PUT declares, by interned items. Lists and texts are borrowed. */
struct declared_item {
    uint32_t item;
    struct text title, type, section;
    int64_t duration_ms;
    uint16_t threshold_hundredths;
    bool required;
};

struct declaration {
    struct text title, description;
    struct staff *staff;
    struct declared_item *items;
    uint32_t staff_count, item_count;
};

/* The body of an EV_COURSE_DECLARED. */
void declaration_encode(const struct declaration *declaration, struct buf *out);

/* The reverse; lists live in arena, texts borrow bytes and are NOT NUL-terminated. False: malformed or out of
 * memory. */
bool declaration_decode(const uint8_t *bytes, size_t size, struct arena *arena, struct declaration *out);

/* A new definition with texts and lists of its own; NULL: out of memory. Free with *_def_free. */
struct item_def *item_def_copy(const struct item_def *like);
struct course_def *course_def_copy(const struct course_def *like);
void item_def_free(struct item_def *def);
void course_def_free(struct course_def *def);

/* A NUL-terminated copy. bytes NULL gives an absent text. False: out of memory. */
bool text_copy(struct arena *arena, struct text from, struct text *out);

/* Appends an item to a copy under construction. False: out of memory. */
bool course_def_add_item(struct course_def *def, uint32_t item);

/* For the image file. */
void item_def_encode(const struct item_def *def, struct buf *out);
struct item_def *item_def_decode(const uint8_t **at, const uint8_t *end);
void course_def_encode(const struct course_def *def, struct buf *out);
struct course_def *course_def_decode(const uint8_t **at, const uint8_t *end);
