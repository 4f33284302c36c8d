#include "face/catalog_face.h"
#include "face/courseroom.h"
#include "face/face.h"
#include "face/logs.h"
#include "face/pts.h"
#include "face/server_face.h"
#include "face/trk.h"
#include "face/video.h"

/* Every route there is, once: method, pattern, literals in any case, who may, face, handler, what it does. */
static const struct http_route table[] = {
    {HTTP_GET, "/api/v1/Progress/summary/{userId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_summary,
     "A learner's summary"},
    {HTTP_POST, "/api/v1/Progress/video", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_video, "Report a video"},
    {HTTP_POST, "/api/v1/Progress/video/{userId}/{videoId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_video_path,
     "Report a video, ids in the path"},
    {HTTP_POST, "/api/v1/Progress/videos/bulk", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_videos_bulk,
     "Report many videos, all or nothing"},
    {HTTP_GET, "/api/v1/Progress/course/{userId}/{courseId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_course,
     "A learner's course with its videos"},
    {HTTP_GET, "/api/v1/Progress/videos/{userId}/{courseId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_videos,
     "A learner's videos of a course"},
    {HTTP_POST, "/api/v1/progress/Webhook/enrollment-updated", true, ACCESS_WEBHOOK, FACE_PTS, pts_enrollment,
     "Enrol, drop, expire or certify"},
    {HTTP_POST, "/api/v1/progress/progress/webhook/enrollment-updated", true, ACCESS_WEBHOOK, FACE_PTS,
     pts_enrollment, "The same, where the payments service posts"},
    {HTTP_POST, "/api/v1/progress/Webhook/course-updated", true, ACCESS_WEBHOOK, FACE_PTS, pts_course_updated,
     "Drop what is cached of a course"},
    {HTTP_POST, "/api/v1/progress/Webhook/video-updated", true, ACCESS_WEBHOOK, FACE_PTS, pts_video_updated,
     "Drop what is cached of a video"},

    {HTTP_GET, "/user-progress/{courseId}/{userId}", false, ACCESS_COURSE_RECORD, FACE_COURSEROOM, courseroom_get,
     "A learner's enrolment and activities in a course"},
    {HTTP_GET, "/user-progress/{courseId}/{userId}/activities", false, ACCESS_COURSE_RECORD, FACE_COURSEROOM,
     courseroom_activities, "A learner's activities, filtered"},
    {HTTP_GET, "/user-progress/{courseId}/{userId}/certificate", false, ACCESS_COURSE_RECORD, FACE_COURSEROOM,
     courseroom_certificate, "A learner's certificate"},
    {HTTP_POST, "/user-progress/{courseId}/{userId}/certify", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_certify, "Certify a completed enrolment"},
    {HTTP_GET, "/user-progress/course/{courseId}/all", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM, courseroom_all,
     "All learners of a course"},
    {HTTP_GET, "/user-progress/course/{courseId}/analytics", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_analytics, "A course's figures"},
    {HTTP_GET, "/user-progress/course/{courseId}/leaderboard", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_leaderboard, "A course's learners, best first"},
    {HTTP_POST, "/user-progress/bulk", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM, courseroom_bulk,
     "Some learners of a course"},
    {HTTP_POST, "/user-progress/update", false, ACCESS_SIGNED_IN, FACE_COURSEROOM, courseroom_update,
     "Report, lock or unlock a content item"},
    {HTTP_POST, "/user-progress/reset", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM, courseroom_reset,
     "Reset a learner's course or item"},

    {HTTP_GET, "/api/progress/{userId}", false, ACCESS_COURSE_RECORD, FACE_TRK, trk_user,
     "All progress and logs of a learner"},
    {HTTP_GET, "/api/progress/{userId}/{moduleId}", false, ACCESS_COURSE_RECORD, FACE_TRK, trk_module,
     "A learner's module"},
    {HTTP_GET, "/api/progress/{userId}/labs", false, ACCESS_PERSON, FACE_TRK, trk_labs, "A learner's labs"},
    {HTTP_GET, "/api/progress/{userId}/games", false, ACCESS_PERSON, FACE_TRK, trk_games, "A learner's games"},
    {HTTP_POST, "/api/progress", false, ACCESS_OWN, FACE_TRK, trk_post, "Report own progress"},
    {HTTP_PUT, "/api/progress/{id}/complete", false, ACCESS_OWN, FACE_TRK, trk_complete, "Mark as completed"},
    {HTTP_GET, "/api/progress/stats/{moduleId}", false, ACCESS_COURSE_STAFF, FACE_TRK, trk_stats,
     "A module's statistics"},

    {HTTP_POST, "/api/progress/log", false, ACCESS_PERSON, FACE_LOGS, logs_post, "Add a log entry"},
    {HTTP_GET, "/api/progress/summary/{userId}", false, ACCESS_PERSON, FACE_LOGS, logs_summary,
     "Summary of a learner's logs"},
    {HTTP_PUT, "/api/progress/log/{logId}", false, ACCESS_PERSON, FACE_LOGS, logs_put, "Change a log entry"},
    {HTTP_DELETE, "/api/progress/log/{logId}", false, ACCESS_PERSON, FACE_LOGS, logs_delete, "Delete a log entry"},
    {HTTP_DELETE, "/api/progress/user/{userId}/logs", false, ACCESS_PERSON, FACE_LOGS, logs_clear,
     "Delete all log entries of a learner"},

    {HTTP_POST, "/progress/update", false, ACCESS_PERSON, FACE_VIDEO, video_update, "Report a video"},
    {HTTP_POST, "/progress/realtime", false, ACCESS_PERSON, FACE_VIDEO, video_update, "Report a video while it plays"},
    {HTTP_POST, "/progress/sync", false, ACCESS_PERSON, FACE_VIDEO, video_sync, "Report many, a result each"},
    {HTTP_GET, "/progress/{userId}", false, ACCESS_PERSON, FACE_VIDEO, video_list, "All videos of a learner"},
    {HTTP_GET, "/progress/{userId}/{videoId}", false, ACCESS_COURSE_RECORD, FACE_VIDEO, video_get, "One video"},
    {HTTP_DELETE, "/progress/{userId}/{videoId}", false, ACCESS_PERSON, FACE_VIDEO, video_delete,
     "Delete a video's progress"},
    {HTTP_GET, "/progress/summary/{videoId}", false, ACCESS_SIGNED_IN, FACE_VIDEO, video_summary, "A video's figures"},
    {HTTP_GET, "/progress/engagement/{userId}", false, ACCESS_PERSON, FACE_VIDEO, video_engagement,
     "A learner's engagement"},

    {HTTP_PUT, "/api/v1/catalog/courses/{id}", false, ACCESS_ADMIN, FACE_CATALOG, catalog_put, "Declare a course"},
    {HTTP_GET, "/api/v1/catalog/courses/{id}", false, ACCESS_CATALOG_READ, FACE_CATALOG, catalog_get, "A course"},
    {HTTP_DELETE, "/api/v1/catalog/courses/{id}", false, ACCESS_ADMIN, FACE_CATALOG, catalog_delete,
     "Take a course's declaration back"},
    {HTTP_GET, "/api/v1/catalog/courses", false, ACCESS_ADMIN, FACE_CATALOG, catalog_list, "All courses"},

    {HTTP_GET, "/healthz", false, ACCESS_PUBLIC, 0, server_healthz, "The process lives"},
    {HTTP_GET, "/metrics", false, ACCESS_SERVER_KEY, 0, server_metrics, "Figures for Prometheus, with X-Server-Key"},
    {HTTP_GET, "/readyz", false, ACCESS_PUBLIC, 0, server_readyz, "The server can store"},
};

const struct http_routes face_routes = {table, sizeof table / sizeof *table};
