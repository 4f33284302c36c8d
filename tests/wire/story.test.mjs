// Contract 9: a learner's history, readable, and the parts of a video that they watched.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
const admin = 'admin:9';
before(async () => {
  server = await Server.start({ flags: ['--display_timezone', 'Asia/Kolkata'] });
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const history = async (user, query = '', as = user) => {
  const answer = await server.call('GET', `/api/v1/users/${user}/history?${query}`, { as });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
const ok = async (method, path, options) => {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer;
};

test('a history says what happened, by whom, from where, and how things stood right after', async () => {
  await server.declare(40, [{ id: '401', type: 'video', durationSeconds: 100 }, { id: '402', type: 'lab' }], { staff: [{ userId: '7', role: 'INSTRUCTOR' }] });
  const at = new Date(Date.now() - 60000).toISOString();
  await ok('POST', '/progress/update', { as: '41', body: { userId: '41', videoId: '401', courseId: '40', watchedDuration: 30, position: 12.5, segments: [[0, 20.25]], duration: 90, lastWatched: at, deviceId: 'phone' } });
  await ok('POST', '/api/progress', { as: '41', body: { contentId: '402', moduleId: '40', progressPercentage: 40, timeSpent: 1.5, score: 3, maxScore: 4 } });
  await ok('POST', '/user-progress/update', { as: '41', body: { courseId: 40, courseContentId: 402, progressStatus: 'COMPLETED', activityDuration: 5, metadata: { note: 'x' } } });
  await ok('POST', '/user-progress/update', { as: admin, body: { userId: 41, courseId: 40, courseContentId: 401, progressStatus: 'LOCKED' } });
  const log = (await ok('POST', '/api/progress/log', { as: '41', body: { user_id: '41', activity: 'run', value: 3 } })).json;
  await ok('DELETE', `/api/progress/log/${log.id}`, { as: '41' });
  await ok('POST', '/user-progress/reset', { as: 'instructor:7', body: { courseId: 40, userId: 41, courseContentId: 402 } });
  await ok('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: admin, headers: { 'x-server-key': server.key }, body: { UserId: '41', CourseId: '40', Action: 'drop' } });
  const { userId, history: events, nextCursor } = await history('41');
  assert.deepEqual([userId, nextCursor], ['41', null]);
  assert.deepEqual(Object.keys(events[0]), ['eventId', 'event', 'at', 'clientAt', 'actor', 'face', 'deviceId', 'courseId', 'itemId', 'status', 'progressPercent', 'detail']);
  assert.ok(events.every(({ eventId, at: when }, i) => i === 0 || (eventId < events[i - 1].eventId && when <= events[i - 1].at)));
  const [dropped, reset, deleted, logged, locked, done, saved, watched] = events.map(({ eventId, at: when, ...one }) => one);
  assert.equal(events.length, 8);
  const none = { clientAt: null, deviceId: null };
  assert.deepEqual(watched, { event: 'progress', clientAt: at, actor: '41', face: 'video', deviceId: 'phone', courseId: '40', itemId: '401', status: 'IN_PROGRESS', progressPercent: 20.25, detail: { position: 12.5, watchedDuration: 30, duration: 90, segments: [[0, 20.25]] } });
  assert.deepEqual(saved, { ...none, event: 'progress', actor: '41', face: 'trk', courseId: '40', itemId: '402', status: 'IN_PROGRESS', progressPercent: 40, detail: { progressPercent: 40, timeSpent: 90, score: 3, maxScore: 4 } });
  assert.deepEqual(done, { ...none, event: 'progress', actor: '41', face: 'courseroom', courseId: '40', itemId: '402', status: 'COMPLETED', progressPercent: 100, detail: { status: 'COMPLETED', timeSpent: 5, metadata: { note: 'x' } } });
  assert.deepEqual(locked, { ...none, event: 'progress', actor: '9', face: 'courseroom', courseId: '40', itemId: '401', status: 'LOCKED', progressPercent: 20.25, detail: null });
  assert.deepEqual([logged.event, logged.status, logged.progressPercent, logged.courseId, logged.itemId, logged.detail.activity, logged.detail.value], ['log', 'created', null, null, null, 'run', 3]);
  assert.deepEqual([deleted.event, deleted.status, deleted.detail], ['log', 'deleted', null]);
  assert.deepEqual(reset, { ...none, event: 'reset', actor: '7', face: 'courseroom', courseId: '40', itemId: '402', status: 'NOT_STARTED', progressPercent: 0, detail: null });
  assert.deepEqual(dropped, { ...none, event: 'enrollment', actor: '9', face: 'pts', courseId: '40', itemId: null, status: 'DROPPED', progressPercent: null, detail: null });
});

test('a clamped clientAt is null', async () => {
  await ok('POST', '/progress/update', { as: '42', body: { userId: '42', videoId: 'h-1', watchedDuration: 3, lastWatched: new Date(Date.now() + 3600000).toISOString() } });
  assert.equal((await history('42')).history[0].clientAt, null);
});

test('a history is filtered and paged, each event once', async () => {
  for (let i = 0; i < 7; i++) await ok('POST', '/progress/update', { as: '43', body: { userId: '43', videoId: `p-${i % 3}`, courseId: 'pc', watchedDuration: i + 1 } });
  await ok('POST', '/api/progress/log', { as: '43', body: { user_id: '43', value: 1 } });
  await ok('POST', '/progress/update', { as: '43', body: { userId: '43', videoId: 'elsewhere', watchedDuration: 1 } });
  const all = (await history('43')).history;
  assert.equal(all.length, 9);
  const paged = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await history('43', `limit=2&cursor=${cursor}`);
    assert.ok(page.history.length <= 2);
    paged.push(...page.history);
    cursor = page.nextCursor;
    if (paged.length === 4) await ok('POST', '/progress/update', { as: '43', body: { userId: '43', videoId: 'late', watchedDuration: 1 } });
  }
  assert.deepEqual(paged, all);
  assert.deepEqual((await history('43', 'courseId=pc')).history.map(({ itemId }) => itemId), ['p-0', 'p-2', 'p-1', 'p-0', 'p-2', 'p-1', 'p-0']);
  assert.deepEqual((await history('43', 'itemId=p-1')).history.map(({ progressPercent, detail }) => [progressPercent, detail.watchedDuration]), [[0, 5], [0, 2]]);
  assert.equal((await history('43', 'courseId=pc&itemId=p-0&limit=1')).history.length, 1);
  assert.deepEqual((await history('43', 'courseId=nowhere')).history, []);
  assert.deepEqual((await history('43', 'itemId=nothing')).history, []);
  const [from, to] = [all[6].at, all[2].at]; // inclusive
  assert.deepEqual((await history('43', `from=${from}&to=${to}`)).history, all.slice(2, 7));
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Kolkata' }).format(new Date()); // a bare date: the whole day of display_timezone
  assert.equal((await history('43', `from=${day}&to=${day}`)).history.length, 10);
  assert.equal((await history('43', 'to=2020-01-01')).history.length, 0);
  for (const query of ['limit=0', 'limit=1001', 'limit=x', 'cursor=0', 'cursor=x', 'from=yesterday', 'to=2020-13-01', 'courseId=log', 'itemId=me']) {
    const { status, json } = await server.call('GET', `/api/v1/users/43/history?${query}`, { as: '43' });
    assert.deepEqual([status, json.errors?.[0].field], [400, query.split('=')[0]], query);
  }
});

test('staff read a history by a course of theirs, without log entries and previews', async () => {
  const read = (query, as) => server.call('GET', `/api/v1/users/41/history?${query}`, { as });
  assert.deepEqual([(await read('', 'instructor:7')).status, (await read('courseId=40', 'instructor:8')).status, (await read('courseId=40', '42')).status], [403, 403, 403]);
  const mine = (await read('courseId=40', 'instructor:7')).json.history;
  assert.deepEqual(mine, (await history('41', 'courseId=40')).history);
  assert.ok(mine.length === 6 && mine.every(({ event }) => event !== 'log'));
  assert.equal((await history('41', '', admin)).history.filter(({ event }) => event === 'log').length, 2);
  // what somebody else of the staff tries out is theirs
  const preview = await server.call('POST', '/progress/update', { as: 'instructor:7', body: { userId: '7', videoId: '401', courseId: '40', watchedDuration: 3 } });
  assert.equal(preview.status, 200);
  assert.equal((await history('7', 'courseId=40', 'instructor:7')).history.length, 1);
  await server.declare(40, [{ id: '401', type: 'video', durationSeconds: 100 }, { id: '402', type: 'lab' }], { staff: [{ userId: '7', role: 'INSTRUCTOR' }, { userId: '17', role: 'INSTRUCTOR' }] });
  assert.equal((await history('7', 'courseId=40', 'instructor:17')).history.length, 0);
  assert.deepEqual((await history('never', '', admin)), { userId: 'never', history: [], nextCursor: null });
  assert.deepEqual((await history('never', 'courseId=40', 'instructor:7')).history, []);
});

test('a history has a tag', async () => {
  const first = await server.call('GET', '/api/v1/users/41/history', { as: '41' });
  const again = await server.call('GET', '/api/v1/users/41/history', { as: '41', headers: { 'if-none-match': first.headers.get('etag') } });
  assert.deepEqual([again.status, again.text], [304, '']);
});

test('segments=1 tells what was watched', async () => {
  await server.declare(45, [{ id: 's-1', type: 'video', title: 'Seen', durationSeconds: 50 }]);
  const as = '45';
  await ok('POST', '/progress/update', { as, body: { userId: as, videoId: 's-1', courseId: '45', watchedDuration: 20, position: 31.5, segments: [[10, 20], [0, 2.5], [19, 25]] } });
  const get = (query = '') => ok('GET', `/progress/${as}/s-1${query}`, { as });
  const plain = (await get()).json;
  for (const query of ['?segments=0', '?segments=']) assert.deepEqual((await get(query)).json, plain);
  const whole = await get('?segments=1');
  assert.deepEqual(whole.json, { ...plain, progressPercent: 35, uniqueSeconds: 17.5, furthest: 0, duration: 50, segments: [[0, 2.5], [10, 25]] });
  const shown = (etag) => server.call('GET', `/progress/${as}/s-1?segments=1`, { as, headers: { 'if-none-match': etag } });
  const tag = whole.headers.get('etag');
  assert.equal((await shown(tag)).status, 304);
  assert.equal((await shown((await get()).headers.get('etag'))).status, 200); // of the other form
  await server.declare(45, [{ id: 's-1', type: 'video', title: 'Seen', durationSeconds: 51 }]);
  assert.deepEqual(((answer) => [answer.status, answer.json.duration])(await shown(tag)), [200, 51]); // though the record may be the same
  await server.declare(45, [{ id: 's-1', type: 'video', title: 'Seen', durationSeconds: 50 }]);
  const now = (await get('?segments=1')).headers.get('etag');
  assert.equal((await server.call('POST', '/progress/update', { as, headers: { 'if-match': now }, body: { userId: as, videoId: 's-1', watchedDuration: 20 } })).status, 200); // writes compare what is before the dot
  assert.equal((await server.call('POST', '/progress/update', { as, headers: { 'if-match': tag.replace(/-[^.]*/, '-fff') }, body: { userId: as, videoId: 's-1', watchedDuration: 20 } })).status, 412);
  const { status, json } = await server.call('GET', `/progress/${as}/s-1?segments=2`, { as });
  assert.deepEqual([status, json.errors[0].field], [400, 'segments']);
  assert.equal((await server.call('GET', `/progress/${as}/s-1?segments=2`, { as: '46' })).status, 400); // before whose it is
  await ok('POST', '/progress/update', { as, body: { userId: as, videoId: 's-2', watchedDuration: 4 } });
  const bare = (await ok('GET', `/progress/${as}/s-2?segments=1`, { as })).json;
  assert.deepEqual([bare.progressPercent, bare.uniqueSeconds, bare.furthest, bare.duration, bare.segments], [0, 0, 4, null, []]);
  await ok('POST', '/progress/update', { as, body: { userId: as, videoId: 's-2', watchedDuration: 4, duration: 8 } });
  assert.equal((await ok('GET', `/progress/${as}/s-2?segments=1`, { as })).json.duration, 8);
});

test('a video\'s summary says what it is', async () => {
  const summary = async (video) => (({ title, durationSeconds, courseId }) => ({ title, durationSeconds, courseId }))((await ok('GET', `/progress/summary/${video}`, { as: '45' })).json);
  assert.deepEqual(await summary('s-1'), { title: 'Seen', durationSeconds: 50, courseId: '45' });
  assert.deepEqual(await summary('s-2'), { title: null, durationSeconds: 8, courseId: null }); // the largest that a client told
  assert.deepEqual(await summary('unheard-of'), { title: null, durationSeconds: null, courseId: null });
});
