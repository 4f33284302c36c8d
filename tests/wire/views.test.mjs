// What one caller's answers cost, and what they say when another caller's command came between.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const courses = '/api/v1/catalog/courses';

test('a course is PUT and DELETEd by many at once', async () => {
  const contents = Array.from({ length: 50 }, (_, i) => ({ id: `pd-${i}`, title: 't'.repeat(200) }));
  const until = Date.now() + 2000;
  const seen = {};
  await Promise.all(Array.from({ length: 16 }, async (_, client) => {
    for (let n = client; Date.now() < until; n++) {
      const { status, json } = await server.call(n % 2 ? 'PUT' : 'DELETE', `${courses}/pd`, { as: 'admin:900', body: n % 2 ? { title: 'x', contents } : undefined });
      if (n % 2) assert.deepEqual([json.id, json.declared, json.contents.length], ['pd', true, 50]);
      seen[status] = (seen[status] ?? 0) + 1;
    }
  }));
  assert.ok(seen[201] && seen[200] && seen[404], JSON.stringify(seen));
  assert.deepEqual(Object.keys(seen).sort(), ['200', '201', '404']);
});

test('a PUT answers what a GET shows, body and tag, small and large', async () => {
  await server.call('POST', '/progress/update', { as: 'seen', body: { userId: 'seen', videoId: 'pg-0', watchedDuration: 1 } });
  const full = { title: 'Whole', description: 'd', staff: [{ userId: 'i1', role: 'owner' }], contents: [{ id: 'pg-0' }, { id: 'pg-1', title: 'One', type: 'Lab', section: 's', durationSeconds: 12.5, required: false, threshold: 80.25 }] };
  const large = { contents: Array.from({ length: 3000 }, (_, i) => ({ id: `pl-${i}`, title: `Item ${i}`, required: i % 2 === 0 })) };
  for (const [id, body] of [['pg', full], ['pe', {}], ['pl', large]]) {
    const put = await server.call('PUT', `${courses}/${id}`, { as: 'admin:900', body });
    const got = await server.call('GET', `${courses}/${id}`, { as: 'admin:900' });
    assert.equal(put.status, 201, put.text);
    assert.equal(put.text, got.text);
    assert.equal(put.headers.get('etag'), got.headers.get('etag'));
    assert.equal((await server.call('PUT', `${courses}/${id}`, { as: 'admin:900', body })).status, 200);
  }
});

test('a large PUT is refused, replayed and read as a small one', async () => {
  const body = { contents: Array.from({ length: 3000 }, (_, i) => ({ id: `pr-${i}`, title: 'Item of the course' })) };
  const headers = { 'idempotency-key': 'large-put' };
  const first = await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body, headers });
  const again = await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body, headers });
  assert.equal(first.status, 201);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.equal(again.text, first.text);
  body.contents[2999].id = 'pr-0';
  const twice = await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body });
  assert.deepEqual([twice.status, twice.json.errors?.[0].field], [400, 'contents.id']);
  assert.equal((await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body: { contents: Array(10001).fill({ id: 'x' }) } })).json.errors?.[0].field, 'contents');
  assert.equal((await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body: { staff: Array(1001).fill({ userId: 'x', role: 'owner' }) } })).json.errors?.[0].field, 'staff');
});
