#include "face/logs/logs_summary.h"

#include <string.h>
#include <sys/random.h>

#include "app/log_figures.h"
#include "http/json_out.h"

static void put_number(struct json_out *out, const char *name, const struct number *number)
{
    json_name(out, name);
    number_put(out->buf, number);
    out->comma = true;
}

static void put_average(struct json_out *out, const char *name, const struct log_field *field)
{
    json_name(out, name);
    number_average_put(out->buf, &field->sum);
    out->comma = true;
}

static void put_date(struct json_out *out, const char *name, const struct log_figures *figures,
                     const struct buf *date, int64_t ms)
{
    json_name(out, name);
    if (figures->logs == 0)
        json_null_value(out);
    else if (date->size)
        json_raw(out, date->bytes, date->size);
    else
        json_instant(out, ms);
}

static void put_averages(struct json_out *out, struct log_figures *figures)
{
    const struct log_field *weight = log_figures_field(figures, "weight_kg", 9);
    struct buf name = {0};

    if (!weight)
        weight = log_figures_field(figures, "weight", 6);
    if (weight)
        put_average(out, "average_weight", weight);
    else
        json_put_null(out, "average_weight");
    for (size_t i = 0; i < figures->field_count; i++) {
        const struct log_field *field = figures->fields[i];
        if (strcmp(field->name, "weight") == 0)
            continue; /* average_weight is there already */
        buf_clear(&name);
        buf_text(&name, "average_");
        buf_add(&name, field->name, field->name_size + 1u); /* with its NUL */
        if (!name.failed)
            put_average(out, name.bytes, field);
        out->buf->failed |= name.failed;
    }
    buf_done(&name);
}

static void put_summary(struct json_out *out, struct log_figures *figures, const char *user)
{
    json_open(out, '{');
    json_put_text(out, "user_id", user);
    json_put_int(out, "total_logs", figures->logs);
    put_date(out, "first_date", figures, &figures->first_date, figures->first_ms);
    put_date(out, "last_date", figures, &figures->last_date, figures->last_ms);
    put_averages(out, figures);
    json_put_open(out, "fields", '{');
    for (size_t i = 0; i < figures->field_count; i++) {
        const struct log_field *field = figures->fields[i];
        json_put_open(out, field->name, '{');
        json_put_int(out, "count", (int64_t)field->sum.count);
        put_average(out, "average", field);
        put_number(out, "min", &field->min);
        put_number(out, "max", &field->max);
        json_name(out, "sum");
        number_sum_put(out->buf, &field->sum);
        out->comma = true;
        put_number(out, "first", &field->first);
        put_number(out, "last", &field->last);
        json_close(out, '}');
    }
    json_close(out, '}');
    json_close(out, '}');
}

struct summary_read {
    struct slow slow;
    uint32_t learner;
};

static enum rc summary_open(struct slow *slow, const struct read *found, struct fault *fault)
{
    (void)fault;
    ((struct summary_read *)slow)->learner = found->learner;
    return RC_OK;
}

/* In one go: what is summed up comes from the disk, entry by entry. */
static enum rc summary_step(struct slow *slow, bool *out_last, struct fault *fault)
{
    struct face_context *context = face_of(slow->request);
    struct log_figures figures = {.arena = &slow->request->arena, .date_name = {"date", 4}};
    uint32_t learner = ((struct summary_read *)slow)->learner;

    *out_last = true;
    if (getrandom(&figures.seed, sizeof figures.seed, 0) < 0)
        figures.seed = (uint64_t)context->now_ms(); /* names are told apart all the same */
    enum rc rc = log_figures_of(service_history(context->service), learner, &figures, fault);
    if (rc == RC_OK)
        put_summary(&slow->out, &figures, face_call(slow->request)->user.bytes);
    log_figures_done(&figures);
    return rc;
}

const struct slow_handler logs_summary = {sizeof(struct summary_read), .open = summary_open,
                                          .step = summary_step};
