#include "face/logs/logs_decode.h"

#include <string.h>

#include "base/ident.h"
#include "base/instant.h"
#include "base/number.h"
#include "core/members.h"
#include "face/face.h"

/* Members that are ours to give: ignored in a body. Contract 5. */
static bool is_ours(const char *name)
{
    return strcmp(name, "user_id") == 0 || strcmp(name, "log_id") == 0 || strcmp(name, "created_at") == 0 ||
           strcmp(name, "updated_at") == 0;
}

/* Sums over such numbers would lose digits. */
static bool is_beyond(const json_t *value)
{
    if (json_is_integer(value))
        return json_integer_value(value) > NUMBER_LIMIT || json_integer_value(value) < -NUMBER_LIMIT;
    return json_is_real(value) && !(json_real_value(value) <= (double)NUMBER_LIMIT &&
                                    json_real_value(value) >= -(double)NUMBER_LIMIT);
}

/* No objects or arrays, no number that sums could not hold. */
static enum rc check_members(struct request *request, const struct body *body, struct fault *fault)
{
    const char *name, *problem = NULL;
    json_t *value;

    json_object_foreach(body->root, name, value)
    {
        if (json_is_object(value) || json_is_array(value))
            problem = "a log entry is flat: no objects or arrays";
        else if (is_beyond(value))
            problem = "a number in a log is between -1e18 and 1e18";
        if (problem && !is_ours(name))
            return fault_set(fault, RC_INVALID, arena_copy(&request->arena, name, strlen(name)), problem);
        problem = NULL;
    }
    return RC_OK;
}

/* A member that is null is absent: it is not stored, and changes nothing. Moves the others together; returns
 * their size. */
static uint32_t without_nulls(uint8_t *members, uint32_t size)
{
    const uint8_t *at = members, *end = members + size;
    uint8_t *to = members;
    struct member member;

    for (const uint8_t *from = at; size && member_next(&at, end, &member); from = at)
        if (member.value_size != 4 || memcmp(member.value, "null", 4) != 0) {
            memmove(to, from, (size_t)(at - from));
            to += at - from;
        }
    return (uint32_t)(to - members);
}

enum rc logs_decode_entry(struct request *request, const struct body *body, struct command *command,
                          struct fault *fault)
{
    json_t *date = body_get(body, "date");
    enum rc rc = check_members(request, body, fault);

    if (rc == RC_OK && date) {
        rc = json_in_instant(date, "date", &command->log_at_ms, fault);
        command->has_log_date = true;
    }
    if (rc == RC_OK)
        rc = json_in_members(&request->arena, request->body.bytes, request->body.size, body->root, NULL,
                             is_ours, &command->members, &command->members_size, fault);
    if (rc != RC_OK)
        return rc;
    command->members_size = without_nulls((uint8_t *)(uintptr_t)command->members, command->members_size);
    if (members_json_bytes(command->members, command->members_size) > MEMBERS_MAX_BYTES)
        return fault_set(fault, RC_INVALID, "body", "a log entry has at most 16 KiB");
    return RC_OK;
}

enum rc logs_needs_member(const struct command *command, struct fault *fault)
{
    return command->members_size
               ? RC_OK
               : fault_set(fault, RC_INVALID, "body", "needs at least one member besides user_id");
}

/* One end of the range. A day reaches from UTC's to where it is over everywhere: offsets are below 24 hours.
 */
static enum rc bound(struct request *request, const char *name, bool *out_has, int64_t *out_ms,
                     bool *out_is_day, int32_t *out_day, struct fault *fault)
{
    const char *text;
    enum rc rc = request_query(request, name, &text, fault);

    *out_has = rc == RC_OK && text && *text; /* empty: not given */
    if (!*out_has)
        return rc;
    enum instant_form form = instant_parse(text, strlen(text), out_ms);
    if (form == INSTANT_NONE)
        return fault_set(fault, RC_INVALID, name, "must be an ISO 8601 date or instant");
    *out_is_day = form == INSTANT_DATE;
    *out_day = instant_day(*out_ms);
    if (form == INSTANT_DATE)
        *out_ms += name[0] == 'f' ? -DAY_MS : 2 * DAY_MS;
    return RC_OK;
}

enum rc logs_query_range(struct request *request, struct logs_range *out, struct fault *fault)
{
    struct log_filter *instants = &out->instants;

    *out = (struct logs_range){0};
    enum rc rc = bound(request, "from", &instants->has_from, &instants->from_ms, &out->from_is_day,
                       &out->from_day, fault);
    if (rc == RC_OK)
        rc = bound(request, "to", &instants->has_to, &instants->to_ms, &out->to_is_day, &out->to_day, fault);
    return rc;
}

enum rc logs_read_id(struct request *request, uint64_t *out_id, struct fault *fault)
{
    struct text id = face_param(request, 0);
    int64_t number;

    if (!ident_integer(id.bytes, id.size, &number))
        return fault_set(fault, RC_INVALID, "log_id", "must be an integer");
    *out_id = (uint64_t)number;
    return RC_OK;
}
