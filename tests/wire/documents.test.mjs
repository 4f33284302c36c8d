// The five documents' own example requests, each answered in its document's shape, and what one face writes
// every other reads.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  const end = await server.discard();
  assert.deepEqual(end, { code: 0, signal: null }, server.log);
});

const user = '3f2b8c1e-6d4a-4b7e-9c1d-2a5e8f7b6c90';
const video = '9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d';
const has = (object, names) => assert.deepEqual(Object.keys(object).sort(), [...names].sort());

test('pts: the document\'s five endpoints', async () => {
  const as = 'test-user-123';
  await server.declare('course-7890', [{ id: 'video-789', title: 'Intro', type: 'video', durationSeconds: 240 }, { id: 'video-790', type: 'video' }]);
  const hook = await server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', {
    as, headers: { 'x-server-key': server.key }, body: { UserId: 'test-user-123', CourseId: 'course-7890', Action: 'enroll' } });
  assert.equal(hook.status, 200);
  assert.deepEqual(hook.json, {});
  const posted = await server.call('POST', '/api/v1/Progress/video', {
    as, body: { UserId: 'test-user-123', VideoId: 'video-789', CurrentTimeSeconds: 120, MarkAsCompleted: false } });
  assert.equal(posted.status, 200);
  has(posted.json, ['id', 'videoId', 'videoTitle', 'currentTimeSeconds', 'completionPercentage', 'isCompleted', 'lastWatched']);
  assert.deepEqual({ ...posted.json, id: 0, lastWatched: 0 }, { id: 0, videoId: 'video-789', videoTitle: 'Intro', currentTimeSeconds: 120, completionPercentage: 50, isCompleted: false, lastWatched: 0 });
  assert.match(posted.json.lastWatched, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const summary = await server.call('GET', '/api/v1/Progress/summary/test-user-123', { as });
  has(summary.json, ['userId', 'totalCoursesEnrolled', 'completedCourses', 'totalVideosWatched', 'totalWatchTimeHours', 'recentCourses']);
  assert.equal(summary.json.totalCoursesEnrolled, 1);
  const course = await server.call('GET', '/api/v1/progress/COURSE/test-user-123/course-7890', { as }); // literals in any case
  has(course.json, ['id', 'courseId', 'courseTitle', 'completedVideos', 'totalVideos', 'completionPercentage', 'totalWatchTimeSeconds', 'lastAccessed', 'videoProgresses']);
  assert.equal(course.json.videoProgresses.length, 2); // declared and not started: with zeros
  const videos = await server.call('GET', '/api/v1/Progress/videos/test-user-123/course-7890', { as });
  assert.deepEqual(videos.json.map((v) => [v.videoId, v.currentTimeSeconds, v.videoTitle]), [['video-789', 120, 'Intro'], ['video-790', 0, 'Video video-790']]);
  assert.equal((await server.call('GET', '/api/v1/Progress/videos/test-user-123/nowhere', { as })).status, 404);
  assert.equal((await server.call('GET', '/api/v1/Progress/summary/nobody', { as: 'nobody' })).status, 404);
  const bulk = await server.call('POST', '/api/v1/Progress/videos/bulk', { as, body: { videoProgresses: [
    { UserId: as, VideoId: 'video-789', CurrentTimeSeconds: 230 }, { userId: as, videoid: 'video-790', MARKASCOMPLETED: true }] } });
  assert.deepEqual(bulk.json.map((v) => [v.completionPercentage, v.isCompleted]), [[95.83, true], [100, true]]);
  const two = await server.call('POST', '/api/v1/Progress/videos/bulk', { as, body: { videoProgresses: [
    { UserId: 'another', VideoId: 'v-1', CurrentTimeSeconds: 1 }, { VideoId: 'v-2' }] } });
  assert.equal(two.status, 400, two.text); // members before ownership
  const none = await server.call('POST', '/api/v1/Progress/videos/bulk', { as, body: { videoProgresses: [
    { UserId: as, VideoId: 'video-new', CurrentTimeSeconds: 1 }, { UserId: as, VideoId: 'video-789', CourseId: 'other', CurrentTimeSeconds: 5 }] } });
  assert.equal(none.status, 400);
  assert.equal((await server.call('GET', '/progress/test-user-123/video-new', { as })).status, 404); // all or nothing
});

test('courseroom: the document\'s five endpoints, word for word', async () => {
  await server.declare(1, [{ id: 1 }, { id: 5 }]);
  const update = await server.call('POST', '/user-progress/update', { as: 1, body: {
    courseId: 1, courseContentId: 5, progressStatus: 'COMPLETED', activityDuration: 15, progressPercent: 100, metadata: {} } });
  assert.equal(update.json.message, 'Progress updated successfully');
  has(update.json.results, ['progressId', 'userId', 'courseId', 'courseContentId', 'progressStatus', 'activityDuration', 'progressPercent', 'user_course_content_progress_updated_at']);
  assert.deepEqual([update.json.results.userId, update.json.results.progressPercent, update.json.results.activityDuration], [1, '100.00', 15]);
  const one = await server.call('GET', '/user-progress/1/1', { as: 1 });
  assert.equal(one.json.message, 'User progress retrieved successfully');
  has(one.json.results.enrollments, ['v_created_date', 'v_created_time', 'v_updated_date', 'v_updated_time', 'enrollmentId', 'userId', 'courseId', 'enrollmentStatus',
    'enrollmentDate', 'completionDate', 'certificateUrl', 'metadata', 'enrollment_created_at', 'enrollment_updated_at']);
  has(one.json.results.activityLogs[0], ['v_created_date', 'v_created_time', 'v_updated_date', 'v_updated_time', 'progressId', 'userId', 'courseId', 'courseContentId',
    'progressStatus', 'activityDuration', 'progressPercent', 'metadata', 'user_course_content_progress_created_at', 'user_course_content_progress_updated_at']);
  assert.match(one.json.results.enrollments.v_created_date, /^\d\d-(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4}$/);
  assert.equal(one.json.results.enrollments.enrollmentStatus, 'IN_PROGRESS');
  const done = await server.call('POST', '/user-progress/update', { as: 1, body: { courseId: '1', courseContentId: 1.0, progressStatus: 'COMPLETED', progressPercent: '0' } });
  assert.equal(done.json.results.progressPercent, '0.00'); // with an explicit percent, that percent stands
  const completed = (await server.call('GET', '/user-progress/1/1', { as: 1 })).json.results.enrollments;
  assert.equal(completed.enrollmentStatus, 'COMPLETED');
  assert.ok(completed.completionDate);
  const activities = await server.call('GET', '/user-progress/1/1/activities?status=COMPLETED&limit=1', { as: 1 });
  assert.equal(activities.json.message, 'Activity logs retrieved successfully');
  assert.equal(activities.json.results.length, 1);
  assert.equal(activities.json.results[0].courseContentId, 1); // newest first
  const all = await server.call('GET', '/user-progress/course/1/all?status=COMPLETED&sortBy=progress&order=desc&page=1&limit=20', { as: 'instructor:2' });
  assert.equal(all.json.message, 'All users progress retrieved successfully');
  assert.deepEqual(all.json.pagination, { page: 1, limit: 20, total: 1, totalPages: 1, hasMore: false });
  assert.deepEqual(all.json.results[0].progressSummary, { totalContent: 2, completedContent: 2, overallProgressPercent: 100 });
  const analytics = await server.call('GET', '/user-progress/course/1/analytics', { as: 'instructor:2' });
  assert.equal(analytics.json.message, 'Course analytics retrieved successfully');
  const { contents, byStatus, percentBuckets, days, ...figures } = analytics.json.results; // the document's; the others: people.test.mjs
  assert.deepEqual(figures, { totalEnrollments: 1, activeUsers: 0, completedUsers: 1, averageProgress: 100, completionRate: 100, averageCompletionTime: 0,
    totalActivities: 2, contentEngagement: { contentId: 5, completionCount: 1, avgDuration: 15 } });
  assert.equal(contents.length, 2);
  const bulk = await server.call('POST', '/user-progress/bulk', { as: 'admin:9', body: { courseId: 1, userIds: [5, 1] } });
  assert.deepEqual(bulk.json.results.map((r) => [r.userId, r.enrollments?.enrollmentStatus ?? null]), [[5, null], [1, 'COMPLETED']]);
  assert.equal((await server.call('GET', '/user-progress/1/777', { as: 'admin:9' })).json.message, 'User or course not found');
  assert.equal((await server.call('GET', '/user-progress/abc/1', { as: 1 })).status, 400);
});

test('trk: the table\'s five endpoints', async () => {
  await server.declare('m-1', [{ id: 'lab-1', title: 'First lab', type: 'lab', section: 'A' }, { id: 'quiz-1', type: 'quiz', required: false }]);
  const post = await server.call('POST', '/api/progress', { as: 'ann', body: { contentId: 'lab-1', progressPercentage: 40, timeSpent: 1.5, score: 3, maxScore: 4 } });
  assert.equal(post.status, 201);
  assert.equal(post.json.message, 'Progress updated successfully');
  const record = post.json.data;
  has(record, ['id', '_id', 'userId', 'contentId', 'contentType', 'status', 'progressPercentage', 'startedAt', 'completedAt', 'timeSpent', 'score', 'maxScore', 'createdAt', 'updatedAt', 'isCompleted', 'isInProgress', 'scorePercentage']);
  assert.deepEqual(record.contentId, { id: 'lab-1', title: 'First lab', type: 'lab', section: 'A', moduleId: 'm-1' });
  assert.deepEqual([record.status, record.progressPercentage, record.timeSpent, record.scorePercentage], ['in-progress', 40, 1.5, 75]);
  const complete = await server.call('PUT', `/api/progress/${record.id}/complete`, { as: 'ann', body: { score: 4 } });
  assert.equal(complete.status, 200);
  assert.equal(complete.json.message, 'Content marked as completed successfully');
  assert.deepEqual([complete.json.data.status, complete.json.data.progressPercentage, complete.json.data.score], ['completed', 100, 4]);
  assert.equal((await server.call('PUT', `/api/progress/${record.id}/complete`, { as: 'bob', body: {} })).status, 403);
  assert.equal((await server.call('PUT', '/api/progress/99999/complete', { as: 'ann', body: {} })).status, 404);
  const module = await server.call('GET', '/api/progress/ann/m-1', { as: 'ann' });
  assert.deepEqual(module.json.data.statistics, { totalContent: 2, completedContent: 1, completionPercentage: 100, totalTimeSpent: 1.5, progressByType: { video: 0, lab: 1, game: 0, document: 0 } });
  assert.equal(module.json.data.enrollment.status, 'completed');
  const stats = await server.call('GET', '/api/progress/stats/m-1', { as: 'instructor:2' });
  assert.deepEqual(stats.json.data.overview, { totalUsers: 1, totalContent: 2, totalProgress: 1 });
  assert.deepEqual(stats.json.data.completionRates, { lab: 100, quiz: 0 });
  const list = await server.call('GET', '/api/progress/ann', { as: 'ann' });
  has(list.json, ['success', 'message', 'data', 'progress_logs']);
  assert.deepEqual(list.json.data.statistics, { total: 1, completed: 1, inProgress: 0, notStarted: 0, averageProgress: 100, totalTimeSpent: 1.5 });
  const empty = await server.call('GET', '/api/progress/never-seen', { as: 'never-seen' });
  assert.deepEqual([empty.status, empty.json.data.progress, empty.json.progress_logs], [200, [], []]);
  const labs = await server.call('GET', '/api/progress/ann/labs', { as: 'ann' });
  assert.deepEqual(labs.json.data.statistics, { total: 1, completed: 1, inProgress: 0, notStarted: 0, averageProgress: 100, averageScore: 4, totalTimeSpent: 1.5 });
});

test('logs: the table\'s six endpoints', async () => {
  const as = 'runner';
  const post = await server.call('POST', '/api/progress/log', { as, body: '{"user_id":"runner","date":"2025-03-02","activity":"run","weight_kg":71.10,"workout_done":false,"note":""}' });
  assert.equal(post.status, 201);
  assert.equal(post.json.message, 'Progress logged successfully');
  assert.match(post.text, /"weight_kg":71\.10,/); // as it was written
  await server.call('POST', '/api/progress/log', { as, body: { user_id: as, date: '2025-03-01', weight_kg: 72.9 } });
  const put = await server.call('PUT', `/api/progress/log/${post.json.id}`, { as, body: { note: 'fine', log_id: 99 } });
  assert.equal(put.json.message, 'Progress log updated');
  assert.deepEqual([put.json.updated_log.note, put.json.updated_log.activity, put.json.updated_log.log_id], ['fine', 'run', post.json.id]);
  const list = await server.call('GET', `/api/progress/${as}`, { as });
  assert.deepEqual(list.json.progress_logs.map((l) => l.date), ['2025-03-02', '2025-03-01']); // newest first
  const filtered = await server.call('GET', `/api/progress/${as}?from=2025-03-02&to=2025-03-02`, { as });
  assert.equal(filtered.json.progress_logs.length, 1);
  const summary = await server.call('GET', `/api/progress/summary/${as}`, { as });
  assert.deepEqual([summary.json.total_logs, summary.json.first_date, summary.json.last_date, summary.json.average_weight], [2, '2025-03-01', '2025-03-02', 72]);
  assert.deepEqual(summary.json.fields.weight_kg, { count: 2, average: 72, min: 71.1, max: 72.9, sum: 144, first: 72.9, last: 71.1 });
  const drop = await server.call('DELETE', `/api/progress/log/${post.json.id}`, { as });
  assert.deepEqual(drop.json, { message: 'Progress log deleted', deleted_log_id: post.json.id });
  assert.equal((await server.call('DELETE', `/api/progress/log/${post.json.id}`, { as })).status, 404);
  const clear = await server.call('DELETE', `/api/progress/user/${as}/logs`, { as });
  assert.deepEqual(clear.json, { message: 'All progress logs for user deleted', deleted_log_count: 1 });
  assert.equal((await server.call('DELETE', `/api/progress/user/${as}/logs`, { as })).status, 404);
  const nothing = await server.call('GET', `/api/progress/summary/${as}`, { as });
  assert.deepEqual([nothing.json.total_logs, nothing.json.first_date, nothing.json.average_weight, nothing.json.fields], [0, null, null, {}]);
});

test('video: the document\'s eight endpoints', async () => {
  const as = user;
  const body = { userId: user.toUpperCase(), videoId: video, watchedDuration: 60, lastWatched: '2026-01-02T10:00:00+05:30' };
  const update = await server.call('POST', '/progress/update', { as, body });
  assert.deepEqual(update.json, { userId: user, videoId: video, watchedDuration: 60, lastWatched: '2026-01-02T04:30:00.000Z', position: 60 });
  const get = await server.call('GET', `/progress/${user}/${video.toUpperCase()}`, { as });
  assert.deepEqual(get.json, update.json);
  assert.equal(get.headers.get('etag'), update.headers.get('etag'));
  assert.equal((await server.call('GET', `/progress/${user}/${video}`, { as, headers: { 'if-none-match': get.headers.get('etag') } })).status, 304);
  const sync = await server.call('POST', '/progress/sync', { as, body: { userId: user, progressData: [
    { videoId: video, watchedDuration: 10, lastWatched: '2025-01-01T00:00:00Z' },
    { videoId: video, watchedDuration: 60, lastWatched: '2026-01-02T04:30:00Z' },
    { videoId: 'v-2', watchedDuration: 30, lastWatched: '2026-01-03T00:00:00Z', duration: 30 },
    { videoId: 'log', watchedDuration: 30 }] } });
  assert.deepEqual(sync.json.results.map((r) => r.result), ['stale', 'unchanged', 'applied', 'invalid']);
  assert.equal(sync.json.progressData.length, 2);
  const list = await server.call('GET', `/progress/${user}`, { as });
  assert.deepEqual(list.json.progressData.map((p) => p.videoId), ['v-2', video]);
  const summary = await server.call('GET', '/progress/summary/v-2', { as: 'anybody' });
  assert.deepEqual(summary.json, { videoId: 'v-2', averageWatchedDuration: 30, completionRate: 1, viewers: 1, title: null, durationSeconds: 30, courseId: null, retention: [] });
  const engagement = await server.call('GET', `/progress/engagement/${user}`, { as });
  assert.deepEqual([engagement.json.totalWatchedDuration, engagement.json.mostWatchedVideos], [90, [{ videoId: video, watchedDuration: 60 }, { videoId: 'v-2', watchedDuration: 30 }]]);
  assert.equal(engagement.json.longestStreakDays, 2);
  const realtime = await server.call('POST', '/progress/realtime', { as, body: JSON.stringify({ ...body, watchedDuration: 70, lastWatched: '2026-01-04' }), headers: { 'content-type': 'text/plain' } });
  assert.equal(realtime.json.watchedDuration, 70); // sendBeacon
  const drop = await server.call('DELETE', `/progress/${user}/${video}`, { as });
  assert.deepEqual(drop.json, { message: 'Progress deleted successfully' });
  assert.equal((await server.call('DELETE', `/progress/${user}/${video}`, { as })).status, 200);
  assert.equal((await server.call('GET', `/progress/${user}/${video}`, { as })).status, 404);
  const older = await server.call('POST', '/progress/update', { as, body });
  assert.deepEqual([older.status, older.json.watchedDuration, older.json.lastWatched], [200, 0, null]); // older than the delete
});

test('what one face writes, every other reads', async () => {
  await server.declare(50, [{ id: 501, title: 'One', type: 'video', durationSeconds: 200 }]);
  await server.call('POST', '/progress/update', { as: 77, body: { userId: 77, videoId: 501, watchedDuration: 100 } });
  assert.equal((await server.call('GET', '/user-progress/50/77', { as: 77 })).json.results.activityLogs[0].progressPercent, '50.00');
  assert.equal((await server.call('GET', '/api/v1/Progress/course/77/50', { as: 77 })).json.videoProgresses[0].completionPercentage, 50);
  assert.equal((await server.call('GET', '/api/progress/77/50', { as: 77 })).json.data.progress[0].progressPercentage, 50);
  assert.equal((await server.call('GET', '/user-progress/course/50/analytics', { as: 'admin:9' })).json.results.activeUsers, 1);
  await server.call('POST', '/user-progress/update', { as: 77, body: { courseId: 50, courseContentId: 501, progressStatus: 'COMPLETED' } });
  assert.equal((await server.call('GET', '/progress/summary/501', { as: 77 })).json.completionRate, 1);
  assert.equal((await server.call('GET', '/api/v1/Progress/summary/77', { as: 77 })).json.completedCourses, 1);
  assert.equal((await server.call('GET', '/user-progress/course/50/analytics', { as: 'admin:9' })).json.results.completedUsers, 1);
});
