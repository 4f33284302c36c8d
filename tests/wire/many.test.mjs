// Many clients at once, in lockstep: all are answered, however many events come in one turn of a loop (docs/decisions/0009).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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

test('a crowd that comes at once is served at once, by several loops', async () => {
  const several = await Server.start({ flags: ['--threads', '3'] });
  let slow = 0;
  for (let round = 0; round < 5; round++) {
    const began = Date.now();
    const waits = await Promise.all(Array.from({ length: 60 }, () => new Promise((resolve, reject) => {
      const socket = connect(several.port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'));
      socket.once('data', () => resolve({ socket, ms: Date.now() - began })).on('error', reject);
    })));
    slow += waits.some(({ ms }) => ms > 900); // a loop's own second look comes after 1 s
    for (const { socket } of waits.slice(round * 7)) socket.destroy(); // some stay: not all loops have as many
  }
  assert.ok(slow < 3, `${slow} rounds of 5`);
  assert.equal((await several.discard()).code, 0, several.log);
});

test('clients that leave while their write is being stored', async () => {
  const token = server.token('sys', 'system');
  const leave = (i) => new Promise((gone) => {
    const body = JSON.stringify({ userId: `gone${i % 50}`, videoId: 'v', watchedDuration: i });
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`POST /progress/update HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      const began = process.hrtime.bigint();
      while (process.hrtime.bigint() - began < BigInt(i % 40) * 10000n); // 0 to 0.4 ms: before, during and after its commit
      socket.resetAndDestroy();
    });
    socket.once('close', gone).on('error', () => {});
  });
  for (let i = 0; i < 2000; i += 20) await Promise.all(Array.from({ length: 20 }, (_, j) => leave(i + j)));
  const stays = await client();
  const status = await stays.send(`POST /progress/update HTTP/1.1\r\nAuthorization: Bearer ${token}`, '{"userId":"stays","videoId":"v","watchedDuration":1}');
  assert.equal(status, 200);
  stays.socket.destroy();
});

test('no descriptor is free: nothing spins, and those that are served stay served', async () => {
  const small = await Server.start({ descriptors: 64, flags: ['--threads', '2'] });
  const seconds = () => {
    const fields = readFileSync(`/proc/${small.process.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  const first = connect(small.port, '127.0.0.1').on('error', () => {});
  await new Promise((resolve) => first.once('connect', resolve));
  const ask = () => new Promise((resolve) => {
    first.once('data', (chunk) => resolve(Number(String(chunk).slice(9, 12))));
    first.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  assert.equal(await ask(), 200);
  const crowd = Array.from({ length: 150 }, () => connect(small.port, '127.0.0.1').on('error', () => {}));
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = seconds();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.ok(seconds() - before < 0.4, `${seconds() - before} s of CPU in 2 s`); // reliability R29: under 20 %
  assert.equal(await ask(), 200);
  for (const socket of crowd) socket.destroy();
  first.destroy();
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await small.call('GET', '/healthz')).status, 200);
  assert.equal((await small.discard()).code, 0, small.log);
});
