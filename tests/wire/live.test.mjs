// GET /progress/realtime: who may watch, what is told, resuming, tickets, WebSocket. Contract 6; docs/live.md.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';
import { authorization, Socket, Stream, until } from './live.mjs';

let server;
before(async () => {
  server = await Server.start();
  await server.declare('maths', [{ id: 'sums', type: 'video', durationSeconds: 100 }, { id: 'lab', type: 'lab' }], { staff: [{ userId: 'ines', role: 'INSTRUCTOR' }] });
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const watch2 = (on, user, watchedDuration) => on.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: 'last', watchedDuration } });
const watch = (user, video, watchedDuration, more = {}) => server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: video, watchedDuration, ...more } });

test('every event is told to those whose filter it passes, and to nobody else', async () => {
  const own = await Stream.open(server, 'anna');
  const other = await Stream.open(server, 'bert');
  const course = await Stream.open(server, 'instructor:ines', '?courseId=maths');
  const item = await Stream.open(server, 'instructor:ines', '?videoId=sums');
  const one = await Stream.open(server, 'instructor:ines', '?userId=anna&courseId=maths');
  const all = await Stream.open(server, 'admin:root');
  assert.equal(own.response.headers.get('content-type'), 'text/event-stream');
  await watch('anna', 'sums', 25, { courseId: 'maths', lastWatched: '2026-01-02T03:04:05Z', position: 12.5 });
  await watch('anna', 'free', 5);
  await watch('bert', 'sums', 100, { courseId: 'maths' });
  for (const [stream, count] of [[own, 2], [other, 1], [course, 2], [item, 2], [one, 1], [all, 3]]) assert.equal((await stream.next(count)).length, count);
  const [{ id, event, data }] = own.messages;
  const { updatedAt, ...rest } = data;
  assert.equal(event, 'progress');
  assert.match(updatedAt, /^\d{4}-.*\.\d{3}Z$/);
  assert.deepEqual(rest, { id: Number(id), type: 'progress', userId: 'anna', videoId: 'sums', courseId: 'maths', watchedDuration: 25, position: 12.5, progressPercent: 12.5, status: 'IN_PROGRESS', timeSpent: 0, lastWatched: '2026-01-02T03:04:05.000Z', enrollmentStatus: 'IN_PROGRESS', coursePercent: 0 });
  assert.deepEqual(Object.keys(own.messages[1].data), Object.keys(data));
  assert.deepEqual([own.messages[1].data.courseId, own.messages[1].data.enrollmentStatus, own.messages[1].data.coursePercent], [null, null, null]);
  assert.deepEqual([other.messages[0].data.status, other.messages[0].data.coursePercent], ['COMPLETED', 50]);
  assert.deepEqual(course.messages, [own.messages[0], other.messages[0]]);
  assert.deepEqual(item.messages, course.messages);
  assert.deepEqual(one.messages, [own.messages[0]]);
  assert.deepEqual(all.messages, [...own.messages, ...other.messages]);
  assert.ok(all.ids.every((value, i) => i === 0 || value > all.ids[i - 1]));
  await Promise.all([own, other, course, item, one, all].map((stream) => stream.close()));
});

test('types: progress of every face, deleted, reset, enrollment, log', async () => {
  const all = await Stream.open(server, 'admin:root', '?userId=77');
  const key = { 'x-server-key': server.key };
  const webhook = (Action, more = {}) => server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'admin:root', headers: key, body: { UserId: '77', CourseId: '70', Action, ...more } });
  await webhook('enroll');
  await server.call('POST', '/user-progress/update', { as: '77', body: { courseId: 70, courseContentId: 701, progressStatus: 'IN_PROGRESS', progressPercent: 40, activityDuration: 30 } });
  await server.call('POST', '/user-progress/update', { as: 'system:s', body: { userId: 77, courseId: 70, courseContentId: 701, progressStatus: 'LOCKED' } });
  await server.call('POST', '/user-progress/reset', { as: 'admin:root', body: { userId: 77, courseId: 70, courseContentId: 701 } });
  await server.call('POST', '/user-progress/reset', { as: 'admin:root', body: { userId: 77, courseId: 70 } });
  await webhook('drop');
  await watch('77', 'v7', 9);
  await server.call('DELETE', '/progress/77/v7', { as: '77' });
  const log = await server.call('POST', '/api/progress/log', { as: '77', body: { user_id: '77', activity: 'run' } });
  await server.call('PUT', `/api/progress/log/${log.json.id}`, { as: '77', body: { note: 'x' } });
  await server.call('DELETE', `/api/progress/log/${log.json.id}`, { as: '77' });
  const told = (await all.next(10)).map(({ data }) => [data.type, data.status, data.videoId, data.enrollmentStatus, data.timeSpent, data.logId]);
  const id = log.json.id;
  assert.deepEqual(told, [
    ['enrollment', null, null, 'ENROLLED', null, undefined],
    ['progress', 'IN_PROGRESS', '701', 'IN_PROGRESS', 30, undefined],
    ['progress', 'LOCKED', '701', 'IN_PROGRESS', 30, undefined],
    ['reset', 'LOCKED', '701', 'ENROLLED', 0, undefined],
    ['enrollment', null, null, 'DROPPED', null, undefined],
    ['progress', 'IN_PROGRESS', 'v7', null, 0, undefined],
    ['deleted', 'NOT_STARTED', 'v7', null, 0, undefined],
    ['log', 'created', null, null, null, id], ['log', 'updated', null, null, null, id], ['log', 'deleted', null, null, null, id],
  ]);
  const again = await Stream.open(server, 'admin:root', '?userId=77', { after: 0 });
  assert.deepEqual(await again.next(10), all.messages); // the log tells the same
  await Promise.all([all.close(), again.close()]);
});

test('a batch tells each of its events as it was, live and from the log', async () => {
  const live = await Stream.open(server, 'sam');
  const progressData = [10, 20, 30, 100].map((watchedDuration, i) => ({ videoId: 'sums', courseId: 'maths', watchedDuration, lastWatched: `2026-01-0${i + 1}T00:00:00Z` }));
  await server.call('POST', '/progress/sync', { as: 'sam', body: { userId: 'sam', progressData } });
  assert.deepEqual((await live.next(4)).map(({ data }) => [data.watchedDuration, data.progressPercent, data.coursePercent]), [[10, 10, 0], [20, 20, 0], [30, 30, 0], [100, 100, 50]]);
  const again = await Stream.open(server, 'sam', '', { after: 0 });
  assert.deepEqual(await again.next(4), live.messages);
  const staff = await Stream.open(server, 'instructor:ines', '?courseId=maths', { after: live.ids[0] - 1 });
  assert.deepEqual((await staff.next(4)).slice(0, 4), live.messages);
  await Promise.all([live.close(), again.close(), staff.close()]);
});

test('what was missed is told as it was told live, also when others have changed the course since', async () => {
  const live = await Stream.open(server, 'admin:root', '?courseId=8081');
  for (const [as, courseContentId] of [['g1', 81], ['g2', 82], ['g3', 83]])
    await server.call('POST', '/user-progress/update', { as, body: { courseId: 8081, courseContentId, progressStatus: 'COMPLETED' } });
  await live.next(6);
  const again = await Stream.open(server, 'admin:root', '?courseId=8081', { after: 0 });
  assert.deepEqual(await again.next(live.messages.length), live.messages);
  assert.deepEqual(live.messages.filter(({ data }) => data.type === 'progress').map(({ data }) => data.coursePercent), [100, 50, 33.33]);
  await Promise.all([live.close(), again.close()]);
});

test('an adoption and a certificate are told as enrollment', async () => {
  const own = await Stream.open(server, '88');
  await watch('88', '8801', 100, { duration: 100 });
  await server.declare(880, [{ id: 8801, type: 'video' }]);
  await server.call('POST', '/user-progress/880/88/certify', { as: 'admin:root', body: { certificateUrl: 'https://x.example/88' } });
  const told = (await own.next(3)).map(({ data }) => [data.type, data.courseId, data.videoId, data.enrollmentStatus, data.coursePercent]);
  assert.deepEqual(told, [['progress', null, '8801', null, null], ['enrollment', '880', null, 'COMPLETED', 100], ['enrollment', '880', null, 'CERTIFIED', 100]]);
  await own.close();
});

test('what staff preview, and its end, is told to themselves alone', async () => {
  await server.declare('play', [{ id: 'scene', type: 'video' }], { staff: ['ines', 'jim'].map((userId) => ({ userId, role: 'INSTRUCTOR' })) });
  const own = await Stream.open(server, 'instructor:ines');
  const course = await Stream.open(server, 'instructor:jim', '?courseId=play');
  const [jim, root] = [await Stream.open(server, 'instructor:jim', '?userId=ines&courseId=play'), await Stream.open(server, 'admin:root', '?userId=ines&videoId=scene')];
  await watch('instructor:ines', 'scene', 5, { userId: 'ines', courseId: 'play' });
  assert.equal((await server.call('DELETE', '/progress/ines/scene', { as: 'instructor:ines' })).status, 200);
  await watch('instructor:ines', 'scene', 6, { userId: 'ines', courseId: 'play' });
  await watch('lena', 'scene', 7, { courseId: 'play' });
  await root.next(3);
  const past = await Stream.open(server, 'instructor:jim', '?userId=ines&courseId=play', { after: 0 });
  const told = ({ messages }) => messages.map(({ data }) => [data.type, data.userId]);
  await course.next(1);
  assert.deepEqual(told(course), [['progress', 'lena']]);
  assert.deepEqual(told(own), [['progress', 'ines'], ['deleted', 'ines'], ['progress', 'ines']]);
  const again = await Stream.open(server, 'instructor:jim', '?courseId=play', { after: own.ids[0] - 1 });
  assert.deepEqual(await again.next(1), course.messages);
  for (const stream of [jim, past]) assert.deepEqual(stream.messages, []);
  assert.deepEqual(told(root), told(own));
  await Promise.all([own, course, again, jim, past, root].map((stream) => stream.close()));
});

test('Last-Event-ID: from there on, by header or query, also across a restart; the header wins', async () => {
  for (const n of [1, 2, 3, 4]) await watch('rita', 'r', n);
  const first = await Stream.open(server, 'rita', '?lastEventId=0');
  const ids = (await first.next(4)) && first.ids;
  await first.close();
  await server.stop('SIGKILL');
  server = await Server.start({ directory: server.directory });
  const later = await Stream.open(server, 'rita', `?lastEventId=${ids[0]}`, { after: ids[1] });
  assert.deepEqual((await later.next(2)) && later.ids, ids.slice(2));
  await watch('rita', 'r', 5);
  assert.equal((await later.next(3)).length, 3);
  const beyond = await Stream.open(server, 'rita', '', { after: 999999999 });
  await watch('rita', 'r', 6);
  assert.deepEqual((await beyond.next(1)).map(({ data }) => data.watchedDuration), [6]);
  for (const bad of ['x', '-1', '1.5', '0x1', '99999999999999999999']) assert.equal((await Stream.open(server, 'rita', '', { after: bad })).status, 400, bad);
  assert.equal((await Stream.open(server, 'rita', '?lastEventId=x')).status, 400);
  await Promise.all([later.close(), beyond.close()]);
});

test('pages of what was missed, and a gap above 100,000 of them', { timeout: 120000, skip: process.env.BRIEF }, async () => {
  const other = await Server.start();
  const live = await Stream.open(other, 'anna');
  const sync = (round) => other.call('POST', '/progress/sync', { as: 'anna', body: { userId: 'anna', progressData: Array.from({ length: 1000 }, (_, i) => ({ videoId: `v${i % 50}`, watchedDuration: round * 1000 + i })) } });
  for (let round = 0; round < 3; round++) await sync(round);
  assert.equal((await live.next(3000, 20000)).length, 3000);
  for (const [as, query] of [['anna', ''], ['admin:a', ''], ['admin:b', '?userId=anna&videoId=v7']]) {
    const again = await Stream.open(other, as, query, { after: 0 });
    const wanted = live.messages.filter(({ data }) => !query.includes('v7') || data.videoId === 'v7');
    assert.equal((await again.next(wanted.length, 20000)).length, wanted.length);
    assert.deepEqual(again.messages, wanted);
    await again.close();
  }
  await live.close();
  for (let round = 3; round < 101; round++) await sync(round);
  for (const as of ['anna', 'admin:a']) {
    const late = await Stream.open(other, as, '', { after: 0 });
    const [gap] = await late.next(1, 20000);
    assert.deepEqual([gap.event, gap.data.type, gap.data.id], ['gap', 'gap', Number(gap.id)]);
    await watch2(other, 'anna', 500000 + late.ids[0]);
    assert.equal((await late.next(2)).length, 2);
    assert.ok(late.ids[1] > late.ids[0]);
    const within = await Stream.open(other, as, '', { after: late.ids[1] - 5000 });
    assert.equal((await within.next(4999, 30000)).length >= 4999, true);
    await Promise.all([late.close(), within.close()]);
  }
  assert.equal((await other.discard()).code, 0, other.log);
});

test('refusals before the stream: 406, 400, 403, 405, foreign origin', async () => {
  const get = (query, headers, as = 'anna') => server.call('GET', `/progress/realtime${query}`, { as, headers });
  assert.equal((await get('', {})).status, 406);
  for (const accept of ['application/json', 'text/event-stream;q=0, */*']) assert.equal((await get('', { accept })).status, 406, accept);
  const sse = { accept: 'text/event-stream' };
  assert.equal((await get('?userId=a%00b', sse)).status, 400);
  assert.equal((await get('?userId=bert', sse)).status, 403);
  assert.equal((await get('?courseId=maths', sse)).status, 403);
  assert.equal((await get('?courseId=maths', sse, 'instructor:jim')).status, 403);
  assert.equal((await get('', { ...sse, origin: 'https://evil.example' })).status, 403);
  assert.equal((await get('', { ...sse, origin: server.base })).status, 200);
  const wrong = await server.call('DELETE', '/progress/realtime', { as: 'anna' });
  assert.deepEqual([wrong.status, wrong.headers.get('allow').includes('GET')], [405, true]);
  const head = await server.call('HEAD', '/progress/realtime', { as: 'anna', headers: sse });
  assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream']);
});

test('a user has 64 streams at a time; one that ends gives its place back', async () => {
  const streams = [];
  for (let i = 0; i < 64; i++) streams.push(await Stream.open(server, 'olga'));
  assert.ok(streams.every((stream) => stream.status === 200));
  const more = await Stream.open(server, 'olga');
  assert.equal(more.status, 429);
  assert.ok(more.response.headers.get('retry-after'));
  assert.equal((await Stream.open(server, 'olaf')).status, 200);
  await streams[0].close();
  assert.ok(await until(() => true));
  let again;
  for (let tries = 0; tries < 50 && again?.status !== 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    again = await Stream.open(server, 'olga');
  }
  assert.equal(again.status, 200);
  await Promise.all([...streams.slice(1), again].map((stream) => stream.close()));
});

test('opening and closing in a loop costs nothing that stays', async () => {
  for (let i = 0; i < 200; i++) {
    const stream = await Stream.open(server, `loop${i % 4}`);
    assert.equal(stream.status, 200);
    await stream.close();
  }
});

test('a ticket is good once, for what its caller may', async () => {
  const ticket = async (as) => (await server.call('POST', '/progress/realtime/ticket', { as })).json;
  const given = await ticket('anna');
  assert.equal(given.expiresIn, 30);
  const stream = await Stream.open(server, null, `?ticket=${given.ticket}`);
  assert.equal(stream.status, 200);
  await watch('anna', 'free', 50);
  assert.equal((await stream.next(1))[0].data.userId, 'anna');
  assert.equal((await Stream.open(server, null, `?ticket=${given.ticket}`)).status, 401); // spent
  assert.equal((await Stream.open(server, null, '?ticket=made-up')).status, 401);
  assert.equal((await Stream.open(server, null, `?ticket=${(await ticket('anna')).ticket}&userId=bert`)).status, 403);
  assert.equal((await Stream.open(server, null, `?token=${server.token('anna')}`)).status, 401); // tokens in a query are never read
  assert.equal((await server.call('GET', `/progress/anna?ticket=${(await ticket('anna')).ticket}`)).status, 401); // nor tickets elsewhere
  await stream.close();
});

test('a stream ends with its token, its staff, its keys', async () => {
  const short = `Bearer ${server.token('anna', 'student', { exp: Math.floor(Date.now() / 1000) + 2 })}`;
  const began = Date.now();
  const [sse, socket] = [await Stream.open(server, short), await Socket.open(server, '/progress/realtime', { authorization: short })];
  assert.equal(await socket.closed(), 4401);
  await sse.ended;
  assert.ok(Date.now() - began < 12000, `${Date.now() - began} ms`);

  const staff = await Socket.open(server, '/progress/realtime?courseId=maths', { authorization: authorization(server, 'instructor:ines') });
  const admin = await Stream.open(server, 'admin:root', '?courseId=maths');
  await server.declare('maths', [{ id: 'sums', type: 'video', durationSeconds: 100 }, { id: 'lab', type: 'lab' }], { staff: [{ userId: 'jim', role: 'INSTRUCTOR' }] });
  await watch('anna', 'sums', 60, { courseId: 'maths' });
  assert.equal(await staff.closed(), 4401);
  assert.deepEqual(staff.json, []);
  assert.equal((await admin.next(1)).length, 1);

  const old = await Stream.open(server, 'anna');
  const secret = join(server.directory, 'jwt.secret');
  writeFileSync(`${secret}.new`, 'another secret of more than thirty-two bytes\n', { mode: 0o600 });
  renameSync(`${secret}.new`, secret);
  server.process.kill('SIGHUP');
  await old.ended;
  await admin.ended;
  server.secret = 'another secret of more than thirty-two bytes';
  assert.equal((await Stream.open(server, 'anna')).status, 200);
});

test('a reader that stops is dropped, nobody else is late', { timeout: 60000 }, async () => {
  const other = await Server.start();
  const slow = await Socket.open(other, '/progress/realtime', { authorization: authorization(other, 'admin:a') });
  slow.tcp.pause();
  const quick = await Stream.open(other, 'admin:b');
  const key = { 'x-server-key': other.key };
  const figure = async (name) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec((await other.call('GET', '/metrics', { headers: key })).text)[1]);
  let count = 0;
  let late = 0;
  for (let round = 0; round < 60 && (await figure('milepost_streams_dropped_total')) === 0; round++) {
    const progressData = Array.from({ length: 1000 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: round * 1000 + i }));
    const began = Date.now();
    await other.call('POST', '/progress/sync', { as: 'anna', body: { userId: 'anna', progressData } });
    await quick.next((count += 1000), 10000);
    late = Math.max(late, Date.now() - began);
    assert.equal(quick.messages.length, count);
  }
  assert.deepEqual([await figure('milepost_streams_dropped_total'), await figure('milepost_streams')], [1, 1]);
  assert.ok(late < 5000, `${late} ms`);
  assert.ok(quick.ids.every((id, i) => i === 0 || id > quick.ids[i - 1]));
  await Promise.all([slow.close(), quick.close()]);
  assert.equal((await other.discard()).code, 0, other.log);
});

/* ---- WebSocket ---- */

const openSocket = (as, query = '', headers = {}) => Socket.open(server, `/progress/realtime${query}`, { authorization: authorization(server, as), ...headers });

test('the handshake, and what it refuses', async () => {
  const good = await openSocket('anna');
  assert.equal(good.status, 101);
  const accept = createHash('sha1').update(`${good.key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  assert.match(good.head, new RegExp(`sec-websocket-accept: ${accept.replace(/[+/]/g, '\\$&')}`, 'i'));
  await good.close();
  for (const [headers, status] of [
    [{ 'sec-websocket-key': undefined }, 400], [{ 'sec-websocket-key': 'short' }, 400], [{ 'sec-websocket-version': '12' }, 426], [{ 'sec-websocket-version': undefined }, 426],
    [{ connection: 'keep-alive' }, 400], [{ origin: 'https://evil.example' }, 403], [{ authorization: undefined }, 401], [{ upgrade: 'h2c' }, 406],
  ]) {
    const refused = await openSocket('anna', '', headers);
    assert.equal(refused.status, status, JSON.stringify(headers));
    if (status === 426) for (const line of ['sec-websocket-version: 13', 'upgrade: websocket', 'connection: upgrade']) assert.match(refused.head, new RegExp(`^${line}\r`, 'im'));
    await refused.close();
  }
  const other = await openSocket('anna', '?userId=bert');
  assert.equal(other.status, 403);
  await other.close();
});

test('messages are writes, each answered with its ref; the socket lives', async () => {
  const socket = await openSocket('walt');
  const ask = async (text) => {
    const before = socket.json.filter((message) => ['ack', 'error'].includes(message.type)).length;
    socket.send(typeof text === 'string' ? text : JSON.stringify(text));
    await until(() => socket.json.filter((message) => ['ack', 'error'].includes(message.type)).length > before);
    return socket.json.filter((message) => ['ack', 'error'].includes(message.type)).at(-1);
  };
  const state = { userId: 'walt', videoId: 'w', watchedDuration: 5, lastWatched: '2026-01-01T00:00:00.000Z', position: 5 };
  assert.deepEqual(await ask({ userId: 'walt', videoId: 'w', watchedDuration: 5, lastWatched: '2026-01-01T00:00:00Z', ref: 'one' }), { type: 'ack', status: 200, result: state, ref: 'one' });
  assert.deepEqual(await ask({ userId: 'walt', videoId: 'w', watchedDuration: 5, lastWatched: '2026-01-01T00:00:00Z', ref: 2 }), { type: 'ack', status: 200, result: state, ref: 2 });
  assert.equal((await ask({ userId: 'walt', videoId: 'w', watchedDuration: 5 })).ref, undefined);
  for (const [text, status, field] of [['no json', 400], ['[]', 400], ['{"userId":"walt"}', 400], [JSON.stringify({ userId: 'walt', videoId: 'w', watchedDuration: -1, ref: 'x' }), 400, 'watchedDuration'], [JSON.stringify({ userId: 'bert', videoId: 'w', watchedDuration: 1, ref: 'x' }), 403], [JSON.stringify({ userId: 'walt', videoId: 'w', watchedDuration: 1, ref: {} }), 400, 'ref'], [JSON.stringify({ userId: 'walt', videoId: 'sums', courseId: 'history', watchedDuration: 1, ref: 'x' }), 400]]) {
    const answer = await ask(text);
    assert.deepEqual([answer.type, answer.status], ['error', status], text);
    assert.ok(answer.title && answer.detail === answer.message && answer.requestId, text);
    if (field) assert.equal(answer.errors[0].field, field);
    assert.equal(answer.ref, text.includes('"x"') ? 'x' : undefined);
  }
  const large = { userId: 'walt', videoId: 'w', watchedDuration: 6, ref: 'large', segments: Array.from({ length: 3000 }, (_, i) => [2 * i, 2 * i + 1]) };
  assert.equal((await ask(large)).ref, 'large'); // read by a worker
  socket.send(Buffer.from([0xff]), 0x82); // binary
  await until(() => socket.json.at(-1).status === 400 && /text/.test(socket.json.at(-1).detail));
  assert.ok(!socket.over);
  socket.send('', 0x89);
  await until(() => socket.frames.some((frame) => frame.opcode === 10));
  socket.send(Buffer.from([3, 232]), 0x88);
  assert.equal(await socket.closed(), 1000);
});

test('frames and fragments: cut anywhere, control frames between them', async () => {
  const socket = await openSocket('fritz');
  const text = Buffer.from(JSON.stringify({ userId: 'fritz', videoId: 'Grüße 🎬', watchedDuration: 5, ref: 'ü' }));
  for (let cut = 1; cut < text.length; cut++) {
    socket.send(text.subarray(0, cut), 0x01);
    socket.send('', 0x89);
    socket.send(text.subarray(cut), 0x80, { cut: 3 });
  }
  const answers = async () => socket.json.filter((message) => message.type === 'ack');
  await until(() => socket.json.filter((message) => message.type === 'ack').length === text.length - 1);
  assert.equal((await answers()).length, text.length - 1);
  assert.ok((await answers()).every((message) => message.ref === 'ü'));
  assert.equal(socket.frames.filter((frame) => frame.opcode === 10).length, text.length - 1);
  assert.ok(socket.frames.every((frame) => !frame.masked));
  await socket.close();
});

for (const [what, code, send] of [
  ['unmasked', 1002, (s) => s.send('{}', 0x81, { mask: null })],
  ['reserved bit', 1002, (s) => s.send('{}', 0xc1)],
  ['reserved opcode', 1002, (s) => s.send('{}', 0x83)],
  ['ping of 126 bytes', 1002, (s) => s.send(Buffer.alloc(126), 0x89)],
  ['fragmented ping', 1002, (s) => s.send('a', 0x09)],
  ['stray continuation', 1002, (s) => s.send('a', 0x80)],
  ['a second beginning', 1002, (s) => (s.send('a', 0x01), s.send('b', 0x01))],
  ['close of one byte', 1002, (s) => s.send('a', 0x88)],
  ['close 1005', 1002, (s) => s.send(Buffer.from([3, 237]), 0x88)],
  ['invalid UTF-8', 1007, (s) => s.send(Buffer.from([0x7b, 0xff]))],
  ['invalid UTF-8 split over frames', 1007, (s) => (s.send(Buffer.from([0x7b, 0xe2, 0x82]), 0x01), s.send(Buffer.from([0x28, 0xa1]), 0x80))],
  ['more than 1 MiB', 1009, (s) => s.send(Buffer.alloc((1 << 20) + 1, 0x20))],
  ['more than 1 MiB in fragments', 1009, (s) => { for (let i = 0; i < 17; i++) s.send(Buffer.alloc(65535, 0x20), i ? 0x00 : 0x01); }],
])
  test(`WebSocket: ${what} closes with ${code}`, async () => {
    const socket = await openSocket('carl');
    send(socket);
    assert.equal(await socket.closed(), code);
  });

test('a heartbeat comes every 15 s; a stop says goodbye', { timeout: 40000 }, async () => {
  const other = await Server.start();
  const stream = await Stream.open(other, 'anna');
  const socket = await Socket.open(other, '/progress/realtime', { authorization: authorization(other, 'anna') });
  await until(() => stream.comments >= 1);
  assert.equal(stream.comments, 1); // at once: the stream is there
  assert.ok(await until(() => stream.comments >= 2 && socket.frames.some((frame) => frame.opcode === 9), 17000));
  const stopping = other.discard();
  assert.equal(await socket.closed(), 1001);
  await stream.ended;
  assert.equal((await stopping).code, 0, other.log);
});
