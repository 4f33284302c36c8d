#include "app/access.h"
#include "core/event.h"
#include "face/body.h"
#include "face/courseroom/courseroom.h"
#include "face/courseroom/courseroom_analytics.h"
#include "face/courseroom/courseroom_item.h"
#include "face/courseroom/courseroom_lists.h"
#include "face/courseroom/courseroom_update.h"
#include "face/courseroom/courseroom_user.h"
#include "face/dispatch.h"
#include "face/live/live_subscribe.h"
#include "face/live/live_ticket.h"
#include "face/logs/logs.h"
#include "face/logs/logs_history.h"
#include "face/logs/logs_rollback.h"
#include "face/logs/logs_summary.h"
#include "face/own/own_audit.h"
#include "face/own/own_catalog.h"
#include "face/own/own_catalog_list.h"
#include "face/own/own_demo.h"
#include "face/own/own_export.h"
#include "face/own/own_me.h"
#include "face/own/own_page.h"
#include "face/own/own_server.h"
#include "face/own/own_system.h"
#include "face/own/own_users.h"
#include "face/own/own_users_courses.h"
#include "face/own/own_users_history.h"
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

/* Every route there is, once: method, pattern, whether its literals match in any case, who may, face, what
 * answers it; what it does, the schemas (openapi_schemas.json) of what it takes and gives, what its body may
 * be besides and how large. Most bodies are plain JSON of 1 MiB at most. */
static const struct http_route table[] = {
    {HTTP_GET, "/api/v1/Progress/summary/{userId}", .any_case = true, .rule = ACCESS_OWN_STUDENT,
     .face = FACE_PTS, .slow = &pts_summary, .summary = "A learner's summary", .gives = "PtsSummary"},
    {HTTP_POST, "/api/v1/Progress/video", .any_case = true, .rule = ACCESS_OWN_STUDENT, .face = FACE_PTS,
     .write = &pts_video, .summary = "Report a video", .takes = "PtsReport", .gives = "PtsVideo"},
    {HTTP_POST, "/api/v1/Progress/video/{userId}/{videoId}", .any_case = true, .rule = ACCESS_OWN_STUDENT,
     .face = FACE_PTS, .write = &pts_video, .summary = "Report a video, ids in the path",
     .takes = "PtsReportPath", .gives = "PtsVideo"},
    {HTTP_POST, "/api/v1/Progress/videos/bulk", .any_case = true, .rule = ACCESS_OWN_STUDENT,
     .face = FACE_PTS, .write = &pts_videos_bulk, .summary = "Report many videos, all or nothing",
     .takes = "PtsBulk", .gives = "PtsVideos", .body_form = BODY_GZIP},
    {HTTP_GET, "/api/v1/Progress/course/{userId}/{courseId}", .any_case = true, .rule = ACCESS_OWN_STUDENT,
     .face = FACE_PTS, .slow = &pts_course, .summary = "A learner's course with its videos",
     .gives = "PtsCourse"},
    {HTTP_GET, "/api/v1/Progress/videos/{userId}/{courseId}", .any_case = true, .rule = ACCESS_OWN_STUDENT,
     .face = FACE_PTS, .slow = &pts_videos, .summary = "A learner's videos of a course",
     .gives = "PtsVideos"},
    {HTTP_POST, "/api/v1/progress/Webhook/enrollment-updated", .any_case = true, .rule = ACCESS_WEBHOOK,
     .face = FACE_PTS, .write = &pts_enrollment, .summary = "Enrol, drop, expire or certify",
     .takes = "PtsEnrollment", .gives = "Empty"},
    {HTTP_POST, "/api/v1/progress/progress/webhook/enrollment-updated", .any_case = true,
     .rule = ACCESS_WEBHOOK, .face = FACE_PTS, .write = &pts_enrollment,
     .summary = "The same, where the payments service posts", .takes = "PtsEnrollment", .gives = "Empty"},
    {HTTP_POST, "/api/v1/progress/Webhook/course-updated", .any_case = true, .rule = ACCESS_WEBHOOK,
     .face = FACE_PTS, .handler = pts_course_updated, .summary = "Drop what is cached of a course",
     .takes = "PtsCourseUpdated", .gives = "Empty"},
    {HTTP_POST, "/api/v1/progress/Webhook/video-updated", .any_case = true, .rule = ACCESS_WEBHOOK,
     .face = FACE_PTS, .handler = pts_video_updated, .summary = "Drop what is cached of a video",
     .takes = "PtsVideoUpdated", .gives = "Empty"},

    {HTTP_GET, "/user-progress/{courseId}/{userId}", .integers = true, .rule = ACCESS_COURSE_RECORD,
     .face = FACE_COURSEROOM, .slow = &courseroom_get,
     .summary = "A learner's enrolment and activities in a course", .gives = "RoomUser"},
    {HTTP_GET, "/user-progress/{courseId}/{userId}/activities", .integers = true,
     .rule = ACCESS_COURSE_RECORD, .face = FACE_COURSEROOM, .slow = &courseroom_activities,
     .summary = "A learner's activities, filtered", .query = "startDate,endDate,status:item,limit:all,offset",
     .gives = "RoomActivities"},
    {HTTP_GET, "/user-progress/{courseId}/{userId}/certificate", .integers = true,
     .rule = ACCESS_COURSE_RECORD, .face = FACE_COURSEROOM, .read = &courseroom_certificate,
     .summary = "A learner's certificate", .gives = "RoomEnrolled"},
    {HTTP_POST, "/user-progress/{courseId}/{userId}/certify", .integers = true, .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .write = &courseroom_certify, .summary = "Certify a completed enrolment",
     .takes = "RoomCertify", .gives = "RoomEnrolled"},
    {HTTP_GET, "/user-progress/course/{courseId}/all", .integers = true, .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .slow = &courseroom_all, .summary = "All learners of a course",
     .query = "status:enrollment,sortBy:members,order,page,limit:page,cursor,logs,q,inactiveDays,atRisk",
     .gives = "RoomMembers"},
    {HTTP_GET, "/user-progress/course/{courseId}/analytics", .integers = true, .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .slow = &courseroom_analytics, .summary = "A course's figures",
     .gives = "RoomAnalytics"},
    {HTTP_GET, "/user-progress/course/{courseId}/leaderboard", .integers = true, .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .slow = &courseroom_leaderboard, .summary = "A course's learners, best first",
     .query = "page,limit:page", .gives = "RoomLeaderboard"},
    {HTTP_GET, "/user-progress/course/{courseId}/items/{itemId}/learners", .integers = true,
     .rule = ACCESS_COURSE_STAFF, .face = FACE_COURSEROOM, .slow = &courseroom_item_learners,
     .summary = "How the learners of a course stand to one of its items",
     .query = "status:item,sortBy:item,order,page,limit:page,cursor", .gives = "RoomItemLearners"},
    {HTTP_POST, "/user-progress/bulk", .rule = ACCESS_COURSE_STAFF, .face = FACE_COURSEROOM,
     .slow = &courseroom_bulk, .summary = "Some learners of a course", .takes = "RoomBulk",
     .gives = "RoomMembers", .body_form = BODY_GZIP},
    {HTTP_POST, "/user-progress/update", .rule = ACCESS_SIGNED_IN, .face = FACE_COURSEROOM,
     .write = &courseroom_update, .summary = "Report, lock or unlock a content item", .takes = "RoomUpdate",
     .gives = "RoomUpdated"},
    {HTTP_POST, "/user-progress/reset", .rule = ACCESS_COURSE_STAFF, .face = FACE_COURSEROOM,
     .write = &courseroom_reset, .summary = "Reset a learner's course or item", .takes = "RoomReset",
     .gives = "RoomResetDone"},

    /* The same of a course, an item and a learner of any id: contract 9 has figures of every course. */
    {HTTP_GET, "/api/v1/courses/{courseId}/analytics", .rule = ACCESS_COURSE_STAFF, .face = FACE_COURSEROOM,
     .slow = &courseroom_analytics, .summary = "A course's figures, of any id", .gives = "RoomAnalytics"},
    {HTTP_GET, "/api/v1/courses/{courseId}/leaderboard", .rule = ACCESS_COURSE_STAFF, .face = FACE_COURSEROOM,
     .slow = &courseroom_leaderboard, .summary = "A course's learners, best first, of any id",
     .query = "page,limit:page", .gives = "RoomLeaderboard"},
    {HTTP_GET, "/api/v1/courses/{courseId}/items/{itemId}/learners", .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .slow = &courseroom_item_learners,
     .summary = "How the learners of a course stand to one of its items, of any id",
     .query = "status:item,sortBy:item,order,page,limit:page,cursor", .gives = "RoomItemLearners"},
    {HTTP_GET, "/api/v1/courses/{courseId}/learners", .rule = ACCESS_COURSE_STAFF, .face = FACE_COURSEROOM,
     .slow = &courseroom_all, .summary = "All learners of a course, of any id",
     .query = "status:enrollment,sortBy:members,order,page,limit:page,cursor,logs,q,inactiveDays,atRisk",
     .gives = "RoomMembers"},
    {HTTP_GET, "/api/v1/courses/{courseId}/learners/{userId}", .rule = ACCESS_COURSE_RECORD,
     .face = FACE_COURSEROOM, .slow = &courseroom_get,
     .summary = "A learner's enrolment and activities in a course, of any id", .gives = "RoomUser"},
    {HTTP_GET, "/api/v1/courses/{courseId}/learners/{userId}/activities", .rule = ACCESS_COURSE_RECORD,
     .face = FACE_COURSEROOM, .slow = &courseroom_activities,
     .summary = "A learner's activities, filtered, of any id",
     .query = "startDate,endDate,status:item,limit:all,offset", .gives = "RoomActivities"},
    {HTTP_GET, "/api/v1/courses/{courseId}/learners/{userId}/certificate", .rule = ACCESS_COURSE_RECORD,
     .face = FACE_COURSEROOM, .read = &courseroom_certificate,
     .summary = "A learner's certificate, of any id", .gives = "RoomEnrolled"},
    {HTTP_POST, "/api/v1/courses/{courseId}/learners/{userId}/certify", .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .write = &courseroom_certify,
     .summary = "Certify a completed enrolment, of any id", .takes = "RoomCertify", .gives = "RoomEnrolled"},
    {HTTP_POST, "/api/v1/courses/{courseId}/learners/{userId}/reset", .rule = ACCESS_COURSE_STAFF,
     .face = FACE_COURSEROOM, .write = &courseroom_reset,
     .summary = "Reset a learner's course or item, of any id", .takes = "CourseReset",
     .gives = "RoomResetDone", .body_form = BODY_OPTIONAL},
    {HTTP_POST, "/api/v1/courses/{courseId}/learners/{userId}/update", .rule = ACCESS_SIGNED_IN,
     .face = FACE_COURSEROOM, .write = &courseroom_update,
     .summary = "Report, lock or unlock an item, of any id", .takes = "CourseUpdate", .gives = "RoomUpdated"},

    {HTTP_GET, "/api/progress/{userId}", .rule = ACCESS_COURSE_RECORD, .face = FACE_TRK, .slow = &trk_user,
     .summary = "All progress and logs of a learner",
     .query = "contentType,status:trk,moduleId,limit:1000,cursor,from,to,as_of", .gives = "TrkUser"},
    {HTTP_GET, "/api/progress/{userId}/{moduleId}", .rule = ACCESS_COURSE_RECORD, .face = FACE_TRK,
     .slow = &trk_module, .summary = "A learner's module", .gives = "TrkModule"},
    {HTTP_GET, "/api/progress/{userId}/labs", .rule = ACCESS_COURSE_RECORD, .face = FACE_TRK,
     .slow = &trk_labs, .summary = "A learner's labs", .query = "status:trk,moduleId", .gives = "TrkKind"},
    {HTTP_GET, "/api/progress/{userId}/games", .rule = ACCESS_COURSE_RECORD, .face = FACE_TRK,
     .slow = &trk_games, .summary = "A learner's games", .query = "status:trk,moduleId", .gives = "TrkKind"},
    {HTTP_POST, "/api/progress", .rule = ACCESS_OWN, .face = FACE_TRK, .write = &trk_post,
     .summary = "Report own progress", .takes = "TrkPost", .gives = "TrkSaved", .done = "201"},
    {HTTP_PUT, "/api/progress/{id}/complete", .rule = ACCESS_OWN, .face = FACE_TRK, .write = &trk_complete,
     .summary = "Mark as completed", .takes = "TrkComplete", .gives = "TrkSaved", .body_form = BODY_OPTIONAL},
    {HTTP_GET, "/api/progress/stats/{moduleId}", .rule = ACCESS_COURSE_STAFF, .face = FACE_TRK,
     .slow = &trk_stats, .summary = "A module's statistics", .query = "page,limit:100", .gives = "TrkStats"},

    {HTTP_POST, "/api/progress/log", .rule = ACCESS_PERSON, .face = FACE_LOGS, .write = &logs_post,
     .summary = "Add a log entry", .takes = "LogAdd", .gives = "LogAdded", .done = "201"},
    {HTTP_GET, "/api/progress/summary/{userId}", .rule = ACCESS_PERSON, .face = FACE_LOGS,
     .slow = &logs_summary, .summary = "Summary of a learner's logs", .gives = "LogSummary"},
    {HTTP_PUT, "/api/progress/log/{logId}", .rule = ACCESS_PERSON, .face = FACE_LOGS, .write = &logs_put,
     .summary = "Change a log entry", .takes = "LogChange", .gives = "LogUpdated"},
    {HTTP_DELETE, "/api/progress/log/{logId}", .rule = ACCESS_PERSON, .face = FACE_LOGS,
     .write = &logs_delete, .summary = "Delete a log entry", .gives = "LogDeleted"},
    {HTTP_DELETE, "/api/progress/user/{userId}/logs", .rule = ACCESS_PERSON, .face = FACE_LOGS,
     .write = &logs_clear, .summary = "Delete all log entries of a learner", .gives = "LogsCleared"},

    {HTTP_GET, "/api/progress/log/{logId}/history", .rule = ACCESS_PERSON, .face = FACE_LOGS,
     .slow = &logs_history, .summary = "What happened to a log entry", .query = "limit:changes,cursor",
     .gives = "LogHistory"},
    {HTTP_POST, "/api/progress/user/{userId}/rollback", .rule = ACCESS_PERSON, .face = FACE_LOGS,
     .write = &logs_roll_back, .summary = "Take log entries back to an event or an instant",
     .takes = "LogsRollBack", .gives = "LogsRolledBack"},

    {HTTP_POST, "/progress/update", .rule = ACCESS_PERSON, .face = FACE_VIDEO, .write = &video_update,
     .summary = "Report a video", .takes = "VideoUpdate", .gives = "VideoState", .body_form = BODY_BEACON},
    {HTTP_POST, "/progress/realtime", .rule = ACCESS_PERSON, .face = FACE_VIDEO, .write = &video_update,
     .summary = "Report a video while it plays", .takes = "VideoUpdate", .gives = "VideoState",
     .body_form = BODY_BEACON},
    {HTTP_GET, "/progress/realtime", .rule = ACCESS_COURSE_RECORD, .face = FACE_VIDEO,
     .handler = live_subscribe, .summary = "Watch: Server-Sent Events, or a WebSocket",
     .query = "userId,courseId,videoId,lastEventId,ticket", .gives = "LiveMessage", .done = "101,200"},
    {HTTP_POST, "/progress/realtime/ticket", .rule = ACCESS_SIGNED_IN, .face = FACE_VIDEO,
     .handler = live_ticket, .summary = "A ticket to watch with, good once", .gives = "LiveTicket"},
    {HTTP_POST, "/progress/sync", .rule = ACCESS_PERSON, .face = FACE_VIDEO, .write = &video_sync,
     .summary = "Report many, a result each", .takes = "VideoSync", .gives = "VideoSynced",
     .body_form = BODY_GZIP},
    {HTTP_GET, "/progress/{userId}", .rule = ACCESS_PERSON, .face = FACE_VIDEO, .slow = &video_list,
     .summary = "All videos of a learner", .query = "limit:1000,cursor,since", .gives = "VideoList"},
    {HTTP_GET, "/progress/{userId}/{videoId}", .rule = ACCESS_COURSE_RECORD, .face = FACE_VIDEO,
     .read = &video_get, .summary = "One video", .query = "segments", .gives = "VideoState"},
    {HTTP_DELETE, "/progress/{userId}/{videoId}", .rule = ACCESS_PERSON, .face = FACE_VIDEO,
     .write = &video_delete, .summary = "Delete a video's progress", .gives = "Message"},
    {HTTP_GET, "/progress/summary/{videoId}", .rule = ACCESS_SIGNED_IN, .face = FACE_VIDEO,
     .slow = &video_summary, .summary = "A video's figures", .gives = "VideoSummary"},
    {HTTP_GET, "/progress/engagement/{userId}", .rule = ACCESS_PERSON, .face = FACE_VIDEO,
     .slow = &video_engagement, .summary = "A learner's engagement", .gives = "VideoEngagement"},

    {HTTP_PUT, "/api/v1/catalog/courses/{id}", .rule = ACCESS_ADMIN, .face = FACE_CATALOG,
     .write = &own_catalog_put, .summary = "Declare a course", .takes = "CoursePut", .gives = "Course",
     .done = "200,201", .body_max_bytes = 8 << 20},
    {HTTP_GET, "/api/v1/catalog/courses/{id}", .rule = ACCESS_CATALOG_READ, .face = FACE_CATALOG,
     .slow = &own_catalog_get, .summary = "A course", .gives = "Course"},
    {HTTP_DELETE, "/api/v1/catalog/courses/{id}", .rule = ACCESS_ADMIN, .face = FACE_CATALOG,
     .write = &own_catalog_delete, .summary = "Take a course's declaration back", .gives = "CourseDeleted"},
    {HTTP_GET, "/api/v1/catalog/courses", .rule = ACCESS_STAFF_LIST, .face = FACE_CATALOG,
     .slow = &own_catalog_list, .summary = "The courses that the caller may act on",
     .query = "q,page,limit:100", .gives = "Courses"},

    {HTTP_GET, "/api/v1/me", .rule = ACCESS_SIGNED_IN, .face = FACE_LEARNER, .slow = &own_me,
     .summary = "Who calls, and as whose staff", .gives = "Me"},
    {HTTP_GET, "/api/v1/users/{userId}/courses", .rule = ACCESS_PERSON_LIST, .face = FACE_LEARNER,
     .slow = &own_users_courses, .summary = "A learner's courses, newest activity first",
     .query = "page,limit:page", .gives = "UserCourses"},
    {HTTP_GET, "/api/v1/users/{userId}/history", .rule = ACCESS_COURSE_RECORD, .face = FACE_LEARNER,
     .slow = &own_users_history, .summary = "What happened to a learner, newest first",
     .query = "courseId,itemId,from,to,limit:events,cursor", .gives = "UserHistory"},
    {HTTP_GET, "/api/v1/users/{userId}/progress", .rule = ACCESS_PERSON, .face = FACE_LEARNER,
     .slow = &own_users_progress, .summary = "A learner's whole progress, now or as it was", .query = "as_of",
     .gives = "UserProgress"},
    {HTTP_GET, "/api/v1/users/{userId}/export", .rule = ACCESS_PERSON, .face = FACE_LEARNER,
     .slow = &own_export, .summary = "All that is kept of a learner", .gives = "UserExport"},
    {HTTP_DELETE, "/api/v1/users/{userId}", .rule = ACCESS_PERSON, .face = FACE_LEARNER,
     .write = &own_users_erase, .summary = "Erase a learner", .gives = "UserErased"},

    {HTTP_GET, "/api/v1/audit", .rule = ACCESS_ADMIN_ALONE, .face = FACE_LEARNER, .slow = &own_audit,
     .summary = "Who did what to whom, newest first", .query = "actor,userId,from,to,limit:events,cursor",
     .gives = "Audit"},
    {HTTP_GET, "/api/v1/system", .rule = ACCESS_ADMIN_ALONE, .face = FACE_LEARNER, .slow = &own_system,
     .summary = "How the server is doing", .gives = "System"},

    {HTTP_GET, "/healthz", .rule = ACCESS_PUBLIC, .handler = own_server_healthz,
     .summary = "The process lives", .gives = "Health"},
    {HTTP_GET, "/metrics", .rule = ACCESS_SERVER_KEY, .handler = own_server_metrics,
     .summary = "Figures for Prometheus, with X-Server-Key", .gives = "Text"},
    {HTTP_GET, "/readyz", .rule = ACCESS_PUBLIC, .handler = own_server_readyz,
     .summary = "The server can store", .gives = "Health"},
    {HTTP_GET, "/", .rule = ACCESS_PUBLIC, .handler = own_page, .summary = "The dashboard", .gives = "Html"},
    {HTTP_GET, "/ui/app.js", .rule = ACCESS_PUBLIC, .handler = own_page, .summary = "The dashboard's program",
     .gives = "Script"},
    {HTTP_GET, "/ui/style.css", .rule = ACCESS_PUBLIC, .handler = own_page,
     .summary = "The dashboard's looks", .gives = "Style"},
    {HTTP_GET, "/ui/icon.svg", .rule = ACCESS_PUBLIC, .handler = own_page, .summary = "The dashboard's icon",
     .gives = "Svg"},
    {HTTP_GET, "/demo", .rule = ACCESS_PUBLIC, .handler = own_demo,
     .summary = "The demo page, where the setting demo is on", .gives = "Html"},
    {HTTP_GET, "/demo/{file}", .rule = ACCESS_PUBLIC, .handler = own_demo,
     .summary = "What the demo page needs", .gives = "File"},
    {HTTP_GET, "/openapi.json", .rule = ACCESS_PUBLIC, .handler = own_server_openapi,
     .summary = "This description", .gives = "OpenApi"},
};

const struct http_routes face_routes = {table, sizeof table / sizeof *table};
