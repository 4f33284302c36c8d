// Errors, access, the catalogue and the rules, over the wire.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, sign } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  const end = await server.discard();
  assert.deepEqual(end, { code: 0, signal: null }, server.log);
});

const update = (more = {}) => ({ userId: 'u', videoId: 'v', watchedDuration: 5, ...more });
const room = (more = {}) => ({ courseId: 7, courseContentId: 70, progressStatus: 'IN_PROGRESS', ...more });

// [what, method, path, as, body, status, field]
const refusals = [
  ['userId missing', 'POST', '/progress/update', 'u', { videoId: 'v', watchedDuration: 1 }, 400, 'userId'],
  ['videoId missing', 'POST', '/progress/update', 'u', { userId: 'u', watchedDuration: 1 }, 400, 'videoId'],
  ['watchedDuration missing', 'POST', '/progress/update', 'u', { userId: 'u', videoId: 'v' }, 400, 'watchedDuration'],
  ['watchedDuration text', 'POST', '/progress/update', 'u', update({ watchedDuration: '12' }), 400, 'watchedDuration'],
  ['watchedDuration fraction', 'POST', '/progress/update', 'u', update({ watchedDuration: 1.5 }), 400, 'watchedDuration'],
  ['watchedDuration 2^53+1', 'POST', '/progress/update', 'u', '{"userId":"u","videoId":"v","watchedDuration":9007199254740993}', 400, 'watchedDuration'],
  ['watchedDuration negative', 'POST', '/progress/update', 'u', update({ watchedDuration: -1 }), 400, 'watchedDuration'],
  ['lastWatched 25 h ahead', 'POST', '/progress/update', 'u', update({ lastWatched: new Date(Date.now() + 25 * 3600e3).toISOString() }), 400, 'lastWatched'],
  ['lastWatched no date', 'POST', '/progress/update', 'u', update({ lastWatched: 'now' }), 400, 'lastWatched'],
  ['lastWatched a number', 'POST', '/progress/update', 'u', update({ lastWatched: 1700000000 }), 400, 'lastWatched'],
  ['segment backwards', 'POST', '/progress/update', 'u', update({ segments: [[5, 3]] }), 400, 'segments'],
  ['segment negative', 'POST', '/progress/update', 'u', update({ segments: [[-1, 2]] }), 400, 'segments'],
  ['segment endless', 'POST', '/progress/update', 'u', update({ segments: [[0, 1e18]] }), 400, 'segments'],
  ['10,001 segments', 'POST', '/progress/update', 'u', update({ segments: Array.from({ length: 10001 }, (_, i) => [i, i + 1]) }), 400, 'segments'],
  ['reserved id', 'POST', '/progress/update', 'u', update({ videoId: 'Sync' }), 400, 'videoId'],
  ['reserved id, spelt as a game', 'POST', '/progress/update', 'u', update({ videoId: 'GAMES' }), 400, 'videoId'],
  ['a whole number too large to know', 'POST', '/progress/update', 'u', '{"userId":"u","videoId":9007199254740993.0,"watchedDuration":1}', 400, 'videoId'],
  ['1,001 members', 'POST', '/progress/update', 'u', update(Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`x${i}`, 0]))), 400, 'body'],
  ['a NUL byte after a number', 'POST', '/progress/update', 'u', '{"userId":"u","videoId":"v","watchedDuration":123\0}', 400, 'body'],
  ['id too long', 'POST', '/progress/update', 'u', update({ videoId: 'x'.repeat(129) }), 400, 'videoId'],
  ['body cut', 'POST', '/progress/update', 'u', '{"userId":', 400, 'body'],
  ['body an array', 'POST', '/progress/update', 'u', '[]', 400, 'body'],
  ['body empty', 'POST', '/progress/update', 'u', '', 400, 'body'],
  ['duplicate key', 'POST', '/progress/update', 'u', '{"userId":"u","userId":"u","videoId":"v","watchedDuration":1}', 400, 'body'],
  ['sync of 1,001', 'POST', '/progress/sync', 'u', { userId: 'u', progressData: Array.from({ length: 1001 }, () => ({ videoId: 'v', watchedDuration: 1 })) }, 400, 'progressData'],
  ['sync without list', 'POST', '/progress/sync', 'u', { userId: 'u' }, 400, 'progressData'],
  ['CurrentTimeSeconds -1', 'POST', '/api/v1/Progress/video', 'u', { UserId: 'u', VideoId: 'v', CurrentTimeSeconds: -1 }, 400, 'CurrentTimeSeconds'],
  ['CurrentTimeSeconds 2^31', 'POST', '/api/v1/Progress/video', 'u', { UserId: 'u', VideoId: 'v', CurrentTimeSeconds: 2147483648 }, 400, 'CurrentTimeSeconds'],
  ['CurrentTimeSeconds missing', 'POST', '/api/v1/Progress/video', 'u', { UserId: 'u', VideoId: 'v' }, 400, 'CurrentTimeSeconds'],
  ['members that differ in case', 'POST', '/api/v1/Progress/video', 'u', { UserId: 'u', userid: 'u', VideoId: 'v', CurrentTimeSeconds: 1 }, 400, 'body'],
  ['path and body differ', 'POST', '/api/v1/Progress/video/u/v', 'u', { VideoId: 'w', CurrentTimeSeconds: 1 }, 400, 'VideoId'],
  ['unknown status', 'POST', '/user-progress/update', 1, room({ progressStatus: 'DONE' }), 400, 'progressStatus'],
  ['percent 100.01', 'POST', '/user-progress/update', 1, room({ progressPercent: 100.01 }), 400, 'progressPercent'],
  ['percent -0.01', 'POST', '/user-progress/update', 1, room({ progressPercent: -0.01 }), 400, 'progressPercent'],
  ['activityDuration negative', 'POST', '/user-progress/update', 1, room({ activityDuration: -1 }), 400, 'activityDuration'],
  ['courseId a fraction', 'POST', '/user-progress/update', 1, room({ courseId: 1.5 }), 400, 'courseId'],
  ['metadata a list', 'POST', '/user-progress/update', 1, room({ metadata: [] }), 400, 'metadata'],
  ['metadata > 16 KiB', 'POST', '/user-progress/update', 1, room({ metadata: { a: 'x'.repeat(16400) } }), 400, 'metadata'],
  ['score above maxScore', 'POST', '/api/progress', 'u', { contentId: 'c', progressPercentage: 1, score: 5, maxScore: 4 }, 400, 'score'],
  ['progressPercentage missing', 'POST', '/api/progress', 'u', { contentId: 'c' }, 400, 'progressPercentage'],
  ['timeSpent negative', 'POST', '/api/progress', 'u', { contentId: 'c', progressPercentage: 1, timeSpent: -1 }, 400, 'timeSpent'],
  ['log nested', 'POST', '/api/progress/log', 'u', { user_id: 'u', a: { b: 1 } }, 400, 'a'],
  ['log empty', 'POST', '/api/progress/log', 'u', { user_id: 'u', log_id: 3 }, 400, 'body'],
  ['log without user', 'POST', '/api/progress/log', 'u', { a: 1 }, 400, 'user_id'],
  ['log with a bad date', 'POST', '/api/progress/log', 'u', { user_id: 'u', date: '2023-02-29' }, 400, 'date'],
  ['log > 16 KiB', 'POST', '/api/progress/log', 'u', { user_id: 'u', a: 'x'.repeat(16400) }, 400, 'body'],
  ['page 0', 'GET', '/user-progress/course/7/all?page=0', 'admin:9', undefined, 400, 'page'],
  ['limit 101', 'GET', '/user-progress/course/7/all?limit=101', 'admin:9', undefined, 400, 'limit'],
  ['limit twice', 'GET', '/user-progress/course/7/all?limit=1&limit=2', 'admin:9', undefined, 400, 'limit'],
  ['status unknown', 'GET', '/user-progress/course/7/all?status=GONE', 'admin:9', undefined, 400, 'status'],
  ['integer path: 1.5', 'GET', '/user-progress/1.5/1', 'admin:9', undefined, 400, 'courseId'],
  ['integer path: 2^63', 'GET', '/user-progress/9223372036854775808/1', 'admin:9', undefined, 400, 'courseId'],
  ['escape malformed', 'GET', '/progress/u/%zz', 'u', undefined, 400, 'path'],
  ['overlong escape', 'GET', '/progress/u/%c0%af', 'u', undefined, 400, 'videoId'],
  ['reserved word in a path', 'GET', '/progress/u/summary', 'u', undefined, 400, 'videoId'],
  ['Action unknown', 'POST', '/api/v1/progress/webhook/enrollment-updated', 'u', { UserId: 'u', CourseId: 'c', Action: 'x' }, 400, 'Action'],
  ['threshold 0', 'PUT', '/api/v1/catalog/courses/9', 'admin:9', { contents: [{ id: 'z', threshold: 0 }] }, 400, 'contents.threshold'],
  ['item listed twice', 'PUT', '/api/v1/catalog/courses/9', 'admin:9', { contents: [{ id: 'z' }, { id: 'z' }] }, 400, 'contents.id'],
  ['staff role', 'PUT', '/api/v1/catalog/courses/9', 'admin:9', { staff: [{ userId: 'a', role: 'BOSS' }] }, 400, 'staff.role'],
  ['id differs from the path', 'PUT', '/api/v1/catalog/courses/9', 'admin:9', { id: '8', contents: [] }, 400, 'id'],
  ['certificateUrl http', 'POST', '/user-progress/7/1/certify', 'admin:9', { certificateUrl: 'http://x.org/c' }, 400, 'certificateUrl'],
  ['certificateUrl without a host', 'POST', '/user-progress/7/1/certify', 'admin:9', { certificateUrl: 'https:///c.pdf' }, 400, 'certificateUrl'],
  ['certificateUrl javascript', 'POST', '/user-progress/7/1/certify', 'admin:9', { certificateUrl: 'javascript:alert(1)' }, 400, 'certificateUrl'],
];

for (const [what, method, path, as, body, status, field] of refusals) {
  test(`refused: ${what}`, async () => {
    const headers = path.includes('webhook') ? { 'x-server-key': server.key } : {};
    const answer = await server.call(method, path, { as, body, headers });
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/);
    assert.equal(answer.json.errors[0]?.field, field, answer.text);
    assert.equal(answer.json.success, false);
    assert.equal(answer.json.requestId, answer.headers.get('x-request-id'));
    for (const name of ['detail', 'message', 'error']) assert.equal(answer.json[name], answer.json.message);
  });
}

test('nothing of what was refused is stored', async () => {
  for (const as of ['u', '1']) {
    const list = await server.call('GET', `/api/progress/${as}`, { as });
    assert.deepEqual([list.json.data.progress, list.json.progress_logs], [[], []]);
  }
});

// ---- contract 1: "whole numbers are taken in either spelling", ids, null, instants as databases print them ----

const spelled = [
  ['/progress/update', (n) => `{"userId":"s","videoId":${n},"watchedDuration":${n}}`, 's', (json) => [json.videoId, json.watchedDuration], ['12', 12]],
  ['/progress/sync', (n) => `{"userId":"s","progressData":[{"videoId":${n},"watchedDuration":${n}}]}`, 's', (json) => [json.progressData[0].videoId, json.progressData[0].watchedDuration], ['12', 12]],
  ['/api/v1/Progress/video', (n) => `{"UserId":"s","VideoId":${n},"CurrentTimeSeconds":${n},"TotalDurationSeconds":${n}}`, 's', (json) => [json.videoId, json.currentTimeSeconds], ['12', 12]],
  ['/user-progress/update', (n) => `{"courseId":${n},"courseContentId":${n},"progressStatus":"IN_PROGRESS","activityDuration":0.0}`, '5', (json) => [json.results.courseId, json.results.courseContentId], [12, 12]],
  ['/api/progress', (n) => `{"contentId":${n},"progressPercentage":1}`, 's', (json) => [json.data.contentId.id], ['12']],
];
for (const [path, body, as, shown, want] of spelled)
  test(`POST ${path}: 12, 12.0 and 1.2e1 are one number and one id`, async () => {
    for (const number of ['12', '12.0', '1.2e1', '120e-1']) {
      const answer = await server.call('POST', path, { as, body: body(number) });
      assert.ok(answer.status < 300, `${number}: ${answer.text}`);
      assert.deepEqual(shown(answer.json), want, number);
    }
  });

test('null and empty count as not given; instants as databases print them; an id with a slash', async () => {
  const state = await server.call('POST', '/progress/update', { as: 'n', body: { userId: 'n', videoId: 'https://x.org/a/b', watchedDuration: 5, position: null, courseId: null, segments: null, lastWatched: null, deviceId: null } });
  assert.equal(state.status, 200, state.text);
  assert.equal((await server.call('GET', `/progress/n/${encodeURIComponent('https://x.org/a/b')}?x=`, { as: 'n' })).json.watchedDuration, 5);
  assert.equal((await server.call('GET', '/api/progress/n?contentType=&status=&moduleId=&limit=&as_of=', { as: 'n' })).json.data.progress.length, 1);
  for (const [i, [text, iso]] of [['2025-01-01 10:00:00+00', '2025-01-01T10:00:00.000Z'], ['2025-01-01 15:30:00.5+0530', '2025-01-01T10:00:00.500Z'], ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'], ['2025-01-01 10:00:00', '2025-01-01T10:00:00.000Z']].entries()) {
    const answer = await server.call('POST', '/progress/update', { as: 'n', body: { userId: 'n', videoId: `at${i}`, watchedDuration: 5, lastWatched: text } });
    assert.deepEqual([answer.status, answer.json.lastWatched], [200, iso], answer.text);
  }
});

test('a UUID in a query is the same in upper case', async () => {
  const id = '6f9619ff-8b86-d011-b42d-00c04fc964ff';
  await server.call('POST', '/api/progress', { as: 'q', body: { contentId: 'lab1', moduleId: id, progressPercentage: 5, contentType: 'lab' } });
  for (const path of ['/api/progress/q', '/api/progress/q/labs', '/api/progress/q/games'])
    assert.deepEqual((await server.call('GET', `${path}?moduleId=${id.toUpperCase()}`, { as: 'q' })).json, (await server.call('GET', `${path}?moduleId=${id}`, { as: 'q' })).json, path);
  assert.equal((await server.call('GET', `/api/progress/q/labs?moduleId=${id.toUpperCase()}`, { as: 'q' })).json.data.labs.length, 1);
});

test('the past of somebody who was never seen, or is not there yet, is empty', async () => {
  await server.call('POST', '/progress/update', { as: 'later', body: { userId: 'later', videoId: 'v', watchedDuration: 1 } });
  for (const [as, at] of [['nobody-yet', '2030-01-01'], ['nobody-yet', ''], ['later', '2001-01-01T00:00:00Z']]) {
    const answer = await server.call('GET', `/api/v1/users/${as}/progress?as_of=${at}`, { as });
    assert.deepEqual([answer.status, answer.json?.enrollments, answer.json?.progress], [200, [], []], answer.text);
  }
});

test('HTTP: methods, media types, sizes, ids', async () => {
  const wrong = await server.call('PUT', '/progress/update', { as: 'u', body: {} });
  assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST, OPTIONS']);
  assert.equal((await server.call('GET', '/no/such/path', { as: 'u' })).status, 404);
  assert.equal((await server.call('OPTIONS', '/progress/update')).status, 204);
  const head = await server.call('HEAD', '/healthz');
  assert.deepEqual([head.status, head.text], [200, '']);
  for (const type of ['application/xml', 'application/x-www-form-urlencoded', 'application/json; charset=latin1'])
    assert.equal((await server.call('POST', '/progress/update', { as: 'u', body: '{}', headers: { 'content-type': type } })).status, 415, type);
  const pad = (size) => { const body = JSON.stringify(update({ pad: '' })); return body.replace('"pad":""', `"pad":"${'x'.repeat(size - body.length)}"`); };
  assert.equal((await server.call('POST', '/progress/update', { as: 'u', body: pad(1 << 20) })).status, 200);
  assert.equal((await server.call('POST', '/progress/update', { as: 'u', body: pad((1 << 20) + 1) })).status, 413);
  assert.equal((await server.call('GET', '//healthz')).status, 200);
  assert.equal((await server.call('GET', '/healthz', { headers: { 'x-request-id': 'abc-1' } })).headers.get('x-request-id'), 'abc-1');
  assert.notEqual((await server.call('GET', '/healthz', { headers: { 'x-request-id': 'x'.repeat(129) } })).headers.get('x-request-id'), 'x'.repeat(129));
  await server.call('POST', '/progress/update', { as: 'u', body: update({ videoId: 1 }) });
  assert.equal((await server.call('GET', '/progress/u/1', { as: 'u' })).status, 200); // 1 and "1" are one id
  assert.equal((await server.call('GET', '/progress/u/01', { as: 'u' })).status, 404);
  await server.call('POST', '/progress/update', { as: 'u', body: update({ videoId: '%2e' }) });
  assert.equal((await server.call('GET', '/progress/u/%252e', { as: 'u' })).status, 200); // decoded once
});

test('tokens', async () => {
  const path = '/progress/u';
  const now = Math.floor(Date.now() / 1000);
  const none = await server.call('GET', path);
  assert.deepEqual([none.status, none.headers.get('www-authenticate')], [401, 'Bearer']);
  for (const claims of [{ sub: 'u' }, { sub: 'u', exp: now - 61 }, { sub: 'u', exp: now + 60, nbf: now + 70 }])
    assert.equal((await server.call('GET', path, { as: { token: sign(server.secret, claims) } })).status, 401);
  assert.equal((await server.call('GET', path, { as: { token: sign('x'.repeat(43), { sub: 'u', exp: now + 60 }) } })).status, 401);
  assert.equal((await server.call('GET', path, { as: { token: sign(server.secret, { sub: 'u', exp: now + 60 }, { alg: 'none' }) } })).status, 401);
  assert.equal((await server.call('GET', path, { headers: { authorization: 'Basic eDp5' } })).status, 401);
  const cookie = { cookie: `a=1; accessToken=${server.token('1')}` };
  assert.equal((await server.call('GET', '/user-progress/7/1', { headers: cookie })).status, 404); // read by courseroom
  assert.equal((await server.call('GET', '/progress/1', { headers: cookie })).status, 401); // not by video
  assert.equal((await server.call('POST', '/user-progress/update', { headers: cookie, body: room() })).status, 401); // never on a write
  assert.equal((await server.call('GET', `/progress/u?access_token=${server.token('u')}`)).status, 401);
});

test('a refusal does not tell whether the person exists', async () => {
  await server.call('POST', '/progress/update', { as: 'known', body: update({ userId: 'known' }) });
  const strip = (answer) => answer.text.replace(/"requestId":"[^"]*"/, '');
  const known = await server.call('GET', '/progress/known/v', { as: 'u' });
  const unknown = await server.call('GET', '/progress/unknown/v', { as: 'u' });
  assert.deepEqual([known.status, strip(known)], [403, strip(unknown)]);
});

test('the catalogue: declared courses, foreign items, adoption, completion by edit', async () => {
  await server.declare('d1', [{ id: 'd1-a', type: 'video', durationSeconds: 100 }, { id: 'd1-b' }]);
  const post = (body) => server.call('POST', '/api/progress', { as: 'cat', body });
  assert.equal((await post({ contentId: 'stranger', progressPercentage: 1, moduleId: 'd1' })).status, 404); // nobody can inflate a denominator
  await post({ contentId: 'loose', progressPercentage: 100 });
  assert.equal((await post({ contentId: 'loose', progressPercentage: 100, moduleId: 'd1' })).status, 404);
  const foreign = await post({ contentId: 'd1-a', progressPercentage: 1, moduleId: 'other' });
  assert.equal(foreign.status, 400);
  assert.match(foreign.json.message, /d1-a.*d1.*other/);
  // Observed: complete exactly while everything that anybody reported is complete.
  await post({ contentId: 'o-1', progressPercentage: 100, moduleId: 'obs' });
  const state = async () => (await server.call('GET', '/api/progress/cat/obs', { as: 'cat' })).json.data.enrollment;
  assert.equal((await state()).status, 'completed');
  await server.call('POST', '/api/progress', { as: 'dog', body: { contentId: 'o-2', progressPercentage: 5, moduleId: 'obs' } });
  assert.deepEqual([(await state()).status, (await state()).completedAt], ['in-progress', null]);
  // A courseless item is attached, and rolls up at once.
  assert.equal((await post({ contentId: 'loose', progressPercentage: 100, moduleId: 'obs2' })).status, 201);
  assert.equal((await server.call('GET', '/api/progress/cat/obs2', { as: 'cat' })).json.data.enrollment.status, 'completed');
  // Adoption enrols who had records.
  await server.call('POST', '/progress/update', { as: 'early', body: { userId: 'early', videoId: 'later-listed', watchedDuration: 50 } });
  await server.declare('ad', [{ id: 'later-listed', type: 'video', durationSeconds: 50 }]);
  const adopted = (await server.call('GET', '/api/progress/early/ad', { as: 'early' })).json.data;
  assert.deepEqual([adopted.enrollment.status, adopted.statistics.completionPercentage], ['completed', 100]);
  // An edit that leaves only completed ones completes for good; another cannot undo it.
  await server.call('POST', '/api/progress', { as: 'ed', body: { contentId: 'd1-b', progressPercentage: 100 } });
  await server.declare('d1', [{ id: 'd1-b' }]);
  assert.equal((await server.call('GET', '/api/progress/ed/d1', { as: 'ed' })).json.data.enrollment.status, 'completed');
  await server.declare('d1', [{ id: 'd1-b' }, { id: 'd1-c' }]);
  const after = (await server.call('GET', '/api/progress/ed/d1', { as: 'ed' })).json.data;
  assert.deepEqual([after.enrollment.status, after.statistics.completionPercentage], ['completed', 50]);
  assert.equal((await server.call('PUT', '/api/v1/catalog/courses/d2', { as: 'admin:9', body: { contents: [{ id: 'd1-c' }] } })).status, 400);
  // Deleted: observed while it has records, unknown when it has none.
  assert.equal((await server.call('DELETE', '/api/v1/catalog/courses/d1', { as: 'admin:9' })).status, 200);
  assert.equal((await server.call('GET', '/api/v1/catalog/courses/d1', { as: 'admin:9' })).json.declared, false);
  assert.equal((await server.call('GET', '/api/progress/ed/d1', { as: 'ed' })).json.data.enrollment.status, 'completed'); // stays
  await server.declare('empty', [{ id: 'e-1' }]);
  await server.call('DELETE', '/api/v1/catalog/courses/empty', { as: 'admin:9' });
  assert.equal((await server.call('GET', '/api/v1/catalog/courses/empty', { as: 'admin:9' })).status, 404);
});

test('enrolments: webhook, certify, reset', async () => {
  await server.declare(60, [{ id: 601 }, { id: 602 }]);
  const hook = (Action) => server.call('POST', '/api/v1/progress/progress/webhook/enrollment-updated', {
    as: 'any', headers: { 'x-service-key': server.key }, body: { UserId: '61', CourseId: 60, Action } });
  const state = async () => (await server.call('GET', '/user-progress/60/61', { as: 61 })).json.results?.enrollments;
  assert.equal((await hook('drop')).status, 200); // unknown: changes nothing
  assert.equal((await hook('ENROLL_USER')).status, 200);
  assert.equal((await state()).enrollmentStatus, 'ENROLLED');
  const { enrollmentId } = await state();
  for (const id of [601, 602])
    await server.call('POST', '/user-progress/update', { as: 61, body: { courseId: 60, courseContentId: id, progressStatus: 'COMPLETED' } });
  assert.equal((await state()).enrollmentStatus, 'COMPLETED');
  assert.equal((await hook('dropped')).status, 200);
  assert.equal((await state()).enrollmentStatus, 'DROPPED');
  assert.equal((await hook('certify')).status, 409);
  await hook('enroll');
  assert.deepEqual([(await state()).enrollmentStatus, (await state()).enrollmentId], ['COMPLETED', enrollmentId]); // keeps all progress
  const reset = await server.call('POST', '/user-progress/reset', { as: 'admin:9', body: { courseId: 60, userId: 61, courseContentId: 601 } });
  assert.deepEqual(reset.json.results, { userId: 61, courseId: 60, courseContentId: 601, resetCount: 1 });
  assert.equal((await state()).enrollmentStatus, 'IN_PROGRESS');
  const certify = (url) => server.call('POST', '/user-progress/60/61/certify', { as: 'admin:9', body: { certificateUrl: url } });
  assert.equal((await certify('https://x.org/c')).status, 409);
  const again = await server.call('POST', '/user-progress/update', { as: 61, body: { courseId: 60, courseContentId: 601, progressStatus: 'COMPLETED' } });
  assert.ok(again.json.results.progressId);
  assert.equal((await server.call('GET', '/user-progress/60/61/certificate', { as: 61 })).status, 404);
  assert.equal((await certify('https://x.org/c')).json.results.enrollmentStatus, 'CERTIFIED');
  assert.equal((await certify('https://x.org/c')).status, 200);
  assert.equal((await server.call('GET', '/user-progress/60/61/certificate', { as: 61 })).json.results.certificateUrl, 'https://x.org/c');
  await hook('drop');
  assert.equal((await state()).enrollmentStatus, 'CERTIFIED'); // never left
  for (const headers of [{}, { 'x-server-key': server.key.slice(0, -1) + 'x' }, { 'x-server-key': server.key, 'x-service-key': server.key }])
    assert.equal((await server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'any', headers, body: { UserId: '61', CourseId: 60, Action: 'enroll' } })).status, 401);
});

test('locks: staff and system set them, learners cannot write through them', async () => {
  await server.declare(62, [{ id: 621 }], { staff: [{ userId: '70', role: 'INSTRUCTOR' }] });
  const send = (as, body) => server.call('POST', '/user-progress/update', { as, body: { courseId: 62, courseContentId: 621, ...body } });
  assert.equal((await send(63, { progressStatus: 'LOCKED' })).status, 403);
  assert.equal((await send(63, { userId: 63, progressStatus: 'LOCKED' })).status, 403);
  assert.equal((await send('instructor:71', { userId: 63, progressStatus: 'LOCKED' })).status, 403); // not of this course
  assert.equal((await send('instructor:70', { userId: 63, progressStatus: 'LOCKED' })).json.results.progressStatus, 'LOCKED');
  assert.equal((await server.call('GET', '/user-progress/62/63', { as: 63 })).json.results.enrollments, null); // locking enrols nobody
  assert.equal((await send(63, { progressStatus: 'IN_PROGRESS' })).status, 409);
  assert.equal((await server.call('DELETE', '/progress/63/621', { as: 63 })).status, 409);
  const system = await send('system:1', { userId: 63, progressStatus: 'IN_PROGRESS', progressPercent: 30 });
  assert.deepEqual([system.json.results.progressStatus, system.json.results.progressPercent], ['LOCKED', '30.00']);
  assert.equal((await send('instructor:70', { userId: 63, progressStatus: 'COMPLETED' })).status, 403);
  assert.equal((await send('instructor:70', { userId: 63, progressStatus: 'NOT_STARTED' })).json.results.progressStatus, 'IN_PROGRESS');
  assert.equal((await send(63, { progressStatus: 'COMPLETED' })).json.results.progressStatus, 'COMPLETED');
});

test('an item that is locked before it is completed counts as not started', async () => {
  await server.declare(64, [{ id: 641 }, { id: 642 }], { staff: [{ userId: '70', role: 'INSTRUCTOR' }] });
  const send = (as, body) => server.call('POST', '/user-progress/update', { as, body: { courseId: 64, courseContentId: 641, ...body } });
  const counts = async () => {
    const { results } = (await server.call('GET', '/user-progress/course/64/analytics', { as: 'admin:9' })).json;
    const { data } = (await server.call('GET', '/api/progress/stats/64', { as: 'admin:9' })).json;
    const own = (await server.call('GET', '/api/progress/65', { as: '65' })).json.data.statistics;
    return [results.contents[0].startedCount, data.progressByStatus.inProgress, data.progressByStatus.notStarted, own.inProgress, own.notStarted];
  };
  await send('65', { progressStatus: 'IN_PROGRESS', progressPercent: 30 });
  assert.deepEqual(await counts(), [1, 1, 0, 1, 0]);
  await send('instructor:70', { userId: 65, progressStatus: 'LOCKED' });
  assert.deepEqual(await counts(), [0, 0, 1, 0, 1]);
  await send('instructor:70', { userId: 65, progressStatus: 'NOT_STARTED' });
  assert.deepEqual(await counts(), [1, 1, 0, 1, 0]);
  await send('65', { progressStatus: 'COMPLETED' });
  await send('instructor:70', { userId: 65, progressStatus: 'LOCKED' });
  assert.deepEqual(await counts(), [1, 0, 0, 0, 0]);
});

test('Idempotency-Key and If-Match', async () => {
  const send = (key, body, more = {}) => server.call('POST', '/api/progress', { as: 'idem', body, headers: { 'idempotency-key': key, ...more } });
  const body = { contentId: 'k', progressPercentage: 10, timeSpent: 1 };
  const [first, second] = [await send('k1', body), await send('k1', body)];
  assert.equal(second.text, first.text);
  assert.deepEqual([second.status, second.headers.get('idempotent-replayed'), first.headers.get('idempotent-replayed')], [201, 'true', null]);
  assert.equal((await send('k1', { ...body, timeSpent: 2 })).status, 422);
  assert.equal((await send('', body)).status, 400);
  assert.equal((await send('x'.repeat(256), body)).status, 400);
  const many = await Promise.all(Array.from({ length: 50 }, () => send('k2', body)));
  assert.ok(many.every((answer) => [201, 409].includes(answer.status)));
  assert.equal((await server.call('GET', '/api/progress/idem', { as: 'idem' })).json.data.progress[0].timeSpent, 2); // k1 and k2, once each
  const etag = (await send('k3', body)).headers.get('etag');
  assert.equal((await server.call('POST', '/api/progress', { as: 'idem', body, headers: { 'if-match': etag } })).status, 201);
  assert.equal((await server.call('POST', '/api/progress', { as: 'idem', body, headers: { 'if-match': etag } })).status, 412);
  assert.equal((await server.call('POST', '/api/progress', { as: 'idem', body, headers: { 'if-match': '*' } })).status, 201);
});

test('Idempotency-Key comes before what is not there any more, and however the path is spelled', async () => {
  const call = (method, path, body, key) => server.call(method, path, { as: '41', body, headers: key === undefined ? {} : { 'idempotency-key': key } });
  const seen = async (method, path, body, key, status, replayed = false) => {
    const answer = await call(method, path, body, key);
    assert.deepEqual([answer.status, answer.headers.get('idempotent-replayed') === 'true'], [status, replayed], `${method} ${path} ${answer.text}`);
    return answer;
  };
  const done = async (item) => `/api/progress/${(await call('POST', '/api/progress', { contentId: item, progressPercentage: 5 })).json.data.id}/complete`;
  const complete = await done('w1');
  const first = await seen('PUT', complete, {}, 'c1', 200);
  await seen('DELETE', '/progress/41/w1', undefined, undefined, 200);
  assert.equal((await seen('PUT', complete, {}, 'c1', 200, true)).text, first.text);
  await seen('PUT', complete, {}, undefined, 404);
  await seen('PUT', complete, {}, '', 400);
  await seen('PUT', '/api/progress/99999/complete', {}, 'c1', 422);
  await seen('PUT', await done('w2'), {}, 'c2', 200);
  assert.equal((await server.call('PUT', await done('w2'), { as: '42', body: {}, headers: { 'idempotency-key': '' } })).status, 403); // ownership comes first
  const back = async (key) => (await server.call('POST', '/api/progress/user/43/rollback', { as: '43', body: { to: '2024-01-01' }, headers: { 'idempotency-key': key } })).status;
  assert.deepEqual([await back(''), await back('c3')], [400, 404]); // of whom nothing is known
  await seen('POST', '/api/progress/user/41/rollback', { to: '2024-01-01' }, 'c1', 422);
  const watched = { userId: '41', videoId: 'w3', watchedDuration: 3 };
  await seen('POST', '/progress/update', watched, 'c4', 200);
  for (const path of ['//progress//update', '/progress/update/', '/%70rogress/update']) await seen('POST', path, watched, 'c4', 200, true);
  await seen('POST', '/progress/update?x=1', watched, 'c4', 422);
  await seen('DELETE', '/progress/41/w%33', undefined, 'c5', 200);
  await seen('DELETE', '/progress/41/w3', undefined, 'c5', 200, true);
  await seen('DELETE', '/progress/41%2Fw3/w3', undefined, 'c5', 403);
  await seen('POST', '/progress/update', { ...watched, videoId: 'w?x=1' }, undefined, 200);
  await seen('POST', '/progress/update', { ...watched, videoId: 'w' }, undefined, 200);
  await seen('DELETE', '/progress/41/w%3Fx=1', undefined, 'c6', 200);
  await seen('DELETE', '/progress/41/w?x=1', undefined, 'c6', 422); // not the same text
});

test('eventId is recognised; segments merge whatever their age', async () => {
  const send = (body) => server.call('POST', '/progress/update', { as: 'seg', body: { userId: 'seg', videoId: 's', watchedDuration: 1, ...body } });
  await send({ segments: [[0, 10]], duration: 100, lastWatched: '2026-02-02T00:00:00Z' });
  await send({ segments: [[5, 20], [50, 60.5]], lastWatched: '2026-01-01T00:00:00Z' });
  const record = (await server.call('GET', '/api/progress/seg', { as: 'seg' })).json.data.progress[0];
  assert.equal(record.progressPercentage, 31); // 30.5 s of 100
  await send({ eventId: 'e1', lastWatched: '2026-03-01T00:00:00Z', watchedDuration: 7 });
  const again = await server.call('POST', '/progress/sync', { as: 'seg', body: { userId: 'seg', progressData: [{ videoId: 's', watchedDuration: 99, eventId: 'e1', lastWatched: '2026-03-02T00:00:00Z' }] } });
  assert.deepEqual([again.json.results[0].result, again.json.progressData[0].watchedDuration], ['unchanged', 7]);
  const summary = (await server.call('GET', '/progress/summary/s', { as: 'seg' })).json;
  assert.deepEqual([summary.retention.length, summary.retention[0].viewers, summary.retention[30].viewers, summary.retention[60].viewers], [100, 1, 0, 1]);
});

test('other settings: strict, explicit, no video auth, time zone', async () => {
  const other = await Server.start({ flags: ['--catalog', 'strict', '--enroll=explicit', '--video-auth', 'none', '--display_timezone', 'Asia/Kolkata', '--webhook-jwt', 'optional'] });
  try {
    await other.declare(1, [{ id: 11, type: 'video', durationSeconds: 10 }]);
    const send = (body) => other.call('POST', '/progress/update', { body: { userId: '5', watchedDuration: 10, ...body } });
    assert.equal((await send({ videoId: 'unknown' })).status, 404);
    assert.equal((await send({ videoId: '11' })).status, 404); // not enrolled
    assert.equal((await other.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { headers: { 'x-server-key': other.key }, body: { UserId: '5', CourseId: '1', Action: 'enroll' } })).status, 200);
    assert.equal((await send({ videoId: '11' })).status, 200);
    const enrolment = (await other.call('GET', '/user-progress/1/5', { as: 5 })).json.results.enrollments;
    const local = new Date(Date.parse(enrolment.enrollment_created_at) + 19800e3).toISOString();
    assert.equal(enrolment.v_created_time, local.slice(11, 19));
  } finally {
    await other.discard();
  }
});

test('gzip: bodies on sync and bulk, answers when asked for', async () => {
  const { gzipSync } = await import('node:zlib');
  const item = (k) => ({ videoId: `gz-${k}`, watchedDuration: k });
  const body = JSON.stringify({ userId: 'gz', progressData: Array.from({ length: 50 }, (_, k) => item(k)) });
  const send = (bytes, more = {}) => fetch(`${server.base}/progress/sync`, { method: 'POST', body: bytes, headers: {
    authorization: `Bearer ${server.token('gz')}`, 'content-type': 'application/json', 'content-encoding': 'gzip', ...more } });
  const answer = await send(gzipSync(body));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.equal((await answer.json()).results.length, 50);
  assert.equal((await send(gzipSync(body).subarray(0, 60))).status, 400);
  assert.equal((await send(gzipSync(Buffer.alloc(8 << 20, ' ')))).status, 413); // a bomb
  assert.equal((await send(gzipSync(body), { 'content-encoding': 'br' })).status, 415);
  assert.equal((await send(gzipSync(body), { 'content-encoding': 'gzip, gzip' })).status, 415);
  const elsewhere = await fetch(`${server.base}/progress/update`, { method: 'POST', body: gzipSync('{}'), headers: { authorization: `Bearer ${server.token('gz')}`, 'content-encoding': 'gzip' } });
  assert.equal(elsewhere.status, 415);
  assert.equal((await server.call('GET', '/progress/gz', { as: 'gz', headers: { 'accept-encoding': 'identity' } })).headers.get('content-encoding'), null);
});

test('rate_limit: one heavy caller gets 429, others do not', async () => {
  const other = await Server.start({ flags: ['--rate_limit', '20', '--cors_origins', 'https://a.example'] });
  try {
    const burst = await Promise.all(Array.from({ length: 60 }, () => other.call('GET', '/progress/heavy', { as: 'heavy' })));
    const refused = burst.filter((answer) => answer.status === 429);
    assert.ok(refused.length >= 30 && refused.length <= 40, `${refused.length} of 60`);
    assert.equal(refused[0].headers.get('retry-after'), '1');
    assert.equal((await other.call('GET', '/progress/light', { as: 'light' })).status, 200);
    for (let i = 0; i < 30; i++) assert.equal((await other.call('GET', '/healthz')).status, 200);
    const cors = async (origin, method = 'GET') => (await other.call(method, '/progress/light', { as: 'light', headers: { origin } })).headers;
    assert.equal((await cors('https://a.example')).get('access-control-allow-origin'), 'https://a.example');
    assert.equal((await cors('https://b.example')).get('access-control-allow-origin'), null);
    assert.match((await cors('https://a.example', 'OPTIONS')).get('access-control-allow-methods'), /GET/);
  } finally {
    await other.discard();
  }
});

test('tables answer text/csv', async () => {
  await server.declare(90, [{ id: 901, type: 'video' }]);
  const csv = async (path, as) => {
    const answer = await server.call('GET', path, { as, headers: { accept: 'text/csv' } });
    assert.match(answer.headers.get('content-type') ?? '', /^text\/csv/, answer.text);
    assert.ok(answer.text.endsWith('\r\n'));
    return answer.text.split('\r\n').slice(0, -1);
  };
  assert.match((await csv('/user-progress/course/90/all', 'admin:9'))[0], /^userId,enrollments\./); // no rows: the header alone
  await server.call('POST', '/user-progress/update', { as: 91, body: { courseId: 90, courseContentId: 901, progressStatus: 'COMPLETED', activityDuration: 60, metadata: { note: '=1+1,"x"' } } });
  const all = await csv('/user-progress/course/90/all', 'admin:9');
  assert.equal(all.length, 2);
  assert.match(all[0], /^userId,enrollments\.v_created_date,.*,enrollments\.enrollmentStatus,.*,activityLogs,progressSummary\.totalContent/);
  assert.match(all[1], /^91,.*,COMPLETED,.*"\[\{""v_created_date""/);
  const activities = await csv('/user-progress/90/91/activities', 91);
  assert.match(activities[0], /progressPercent,metadata\.note,/);
  assert.match(activities[1], /,100\.00,"'=1\+1,""x""",/);
  assert.deepEqual((await csv('/user-progress/course/90/leaderboard', 'admin:9'))[1].split(',').slice(0, 5), ['1', '91', '100', '1', '1']);
  assert.match((await csv('/api/progress/stats/90', 'admin:9'))[1], /^91,91,,100,1,1,/);
  await server.call('POST', '/api/progress/log', { as: 91, body: { user_id: 91, date: '2026-01-01', note: '-5', n: -5, ok: false } });
  await server.call('POST', '/api/progress/log', { as: 91, body: { user_id: 91, date: '2026-01-02', extra: '' } });
  const logs = await csv('/api/progress/91', 91);
  assert.equal(logs[0], 'log_id,user_id,date,extra,created_at,updated_at,note,n,ok');
  assert.match(logs[2], /,'-5,-5,false$/);
  assert.equal((await csv('/progress/engagement/91', 91))[0], 'videoId,watchedDuration');
  assert.equal((await server.call('GET', '/api/progress/91', { as: 91, headers: { accept: 'application/json;q=0.2, text/csv;q=0.9' } })).headers.get('content-type').split(';')[0], 'text/csv');
  for (const accept of ['application/json, text/csv', 'text/csv;q=0', '*/*, text/csv; q=0.0', 'text/csv;q=0.1, application/json', 'text/csv; header=present; q=0.4, application/json;q=0.5'])
    assert.match((await server.call('GET', '/api/progress/91', { as: 91, headers: { accept } })).headers.get('content-type'), /json/, accept);
});

test('a table of metadata as it was written: spaces, lines, objects beside text', async () => {
  const send = (courseContentId, metadata) => server.call('POST', '/user-progress/update', { as: 92, body: `{"courseId":92,"courseContentId":${courseContentId},"progressStatus":"IN_PROGRESS","metadata":${metadata}}` });
  await send(921, '{"device": {\n  "os": "android",\n  "v": [1, 2],\n  "f": "=1+1"\n}}');
  await send(922, '{"device":"text"}');
  const { text } = await server.call('GET', '/user-progress/92/92/activities', { as: 92, headers: { accept: 'text/csv' } });
  const [names, ...rows] = text.trim().split('\r\n').map((row) => row.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map((cell) => cell.replace(/,$/, '')));
  const column = (name) => rows.map((row) => row[names.indexOf(name)]).sort();
  assert.deepEqual(names.filter((name) => name.startsWith('metadata')).sort(), ['metadata.device', 'metadata.device.f', 'metadata.device.os', 'metadata.device.v'], text);
  assert.deepEqual([column('metadata.device'), column('metadata.device.os'), column('metadata.device.v'), column('metadata.device.f')], [['', 'text'], ['', 'android'], ['', '"[1, 2]"'], ['', "'=1+1"]], text);
});

test('a duration of 0 is none: what was known stays', async () => {
  const send = (more) => server.call('POST', '/progress/update', { as: 93, body: { userId: 93, videoId: 'd0', watchedDuration: 50, ...more } });
  await send({ duration: 100 });
  assert.equal((await send({ duration: 0 })).status, 200);
  assert.equal((await server.call('GET', '/progress/93/d0?segments=1', { as: 93 })).json.progressPercent, 50);
  for (const TotalDurationSeconds of [100, 0]) await server.call('POST', '/api/v1/Progress/video', { as: 93, body: { UserId: '93', VideoId: 'd1', CurrentTimeSeconds: 60, TotalDurationSeconds, MarkAsCompleted: false } });
  assert.equal((await server.call('GET', '/progress/93/d1?segments=1', { as: 93 })).json.progressPercent, 60);
});

test('a sync that says the same twice at one instant: the second changes nothing', async () => {
  const sync = async (...watched) => (await server.call('POST', '/progress/sync', { as: 94, body: { userId: 94, progressData: watched.map((watchedDuration) => ({ videoId: 'same', watchedDuration })) } })).json.results.map(({ result }) => result);
  assert.deepEqual(await sync(10, 10), ['applied', 'unchanged']);
  assert.deepEqual(await sync(20, 15, 30), ['applied', 'unchanged', 'applied']);
});

test('one report adds at most seven days; scores of nothing are no NaN', async () => {
  const send = (activityDuration) => server.call('POST', '/user-progress/update', { as: 95, body: `{"courseId":95,"courseContentId":951,"progressStatus":"IN_PROGRESS","activityDuration":${activityDuration},"progressPercent":1e1}` });
  assert.equal((await send('604800')).json.results.activityDuration, 604800);
  for (const more of ['604801', '9007199254740992', '6.05e5']) {
    const over = await send(more);
    assert.deepEqual([over.status, over.json.errors[0].field], [400, 'activityDuration'], more);
  }
  assert.equal((await send('0')).json.results.activityDuration, 604800);
  const none = await server.call('POST', '/api/progress', { as: 95, body: { contentId: 'zero', progressPercentage: 1, score: 0, maxScore: 0 } });
  assert.equal(none.json.data.scorePercentage, null);
  const past = await server.call('GET', '/user-progress/course/95/all?page=9', { as: 'admin:9' });
  assert.deepEqual([past.status, past.json.results, past.json.pagination.total], [200, [], 1]);
});

test('a stated percent is 100 only when it says so', async () => {
  const send = (percent) => server.call('POST', '/user-progress/update', { as: 96, body: `{"courseId":96,"courseContentId":961,"progressStatus":"IN_PROGRESS","progressPercent":${percent}}` });
  for (const [said, shown, status] of [['33.335', '33.34', 'IN_PROGRESS'], ['1.005', '1.01', 'IN_PROGRESS'], ['"9.995"', '10.00', 'IN_PROGRESS'], ['17.025', '17.03', 'IN_PROGRESS'], ['17.0249999', '17.02', 'IN_PROGRESS'], ['99.996', '99.99', 'IN_PROGRESS'], ['"99.999"', '99.99', 'IN_PROGRESS'], ['1e2', '100.00', 'COMPLETED']]) {
    const { results } = (await send(said)).json;
    assert.deepEqual([results.progressPercent, results.progressStatus], [shown, status], said);
  }
  const trk = await server.call('POST', '/api/progress', { as: 96, body: { contentId: '962', moduleId: '96', progressPercentage: 99.996 } });
  assert.deepEqual([trk.json.data.progressPercentage, trk.json.data.isCompleted], [99, false]);
});

test('the same webhook a hundred times at once is one enrolment', async () => {
  const all = await Promise.all(Array.from({ length: 100 }, () => server.call('POST', '/api/v1/progress/webhook/enrollment-updated', {
    as: 'any', headers: { 'x-server-key': server.key }, body: { userid: 'hundred', COURSEID: 'h-1', action: 'Enroll' } })));
  assert.ok(all.every((answer) => answer.status === 200 && answer.text === '{}'));
  assert.equal((await server.call('GET', '/api/progress/stats/h-1', { as: 'admin:9' })).json.data.enrollments, 1);
});

test('a list without a type takes back what the list before said; then a client may say it', async () => {
  const types = async () => (await server.call('GET', '/api/progress/99/typed', { as: '99' })).json.data.progress.map((one) => one.contentType);
  await server.declare('typed', [{ id: 'typed-1', type: 'lab' }]);
  const say = () => server.call('POST', '/api/progress', { as: '99', body: { contentId: 'typed-1', progressPercentage: 10, contentType: 'game' } });
  await say();
  assert.deepEqual(await types(), ['lab']);
  await server.declare('typed', [{ id: 'typed-1' }]);
  assert.deepEqual(await types(), ['other']);
  await say();
  assert.deepEqual(await types(), ['game']);
});

test('trk rounds a percent of many once', async () => {
  const contents = Array.from({ length: 202 }, (_, i) => ({ id: `once-${i}` }));
  await server.declare('once', contents);
  const report = (contentId, progressPercentage) => server.call('POST', '/api/progress', { as: 'once', body: { contentId, progressPercentage } });
  await report('once-0', 100);
  const module = (await server.call('GET', '/api/progress/once/once', { as: 'once' })).json.data;
  const stats = (await server.call('GET', '/api/progress/stats/once', { as: 'admin:9' })).json.data;
  assert.deepEqual([module.statistics.completionPercentage, stats.userProgressSummary[0].completionPercentage], [0, 0]); // 0.495
  for (const contentId of ['twice-0', 'twice-1']) assert.equal((await server.call('POST', '/user-progress/update', { as: '98', body: { courseId: 98, courseContentId: Number(contentId.at(-1)) + 9801, progressPercent: contentId.endsWith('0') ? 33.33 : 65.66, progressStatus: 'IN_PROGRESS' } })).status, 200);
  assert.equal((await server.call('GET', '/api/progress/98', { as: '98' })).json.data.statistics.averageProgress, 49); // 49.495
});

test('/all sorts: progress best first, dates oldest first, nulls last, ties by user', async () => {
  await server.declare(97, [{ id: 971 }, { id: 972 }]);
  const done = (user, item) => server.call('POST', '/user-progress/update', { as: user, body: { courseId: 97, courseContentId: item, progressStatus: 'COMPLETED' } });
  await done(12, 971);
  await done(9, 971);
  await done(9, 972);
  await done(100, 971);
  const order = async (query) => (await server.call('GET', `/user-progress/course/97/all?${query}`, { as: 'admin:9' })).json.results.map((one) => one.userId);
  assert.deepEqual(await order(''), [9, 12, 100]); // integers by value
  assert.deepEqual(await order('sortBy=progress'), [9, 12, 100]);
  assert.deepEqual(await order('sortBy=progress&order=asc'), [12, 100, 9]);
  assert.deepEqual(await order('sortBy=enrollmentDate'), [12, 9, 100]);
  assert.deepEqual(await order('sortBy=enrollmentDate&order=desc'), [100, 9, 12]);
  assert.deepEqual(await order('sortBy=completionDate&order=desc'), [9, 12, 100]); // who has none comes last either way
  assert.deepEqual(await order('sortBy=enrollmentDate&page=2&limit=1'), [9]);
  await server.call('POST', '/progress/update', { as: 'zoe', body: { userId: 'zoe', videoId: '971', watchedDuration: 0 } });
  assert.deepEqual(await order('sortBy=userId'), [9, 12, 100, 'zoe']);
  assert.deepEqual(await order('sortBy=userId&order=desc'), ['zoe', 100, 12, 9]);
  assert.deepEqual(await order('sortBy=userId&order=desc&page=2&limit=2'), [12, 9]);
});
