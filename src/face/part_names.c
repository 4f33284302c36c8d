#include "face/part_names.h"

static const char *const names[FACE_COUNT][COMMAND_PARTS] = {
    [FACE_PTS] = {[PART_ITEM] = "VideoId", [PART_COURSE] = "CourseId"},
    [FACE_COURSEROOM] = {[PART_ITEM] = "courseContentId",
                         [PART_TIME_SPENT] = "activityDuration",
                         [PART_METADATA] = "metadata"},
    [FACE_TRK] = {[PART_ITEM] = "contentId",
                  [PART_TIME_SPENT] = "timeSpent",
                  [PART_SCORE] = "score",
                  [PART_MAX_SCORE] = "maxScore"},
    [FACE_LOGS] = {[PART_LOG_USER] = "user_id", [PART_LOG] = "body"},
    [FACE_VIDEO] = {[PART_ITEM] = "videoId", [PART_SEGMENTS] = "segments"},
    [FACE_CATALOG] = {[PART_COURSE_ITEMS] = "contents", [PART_COURSE_STAFF] = "staff"},
};

const char *const *face_part_names(enum event_face face)
{
    return names[face];
}
