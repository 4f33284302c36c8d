// What the log says: a line for each thing, as text or as JSON; answers by choice; who did what to whom.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newDirectory, Server } from './server.mjs';

const until = async (what, why) => {
  for (let tries = 0; !what(); tries++) {
    assert.ok(tries < 200, why());
    await new Promise((done) => setTimeout(done, 25));
  }
};
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01`, 'x-request-id': 'my-request' };

test('text: instant, level, message; answers only when asked for', async () => {
  const server = await Server.start();
  await server.call('GET', '/progress/u1?limit=1', { as: 'u1', headers });
  await until(() => /listening/.test(server.log), () => server.log);
  assert.match(server.log, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info milepost: listening on http:\/\/127/m);
  assert.doesNotMatch(server.log, /my-request|<\d>/);
  assert.equal((await server.discard()).code, 0);
  const loud = await Server.start({ flags: ['--access-log'] });
  await loud.call('GET', '/progress/u1?limit=1', { as: 'u1', headers });
  await until(() => /my-request/.test(loud.log), () => loud.log);
  assert.match(loud.log, new RegExp(`^\\S+Z info milepost: GET /progress/\\{userId\\} 200 \\d+ us request my-request trace ${trace}$`, 'm'));
  assert.doesNotMatch(loud.log, /limit=1|Bearer|eyJ|u1/); // no query, no token, nobody's id
  await loud.call('GET', '/progress/u1', { as: 'u1', headers: { traceparent: 'garbage"\n'.trim(), 'x-request-id': 'other' } });
  await until(() => /request other$/m.test(loud.log), () => loud.log);
  assert.equal((await loud.discard()).code, 0);
});

test('JSON: each line is an object', async () => {
  const config = join(newDirectory(), 'milepost.conf');
  writeFileSync(config, 'log_format = json\naccess_log = on\n');
  const server = await Server.start({ flags: ['--config', config] });
  await server.call('GET', '/progress/u1', { as: 'u1', headers: { ...headers, 'x-request-id': 'a"b\\c' } });
  await until(() => /a\\"b/.test(server.log), () => server.log);
  server.process.kill('SIGHUP');
  await until(() => /keys reloaded/.test(server.log), () => server.log);
  const lines = server.log.trim().split('\n').map((line) => JSON.parse(line));
  for (const line of lines) assert.ok(Date.parse(line.time) && ['error', 'warn', 'info', 'debug'].includes(line.level) && line.message);
  const answer = lines.find((line) => line.requestId === 'a"b\\c');
  assert.deepEqual([answer.method, answer.route, answer.status, answer.traceId, answer.level], ['GET', '/progress/{userId}', 200, trace, 'info']);
  writeFileSync(config, 'log_format = text\nlog_level = error\n');
  server.process.kill('SIGHUP');
  await until(() => /milepost: log_format: now text|"log_format: now text"/.test(server.log), () => server.log);
  await server.call('GET', '/progress/u1', { as: 'u1', headers: { 'x-request-id': 'quiet' } });
  assert.equal((await server.discard()).code, 0, server.log);
  assert.doesNotMatch(server.log, /quiet/);
});

test('who did what to whom, with the result; a learner\'s own writes are no audit', async () => {
  const server = await Server.start({ flags: ['--log-format', 'json'] });
  await server.declare(7, [{ id: 71 }], { staff: [{ userId: 'teach', role: 'INSTRUCTOR' }] });
  await server.call('POST', '/user-progress/update', { as: 5, body: { courseId: 7, courseContentId: 71, progressStatus: 'COMPLETED' } });
  await server.call('POST', '/user-progress/update', { as: 'instructor:teach', body: { userId: 5, courseId: 7, courseContentId: 71, progressStatus: 'LOCKED' } });
  await server.call('POST', '/user-progress/reset', { as: 'instructor:stranger', body: { courseId: 7, userId: 5 } });
  await server.call('GET', '/api/v1/users/5/export', { as: 'admin:root' });
  await server.call('DELETE', '/api/v1/users/5', { as: '5', headers: { 'x-request-id': 'last' } });
  await until(() => /"last"/.test(server.log), () => server.log);
  const audits = server.log.trim().split('\n').map((line) => JSON.parse(line)).filter((line) => line.message === 'audit');
  assert.deepEqual(audits.map(({ who, what, route, user, course, status }) => [who, what, route, user, course, status]), [
    ['900', 'PUT', '/api/v1/catalog/courses/{id}', undefined, '7', 201],
    ['teach', 'POST', '/user-progress/update', '5', '7', 200],
    ['stranger', 'POST', '/user-progress/reset', '5', '7', 403],
    ['root', 'GET', '/api/v1/users/{userId}/export', '5', undefined, 200],
    ['erased', 'DELETE', '/api/v1/users/{userId}', 'erased', undefined, 200],
  ]);
  assert.equal((await server.discard()).code, 0, server.log);
});
