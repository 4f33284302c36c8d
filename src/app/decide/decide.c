#include "app/decide/decide.h"

#include "app/batch.h"
#include "app/decide/decide_course.h"
#include "app/decide/decide_enrolment.h"
#include "app/decide/decide_erase.h"
#include "app/decide/decide_log.h"
#include "app/decide/decide_reports.h"

bool decide_stands_alone(const struct command *command)
{
    return command->kind == CMD_COURSE_PUT || command->kind == CMD_COURSE_DELETE ||
           command->kind == CMD_ERASE;
}

void decide(struct batch *batch, struct command *command)
{
    command->learner_key =
        command->learner.bytes
            ? view_learner_key(batch->fold->view, command->learner.bytes, command->learner.size)
            : 0;
    command->at_ms = batch_instant(batch, command, command->learner_key);
    switch (command->kind) {
    case CMD_ENROL:
    case CMD_DROP:
    case CMD_EXPIRE:
    case CMD_CERTIFY:
        command->rc = decide_enrolment(batch, command);
        break;
    case CMD_LOG_ADD:
    case CMD_LOG_UPDATE:
    case CMD_LOG_DELETE:
    case CMD_LOGS_CLEAR:
    case CMD_LOGS_ROLL_BACK:
        command->rc = decide_log(batch, command);
        break;
    case CMD_COURSE_PUT:
    case CMD_COURSE_DELETE:
        command->rc = decide_course(batch, command);
        break;
    case CMD_ERASE:
        command->rc = decide_erase(batch, command);
        break;
    default:
        command->rc = decide_progress(batch, command);
        break;
    }
    if (command->rc == RC_OK && command->answer_key && !command->split)
        command->encode(command, batch->fold->view);
}
