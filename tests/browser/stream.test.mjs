// GET /progress/realtime as a browser reads it: its own EventSource, its own WebSocket, from a page of another origin.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { freePort, Server, sign } from '../wire/server.mjs';
import { launch, skip } from './chromium.mjs';

let site, foreign, server, browser;
const page = async (origin = site) => {
  const opened = await browser.newPage();
  await opened.goto(origin);
  await opened.evaluate(async () => {
    window.until = async (condition, ms = 20000) => {
      for (const end = Date.now() + ms; !condition(); await new Promise((resolve) => setTimeout(resolve, 10))) if (Date.now() > end) return false;
      return true;
    };
    // What an EventSource heard, as it parsed it.
    window.listen = (address) => {
      const source = new EventSource(address);
      const heard = { source, messages: [], opens: 0, errors: 0 };
      for (const type of ['progress', 'deleted', 'reset', 'enrollment', 'log', 'gap', 'message'])
        source.addEventListener(type, (event) => heard.messages.push({ type: event.type, id: event.lastEventId, data: JSON.parse(event.data) }));
      source.onopen = () => heard.opens++;
      source.onerror = () => heard.errors++;
      return heard;
    };
    window.ticket = async (base, token) => (await (await fetch(`${base}/progress/realtime/ticket`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })).json()).ticket;
    window.connect = (address) => {
      const socket = new WebSocket(address);
      const heard = { socket, messages: [], binary: 0, closed: null, opened: false };
      socket.onmessage = ({ data }) => (typeof data === 'string' ? heard.messages.push(JSON.parse(data)) : heard.binary++);
      socket.onopen = () => (heard.opened = true);
      socket.onclose = ({ code, reason, wasClean }) => (heard.closed = { code, reason, wasClean });
      return heard;
    };
  });
  return opened;
};
const serve = async () => {
  const plain = createServer((request, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>site</title>'));
  await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
  return plain;
};
const address = (plain) => `http://127.0.0.1:${plain.address().port}`;
const sites = [];
before(async () => {
  if (skip) return;
  sites.push(await serve(), await serve());
  [site, foreign] = sites.map(address);
  server = await Server.start({ flags: ['--cors-origins', site] });
  browser = await launch();
});
after(async () => {
  if (skip) return;
  await browser.close();
  for (const plain of sites) plain.close();
  assert.equal((await server.discard()).code, 0, server.log);
});

const watch = (at, user, videoId, watchedDuration) => at.call('POST', '/progress/update', { as: user, body: { userId: user, videoId, watchedDuration } });

describe('the live stream in chromium', { concurrency: 4, skip }, () => {
  test('EventSource parses every type, and whatever an id may hold', async () => {
    const opened = await page();
    const at = { base: server.base, token: server.token('901') };
    await opened.evaluate(async ({ base, token }) => {
      window.heard = listen(`${base}/progress/realtime?ticket=${await ticket(base, token)}`);
      await until(() => heard.opens);
    }, at);
    const ids = ['plain', 'Grüße 🎬', 'data: x', 'a\u2028b\u2029c', ': comment', '"quoted" \\ <b>&amp;', 'https://x.example/y?z=1#f', ' spaced '];
    for (const [i, id] of ids.entries()) await watch(server, '901', id, i + 1);
    await server.call('POST', '/user-progress/update', { as: '901', body: { courseId: 90, courseContentId: 9001, progressStatus: 'IN_PROGRESS', progressPercent: 40 } });
    await server.call('POST', '/api/progress/log', { as: '901', body: { user_id: '901', activity: 'run\nand jump' } });
    await server.call('DELETE', '/progress/901/plain', { as: '901' });
    await server.call('POST', '/user-progress/reset', { as: 'admin:root', body: { userId: 901, courseId: 90, courseContentId: 9001 } });
    await server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'admin:root', headers: { 'x-server-key': server.key }, body: { UserId: '901', CourseId: '91', Action: 'enroll' } });
    const messages = await opened.evaluate(async (count) => (await until(() => heard.messages.length >= count), heard.messages), ids.length + 5);
    assert.deepEqual(messages.map(({ type }) => type), [...ids.map(() => 'progress'), 'progress', 'log', 'deleted', 'reset', 'enrollment']);
    assert.deepEqual(messages.slice(0, ids.length).map(({ data }) => data.videoId), ids);
    assert.ok(messages.every(({ type, id, data }) => data.type === type && String(data.id) === id), JSON.stringify(messages));
    assert.deepEqual(await opened.evaluate(() => [heard.opens, heard.errors]), [1, 0]);
    await opened.close();
  });

  test('EventSource comes back by itself with Last-Event-ID after kill -9: nothing is missing, nothing comes twice', async () => {
    const port = await freePort();
    const flags = ['--port', String(port), '--cors-origins', site, '--video-auth', 'none'];
    let mortal = await Server.start({ flags });
    const opened = await page();
    await opened.evaluate(async (base) => {
      window.heard = listen(`${base}/progress/realtime?userId=902`);
      await until(() => heard.opens);
    }, `http://127.0.0.1:${port}`); // which stays, the server's own does not
    const wanted = [];
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) {
        wanted.push(wanted.length + 1);
        await watch(mortal, '902', `v${i}`, wanted.length);
      }
      await mortal.stop('SIGKILL');
      mortal = await Server.start({ directory: mortal.directory, flags });
      for (let i = 0; i < 5; i++) { // before it is back, or just then
        wanted.push(wanted.length + 1);
        await watch(mortal, '902', `v${i}`, wanted.length);
      }
      await opened.evaluate((count) => until(() => heard.messages.length >= count), wanted.length);
    }
    const [messages, opens] = await opened.evaluate(() => [heard.messages, heard.opens]);
    assert.deepEqual(messages.map(({ data }) => data.watchedDuration), wanted);
    assert.equal(opens, 3);
    await opened.close();
    await mortal.discard();
  });

  test('a ticket is spent: EventSource gives up, a new one goes on with lastEventId', async () => {
    const opened = await page();
    const at = { base: server.base, token: server.token('903') };
    for (let i = 1; i <= 3; i++) await watch(server, '903', 'v', i);
    const [spent, messages] = await opened.evaluate(async ({ base, token }) => {
      const used = await ticket(base, token);
      const first = listen(`${base}/progress/realtime?ticket=${used}&lastEventId=0`);
      await until(() => first.messages.length === 3);
      first.source.close();
      const again = listen(`${base}/progress/realtime?ticket=${used}`);
      await until(() => again.source.readyState === EventSource.CLOSED);
      const next = listen(`${base}/progress/realtime?ticket=${await ticket(base, token)}&lastEventId=${first.messages[0].id}`);
      await until(() => next.messages.length === 2);
      next.source.close();
      return [again.messages.length + again.opens, [...first.messages, ...next.messages].map(({ data }) => data.watchedDuration)];
    }, at);
    assert.equal(spent, 0);
    assert.deepEqual(messages, [1, 2, 3, 2, 3]);
    await opened.close();
  });

  test('WebSocket: writes and their answers, what others do, what is no message; it lives', async () => {
    const opened = await page();
    const at = { base: server.base, token: server.token('904') };
    const heard = await opened.evaluate(async ({ base, token }) => {
      const heard = connect(`${base.replace('http', 'ws')}/progress/realtime?ticket=${await ticket(base, token)}`);
      await until(() => heard.opened);
      const answers = () => heard.messages.filter(({ type }) => type === 'ack' || type === 'error');
      const write = { userId: '904', videoId: 'Grüße 🎬', watchedDuration: 5, lastWatched: '2026-01-01T00:00:00Z' };
      const all = [JSON.stringify({ ...write, ref: 1 }), 'no json', JSON.stringify({ ...write, userId: '905', ref: 'theirs' }),
        JSON.stringify({ ...write, watchedDuration: 6, ref: 'long' }).padEnd(200000), new Blob(['{}']), JSON.stringify({ ...write, watchedDuration: 7, ref: 'last' })];
      for (const [i, one] of all.entries()) {
        heard.socket.send(one);
        await until(() => answers().length === i + 1);
      }
      await until(() => heard.messages.length === all.length + 3);
      const { protocol, extensions, readyState } = heard.socket;
      heard.socket.close(4000, 'enough');
      await until(() => heard.closed);
      return { answers: answers().map(({ type, status, ref }) => [type, status, ref]), told: heard.messages.filter(({ type }) => type === 'progress').map(({ watchedDuration }) => watchedDuration), closed: heard.closed, protocol, extensions, readyState };
    }, at);
    assert.deepEqual(heard.answers.map((answer) => answer.filter((value) => value !== undefined && value !== null)),
      [['ack', 200, 1], ['error', 400], ['error', 403, 'theirs'], ['ack', 200, 'long'], ['error', 400], ['ack', 200, 'last']]);
    assert.deepEqual([heard.told, heard.closed, heard.protocol, heard.extensions, heard.readyState], [[5, 6, 7], { code: 4000, reason: 'enough', wasClean: true }, '', '', 1]);
    await opened.close();
  });

  test('WebSocket: 4401 when the token expires, 1001 when the server stops, 1009 for too much', async () => {
    const mortal = await Server.start({ flags: ['--cors-origins', site] });
    const opened = await page();
    const at = { base: mortal.base, token: mortal.token('906'), short: sign(mortal.secret, { sub: '906', role: 'student', exp: Math.floor(Date.now() / 1000) + 3 }) };
    const codes = opened.evaluate(async ({ base, token, short }) => {
      const to = async (token) => connect(`${base.replace('http', 'ws')}/progress/realtime?ticket=${await ticket(base, token)}`);
      window.all = await Promise.all([to(short), to(token), to(token)]);
      await until(() => all.every(({ opened }) => opened));
      all[1].socket.send('x'.repeat((1 << 20) + 1));
      await until(() => all[0].closed && all[1].closed);
      return all.map(({ closed }) => closed && [closed.code, closed.wasClean]);
    }, at);
    assert.deepEqual(await codes, [[4401, true], [1009, true], null]);
    const stopped = mortal.discard();
    assert.deepEqual(await opened.evaluate(async () => (await until(() => all[2].closed), [all[2].closed.code, all[2].closed.wasClean])), [1001, true]);
    assert.equal((await stopped).code, 0, mortal.log);
    await opened.close();
  });

  test('a page of an origin that is not listed gets neither', async () => {
    const opened = await page(foreign);
    const at = { base: server.base, good: await (await server.call('POST', '/progress/realtime/ticket', { as: '907' })).json.ticket };
    const [state, opens, closed] = await opened.evaluate(async ({ base, good }) => {
      const heard = listen(`${base}/progress/realtime?ticket=${good}`);
      const socket = connect(`${base.replace('http', 'ws')}/progress/realtime?ticket=${good}`);
      await until(() => heard.source.readyState === EventSource.CLOSED && socket.closed);
      return [heard.source.readyState, heard.opens, socket.closed.code];
    }, at);
    assert.deepEqual([state, opens, closed], [2, 0, 1006]);
    await opened.close();
  });
});
