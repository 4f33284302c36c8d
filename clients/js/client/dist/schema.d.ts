export interface paths {
    "/api/v1/Progress/summary/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's summary */
        get: operations["get_api_v1_Progress_summary_userId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/Progress/video": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a video */
        post: operations["post_api_v1_Progress_video"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/Progress/video/{userId}/{videoId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a video, ids in the path */
        post: operations["post_api_v1_Progress_video_userId_videoId"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/Progress/videos/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report many videos, all or nothing */
        post: operations["post_api_v1_Progress_videos_bulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/Progress/course/{userId}/{courseId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's course with its videos */
        get: operations["get_api_v1_Progress_course_userId_courseId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/Progress/videos/{userId}/{courseId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's videos of a course */
        get: operations["get_api_v1_Progress_videos_userId_courseId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/progress/Webhook/enrollment-updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Enrol, drop, expire or certify */
        post: operations["post_api_v1_progress_Webhook_enrollment_updated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/progress/progress/webhook/enrollment-updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The same, where the payments service posts */
        post: operations["post_api_v1_progress_progress_webhook_enrollment_updated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/progress/Webhook/course-updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Drop what is cached of a course */
        post: operations["post_api_v1_progress_Webhook_course_updated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/progress/Webhook/video-updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Drop what is cached of a video */
        post: operations["post_api_v1_progress_Webhook_video_updated"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/{courseId}/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's enrolment and activities in a course */
        get: operations["get_user_progress_courseId_userId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/{courseId}/{userId}/activities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's activities, filtered */
        get: operations["get_user_progress_courseId_userId_activities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/{courseId}/{userId}/certificate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's certificate */
        get: operations["get_user_progress_courseId_userId_certificate"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/{courseId}/{userId}/certify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Certify a completed enrolment */
        post: operations["post_user_progress_courseId_userId_certify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/course/{courseId}/all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All learners of a course */
        get: operations["get_user_progress_course_courseId_all"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/course/{courseId}/analytics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A course's figures */
        get: operations["get_user_progress_course_courseId_analytics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/course/{courseId}/leaderboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A course's learners, best first */
        get: operations["get_user_progress_course_courseId_leaderboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Some learners of a course */
        post: operations["post_user_progress_bulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report, lock or unlock a content item */
        post: operations["post_user_progress_update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/user-progress/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reset a learner's course or item */
        post: operations["post_user_progress_reset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All progress and logs of a learner */
        get: operations["get_api_progress_userId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/{userId}/{moduleId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's module */
        get: operations["get_api_progress_userId_moduleId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/{userId}/labs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's labs */
        get: operations["get_api_progress_userId_labs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/{userId}/games": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's games */
        get: operations["get_api_progress_userId_games"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report own progress */
        post: operations["post_api_progress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Mark as completed */
        put: operations["put_api_progress_id_complete"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/stats/{moduleId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A module's statistics */
        get: operations["get_api_progress_stats_moduleId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a log entry */
        post: operations["post_api_progress_log"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/summary/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Summary of a learner's logs */
        get: operations["get_api_progress_summary_userId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/log/{logId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change a log entry */
        put: operations["put_api_progress_log_logId"];
        post?: never;
        /** Delete a log entry */
        delete: operations["delete_api_progress_log_logId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/user/{userId}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete all log entries of a learner */
        delete: operations["delete_api_progress_user_userId_logs"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/log/{logId}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened to a log entry */
        get: operations["get_api_progress_log_logId_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/progress/user/{userId}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Take log entries back to an event or an instant */
        post: operations["post_api_progress_user_userId_rollback"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/update": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a video */
        post: operations["post_progress_update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/realtime": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report a video while it plays */
        post: operations["post_progress_realtime"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Report many, a result each */
        post: operations["post_progress_sync"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All videos of a learner */
        get: operations["get_progress_userId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/{userId}/{videoId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One video */
        get: operations["get_progress_userId_videoId"];
        put?: never;
        post?: never;
        /** Delete a video's progress */
        delete: operations["delete_progress_userId_videoId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/summary/{videoId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A video's figures */
        get: operations["get_progress_summary_videoId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/progress/engagement/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's engagement */
        get: operations["get_progress_engagement_userId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/catalog/courses/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A course */
        get: operations["get_api_v1_catalog_courses_id"];
        /** Declare a course */
        put: operations["put_api_v1_catalog_courses_id"];
        post?: never;
        /** Take a course's declaration back */
        delete: operations["delete_api_v1_catalog_courses_id"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/catalog/courses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All courses */
        get: operations["get_api_v1_catalog_courses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{userId}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A learner's whole progress, now or as it was */
        get: operations["get_api_v1_users_userId_progress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{userId}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All that is kept of a learner */
        get: operations["get_api_v1_users_userId_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{userId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Erase a learner */
        delete: operations["delete_api_v1_users_userId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process lives */
        get: operations["get_healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures for Prometheus, with X-Server-Key */
        get: operations["get_metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The server can store */
        get: operations["get_readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The dashboard */
        get: operations["get_"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ui/app.js": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The dashboard's program */
        get: operations["get_ui_app_js"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ui/style.css": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The dashboard's looks */
        get: operations["get_ui_style_css"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/demo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The demo page, where the setting demo is on */
        get: operations["get_demo"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/demo/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the demo page needs */
        get: operations["get_demo_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["get_openapi_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description The one error shape (RFC 9457), readable by the clients of all five documents.
         * @example {
         *       "type": "about:blank",
         *       "title": "Bad Request",
         *       "status": 400,
         *       "detail": "contentId: is required",
         *       "success": false,
         *       "message": "contentId: is required",
         *       "error": "contentId: is required",
         *       "errors": [
         *         {
         *           "field": "contentId",
         *           "msg": "is required"
         *         }
         *       ],
         *       "requestId": "5f1c-7"
         *     }
         */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @constant */
            success: false;
            message: string;
            error: string;
            errors?: {
                field: string;
                msg: string;
            }[];
            requestId: string;
        };
        /** @description 1 to 128 bytes of UTF-8, no control characters; a '/' is written %2F in a path; an integer is the same id as its digits. */
        Id: string | number;
        /** Format: date-time */
        Instant: string | null;
        Empty: Record<string, never>;
        /**
         * @example {
         *       "message": "Progress deleted successfully"
         *     }
         */
        Message: {
            message: string;
        };
        /**
         * @description Member names in any case.
         * @example {
         *       "UserId": "test-user-123",
         *       "VideoId": "video-789",
         *       "CurrentTimeSeconds": 120,
         *       "MarkAsCompleted": false
         *     }
         */
        PtsReport: {
            UserId: components["schemas"]["Id"];
            VideoId: components["schemas"]["Id"];
            CourseId?: components["schemas"]["Id"];
            CurrentTimeSeconds?: number;
            TotalDurationSeconds?: number;
            MarkAsCompleted?: boolean;
        };
        /**
         * @example {
         *       "CurrentTimeSeconds": 120
         *     }
         */
        PtsReportPath: {
            CurrentTimeSeconds?: number;
            MarkAsCompleted?: boolean;
        };
        /**
         * @example {
         *       "videoProgresses": [
         *         {
         *           "UserId": "test-user-123",
         *           "VideoId": "video-789",
         *           "CurrentTimeSeconds": 120
         *         }
         *       ]
         *     }
         */
        PtsBulk: {
            videoProgresses: components["schemas"]["PtsReport"][];
        };
        /**
         * @example {
         *       "id": 1,
         *       "videoId": "video-789",
         *       "videoTitle": "Intro",
         *       "currentTimeSeconds": 120,
         *       "completionPercentage": 50,
         *       "isCompleted": false,
         *       "lastWatched": "2026-01-02T10:00:00.000Z"
         *     }
         */
        PtsVideo: {
            id: number | null;
            videoId: string;
            videoTitle: string;
            currentTimeSeconds: number;
            completionPercentage: number;
            isCompleted: boolean;
            lastWatched: components["schemas"]["Instant"];
            durationSeconds?: number;
            mock?: boolean;
        };
        PtsVideos: components["schemas"]["PtsVideo"][];
        PtsCourse: {
            id: number | null;
            courseId: string;
            courseTitle: string;
            completedVideos: number;
            totalVideos: number;
            completionPercentage: number;
            totalWatchTimeSeconds: number;
            lastAccessed: components["schemas"]["Instant"];
            videoProgresses: components["schemas"]["PtsVideos"];
            mock?: boolean;
        };
        PtsSummary: {
            userId: string;
            totalCoursesEnrolled: number;
            completedCourses: number;
            totalVideosWatched: number;
            totalWatchTimeHours: number;
            recentCourses: components["schemas"]["PtsCourse"][];
        };
        /**
         * @example {
         *       "UserId": "test-user-123",
         *       "CourseId": "course-7890",
         *       "Action": "enroll"
         *     }
         */
        PtsEnrollment: {
            UserId?: components["schemas"]["Id"];
            /** @description In place of UserId: all or none of them. */
            UserIds?: components["schemas"]["Id"][];
            /**
             * Format: date-time
             * @description When it came to be: of two webhooks for one enrolment the later one stands, whatever order they arrive in.
             */
            OccurredAt?: string;
            CourseId: components["schemas"]["Id"];
            /**
             * @description In any case.
             * @enum {string}
             */
            Action: "enroll" | "ENROLL_USER" | "drop" | "REMOVE_ENROLLMENT" | "unenroll" | "dropped" | "expire" | "certify";
        };
        /**
         * @example {
         *       "CourseId": "course-7890"
         *     }
         */
        PtsCourseUpdated: {
            CourseId: components["schemas"]["Id"];
        };
        /**
         * @example {
         *       "VideoId": "video-789"
         *     }
         */
        PtsVideoUpdated: {
            VideoId: components["schemas"]["Id"];
        };
        RoomEnrollment: {
            v_created_date: string;
            v_created_time: string;
            v_updated_date: string;
            v_updated_time: string;
            enrollmentId: number;
            userId: components["schemas"]["Id"];
            courseId: components["schemas"]["Id"];
            /** @enum {unknown} */
            enrollmentStatus: "ENROLLED" | "IN_PROGRESS" | "COMPLETED" | "CERTIFIED" | "DROPPED" | "EXPIRED";
            enrollmentDate: components["schemas"]["Instant"];
            completionDate: components["schemas"]["Instant"];
            certificateUrl: string | null;
            metadata: Record<string, never>;
            enrollment_created_at: components["schemas"]["Instant"];
            enrollment_updated_at: components["schemas"]["Instant"];
        } | null;
        RoomActivity: {
            progressId: number;
            userId: components["schemas"]["Id"];
            courseId: components["schemas"]["Id"];
            courseContentId: components["schemas"]["Id"];
            /** @enum {unknown} */
            progressStatus: "NOT_STARTED" | "IN_PROGRESS" | "COMPLETED" | "LOCKED";
            activityDuration: number;
            progressPercent: string;
            metadata: Record<string, never>;
        };
        RoomMember: {
            userId: components["schemas"]["Id"];
            enrollments: components["schemas"]["RoomEnrollment"];
            activityLogs: components["schemas"]["RoomActivity"][];
            progressSummary: {
                totalContent: number;
                completedContent: number;
                overallProgressPercent: number;
            };
        };
        Pagination: {
            page: number;
            limit: number;
            total: number;
            totalPages: number;
            hasMore: boolean;
        };
        RoomUser: {
            /** @constant */
            success: true;
            message: string;
            results: {
                enrollments: components["schemas"]["RoomEnrollment"];
                activityLogs: components["schemas"]["RoomActivity"][];
            };
        };
        RoomActivities: {
            /** @constant */
            success: true;
            message: string;
            results: components["schemas"]["RoomActivity"][];
        };
        RoomEnrolled: {
            /** @constant */
            success: true;
            message: string;
            results: components["schemas"]["RoomEnrollment"];
        };
        RoomMembers: {
            /** @constant */
            success: true;
            message: string;
            results: components["schemas"]["RoomMember"][];
            pagination?: components["schemas"]["Pagination"];
            /** @description cursor of the page that follows */
            nextCursor?: string | null;
        };
        RoomContent: {
            contentId: components["schemas"]["Id"];
            completionCount: number;
            avgDuration: number;
        } | null;
        RoomAnalytics: {
            /** @constant */
            success: true;
            message: string;
            results: {
                totalEnrollments: number;
                activeUsers: number;
                completedUsers: number;
                averageProgress: number;
                completionRate: number;
                averageCompletionTime: number;
                totalActivities: number;
                contentEngagement: components["schemas"]["RoomContent"];
                contents: components["schemas"]["RoomContent"][];
            };
        };
        RoomLeaderboard: {
            /** @constant */
            success: true;
            message: string;
            results: {
                rank: number;
                userId: components["schemas"]["Id"];
                progressPercent: number;
                completedContent: number;
                totalContent: number;
                totalActivityHours: number;
                lastActivityDate: components["schemas"]["Instant"];
                enrollmentStatus: string;
            }[];
            pagination: components["schemas"]["Pagination"];
        };
        /**
         * @example {
         *       "courseId": 1,
         *       "userIds": [
         *         1,
         *         2,
         *         3
         *       ]
         *     }
         */
        RoomBulk: {
            courseId: components["schemas"]["Id"];
            userIds: components["schemas"]["Id"][];
        };
        /**
         * @example {
         *       "courseId": 1,
         *       "courseContentId": 5,
         *       "progressStatus": "COMPLETED",
         *       "activityDuration": 15,
         *       "progressPercent": 100,
         *       "metadata": {}
         *     }
         */
        RoomUpdate: {
            courseId: components["schemas"]["Id"];
            courseContentId: components["schemas"]["Id"];
            userId?: components["schemas"]["Id"];
            /** @enum {unknown} */
            progressStatus: "NOT_STARTED" | "IN_PROGRESS" | "COMPLETED" | "LOCKED";
            activityDuration?: number | string;
            progressPercent?: number | string;
            metadata?: Record<string, never>;
        };
        RoomUpdated: {
            /** @constant */
            success: true;
            message: string;
            results: {
                progressId: number;
                progressPercent: string;
                activityDuration: number;
            };
        };
        /**
         * @example {
         *       "courseId": 1,
         *       "userId": 1
         *     }
         */
        RoomReset: {
            courseId: components["schemas"]["Id"];
            userId: components["schemas"]["Id"];
            courseContentId?: components["schemas"]["Id"];
        };
        RoomResetDone: {
            /** @constant */
            success: true;
            message: string;
            results: {
                resetCount: number;
            };
        };
        /**
         * @example {
         *       "certificateUrl": "https://example.org/certificate/7"
         *     }
         */
        RoomCertify: {
            /** Format: uri */
            certificateUrl: string;
        };
        /**
         * @example {
         *       "contentId": "lab-1",
         *       "progressPercentage": 40,
         *       "timeSpent": 5,
         *       "score": 3,
         *       "maxScore": 4
         *     }
         */
        TrkPost: {
            contentId: components["schemas"]["Id"];
            progressPercentage: number;
            /** @description Minutes, added. */
            timeSpent?: number;
            score?: number;
            maxScore?: number;
            moduleId?: components["schemas"]["Id"];
            contentType?: string;
        };
        /**
         * @example {
         *       "score": 4
         *     }
         */
        TrkComplete: {
            score?: number;
            maxScore?: number;
        };
        TrkRecord: {
            id: string;
            _id: string;
            userId: string;
            contentId: {
                id: string;
                title: string;
                type: string;
                section: string | null;
                moduleId: string | null;
            };
            contentType: string;
            /** @enum {unknown} */
            status: "not-started" | "in-progress" | "completed";
            progressPercentage: number;
            startedAt: components["schemas"]["Instant"];
            completedAt: components["schemas"]["Instant"];
            timeSpent: number;
            score: number | null;
            maxScore: number | null;
            createdAt: components["schemas"]["Instant"];
            updatedAt: components["schemas"]["Instant"];
            isCompleted: boolean;
            isInProgress: boolean;
            scorePercentage: number | null;
            locked?: boolean;
        };
        TrkSaved: {
            /** @constant */
            success: true;
            message: string;
            data: components["schemas"]["TrkRecord"];
        };
        TrkStatistics: {
            total: number;
            completed: number;
            inProgress: number;
            notStarted: number;
            averageProgress: number;
            averageScore?: number | null;
            totalTimeSpent: number;
        };
        TrkModuleRef: {
            id: string;
            title: string;
            description: string;
        } | null;
        TrkEnrollment: {
            id: string;
            /** @enum {unknown} */
            status: "enrolled" | "in-progress" | "completed" | "certified" | "dropped" | "expired";
        } | null;
        TrkUser: {
            /** @constant */
            success: true;
            message: string;
            data: {
                progress: components["schemas"]["TrkRecord"][];
                statistics: components["schemas"]["TrkStatistics"];
            };
            progress_logs: components["schemas"]["LogEntry"][];
            nextCursor?: string;
        };
        TrkModule: {
            /** @constant */
            success: true;
            message: string;
            data: {
                module: components["schemas"]["TrkModuleRef"];
                enrollment: components["schemas"]["TrkEnrollment"];
                progress: components["schemas"]["TrkRecord"][];
                statistics: Record<string, never>;
            };
        };
        TrkStats: {
            /** @constant */
            success: true;
            message: string;
            data: {
                module: components["schemas"]["TrkModuleRef"];
                userProgressSummary: Record<string, never>[];
                enrollments: number;
            };
        };
        TrkKind: {
            /** @constant */
            success: true;
            message: string;
            data: {
                statistics: components["schemas"]["TrkStatistics"];
                modules: unknown[];
            };
        };
        /**
         * @description Flat; at least one member besides user_id; at most 16 KiB.
         * @example {
         *       "user_id": "7",
         *       "date": "2026-01-02",
         *       "activity": "run",
         *       "weight_kg": 71.5
         *     }
         */
        LogAdd: {
            user_id: components["schemas"]["Id"];
            date?: string;
        } & {
            [key: string]: string | number | boolean | null;
        };
        /**
         * @example {
         *       "note": "fine"
         *     }
         */
        LogChange: {
            [key: string]: string | number | boolean | null;
        };
        LogEntry: {
            log_id: number;
            user_id: string;
            created_at: components["schemas"]["Instant"];
            updated_at: components["schemas"]["Instant"];
        };
        LogAdded: {
            message: string;
            id: number;
            log: components["schemas"]["LogEntry"];
        };
        LogUpdated: {
            message: string;
            updated_log: components["schemas"]["LogEntry"];
        };
        LogDeleted: {
            message: string;
            deleted_log_id: number;
        };
        LogsCleared: {
            message: string;
            deleted_log_count: number;
        };
        LogHistory: {
            log_id: number;
            user_id: string;
            history: {
                event_id: number;
                /** @enum {unknown} */
                event: "created" | "updated" | "deleted" | "rolled_back" | "removed_by_rollback";
                at: components["schemas"]["Instant"];
                actor: string;
                log: components["schemas"]["LogEntry"] | null;
            }[];
        };
        /**
         * @example {
         *       "to": 58
         *     }
         */
        LogsRollBack: {
            /** @description An event id of this user's, or an instant. */
            to: number | string;
        };
        LogsRolledBack: {
            message: string;
            user_id: string;
            event_id: number;
            to: number | string;
            total_logs: number;
        };
        UserProgress: {
            userId: string;
            asOf: string | null;
            enrollments: Record<string, never>[];
            progress: Record<string, never>[];
        };
        UserExport: {
            userId: string;
            exportedAt: components["schemas"]["Instant"];
            enrollments: unknown[];
            progress: unknown[];
            logs: components["schemas"]["LogEntry"][];
            events: Record<string, never>[];
        };
        UserErased: {
            message: string;
            erasedEvents: number;
            /** @description The erasure's event id; it names nobody. */
            receipt: number | null;
        };
        LogSummary: {
            user_id: string;
            total_logs: number;
            first_date: string | null;
            last_date: string | null;
            average_weight: number | null;
            fields: {
                [key: string]: Record<string, never>;
            };
        };
        VideoReport: {
            videoId: components["schemas"]["Id"];
            watchedDuration: number;
            lastWatched?: string;
            position?: number;
            duration?: number;
            courseId?: components["schemas"]["Id"];
            segments?: number[][];
            deviceId?: string | number;
            eventId?: string | number;
        };
        /**
         * @example {
         *       "userId": "7",
         *       "videoId": "v-1",
         *       "watchedDuration": 60,
         *       "lastWatched": "2026-01-02T10:00:00Z"
         *     }
         */
        VideoUpdate: {
            userId: components["schemas"]["Id"];
            videoId: components["schemas"]["Id"];
            watchedDuration: number;
            lastWatched?: string;
        };
        /**
         * @example {
         *       "userId": "7",
         *       "progressData": [
         *         {
         *           "videoId": "v-1",
         *           "watchedDuration": 60,
         *           "lastWatched": "2026-01-02T10:00:00Z"
         *         }
         *       ]
         *     }
         */
        VideoSync: {
            userId: components["schemas"]["Id"];
            progressData: components["schemas"]["VideoReport"][];
        };
        VideoState: {
            userId?: string;
            videoId: string;
            watchedDuration: number;
            lastWatched: components["schemas"]["Instant"];
            position?: number;
        };
        VideoSynced: {
            userId: string;
            progressData: components["schemas"]["VideoState"][];
            results: {
                videoId: string | null;
                /** @enum {unknown} */
                result: "applied" | "unchanged" | "stale" | "invalid";
                error?: string;
            }[];
        };
        VideoList: {
            userId: string;
            progressData: components["schemas"]["VideoState"][];
            nextCursor?: string;
        };
        VideoSummary: {
            videoId: string;
            averageWatchedDuration: number;
            completionRate: number;
            viewers: number;
            retention: Record<string, never>[];
        };
        VideoEngagement: {
            userId: string;
            totalWatchedDuration: number;
            mostWatchedVideos: Record<string, never>[];
            streakDays: number;
            longestStreakDays: number;
        };
        /**
         * @example {
         *       "title": "Sailing",
         *       "staff": [
         *         {
         *           "userId": "2001",
         *           "role": "INSTRUCTOR"
         *         }
         *       ],
         *       "contents": [
         *         {
         *           "id": "71",
         *           "title": "Wind",
         *           "type": "video",
         *           "durationSeconds": 100
         *         }
         *       ]
         *     }
         */
        CoursePut: {
            id?: components["schemas"]["Id"];
            title?: string;
            description?: string;
            staff?: {
                userId: components["schemas"]["Id"];
                /** @enum {unknown} */
                role: "INSTRUCTOR" | "OWNER";
            }[];
            contents?: {
                id: components["schemas"]["Id"];
                title?: string;
                type?: string;
                section?: string;
                durationSeconds?: number;
                required?: boolean;
                threshold?: number;
            }[];
        };
        Course: {
            id: string;
            title: string | null;
            description: string | null;
            declared: boolean;
            staff: unknown[];
            contents: Record<string, never>[];
        };
        Courses: {
            courses: Record<string, never>[];
            pagination?: Record<string, never>;
        };
        CourseDeleted: {
            message: string;
            id: string;
        };
        Health: {
            status: string;
        };
        Text: string;
        Html: string;
        Script: string;
        Style: string;
        File: string;
        OpenApi: Record<string, never>;
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_api_v1_Progress_summary_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PtsSummary"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_Progress_video: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsReport"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PtsVideo"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_Progress_video_userId_videoId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
                videoId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsReportPath"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PtsVideo"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_Progress_videos_bulk: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsBulk"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PtsVideos"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_v1_Progress_course_userId_courseId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
                courseId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PtsCourse"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_v1_Progress_videos_userId_courseId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
                courseId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PtsVideos"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_progress_Webhook_enrollment_updated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsEnrollment"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_progress_progress_webhook_enrollment_updated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsEnrollment"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_progress_Webhook_course_updated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsCourseUpdated"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_v1_progress_Webhook_video_updated: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PtsVideoUpdated"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_progress_courseId_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomUser"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_progress_courseId_userId_activities: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomActivities"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_progress_courseId_userId_certificate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomEnrolled"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_user_progress_courseId_userId_certify: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
                userId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoomCertify"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomEnrolled"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_progress_course_courseId_all: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomMembers"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_progress_course_courseId_analytics: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAnalytics"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user_progress_course_courseId_leaderboard: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                courseId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomLeaderboard"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_user_progress_bulk: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoomBulk"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomMembers"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_user_progress_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoomUpdate"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomUpdated"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_user_progress_reset: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RoomReset"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomResetDone"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkUser"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_userId_moduleId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
                moduleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkModule"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_userId_labs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkKind"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_userId_games: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkKind"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_progress: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrkPost"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkSaved"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_api_progress_id_complete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TrkComplete"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkSaved"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_stats_moduleId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                moduleId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrkStats"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_progress_log: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogAdd"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogAdded"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_summary_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogSummary"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_api_progress_log_logId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                logId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogChange"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogUpdated"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_api_progress_log_logId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                logId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogDeleted"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_api_progress_user_userId_logs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogsCleared"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_progress_log_logId_history: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                logId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogHistory"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_api_progress_user_userId_rollback: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogsRollBack"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogsRolledBack"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_progress_update: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VideoUpdate"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoState"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_progress_realtime: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VideoUpdate"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoState"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_progress_sync: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VideoSync"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoSynced"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_progress_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoList"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_progress_userId_videoId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
                videoId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoState"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_progress_userId_videoId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
                videoId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Message"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_progress_summary_videoId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                videoId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoSummary"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_progress_engagement_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VideoEngagement"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_v1_catalog_courses_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_api_v1_catalog_courses_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CoursePut"];
            };
        };
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Course"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_api_v1_catalog_courses_id: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CourseDeleted"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_v1_catalog_courses: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Courses"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_v1_users_userId_progress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserProgress"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_api_v1_users_userId_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserExport"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_api_v1_users_userId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                userId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserErased"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": components["schemas"]["Text"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": components["schemas"]["Html"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_ui_app_js: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/javascript": components["schemas"]["Script"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_ui_style_css: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/css": components["schemas"]["Style"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_demo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": components["schemas"]["Html"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_demo_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "*/*": components["schemas"]["File"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_openapi_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApi"];
                };
            };
            /** @description Refused or failed */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
