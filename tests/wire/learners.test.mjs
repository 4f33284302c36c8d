// What makes a learner's progress, over the wire: time, clocks, days, previews, webhooks, budgets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  const end = await server.discard();
  assert.deepEqual(end, { code: 0, signal: null }, server.log);
});

const trk = (as, body) => server.call('POST', '/api/progress', { as, body: { progressPercentage: 1, ...body } });

test('many short reports add up; courseroom shows whole seconds', async () => {
  for (let i = 0; i < 100; i++) assert.equal((await trk('t1', { contentId: '7001', moduleId: '700', timeSpent: 0.008 })).status, 201);
  const record = (await server.call('GET', '/api/progress/t1/700', { as: 't1' })).json.data;
  assert.equal(record.progress[0].timeSpent, 0.8); // 100 x 480 ms
  assert.equal(record.statistics.totalTimeSpent, 0.8);
  assert.equal((await server.call('GET', '/user-progress/700/t1', { as: 't1' })).status, 400); // no integer id
  await trk('71', { contentId: '7101', moduleId: '710', timeSpent: 0.025 }); // 1,500 ms: half up
  const shown = await server.call('GET', '/user-progress/710/71', { as: 71 });
  assert.equal(shown.json.results.activityLogs[0].activityDuration, 2);
});

test('seven days of minutes are taken, more is not', async () => {
  assert.equal((await trk('t2', { contentId: 'a', timeSpent: 10080 })).json.data.timeSpent, 10080);
  for (const timeSpent of [10081, 10080.001, 1e300]) {
    const over = await trk('t2', { contentId: 'a', timeSpent });
    assert.deepEqual([over.status, over.json.errors[0].field], [400, 'timeSpent'], String(timeSpent));
  }
  assert.equal((await trk('t2', { contentId: 'a' })).json.data.timeSpent, 10080);
});

// ---- clocks ----

const video = (as, body) => server.call('POST', '/progress/update', { as, body: { userId: String(as), ...body } });
const hours = (n) => new Date(Date.now() + n * 3600e3).toISOString();

test('a clock that runs ahead freezes nothing', async () => {
  const before = Date.now();
  const ahead = await video('c1', { videoId: 'v', watchedDuration: 100, lastWatched: hours(9) });
  assert.equal(ahead.status, 200);
  assert.ok(Date.parse(ahead.json.lastWatched) >= before && Date.parse(ahead.json.lastWatched) <= Date.now()); // when it came
  const now = await server.call('POST', '/api/v1/Progress/video', { as: 'c1', body: { UserId: 'c1', VideoId: 'v', CurrentTimeSeconds: 500 } });
  assert.equal(now.json.currentTimeSeconds, 500);
  const state = (await server.call('GET', '/progress/c1/v', { as: 'c1' })).json;
  assert.deepEqual([state.watchedDuration, state.position], [500, 500]);
  const again = await video('c1', { videoId: 'v', watchedDuration: 7, lastWatched: new Date().toISOString() });
  assert.equal(again.json.watchedDuration, 7);
  const { streakDays } = (await server.call('GET', '/progress/engagement/c1', { as: 'c1' })).json;
  assert.equal(streakDays, 1); // nine hours ahead may be tomorrow: no day was made up
});

test('a duration from a clock ahead does not stay either; in a sync too; 24 h is the end', async () => {
  const sync = await server.call('POST', '/progress/sync', { as: 'c2', body: { userId: 'c2', progressData: [
    { videoId: 'v', watchedDuration: 10, duration: 1000, lastWatched: hours(23.9) },
    { videoId: 'w', watchedDuration: 10, lastWatched: hours(24.1) },
    { videoId: 'x', watchedDuration: 10, lastWatched: hours(-24.1) },
  ] } });
  assert.deepEqual(sync.json.results.map((r) => r.result), ['applied', 'invalid', 'applied']);
  assert.equal((await video('c2', { videoId: 'v', watchedDuration: 50, duration: 100 })).status, 200);
  const listed = (await server.call('GET', '/api/v1/Progress/videos/c2/none', { as: 'c2' })).status;
  assert.equal(listed, 404);
  const own = (await server.call('GET', '/api/progress/c2', { as: 'c2' })).json.data.progress.find((r) => r.contentId.id === 'v');
  assert.equal(own.progressPercentage, 50); // of the later duration
});

test('1970-01-01T00:00:00Z is an instant like any other', async () => {
  assert.equal((await video('c3', { videoId: 'v', watchedDuration: 10, lastWatched: '1970-01-01T00:00:00Z' })).json.lastWatched, '1970-01-01T00:00:00.000Z');
  assert.equal((await video('c3', { videoId: 'v', watchedDuration: 5, lastWatched: '1970-01-01T00:00:00Z' })).json.watchedDuration, 10);
  assert.equal((await video('c3', { videoId: 'v', watchedDuration: 99, lastWatched: '1969-12-31T23:59:59Z' })).json.watchedDuration, 10);
  assert.equal((await server.call('GET', '/progress/engagement/c3', { as: 'c3' })).json.longestStreakDays, 2);
});

// ---- days ----

const zoned = (sub, zoneinfo, role = 'student') => ({ token: server.token(sub, role, { zoneinfo }) });
const streak = async (user, as) => {
  const { streakDays, longestStreakDays } = (await server.call('GET', `/progress/engagement/${user}`, { as })).json;
  return [streakDays, longestStreakDays];
};

test('work on any face is a day', async () => {
  assert.equal((await trk('d1', { contentId: 'a' })).status, 201);
  assert.deepEqual(await streak('d1', 'd1'), [1, 1]);
  await server.call('POST', '/user-progress/update', { as: 81, body: { courseId: 81, courseContentId: 811, progressStatus: 'IN_PROGRESS' } });
  assert.deepEqual(await streak('81', 81), [1, 1]);
  await server.call('POST', '/api/progress/log', { as: 'd2', body: { user_id: 'd2', steps: 5 } });
  assert.deepEqual(await streak('d2', 'd2'), [0, 0]); // an entry is no report
});

test("a day is one of the learner's own zone", async () => {
  const evening = ['2025-03-01T17:00:00Z', '2025-03-01T20:00:00Z']; // one UTC day, two in Kolkata
  const send = async (as, user) => {
    for (const lastWatched of evening) assert.equal((await server.call('POST', '/progress/update', { as, body: { userId: user, videoId: 'v', watchedDuration: 1, lastWatched } })).status, 200);
  };
  await send(zoned('d3', 'Asia/Kolkata'), 'd3');
  assert.deepEqual(await streak('d3', 'd3'), [0, 2]);
  for (const [user, zone] of [['d4', undefined], ['d5', 'Mars/Olympus'], ['d6', 7], ['d7', '../../etc/passwd'], ['d8', 'x'.repeat(500)]]) {
    await send(zoned(user, zone), user);
    assert.deepEqual(await streak(user, user), [0, 1], String(zone));
  }
  await send(zoned('sys', 'Asia/Kolkata', 'system'), 'd9'); // not the learner's own token
  assert.deepEqual(await streak('d9', 'd9'), [0, 1]);
});

test("today is of the reader's own zone, else of the last report's", async () => {
  const east = zoned('d10', 'Pacific/Kiritimati'); // UTC+14: from 10:00 UTC on it is tomorrow there
  await server.call('POST', '/api/progress', { as: east, body: { contentId: 'a', progressPercentage: 1 } });
  assert.deepEqual(await streak('d10', east), [1, 1]);
  assert.deepEqual(await streak('d10', 'admin:9'), [1, 1]);
  assert.deepEqual(await streak('d10', 'd10'), [1, 1]); // their own token without a zone
  const west = zoned('d10', 'Etc/GMT+12');
  const now = await streak('d10', west);
  assert.deepEqual(now, [1, 1]); // there the day of the report may still be to come
});

// ---- budgets: core/limits.h ----

const sync = async (as, progressData) => (await server.call('POST', '/progress/sync', { as, body: { userId: as, progressData } })).json.results;
const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));

test('metadata: 256 members of one record, once merged', async () => {
  const send = (from, n) => server.call('POST', '/user-progress/update', { as: 91, body: { courseId: 91, courseContentId: 911, progressStatus: 'IN_PROGRESS', metadata: Object.fromEntries(many(n, (i) => [`m${from + i}`, i])) } });
  assert.equal((await send(0, 256)).status, 200);
  assert.equal((await send(0, 256)).status, 200);
  const over = await send(1, 256);
  assert.deepEqual([over.status, over.json.errors[0].field], [400, 'metadata']);
  assert.equal((await send(0, 257)).status, 400);
  const { metadata } = (await server.call('GET', '/user-progress/91/91', { as: 91 })).json.results.activityLogs[0];
  assert.equal(Object.keys(metadata).length, 256);
});

test('a learner has at most 10,000 items, 1,000 courses, 10,000 days, 100,000 segments', async () => {
  const all = async (as, n, make) => {
    for (let from = 0; from < n; from += 1000)
      for (const { result, error } of await sync(as, many(1000, (i) => make(from + i)))) assert.equal(result, 'applied', error);
  };
  const over = async (as, item, message) => {
    const answer = await server.call('POST', '/progress/update', { as, body: { userId: as, ...item } });
    assert.deepEqual([answer.status, answer.json.message], [409, message]);
    const [result] = await sync(as, [item]);
    assert.deepEqual([result.result, result.error], ['invalid', message]);
  };
  await all('b1', 10000, (i) => ({ videoId: `b1-${i}`, watchedDuration: 1 }));
  await over('b1', { videoId: 'b1-10000', watchedDuration: 1 }, 'a learner has progress on at most 10,000 items');
  assert.equal((await sync('b1', [{ videoId: 'b1-9999', watchedDuration: 9 }]))[0].result, 'applied');
  await all('b2', 1000, (i) => ({ videoId: `b2-${i}`, courseId: `b2-${i}`, watchedDuration: 1 }));
  await over('b2', { videoId: 'b2-1000', courseId: 'b2-1000', watchedDuration: 1 }, 'a learner is enrolled in at most 1,000 courses');
  await all('b3', 10000, (i) => ({ videoId: 'b3', watchedDuration: 1, lastWatched: new Date(Date.UTC(1990, 0, 1 + i)).toISOString() }));
  await over('b3', { videoId: 'b3', watchedDuration: 1, lastWatched: '1980-01-01' }, 'a learner has reports on at most 10,000 days');
  const pieces = many(1000, (i) => [2 * i, 2 * i + 1]);
  for (let i = 0; i < 100; i += 20) for (const { result } of await sync('b4', many(20, (k) => ({ videoId: `b4-${i + k}`, watchedDuration: 1, segments: pieces })))) assert.equal(result, 'applied');
  await over('b4', { videoId: 'b4-100', watchedDuration: 1, segments: [[0, 1]] }, 'a learner has at most 100,000 segments in all');
  assert.equal((await sync('b4', [{ videoId: 'b4-0', watchedDuration: 1, segments: [[0, 2000]] }]))[0].result, 'applied'); // that joins them
  assert.equal((await sync('b4', [{ videoId: 'b4-100', watchedDuration: 1, segments: [[0, 1]] }]))[0].result, 'applied');
});

test('an eventId and a deviceId may be integers, the same in either spelling', async () => {
  const told = (body) => server.call('POST', '/progress/update', { as: 'ev', body: `{"userId":"ev","videoId":"v",${body}}` });
  assert.equal((await told('"watchedDuration":5,"eventId":12,"deviceId":7')).json.watchedDuration, 5);
  for (const id of ['"12"', '12', '12.0']) assert.equal((await told(`"watchedDuration":9,"eventId":${id}`)).json.watchedDuration, 5, id);
  assert.equal((await told('"watchedDuration":9,"eventId":1.5')).json.errors[0].field, 'eventId');
});

test("all of a bulk or nothing, also where a budget ends in its middle", async () => {
  const bulk = (ids) => server.call('POST', '/api/v1/Progress/videos/bulk', { as: 'b5', body: { videoProgresses: ids.map((VideoId) => ({ UserId: 'b5', VideoId, CurrentTimeSeconds: 1 })) } });
  await sync('b5', many(1000, (i) => ({ videoId: `b5-${i}`, watchedDuration: 1 })));
  for (let i = 1; i < 10; i++) await sync('b5', many(i < 9 ? 1000 : 995, (k) => ({ videoId: `b5-${i * 1000 + k}`, watchedDuration: 1 })));
  const over = await bulk(many(6, (i) => `b5-new-${i}`));
  assert.equal(over.status, 409);
  assert.equal((await server.call('GET', '/progress/b5/b5-new-0', { as: 'b5' })).status, 404);
  assert.equal((await bulk(many(10, (i) => `b5-new-${i % 5}`))).status, 200); // each once: five
});

test('all metadata of a learner has a bound', async () => {
  const big = { a: 'x'.repeat(16000) };
  const send = (i, metadata) => server.call('POST', '/user-progress/update', { as: 92, body: { courseId: 92, courseContentId: 92000 + i, progressStatus: 'IN_PROGRESS', metadata } });
  let i = 0;
  for (; i < 300; i++) {
    const answer = await send(i, big);
    if (answer.status === 200) continue;
    assert.deepEqual([answer.status, answer.json.message], [409, "a learner's metadata has at most 4 MiB in all"]);
    break;
  }
  assert.equal(i, Math.floor((4 << 20) / 16005));
  assert.equal((await send(0, { a: 1 })).status, 200);
  assert.equal((await send(i, { a: 'x'.repeat(15900) })).status, 200);
});

// ---- staff are no learners ----

const room = (as, courseId, courseContentId, more = {}) =>
  server.call('POST', '/user-progress/update', { as, body: { courseId, courseContentId, progressStatus: 'COMPLETED', activityDuration: 3, ...more } });
const analytics = async (course) => (await server.call('GET', `/user-progress/course/${course}/analytics`, { as: 'admin:9' })).json.results;
const leaders = async (course) => (await server.call('GET', `/user-progress/course/${course}/leaderboard`, { as: 'admin:9' })).json.results.map((r) => r.userId);
const declare = (course, contents, staff = []) =>
  server.call('PUT', `/api/v1/catalog/courses/${course}`, { as: 'admin:9', body: { title: 'T', staff, contents: contents.map((id) => ({ id: String(id), type: 'video' })) } });
const webhook = (body) => server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'admin:9', headers: { 'x-server-key': server.key }, body });

test('an instructor who previews their own course changes no figure of it', async () => {
  assert.ok([200, 201].includes((await declare(300, [3001, 3002], [{ userId: '301', role: 'INSTRUCTOR' }, { userId: '302', role: 'INSTRUCTOR' }])).status));
  for (const item of [3001, 3002]) assert.equal((await room(303, 300, item)).status, 200);
  const before = await analytics(300);
  assert.deepEqual([before.totalEnrollments, before.completionRate, before.totalActivities], [1, 100, 2]);
  const preview = await room('instructor:301', 300, 3001, { progressStatus: 'IN_PROGRESS', progressPercent: 10 });
  assert.equal(preview.status, 200);
  assert.equal(preview.json.results.progressPercent, '10.00');
  assert.equal((await room('302', 300, 3001)).status, 200); // a student's token, but the course's staff lists them
  assert.equal((await room('admin:304', 300, 3002)).status, 200);
  assert.deepEqual(await analytics(300), before);
  assert.deepEqual(await leaders(300), [303]);
  for (const [as, id] of [['instructor:301', 301], ['302', 302], ['admin:304', 304]]) {
    const own = (await server.call('GET', `/user-progress/300/${id}`, { as })).json.results;
    assert.equal(own.enrollments, null);
    assert.equal(own.activityLogs.length, 1); // kept, and shown to its author
  }
  const all = await server.call('GET', '/user-progress/course/300/all', { as: 'admin:9' });
  assert.equal(all.json.pagination.total, 1);
  const stats = (await server.call('GET', '/api/progress/stats/300', { as: 'admin:9' })).json.data;
  assert.deepEqual(stats.overview, { totalUsers: 1, totalContent: 2, totalProgress: 2 });
  assert.deepEqual(stats.completionRates, { video: 100 });
  assert.equal((await server.call('GET', '/progress/summary/3001', { as: 303 })).json.viewers, 1);
  assert.equal((await server.call('GET', '/progress/summary/3002', { as: 303 })).json.completionRate, 1);
});

test('who previewed and is enrolled later counts from then on; what SYSTEM reports of another enrols them', async () => {
  await declare(310, [3101, 3102], [{ userId: '311', role: 'INSTRUCTOR' }]);
  await room('instructor:311', 310, 3101);
  await room('system:svc', 310, 3102, { userId: 312 });
  let now = await analytics(310);
  assert.deepEqual([now.totalEnrollments, now.totalActivities, now.averageProgress], [1, 1, 50]);
  assert.equal((await webhook({ UserId: '311', CourseId: '310', Action: 'enroll' })).status, 200);
  now = await analytics(310);
  assert.deepEqual([now.totalEnrollments, now.totalActivities, now.averageProgress], [2, 2, 50]);
  assert.deepEqual(now.contents.map((c) => c.completionCount), [1, 1]);
  await room('instructor:311', 310, 3102); // an enrolled one is a learner
  now = await analytics(310);
  assert.deepEqual([now.completedUsers, now.totalActivities], [1, 3]);
  assert.deepEqual((await leaders(310)).sort(), [311, 312]);
});

test('a preview binds an item to the course that it names, and teaches it none', async () => {
  const send = (as, videoId, courseId) => server.call('POST', '/progress/update', { as, body: { userId: as.split(':').at(-1), videoId, ...(courseId && { courseId }), watchedDuration: 5 } });
  assert.equal((await send('instructor:321', '3201', '320')).status, 200);
  assert.equal((await send('instructor:321', '3201')).status, 200);
  let now = await analytics(320);
  assert.deepEqual([now.totalEnrollments, now.totalActivities, now.contents], [0, 0, []]);
  const foreign = await send('322', '3201', '329');
  assert.deepEqual([foreign.status, foreign.json.errors[0].field], [400, 'videoId']);
  assert.match(foreign.json.message, /3201 belongs to course 320, not to course 329/);
  const own = (await server.call('GET', '/user-progress/320/321', { as: 'instructor:321' })).json.results;
  assert.deepEqual([own.enrollments, own.activityLogs.length], [null, 1]);
  assert.equal((await room('323', 320, 3202)).status, 200); // one item of one: complete
  assert.equal((await analytics(320)).completedUsers, 1);
  assert.equal((await send('322', '3201')).status, 200); // in earnest, and without naming the course
  now = await analytics(320);
  assert.deepEqual([now.totalEnrollments, now.completedUsers, now.totalActivities, now.contents.map((c) => c.contentId)], [2, 0, 2, [3202, 3201]]);
  assert.equal((await server.call('GET', '/progress/summary/3201', { as: '322' })).json.viewers, 1);
  // What an observed course's previewer had counts once they are enrolled.
  assert.equal((await send('instructor:321', '3203', '320')).status, 200);
  assert.equal((await analytics(320)).contents.length, 2);
  assert.equal((await webhook({ UserId: '321', CourseId: '320', Action: 'enroll' })).status, 200);
  now = await analytics(320);
  assert.deepEqual([now.totalEnrollments, now.contents.length, now.totalActivities], [3, 3, 4]);
});

test('adoption enrols nobody whose every report was a preview', async () => {
  const send = (as, videoId, courseId) => server.call('POST', '/progress/update', { as, body: { userId: as.split(':').at(-1), videoId, ...(courseId && { courseId }), watchedDuration: 5 } });
  for (const as of ['331', 'instructor:332', 'admin:333']) assert.equal((await send(as, '3301')).status, 200);
  assert.equal((await server.call('GET', '/progress/summary/3301', { as: '331' })).json.viewers, 3); // of no course: all
  await declare(330, [3301]);
  assert.deepEqual(await leaders(330), [331]);
  assert.equal((await server.call('GET', '/progress/summary/3301', { as: '331' })).json.viewers, 1);
  // One that learners have reported is the course's as soon as anybody names that.
  for (const as of ['334', 'instructor:335']) assert.equal((await send(as, '3401')).status, 200);
  assert.equal((await send('instructor:335', '3401', '340')).status, 200);
  const now = await analytics(340);
  assert.deepEqual([now.totalEnrollments, now.contents.length, now.totalActivities], [1, 1, 1]);
  // An item that was only previewed, and that the declared course leaves out, is none of it.
  assert.equal((await send('instructor:335', '3501', '350')).status, 200);
  await declare(350, [3502]);
  assert.equal((await send('336', '3501', '350')).status, 404);
  assert.equal((await send('336', '3501')).status, 200);
  assert.equal((await server.call('GET', '/progress/summary/3501', { as: '336' })).json.viewers, 2);
});

test('a lock enrols nobody, is no activity, teaches no course', async () => {
  const lock = (progressStatus) => server.call('POST', '/user-progress/update', { as: 'admin:9', body: { courseId: 360, courseContentId: 3601, userId: 361, progressStatus } });
  assert.equal((await room('362', 360, 3602)).status, 200);
  assert.equal((await lock('LOCKED')).json.results.progressStatus, 'LOCKED');
  const now = await analytics(360);
  assert.deepEqual([now.totalEnrollments, now.completedUsers, now.totalActivities, now.contents.length], [1, 1, 1, 1]);
  assert.equal((await room('361', 360, 3601)).status, 409);
  await lock('NOT_STARTED');
  assert.equal((await room('361', 360, 3601)).status, 200);
  assert.deepEqual([(await analytics(360)).totalEnrollments, (await analytics(360)).completedUsers], [2, 0]);
});

test('explicit: staff without an enrolment get 404 like anybody', async () => {
  const explicit = await Server.start({ flags: ['--enroll', 'explicit'] });
  const send = (as) => explicit.call('POST', '/user-progress/update', { as, body: { courseId: 1, courseContentId: 11, progressStatus: 'COMPLETED' } });
  await explicit.call('PUT', '/api/v1/catalog/courses/1', { as: 'admin:9', body: { title: 'T', staff: [{ userId: '2', role: 'INSTRUCTOR' }], contents: [{ id: '11' }] } });
  assert.equal((await send('instructor:2')).status, 404);
  await explicit.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'admin:9', headers: { 'x-server-key': explicit.key }, body: { UserId: '2', CourseId: '1', Action: 'enroll' } });
  assert.equal((await send('instructor:2')).status, 200);
  assert.deepEqual(await explicit.discard(), { code: 0, signal: null });
});

// ---- the enrolment webhook ----

const statuses = async (course) => Object.fromEntries((await server.call('GET', `/user-progress/course/${course}/all?limit=100`, { as: 'admin:9' })).json.results.map((r) => [r.userId, r.enrollments.enrollmentStatus]));
const tell = async (course, user, ...told) => {
  for (const [Action, OccurredAt] of told) assert.equal((await webhook({ UserId: user, CourseId: course, Action, ...(OccurredAt && { OccurredAt }) })).status, 200, Action);
};
const at = (minutes) => new Date(Date.now() - 3600e3 + minutes * 60e3).toISOString();

test('UserIds: all or nothing, each once, not beside UserId', async () => {
  const ids = (n) => Array.from({ length: n }, (_, i) => 40100 + i);
  assert.equal((await webhook({ UserIds: [...ids(1000)], CourseId: '400', Action: 'enroll' })).status, 200);
  assert.equal((await analytics(400)).totalEnrollments, 1000);
  assert.equal((await webhook({ UserIds: [40100, '40100', '40101'], CourseId: '400', Action: 'drop' })).status, 200);
  assert.equal((await webhook({ userids: ['40102'], courseid: '400', ACTION: 'Expire' })).status, 200);
  const now = await statuses(400);
  assert.deepEqual([now[40100], now[40101], now[40102], now[40103]], ['DROPPED', 'DROPPED', 'EXPIRED', 'ENROLLED']);
  assert.deepEqual(await (await webhook({ UserIds: [], CourseId: '409', Action: 'enroll' })).json, {});
  assert.equal((await server.call('GET', '/user-progress/course/409/analytics', { as: 'admin:9' })).status, 404);
  for (const [what, body] of [['both', { UserId: '1', UserIds: ['2'] }], ['too many', { UserIds: ids(1001) }], ['no list', { UserIds: '2' }], ['one bad', { UserIds: ['2', {}] }], ['one reserved', { UserIds: ['2', 'stats'] }], ['empty', { UserIds: ['2', ''] }]]) {
    const refused = await webhook({ ...body, CourseId: '401', Action: 'enroll' });
    assert.deepEqual([refused.status, refused.json.errors[0].field], [400, 'UserIds'], what);
  }
  assert.equal((await webhook({ CourseId: '401', Action: 'enroll' })).json.errors[0].field, 'UserId');
  assert.equal((await webhook({ UserIds: null, UserId: '40199', CourseId: '401', Action: 'enroll' })).status, 200);
  // One that cannot be certified: nobody is.
  await declare(402, [4021]);
  await room('40201', 402, 4021);
  await room('40202', 402, 4021, { progressStatus: 'IN_PROGRESS' });
  assert.equal((await webhook({ UserIds: [40201, 40202], CourseId: '402', Action: 'certify' })).status, 409);
  assert.deepEqual(await statuses(402), { 40201: 'COMPLETED', 40202: 'IN_PROGRESS' });
  assert.equal((await webhook({ UserIds: [40201], CourseId: '402', Action: 'certify' })).status, 200);
  assert.equal((await webhook({ UserIds: [40201], CourseId: '402', Action: 'certify' })).status, 200);
  await tell('402', '40201', ['drop'], ['expire'], ['drop', at(50)]);
  assert.equal((await statuses(402))[40201], 'CERTIFIED'); // never left
  await tell('402', '40299', ['drop'], ['expire']); // unknown: nothing
  assert.equal((await statuses(402))[40299], undefined);
});

test('of two webhooks for one enrolment the later one stands, whatever order they arrive in', async () => {
  const told = [['enroll', at(1)], ['drop', at(2)], ['enroll', at(3)], ['expire', at(4)]];
  const orders = (list) => (list.length < 2 ? [list] : list.flatMap((one, i) => orders(list.toSpliced ? list.toSpliced(i, 1) : list.filter((_, k) => k !== i)).map((rest) => [one, ...rest])));
  let user = 41000;
  for (let last = 1; last <= told.length; last++)
    for (const order of orders(told.slice(0, last))) {
      await tell('410', String(++user), ...order);
      assert.equal((await statuses410(user)), ['ENROLLED', 'DROPPED', 'ENROLLED', 'EXPIRED'][last - 1], JSON.stringify(order));
    }
});
const statuses410 = async (user) => (await server.call('GET', `/user-progress/410/${user}`, { as: 'admin:9' })).json.results.enrollments.enrollmentStatus;

test('OccurredAt: equal instants, none, ahead, no instant; it makes an enrolment to drop', async () => {
  const state = async (user) => (await server.call('GET', `/user-progress/410/${user}`, { as: 'admin:9' })).json?.results?.enrollments?.enrollmentStatus;
  await tell('410', '42001', ['drop', at(5)]);
  assert.equal(await state(42001), 'DROPPED');
  await tell('410', '42002', ['expire', at(5)], ['drop', at(5)]); // equal: the one that arrives later
  assert.equal(await state(42002), 'DROPPED');
  await tell('410', '42003', ['enroll'], ['drop', at(5)]); // without: the server's instant
  assert.equal(await state(42003), 'ENROLLED');
  await tell('410', '42003', ['drop', hours(5)], ['enroll']); // ahead counts as now
  assert.equal(await state(42003), 'ENROLLED');
  await tell('410', '42003', ['drop', hours(-0.5)]); // and the repeated enrolment is the latest, though it changed nothing
  assert.equal(await state(42003), 'ENROLLED');
  await room('42004', 410, 4101); // by activity: the only webhook stands
  await tell('410', '42004', ['drop', at(5)]);
  assert.equal(await state(42004), 'DROPPED');
  await room('42004', 410, 4101);
  assert.equal(await state(42004), 'DROPPED');
  await tell('410', '42004', ['enroll', '2020-01-01 10:00:00+00']);
  assert.equal(await state(42004), 'DROPPED');
  await tell('410', '42004', ['enroll', at(6)]);
  assert.ok(['IN_PROGRESS', 'COMPLETED'].includes(await state(42004)));
  for (const OccurredAt of ['yesterday', 5, hours(24.1)]) {
    const refused = await webhook({ UserId: '42009', CourseId: '410', Action: 'drop', OccurredAt });
    assert.deepEqual([refused.status, refused.json.errors[0].field], [400, 'OccurredAt'], String(OccurredAt));
  }
});

test('all of that comes back from an export: marks of previews, zones, milliseconds, what webhooks date', async () => {
  const place = mkdtempSync(join(tmpdir(), 'milepost-learners-'));
  try {
    const file = join(place, 'export.jsonl'), to = join(place, 'imported');
    assert.equal(run('export', '--out', file, '--data', server.directory).status, 0);
    const text = readFileSync(file, 'utf8');
    for (const mark of ['"preview":true', '"zone":"Asia/Kolkata"', '"timeSpent":0.48', '"occurredAt":', '"event":"webhook_noted"']) assert.ok(text.includes(mark), mark);
    const imported = run('import', file, '--data', to);
    assert.equal(imported.status, 0, imported.stderr);
    assert.equal(run('export', '--out', `${file}2`, '--data', to).status, 0);
    assert.ok(readFileSync(`${file}2`, 'utf8') === text);
    assert.equal(run('verify', '--data', to).status, 0);
    const other = await Server.start({ directory: to });
    for (const course of [300, 310, 320, 330, 340, 350, 360, 400, 402, 410])
      assert.deepEqual((await other.call('GET', `/user-progress/course/${course}/analytics`, { as: 'admin:9' })).json.results, await analytics(course), `course ${course}`);
    assert.deepEqual((await other.call('GET', '/progress/engagement/d3', { as: 'd3' })).json, (await server.call('GET', '/progress/engagement/d3', { as: 'd3' })).json);
    await other.discard();
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
});

test('erasure: a course that previews of others name stays known, one that nobody else names goes', async () => {
  const send = (as, videoId, courseId) => server.call('POST', '/progress/update', { as, body: { userId: as.split(':').at(-1), videoId, courseId, watchedDuration: 5 } });
  for (const [as, video, course] of [['e1', 'ev1', 'ec1'], ['instructor:e2', 'ev2', 'ec1'], ['instructor:e3', 'ev3', 'ec2'], ['e4', 'ev4', 'ec3'], ['instructor:e3', 'ev4', 'ec3']]) assert.equal((await send(as, video, course)).status, 200);
  const known = async (course) => (await server.call('GET', `/api/progress/stats/${course}`, { as: 'admin:9' })).status;
  for (const id of ['e1', 'e3', 'e4']) assert.equal((await server.call('DELETE', `/api/v1/users/${id}`, { as: id })).status, 200);
  assert.deepEqual([await known('ec1'), await known('ec2'), await known('ec3')], [200, 404, 404]);
  assert.equal((await send('e5', 'ev2', 'ec9')).status, 400); // still bound
  assert.equal((await send('e5', 'ev2', 'ec1')).status, 200);
});

// ---- rules read again, sentence by sentence ----

test('DROPPED and EXPIRED keep their completionDate; enrolling again resets the enrollmentDate', async () => {
  const own = async (course, user) => (await server.call('GET', `/user-progress/${course}/${user}`, { as: user })).json.results.enrollments;
  await declare(500, [5001]);
  for (const [course, user, item] of [[500, 501, 5001], [510, 511, 5101]]) { // declared, observed
    await room(String(user), course, item);
    const done = await own(course, user);
    assert.equal(done.enrollmentStatus, 'COMPLETED');
    await tell(String(course), String(user), ['drop']);
    let now = await own(course, user);
    assert.deepEqual([now.enrollmentStatus, now.completionDate], ['DROPPED', done.completionDate]);
    await tell(String(course), String(user), ['expire']);
    now = await own(course, user);
    assert.deepEqual([now.enrollmentStatus, now.completionDate], ['EXPIRED', done.completionDate]);
    await tell(String(course), String(user), ['enroll']);
    now = await own(course, user);
    assert.deepEqual([now.enrollmentStatus, now.completionDate], ['COMPLETED', done.completionDate]);
    assert.ok(now.enrollmentDate > done.enrollmentDate);
  }
});

test('a POST overwrites the score of a completed record; PUT complete gives one only where there was none', async () => {
  const first = (await trk('s1', { contentId: 's', progressPercentage: 100, score: 5, maxScore: 10 })).json.data;
  assert.deepEqual([first.isCompleted, first.score], [true, 5]);
  const second = (await trk('s1', { contentId: 's', progressPercentage: 100, score: 7 })).json.data;
  assert.deepEqual([second.score, second.maxScore], [7, 10]);
  const put = (await server.call('PUT', `/api/progress/${first.id}/complete`, { as: 's1', body: { score: 9 } })).json.data;
  assert.equal(put.score, 7);
  const none = (await trk('s1', { contentId: 's2', progressPercentage: 100 })).json.data;
  assert.equal((await server.call('PUT', `/api/progress/${none.id}/complete`, { as: 's1', body: { score: 3 } })).json.data.score, 3);
});

test('all items optional: 0 per cent, never COMPLETED by itself', async () => {
  await server.call('PUT', '/api/v1/catalog/courses/520', { as: 'admin:9', body: { title: 'T', contents: [{ id: '5201', required: false }, { id: '5202', required: false }] } });
  for (const item of [5201, 5202]) await room('521', 520, item);
  const now = await analytics(520);
  assert.deepEqual([now.completedUsers, now.averageProgress, now.completionRate], [0, 0, 0]);
  assert.equal((await statuses(520))[521], 'IN_PROGRESS');
  assert.equal((await webhook({ UserId: '521', CourseId: '520', Action: 'certify' })).status, 409);
});
