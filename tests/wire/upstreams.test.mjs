// The user service and the CMS: answers, refusals, slowness, silence.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Server } from './server.mjs';

// A service that answers what `answer(path)` says: [status, body, delay in ms]. Its paths have a root of their own: a server of another
// test may go on asking for a service that had this port and is gone.
async function service(answer) {
  const asked = [], traces = [], root = `/${randomUUID()}`;
  const http = createServer((request, response) => {
    if (!request.url.startsWith(root)) return void response.writeHead(404).end();
    const path = request.url.slice(root.length);
    asked.push(path);
    traces.push(request.headers.traceparent);
    const [status, body, delay = 0, headers = {}] = answer(path);
    setTimeout(() => response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body)), delay);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${http.address().port}${root}`;
  return { url, asked, traces, close: () => { http.closeAllConnections(); return new Promise((resolve) => http.close(resolve)); } };
}

test('the user service is asked before a log is stored', async () => {
  const answers = { yes: [200, { valid: true }], plain: [200, {}], no: [200, { valid: false }], gone: [404, {}], locked: [403, {}], broken: [500, {}], slow: [200, {}, 1500],
    moved: [302, '', 0, { location: 'http://127.0.0.1:1/' }], endless: [200, 'x'.repeat(70000)], 'a?b#c': [200, {}] };
  const users = await service((path) => answers[decodeURIComponent(path.split('/').at(-1))] ?? [404, {}]);
  const server = await Server.start({ flags: ['--user_svc_base_url', `${users.url}/api/users/`, '--upstream_timeout_ms', '300'] });
  const log = (user) => server.call('POST', '/api/progress/log', { as: user, body: { user_id: user, n: 1 } });
  try {
    assert.equal((await log('yes')).status, 201);
    assert.equal(users.asked[0], '/api/users/validate/yes');
    assert.equal((await log('yes')).status, 201);
    assert.equal(users.asked.length, 1); // remembered
    assert.equal((await log('plain')).status, 201);
    for (const user of ['no', 'gone', 'moved']) {
      const refused = await log(user);
      assert.deepEqual([refused.status, refused.json.errors[0].field], [400, 'user_id'], user);
    }
    assert.equal((await log('a?b#c')).status, 201); // one encoded segment
    assert.equal(users.asked.at(-1), '/api/users/validate/a%3Fb%23c');
    for (const user of ['locked', 'broken', 'slow', 'endless']) {
      const begun = Date.now();
      const silent = await log(user);
      assert.deepEqual([silent.status, silent.headers.get('retry-after')], [503, '1'], user);
      assert.ok(Date.now() - begun < 5000);
      const { json } = await server.call('GET', `/api/progress/${user}`, { as: user });
      assert.deepEqual(json.progress_logs, []); // nothing stored
    }
    // While one waits for the service, others are served at once.
    let waits = true;
    const waiting = log('slow').finally(() => (waits = false));
    assert.equal((await server.call('GET', '/healthz')).status, 200);
    assert.ok(waits);
    await waiting;
    await users.close();
    assert.equal((await log('nobody-knows')).status, 503);
    assert.equal((await log('yes')).status, 201); // still remembered
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('a caller\'s traceparent is passed on to the user service and the CMS; what is none is not', async () => {
  const users = await service(() => [200, {}]), cms = await service(() => [200, { title: 'T' }]);
  const server = await Server.start({ flags: ['--user_svc_base_url', users.url, '--cms_base_url', cms.url] });
  const trace = (n) => `00-4bf92f3577b34da6a3ce929d0e0e473${n}-00f067aa0ba902b7-01`;
  const log = (as, traceparent) => server.call('POST', '/api/progress/log', { as, body: { user_id: as, n: 1 }, headers: traceparent === undefined ? {} : { traceparent } });
  try {
    for (const [as, sent] of [['a', trace(1)], ['b', undefined], ['c', `${trace(2)}x`], ['d', trace(3).toUpperCase()]]) assert.equal((await log(as, sent)).status, 201);
    assert.deepEqual(users.traces, [trace(1), undefined, undefined, undefined]);
    await server.call('POST', '/api/v1/Progress/video', { as: 'a', body: { UserId: 'a', VideoId: 'v', CurrentTimeSeconds: 1 }, headers: { traceparent: trace(4) } });
    assert.ok(cms.traces.length > 0);
    assert.deepEqual([...new Set(cms.traces)], [trace(4)]);
  } finally {
    await users.close();
    await cms.close();
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('pts titles come from the catalogue, else the CMS, else a placeholder', async () => {
  const answers = { '/courses/c1': [200, { title: 'From the CMS' }], '/videos/v1': [200, { name: 'Named', duration: 90 }], '/videos/v2': [404, {}], '/videos/v3': [500, {}] };
  const cms = await service((path) => answers[path] ?? [404, {}]);
  const server = await Server.start({ flags: ['--cms_base_url', cms.url, '--upstream-timeout-ms', '300'] });
  const post = (VideoId, more = {}) => server.call('POST', '/api/v1/Progress/video', { as: 'u', body: { UserId: 'u', VideoId, CurrentTimeSeconds: 45, CourseId: 'c1', ...more } });
  try {
    const first = await post('v1');
    assert.deepEqual([first.json.videoTitle, first.json.durationSeconds, first.json.completionPercentage], ['Named', 90, 0]); // shown, not counted
    assert.equal((await post('v2')).json.videoTitle, 'Video v2');
    assert.equal((await post('v3')).json.videoTitle, 'Video v3'); // a failure gives the placeholder, never an error
    const course = (await server.call('GET', '/api/v1/Progress/course/u/c1', { as: 'u' })).json;
    assert.deepEqual([course.courseTitle, course.videoProgresses.map((v) => v.videoTitle)], ['From the CMS', ['Named', 'Video v2', 'Video v3']]);
    const asked = cms.asked.length;
    assert.equal((await server.call('GET', '/api/v1/Progress/summary/u', { as: 'u' })).json.recentCourses[0].courseTitle, 'From the CMS');
    assert.equal(cms.asked.length, asked); // remembered, the 404 too
    answers['/courses/c1'] = [200, { title: 'Renamed' }];
    const hook = await server.call('POST', '/api/v1/progress/Webhook/course-updated', { as: 'u', headers: { 'x-server-key': server.key }, body: { CourseId: 'c1' } });
    assert.equal(hook.status, 200);
    assert.equal((await server.call('GET', '/api/v1/Progress/course/u/c1', { as: 'u' })).json.courseTitle, 'Renamed');
    await server.declare('c1', [{ id: 'v1', title: 'Catalogued', type: 'video' }], { title: 'Declared' });
    const declared = (await server.call('GET', '/api/v1/Progress/course/u/c1', { as: 'u' })).json;
    assert.deepEqual([declared.courseTitle, declared.videoProgresses[0].videoTitle], ['Declared', 'Catalogued']);
    // The catalogue's duration goes before the CMS's too, whoever has the title.
    await server.declare('c1', [{ id: 'v1', type: 'video', durationSeconds: 200.5 }, { id: 'v3', title: 'Untimed', type: 'video', durationSeconds: 50 }]);
    const [timed, titled] = (await server.call('GET', '/api/v1/Progress/course/u/c1', { as: 'u' })).json.videoProgresses;
    assert.deepEqual([timed.videoTitle, timed.durationSeconds, titled.videoTitle, titled.durationSeconds], ['Named', 200.5, 'Untimed', 50]);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await cms.close();
  }
});

const log = (server, user) => server.call('POST', '/api/progress/log', { as: user, body: { user_id: user, n: 1 } });
const watch = (server, VideoId) => server.call('POST', '/api/v1/Progress/video', { as: 'u', body: { UserId: 'u', VideoId, CurrentTimeSeconds: 1 } });

test('each service has its own breaker: one that is down takes no other with it, and is tried again', async () => {
  const users = await service(() => [200, { valid: true }]);
  let broken = true;
  const cms = await service(() => (broken ? [500, {}] : [200, { title: 'Back' }]));
  const server = await Server.start({ flags: ['--user_svc_base_url', users.url, '--cms_base_url', cms.url] });
  try {
    for (let i = 0; i < 20; i++) assert.equal((await watch(server, `v${i}`)).status, 200);
    assert.equal(cms.asked.length, 5); // five in a row, then it is left alone
    for (let i = 0; i < 20; i++) assert.equal((await log(server, `w${i}`)).status, 201);
    assert.equal(users.asked.length, 20);
    broken = false;
    await new Promise((next) => setTimeout(next, 5100));
    assert.equal((await watch(server, 'later')).json.videoTitle, 'Back');
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await users.close();
    await cms.close();
  }
});

test('a slow CMS delays nobody who only asks the user service; the same question is asked once', async () => {
  const users = await service(() => [200, { valid: true }]);
  const asked = [], held = [];
  let slow = true;
  const cms = createServer((request, response) => {
    asked.push(request.url);
    const answer = () => response.end('{"title":"t"}');
    if (slow) held.push(answer); else answer();
  });
  await new Promise((resolve) => cms.listen(0, '127.0.0.1', resolve));
  const server = await Server.start({ flags: ['--user_svc_base_url', users.url, '--cms_base_url', `http://127.0.0.1:${cms.address().port}`, '--upstream_timeout_ms', '30000'] });
  try {
    const same = Array.from({ length: 50 }, () => watch(server, 'one'));
    const clips = Array.from({ length: 100 }, (_, i) => watch(server, `v${i}`)); // more than are asked at a time
    while (held.length < 32) await new Promise((next) => setTimeout(next, 10));
    for (let i = 0; i < 20; i++) assert.equal((await log(server, `w${i}`)).status, 201); // while the CMS has not answered anything
    assert.equal(asked.length, 32);
    slow = false;
    for (const answer of held) answer();
    assert.ok((await Promise.all([...same, ...clips])).every((answer) => answer.status === 200 && answer.json.videoTitle === 't'));
    assert.ok(asked.filter((path) => path === '/videos/one').length <= 2, 'asked once for all');
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await users.close();
    cms.closeAllConnections();
    await new Promise((resolve) => cms.close(resolve));
  }
});

test('a service that never stops, never starts, or has no name costs its time and no more', async () => {
  const endless = createServer((request, response) => {
    response.writeHead(200);
    const more = setInterval(() => response.write('x'.repeat(1000)), 5);
    response.on('close', () => clearInterval(more));
  });
  await new Promise((resolve) => endless.listen(0, '127.0.0.1', resolve));
  for (const url of [`http://127.0.0.1:${endless.address().port}`, 'http://no-such-host.invalid', 'http://127.0.0.1:1', 'http://192.0.2.1']) {
    const server = await Server.start({ flags: ['--user_svc_base_url', url, '--cms_base_url', url, '--upstream_timeout_ms', '300'] });
    try {
      const begun = Date.now();
      const [logs, clips] = [await Promise.all(['a', 'b', 'c'].map((user) => log(server, user))), await Promise.all(['d', 'e'].map((id) => watch(server, id)))];
      assert.deepEqual([...logs, ...clips].map((answer) => answer.status), [503, 503, 503, 200, 200], url);
      assert.ok(Date.now() - begun < 10000, `${url}: ${Date.now() - begun} ms`);
      assert.equal((await server.call('GET', '/healthz')).status, 200);
    } finally {
      assert.equal((await server.discard()).code, 0, server.log);
    }
  }
  endless.closeAllConnections();
  await new Promise((resolve) => endless.close(resolve));
});

test('SIGTERM while a request waits for a slow service: it is answered', async () => {
  const users = await service(() => [200, { valid: true }, 25000]);
  const server = await Server.start({ flags: ['--user_svc_base_url', users.url, '--upstream_timeout_ms', '30000'] });
  const waiting = log(server, 'u');
  await new Promise((next) => setTimeout(next, 300));
  const begun = Date.now();
  const [end, answer] = await Promise.all([server.discard(), waiting]);
  assert.deepEqual([end.code, answer.status, Date.now() - begun < 10000], [0, 503, true]);
  await users.close();
});

test('--mock-data invents titles, marked mock', async () => {
  const server = await Server.start({ flags: ['--mock-data'] });
  const answer = await server.call('POST', '/api/v1/Progress/video', { as: 'u', body: { UserId: 'u', VideoId: 'v', CurrentTimeSeconds: 150, CourseId: 'c' } });
  assert.deepEqual([answer.json.videoTitle, answer.json.durationSeconds, answer.json.mock, answer.json.completionPercentage], ['Mock Video v', 300, true, 0]);
  const course = (await server.call('GET', '/api/v1/Progress/course/u/c', { as: 'u' })).json;
  assert.deepEqual([course.courseTitle, course.mock], ['Mock Course c', true]);
  await server.discard();
});

test('a summary of somebody whom the user service refuses is 404; one that it cannot be asked about is shown', async () => {
  const users = await service((path) => (path.endsWith('/gone') ? [200, { valid: false }] : path.endsWith('/mute') ? [500, {}] : [200, {}]));
  const server = await Server.start({ flags: ['--user_svc_base_url', users.url] });
  try {
    for (const [user, status] of [['known', 200], ['gone', 404], ['mute', 200], ['unseen', 404]]) {
      if (user !== 'unseen') await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: 'v', watchedDuration: 1 } });
      assert.equal((await server.call('GET', `/api/v1/Progress/summary/${user}`, { as: user })).status, status, user);
    }
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await users.close();
  }
});

test('a list of many unknown titles asks for 64 of them at a time', async () => {
  const cms = await service((path) => [200, { title: `Title of ${path.split('/').at(-1)}` }]);
  const server = await Server.start({ flags: ['--cms_base_url', cms.url] });
  try {
    const progressData = Array.from({ length: 700 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: 1, courseId: 'c' }));
    assert.equal((await server.call('POST', '/progress/sync', { as: 'u', body: { userId: 'u', progressData } })).status, 200);
    for (let times = 1; times <= 2; times++) {
      const { json } = await server.call('GET', '/api/v1/Progress/videos/u/c', { as: 'u' });
      assert.deepEqual([json.length, json.filter(({ videoTitle }) => videoTitle.startsWith('Title of')).length, cms.asked.length], [700, 64 * times, 64 * times]);
    }
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await cms.close();
  }
});
