// What fails is said: in /readyz, in /metrics and in the log.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, isEmbedded, onDatabase, run, Server, smallDisk } from './server.mjs';

const pause = (ms) => new Promise((next) => setTimeout(next, ms));
const log = (server, user, more) => server.call('POST', '/api/progress/log', { as: user, body: { user_id: user, ...more } });

async function until(what, check) {
  for (let tries = 0; tries < 600; tries++, await pause(25)) if (await check()) return;
  assert.fail(`never: ${what}`);
}

async function figures(server) {
  const { status, text } = await server.call('GET', '/metrics', { headers: { 'x-server-key': server.key } });
  assert.equal(status, 200);
  return Object.fromEntries(text.split('\n').filter((line) => line && line[0] !== '#').map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('a quiet server is ready, and its figures are there', async () => {
  const server = await Server.start();
  try {
    const ready = await server.call('GET', '/readyz');
    assert.equal(ready.status, 200);
    const log = isEmbedded ? {} : { log: { turn: 0, head: 0, behind: 0, awaySince: null } };
    assert.deepEqual(ready.json, { ...log, status: 'ready', reasons: [], writesFailingSince: null, checkpointFailingSince: null, sequence: 0, unflushedEvents: 0, queued: 0, upstreams: [] });
    await server.call('POST', '/progress/update', { as: 'u', body: { userId: 'u', videoId: 'v', watchedDuration: 1 }, headers: { 'idempotency-key': 'once' } });
    const found = await figures(server);
    for (const [name, value] of [['milepost_writable', 1], ['milepost_writes_failing', 0], ['milepost_commit_stalled', 0], ['milepost_checkpoint_failing', 0], ['milepost_worker_waiting', 0], ['milepost_body_bytes', 0], ['milepost_kept_answers', 1]])
      assert.equal(found[name], value, name);
    assert.ok(found.milepost_kept_answer_bytes > 10);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('refusals are counted by what limit they met', async () => {
  const server = await Server.start({ flags: ['--rate_limit', '5'] });
  try {
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.call('GET', '/progress/u', { as: 'u' })));
    const refused = answers.filter((answer) => answer.status === 429).length;
    assert.ok(refused >= 10);
    await server.call('POST', '/progress/sync', { as: 'w', body: { userId: 'w', progressData: Array(1001).fill({ videoId: 'v', watchedDuration: 1 }) } });
    const counted = async (limit, want) => (await figures(server))[`milepost_refused_total{limit="${limit}"}`] === want; // a moment after the answer
    await until('too many', () => counted('too many requests; slow down', refused));
    await until('1,000 items', () => counted('has at most 1,000 items', 1));
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('a service that is left alone is named', async () => {
  let status = 500;
  const http = createServer((request, response) => response.writeHead(status).end('{}'));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const server = await Server.start({ flags: ['--user_svc_base_url', `http://127.0.0.1:${http.address().port}`] });
  try {
    for (let i = 0; i < 7; i++) assert.equal((await log(server, `u${i}`, { n: 1 })).status, 503);
    const ready = await server.call('GET', '/readyz');
    assert.deepEqual([ready.status, ready.json.upstreams], [200, [{ name: 'users', state: 'open', failures: 5 }]]); // the other faces work
    const found = await figures(server);
    assert.deepEqual(['open', 'calls_total', 'failed_total', 'refused_total'].map((name) => found[`milepost_upstream_${name}{upstream="users"}`]), [1, 5, 5, 2]);
    await until('said', () => server.log.includes('users: failed 5 times in a row'));
    status = 200;
    await pause(5100);
    assert.equal((await log(server, 'u', { n: 1 })).status, 201);
    assert.equal((await server.call('GET', '/readyz')).json.upstreams[0].state, 'closed');
    await until('said', () => server.log.includes('users: answers again'));
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
});

test('a full disk: not ready, without a break, until there is room; a start on it; well by itself', { skip: !isEmbedded && 'a node whose own disk is full: nodes.test.mjs' }, async (t) => {
  const disk = smallDisk();
  if (!disk) return t.skip('may not mount');
  const server = await Server.start({ directory: disk.data });
  try {
    assert.equal((await log(server, 'before', { n: 1 })).status, 201);
    disk.fill();
    await until('full', async () => (await log(server, 'u', { text: 'x'.repeat(9000) })).status === 503);
    const end = Date.now() + 2500;
    const load = Array.from({ length: 4 }, async (_, i) => {
      // large ones fail, small ones may fit, some are refused with nothing to store
      for (let n = 0; Date.now() < end; n++) await log(server, `u${i}`, n % 3 === 0 ? { text: 'x'.repeat(9000) } : n % 3 === 1 ? { n } : {});
    });
    while (Date.now() < end) {
      const ready = await server.call('GET', '/readyz');
      assert.deepEqual([ready.status, ready.json.status, ready.json.reasons.length], [503, 'read-only', 1]);
      await pause(10);
    }
    await Promise.all(load);
    assert.match((await server.call('GET', '/readyz')).json.writesFailingSince, /^\d{4}-/);
    const found = await figures(server);
    assert.deepEqual([found.milepost_writable, found.milepost_writes_failing], [0, 1]);
    assert.equal((await server.call('GET', '/api/progress/before', { as: 'before' })).status, 200);
    assert.match(server.log, /events\.db: .*full/);
    server.process.kill('SIGKILL');
    await server.ended;
    const again = await Server.start({ directory: disk.data }); // on the full disk
    assert.equal((await again.call('GET', '/api/progress/before', { as: 'before' })).json.progress_logs.length, 1);
    await until('full again', async () => (await log(again, 'u', { text: 'x'.repeat(9000) })).status === 503);
    disk.free();
    await until('ready, though nobody writes', async () => (await again.call('GET', '/readyz')).status === 200);
    assert.equal((await log(again, 'u', { n: 1 })).status, 201);
    assert.match(again.log, /events\.db: writes succeed again/);
    assert.equal((await again.stop()).code, 0);
    assert.equal(run('verify', '--data', disk.data).status, 0);
  } finally {
    server.process.kill('SIGKILL');
    disk.done();
  }
});

test('3,000 changes of one log entry at once are no disk that hangs', async () => {
  const server = await Server.start();
  try {
    const { json } = await log(server, 'u', { n: 0 });
    const id = json.log_id ?? json.log?.log_id;
    assert.ok(id);
    const change = (n) => server.call('PUT', `/api/progress/log/${id}`, { as: 'u', body: { n } });
    const answers = await Promise.all(Array.from({ length: 3000 }, (_, n) => change(n)));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
    assert.equal((await server.call('GET', '/readyz')).status, 200);
    assert.doesNotMatch(server.log, /hangs/);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('SIGTERM while the events are folded at the start: exit 0 soon, and the next start is whole', async () => {
  const server = await Server.start();
  const many = Array.from({ length: 1000 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: 1 }));
  for (let round = 0; round < 60; round++) assert.equal((await server.call('POST', '/progress/sync', { as: 'u', body: { userId: 'u', progressData: many.map((item) => ({ ...item, watchedDuration: round })) } })).status, 200);
  assert.equal((await server.stop()).code, 0);
  for (const signals of [['SIGTERM'], ['SIGHUP', 'SIGINT']]) {
    for (const name of ['checkpoint.db', 'checkpoint.db-wal', 'checkpoint.db-shm']) rmSync(join(server.directory, name), { force: true });
    const child = spawn(binary, ['serve', '--data', server.directory, '--port', '1', ...onDatabase(server.directory, [])], { stdio: ['ignore', 'ignore', 'pipe'] }); // it never gets as far as the port
    let said = '';
    child.stderr.on('data', (chunk) => (said += chunk));
    await until('it reads the store', () => existsSync(join(server.directory, 'checkpoint.db')));
    for (const signal of signals) child.kill(signal);
    const begun = Date.now();
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 0, said);
    assert.ok(Date.now() - begun < 10000);
    assert.match(said, /stopped during the start/);
    assert.equal(run('verify', '--data', server.directory).status, 0);
  }
  rmSync(server.directory, { recursive: true, force: true });
});

test('a checkpoint file that cannot be written: said everywhere, until it can', { skip: !isEmbedded && 'a node whose own disk is full: nodes.test.mjs' }, async (t) => {
  const disk = smallDisk();
  if (!disk) return t.skip('may not mount');
  const server = await Server.start({ directory: disk.data });
  try {
    spawnSync('dd', ['if=/dev/zero', `of=${join(disk.data, '..', 'ballast')}`, 'bs=1k', 'count=6000']);
    const sync = (user) => server.call('POST', '/progress/sync', { as: user, body: { userId: user, progressData: Array.from({ length: 200 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: 1 })) } });
    let users = 0;
    await until('full', async () => (await sync(`u${users++}`)).status === 503);
    await until('said', async () => (await server.call('GET', '/readyz')).json.checkpointFailingSince !== null);
    const found = await figures(server);
    assert.equal(found.milepost_checkpoint_failing, 1);
    assert.ok(found.milepost_unflushed_events > 0);
    await until('logged', () => /checkpoint\.db: .*full/.test(server.log));
    disk.free();
    await until('written', async () => (await server.call('GET', '/readyz')).json.checkpointFailingSince === null);
    assert.equal((await server.call('GET', '/readyz')).status, 200);
    assert.equal((await server.stop()).code, 0);
    assert.equal(run('verify', '--data', disk.data).status, 0);
  } finally {
    server.process.kill('SIGKILL');
    disk.done();
  }
});
