#include "face/openapi_query.h"

#include <string.h>

#define TEXT "{\"type\":\"string\"}"
#define FLAG "{\"enum\":[0,1]}"
#define STATES "\"ENROLLED\",\"IN_PROGRESS\",\"COMPLETED\",\"CERTIFIED\",\"DROPPED\",\"EXPIRED\""
#define NUMBER(low, high, standard)                                                                          \
    "{\"type\":\"integer\",\"minimum\":" low ",\"maximum\":" high ",\"default\":" standard "}"
#define UP_TO(high) "{\"type\":\"integer\",\"minimum\":1,\"maximum\":" high "}"

static const struct {
    const char *word, *schema, *about, *example; /* of what its schema leaves open */
} rows[] = {
    {"page", "{\"type\":\"integer\",\"minimum\":1,\"default\":1}", "which page, from 1"},
    {"limit:page", NUMBER("1", "100", "20"), "entries on a page"},
    {"limit:100", UP_TO("100"), "entries on a page; without page and limit the list holds all"},
    {"limit:events", NUMBER("1", "1000", "100"), "entries of the answer"},
    {"limit:changes", NUMBER("1", "10000", "10000"), "entries of the answer"},
    {"limit:1000", UP_TO("1000"), "entries of the answer; without it all"},
    {"limit:all", UP_TO("1000000"), "entries of the answer; without it all"},
    {"offset", "{\"type\":\"integer\",\"minimum\":0,\"default\":0}", "how many entries to leave out"},
    {"cursor", TEXT, "the nextCursor of the page before", "1767348000000.1"},
    {"actor", TEXT, "who did it: a user id, server-key, operator", "2001"},
    {"q", TEXT, "a part of id or title, any letter case", "sail"},
    {"order", "{\"enum\":[\"asc\",\"desc\"]}", "default: desc for progress, else asc"},
    {"sortBy:members",
     "{\"enum\":[\"progress\",\"enrollmentDate\",\"completionDate\",\"lastActivity\",\"userId\"]}",
     "what the list is sorted by; default userId"},
    {"sortBy:item",
     "{\"enum\":[\"progress\",\"timeSpent\",\"score\",\"updatedAt\",\"completedAt\",\"userId\"]}",
     "what the list is sorted by; default userId"},
    {"status:enrollment", "{\"enum\":[" STATES "]}", "enrolments of this state alone"},
    {"status:item", "{\"enum\":[\"NOT_STARTED\",\"IN_PROGRESS\",\"COMPLETED\",\"LOCKED\"]}",
     "those of this status alone"},
    {"status:trk", "{\"enum\":[\"not-started\",\"in-progress\",\"completed\"]}",
     "those of this status alone"},
    {"logs", FLAG, "0: without activityLogs"},
    {"atRisk", FLAG, "1: those alone who are inactive for 14 days or behind, with reasons"},
    {"inactiveDays", UP_TO("3650"), "those alone who are under way and did nothing for so many days"},
    {"segments", FLAG, "1: with the parts that were watched"},
    {"contentType", TEXT, "items of this type alone", "lab"},
    {"moduleId", TEXT, "items of this course alone", "7"},
    {"courseId", TEXT, "of this course alone", "7"},
    {"itemId", TEXT, "of this item alone", "72"},
    {"userId", TEXT, "of this learner alone", "1001"},
    {"videoId", TEXT, "of this item alone", "71"},
    {"startDate", TEXT, "an instant, or a day of display_timezone; inclusive", "2026-01-01"},
    {"endDate", TEXT, "likewise", "2026-01-31"},
    {"from", TEXT, "an instant, or a day of display_timezone; inclusive", "2026-01-01"},
    {"to", TEXT, "likewise", "2026-01-31T23:59:59Z"},
    {"as_of", TEXT, "an instant or an event id: as it was then", "2026-01-02T10:00:00Z"},
    {"since", TEXT, "an instant: what was updated after it", "2026-01-02T10:00:00Z"},
    {"lastEventId", TEXT, "as the header Last-Event-ID", "58"},
    {"ticket", TEXT, "in place of a token; good once", "yQqnwHZO5z2sBEs0wy63nuSmiCUfPTm6qAdyYj6Xk7Q"},
};

static bool put_parameter(struct json_out *out, const char *word, size_t size)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strncmp(rows[i].word, word, size) != 0 || rows[i].word[size])
            continue;
        json_open(out, '{');
        json_name(out, "name");
        json_text(out, word, strcspn(word, ":,"));
        json_put_text(out, "in", "query");
        if (rows[i].about)
            json_put_text(out, "description", rows[i].about);
        if (rows[i].example)
            json_put_text(out, "example", rows[i].example);
        json_name(out, "schema");
        json_raw(out, rows[i].schema, strlen(rows[i].schema));
        json_close(out, '}');
        return true;
    }
    return false;
}

bool openapi_put_query(struct json_out *out, const char *query)
{
    bool known = true;

    for (const char *at = query; at && *at;) {
        size_t size = strcspn(at, ",");
        known &= put_parameter(out, at, size);
        at += size + (at[size] == ',');
    }
    return known;
}
