// A WebSocket frame by frame: the cases of the Autobahn suite that matter here (their numbers), with bytes of our own, and who
// may have one. RFC 6455; contract 6; docs/live.md.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';
import { authorization, Socket, until } from './live.mjs';

let server;
before(async () => {
  server = await Server.start({ flags: ['--realtime-per-user', '0'] });
  await server.declare(101, [{ id: 1001, type: 'video', durationSeconds: 100 }], { staff: [{ userId: '201', role: 'INSTRUCTOR' }] });
  await server.declare(102, [], { staff: [{ userId: '202', role: 'INSTRUCTOR' }] });
  await server.call('POST', '/progress/update', { as: '301', body: { userId: '301', videoId: '1001', courseId: '101', watchedDuration: 1 } });
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const open = (as = 'eva', query = '') => Socket.open(server, `/progress/realtime${query}`, { authorization: authorization(server, as) });
const write = (more = {}) => ({ userId: 'eva', videoId: 'v', watchedDuration: 5, lastWatched: '2026-01-01T00:00:00Z', ...more });
const answers = (socket) => socket.json.filter(({ type }) => type === 'ack' || type === 'error');
const answered = async (socket, count) => {
  await until(() => answers(socket).length >= count || socket.over);
  return answers(socket).slice(count - 1, count)[0];
};
const pongs = (socket) => socket.frames.filter(({ opcode }) => opcode === 10).map(({ payload }) => payload.toString('latin1'));
const TEXT = 0x81, PART = 0x01, MORE = 0x00, LAST = 0x80, PING = 0x89, PONG = 0x8a, CLOSE = 0x88, BINARY = 0x82;
const code = (value, reason = '') => Buffer.concat([Buffer.from([value >> 8, value & 255]), Buffer.from(reason)]);

/* ---- frames: 1, 2 ---- */

test('a message of any size has its answer: lengths of 7, 16 and 64 bits, at once and byte by byte', async () => {
  const socket = await open();
  const bare = JSON.stringify(write());
  let count = 0;
  for (const size of [bare.length, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20]) {
    socket.send(bare.padEnd(size));
    assert.equal((await answered(socket, ++count)).type, 'ack', `${size} bytes`);
  }
  for (const size of [125, 126, 700]) {
    socket.send(bare.padEnd(size), TEXT, { cut: 1 });
    assert.equal((await answered(socket, ++count)).type, 'ack', `${size} bytes, one by one`);
  }
  socket.send('');
  assert.equal((await answered(socket, ++count)).status, 400);
  socket.send(bare, BINARY);
  assert.equal((await answered(socket, ++count)).status, 400);
  assert.ok(!socket.over);
  await socket.close();
});

test('a ping is answered with what it holds, also ten at once; a pong nobody asked for is nothing', async () => {
  const socket = await open();
  const all = Buffer.from(Array.from({ length: 125 }, (_, i) => 255 - i));
  for (const payload of ['', 'hello', Buffer.from([0, 255, 254, 253]), all, ...'0123456789']) socket.send(payload, PING);
  socket.send('unasked', PONG);
  socket.send('also byte by byte', PING, { cut: 1 });
  await until(() => pongs(socket).length === 15);
  assert.deepEqual(pongs(socket), ['', 'hello', '\x00\xff\xfe\xfd', all.toString('latin1'), ...'0123456789', 'also byte by byte']);
  socket.send(JSON.stringify(write()));
  assert.equal((await answered(socket, 1)).type, 'ack');
  await socket.close();
});

/* ---- fragments: 5 ---- */

test('fragments: empty ones, many, control frames between them; two messages one after the other', async () => {
  const socket = await open();
  const text = Buffer.from(JSON.stringify(write({ ref: 'Grüße 🎬' })));
  socket.send('', PART);
  socket.send('', MORE);
  socket.send('', LAST);
  assert.equal((await answered(socket, 1)).status, 400);
  socket.send(text.subarray(0, 1), PART);
  for (let i = 1; i < text.length; i++) {
    socket.send(text.subarray(i, i + 1), MORE);
    socket.send(String(i), i % 2 ? PING : PONG);
  }
  socket.send('', LAST);
  assert.equal((await answered(socket, 2)).ref, 'Grüße 🎬');
  assert.equal(pongs(socket).length, Math.floor(text.length / 2));
  socket.send(text);
  socket.send(text.subarray(0, 30), PART);
  socket.send(text.subarray(30), LAST);
  assert.deepEqual([(await answered(socket, 3)).type, (await answered(socket, 4)).ref], ['ack', 'Grüße 🎬']);
  await socket.close();
});

/* ---- what is broken ends with its code: 3, 4, 5, 6, 7 ---- */

const raw = (...bytes) => (socket) => socket.tcp.write(Buffer.from(bytes));
const broken = [
  ...[0x40, 0x20, 0x10, 0x70].map((bit) => [`reserved bits ${bit.toString(16)} of a text`, 1002, (s) => s.send('{}', TEXT | bit)]),
  ...[0x40, 0x20, 0x10].map((bit) => [`reserved bit ${bit.toString(16)} of a ping`, 1002, (s) => s.send('', PING | bit)]),
  ['a reserved bit of a close', 1002, (s) => s.send(code(1000), CLOSE | 0x40)],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [`opcode ${opcode}`, 1002, (s) => s.send('', 0x80 | opcode)]),
  ['a reserved opcode between fragments', 1002, (s) => (s.send('{', PART), s.send('', 0x83))],
  ['a ping without a mask', 1002, (s) => s.send('', PING, { mask: null })],
  ['a close without a mask', 1002, (s) => s.send(code(1000), CLOSE, { mask: null })],
  ['a 16-bit length that needs 7', 1002, raw(0x81, 0xfe, 0, 2, 0, 0, 0, 0, 0x7b, 0x7d)],
  ['a 64-bit length that needs 16', 1002, raw(0x81, 0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0)],
  ['a 64-bit length with its highest bit', 1002, raw(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
  ['a 64-bit length of 2^62', 1009, raw(0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20)],
  ['a fragmented pong', 1002, (s) => s.send('a', 0x0a)],
  ['a fragmented close', 1002, (s) => s.send(code(1000), 0x08)],
  ['a pong of 126 bytes', 1002, (s) => s.send(Buffer.alloc(126), PONG)],
  ['a close of 126 bytes', 1002, (s) => s.send(code(1000, 'x'.repeat(124)), CLOSE)],
  ['a continuation after the last', 1002, (s) => (s.send('{', PART), s.send('}', LAST), s.send('x', LAST))],
  ['a text between fragments', 1002, (s) => (s.send('{', PART), s.send('{}'))],
  ['a binary between fragments', 1002, (s) => (s.send('{', PART), s.send('{}', BINARY))],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535].map((value) => [`close code ${value}`, 1002, (s) => s.send(code(value), CLOSE)]),
  ['a reason that is no UTF-8', 1007, (s) => s.send(Buffer.concat([code(1000), Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80])]), CLOSE)],
  ...[[0xce, 0xba, 0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xf0, 0x80, 0x80, 0xaf], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xbf], [0xfe], [0xff], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf], [0xed, 0xbf, 0xbf]]
    .flatMap((bytes) => [
      [`no UTF-8, ${Buffer.from(bytes).toString('hex')}`, 1007, (s) => s.send(Buffer.from(bytes))],
      [`no UTF-8, ${Buffer.from(bytes).toString('hex')}, a byte a fragment`, 1007, (s) => bytes.forEach((byte, i) => s.send(Buffer.from([byte]), i ? (i + 1 === bytes.length ? LAST : MORE) : bytes.length === 1 ? TEXT : PART))],
    ]),
  ['a character that ends too soon', 1007, (s) => s.send(Buffer.from([0x7b, 0xe2, 0x82]))],
  ['a character that ends too soon in the last fragment', 1007, (s) => (s.send(Buffer.from([0x7b, 0xf0, 0x9f]), PART), s.send(Buffer.from([0x8e]), LAST))],
];
test('what breaks the framing, or is no text, closes with its code', async () => {
  await Promise.all(broken.map(async ([what, wanted, send]) => {
    const socket = await open();
    assert.equal(socket.status, 101);
    send(socket);
    assert.equal(await socket.closed(), wanted, what);
    assert.equal(socket.frames.filter(({ opcode }) => opcode === 8).length, 1, what);
  }));
});

test('a text that is no UTF-8 ends before its message is whole', async () => {
  const socket = await open();
  socket.send(Buffer.from([0x7b, 0xff]), PART);
  assert.equal(await socket.closed(), 1007);
});

test('every character of UTF-8, at the edges of each length', async () => {
  const socket = await open();
  const edges = ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\ufffd', '\uffff', '\u{10000}', '\u{10ffff}'];
  for (const [i, edge] of edges.entries()) {
    const text = Buffer.from(JSON.stringify(write({ ref: edge })));
    const at = text.indexOf(Buffer.from(edge));
    for (let cut = 0; cut <= Buffer.from(edge).length; cut++) {
      socket.send(text.subarray(0, at + cut), PART);
      socket.send(text.subarray(at + cut), LAST);
    }
    await until(() => answers(socket).filter(({ ref }) => ref === edge).length > Buffer.from(edge).length || socket.over);
    assert.equal(answers(socket).filter(({ ref }) => ref === edge).length, Buffer.from(edge).length + 1, `edge ${i}`);
  }
  await socket.close();
});

/* ---- the close handshake: 7 ---- */

test('a close is answered with its code, and ends the connection', async () => {
  await Promise.all([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].flatMap((value) => ['', 'x', 'ü'.repeat(61)].map(async (reason) => {
    const socket = await open();
    socket.send(code(value, reason), CLOSE);
    assert.ok(await until(() => socket.over), `${value} ${reason}`);
    assert.deepEqual(socket.frames.map((frame) => [frame.opcode, frame.code]), [[8, value]], `${value} ${reason}`);
  })));
  const bare = await open();
  bare.send('', CLOSE);
  assert.ok(await until(() => bare.over));
  assert.deepEqual(bare.frames.map(({ opcode }) => opcode), [8]);
});

test('after a close nothing counts: no text, no ping, not the rest of a message', async () => {
  const socket = await open('eva');
  socket.send(JSON.stringify(write({ videoId: 'half' })).slice(0, 20), PART);
  socket.send(code(1000), CLOSE);
  socket.send('more', PING);
  socket.send(JSON.stringify(write({ videoId: 'late' })));
  assert.ok(await until(() => socket.over));
  assert.deepEqual(socket.frames.map(({ opcode }) => opcode), [8]);
  assert.equal((await server.call('GET', '/progress/eva/late', { as: 'eva' })).status, 404);
});

test('a client that leaves in the middle of anything harms nobody', async () => {
  const whole = Buffer.concat([Buffer.from([0x81, 0x80 | 20, 1, 2, 3, 4]), Buffer.alloc(20, 0x20)]);
  for (let cut = 1; cut < whole.length; cut++) {
    const socket = await open();
    socket.tcp.end(whole.subarray(0, cut));
    assert.ok(await until(() => socket.over), `after ${cut} bytes`);
  }
  const figures = async () => Number(/^milepost_streams (\d+)$/m.exec(await (await fetch(`${server.base}/metrics`, { headers: { 'x-server-key': server.key } })).text())[1]);
  let left;
  for (const end = Date.now() + 5000; (left = await figures()) && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(left, 0);
});

/* ---- messages: what is wrong with one is said, and the socket lives ---- */

test('every bad message has its error answer; the next good one its ack', async () => {
  const socket = await open();
  const deep = (levels) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const rows = [
    ['no json', 400], ['', 400], ['null', 400], ['7', 400], ['"text"', 400], ['[]', 400], ['{', 400], ['{} {}', 400],
    ['{"type":"subscribe","courseId":"101"}', 400, 'userId'],
    ['{"userId":"eva","userId":"eva","videoId":"v","watchedDuration":1}', 400],
    [`{"userId":"eva","videoId":"v","watchedDuration":1,"deep":${deep(40)}}`, 400],
    ['{"userId":"eva","videoId":"\\u0000","watchedDuration":1}', 400],
    ['{"userId":"eva","videoId":"\\ud800","watchedDuration":1}', 400],
    ['{"userId":"eva","videoId":"v","watchedDuration":1e999}', 400],
    ['{"userId":"eva","videoId":"v","watchedDuration":99999999999999999999}', 400],
    ['{"userId":"eva","videoId":"v","watchedDuration":NaN}', 400],
    [JSON.stringify(write({ watchedDuration: -1 })), 400, 'watchedDuration'],
    [JSON.stringify(write({ watchedDuration: '5' })), 400, 'watchedDuration'],
    [JSON.stringify(write({ position: -1 })), 400, 'position'],
    [JSON.stringify(write({ segments: [[2, 1]] })), 400, 'segments'],
    [JSON.stringify(write({ lastWatched: 'yesterday' })), 400, 'lastWatched'],
    [JSON.stringify(write({ lastWatched: '2999-01-01T00:00:00Z' })), 400, 'lastWatched'],
    [JSON.stringify(write({ videoId: 'summary' })), 400, 'videoId'],
    [JSON.stringify(write({ videoId: 'x'.repeat(129) })), 400, 'videoId'],
    [JSON.stringify(write({ ref: 'x'.repeat(129) })), 400, 'ref'],
    [JSON.stringify(write({ ref: 1.5 })), 400, 'ref'],
    [JSON.stringify(write({ ref: null, userId: 'somebody' })), 403],
    [JSON.stringify(write({ userId: '301', videoId: '1001' })), 403],
    [JSON.stringify(write({ courseId: '102', videoId: '1001' })), 400],
    [JSON.stringify(write({ courseId: '102', videoId: 'undeclared' })), 404],
  ];
  let count = 0;
  for (const [text, status, field] of rows) {
    socket.send(text);
    const answer = await answered(socket, ++count);
    assert.deepEqual([answer?.type, answer?.status], ['error', status], text.slice(0, 100));
    assert.ok(answer.title && answer.detail && answer.detail === answer.message && answer.requestId, text.slice(0, 100));
    if (field) assert.deepEqual(answer.errors.map((error) => error.field.split('[')[0]), [field], text.slice(0, 100));
  }
  socket.send(JSON.stringify(write({ ref: 'good' })));
  assert.deepEqual(await answered(socket, ++count).then(({ type, ref }) => [type, ref]), ['ack', 'good']);
  assert.ok(!socket.over);
  await socket.close();
});

test('a name may be any whole number, in either spelling', async () => {
  const socket = await open();
  const named = ['0', '-5', '12.0', '1.2e1', '9007199254740991'];
  for (const [i, ref] of named.entries()) {
    socket.send(JSON.stringify(write()).replace('}', `,"ref":${ref}}`));
    const { type, ref: told } = await answered(socket, i + 1);
    assert.deepEqual([type, told], ['ack', Number(ref)], ref);
  }
  await socket.close();
});

test('who writes faster than rate_limit is told which of their messages are refused', async () => {
  const slow = await Server.start({ flags: ['--rate-limit', '10'] });
  const socket = await Socket.open(slow, '/progress/realtime', { authorization: authorization(slow, 'eva') });
  for (let ref = 0; ref < 100; ref++) socket.send(JSON.stringify(write({ ref, ...(ref === 50 && { segments: Array.from({ length: 3000 }, (_, i) => [2 * i, 2 * i + 1]) }) })));
  socket.send('no json');
  await answered(socket, 101);
  const refused = answers(socket).filter(({ status }) => status === 429);
  assert.ok(refused.length > 50, `${refused.length}`);
  assert.deepEqual(answers(socket).map(({ ref }) => ref).filter((ref) => ref !== undefined).sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assert.ok(!socket.over);
  await socket.close();
  assert.equal((await slow.discard()).code, 0, slow.log);
});

/* ---- who may: the rows of access.tsv for the stream, as a WebSocket ---- */

const [head, ...rows] = readFileSync(new URL('access.tsv', import.meta.url), 'utf8').split('\n').filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t'));
const actors = { N: null, S: '301', O: '302', I: 'instructor:201', J: 'instructor:202', A: 'admin:401', Y: 'system:501', K: null };
const ids = { S: '301', c: '101', v: '1001' };
for (const [, path, , ...cells] of rows.filter(([method]) => method === 'SSE'))
  test(`WebSocket of ${path}`, async () => {
    for (const [index, actor] of head.slice(3).entries()) {
      const to = (values) => path.replace(/\{(\w+)\}/g, (all, name) => values[name]);
      const headers = { ...(actors[actor] && { authorization: authorization(server, actors[actor]) }), ...(actor === 'K' && { 'x-server-key': server.key }) };
      const socket = await Socket.open(server, to(ids), headers);
      assert.equal(socket.status, cells[index] === '2' ? 101 : Number(cells[index]), `as ${actor}`);
      await socket.close();
      if (socket.status !== 403 || !path.includes('{S}')) continue;
      const stranger = await Socket.open(server, to({ ...ids, S: '999999' }), headers);
      assert.equal(stranger.status, 403);
      await stranger.close();
    }
  });
