// Contract 9: what /all says and leaves out, who is at risk, and how learners stand to one item.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { aged } from './aged.mjs';
import { Server } from './server.mjs';

const day = 86400000;
let server;
const admin = 'admin:9';
const ago = { quiet: 15 * day, old: 30 * day, fresh: 0 }; // by what a learner's id begins with

const all = async (query = '', course = 20, as = admin) => {
  const answer = await server.call('GET', `/user-progress/course/${course}/all?${query}`, { as });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};
const ids = async (query, course) => (await all(query, course)).results.map(({ userId }) => userId);
const post = (as, item, percent, more = {}) => server.call('POST', '/api/progress', { as, body: { contentId: String(item), moduleId: '20', progressPercentage: percent, ...more } });
const enrol = (user, action = 'enroll', course = '20') => server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: admin, headers: { 'x-server-key': server.key }, body: { UserId: user, CourseId: course, Action: action } });

// Of 4 required items. Done: fresh-a 4, fresh-b 2, fresh-c 0; quiet-a 2 (15 days ago), quiet-b 4 (likewise); old-a 0 and
// old-b 1 (30 days ago, old-b went on today), old-c was enrolled 30 days ago and did nothing, old-d and old-e left.
before(async () => {
  server = await Server.start();
  await server.declare(20, [201, 202, 203, 204].map((id) => ({ id: String(id), type: 'lab' })), { staff: [{ userId: '7', role: 'INSTRUCTOR' }] });
  const done = { 'fresh-a': 4, 'fresh-b': 2, 'quiet-a': 2, 'quiet-b': 4, 'old-b': 1 };
  for (const [user, count] of Object.entries(done)) for (let i = 1; i <= count; i++) await post(user, 200 + i, 100, { timeSpent: 1.5 });
  for (const user of ['fresh-c', 'old-a']) await post(user, 201, 10, { timeSpent: 1 });
  for (const user of ['old-c', 'old-d', 'old-e']) await enrol(user);
  await enrol('old-d', 'drop');
  await enrol('old-e', 'expire');
  server = await aged(server, ({ user }) => ago[user?.split('-')[0]] ?? 40 * day);
  await post('old-b', 202, 10); // goes on
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

test('items of /all and bulk say the last activity and the time spent', async () => {
  const { results } = await all('q=fresh-b');
  assert.deepEqual(results.map(({ userId }) => userId), ['fresh-b']);
  const [one] = results;
  assert.deepEqual(Object.keys(one), ['userId', 'enrollments', 'activityLogs', 'progressSummary', 'lastActivityDate', 'timeSpent']);
  assert.equal(one.timeSpent, 180);
  assert.equal(one.activityLogs.length, 2);
  assert.equal(one.lastActivityDate, one.activityLogs[0].user_course_content_progress_updated_at);
  assert.equal((await all('q=old-c')).results[0].lastActivityDate, null);
});

test('logs=0 leaves activityLogs out', async () => {
  const [one] = (await all('q=fresh-b&logs=0')).results;
  assert.deepEqual(Object.keys(one), ['userId', 'enrollments', 'progressSummary', 'lastActivityDate', 'timeSpent']);
  assert.equal(one.timeSpent, 180);
  assert.deepEqual(Object.keys((await all('q=fresh-b&logs=1')).results[0]), Object.keys((await all('q=fresh-b&logs=')).results[0]));
  const table = (await server.call('GET', '/user-progress/course/20/all?logs=0&atRisk=1', { as: admin, headers: { accept: 'text/csv' } })).text.split('\r\n');
  assert.ok(!table[0].includes('activityLogs') && table[0].endsWith('lastActivityDate,timeSpent,reasons'), table[0]);
  assert.equal(table[0].split(',').length, 20);
  assert.match(table.find((line) => line.startsWith('quiet-a')), /,180,"\[""inactive""\]"$/);
});

test('q finds a part of the id, in any case, and the page counts what is found', async () => {
  assert.deepEqual(await ids('q=QUIET'), ['quiet-a', 'quiet-b']);
  assert.deepEqual(await ids('q=-b'), ['fresh-b', 'old-b', 'quiet-b']);
  const { results, pagination } = await all('q=old-&limit=2&page=3');
  assert.deepEqual([results.map(({ userId }) => userId), pagination], [['old-e'], { page: 3, limit: 2, total: 5, totalPages: 3, hasMore: false }]);
});

test('inactiveDays leaves out who did something, and who is through or gone', async () => {
  assert.deepEqual(await ids('inactiveDays=1'), ['old-a', 'old-c', 'quiet-a']);
  assert.deepEqual(await ids('inactiveDays=15'), ['old-a', 'old-c', 'quiet-a']);
  assert.deepEqual(await ids('inactiveDays=16'), ['old-a', 'old-c']);
  assert.deepEqual(await ids('inactiveDays=31'), []);
  assert.deepEqual(await ids('inactiveDays=3650'), []);
  assert.deepEqual(await ids('inactiveDays=1&status=ENROLLED'), ['old-c']);
});

test('atRisk says who, and why', async () => {
  const reasons = async () => Object.fromEntries((await all('atRisk=1')).results.map((one) => [one.userId, one.reasons]));
  // 13 items done by 10 enrolled: 32.5 %; below 16.25 % are those with none, enrolled 7 days or longer
  assert.equal((await server.call('GET', '/user-progress/course/20/analytics', { as: admin })).json.results.averageProgress, 32.5);
  assert.deepEqual(await reasons(), { 'old-a': ['inactive', 'behind'], 'old-c': ['inactive', 'behind'], 'quiet-a': ['inactive'] });
  await post('old-a', 202, 10); // active again, behind still
  assert.deepEqual(await reasons(), { 'old-a': ['behind'], 'old-c': ['inactive', 'behind'], 'quiet-a': ['inactive'] });
  assert.equal((await all('atRisk=0&q=old-a')).results[0].reasons, undefined);
});

test('sortBy=lastActivity: an enrolment without a report stands at its date', async () => {
  const order = await ids('sortBy=lastActivity');
  assert.deepEqual(order.slice(-2), ['old-b', 'old-a']); // went on in this test
  assert.deepEqual(order.slice(0, 3).sort(), ['old-c', 'old-d', 'old-e']);
  assert.deepEqual(await ids('sortBy=lastActivity&order=desc'), [...order].reverse());
  const paged = [];
  for (let cursor = ''; cursor !== null; ) {
    const { results, nextCursor } = await all(`sortBy=lastActivity&limit=3&cursor=${encodeURIComponent(cursor)}`);
    paged.push(...results.map(({ userId }) => userId));
    cursor = nextCursor;
  }
  assert.deepEqual(paged, order);
});

test('what is no such query is refused by name', async () => {
  for (const query of ['logs=2', 'logs=true', 'atRisk=x', 'inactiveDays=0', 'inactiveDays=3651', 'inactiveDays=1.5', 'sortBy=name', 'order=up', 'limit=101', 'page=0']) {
    const { status, json } = await server.call('GET', `/user-progress/course/20/all?${query}`, { as: admin });
    assert.deepEqual([status, json.errors?.[0].field], [400, query.split('=')[0]], query);
  }
});

// ---- one item's learners ----

const learners = async (query = '', item = 301, as = admin) => {
  const answer = await server.call('GET', `/user-progress/course/30/items/${item}/learners?${query}`, { as });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};

test('an item\'s learners are all who are enrolled, with or without a record', async () => {
  await server.declare(30, [{ id: '301', type: 'video', durationSeconds: 100 }, { id: '302' }], { staff: [{ userId: '7', role: 'INSTRUCTOR' }] });
  const put = (as, percent, more) => server.call('POST', '/api/progress', { as, body: { contentId: '301', moduleId: '30', progressPercentage: percent, ...more } });
  await put('31', 40, { timeSpent: 2, score: 3, maxScore: 4 });
  await put('32', 100, { timeSpent: 0.5 });
  await server.call('POST', '/progress/update', { as: '33', body: { userId: '33', videoId: '301', courseId: '30', watchedDuration: 7, position: 7.25 } });
  await enrol('34', 'enroll', '30');
  await enrol('35', 'enroll', '30');
  await enrol('35', 'drop', '30');
  await put('36', 20, {});
  await server.call('POST', '/user-progress/reset', { as: admin, body: { courseId: 30, userId: 36, courseContentId: 301 } });
  await server.call('POST', '/user-progress/update', { as: admin, body: { userId: 34, courseId: 30, courseContentId: 301, progressStatus: 'LOCKED' } });
  const { success, message, results, pagination, nextCursor } = await learners();
  assert.deepEqual([success, typeof message, pagination, nextCursor], [true, 'string', { page: 1, limit: 20, total: 6, totalPages: 1, hasMore: false }, null]);
  assert.deepEqual(results.map(({ userId }) => userId), [31, 32, 33, 34, 35, 36]);
  const times = /^\d{4}-.*Z$/;
  const [one, two, three, four, five, six] = results;
  assert.ok(times.test(one.startedAt) && one.startedAt === one.updatedAt && times.test(two.completedAt));
  assert.deepEqual({ ...one, startedAt: 0, updatedAt: 0 }, { userId: 31, status: 'IN_PROGRESS', progressPercent: 40, position: null, timeSpent: 120, score: 3, maxScore: 4, startedAt: 0, completedAt: null, updatedAt: 0 });
  assert.deepEqual([two.status, two.progressPercent, two.timeSpent, two.score], ['COMPLETED', 100, 30, null]);
  assert.deepEqual([three.status, three.position, three.progressPercent], ['IN_PROGRESS', 7.25, 7.25]);
  assert.deepEqual([four.status, four.progressPercent, four.startedAt], ['LOCKED', 0, null]);
  for (const none of [five, six]) assert.deepEqual({ ...none, userId: 0 }, { userId: 0, status: 'NOT_STARTED', progressPercent: 0, position: null, timeSpent: 0, score: null, maxScore: null, startedAt: null, completedAt: null, updatedAt: null });
  const tag = (await server.call('GET', '/user-progress/course/30/items/301/learners', { as: admin })).headers.get('etag');
  assert.equal((await server.call('GET', '/user-progress/course/30/items/301/learners', { as: admin, headers: { 'if-none-match': tag } })).status, 304);
});

test('an item\'s learners are filtered, sorted and paged', async () => {
  const order = async (query) => (await learners(query)).results.map(({ userId }) => userId);
  assert.deepEqual(await order('sortBy=progress'), [32, 31, 33, 34, 35, 36]);
  assert.deepEqual(await order('sortBy=progress&order=asc'), [34, 35, 36, 33, 31, 32]);
  assert.deepEqual(await order('sortBy=timeSpent&order=desc'), [31, 32, 33, 34, 35, 36]);
  assert.deepEqual(await order('sortBy=score'), [31, 32, 33, 34, 35, 36]);
  assert.deepEqual(await order('sortBy=completedAt&order=desc'), [32, 31, 33, 34, 35, 36]); // nulls last
  assert.deepEqual(await order('sortBy=updatedAt'), [31, 32, 33, 34, 35, 36]);
  assert.deepEqual((await order('sortBy=updatedAt&order=desc')), [34, 33, 32, 31, 35, 36]);
  assert.deepEqual(await order('status=NOT_STARTED'), [35, 36]);
  assert.deepEqual(await order('status=locked'), [34]);
  assert.deepEqual(await order('status=COMPLETED'), [32]);
  const { results, pagination } = await learners('page=2&limit=4');
  assert.deepEqual([results.map(({ userId }) => userId), pagination], [[35, 36], { page: 2, limit: 4, total: 6, totalPages: 2, hasMore: false }]);
  const paged = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await learners(`sortBy=score&limit=2&cursor=${encodeURIComponent(cursor)}`);
    paged.push(...page.results.map(({ userId }) => userId));
    cursor = page.nextCursor;
  }
  assert.deepEqual(paged, [31, 32, 33, 34, 35, 36]);
  for (const query of ['status=DONE', 'sortBy=enrollmentDate', 'order=x', 'page=0', 'limit=0', 'limit=101', 'cursor=x'])
    assert.deepEqual((({ status, json }) => [status, json.errors?.[0].field])(await server.call('GET', `/user-progress/course/30/items/301/learners?${query}`, { as: admin })), [400, query.split('=')[0]], query);
});

test('an item\'s learners are for the course\'s staff, and the item must be the course\'s', async () => {
  const status = async (as, course = 30, item = 301) => (await server.call('GET', `/user-progress/course/${course}/items/${item}/learners`, { as })).status;
  assert.deepEqual([await status('instructor:7'), await status('instructor:8'), await status('31'), await status('system:1')], [200, 403, 403, 200]);
  assert.deepEqual([await status(admin, 9999), await status(admin, 30, 9999), await status(admin, 'x'), await status(admin, 30, 'x')], [404, 404, 400, 400]);
  const foreign = await server.call('GET', '/user-progress/course/30/items/201/learners', { as: admin });
  assert.equal(foreign.status, 400);
  assert.match(foreign.json.detail, /201.*20.*30/);
  const table = (await server.call('GET', '/user-progress/course/30/items/301/learners', { as: admin, headers: { accept: 'text/csv' } })).text.split('\r\n');
  assert.equal(table[0], 'userId,status,progressPercent,position,timeSpent,score,maxScore,startedAt,completedAt,updatedAt');
  assert.equal(table.length, 8);
});
