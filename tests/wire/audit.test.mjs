// GET /api/v1/audit: who did what to whom, from the events: all acts, in pages, filtered, and nobody who was erased.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
const ok = async (method, path, options) => {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.json;
};
const audit = (query = '') => ok('GET', `/api/v1/audit${query}`, { as: 'admin:boss' });
const short = ({ audit }) => audit.map(({ who, what, whom, courseId, itemId, face, result }) => [who, what, whom, courseId, itemId, face, result]);
const webhook = (body) => ok('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'system:pay', headers: { 'x-server-key': server.key }, body });
const all = async (query, limit) => {
  const pages = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await audit(`?limit=${limit}${query}${cursor && `&cursor=${cursor}`}`);
    pages.push(page.audit);
    cursor = page.nextCursor;
  }
  return pages;
};
// As a server that was started again: what was in the tail is in the index.
const again = async () => {
  assert.equal((await server.stop()).code, 0, server.log);
  server = await Server.start({ directory: server.directory });
};

before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const acts = [
  ['boss', 'erased', null, null, null, 'users', 'done'],
  ['boss', 'course_undeclared', null, '2', null, 'catalog', 'done'],
  ['boss', 'log_deleted', '7', null, null, 'logs', 'done'],
  ['boss', 'deleted', '7', '1', '11', 'video', 'done'],
  ['tutor', 'reset', '7', '1', '12', 'courseroom', 'done'],
  ['tutor', 'unlocked', '7', '1', '12', 'courseroom', 'done'],
  ['tutor', 'locked', '7', '1', '12', 'courseroom', 'done'],
  ['pay', 'dropped', '8', '1', null, 'pts', 'done'],
  ['pay', 'enrolled', '8', '1', null, 'pts', 'done'],
  ['boss', 'course_declared', null, '2', null, 'catalog', 'done'],
  ['boss', 'course_declared', null, '1', null, 'catalog', 'done'],
];

test('acts of staff, administrators and services, newest first; a learner\'s own are none, nor a service\'s reports', async () => {
  assert.deepEqual(await audit(), { audit: [], nextCursor: null });
  const course = (id, body) => ok('PUT', `/api/v1/catalog/courses/${id}`, { as: 'admin:boss', body });
  await course(1, { title: 'One', contents: [{ id: 11, type: 'video', durationSeconds: 100 }, { id: 12 }], staff: [{ userId: 'tutor', role: 'INSTRUCTOR' }] });
  await course(2, { title: 'Two', contents: [] });
  for (const as of ['7', '9']) await ok('POST', '/progress/update', { as, body: { userId: as, videoId: '11', watchedDuration: 5 } });
  await ok('POST', '/user-progress/update', { as: 'system:lms', body: { userId: 6, courseId: 1, courseContentId: 12, progressStatus: 'IN_PROGRESS' } });
  const log = (await ok('POST', '/api/progress/log', { as: '7', body: { user_id: '7', value: 1 } })).id;
  await webhook({ UserId: '8', CourseId: '1', Action: 'enroll' });
  await webhook({ UserId: '8', CourseId: '1', Action: 'drop' });
  const mark = (progressStatus) => ok('POST', '/user-progress/update', { as: 'instructor:tutor', body: { userId: 7, courseId: 1, courseContentId: 12, progressStatus } });
  await mark('LOCKED');
  await mark('NOT_STARTED');
  await ok('POST', '/user-progress/update', { as: '7', body: { courseId: 1, courseContentId: 12, progressStatus: 'IN_PROGRESS' } });
  await ok('POST', '/user-progress/reset', { as: 'instructor:tutor', body: { courseId: 1, userId: 7, courseContentId: 12 } });
  assert.equal((await server.call('POST', '/user-progress/reset', { as: 'instructor:stranger', body: { courseId: 1, userId: 7 } })).status, 403); // stored nothing
  await ok('DELETE', '/progress/7/11', { as: 'admin:boss' });
  await ok('DELETE', `/api/progress/log/${log}`, { as: 'admin:boss' });
  await ok('DELETE', '/api/v1/catalog/courses/2', { as: 'admin:boss' });
  await ok('DELETE', '/api/v1/users/9', { as: 'admin:boss' });
  const told = await audit();
  assert.deepEqual(short(told), acts);
  assert.equal(told.nextCursor, null);
  const times = told.audit.map(({ at }) => at);
  assert.deepEqual(times, [...times].sort().reverse());
  assert.ok(Math.abs(Date.parse(times[0]) - Date.now()) < 60000);
});

test('the same from the index, and from both', async () => {
  await again();
  assert.deepEqual(short(await audit()), acts);
  await ok('DELETE', '/api/v1/users/6', { as: 'admin:boss' });
  acts.unshift(['boss', 'erased', null, null, null, 'users', 'done']);
  assert.deepEqual(short(await audit()), acts);
});

test('in pages: each act once, the last says that nothing follows', async () => {
  for (const limit of [1, 5, acts.length - 1, acts.length]) {
    const pages = await all('', limit);
    assert.equal(pages.length, Math.ceil(acts.length / limit), `limit ${limit}`);
    assert.deepEqual(short({ audit: pages.flat() }), acts);
  }
  for (const [query, field] of [['cursor=x', 'cursor'], ['cursor=0', 'cursor'], ['limit=0', 'limit'], ['limit=1001', 'limit'], ['from=x', 'from'], ['actor=summary', 'actor'], ['userId=me', 'userId']]) {
    const refused = await server.call('GET', `/api/v1/audit?${query}`, { as: 'admin:boss' });
    assert.deepEqual([refused.status, refused.json.errors[0].field], [400, field], query);
  }
});

test('of one actor, one learner, one time', async () => {
  const by = async (query, keep) => assert.deepEqual(short(await audit(`?${query}`)), acts.filter(keep), query);
  await by('actor=tutor', ([who]) => who === 'tutor');
  await by('userId=7', ([, , whom]) => whom === '7');
  await by('actor=boss&userId=7', ([who, , whom]) => who === 'boss' && whom === '7');
  await by('actor=nobody', () => false);
  await by('userId=nobody', () => false);
  const { audit: told } = await audit();
  await by(`from=${told[3].at}&to=${told[1].at}`, (act) => acts.indexOf(act) >= 1 && acts.indexOf(act) <= 3);
  assert.deepEqual((await audit('?to=2001-01-01')).audit, []);
});

test('as a table', async () => {
  const table = await server.call('GET', '/api/v1/audit?limit=2', { as: 'admin:boss', headers: { accept: 'text/csv' } });
  const [head, first] = table.text.split('\r\n');
  assert.equal(head, 'eventId,at,who,what,whom,courseId,itemId,face,result');
  assert.match(first, /^\d+,[^,]+Z,boss,erased,,,,users,done$/);
});

test('nobody who was erased is in it: neither what was done to them nor their name where they acted', async () => {
  await ok('DELETE', '/api/v1/users/7', { as: '7' });
  await ok('DELETE', '/api/v1/users/tutor', { as: 'admin:boss' });
  const check = async () => {
    const told = await audit();
    assert.doesNotMatch(JSON.stringify(told), /"(tutor|7)"/);
    assert.deepEqual(short(told).slice(0, 4), [
      ['boss', 'erased', null, null, null, 'users', 'done'],
      ['erased', 'course_declared', null, '1', null, 'users', 'done'], // without the tutor among its staff
      ['erased', 'erased', null, null, null, 'users', 'done'], // themselves
      ['boss', 'erased', null, null, null, 'users', 'done'],
    ]);
    assert.deepEqual((await audit('?actor=tutor')).audit, []);
  };
  await check();
  await again();
  await check();
});

test('an actor\'s name is not shown either while their many acts are being rewritten; a page looks at so many acts', async () => {
  const many = 12000;
  const UserIds = (from) => Array.from({ length: 1000 }, (_, i) => `m${from + i}`);
  const webhooks = (as, from, Action) => ok('POST', '/api/v1/progress/Webhook/enrollment-updated', { as, headers: { 'x-server-key': server.key }, body: { UserIds: UserIds(from), CourseId: '1', Action } });
  for (let from = 0; from < many; from += 1000) await webhooks('system:many', from, 'enroll');
  const found = await audit('?actor=many&limit=1000');
  assert.equal(found.audit.length, 1000);
  const none = await audit('?actor=nobody'); // looked at 10,000 and found none: the client goes on
  assert.deepEqual(none.audit, []);
  assert.match(none.nextCursor, /^\d+$/);
  assert.equal((await all('&actor=many', 1000)).flat().length, many);
  await ok('DELETE', '/api/v1/users/many', { as: 'admin:boss' });
  assert.doesNotMatch(JSON.stringify(await audit('?limit=1000')), /"many"/);
  assert.equal((await all('&actor=many', 1000)).flat().length, 0);
});
