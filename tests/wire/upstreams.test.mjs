// The user service and the CMS: answers, refusals, slowness, silence.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Server } from './server.mjs';

// A service that answers what `answer(path)` says: [status, body, delay in ms].
async function service(answer) {
  const asked = [];
  const http = createServer((request, response) => {
    asked.push(request.url);
    const [status, body, delay = 0, headers = {}] = answer(request.url);
    setTimeout(() => response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body)), delay);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${http.address().port}`, asked, close: () => { http.closeAllConnections(); return new Promise((resolve) => http.close(resolve)); } };
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
      assert.ok(Date.now() - begun < 1200);
      const { json } = await server.call('GET', `/api/progress/${user}`, { as: user });
      assert.deepEqual(json.progress_logs, []); // nothing stored
    }
    // While one waits for the service, others are served at once.
    const waiting = log('slow');
    const begun = Date.now();
    assert.equal((await server.call('GET', '/healthz')).status, 200);
    assert.ok(Date.now() - begun < 200);
    await waiting;
    await users.close();
    assert.equal((await log('nobody-knows')).status, 503);
    assert.equal((await log('yes')).status, 201); // still remembered
  } finally {
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
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await cms.close();
  }
});

test('--mock-data invents titles, marked mock', async () => {
  const server = await Server.start({ flags: ['--mock-data'] });
  const answer = await server.call('POST', '/api/v1/Progress/video', { as: 'u', body: { UserId: 'u', VideoId: 'v', CurrentTimeSeconds: 150, CourseId: 'c' } });
  assert.deepEqual([answer.json.videoTitle, answer.json.durationSeconds, answer.json.mock, answer.json.completionPercentage], ['Mock Video v', 300, true, 0]);
  const course = (await server.call('GET', '/api/v1/Progress/course/u/c', { as: 'u' })).json;
  assert.deepEqual([course.courseTitle, course.mock], ['Mock Course c', true]);
  await server.discard();
});
