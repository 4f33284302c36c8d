#include "store/postgres/postgres_session.h"

#include "base/monotonic.h"

const char postgres_unreachable[] = "the database cannot be reached; try again";

enum rc postgres_reach(struct postgres_log *log, struct fault *fault)
{
    return pg_connect(&log->writer, log->url, true, CONNECT_MS, fault);
}

void postgres_roll_back(struct postgres_log *log)
{
    PGresult *results[1];

    if (!log->writer.conn || !pg_send(&log->writer, PG_ROLLBACK, NULL))
        return;
    (void)pg_take(&log->writer, monotonic_ms() + ASK_MS, results, 1); /* else it is closed */
    pg_clear(results, 1);
}

enum rc postgres_fail(struct postgres_log *log, PGresult **results, int count, struct fault *fault)
{
    enum rc rc = fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(results, count));

    pg_clear(results, count);
    postgres_roll_back(log);
    return rc;
}
