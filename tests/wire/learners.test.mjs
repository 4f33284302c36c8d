// What makes a learner's progress, over the wire: time, clocks, days, previews, webhooks, budgets.
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
