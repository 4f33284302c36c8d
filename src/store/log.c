#include "store/log.h"

struct batch_id log_next_id(struct log *log)
{
    struct batch_id id = log->next_id;

    for (size_t i = 0; i < sizeof id.bytes && ++log->next_id.bytes[i] == 0; i++)
        ; /* carries */
    return id;
}

enum rc log_begin(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                  struct log_head *out_head, struct fault *fault)
{
    return log->methods->begin(log, after, visit, arg, out_head, fault);
}

enum log_outcome log_commit(struct log *log, const struct store_batch *batch, struct fault *fault)
{
    return log->methods->commit(log, batch, fault);
}

enum log_outcome log_outcome_of(struct log *log, const struct batch_id *batch, struct fault *fault)
{
    if (log->methods->outcome)
        return log->methods->outcome(log, batch, fault);
    (void)fault_set(fault, RC_BUSY, NULL, "this log leaves no batch in doubt"); /* the outcome says it */
    return LOG_REFUSED;
}

void log_abandon(struct log *log)
{
    if (log->methods->abandon)
        log->methods->abandon(log);
}

enum rc log_head(struct log *log, struct log_head *out_head, struct fault *fault)
{
    return log->methods->head(log, out_head, fault);
}

enum rc log_catch_up(struct log *log, const struct log_turn *after, log_visitor *visit, void *arg,
                     struct fault *fault)
{
    return log->methods->catch_up ? log->methods->catch_up(log, after, visit, arg, fault) : RC_OK;
}

void log_follow(struct log *log, void (*wake)(void *arg), void *arg)
{
    if (log->methods->follow)
        log->methods->follow(log, wake, arg);
}

enum rc log_is_named(struct log *log, const struct store_erasure *erasure, size_t at_most, bool *out_more,
                     struct fault *fault)
{
    *out_more = false;
    return log->methods->is_named ? log->methods->is_named(log, erasure, at_most, out_more, fault) : RC_OK;
}

enum rc log_unname(struct log *log, const struct log_turn *after, const struct store_erasure *erasure,
                   bool *out_all, struct fault *fault)
{
    *out_all = true;
    return log->methods->unname ? log->methods->unname(log, after, erasure, out_all, fault) : RC_OK;
}

enum rc log_forget(struct log *log, const struct log_turn *after, const struct store_forgetting *what,
                   struct fault *fault)
{
    return log->methods->forget ? log->methods->forget(log, after, what, fault) : RC_OK;
}

enum rc log_fill(struct log *log, const struct store_batch *batch, bool more, struct fault *fault)
{
    if (log->methods->fill)
        return log->methods->fill(log, batch, more, fault);
    return fault_set(fault, RC_NOT_IMPLEMENTED, NULL, "this log is filled by copying files");
}

bool log_has_room(struct log *log)
{
    return !log->methods->has_room || log->methods->has_room(log);
}

const char *log_name(const struct log *log)
{
    return log->methods->name;
}

bool log_is_shared(const struct log *log)
{
    return log->methods->shared;
}

const char *log_note(struct log *log)
{
    return log->methods->note ? log->methods->note(log) : NULL;
}

enum rc log_share(struct log *log, const struct log_value *value, struct buf *out, struct fault *fault)
{
    if (log->methods->share)
        return log->methods->share(log, value, out, fault);
    buf_add(out, value->bytes, value->size);
    return out->failed ? fault_no_memory(fault) : RC_OK;
}

enum rc log_leave(struct log *log, const struct log_value *value, int seconds, struct fault *fault)
{
    if (log->methods->leave)
        return log->methods->leave(log, value, seconds, fault);
    return fault_set(fault, RC_NOT_IMPLEMENTED, NULL, "nobody shares this log");
}

enum rc log_claim(struct log *log, const char *name, struct buf *out, struct fault *fault)
{
    if (log->methods->claim)
        return log->methods->claim(log, name, out, fault);
    return fault_set(fault, RC_NOT_IMPLEMENTED, NULL, "nobody shares this log");
}

enum rc log_enter(struct log *log, const struct log_presence *presence, struct fault *fault)
{
    return log->methods->enter ? log->methods->enter(log, presence, fault) : RC_OK;
}

size_t log_nodes(struct log *log, struct log_node *out, size_t max)
{
    return log->methods->nodes ? log->methods->nodes(log, out, max) : 0;
}
