#include "app/decide/decide.h"

#include "app/batch.h"
#include "app/decide/decide_course.h"
#include "app/decide/decide_enrolment.h"
#include "app/decide/decide_erase.h"
#include "app/decide/decide_lock.h"
#include "app/decide/decide_log.h"
#include "app/decide/decide_reports.h"

/* What is to be known of a kind of command, a row each. */
/* clang-format off */
static const struct {
    enum rc (*decide)(struct batch *batch, struct command *command);
    bool alone;   /* a batch of its own: it looks at published holders, so all before it must be published */
    bool entries; /* touches log entries alone, nothing that a catalogue edit changes */
} kinds[CMD_KINDS] = {
    [CMD_REPORTS] = {decide_reports},
    [CMD_ENROL] = {decide_enrolment},
    [CMD_DROP] = {decide_enrolment},
    [CMD_EXPIRE] = {decide_enrolment},
    [CMD_CERTIFY] = {decide_enrolment},
    [CMD_LOCK] = {decide_lock},
    [CMD_UNLOCK] = {decide_lock},
    [CMD_DELETE_PROGRESS] = {decide_delete},
    [CMD_RESET] = {decide_reset},
    [CMD_LOG_ADD] = {decide_log, .entries = true},
    [CMD_LOG_UPDATE] = {decide_log, .entries = true},
    [CMD_LOG_DELETE] = {decide_log, .entries = true},
    [CMD_LOGS_CLEAR] = {decide_log, .entries = true},
    [CMD_LOGS_ROLL_BACK] = {decide_log, .entries = true},
    [CMD_COURSE_PUT] = {decide_course, .alone = true},
    [CMD_COURSE_DELETE] = {decide_course, .alone = true},
    [CMD_ERASE] = {decide_erase, .alone = true},
};
/* clang-format on */

bool decide_stands_alone(enum command_kind kind)
{
    return kinds[kind].alone;
}

bool decide_touches_entries_only(enum command_kind kind)
{
    return kinds[kind].entries;
}

void decide_command(struct batch *batch, struct command *command)
{
    struct view view = batch->fold->view;

    command->learner_key =
        command->learner.bytes ? view_learner_key(view, command->learner.bytes, command->learner.size) : 0;
    command->at_ms = batch_instant(batch, command, command->learner_key);
    command->rc = kinds[command->kind].decide(batch, command);
    if (command->rc == RC_OK && command->answer_key && !command->split)
        command->encode(command, batch->fold->view);
}
