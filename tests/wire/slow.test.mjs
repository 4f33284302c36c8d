// Slow clients hurt nobody: a head must be whole 10 s after it began, however many bytes dribble in (reliability R28), and
// whoever ends before their request is whole holds nothing; whoever ends after it is answered.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

// Seconds until the server closes a connection that sends text, then a byte of more each half second.
function shed(text, more) {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    const began = Date.now();
    const timer = setInterval(() => more && socket.write(more), 500);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve((Date.now() - began) / 1000);
    });
    socket.resume();
    socket.write(text);
  });
}

test('slow heads and silent connections are shut after 10 s; others are answered meanwhile', async () => {
  const slow = Promise.all([
    ...Array.from({ length: 20 }, () => shed('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'a')),
    ...Array.from({ length: 5 }, () => shed('G', 'E')),
    ...Array.from({ length: 5 }, () => shed('', null)),
  ]);
  for (let i = 0; i < 10; i++) {
    const began = Date.now();
    assert.equal((await server.call('GET', '/healthz')).status, 200);
    assert.ok(Date.now() - began < 8000); // not as long as those are waited for
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  for (const seconds of await slow) assert.ok(seconds > 8 && seconds < 20, `${seconds} s`);
});

test('a connection that is used stays, also past 10 s', async () => {
  const socket = connect(server.port, '127.0.0.1');
  let answers = 0;
  let closed = false;
  socket.on('data', (chunk) => (answers += String(chunk).split('HTTP/1.1 200').length - 1));
  socket.on('close', () => (closed = true));
  for (let i = 0; i < 7; i++) {
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
  assert.deepEqual([answers, closed], [7, false]);
  socket.destroy();
});

// What comes back, and how long it took, for text whose last bytes come together with the end.
function ended(port, text) {
  return new Promise((resolve) => {
    const began = Date.now();
    let data = '';
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(text));
    socket.on('data', (chunk) => (data += chunk)).on('error', () => {});
    socket.on('close', () => resolve({ data, seconds: (Date.now() - began) / 1000 }));
    socket.on('end', () => socket.destroy());
  });
}

const post = (path, body, size = body.length) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token('u1')}\r\nContent-Type: application/json\r\nContent-Length: ${size}\r\n\r\n${body}`;

test('a client that ends in the middle of a request is let go at once, with what it sent', async () => {
  const halves = [post('/progress/update', '{"userId":', 200), post('/progress/sync', 'x'.repeat(300000), 900000), 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea'];
  const all = await Promise.all([...halves, ...halves, ...halves].map((text) => ended(server.port, text)));
  for (const { seconds } of all) assert.ok(seconds < 6, `${seconds} s`);
  assert.match((await server.call('GET', '/metrics', { headers: { 'x-server-key': server.key } })).text, /^milepost_body_bytes\S* 0$/m);
});

test('a client that ends after its request is answered, however long that takes', async () => {
  const neighbour = createServer(() => {}).listen(0, '127.0.0.1'); // never answers
  await new Promise((next) => neighbour.once('listening', next));
  const slow = await Server.start({ flags: ['--user_svc_base_url', `http://127.0.0.1:${neighbour.address().port}`, '--upstream_timeout_ms', '4000'] });
  const text = post('/api/progress/log', JSON.stringify({ user_id: 'u1', x: 1 })).replace(server.token('u1'), slow.token('u1'));
  const [late, quick] = await Promise.all([ended(slow.port, text), ended(server.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))]);
  assert.match(late.data, /^HTTP\/1.1 503 /);
  assert.ok(late.seconds > 3.5, `${late.seconds} s`);
  assert.equal(quick.data.split('HTTP/1.1 200').length - 1, 2);
  neighbour.closeAllConnections();
  neighbour.close();
  assert.equal((await slow.discard()).code, 0);
});
