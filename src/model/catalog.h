#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

/* Courses and items as the catalogue knows them. A published definition never changes: an edit makes a new
 * one and swaps it in (model.h), so a reader that holds the model's lock sees one whole edit or none.
 * Definitions are counted: a reader that took a reference under the lock may look at it for as long as it
 * likes after. Source: contract 1 "A content item belongs to one course", 7. */

/* Who told the type of an item: a better source replaces a lesser one. On disk: never renumber. */
enum type_rank { TYPE_UNKNOWN, TYPE_PLAYER, TYPE_CLIENT, TYPE_CATALOG };

/* One allocation: its texts lie behind it. */
struct item_def {
    atomic_uint refs;
    uint32_t course; /* 0: none */
    uint32_t bound;  /* a preview or a lock named it under this course, which does not count it; 0: none */
    bool declared;   /* listed by a declared course */
    bool retired;    /* was listed, is no longer: only a PUT can place it again */
    bool required;
    uint8_t type_rank;
    uint16_t threshold_hundredths; /* 0: the server's completion_threshold */
    int64_t duration_ms;           /* 0: unknown */
    struct text title, type, section;
};

struct staff {
    struct text user;
    bool owner; /* else INSTRUCTOR */
};

struct course_def {
    atomic_uint refs;
    bool declared;
    uint32_t staff_count, item_count, required_count;
    struct text title, description;
    const struct staff *staff;
    const uint32_t *items; /* catalogue order, then first seen */
    int64_t shrunk_at_ms, updated_at_ms;
    uint64_t version;
    struct course_about *about; /* owns texts and staff; definitions share it */
    struct item_list *list;     /* owns items; definitions share it, each with a count of its own */
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

/* Appends the body of an EV_COURSE_DECLARED. */
void declaration_encode(const struct declaration *declaration, struct buf *out);

/* The reverse; lists live in arena, texts borrow bytes and are NOT NUL-terminated. False: malformed or out of
 * memory. */
bool declaration_decode(const uint8_t *bytes, size_t size, struct arena *arena, struct declaration *out);

/* A new definition with one reference; NULL: out of memory. An item's has copies of the texts of like, which
 * it need not own; a course's shares texts and lists with like, so that it costs the same whatever the
 * course's size. */
struct item_def *item_def_copy(const struct item_def *like);

/* The same by value, to be changed and copied: its texts stay those of def. */
struct item_def item_def_value(const struct item_def *def);

/* A new definition with one reference. It shares texts and lists with like, so that it costs the same
 * whatever the course's size; NULL: out of memory. */
struct course_def *course_def_copy(const struct course_def *like);

/* One more reference, and one less; any thread. NULL is fine. */
const struct item_def *item_def_ref(const struct item_def *def);

/* As item_def_ref. */
const struct course_def *course_def_ref(const struct course_def *def);

/* One reference less; the last frees the definition. NULL is fine. Any thread. */
void item_def_unref(const struct item_def *def);

/* As item_def_unref; the texts and lists go with the last definition that shares them. */
void course_def_unref(const struct course_def *def);

/* The next four are for a copy under construction, by one thread at a time. False: out of memory. The texts
 * are copied. */
bool course_def_tell(struct course_def *def, struct text title, struct text description,
                     const struct staff *staff, uint32_t staff_count);

/* Makes those items the course's, in that order. False: out of memory. */
bool course_def_list(struct course_def *def, const uint32_t *items, uint32_t count);

/* Appends an item; constant on average: the list is shared with the definitions before, which see as much of
 * it as they count. */
bool course_def_add_item(struct course_def *def, uint32_t item);

/* Only those items stay that keep says. */
bool course_def_filter(struct course_def *def, bool (*keep)(void *arg, uint32_t item), void *arg);

/* The copies made of this definition since are gone: what they appended is forgotten. NULL is fine. */
void course_def_newest(const struct course_def *def);

/* For the checkpoint file. */
void item_def_encode(const struct item_def *def, struct buf *out);

/* Reads what item_def_encode wrote and moves *at past it; one reference, the caller's. NULL: malformed or out
 * of memory. */
struct item_def *item_def_decode(const uint8_t **at, const uint8_t *end);

/* Appends a course's definition as the checkpoint file holds it. */
void course_def_encode(const struct course_def *def, struct buf *out);

/* Reads what course_def_encode wrote and moves *at past it; one reference, the caller's. NULL: malformed or
 * out of memory. */
struct course_def *course_def_decode(const uint8_t **at, const uint8_t *end);

/* The type that clients are shown: "other" when nobody ever told. */
const char *item_type(const struct item_def *def);

/* Whether the pts and video views show it: type video or unknown. NULL is fine. */
bool item_is_video(const struct item_def *def);
