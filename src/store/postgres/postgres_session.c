#include "store/postgres/postgres_session.h"

#include "base/monotonic.h"

const char postgres_unreachable[] = "the database cannot be reached; try again";

enum rc postgres_reach(struct postgres_log *log, struct fault *fault)
{
    return pg_connect(&log->writer, log->url, true, CONNECT_MS, fault);
}

/* What failed, with the transaction taken back where there still is a connection. */
enum rc postgres_fail(struct postgres_log *log, PGresult **results, int count, struct fault *fault)
{
    PGresult *rolled_back[1];
    enum rc rc = fault_text(fault, RC_BUSY, postgres_unreachable, "%s", pg_why(results, count));

    pg_clear(results, count);
    if (log->writer.conn && pg_send(&log->writer, PG_ROLLBACK, NULL)) {
        (void)pg_take(&log->writer, monotonic_ms() + ASK_MS, rolled_back, 1); /* else it is closed */
        pg_clear(rolled_back, 1);
    }
    return rc;
}
