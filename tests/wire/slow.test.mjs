// Slow clients hurt nobody: a head must be whole 10 s after it began, however many bytes dribble in (reliability R28).
import assert from 'node:assert/strict';
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
    assert.ok(Date.now() - began < 2000);
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
