// Erasure: no byte of the person is left, and everybody else's figures are as if they had never been there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isEmbedded, run, Server } from './server.mjs';

const traces = (directory, word) =>
  readdirSync(directory).filter((name) => !name.endsWith('-shm') && readFileSync(join(directory, name)).includes(word));

const call = async (server, method, path, options) => {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer;
};

// Two learners, or one of them: everything the five faces can do to the same courses.
async function live(server, who) {
  const ids = who.includes('zz-erased-zz');
  await server.declare(801, [{ id: 8011, durationSeconds: 100, type: 'video' }, { id: 8012 }], { staff: [{ userId: '9', role: 'INSTRUCTOR' }] });
  for (const as of who) {
    await call(server, 'POST', '/progress/update', { as, body: { userId: as, videoId: '8011', watchedDuration: 99, segments: [[0, 60]] } });
    await call(server, 'POST', '/api/progress', { as, body: { contentId: '8012', progressPercentage: 100, contentType: 'lab' } });
    await call(server, 'POST', '/progress/update', { as, body: { userId: as, videoId: 'shared', courseId: 'seen', watchedDuration: 5, duration: 10 } });
    await call(server, 'POST', '/api/progress/log', { as, body: { user_id: as, activity: `run of ${as}` } });
  }
  if (ids) {
    const as = 'zz-erased-zz';
    await call(server, 'POST', '/progress/update', { as, body: { userId: as, videoId: 'only-zz', courseId: 'seen', watchedDuration: 5, deviceId: 'zz-erased-zz-phone' } });
    await call(server, 'POST', '/progress/update', { as, body: { userId: as, videoId: 'course-of-zz-item', courseId: 'course-of-zz', watchedDuration: 5 } });
    await call(server, 'POST', '/api/progress/log', { as, body: { user_id: as, activity: 'swim' }, headers: { 'idempotency-key': 'k1' } });
  }
}

const figures = async (server) => {
  const all = [];
  for (const path of ['/user-progress/course/801/analytics', '/user-progress/course/801/leaderboard', '/api/progress/stats/801', '/progress/summary/8011', '/progress/summary/shared', '/progress/summary/only-zz', '/api/progress/stats/seen', '/api/v1/catalog/courses/seen', '/api/progress/keeper/seen'])
    all.push([path, (await server.call('GET', path, { as: 'admin:1' })).text.replace(/"\d{4}-\d\d-\d\dT[^"]*"|"requestId":"[^"]*"|"(id|_id|progressId|enrollmentId)":"?\d+"?/g, '_')]);
  return all;
};

test('erased over HTTP: no trace in any file, everybody else as if they had never been there', async () => {
  const [with_, without] = [await Server.start(), await Server.start()];
  await live(with_, ['keeper', 'zz-erased-zz']);
  await live(without, ['keeper']);
  assert.equal(JSON.parse((await call(with_, 'GET', '/api/progress/keeper/seen', { as: 'keeper' })).text).data.statistics.totalContent, 2);
  // They also acted on somebody else and are staff of a course.
  await with_.call('POST', '/api/progress/log', { as: 'admin:zz-erased-zz', body: { user_id: 'keeper', activity: 'by an admin' } });
  await without.call('POST', '/api/progress/log', { as: 'admin:other', body: { user_id: 'keeper', activity: 'by an admin' } });
  for (const server of [with_, without])
    await server.declare(802, [{ id: 8021 }], { staff: [{ userId: 'zz-erased-zz', role: 'OWNER' }, { userId: '9', role: 'INSTRUCTOR' }] });
  await new Promise((resolve) => setTimeout(resolve, 2600)); // some of it is in the checkpoint file by now
  assert.notDeepEqual(traces(with_.directory, 'zz-erased-zz'), []);
  const answer = await call(with_, 'DELETE', '/api/v1/users/zz-erased-zz', { as: 'zz-erased-zz', headers: { 'idempotency-key': 'gone' } });
  assert.ok(answer.json.erasedEvents >= 7 && answer.json.receipt > 0 && !answer.text.includes('zz-erased'), answer.text);
  await call(without, 'DELETE', '/api/v1/users/zz-erased-zz', { as: 'zz-erased-zz' }); // a stranger, but staff of a course
  const again = await call(with_, 'DELETE', '/api/v1/users/zz-erased-zz', { as: 'admin:1' });
  assert.deepEqual([again.json.erasedEvents, again.json.receipt], [0, null]);
  const replayed = await call(with_, 'DELETE', '/api/v1/users/zz-erased-zz', { as: 'zz-erased-zz', headers: { 'idempotency-key': 'gone' } });
  assert.deepEqual([replayed.text, replayed.headers.get('idempotent-replayed')], [answer.text, 'true']);
  assert.deepEqual(await figures(with_), await figures(without));
  assert.deepEqual((await call(with_, 'GET', '/api/v1/catalog/courses/802', { as: 'admin:1' })).json.staff, [{ userId: '9', role: 'INSTRUCTOR' }]);
  assert.equal((await with_.call('GET', '/api/v1/catalog/courses/course-of-zz', { as: 'admin:1' })).status, 404);
  const logs = (await call(with_, 'GET', '/api/progress/keeper', { as: 'keeper' })).json.progress_logs;
  const { history } = (await call(with_, 'GET', `/api/progress/log/${logs[0].log_id}/history`, { as: 'keeper' })).json;
  assert.equal(history[0].actor, 'erased');
  assert.deepEqual((await call(with_, 'GET', '/api/v1/users/zz-erased-zz/export', { as: 'zz-erased-zz' })).json.events, []);
  for (let tries = 0; traces(with_.directory, 'zz-erased-zz').length && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
  for (const word of ['zz-erased-zz', 'only-zz', 'course-of-zz', 'run of zz']) assert.deepEqual(traces(with_.directory, word), [], word);
  // The log names who acted on others, until then: how long it is kept is the operator's (docs/operations.md).
  const named = with_.log.split('\n').filter((line) => line.includes('zz-erased-zz'));
  assert.ok(named.every((line) => /audit: who="zz-erased-zz" .*user="keeper"/.test(line)), named.join('\n'));
  // The key is free again: the first answer told of somebody who is gone.
  const anew = await call(with_, 'POST', '/api/progress/log', { as: 'zz-erased-zz', body: { user_id: 'zz-erased-zz', activity: 'swim' }, headers: { 'idempotency-key': 'k1' } });
  assert.equal(anew.headers.get('idempotent-replayed'), null);
  assert.equal((await call(with_, 'GET', '/api/progress/zz-erased-zz', { as: 'zz-erased-zz' })).json.progress_logs.length, 1);
  assert.equal((await with_.discard()).code, 0, with_.log);
  assert.equal((await without.discard()).code, 0, without.log);
});

test('erased by the program; rebuilt from what is left; refused on a live directory', { skip: !isEmbedded && 'the log is elsewhere: nodes.test.mjs erases there' }, async () => {
  const server = await Server.start();
  const { directory } = server;
  await live(server, ['keeper', 'zz-erased-zz']);
  const live_ = run('erase', '--user', 'zz-erased-zz', '--data', directory);
  assert.notEqual(live_.status, 0);
  assert.match(live_.stderr, /another milepost process is using this data directory/);
  await server.stop('SIGKILL');
  const erased = run('erase', '--user', 'zz-erased-zz', '--data', directory);
  assert.match(erased.stdout, /^erased \d+ events; receipt: event \d+\n$/);
  assert.deepEqual(traces(directory, 'zz-erased-zz'), []);
  assert.match(run('erase', '--user', 'zz-erased-zz', '--data', directory).stdout, /^erased 0 events/);
  assert.equal(run('erase', '--data', directory).status, 2);
  const verified = run('verify', '--data', directory);
  assert.equal(verified.status, 0, verified.stdout);
  assert.equal(run('rebuild', '--data', directory).status, 0);
  assert.equal(run('verify', '--data', directory).status, 0);
  const again = await Server.start({ directory });
  assert.equal((await again.call('GET', '/progress/summary/shared', { as: '1' })).json.viewers, 1);
  assert.equal((await again.discard()).code, 0, again.log);
});

test('killed right after an erasure: the checkpoint of before is brought up to it', async () => {
  const server = await Server.start();
  await live(server, ['keeper', 'zz-erased-zz']);
  await new Promise((resolve) => setTimeout(resolve, 5600)); // the checkpoint is written
  await call(server, 'DELETE', '/api/v1/users/zz-erased-zz', { as: 'zz-erased-zz' });
  await server.stop('SIGKILL');
  const between = run('verify', '--data', server.directory);
  assert.equal(between.status, 0, between.stdout);
  const again = await Server.start({ directory: server.directory });
  assert.equal((await again.call('GET', '/progress/summary/shared', { as: '1' })).json.viewers, 1);
  assert.equal((await again.stop()).code, 0);
  assert.deepEqual(traces(server.directory, 'zz-erased-zz'), []);
  assert.equal(run('verify', '--data', server.directory).status, 0);
});

test('kept answers go with whom they name: a short id takes nobody else\'s, an escaped one leaves none', async () => {
  const server = await Server.start();
  const odd = 'a"b\\c';
  const once = async (as, path, body, key) => {
    const answer = await server.call('POST', path, { as, body, headers: { 'idempotency-key': key } });
    return [answer.status, answer.text, answer.headers.get('idempotent-replayed')];
  };
  const sent = [['alice', '/api/progress', { contentId: 'lab2', progressPercentage: 12, timeSpent: 2 }, 'k1'], ['alice', '/api/progress/log', { user_id: 'alice', note: '2' }, 'k2']];
  const first = [];
  for (const one of sent) first.push(await once(...one));
  await once('2', '/progress/update', { userId: '2', videoId: 'v', watchedDuration: 1 }, 'k');
  await once(odd, '/api/progress/log', { user_id: odd, w: 1 }, 'k');
  await once('system:lms', '/user-progress/update', { courseId: 1, courseContentId: 1, userId: odd, progressStatus: 'IN_PROGRESS' }, 'k');
  const course = { title: 't', staff: [{ userId: odd, role: 'OWNER' }] };
  assert.equal((await server.call('PUT', '/api/v1/catalog/courses/7', { as: 'admin:1', body: course, headers: { 'idempotency-key': 'k' } })).status, 201);
  for (const as of ['2', odd]) assert.equal((await server.call('DELETE', `/api/v1/users/${encodeURIComponent(as)}`, { as })).status, 200);
  for (const [i, one] of sent.entries()) assert.deepEqual(await once(...one), [first[i][0], first[i][1], 'true']);
  assert.equal((await server.stop()).code, 0, server.log);
  for (const word of [odd, JSON.stringify(odd).slice(1, -1)]) assert.deepEqual(traces(server.directory, word), [], word);
  assert.equal(run('verify', '--data', server.directory).status, 0);
});

// More events than one commit should hold: taken out a few milliseconds at a time, also after a kill in the middle.
for (const killed of [false, true])
  test(`a large erasure goes on beside others' writes${killed ? ', and after a kill' : ''}`, async () => {
    let server = await Server.start();
    const who = 'zz-erased-zz';
    await server.declare(803, [{ id: 8031 }], { staff: [{ userId: who, role: 'OWNER' }, { userId: '9', role: 'INSTRUCTOR' }] });
    await server.call('POST', '/progress/update', { as: 'keeper', body: { userId: 'keeper', videoId: 'own-5', watchedDuration: 1 } });
    for (let round = 0; round < 5; round++) {
      const progressData = Array.from({ length: 1000 }, (_, i) => ({ videoId: `own-${i}`, courseId: i < 500 ? 'half' : undefined, watchedDuration: round, deviceId: 'zz-erased-zz-phone' }));
      assert.equal((await server.call('POST', '/progress/sync', { as: who, body: { userId: who, progressData } })).status, 200);
    }
    for (let i = 0; i < 5; i++) // they wrote on others' records
      await Promise.all(Array.from({ length: 40 }, (_, j) => server.call('POST', '/api/progress/log', { as: `admin:${who}`, body: { user_id: `other${j}`, n: i } })));
    const [gone] = await Promise.all([
      server.call('DELETE', `/api/v1/users/${who}`, { as: 'admin:1' }),
      server.call('POST', '/api/progress/log', { as: `admin:${who}`, body: { user_id: 'other0', n: 'meanwhile' } }),
    ]);
    assert.ok(gone.status === 200 && gone.json.erasedEvents >= 5000, gone.text);
    if (killed) {
      await server.stop('SIGKILL');
      server = await Server.start({ directory: server.directory });
    }
    const progress = (await server.call('GET', '/progress/own-5', { as: who })).json; // nobody of that id
    assert.equal((await server.call('GET', `/api/v1/users/${who}/export`, { as: who })).json.events.length <= 1, true, JSON.stringify(progress));
    assert.equal((await server.call('POST', '/progress/update', { as: 'keeper', body: { userId: 'keeper', videoId: 'own-5', watchedDuration: 2 } })).status, 200);
    assert.equal((await server.call('GET', '/progress/summary/own-5', { as: '1' })).json.viewers, 1);
    assert.equal((await server.call('GET', '/progress/summary/own-7', { as: '1' })).json.viewers, 0);
    assert.deepEqual((await server.call('GET', '/api/v1/catalog/courses/803', { as: 'admin:1' })).json.staff, [{ userId: '9', role: 'INSTRUCTOR' }]);
    await server.call('DELETE', `/api/v1/users/${who}`, { as: 'admin:1' }); // what was written meanwhile, under the same id
    // A node of a database has up to a minute for its own files.
    for (let i = 0; !isEmbedded && i < 600 && traces(server.directory, who).length; i++) await new Promise((next) => setTimeout(next, 100));
    assert.equal((await server.stop()).code, 0, server.log);
    for (const word of [who, 'own-7']) assert.deepEqual(traces(server.directory, word), [], word);
    const verified = run('verify', '--data', server.directory);
    assert.equal(verified.status, 0, verified.stdout + verified.stderr);
    assert.equal(run('rebuild', '--data', server.directory).status, 0);
    assert.equal(run('verify', '--data', server.directory).status, 0);
  });

test('a key whose answer went with somebody is free again on every route that does something first', async () => {
  const server = await Server.start();
  const call = (method, path, body, headers = {}) => server.call(method, path, { as: 'u1', body, headers });
  const keyed = async (key, method, path, body) => {
    const answer = await call(method, path, body, { 'idempotency-key': key });
    return [answer.status, answer.headers.get('idempotent-replayed') === 'true'];
  };
  const made = async () => (await call('POST', '/api/progress', { contentId: 'w', progressPercentage: 5 })).json.data.id;
  const requests = [
    ['POST', '/api/v1/Progress/video', { userId: 'u1', courseId: 'c', videoId: 'v', currentTimeSeconds: 3, durationSeconds: 10 }],
    ['POST', '/api/v1/Progress/videos/bulk', { videoProgresses: [{ userId: 'u1', courseId: 'c', videoId: 'v', currentTimeSeconds: 4, durationSeconds: 10 }] }],
    ['POST', '/api/progress/log', { user_id: 'u1', n: 1 }],
    ['POST', '/api/progress/user/u1/rollback', { to: '2024-01-01' }],
  ];
  await made();
  for (const [i, request] of requests.entries()) {
    assert.ok((await keyed(`k${i}`, ...request))[0] < 300, request[1]);
    assert.equal((await keyed(`k${i}`, ...request))[1], true, request[1]);
  }
  const complete = `/api/progress/${await made()}/complete`;
  assert.deepEqual(await keyed('c', 'PUT', complete, {}), [200, false]);
  assert.deepEqual(await keyed('c', 'PUT', complete, {}), [200, true]);
  assert.equal((await call('DELETE', '/api/v1/users/u1')).status, 200);
  for (const [i, request] of requests.entries()) {
    const [status, replayed] = await keyed(`k${i}`, ...request);
    assert.deepEqual([status < 500, replayed], [true, false], `${request} ${status}`);
  }
  assert.deepEqual(await keyed('c', 'PUT', complete, {}), [404, false]);
  assert.equal((await server.discard()).code, 0, server.log);
});

test('who is erased while records of theirs are completed does not come back, under no id', async () => {
  const server = await Server.start();
  for (let round = 0; round < 12; round++) {
    const as = `zz-${round}`, made = [];
    for (let i = 0; i < 4; i++) made.push((await server.call('POST', '/api/progress', { as, body: { contentId: `w${i}`, progressPercentage: 5 } })).json.data.id);
    const puts = Array.from({ length: 24 }, (_, i) => server.call('PUT', `/api/progress/${made[i % 4]}/complete`, { as, body: {} }));
    const [erased, ...answers] = await Promise.all([server.call('DELETE', `/api/v1/users/${as}`, { as }), ...puts]);
    assert.equal(erased.status, 200);
    for (const { status, json } of answers) {
      if (status === 200 && json.data) assert.deepEqual([json.data.userId, json.data.contentId.id.length], [as, 2]); // null: erased before it was shown
      else assert.ok(status === 200 || status === 404, String(status));
    }
    assert.deepEqual((await server.call('GET', `/api/progress/${as}`, { as })).json.data.progress, []);
  }
  assert.equal((await server.stop()).code, 0, server.log);
  const { stdout } = run('export', '--data', server.directory);
  assert.ok(!stdout.includes('\\u0000') && !stdout.includes('zz-'), stdout);
  assert.equal(run('verify', '--data', server.directory).status, 0);
});
