// Raw requests, raw.json: the statuses of all answers on the connection. A case marked "known" is a limit of the
// HTTP library; it is run all the same, and must at least leave the server well.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

const cases = JSON.parse(readFileSync(new URL('raw.json', import.meta.url), 'utf8'));
let server, values;
before(async () => {
  server = await Server.start();
  const body = '{"user_id":"u1","activity":"x"}';
  values = { path: '/healthz', write: '/api/progress/log', body, blen: String(body.length), bearer: server.token('u1'), port: String(server.port) };
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const fill = (text) => Buffer.from(text
  .replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all)
  .replace(/\{rep:(\d+):([^}]*)\}/g, (_, n, part) => part.repeat(Number(n)))
  .replace(/\{(.)\*(\d+)\}/g, (_, c, n) => c.repeat(Number(n))), 'latin1');

function statuses(data) {
  const found = [];
  while (data.startsWith('HTTP/')) {
    const end = data.indexOf('\r\n\r\n');
    const head = end < 0 ? data : data.slice(0, end);
    const status = Number(head.split(' ')[1]);
    if (status !== 100) found.push(status);
    if (end < 0) break;
    const length = /^content-length:\s*(\d+)/im.exec(head);
    data = data.slice(end + 4 + (length && ![100, 101, 204, 304].includes(status) ? Number(length[1]) : 0));
  }
  return found;
}

function talk(parts) {
  return new Promise((resolve) => {
    let data = '', timer;
    const socket = connect(server.port, '127.0.0.1');
    const finish = () => { clearTimeout(timer); socket.destroy(); resolve(statuses(data)); };
    const wait = () => { clearTimeout(timer); timer = setTimeout(finish, 400); };
    socket.on('data', (chunk) => { data += chunk.toString('latin1'); wait(); });
    socket.on('close', finish).on('error', () => {});
    socket.on('connect', async () => {
      for (const part of parts) {
        socket.write(fill(part));
        await new Promise((next) => setTimeout(next, 50));
      }
      wait();
    });
  });
}

// "any": expect is a list of alternatives, each a whole sequence of answers.
for (const { id, note, send, expect, known, any } of cases)
  test(`${id} ${note}${known ? ' (a limit of the library)' : ''}`, async () => {
    const got = await talk(send);
    if (!known) {
      const fits = (want) => got.length === want.length && got.every((status, i) => want[i].includes(status));
      assert.ok((any ? expect : [expect]).some(fits), `${JSON.stringify(got)}, want ${JSON.stringify(expect)}`);
    }
    assert.equal((await server.call('GET', '/healthz')).status, 200);
  });

// What the library refuses by itself comes once, whole: docs/decisions/0015.
const byItself = {
  'Content-Length abc': 'POST /progress/update HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n', 'Content-Length -1': 'POST /progress/update HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
  'Content-Length 2^64': 'POST /progress/update HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n', 'no Host': 'GET /healthz HTTP/1.1\r\n\r\n',
  'no colon': 'GET /healthz HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n', 'a long target': `GET /${'x'.repeat(20000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'a large head': `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20000)}\r\n\r\n`, 'HTTP/3.1': 'GET /healthz HTTP/3.1\r\nHost: a\r\n\r\n',
};
for (const [what, request] of Object.entries(byItself))
  test(`one answer: ${what}`, async () => {
    const data = await new Promise((resolve) => {
      let all = '';
      const socket = connect(server.port, '127.0.0.1', () => socket.write(request));
      socket.on('data', (chunk) => (all += chunk.toString('latin1'))).on('error', () => {}).on('close', () => resolve(all));
    });
    assert.equal(data.match(/HTTP\/1\.[01] \d{3}/g)?.length, 1, data);
    const [head, ...body] = data.split('\r\n\r\n');
    assert.equal(body.join('\r\n\r\n').length, Number(/content-length: (\d+)/i.exec(head)[1]), data);
  });
