#include "app/access.h"
#include "core/event.h"
#include "face/body.h"
#include "face/courseroom/courseroom.h"
#include "face/courseroom/courseroom_analytics.h"
#include "face/courseroom/courseroom_lists.h"
#include "face/courseroom/courseroom_update.h"
#include "face/courseroom/courseroom_user.h"
#include "face/dispatch.h"
#include "face/live/live_subscribe.h"
#include "face/logs/logs.h"
#include "face/logs/logs_history.h"
#include "face/logs/logs_rollback.h"
#include "face/logs/logs_summary.h"
#include "face/own/own_catalog.h"
#include "face/own/own_demo.h"
#include "face/own/own_export.h"
#include "face/own/own_server.h"
#include "face/own/own_users.h"
#include "face/pts/pts.h"
#include "face/pts/pts_read.h"
#include "face/trk/trk.h"
#include "face/trk/trk_kinds.h"
#include "face/trk/trk_module.h"
#include "face/trk/trk_stats.h"
#include "face/trk/trk_user.h"
#include "face/video/video.h"
#include "face/video/video_figures.h"
#include "face/video/video_list.h"

/* Every route there is, once: method, pattern, literals in any case, who may, face, handler; what it does,
 * the schemas (openapi_schemas.json) of what it takes and gives, what its body may be besides and how large.
 */
/* most bodies are plain JSON of 1 MiB at most */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
static const struct http_route table[] = {
    {HTTP_GET, "/api/v1/Progress/summary/{userId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_summary,
     "A learner's summary", NULL, "PtsSummary"},
    {HTTP_POST, "/api/v1/Progress/video", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_video, "Report a video",
     "PtsReport", "PtsVideo"},
    {HTTP_POST, "/api/v1/Progress/video/{userId}/{videoId}", true, ACCESS_OWN_STUDENT, FACE_PTS,
     pts_video_path, "Report a video, ids in the path", "PtsReportPath", "PtsVideo"},
    {HTTP_POST, "/api/v1/Progress/videos/bulk", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_videos_bulk,
     "Report many videos, all or nothing", "PtsBulk", "PtsVideos", BODY_GZIP},
    {HTTP_GET, "/api/v1/Progress/course/{userId}/{courseId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_course,
     "A learner's course with its videos", NULL, "PtsCourse"},
    {HTTP_GET, "/api/v1/Progress/videos/{userId}/{courseId}", true, ACCESS_OWN_STUDENT, FACE_PTS, pts_videos,
     "A learner's videos of a course", NULL, "PtsVideos"},
    {HTTP_POST, "/api/v1/progress/Webhook/enrollment-updated", true, ACCESS_WEBHOOK, FACE_PTS, pts_enrollment,
     "Enrol, drop, expire or certify", "PtsEnrollment", "Empty"},
    {HTTP_POST, "/api/v1/progress/progress/webhook/enrollment-updated", true, ACCESS_WEBHOOK, FACE_PTS,
     pts_enrollment, "The same, where the payments service posts", "PtsEnrollment", "Empty"},
    {HTTP_POST, "/api/v1/progress/Webhook/course-updated", true, ACCESS_WEBHOOK, FACE_PTS, pts_course_updated,
     "Drop what is cached of a course", "PtsCourseUpdated", "Empty"},
    {HTTP_POST, "/api/v1/progress/Webhook/video-updated", true, ACCESS_WEBHOOK, FACE_PTS, pts_video_updated,
     "Drop what is cached of a video", "PtsVideoUpdated", "Empty"},

    {HTTP_GET, "/user-progress/{courseId}/{userId}", false, ACCESS_COURSE_RECORD, FACE_COURSEROOM,
     courseroom_get, "A learner's enrolment and activities in a course", NULL, "RoomUser"},
    {HTTP_GET, "/user-progress/{courseId}/{userId}/activities", false, ACCESS_COURSE_RECORD, FACE_COURSEROOM,
     courseroom_activities, "A learner's activities, filtered", NULL, "RoomActivities"},
    {HTTP_GET, "/user-progress/{courseId}/{userId}/certificate", false, ACCESS_COURSE_RECORD, FACE_COURSEROOM,
     courseroom_certificate, "A learner's certificate", NULL, "RoomEnrolled"},
    {HTTP_POST, "/user-progress/{courseId}/{userId}/certify", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_certify, "Certify a completed enrolment", "RoomCertify", "RoomEnrolled"},
    {HTTP_GET, "/user-progress/course/{courseId}/all", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_all, "All learners of a course", NULL, "RoomMembers"},
    {HTTP_GET, "/user-progress/course/{courseId}/analytics", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_analytics, "A course's figures", NULL, "RoomAnalytics"},
    {HTTP_GET, "/user-progress/course/{courseId}/leaderboard", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM,
     courseroom_leaderboard, "A course's learners, best first", NULL, "RoomLeaderboard"},
    {HTTP_POST, "/user-progress/bulk", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM, courseroom_bulk,
     "Some learners of a course", "RoomBulk", "RoomMembers", BODY_GZIP},
    {HTTP_POST, "/user-progress/update", false, ACCESS_SIGNED_IN, FACE_COURSEROOM, courseroom_update,
     "Report, lock or unlock a content item", "RoomUpdate", "RoomUpdated"},
    {HTTP_POST, "/user-progress/reset", false, ACCESS_COURSE_STAFF, FACE_COURSEROOM, courseroom_reset,
     "Reset a learner's course or item", "RoomReset", "RoomResetDone"},

    {HTTP_GET, "/api/progress/{userId}", false, ACCESS_COURSE_RECORD, FACE_TRK, trk_user,
     "All progress and logs of a learner", NULL, "TrkUser"},
    {HTTP_GET, "/api/progress/{userId}/{moduleId}", false, ACCESS_COURSE_RECORD, FACE_TRK, trk_module,
     "A learner's module", NULL, "TrkModule"},
    {HTTP_GET, "/api/progress/{userId}/labs", false, ACCESS_PERSON, FACE_TRK, trk_labs, "A learner's labs",
     NULL, "TrkKind"},
    {HTTP_GET, "/api/progress/{userId}/games", false, ACCESS_PERSON, FACE_TRK, trk_games, "A learner's games",
     NULL, "TrkKind"},
    {HTTP_POST, "/api/progress", false, ACCESS_OWN, FACE_TRK, trk_post, "Report own progress", "TrkPost",
     "TrkSaved"},
    {HTTP_PUT, "/api/progress/{id}/complete", false, ACCESS_OWN, FACE_TRK, trk_complete, "Mark as completed",
     "TrkComplete", "TrkSaved", BODY_OPTIONAL},
    {HTTP_GET, "/api/progress/stats/{moduleId}", false, ACCESS_COURSE_STAFF, FACE_TRK, trk_stats,
     "A module's statistics", NULL, "TrkStats"},

    {HTTP_POST, "/api/progress/log", false, ACCESS_PERSON, FACE_LOGS, logs_post, "Add a log entry", "LogAdd",
     "LogAdded"},
    {HTTP_GET, "/api/progress/summary/{userId}", false, ACCESS_PERSON, FACE_LOGS, logs_summary,
     "Summary of a learner's logs", NULL, "LogSummary"},
    {HTTP_PUT, "/api/progress/log/{logId}", false, ACCESS_PERSON, FACE_LOGS, logs_put, "Change a log entry",
     "LogChange", "LogUpdated"},
    {HTTP_DELETE, "/api/progress/log/{logId}", false, ACCESS_PERSON, FACE_LOGS, logs_delete,
     "Delete a log entry", NULL, "LogDeleted"},
    {HTTP_DELETE, "/api/progress/user/{userId}/logs", false, ACCESS_PERSON, FACE_LOGS, logs_clear,
     "Delete all log entries of a learner", NULL, "LogsCleared"},

    {HTTP_GET, "/api/progress/log/{logId}/history", false, ACCESS_PERSON, FACE_LOGS, logs_history,
     "What happened to a log entry", NULL, "LogHistory"},
    {HTTP_POST, "/api/progress/user/{userId}/rollback", false, ACCESS_PERSON, FACE_LOGS, logs_roll_back,
     "Take log entries back to an event or an instant", "LogsRollBack", "LogsRolledBack"},

    {HTTP_POST, "/progress/update", false, ACCESS_PERSON, FACE_VIDEO, video_update, "Report a video",
     "VideoUpdate", "VideoState", BODY_BEACON},
    {HTTP_POST, "/progress/realtime", false, ACCESS_PERSON, FACE_VIDEO, video_update,
     "Report a video while it plays", "VideoUpdate", "VideoState", BODY_BEACON},
    {HTTP_GET, "/progress/realtime", false, ACCESS_COURSE_RECORD, FACE_VIDEO, live_subscribe,
     "Watch: Server-Sent Events, or a WebSocket", NULL, "LiveMessage"},
    {HTTP_POST, "/progress/realtime/ticket", false, ACCESS_SIGNED_IN, FACE_VIDEO, live_ticket,
     "A ticket to watch with, good once", NULL, "LiveTicket"},
    {HTTP_POST, "/progress/sync", false, ACCESS_PERSON, FACE_VIDEO, video_sync, "Report many, a result each",
     "VideoSync", "VideoSynced", BODY_GZIP},
    {HTTP_GET, "/progress/{userId}", false, ACCESS_PERSON, FACE_VIDEO, video_list, "All videos of a learner",
     NULL, "VideoList"},
    {HTTP_GET, "/progress/{userId}/{videoId}", false, ACCESS_COURSE_RECORD, FACE_VIDEO, video_get,
     "One video", NULL, "VideoState"},
    {HTTP_DELETE, "/progress/{userId}/{videoId}", false, ACCESS_PERSON, FACE_VIDEO, video_delete,
     "Delete a video's progress", NULL, "Message"},
    {HTTP_GET, "/progress/summary/{videoId}", false, ACCESS_SIGNED_IN, FACE_VIDEO, video_summary,
     "A video's figures", NULL, "VideoSummary"},
    {HTTP_GET, "/progress/engagement/{userId}", false, ACCESS_PERSON, FACE_VIDEO, video_engagement,
     "A learner's engagement", NULL, "VideoEngagement"},

    {HTTP_PUT, "/api/v1/catalog/courses/{id}", false, ACCESS_ADMIN, FACE_CATALOG, own_catalog_put,
     "Declare a course", "CoursePut", "Course", .body_max_bytes = 8 << 20},
    {HTTP_GET, "/api/v1/catalog/courses/{id}", false, ACCESS_CATALOG_READ, FACE_CATALOG, own_catalog_get,
     "A course", NULL, "Course"},
    {HTTP_DELETE, "/api/v1/catalog/courses/{id}", false, ACCESS_ADMIN, FACE_CATALOG, own_catalog_delete,
     "Take a course's declaration back", NULL, "CourseDeleted"},
    {HTTP_GET, "/api/v1/catalog/courses", false, ACCESS_ADMIN, FACE_CATALOG, own_catalog_list, "All courses",
     NULL, "Courses"},

    {HTTP_GET, "/api/v1/users/{userId}/progress", false, ACCESS_PERSON, FACE_LEARNER, own_users_progress,
     "A learner's whole progress, now or as it was", NULL, "UserProgress"},
    {HTTP_GET, "/api/v1/users/{userId}/export", false, ACCESS_PERSON, FACE_LEARNER, own_export,
     "All that is kept of a learner", NULL, "UserExport"},
    {HTTP_DELETE, "/api/v1/users/{userId}", false, ACCESS_PERSON, FACE_LEARNER, own_users_erase,
     "Erase a learner", NULL, "UserErased"},

    {HTTP_GET, "/healthz", false, ACCESS_PUBLIC, 0, own_server_healthz, "The process lives", NULL, "Health"},
    {HTTP_GET, "/metrics", false, ACCESS_SERVER_KEY, 0, own_server_metrics,
     "Figures for Prometheus, with X-Server-Key", NULL, "Text"},
    {HTTP_GET, "/readyz", false, ACCESS_PUBLIC, 0, own_server_readyz, "The server can store", NULL, "Health"},
    {HTTP_GET, "/", false, ACCESS_PUBLIC, 0, own_server_page, "The dashboard", NULL, "Html"},
    {HTTP_GET, "/ui/app.js", false, ACCESS_PUBLIC, 0, own_server_page, "The dashboard's program", NULL,
     "Script"},
    {HTTP_GET, "/ui/style.css", false, ACCESS_PUBLIC, 0, own_server_page, "The dashboard's looks", NULL,
     "Style"},
    {HTTP_GET, "/demo", false, ACCESS_PUBLIC, 0, own_demo, "The demo page, where the setting demo is on",
     NULL, "Html"},
    {HTTP_GET, "/demo/{file}", false, ACCESS_PUBLIC, 0, own_demo, "What the demo page needs", NULL, "File"},
    {HTTP_GET, "/openapi.json", false, ACCESS_PUBLIC, 0, own_server_openapi, "This description", NULL,
     "OpenApi"},
};

const struct http_routes face_routes = {table, sizeof table / sizeof *table};
