#include "store/postgres/postgres_connection.h"

/* Every statement of the log. $1 is always the log's number. A statement on the way of each write has one
 * possible plan: it is planned once, perhaps on an empty table. */

#define COLUMNS "turn, batch, prev, at_ms, last, log_id, record_id, enrolment_id"

const char *const pg_statement_texts[PG_STATEMENT_COUNT] = {
    [PG_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    [PG_COMMIT] = "COMMIT",
    [PG_ROLLBACK] = "ROLLBACK",
    /* The number is this program's, as ASCII: MPST. */
    [PG_LOCK] = "SELECT pg_advisory_xact_lock(1297109844, $1::int4)",
    /* The turn that is known comes too, without its content: that it is there, and the same. Content up to so
     * many bytes ($4), and the first in any case. */
    [PG_PAGE] = "SELECT " COLUMNS ", CASE WHEN turn > $2::int8 AND ahead < $4::int8 THEN body END FROM"
                " (SELECT " COLUMNS ", body, coalesce(sum(octet_length(body)) FILTER (WHERE turn > $2::int8)"
                " OVER (ORDER BY turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS ahead FROM"
                " (SELECT " COLUMNS ", body FROM milepost_turn WHERE log = $1::int4 AND turn >= $2::int8"
                " ORDER BY turn LIMIT $3::int8) r) p ORDER BY turn",
    [PG_HEAD] = "SELECT " COLUMNS " FROM milepost_turn WHERE log = $1::int4 ORDER BY turn DESC LIMIT 1",
    [PG_HOLDS] = "SELECT turn FROM milepost_turn WHERE log = $1::int4 AND turn = $2::int8"
                 " AND batch = $3::bytea",
    [PG_SETTLE] = "UPDATE milepost_log SET settled = settled + 1 WHERE log = $1::int4",
    [PG_INSERT] = "INSERT INTO milepost_turn(log, turn, first, last, batch, prev, at_ms, log_id, record_id,"
                  " enrolment_id, node, body) VALUES ($1::int4, $2::int8, $3::int8, $4::int8, $5::bytea,"
                  " $6::bytea, $7::int8, $8::int8, $9::int8, $10::int8, $11::bytea, $12::bytea)",
    /* Stored only when it is the turn that follows. */
    [PG_FILL] = "INSERT INTO milepost_turn(log, turn, first, last, batch, prev, at_ms, log_id, record_id,"
                " enrolment_id, node, body) SELECT $1::int4, $2::int8, $3::int8, $4::int8, $5::bytea,"
                " $6::bytea, $7::int8, $8::int8, $9::int8, $10::int8, $11::bytea, $12::bytea"
                " WHERE coalesce((SELECT turn FROM milepost_turn WHERE log = $1::int4"
                " ORDER BY turn DESC LIMIT 1), 0) = $2::int8 - 1",
    [PG_NOTE_NAMED] = "INSERT INTO milepost_named(log, turn, who) SELECT $1::int4, $2::int8, w"
                      " FROM unnest($3::int8[]) w ON CONFLICT DO NOTHING",
    [PG_NOTIFY] = "SELECT pg_notify('milepost', $1::int4::text || ' ' || encode($2::bytea, 'hex'))",
    /* The rows that hold events, by their sequences ($2), or name somebody ($3). */
    [PG_ROWS_OF] = "SELECT " COLUMNS ", body FROM milepost_turn t WHERE log = $1::int4 AND turn IN"
                   " (SELECT x.turn FROM unnest($2::int8[]) s, LATERAL (SELECT turn FROM milepost_turn"
                   " WHERE log = $1::int4 AND last >= s AND first <= s ORDER BY last LIMIT 1) x"
                   " UNION SELECT n.turn FROM milepost_named n WHERE n.log = $1::int4"
                   " AND n.who = ANY($3::int8[])) ORDER BY turn",
    /* Whether more than so many rows ($3) name one of these. Of each name no more lines are looked at. */
    [PG_IS_NAMED] = "SELECT count(*) > $3::int8 FROM (SELECT DISTINCT n.turn FROM unnest($2::int8[]) w,"
                    " LATERAL (SELECT turn FROM milepost_named WHERE log = $1::int4 AND who = w"
                    " ORDER BY turn LIMIT $3::int8 + 1) n) x",
    /* The last row that names somebody: that of their erasure, if there was one. */
    [PG_ERASED] =
        "SELECT " COLUMNS ", body FROM milepost_turn WHERE log = $1::int4 AND turn = (SELECT max(turn)"
        " FROM milepost_named WHERE log = $1::int4 AND who = $2::int8)",
    /* The first rows before a turn ($3) that name one of these, as above; content as in a page. */
    [PG_NAMED] =
        "SELECT " COLUMNS ", CASE WHEN ahead < $5::int8 THEN body END FROM (SELECT " COLUMNS ", body,"
        " coalesce(sum(octet_length(body)) OVER (ORDER BY turn ROWS BETWEEN UNBOUNDED PRECEDING AND 1"
        " PRECEDING), 0) AS ahead FROM milepost_turn WHERE log = $1::int4 AND turn IN (SELECT DISTINCT"
        " n.turn FROM unnest($2::int8[]) w, LATERAL (SELECT turn FROM milepost_named WHERE"
        " log = $1::int4 AND who = w AND turn < $3::int8 ORDER BY turn LIMIT $4::int8) n"
        " ORDER BY n.turn LIMIT $4::int8)) p ORDER BY turn",
    [PG_UNNAME] = "DELETE FROM milepost_named WHERE log = $1::int4 AND who = ANY($2::int8[])"
                  " AND turn = ANY($3::int8[])",
    [PG_REWRITE] = "UPDATE milepost_turn SET body = $3::bytea WHERE log = $1::int4 AND turn = $2::int8",
    /* Taken back at once; it fails where the disk is full, or the server read-only. */
    [PG_PROBE] = "INSERT INTO milepost_turn(log, turn, first, last, batch, prev, at_ms, log_id, record_id,"
                 " enrolment_id, node, body) VALUES (-$1::int4, -pg_backend_pid(), 0, 0, '', '', 0, 0, 0, 0,"
                 " '', decode(repeat('00', 65536), 'hex'))",
    [PG_OFFER] = "INSERT INTO milepost_shared(log, name, value) VALUES ($1::int4, convert_from($2::bytea,"
                 " 'UTF8'), $3::bytea) ON CONFLICT DO NOTHING",
    [PG_REPLACE] = "INSERT INTO milepost_shared(log, name, value) VALUES ($1::int4, convert_from($2::bytea,"
                   " 'UTF8'), $3::bytea) ON CONFLICT (log, name) DO UPDATE SET value = excluded.value",
    [PG_SHARED] = "SELECT value FROM milepost_shared WHERE log = $1::int4"
                  " AND name = convert_from($2::bytea, 'UTF8')",
    [PG_LEAVE] = "INSERT INTO milepost_left(log, name, value, until) VALUES ($1::int4,"
                 " convert_from($2::bytea, 'UTF8'), $3::bytea, now() + $4::int8 * interval '1 s')"
                 " ON CONFLICT DO NOTHING",
    [PG_CLAIM] = "DELETE FROM milepost_left WHERE log = $1::int4 AND name = convert_from($2::bytea, 'UTF8')"
                 " RETURNING CASE WHEN until > now() THEN value END",
    /* Ends who holds the lock and is not heard of: it waits for its node, in the midst of a transaction. */
    [PG_FREE_LOCK] = "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l JOIN pg_stat_activity a"
                     " ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.classid = 1297109844"
                     " AND l.objid = $1::int4::oid AND l.granted AND l.pid <> pg_backend_pid()"
                     " AND a.wait_event_type = 'Client'"
                     " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
};
