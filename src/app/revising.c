#include "app/revising.h"

#include "app/commit.h"
#include "app/decide/decide.h"
#include "app/engine_private.h"
#include "app/queue.h"
#include "core/live.h"

enum {
    BLOCKED_MAX = 4096, /* commands that wait for an edit of what they touch; above that 503 */
    REVISION_MS = 2,    /* what a revision takes between two batches */
};

static bool is_revised(const struct engine *engine, struct text item_id, struct text course_id)
{
    struct view view = engine->fold.view;
    uint32_t course = course_id.bytes ? view_course_key(view, course_id.bytes, course_id.size) : 0;
    uint32_t item = item_id.bytes ? view_item_key(view, item_id.bytes, item_id.size) : 0;

    return revision_touches(view, course, item);
}

/* Whether a command must wait for the revision under way: other edits and erasures until it is over, what it
 * touches until it is shown. */
static bool must_wait(const struct engine *engine, const struct command *command)
{
    if (queue_is_alone(engine, command))
        return true;
    if (engine->phase != REVISION_PREPARING || decide_touches_entries_only(command->kind))
        return false;
    for (uint32_t i = 0; command->kind == CMD_REPORTS && i < command->report_count; i++)
        if (is_revised(engine, command->reports[i].item, command->reports[i].course))
            return true;
    return command->kind != CMD_REPORTS && is_revised(engine, command->item, command->course);
}

void revising_block(struct engine *engine, struct command *command)
{
    command->next = NULL;
    if (engine->blocked.count == BLOCKED_MAX) {
        command->rc = RC_BUSY;
        command->fault = (struct fault){NULL, "the course is being edited; try again"};
        commit_answer(engine, command);
        return;
    }
    queue_join(&engine->blocked, command);
}

struct command *revising_sort_out(struct engine *engine, struct command *commands)
{
    struct command *first = NULL, **end = &first;

    if (!engine->revision)
        return commands;
    for (struct command *command = commands, *next; command; command = next) {
        next = command->next;
        if (must_wait(engine, command)) {
            revising_block(engine, command);
        } else {
            *end = command;
            end = &command->next;
        }
    }
    *end = NULL;
    return first;
}

struct command *revising_step(struct engine *engine, struct command *commands)
{
    enum revision_phase before = engine->phase;

    engine->phase = revision_step(engine->revision, REVISION_MS);
    if (engine->phase == before)
        return commands;
    if (before == REVISION_PREPARING && engine->live)
        engine->live->rights_changed(engine->live->of);
    if (before == REVISION_PREPARING) {
        if (engine->revising)
            commit_answer(engine, engine->revising);
        engine->revising = NULL;
    }
    if (engine->phase == REVISION_OVER) {
        revision_free(engine->revision);
        engine->revision = NULL;
    }
    if (!engine->blocked.head)
        return commands;
    engine->blocked.last->next = commands;
    commands = engine->blocked.head;
    engine->blocked = (struct line){NULL, NULL, 0};
    return commands;
}
