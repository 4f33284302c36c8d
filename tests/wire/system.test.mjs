// Contract 9: GET /api/v1/system, for an administrator alone.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Server } from './server.mjs';

const admin = 'admin:9';

test('system says how the server is doing, and no secret', async () => {
  const cms = createServer((request, response) => response.end('{"title":"x"}')).listen(0, '127.0.0.1');
  await new Promise((resolve) => cms.once('listening', resolve));
  const url = `http://user:hush@127.0.0.1:${cms.address().port}/cms`;
  const server = await Server.start({ flags: ['--cms_base_url', url] });
  const system = async () => {
    const answer = await server.call('GET', '/api/v1/system', { as: admin });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.headers.get('etag'), answer.headers.get('cache-control')], [null, 'no-store']);
    for (const secret of ['hush', server.secret, server.key]) assert.ok(!answer.text.includes(secret));
    return answer.json;
  };
  const before = await system();
  assert.deepEqual(Object.keys(before), ['version', 'startedAt', 'store', 'writes', 'reads', 'refused', 'memory', 'push', 'upstreams', 'nodes']);
  assert.match(before.version, /^\d+\.\d+\.\d+/);
  assert.ok(Math.abs(Date.parse(before.startedAt) - Date.now()) < 60000);
  assert.deepEqual(before.upstreams, [{ name: 'cms', url: `http://127.0.0.1:${cms.address().port}/cms`, state: 'closed', failures: 0 }]);
  for (let i = 0; i < 12; i++) {
    const { status } = await server.call('POST', '/progress/update', { as: `u${i % 3}`, body: { userId: `u${i % 3}`, videoId: 'v', courseId: 'c', watchedDuration: i + 1 } });
    assert.equal(status, 200);
  }
  await server.call('PUT', '/api/v1/catalog/courses/x', { as: admin, body: { contents: Array(10001).fill({ id: 'x' }) } }); // meets a limit
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const one = await system();
  assert.equal(one.store.kind, process.env.TEST_DATABASE ? 'postgres' : 'sqlite');
  assert.ok(one.store.sequence > before.store.sequence && one.store.events === one.store.sequence, JSON.stringify(one.store));
  assert.ok(one.store.flushedSequence <= one.store.sequence && one.store.bytes > 4096);
  assert.ok(one.writes.perSecond > 0 && one.reads.perSecond > 0, JSON.stringify(one));
  assert.ok(one.writes.commitMs.p50 > 0 && one.writes.commitMs.p99 >= one.writes.commitMs.p50 && one.writes.batchMean >= 0.5 && one.writes.queued >= 0);
  assert.deepEqual([one.memory.learners, one.memory.courses, one.memory.items], [3, 1, 1]);
  assert.ok(one.memory.rssBytes > 1e6);
  assert.ok(Object.entries(one.refused).some(([limit, count]) => limit.includes('10,000') && count === 1), JSON.stringify(one.refused));
  assert.deepEqual(one.push, { subscribers: 0, messagesPerSecond: 0 });
  assert.equal(one.nodes.length, 1);
  assert.deepEqual([one.nodes[0].sequence, one.nodes[0].lag], [one.store.sequence, 0]);
  // an erasure takes events, and what knew the person
  const { json: erased } = await server.call('DELETE', '/api/v1/users/u0', { as: admin });
  let after = await system();
  for (let tries = 0; after.store.events !== after.store.sequence - erased.erasedEvents && tries < 50; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    after = await system();
  }
  assert.equal(after.store.events, after.store.sequence - erased.erasedEvents);
  assert.equal(after.memory.learners, 2);
  for (const as of ['1', 'instructor:1', 'owner:1', 'system:1']) assert.equal((await server.call('GET', '/api/v1/system', { as })).status, 403, as);
  assert.equal((await server.discard()).code, 0, server.log);
  cms.close();
});
