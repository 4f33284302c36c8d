// SIGTERM: a request whose head has arrived is read to its end and answered, wherever it is; exit 0 within 10 s; a second
// SIGTERM ends the process at once. Source: contract 8; reliability R12.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Server, newDirectory } from './server.mjs';

const pause = (ms) => new Promise((next) => setTimeout(next, ms));

function open(port) {
  return new Promise((resolve) => {
    const client = { data: '', closed: false };
    client.socket = connect(port, '127.0.0.1', () => resolve(client));
    client.socket.on('data', (chunk) => (client.data += chunk.toString('latin1')));
    client.socket.on('close', () => (client.closed = true)).on('error', () => {});
  });
}

const write = (server, as, body, length = body.length) => `POST /progress/update HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.token(as)}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;
const report = (as, n = 1) => JSON.stringify({ userId: as, videoId: 'v', watchedDuration: n });

async function ends(server, within) {
  const began = Date.now();
  const end = await server.stop();
  assert.deepEqual([end.code, end.signal], [0, null], server.log);
  assert.ok(Date.now() - began < within, `${Date.now() - began} ms`);
}

test('a body that is still arriving is read to its end and answered; the write is there after a restart', async () => {
  const server = await Server.start();
  const body = report('u1', 7);
  const clients = await Promise.all(Array.from({ length: 20 }, () => open(server.port)));
  for (const [i, client] of clients.entries()) client.socket.write(write(server, 'u1', '', body.length) + body.slice(0, i));
  const idle = await open(server.port); // says nothing: not waited for
  await pause(200);
  const ended = ends(server, 6000);
  await pause(1500);
  for (const [i, client] of clients.entries()) client.socket.write(body.slice(i));
  await ended;
  for (const client of clients) assert.match(client.data, /^HTTP\/1.1 200 [^]*connection: close/i, client.data);
  idle.socket.destroy();
  const again = await Server.start({ directory: server.directory });
  assert.equal((await again.call('GET', '/progress/u1/v', { as: 'u1' })).json.watchedDuration, 7);
  assert.equal((await again.discard()).code, 0);
});

test('a body that never ends, large ones and small ones: exit 0 within 10 s', async () => {
  const server = await Server.start();
  const clients = await Promise.all(Array.from({ length: 30 }, () => open(server.port)));
  for (const [i, client] of clients.entries()) client.socket.write(i % 2 ? write(server, 'u1', '{"userId":', 200) : write(server, 'u1', 'x'.repeat(200000), 1 << 20));
  await pause(300);
  await ends(server, 10000);
  for (const client of clients) client.socket.destroy();
  assert.equal((await (await Server.start({ directory: server.directory })).discard()).code, 0);
});

test('clients that gave up in the middle of a body are not waited for', async () => {
  const server = await Server.start();
  const clients = await Promise.all(Array.from({ length: 20 }, () => open(server.port)));
  for (const [i, client] of clients.entries()) client.socket.end(i % 2 ? write(server, 'u1', '{"userId":', 200) : write(server, 'u1', 'x'.repeat(100000), 1 << 20)); // the end comes with the bytes
  await pause(100);
  await ends(server, 5500); // two looks, a second apart
  for (const client of clients) assert.equal(client.data, '');
  assert.equal((await (await Server.start({ directory: server.directory })).discard()).code, 0);
});

for (const threads of [1, 3])
  test(`requests that wait for another service are answered, ${threads} loop(s)`, async () => {
    const neighbour = createServer(() => {}).listen(0, '127.0.0.1'); // never answers
    await new Promise((next) => neighbour.once('listening', next));
    const url = `http://127.0.0.1:${neighbour.address().port}`;
    const server = await Server.start({ flags: ['--threads', String(threads), '--user_svc_base_url', url, '--cms_base_url', url, '--upstream_timeout_ms', '30000'] });
    const waiting = Array.from({ length: 40 }, (_, i) => i % 2
      ? server.call('POST', '/api/progress/log', { as: `u${i}`, body: { user_id: `u${i}`, x: 1 } })
      : server.call('POST', '/api/v1/Progress/video', { as: `u${i}`, body: { UserId: `u${i}`, VideoId: `v${i}`, CurrentTimeSeconds: 1 } }));
    await pause(700);
    await ends(server, 10000);
    const statuses = (await Promise.all(waiting)).map((answer) => answer.status);
    assert.ok(statuses.every((status, i) => (i % 2 ? status === 503 : status === 200 || status === 503)), String(statuses));
    neighbour.closeAllConnections();
    neighbour.close();
    assert.equal((await (await Server.start({ directory: server.directory })).discard()).code, 0);
  });

test('under load: every connection is answered or was never taken, exit 0', async () => {
  const server = await Server.start();
  const course = Array.from({ length: 300 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: i }));
  await server.call('POST', '/progress/sync', { as: 'u1', body: { userId: 'u1', progressData: course } });
  let stop = false;
  const cut = [];
  const runners = Array.from({ length: 24 }, async (_, i) => {
    const [method, path, body] = [['GET', '/api/v1/users/u1/export'], ['GET', '/api/v1/users/u1/progress?as_of=2030-01-01'], ['POST', '/progress/update', JSON.parse(report('u1'))]][i % 3];
    while (!stop)
      await server.call(method, path, { as: 'u1', body }).then(({ status }) => { if (status !== 200 && status !== 503) cut.push(`${path} ${status}`); }, (error) => {
        stop = true; // between two requests the connection may be closed; a request that was read is never cut
        if (!/ECONNREFUSED|ECONNRESET|other side closed|socket hang up/.test(String(error.cause?.message ?? error.message) + String(error.cause?.code))) cut.push(String(error.cause ?? error));
      });
  });
  await pause(700);
  await ends(server, 10000);
  await Promise.all(runners);
  assert.deepEqual(cut, []);
  assert.equal((await (await Server.start({ directory: server.directory })).discard()).code, 0);
});

test('a disk that hangs: exit 0 within 10 s, and what was answered is there', { skip: process.env.ASAN_OPTIONS && 'preloads a library' }, async () => {
  const scratch = newDirectory();
  const [library, stall] = [join(scratch, 'stall.so'), join(scratch, 'stall')];
  execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, join(import.meta.dirname, '../fault/stall.c'), '-ldl']);
  const server = await Server.start({ env: { LD_PRELOAD: library, STALL_FILE: stall } });
  assert.equal((await server.call('POST', '/progress/update', { as: 'u1', body: report('u1', 7) })).status, 200);
  writeFileSync(stall, '');
  const client = await open(server.port);
  client.socket.write(write(server, 'u2', report('u2')));
  await pause(300);
  await ends(server, 10000);
  client.socket.destroy();
  rmSync(scratch, { recursive: true });
  const again = await Server.start({ directory: server.directory });
  assert.equal((await again.call('GET', '/progress/u1/v', { as: 'u1' })).json.watchedDuration, 7);
  assert.equal((await again.discard()).code, 0);
});

test('a second SIGTERM ends it at once', async () => {
  const server = await Server.start();
  const client = await open(server.port);
  client.socket.write(write(server, 'u1', '{', 100));
  await pause(200);
  server.process.kill('SIGTERM');
  await pause(300);
  const began = Date.now();
  await server.stop();
  assert.ok(Date.now() - began < 6000); // else it waits 10 s for the body
  client.socket.destroy();
  assert.equal((await (await Server.start({ directory: server.directory })).discard()).code, 0);
});
