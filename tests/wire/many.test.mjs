// Many clients at once, in lockstep: all are answered, however many events come in one turn of a loop (docs/decisions/0009).
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start({ flags: ['--threads', '1'] }); // all of them in one loop
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

// One keep-alive connection; send() gives the status of the answer.
function client() {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => resolve({
      socket,
      send: (head, body) => new Promise((answered, lost) => {
        socket.once('data', (chunk) => answered(Number(String(chunk).slice(9, 12))));
        socket.once('close', () => lost(new Error('the connection was closed')));
        socket.setMaxListeners(0);
        socket.write(`${head}\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
      }),
    }));
    socket.on('error', reject);
  });
}

for (const count of [127, 128, 256, 384])
  test(`${count} clients write in lockstep`, async () => {
    const clients = await Promise.all(Array.from({ length: count }, client));
    const token = server.token('sys', 'system');
    for (let round = 0; round < 30; round++) {
      const began = Date.now();
      const statuses = await Promise.all(clients.map(({ send }, i) => send(`POST /progress/update HTTP/1.1\r\nAuthorization: Bearer ${token}`, JSON.stringify({ userId: `u${i}`, videoId: 'v', watchedDuration: round }))));
      assert.ok(statuses.every((status) => status === 200), String(statuses.find((status) => status !== 200)));
      assert.ok(Date.now() - began < 20000, 'nobody is left waiting');
    }
    for (const { socket } of clients) socket.destroy();
  });
