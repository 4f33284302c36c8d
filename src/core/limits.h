#pragma once

/* Every budget there is: what one caller may store, and how much of anything there may be. Each is checked
 * where a write is decided, so that live writes, sync, webhook and import meet the same ones, and restore
 * refuses what is past them; the refusal names the limit. docs/limits.md is the table for people; a test
 * compares the two. Source: contract 1, Errors; docs/limits.md. */
enum {
    LIMIT_COURSE_ITEMS = 10000,     /* items that clients may teach one observed course, or a PUT may list */
    LIMIT_ITEMS = 1000000,          /* items in the server in all that clients may be the first to name */
    LIMIT_COURSES = 100000,         /* courses in the server in all, likewise */
    LIMIT_RECORDS = 10000,          /* items that one learner may have progress on */
    LIMIT_ENROLMENTS = 1000,        /* courses that one learner may be enrolled in */
    LIMIT_DAYS = 10000,             /* days with a report that one learner may have: 27 years */
    LIMIT_METADATA_BYTES = 4 << 20, /* metadata of one learner in all; one record: MEMBERS_MAX_BYTES */
    LIMIT_SEGMENTS = 100000,        /* segments of one learner in all; one record: RECORD_MAX_SEGMENTS */
    LIMIT_LOG_ENTRIES = 10000,      /* log entries that one learner may have at a time */
    LIMIT_LOG_BYTES = 16 << 20,     /* and their bytes in all */
    LIMIT_LOG_FIELDS = 10000,       /* different numeric members that a summary tells of, newest first */
    LIMIT_ROLLBACKS = 1000,         /* rollbacks of one learner's log entries, ever */
    LIMIT_KEPT_ANSWERS = 10000,     /* live Idempotency-Keys of one caller */
    LIMIT_KEPT_BYTES = 16 << 20,    /* and the bytes of their answers */
    LIMIT_OBJECT_MEMBERS = 1000,    /* members of one JSON object in a request */
    LIMIT_METADATA_MEMBERS = 256,   /* members of one record's metadata, once merged */
    LIMIT_CSV_COLUMNS = 1000,       /* columns of one table as CSV */
    /* what all lists of learners together hold while they are made and sent */
    LIMIT_LISTING_BYTES = 256 << 20,
    LIMIT_STREAMS = 20000, /* streams of GET /progress/realtime in the server in all */
    LIMIT_STAFF = 1000,    /* staff entries of one course */
};
