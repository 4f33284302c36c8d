// Contract 9 for courses of any id: what the courseroom says of a course whose id is an integer, the routes below
// /api/v1/courses say of every course, to the same people, in the same words.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
const admin = 'admin:9', tutor = 'instructor:tutor';
const uuid = '6F1ED002-AB59-4A4B-8D6C-31C2FFA0A5E1', slug = 'https://learn.example/knots', item = 'café 1/2', plain = 'k-2';
const api = (course, rest = '') => `/api/v1/courses/${encodeURIComponent(course)}${rest}`;
const one = (course, user, rest = '') => api(course, `/learners/${encodeURIComponent(user)}${rest}`);
const call = async (method, path, as, body, status = 200) => {
  const answer = await server.call(method, path, { as, body });
  assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
  return answer.json;
};
const get = (path, as = tutor) => call('GET', path, as);
const people = ['ann', '12', 'bob@example.org', '6f1ed002-ab59-4a4b-8d6c-31c2ffa0a5e1'];

/** The same story of a course whose ids are integers and of one whose ids are none. */
async function story(course, items) {
  await server.declare(encodeURIComponent(course), items.map((id, i) => ({ id, title: `Item ${i}`, type: i ? 'lab' : 'video', durationSeconds: i ? undefined : 100 })), { title: 'Knots', staff: [{ userId: 'tutor', role: 'INSTRUCTOR' }] });
  for (const [i, user] of people.entries()) {
    await call('POST', '/progress/update', user, { userId: user, videoId: items[0], courseId: course, watchedDuration: 20 * i, segments: [[0, 20 * i]] });
    await call('POST', '/api/progress', user, { contentId: items[1], moduleId: course, progressPercentage: i === 3 ? 100 : 10 * i, timeSpent: i, score: i, maxScore: 4 }, 201);
  }
}

before(async () => {
  server = await Server.start();
  await story('70', ['701', '702']);
  await story(slug, [item, plain]);
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

// What differs is the ids, the records' own integers and the instants.
const alike = (value) => JSON.parse(JSON.stringify(value, (key, of) => (/(Id|_date|_time|_at|At|Date)$/.test(key) && key !== 'userId' ? typeof of === 'object' ? of : 'x' : of)));

test('the routes of one course say the same, by its integer, in the courseroom and for any id', async () => {
  const queries = [['all', 'learners', ''], ['all', 'learners', '?sortBy=progress&limit=2&logs=0'], ['all', 'learners', '?status=IN_PROGRESS&q=O&atRisk=0'], ['analytics', 'analytics', ''], ['leaderboard', 'leaderboard', '?limit=3'], ['items/701/learners', 'items/701/learners', '?sortBy=score']];
  for (const [room, any, query] of queries) {
    const answer = await server.call('GET', `/user-progress/course/70/${room}${query}`, { as: tutor });
    const same = await server.call('GET', api('70', `/${any}${query}`), { as: tutor });
    assert.deepEqual([same.status, same.text, same.headers.get('etag')], [200, answer.text, answer.headers.get('etag')], any + query);
  }
  for (const rest of ['', '/activities'])
    assert.deepEqual(await get(one('70', '12', rest)), await get(`/user-progress/70/12${rest}`));
});

test('a course whose id is none has the figures of its twin', async () => {
  for (const rest of ['/analytics', '/leaderboard', '/learners?logs=0&sortBy=userId', '/learners?q=ann', '/learners?inactiveDays=3'])
    assert.deepEqual(alike(await get(api(slug, rest))), alike(await get(api('70', rest))), rest);
  for (const query of ['', '?sortBy=progress', '?status=COMPLETED'])
    assert.deepEqual(alike(await get(api(slug, `/items/${encodeURIComponent(plain)}/learners${query}`))), alike(await get(api('70', `/items/702/learners${query}`))), query);
  const { results } = await get(api(slug, '/analytics'));
  assert.deepEqual(results.contents.map(({ contentId, completionCount }) => [contentId, completionCount]), [[item, 0], [plain, 1]]);
  assert.equal(results.totalEnrollments, 4);
  assert.deepEqual(results.byStatus, { ENROLLED: 0, IN_PROGRESS: 4, COMPLETED: 0, CERTIFIED: 0, DROPPED: 0, EXPIRED: 0 });
  for (const user of people) {
    const { results: person } = await get(one(slug, user));
    assert.deepEqual([String(person.enrollments.userId), person.enrollments.courseId, person.activityLogs.length], [user, slug, 2]);
    assert.deepEqual((await get(one(slug, user, '/activities?status=IN_PROGRESS'))).results, person.activityLogs.filter(({ progressStatus }) => progressStatus === 'IN_PROGRESS'));
  }
  const table = await server.call('GET', api(slug, `/items/${encodeURIComponent(item)}/learners`), { as: tutor, headers: { accept: 'text/csv' } });
  assert.match(table.headers.get('content-type'), /text\/csv/);
  assert.equal(table.text.trim().split('\r\n').length, 5);
});

test('an id is spelled as everywhere: a UUID in either case, a slash as %2F', async () => {
  await server.declare(uuid, [{ id: uuid }], { staff: [{ userId: 'tutor', role: 'INSTRUCTOR' }] });
  await call('POST', one(uuid, 'ann', '/update'), 'ann', { courseContentId: uuid, progressStatus: 'IN_PROGRESS', progressPercent: '12.5' });
  for (const id of [uuid, uuid.toLowerCase()]) {
    assert.equal((await get(api(id, '/analytics'))).results.totalEnrollments, 1);
    assert.equal((await get(api(id, `/items/${id}/learners`))).results[0].progressPercent, 12.5);
  }
  for (const path of [api('summary', '/analytics'), api(slug, '/items/bulk/learners'), one(slug, 'me')]) assert.equal((await server.call('GET', path, { as: admin })).status, 400, path);
  assert.equal((await server.call('GET', `/user-progress/course/${uuid}/analytics`, { as: admin })).status, 400); // there they are integers
  assert.equal((await server.call('GET', api('nowhere', '/analytics'), { as: admin })).status, 404);
  assert.equal((await server.call('GET', api(slug, '/items/nothing/learners'), { as: tutor })).status, 404);
  assert.equal((await server.call('GET', api(slug, '/items/701/learners'), { as: tutor })).status, 400); // of course 70
});

test("staff's actions: lock, unlock, reset, certify", async () => {
  const course = 'acts', user = 'ann';
  await server.declare(course, [{ id: 'a-1' }, { id: 'a-2', required: false }], { staff: [{ userId: 'tutor', role: 'INSTRUCTOR' }] });
  const act = (action, as, body, status) => call('POST', one(course, user, `/${action}`), as, body, status);
  const status = async () => (await get(one(course, user))).results.activityLogs.map(({ courseContentId, progressStatus }) => [courseContentId, progressStatus]);
  await act('update', user, { courseContentId: 'a-1', progressStatus: 'IN_PROGRESS' });
  assert.equal((await act('update', tutor, { courseContentId: 'a-1', progressStatus: 'LOCKED' })).results.progressStatus, 'LOCKED');
  await act('update', user, { courseContentId: 'a-1', progressStatus: 'COMPLETED' }, 409);
  await act('update', user, { courseContentId: 'a-1', progressStatus: 'LOCKED' }, 403);
  await act('update', 'somebody', { courseContentId: 'a-1', progressStatus: 'COMPLETED' }, 403);
  assert.deepEqual(await status(), [['a-1', 'LOCKED']]);
  await act('update', tutor, { courseContentId: 'a-1', progressStatus: 'NOT_STARTED' });
  await act('certify', tutor, { certificateUrl: 'https://c.example/1' }, 409);
  await act('update', user, { courseContentId: 'a-1', progressStatus: 'COMPLETED', activityDuration: 30, metadata: { by: 'hand' } });
  await act('update', user, { courseContentId: 'a-2', progressStatus: 'COMPLETED', userId: 'another', courseId: 'another' }); // the path says whose and where
  await act('reset', 'instructor:other', undefined, 403);
  assert.deepEqual((await act('reset', tutor, { courseContentId: 'a-2' })).results, { userId: user, courseId: course, courseContentId: 'a-2', resetCount: 1 });
  assert.deepEqual(await status(), [['a-1', 'COMPLETED']]);
  assert.equal((await act('certify', tutor, { certificateUrl: 'https://c.example/1' })).results.enrollmentStatus, 'CERTIFIED');
  assert.equal((await get(one(course, user, '/certificate'), user)).results.certificateUrl, 'https://c.example/1');
  assert.deepEqual((await act('reset', tutor)).results, { userId: user, courseId: course, courseContentId: null, resetCount: 1 });
  assert.deepEqual(await status(), []);
  const { history } = await get(`/api/v1/users/${user}/history?courseId=${course}`, user);
  assert.ok(history.every(({ face }) => face === 'courseroom'));
  assert.deepEqual(history.filter(({ actor }) => actor === 'tutor').map(({ event }) => event), ['reset', 'enrollment', 'reset', 'progress', 'progress']);
  for (const [action, body, field] of [['update', { progressStatus: 'COMPLETED' }, 'courseContentId'], ['update', { courseContentId: 'a-1' }, 'progressStatus'], ['update', { courseContentId: 'x'.repeat(129), progressStatus: 'COMPLETED' }, 'courseContentId'], ['certify', {}, 'certificateUrl']]) {
    const answer = await server.call('POST', one(course, user, `/${action}`), { as: action === 'update' ? user : tutor, body });
    assert.deepEqual([answer.status, answer.json.errors[0].field], [400, field], action);
  }
  const key = { 'Idempotency-Key': 'once' };
  const twice = await Promise.all([1, 2].map(() => server.call('POST', one(course, 'bob', '/update'), { as: 'bob', headers: key, body: { courseContentId: 'a-2', progressStatus: 'IN_PROGRESS', activityDuration: 10 } })));
  assert.ok(twice.some(({ status: said }) => said === 200));
  assert.equal((await get(one(course, 'bob'))).results.activityLogs[0].activityDuration, 10);
});
