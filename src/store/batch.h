#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes durable at once, and the rows that it is made of. */

/* One event as it lies in the store: core/event.h encodes the rest into body. */
struct stored_event {
    uint64_t sequence;
    uint32_t learner;
    uint8_t kind;
    int64_t at_ms;
    const uint8_t *body;
    size_t body_size;
};

enum store_id_kind { STORE_LEARNER, STORE_COURSE, STORE_ITEM };

struct store_id {
    enum store_id_kind kind;
    uint32_t key;
    const char *id;
    size_t size;
};

/* One log entry. members: core/members.h. */
struct store_log {
    uint64_t log_id;
    uint32_t learner;
    /* in a batch: take it away; whose it was stays known, for its history. log_id 0: all of the learner's, or
     * some */
    bool deleted;
    uint32_t some; /* how many; 0: all */
    int64_t date_ms, created_ms, updated_ms;
    const uint8_t *members;
    size_t members_size;
};

/* Somebody's id: a learner's, or that of a caller who is none. */
struct store_name {
    const char *id;
    size_t size;
};

/* How much of a learner's log entries is there, and how often they were rolled back. */
struct store_log_total {
    uint32_t learner, entries, rollbacks;
    uint64_t bytes;    /* of their members */
    uint64_t settling; /* the event whose rows are not all changed yet; 0: none */
};

/* A remembered answer to an Idempotency-Key. Keys and fingerprints are 16-byte hashes. */
struct store_answer {
    uint8_t key[16];         /* of caller and key */
    uint8_t fingerprint[16]; /* of method, path and body */
    uint64_t caller;         /* hash of who asked: whose budget it counts in; 0: nobody's */
    /* in a batch: who asked and whom it tells of; it goes with the first who is erased */
    const struct store_name *names;
    size_t name_count;
    int64_t at_ms;
    int status;
    const char *etag; /* "" for none */
    const char *body;
    size_t body_size;
};

/* Numbers that are given out once and never again. */
struct store_counters {
    uint64_t sequence, log_id;
    uint32_t record_id, enrolment_id; /* each: the last one given out */
};

/* What goes with an erased learner: rows and ids, so that no byte of them is left. Source:
 * docs/decisions/0007, docs/decisions/0016. */
struct store_erasure {
    uint32_t learner;
    const char *id; /* the answers that name it go too */
    size_t id_size;
    const uint64_t *sequences; /* events that go */
    size_t sequence_count;
    const struct stored_event *rewritten; /* events that stay, with the learner taken out of them */
    size_t rewritten_count;
    /* instead of both: what store_erase_some has still to take out; NULL: nothing */
    const uint8_t *own, *named;
    size_t own_size, named_size;
    bool clean; /* with own: a shared log is rid of them; what is left is in the node's own files */
    const struct store_id *forgotten; /* courses and items that nobody else ever named */
    size_t forgotten_count;
};

/* Events that go, and events that stay with somebody taken out of them; both ascending. */
struct store_forgetting {
    const uint64_t *sequences;
    size_t sequence_count;
    const struct stored_event *rewritten;
    size_t rewritten_count;
    uint32_t done; /* the learner whose erasure ends with it; 0: it goes on */
    /* Optional: how an event of rewritten is rewritten where it lies now, since another node may have
     * rewritten it after this one looked. False: out of memory; it stays as it is. */
    bool (*rewrite)(void *arg, const struct stored_event *event, struct stored_event *out);
    void *rewrite_arg;
};

/* What tells one batch from all others, in all stores and at all times: 128 random bits. */
struct batch_id {
    uint8_t bytes[16];
};

/* All of it becomes durable, or none. */
struct store_batch {
    struct batch_id id;
    uint64_t turn; /* its place in the log; 0 until it has one */
    int64_t at_ms; /* by the clock of who decided it */
    const struct stored_event *events;
    size_t event_count;
    const struct store_id *ids;
    size_t id_count;
    const struct store_log *logs;
    size_t log_count;
    const struct store_log_total *log_totals; /* of the learners whose entries change */
    size_t log_total_count;
    const struct store_answer *answers;
    size_t answer_count;
    const char *ledger_key, *ledger_value; /* import's book of what is done; NULL: none */
    const struct store_erasure *erasure;   /* NULL: none */
    struct store_counters counters;        /* after the batch */
};
