// Contract 9, for people who look: who calls, the catalogue's list, a learner's courses.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start({ flags: ['--display_timezone', 'Asia/Kolkata'] });
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const get = async (path, as, headers) => server.call('GET', path, { as, headers });
const json = async (path, as) => {
  const answer = await get(path, as);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer.json;
};
const report = (user, body) => server.call('POST', '/progress/update', { as: user, body: { userId: user, ...body } });
const refused = async (path, as, field) => {
  const { status, json: problem } = await get(path, as);
  assert.deepEqual([status, problem.errors?.[0].field], [400, field], path);
};
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

async function notModified(path, as) {
  const first = await get(path, as);
  const tag = first.headers.get('etag');
  assert.ok(tag, `${path} has no ETag`);
  const again = await get(path, as, { 'if-none-match': tag });
  assert.deepEqual([again.status, again.text], [304, ''], path);
  return tag;
}

test('me says who calls, as the token says it', async () => {
  await server.declare('m1', [], { title: 'One', staff: [{ userId: 'ann', role: 'INSTRUCTOR' }, { userId: 'bob', role: 'OWNER' }] });
  await server.declare('m2', [], { title: 'Two', staff: [{ userId: 'ann', role: 'INSTRUCTOR' }, { userId: 'ann', role: 'OWNER' }, { userId: 'bob', role: 'INSTRUCTOR' }] });
  await server.declare('m3', []);
  const exp = Math.floor(Date.now() / 1000) + 1000;
  const me = (await json('/api/v1/me', { token: server.token('ann', ['student', 'Instructor', 'OWNER'], { exp }) }));
  assert.ok(Math.abs(Date.parse(me.serverTime) - Date.now()) < 5000 && instant.test(me.serverTime), me.serverTime);
  delete me.serverTime;
  assert.deepEqual(me, {
    userId: 'ann', role: 'OWNER', roles: ['OWNER', 'INSTRUCTOR', 'STUDENT'], expiresAt: new Date(exp * 1000).toISOString(),
    staffOf: [{ courseId: 'm2', title: 'Two', role: 'OWNER' }, { courseId: 'm1', title: 'One', role: 'INSTRUCTOR' }],
    displayTimezone: 'Asia/Kolkata', features: { push: true, history: true, erase: true },
  });
  const staffOf = async (sub, role) => (await json('/api/v1/me', { token: server.token(sub, role) })).staffOf.map(({ courseId, role: as }) => `${courseId} ${as}`);
  assert.deepEqual(await staffOf('ann', 'student'), []); // role and listing are both needed
  assert.deepEqual(await staffOf('ann', 'admin'), []);
  assert.deepEqual(await staffOf('ann', 'instructor'), ['m1 INSTRUCTOR', 'm2 INSTRUCTOR']);
  assert.deepEqual(await staffOf('ann', 'owner'), ['m2 OWNER']);
  assert.deepEqual(await staffOf('bob', ['owner', 'instructor']), ['m1 OWNER', 'm2 INSTRUCTOR']);
  assert.deepEqual(await staffOf('new', 'instructor'), []); // a course without staff lists nobody
  for (const [role, highest] of [[['system', 'admin'], 'SYSTEM'], [['owner', 'admin'], 'ADMIN'], ['nothing', 'STUDENT']])
    assert.equal((await json('/api/v1/me', { token: server.token('r', role) })).role, highest);
  assert.equal((await get('/api/v1/me', null)).status, 401);
});

test('a token that expires after the year 9999 is shown to expire at its end', async () => {
  for (const exp of [253402300800, 9e12])
    assert.equal((await json('/api/v1/me', { token: server.token('r', 'student', { exp }) })).expiresAt, '9999-12-31T23:59:59.999Z');
});

test('a tag of me outlasts the time it says', async () => {
  const as = { token: server.token('tagged', 'instructor', { exp: Math.floor(Date.now() / 1000) + 500 }) };
  const tag = await notModified('/api/v1/me', as);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await get('/api/v1/me', as)).headers.get('etag'), tag);
  await server.declare('m4', [], { staff: [{ userId: 'tagged', role: 'INSTRUCTOR' }] });
  assert.notEqual((await get('/api/v1/me', as)).headers.get('etag'), tag);
});

test('who is listed as staff twice is an owner', async () => {
  assert.equal((await get('/user-progress/course/77/analytics', 'owner:ann')).status, 403);
  await server.declare(77, [], { staff: [{ userId: 'ann', role: 'INSTRUCTOR' }, { userId: 'ann', role: 'OWNER' }] });
  assert.equal((await get('/user-progress/course/77/analytics', 'owner:ann')).status, 200);
});

test('the list of courses is of those that the caller may act on', async () => {
  await server.declare('l-1', [{ id: 'l-1a' }, { id: 'l-1b' }], { title: 'Über Segeln', staff: [{ userId: 'liz', role: 'INSTRUCTOR' }] });
  await server.declare('l-2', [{ id: 'l-2a' }], { title: 'Rowing', staff: [{ userId: 'liz', role: 'OWNER' }, { userId: 'max', role: 'INSTRUCTOR' }] });
  await server.declare('l-3', [{ id: 'l-3a' }], { title: 'Diving' });
  const ids = async (as, query = '') => (await json(`/api/v1/catalog/courses${query}`, as)).courses.map(({ id }) => id).filter((id) => id.startsWith('l-'));
  assert.deepEqual(await ids('admin:9'), ['l-1', 'l-2', 'l-3']);
  assert.deepEqual(await ids('system:9'), ['l-1', 'l-2', 'l-3']);
  assert.deepEqual(await ids('instructor:liz'), ['l-1', 'l-2', 'l-3']); // l-3 has no recorded staff
  assert.deepEqual(await ids('owner:liz'), ['l-2']);
  assert.deepEqual(await ids('instructor:max'), ['l-2', 'l-3']);
  assert.deepEqual(await ids('owner:max'), []);
  assert.equal((await get('/api/v1/catalog/courses', 'liz')).status, 403);
  for (const [q, found] of [['L-', ['l-1', 'l-2', 'l-3']], ['ROW', ['l-2']], ['über', ['l-1']], ['ÜBER S', ['l-1']], ['-3', ['l-3']], ['nowhere', []], ['', ['l-1', 'l-2', 'l-3']]])
    assert.deepEqual(await ids('admin:9', `?q=${encodeURIComponent(q)}`), found, q);
  const page = await json('/api/v1/catalog/courses?q=l-&page=2&limit=2', 'admin:9');
  assert.deepEqual([page.courses.map(({ id }) => id), page.pagination], [['l-3'], { page: 2, limit: 2, total: 3, totalPages: 2, hasMore: false }]);
  const mine = await json('/api/v1/catalog/courses?q=l-&page=1', 'instructor:max');
  assert.deepEqual(mine.pagination, { page: 1, limit: 20, total: 2, totalPages: 1, hasMore: false });
  assert.equal((await json('/api/v1/catalog/courses', 'admin:9')).pagination, undefined); // without both: all
  for (const query of ['page=0', 'page=x', 'limit=0', 'limit=101', 'page=1.0']) await refused(`/api/v1/catalog/courses?${query}`, 'admin:9', query.split('=')[0]);
});

test('a line of the list has the figures of its course', async () => {
  await server.declare('f-1', [{ id: 'f-a', durationSeconds: 10 }, { id: 'f-b', durationSeconds: 10 }, { id: 'f-c', required: false }], { title: 'Figures' });
  const line = async () => (await json('/api/v1/catalog/courses?q=f-1', 'admin:9')).courses[0];
  assert.deepEqual(await line(), { id: 'f-1', title: 'Figures', declared: true, contents: 3, enrollments: 0, completed: 0, averageProgress: 0, lastActivityAt: null });
  await report('f-u1', { videoId: 'f-a', courseId: 'f-1', watchedDuration: 10 });
  await report('f-u2', { videoId: 'f-a', courseId: 'f-1', watchedDuration: 10 });
  await report('f-u2', { videoId: 'f-b', courseId: 'f-1', watchedDuration: 10 });
  await report('f-u3', { videoId: 'f-a', courseId: 'f-1', watchedDuration: 1 });
  const last = async (user) => (await json(`/api/v1/users/${user}/courses`, user)).courses[0].lastActivityAt;
  const two = await last('f-u2'), three = await last('f-u3');
  assert.deepEqual(await line(), { id: 'f-1', title: 'Figures', declared: true, contents: 3, enrollments: 3, completed: 1, averageProgress: 50, lastActivityAt: three });
  const tag = await notModified('/api/v1/catalog/courses?q=f-1', 'admin:9');
  await server.call('DELETE', '/api/v1/users/f-u3', { as: 'admin:9' }); // as if they had never been there
  assert.deepEqual(await line(), { id: 'f-1', title: 'Figures', declared: true, contents: 3, enrollments: 2, completed: 1, averageProgress: 75, lastActivityAt: two });
  assert.notEqual((await get('/api/v1/catalog/courses?q=f-1', 'admin:9')).headers.get('etag'), tag);
});

test('a learner\'s courses, newest activity first, with what comes next', async () => {
  await server.declare('c-1', [{ id: 'c-1a', type: 'video', title: 'First', durationSeconds: 100 }, { id: 'c-1b', type: 'lab', title: 'Lab' }, { id: 'c-1c', type: 'video', required: false, durationSeconds: 10 }], { title: 'Course one', staff: [{ userId: 'tea', role: 'INSTRUCTOR' }] });
  await server.declare('c-2', [{ id: 'c-2a' }], { title: 'Course two', staff: [{ userId: 'other', role: 'INSTRUCTOR' }] });
  const key = { 'x-server-key': server.key };
  await server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'admin:9', headers: key, body: { UserId: 'c-u', CourseId: 'c-2', Action: 'enroll' } });
  await report('c-u', { videoId: 'c-1a', courseId: 'c-1', watchedDuration: 40, position: 40.5 });
  await server.call('POST', '/api/progress', { as: 'c-u', body: { contentId: 'c-1b', moduleId: 'c-1', progressPercentage: 20, timeSpent: 1.5 } });
  const all = async (query = '', as = 'c-u') => json(`/api/v1/users/c-u/courses${query}`, as);
  const { userId, courses, pagination } = await all();
  assert.deepEqual([userId, pagination, courses.length], ['c-u', { page: 1, limit: 20, total: 2, totalPages: 1, hasMore: false }, 2]);
  const [one, two] = courses;
  assert.ok(instant.test(one.enrolledAt) && one.lastActivityAt > one.enrolledAt);
  assert.deepEqual({ ...one, enrolledAt: 0, lastActivityAt: 0 }, {
    courseId: 'c-1', title: 'Course one', declared: true, status: 'IN_PROGRESS', progressPercent: 0, completedRequired: 0, totalRequired: 2, completedContent: 0, totalContent: 3,
    timeSpent: 90, watchedSeconds: 40.5, enrolledAt: 0, lastActivityAt: 0, completedAt: null, certificateUrl: null, nextItem: { id: 'c-1b', title: 'Lab', type: 'lab', position: null },
  });
  assert.deepEqual({ ...two, enrolledAt: 0 }, {
    courseId: 'c-2', title: 'Course two', declared: true, status: 'ENROLLED', progressPercent: 0, completedRequired: 0, totalRequired: 1, completedContent: 0, totalContent: 1,
    timeSpent: 0, watchedSeconds: 0, enrolledAt: 0, lastActivityAt: null, completedAt: null, certificateUrl: null, nextItem: { id: 'c-2a', title: null, type: 'other', position: null },
  });
  await report('c-u', { videoId: 'c-1a', courseId: 'c-1', watchedDuration: 41, position: 41 });
  assert.deepEqual((await all()).courses[0].nextItem, { id: 'c-1a', title: 'First', type: 'video', position: 41 });
  await notModified('/api/v1/users/c-u/courses', 'c-u');
  assert.deepEqual((await all('?page=2&limit=1')).courses.map(({ courseId }) => courseId), ['c-2']);
  assert.deepEqual((await all('?page=3&limit=1')).pagination, { page: 3, limit: 1, total: 2, totalPages: 2, hasMore: false });
  for (const query of ['page=0', 'limit=101', 'limit=a']) await refused(`/api/v1/users/c-u/courses?${query}`, 'c-u', query.split('=')[0]);
  // staff see their own courses alone
  assert.deepEqual((await all('', 'instructor:tea')).courses.map(({ courseId }) => courseId), ['c-1']);
  assert.deepEqual((await all('', 'instructor:none')).courses, []);
  assert.deepEqual((await all('', 'owner:tea')).courses, []);
  assert.equal((await all('', 'admin:9')).courses.length, 2);
  assert.equal((await get('/api/v1/users/c-u/courses', 'student')).status, 403);
  assert.equal((await get('/api/v1/users/never/courses', 'student')).status, 403);
  for (const as of ['never', 'admin:9', 'instructor:tea'])
    assert.deepEqual(await json('/api/v1/users/never/courses', as), { userId: 'never', courses: [], pagination: { page: 1, limit: 20, total: 0, totalPages: 0, hasMore: false } });
});

test('what comes next is never locked, and null when nothing required is open', async () => {
  await server.declare(601, [{ id: 6011 }, { id: 6012 }, { id: 6013, required: false }]);
  const next = async () => (await json('/api/v1/users/6001/courses', '6001')).courses[0].nextItem?.id ?? null;
  const post = (item, percent) => server.call('POST', '/api/progress', { as: '6001', body: { contentId: String(item), moduleId: '601', progressPercentage: percent } });
  const lock = (item, status) => server.call('POST', '/user-progress/update', { as: 'admin:9', body: { userId: 6001, courseId: 601, courseContentId: item, progressStatus: status } });
  await post(6013, 100);
  assert.equal(await next(), '6011');
  await lock(6011, 'LOCKED');
  assert.equal(await next(), '6012');
  await post(6012, 10);
  await lock(6012, 'LOCKED');
  assert.equal(await next(), null); // both required ones are locked
  await lock(6011, 'NOT_STARTED');
  assert.equal(await next(), '6011');
  await lock(6012, 'NOT_STARTED');
  assert.equal(await next(), '6012'); // in progress
  await post(6011, 100);
  await post(6012, 100);
  assert.equal(await next(), null);
  await server.declare(602, [{ id: 6021, required: false }]);
  await server.call('POST', '/api/progress', { as: '6001', body: { contentId: '6021', moduleId: '602', progressPercentage: 10 } });
  assert.equal(await next(), null); // only optional items
});
