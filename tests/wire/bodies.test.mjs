// Before the body: what the head tells is judged first, nothing of a refused body is kept, and what is kept has a budget.
// Source: contract 1, Errors "Order when several apply"; docs/limits.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Server } from './server.mjs';

const MiB = 1 << 20;
let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))[1]) / 1024;

// A connection that keeps what it got; heads() are the answers so far.
function open() {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => resolve(client));
    const client = { socket, data: '', closed: false };
    client.heads = () => [...client.data.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status !== 100);
    client.wait = async (done, ms = 3000) => {
      for (const began = Date.now(); !done(client); await new Promise((next) => setTimeout(next, 10)))
        if (Date.now() - began > ms) assert.fail(`after ${ms} ms: closed ${client.closed}, ${client.data.slice(0, 600)}`);
    };
    socket.on('data', (chunk) => (client.data += chunk.toString('latin1')));
    socket.on('close', () => (client.closed = true)).on('error', reject);
  });
}

const auth = (as) => (as ? `Authorization: Bearer ${server.token(...as.split(':').reverse())}\r\n` : '');
const head = (line, as, length, more = '') => `${line} HTTP/1.1\r\nHost: a\r\n${auth(as)}Content-Type: application/json\r\n${length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n${more}\r\n`;

const refusals = [
  ['no such route', 'POST /no/such/route', null, 404],
  ['a method it does not take', 'PUT /progress/update', null, 405],
  ['no token', 'POST /progress/update', null, 401],
  ['a route for others, path malformed', 'PUT /api/v1/catalog/courses/%zz', 'u1', 403],
  ['a reserved word in the path', 'PUT /api/v1/catalog/courses/sync', 'admin:9', 400],
  ['a percent escape that is none, no token', 'PUT /api/progress/%zz/complete', null, 401],
  ['a percent escape that is none', 'PUT /api/progress/%zz/complete', 'u1', 400],
  ['no integer in the path', 'POST /user-progress/7/x/certify', 'admin:9', 400],
  ['no JSON', 'POST /progress/update', 'u1', 415, 'Content-Type: text/xml\r\n'],
];
const withType = (text, more) => (more ? text.replace('Content-Type: application/json\r\n', '') : text);

for (const [what, line, as, status, more] of refusals) {
  test(`${what}: ${status} before a large body`, async () => {
    for (const length of [70000, 2 * MiB, 1e15, null]) {
      const client = await open();
      client.socket.write(withType(head(line, as, length, more), more));
      await client.wait(() => client.closed);
      assert.deepEqual(client.heads(), [status], client.data);
      assert.match(client.data, /connection: close/i);
    }
  });
  test(`${what}: ${status} after a small body, and the connection goes on`, async () => {
    const client = await open();
    for (let i = 1; i <= 3; i++) {
      client.socket.write(withType(head(line, as, 1000, more), more) + 'x'.repeat(1000));
      await client.wait(() => client.heads().length === i);
    }
    assert.deepEqual(client.heads(), [status, status, status]);
    assert.equal(client.closed, false);
    client.socket.destroy();
  });
}

test('a declared length past the limit is 413 at once, but what comes before it in the order comes first', async () => {
  for (const [line, as, length, status] of [['POST /progress/update', 'u1', MiB + 1, 413], ['POST /progress/update', 'u1', 1e17, 413], ['POST /progress/update', null, MiB + 1, 401], ['PUT /api/v1/catalog/courses/5', 'admin:9', 8 * MiB + 1, 413]]) {
    const client = await open();
    client.socket.write(head(line, as, length));
    await client.wait(() => client.closed);
    assert.deepEqual(client.heads(), [status], client.data);
  }
});

test('who is refused while a large body is on its way still gets the answer', async () => {
  for (const as of [null, 'u1']) {
    const client = await open();
    const length = as ? 4 * MiB : MiB;
    client.socket.write(head('POST /progress/update', as, length));
    for (let sent = 0; sent < length; sent += 65536) await new Promise((next) => client.socket.write(Buffer.alloc(65536, 32), () => next()));
    await client.wait(() => client.heads().length === 1);
    assert.deepEqual(client.heads(), [as ? 413 : 401]);
    client.socket.end();
    await client.wait(() => client.closed, 8000);
  }
});

test('Expect: 100-continue: the refusal comes instead of 100, or 100 and then the answer', async () => {
  const refused = await open();
  refused.socket.write(head('POST /progress/update', null, 500, 'Expect: 100-continue\r\n'));
  await refused.wait(() => refused.closed);
  assert.ok(!refused.data.includes('100 Continue') && refused.heads()[0] === 401, refused.data);
  const taken = await open();
  const body = JSON.stringify({ userId: 'u1', videoId: 'e', watchedDuration: 1 });
  taken.socket.write(head('POST /progress/update', 'u1', body.length, 'Expect: 100-continue\r\n'));
  await taken.wait(() => taken.data.includes('100 Continue'));
  taken.socket.write(body);
  await taken.wait(() => taken.heads().length === 1);
  assert.deepEqual(taken.heads(), [200]);
  taken.socket.destroy();
});

test('the catalogue takes 8 MiB, all others 1 MiB', async () => {
  const contents = Array.from({ length: 9000 }, (_, i) => ({ id: `big-${i}`, title: 'x'.repeat(150), type: 'video', section: 'y'.repeat(100) }));
  const large = JSON.stringify({ title: 'large', contents });
  assert.ok(large.length > 2 * MiB);
  const put = await server.call('PUT', '/api/v1/catalog/courses/large', { as: 'admin:9', body: large });
  assert.ok([200, 201].includes(put.status), put.text.slice(0, 300));
  const padded = (size) => ' '.repeat(size - 15) + '{"contents":[]}';
  assert.ok((await server.call('PUT', '/api/v1/catalog/courses/small', { as: 'admin:9', body: padded(8 * MiB) })).status < 300);
  assert.equal((await server.call('PUT', '/api/v1/catalog/courses/small', { as: 'admin:9', body: padded(8 * MiB + 1) })).status, 413);
});

test('a chunked body that grows too large is 413, of a route that takes none it is thrown away', async () => {
  const chunk = `10000\r\n${' '.repeat(65536)}\r\n`;
  const large = await open();
  large.socket.write(head('POST /progress/update', 'u1', null));
  for (let i = 0; i < 17; i++) large.socket.write(chunk);
  large.socket.write('0\r\n\r\n');
  await large.wait(() => large.heads().length === 1);
  assert.deepEqual(large.heads(), [413]);
  large.socket.destroy();
  const health = await open();
  health.socket.write(head('GET /healthz', null, null));
  for (let i = 0; i < 40; i++) health.socket.write(chunk);
  health.socket.write('0\r\n\r\n');
  await health.wait(() => health.heads().length === 1);
  assert.deepEqual(health.heads(), [200]);
  health.socket.destroy();
});

// 15/16 MiB each, and the rest of the first ones at the end.
async function fill(count, as, line) {
  const clients = await Promise.all(Array.from({ length: count }, open));
  for (const client of clients) {
    client.socket.on('error', () => {});
    client.socket.write(head(line, as, MiB));
    client.socket.write(Buffer.alloc(15 << 16, 32));
  }
  await new Promise((next) => setTimeout(next, 1500));
  return clients;
}

test('300 bodies before a token: refused at once, and no memory is taken', async () => {
  const before_ = rss();
  const clients = [...await fill(150, null, 'POST /progress/sync'), ...await fill(150, null, 'POST /no/such')];
  assert.ok(clients.every((client) => client.heads().length === 1));
  assert.ok(rss() - before_ < 64, `${rss() - before_} MB`);
  for (const client of clients) client.socket.destroy();
});

test('200 bodies of one student: 32 MiB of them are kept, the rest is 503; others are served', async () => {
  const before_ = rss();
  const clients = await fill(200, 'hoarder', 'POST /progress/sync');
  assert.ok(rss() - before_ < 80, `${rss() - before_} MB`);
  assert.equal((await server.call('POST', '/progress/update', { as: 'u1', body: { userId: 'u1', videoId: 'v', watchedDuration: 1 } })).status, 200);
  const sync = JSON.stringify({ userId: 'u1', progressData: Array.from({ length: 900 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: 1 })) });
  assert.equal((await server.call('POST', '/progress/sync', { as: 'u1', body: sync })).status, 200, 'a large body of another caller');
  for (const client of clients) client.socket.write(Buffer.alloc(1 << 16, 32));
  await Promise.all(clients.map((client) => client.wait(() => client.heads().length === 1, 8000)));
  const statuses = clients.map((client) => client.heads()[0]);
  const kept = statuses.filter((status) => status === 400).length;
  assert.ok(kept === 32 && statuses.every((status) => status === 400 || status === 503), String(statuses));
  const refused = clients.find((client) => client.heads()[0] === 503);
  assert.match(refused.data, /retry-after: 1/i);
  for (const client of clients) client.socket.destroy();
  const body = JSON.stringify({ userId: 'hoarder', progressData: [{ videoId: 'v', watchedDuration: 1 }], pad: 'x'.repeat(900000) });
  assert.equal((await server.call('POST', '/progress/sync', { as: 'hoarder', body })).status, 200, 'what was taken came back');
});

test('a large body holds nobody up but its sender: eight connections of 700 KB of segments each', async () => {
  const other = await Server.start({ flags: ['--threads', '1'] });
  const segments = Array.from({ length: 800 }, (_, i) => [i * 2, i * 2 + 1]);
  const body = JSON.stringify({ userId: 'h', progressData: Array.from({ length: 80 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: 1, segments })) });
  let stop = false, done = 0;
  const took = [];
  const heavy = Array.from({ length: 8 }, async () => {
    while (!stop) done += (await other.call('POST', '/progress/sync', { as: 'h', body })).status === 200;
  });
  for (const until = Date.now() + 2500; Date.now() < until; await new Promise((next) => setTimeout(next, 5))) {
    const began = Date.now();
    await other.call('GET', '/healthz');
    took.push(Date.now() - began);
  }
  stop = true;
  await Promise.all(heavy);
  took.sort((a, b) => a - b);
  const p90 = took[Math.floor(took.length * 0.9)];
  const zipped = gzipSync(JSON.stringify({ userId: 'z', progressData: [{ videoId: 'v', watchedDuration: 3, pad: ' '.repeat(500000) }] }));
  const answer = await fetch(`${other.base}/progress/sync`, { method: 'POST', body: zipped, headers: { authorization: `Bearer ${other.token('z')}`, 'content-type': 'application/json', 'content-encoding': 'gzip', 'idempotency-key': 'k' } });
  assert.equal(answer.status, 200);
  assert.equal((await other.call('GET', '/progress/z/v', { as: 'z' })).json.watchedDuration, 3);
  assert.equal((await other.call('POST', '/progress/sync', { as: 'h', body: body.slice(0, -1) })).status, 400);
  assert.equal((await other.discard()).code, 0);
  assert.ok(done > 0 && p90 < 250, `${done} done, ${p90} ms`);
});

test('CORS: a preflight allows what browsers and tracers send', async () => {
  const other = await Server.start({ flags: ['--cors_origins', 'https://app.example'] });
  const answer = await other.call('OPTIONS', '/progress/update', { headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } });
  const allowed = answer.headers.get('access-control-allow-headers').toLowerCase().split(/,\s*/);
  for (const name of ['authorization', 'content-type', 'content-encoding', 'idempotency-key', 'if-match', 'if-none-match', 'traceparent', 'x-requested-with', 'last-event-id', 'x-request-id']) assert.ok(allowed.includes(name), name);
  assert.equal((await other.discard()).code, 0);
});
