// Contract 10, sentence by sentence: every node of a database answers as one server.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Socket, Stream } from './live.mjs';
import { Cluster, soon } from './nodes.mjs';
import { checksum } from './checksum.mjs';
import { binary, hangUp, newDirectory, run, Server, sign, smallDisk } from './server.mjs';

let cluster;
before(async () => (cluster = await Cluster.start()));
after(() => cluster?.remove());

// Of each test: so many nodes on a log of its own; at its end each is verified, and all hold the same.
const on = (name, count, body, options) =>
  test(name, async (t) => {
    if (!cluster) return t.skip('no PostgreSQL server is installed here');
    const log = name.replace(/\W+/g, '-');
    const nodes = await cluster.nodes(log, count, options);
    try {
      await body(nodes, { log, t });
      for (const node of nodes) if (node.process.exitCode === null && node.process.signalCode === null) await node.discard();
    } finally {
      for (const node of cluster.started.splice(0)) node.process.kill('SIGKILL'); // a test that failed
    }
  });

const report = (node, as, item, watched, more = {}, headers = {}) =>
  node.call('POST', '/progress/update', { as, headers, body: { userId: as, videoId: item, courseId: '7', watchedDuration: watched, duration: 100, segments: [[0, watched]], ...more } });
const ok = (answer) => (assert.ok(answer.status < 300, `${answer.status} ${answer.text}`), answer);
const plain = (text) => text.replace(/"requestId":"[^"]*"/g, '_');

const traces = (directory, word) =>
  readdirSync(directory).filter((name) => !name.endsWith('-shm') && readFileSync(join(directory, name)).includes(word));

on('a write acknowledged by any node is seen by every read after it on every node', 4, async (nodes) => {
  for (let i = 1; i <= 40; i++) {
    ok(await report(nodes[i % 4], 'anna', `v${i % 5}`, i));
    const read = ok(await nodes[(i * 7 + 1) % 4].call('GET', `/progress/anna/v${i % 5}`, { as: 'anna' }));
    assert.ok(read.text.includes(`"watchedDuration":${i}`) || read.json.watchedDuration === i, `${i}: ${read.text}`);
  }
  const many = await Promise.all(Array.from({ length: 60 }, (_, i) => report(nodes[i % 4], `u${i % 10}`, `w${i}`, 50)));
  for (const answer of many) ok(answer);
  const lists = await Promise.all(nodes.map((node) => node.call('GET', '/user-progress/course/7/all', { as: 'admin:1' })));
  for (const list of lists) assert.equal(plain(list.text), plain(lists[0].text));
  assert.ok(lists[0].text.includes('u9'));
});

on('ids, versions and If-Match mean the same on all', 2, async ([a, b]) => {
  ok(await report(a, 'anna', 'v1', 10));
  ok(await report(b, 'bert', 'v1', 20));
  for (const path of ['/progress/anna/v1', '/progress/bert/v1', '/api/progress/anna/7', '/api/v1/users/bert/progress']) {
    const as = path.includes('anna') ? 'anna' : 'bert';
    const [one, two] = [await a.call('GET', path, { as }), await b.call('GET', path, { as })];
    assert.equal(plain(one.text), plain(two.text), path);
    assert.equal(one.headers.get('etag'), two.headers.get('etag'), path);
  }
  const etag = (await b.call('GET', '/progress/anna/v1', { as: 'anna' })).headers.get('etag');
  assert.ok(etag);
  ok(await report(a, 'anna', 'v1', 30, {}, { 'if-match': etag }));
  assert.equal((await report(b, 'anna', 'v1', 40, {}, { 'if-match': etag })).status, 412);
  const now = (await a.call('GET', '/progress/anna/v1', { as: 'anna' })).headers.get('etag');
  ok(await report(b, 'anna', 'v1', 40, {}, { 'if-match': now }));
});

on('an Idempotency-Key and an eventId are the same on all nodes', 2, async ([a, b]) => {
  const log = (node, key, activity) => node.call('POST', '/api/progress/log', { as: 'anna', headers: { 'idempotency-key': key }, body: { user_id: 'anna', activity } });
  const first = ok(await log(a, 'k1', 'run'));
  const again = ok(await log(b, 'k1', 'run'));
  assert.deepEqual([again.text, again.headers.get('idempotent-replayed')], [first.text, 'true']);
  assert.equal((await log(b, 'k1', 'swim')).status, 422);
  assert.equal((await log(a, 'k1', 'swim')).status, 422);
  for (let i = 0; i < 15; i++) { // at the same time on both
    const both = await Promise.all([log(a, `race${i}`, 'jump'), log(b, `race${i}`, 'jump'), log(a, `race${i}`, 'jump'), log(b, `race${i}`, 'jump')]);
    const done = both.filter((answer) => answer.status < 300);
    assert.ok(done.length > 0 && both.every((answer) => answer.status < 300 || answer.status === 409), both.map((answer) => answer.text).join('\n'));
    assert.equal(new Set(done.map((answer) => answer.text)).size, 1);
  }
  const list = ok(await b.call('GET', '/api/progress/anna?limit=100', { as: 'anna' }));
  assert.equal(list.text.split('"jump"').length - 1, 15, list.text);
  ok(await report(a, 'anna', 'v1', 10, { eventId: 'e1' }));
  ok(await report(b, 'anna', 'v1', 90, { eventId: 'e1' }));
  const state = ok(await a.call('GET', '/progress/anna/v1', { as: 'anna' }));
  assert.ok(!state.text.includes('"watchedDuration":90'), state.text);
});

on('who watches one node is told of what another wrote, and resumes on any', 2, async ([a, b]) => {
  const stream = await Stream.open(b, 'admin:1');
  for (let i = 1; i <= 5; i++) ok(await report(a, 'anna', 'v1', i * 10));
  await stream.next(5);
  const seen = stream.messages.filter((message) => message.id);
  assert.ok(seen.length >= 5, JSON.stringify(stream.messages));
  const at = seen[1].id;
  const resumed = await Stream.open(a, 'admin:1', '', { after: at });
  await resumed.next(seen.length - 2);
  assert.deepEqual(resumed.messages.slice(0, seen.length - 2).map((m) => m.id), seen.slice(2).map((m) => m.id));
  ok(await report(b, 'anna', 'v1', 77));
  await resumed.next(resumed.messages.length + 1);
  await stream.next(stream.messages.length + 1);
  assert.equal(resumed.messages.at(-1).id, stream.messages.at(-1).id);
  const before = stream.messages.at(-1).id;
  await Promise.all(Array.from({ length: 60 }, async (_, i) => ok(await report(i % 2 ? a : b, `user${i % 7}`, `v${i}`, 10))));
  const told = [];
  for (const one of [stream, resumed]) {
    while (one.messages.filter((m) => Number(m.id) > Number(before)).length < 60) await one.next(one.messages.length + 1);
    told.push(one.messages.map((m) => Number(m.id)).filter((id) => id > Number(before)));
  }
  assert.deepEqual(told[0], told[1]);
  assert.deepEqual(told[0], [...new Set(told[0])].sort((x, y) => x - y));
  const { text } = await b.call('GET', '/metrics', { headers: { 'x-server-key': b.key } });
  assert.match(text, /^milepost_stream_messages_from_log_total 0$/m); // as of its own writes
  for (const one of [stream, resumed]) one.abort.abort();
});

on('a ticket of any node is good once, on any node, for its caller', 2, async ([a, b], { log }) => {
  const give = async (node, as = 'anna') => ok(await node.call('POST', '/progress/realtime/ticket', { as })).json.ticket;
  const watch = (node, ticket, query = '') => Stream.open(node, null, `?ticket=${ticket}${query}`);
  const status = async (...args) => {
    const stream = await watch(...args);
    stream.abort.abort();
    return stream.status;
  };
  const rows = () => cluster.sql(`SELECT name, convert_from(value, 'UTF8') FROM milepost_left WHERE log = (SELECT log FROM milepost_log WHERE name = '${log}')`).filter(Boolean);

  const first = await give(a);
  const [[name, token]] = rows().map((row) => row.split('|'));
  assert.deepEqual([name, JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).sub], [createHash('sha256').update(first).digest('hex'), 'anna']);
  const stream = await watch(b, first);
  assert.equal(stream.status, 200);
  for (const node of [a, b]) assert.equal(await status(node, first), 401);
  assert.deepEqual(rows(), []);
  ok(await report(a, 'bert', 'v1', 10)); // no filter: its caller's own
  ok(await report(b, 'anna', 'v1', 20));
  await stream.next();
  assert.deepEqual(stream.messages.map(({ data }) => data.userId), ['anna']);
  stream.abort.abort();

  assert.equal(await status(b, await give(b)), 200); // where it was given
  const socket = await Socket.open(b, `/progress/realtime?ticket=${await give(a)}`);
  assert.equal(socket.status, 101);
  await socket.close();
  assert.equal(await status(b, await give(a), '&userId=bert'), 403);
  assert.equal(await status(b, await give(a, 'admin:1'), '&userId=bert'), 200);
  for (const made of ['made-up', 'x'.repeat(43), 'x'.repeat(44)]) assert.equal(await status(a, made), 401, made);
  assert.equal((await watch(a, 'x', '&ticket=y')).status, 400);
  for (let i = 0; i < 10; i++) { // by both at once
    const ticket = await give(i % 2 ? a : b);
    assert.deepEqual((await Promise.all([a, b, a, b].map((node) => status(node, ticket)))).sort(), [200, 401, 401, 401]);
  }
  for (let i = 0; i < 70; i++) assert.equal(await status(a, await give(a, 'cara')), 200); // those that are used count no more
  const given = [];
  for (let i = 0; i < 65; i++) given.push((await a.call('POST', '/progress/realtime/ticket', { as: 'dora' })).status);
  assert.deepEqual([given.filter((it) => it === 200).length, given.at(-1)], [64, 429]);

  const old = await give(a), short = await give(a, 'elsa');
  cluster.sql(`UPDATE milepost_left SET until = now() WHERE name = '${createHash('sha256').update(old).digest('hex')}'`); // as if 30 s had passed
  assert.equal(await status(b, old), 401);
  const ended = sign(a.secret, { sub: 'elsa', role: 'student', exp: Math.floor(Date.now() / 1000) - 3600 });
  cluster.sql(`UPDATE milepost_left SET value = '${ended}' WHERE name = '${createHash('sha256').update(short).digest('hex')}'`); // as if its token had ended
  assert.equal(await status(b, short), 401);
  cluster.sql('UPDATE milepost_left SET until = now()');
  assert.deepEqual(await soon(rows, (left) => !left.length), []); // what nobody came for does not stay

  const kept = await give(a);
  cluster.stop();
  try {
    for (let i = 0; i < 3; i++) { // while it is found out, and once it is known
      const refused = await watch(b, kept);
      assert.deepEqual([refused.status, refused.response.headers.get('retry-after') !== null], [503, true]);
      const none = await a.call('POST', '/progress/realtime/ticket', { as: 'anna' });
      assert.deepEqual([none.status, none.headers.get('retry-after') !== null], [503, true], none.text);
    }
  } finally {
    cluster.restart();
  }
  for (const node of [a, b]) await soon(() => node.call('GET', '/readyz'), (answer) => answer.status === 200);
  assert.equal(await status(b, await give(a)), 200);
  cluster.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%milepost_left%' AND pid <> pg_backend_pid()`);
  assert.equal(await status(b, await give(a)), 200); // a lost connection is no database that is away
});

on('staff who are removed on one node see nothing more on another', 2, async ([a, b]) => {
  ok(await a.declare(55, [{ id: 551 }], { staff: [{ userId: '9', role: 'INSTRUCTOR' }] }));
  ok(await report(a, 'anna', '551', 10, { courseId: '55' }));
  const list = () => b.call('GET', '/user-progress/course/55/all', { as: 'instructor:9' });
  assert.equal((await list()).status, 200);
  const stream = await Stream.open(b, 'instructor:9', '?courseId=55');
  ok(await a.declare(55, [{ id: 551 }], { staff: [{ userId: '10', role: 'INSTRUCTOR' }] }));
  assert.equal((await list()).status, 403);
  ok(await report(a, 'anna', '551', 20, { courseId: '55' }));
  await stream.ended;
  assert.deepEqual(stream.messages, []);
  assert.equal((await b.call('DELETE', '/api/v1/catalog/courses/55', { as: 'instructor:9' })).status, 403);
});

on('a rollback on one node is what all show', 2, async ([a, b]) => {
  const add = (node, activity) => node.call('POST', '/api/progress/log', { as: 'anna', body: { user_id: 'anna', activity } });
  const list = async (node) => plain(ok(await node.call('GET', '/api/progress/anna', { as: 'anna' })).text);
  const first = ok(await add(a, 'one'));
  const before = await list(b);
  const { json } = ok(await b.call('GET', `/api/progress/log/${first.json.id}/history`, { as: 'anna' }));
  ok(await add(b, 'two'));
  assert.equal(await list(a), await list(b));
  assert.notEqual(await list(a), before);
  const roll = await b.call('POST', '/api/progress/user/anna/rollback', { as: 'anna', headers: { 'idempotency-key': 'back' }, body: { to: json.history.at(-1).event_id } });
  ok(roll);
  assert.equal(await list(a), await list(b));
  assert.ok(!(await list(a)).includes('"two"'));
  assert.equal((await a.call('POST', '/api/progress/user/anna/rollback', { as: 'anna', headers: { 'idempotency-key': 'back' }, body: { to: json.history.at(-1).event_id } })).text, roll.text);
});

on('erasure reaches every node, and one that was away erases before it is ready', 3, async (nodes, { log }) => {
  const [a, b, away] = nodes;
  const who = 'zz-erased-zz';
  for (const [i, node] of nodes.entries()) {
    ok(await report(node, who, `v${i}`, 10, { deviceId: `${who}-phone` }));
    ok(await node.call('POST', '/api/progress/log', { as: who, headers: { 'idempotency-key': `k${i}` }, body: { user_id: who, activity: `run of ${who}` } }));
    ok(await report(node, 'keeper', `v${i}`, 20));
  }
  ok(await b.declare(801, [{ id: 8011 }], { staff: [{ userId: who, role: 'INSTRUCTOR' }] }));
  for (const node of nodes) ok(await node.call('GET', `/progress/${who}/v0`, { as: who }));
  await away.stop();
  assert.notDeepEqual(traces(away.directory, who), []);
  ok(await a.call('DELETE', `/api/v1/users/${who}`, { as: who }));
  for (const node of [a, b]) {
    assert.equal((await node.call('GET', `/progress/${who}/v0`, { as: 'admin:1' })).status, 404);
    assert.deepEqual(await soon(() => traces(node.directory, who), (left) => left.length === 0, 20000), []);
  }
  const [rows] = cluster.sql(`SELECT count(*) FROM milepost_turn WHERE position('${who}'::bytea IN body) > 0`);
  assert.equal(rows, '0');
  const back = await cluster.node(log, { directory: away.directory });
  assert.equal((await back.call('GET', '/readyz')).status, 200);
  assert.deepEqual(await soon(() => traces(back.directory, who), (left) => left.length === 0, 20000), []);
  assert.equal((await back.call('GET', `/progress/${who}/v0`, { as: 'admin:1' })).status, 404);
  const fresh = await cluster.node(log); // from the log alone
  const all = await Promise.all([a, b, back, fresh].map((node) => node.call('GET', '/api/progress/keeper/7', { as: 'keeper' })));
  for (const one of all) assert.equal(plain(one.text), plain(all[0].text));
  assert.deepEqual(traces(fresh.directory, who), []);
  await back.discard();
  await fresh.discard();
});

on('without the database: 503 for writes and strong reads, Warning 110 under local; it heals by itself', 1, async ([strong], { log }) => {
  const local = await cluster.node(log, { flags: ['--read-consistency', 'local'] });
  ok(await report(strong, 'anna', 'v1', 10));
  const state = (node) => node.call('GET', '/progress/anna/v1', { as: 'anna' });
  const told = await soon(() => state(local), (answer) => answer.status === 200);
  assert.equal(told.headers.get('warning'), null);
  cluster.stop();
  try {
    for (const node of [strong, local]) {
      const refused = await report(node, 'anna', 'v1', 20);
      assert.deepEqual([refused.status, refused.headers.get('retry-after') !== null], [503, true], refused.text);
      const ready = await soon(() => node.call('GET', '/readyz'), (answer) => answer.status === 503);
      assert.deepEqual([ready.status, ready.headers.get('retry-after') !== null], [503, true]);
      assert.equal((await node.call('GET', '/healthz')).status, 200);
    }
    const read = await state(strong);
    assert.deepEqual([read.status, read.headers.get('retry-after') !== null], [503, true]);
    const stale = await soon(() => state(local), (answer) => answer.headers.get('warning'));
    assert.equal(stale.status, 200);
    assert.match(stale.headers.get('warning'), /^110 /);
    assert.equal(plain(stale.text), plain(told.text));
  } finally {
    cluster.restart();
  }
  for (const node of [strong, local]) {
    const ready = await soon(() => node.call('GET', '/readyz'), (answer) => answer.status === 200);
    assert.equal(ready.status, 200, ready.text);
    ok(await soon(() => report(node, 'anna', 'v1', 30), (answer) => answer.status < 300));
  }
  ok(await state(strong));
  assert.equal((await state(local)).headers.get('warning'), null);
  for (const node of [strong, local]) assert.ok(!node.log.includes('milepost@'), node.log);
  await local.discard();
});

on('a database that dies under load loses and doubles nothing that was acknowledged', 3, async (nodes) => {
  let stopped = false;
  const done = [];
  const write = async (i) => {
    for (let n = 0; !stopped; n++) {
      const activity = `w${i}-${n}`;
      const answer = await nodes[(i + n) % 3].call('POST', '/api/progress/log', { as: `u${i}`, body: { user_id: `u${i}`, activity } }).catch(() => ({ status: 0 }));
      if (answer.status < 300 && answer.status > 0) done.push(activity);
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const writers = Array.from({ length: 12 }, (_, i) => write(i));
  for (let i = 0; i < 2; i++) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    cluster.kill();
    cluster.restart();
  }
  cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'milepost'");
  await soon(() => done.length, (count) => count > 50);
  stopped = true;
  await Promise.all(writers);
  const exports = [];
  for (const node of nodes) {
    ok(await soon(() => node.call('GET', '/api/progress/u1', { as: 'u1' }), (answer) => answer.status < 500));
    exports.push(run('export', '--data', node.directory).stdout);
    const held = exports.at(-1).match(/"w\d+-\d+"/g);
    for (const activity of done) assert.equal(held.filter((one) => one === `"${activity}"`).length, 1, `${activity} on ${node.port}`);
  }
  for (const one of exports) assert.equal(one, exports[0]);
});

on('a node that is killed in the midst of long work: others end it, and nothing of it is half done', 3, async ([dead, b, c], { log }) => {
  const [who, nodes] = ['zz-erased-zz', [dead, b, c]];
  const entry = (node, as, activity) => node.call('POST', '/api/progress/log', { as, body: { user_id: as, activity } });
  const all = async (count, ask) => { // 48 at once
    let next = 0;
    await Promise.all(Array.from({ length: 48 }, async () => { for (let i; (i = next++) < count; ) ok(await ask(nodes[i % 3], i)); }));
  };
  await all(530, (node, i) => entry(node, who, `secret ${i}`));
  await all(120, (node) => entry(node, 'anna', 'run '.repeat(2000))); // eight batches' rows
  await all(200, (node, i) => report(node, `u${i}`, 'free', 90, { courseId: undefined }));
  const to = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 20));
  ok(await dead.call('DELETE', '/api/progress/user/anna/logs', { as: 'anna' }));
  ok(await dead.call('DELETE', `/api/v1/users/${who}`, { as: who }));
  const put = dead.declare(77, [{ id: 'free' }]).catch(() => undefined);
  ok(await dead.call('POST', '/api/progress/user/anna/rollback', { as: 'anna', body: { to } }));
  dead.process.kill('SIGKILL');
  await put;
  const known = await soon(() => b.call('GET', '/api/v1/catalog/courses/77', { as: 'admin:1' }), ({ status }) => status !== 503);
  if (known.status === 404) ok(await b.declare(77, [{ id: 'free' }])); // it died before that was stored, and its client asks again
  for (const node of [b, c]) {
    const read = await soon(() => node.call('GET', '/api/progress/anna?limit=1', { as: 'anna' }), ({ status }) => status === 200, 20000);
    assert.equal(read.status, 200, read.text);
    const enrolled = await soon(() => node.call('GET', '/user-progress/course/77/all?limit=1', { as: 'admin:1' }), ({ json }) => json?.pagination?.total === 200, 20000);
    assert.equal(enrolled.json.pagination.total, 200, enrolled.text);
  }
  const [rows] = await soon(
    () => cluster.sql(`SELECT count(*) FROM milepost_turn WHERE position('${who}'::bytea IN body) + position('secret'::bytea IN body) > 0`),
    ([count]) => count === '0', 20000);
  assert.equal(rows, '0');
  for (const node of [b, c]) assert.deepEqual(await soon(() => traces(node.directory, who), (left) => left.length === 0, 20000), []);
  const back = await cluster.node(log, { directory: dead.directory });
  assert.deepEqual(await soon(() => traces(back.directory, who), (left) => left.length === 0, 20000), []);
  const exports = [b, c, back].map((node) => {
    const flags = ['--data', node.directory, '--database', cluster.url(), '--database-log', log];
    assert.match(run('verify', ...flags).stdout, / 120 log entries; 0 differences/);
    return run('export', ...flags).stdout;
  });
  assert.ok(exports[0].length > 900000 && exports.every((one) => one === exports[0]));
  await back.discard();
});

on('nodes that disagree about nothing: verify, export and a new node', 2, async ([a, b], { log }) => {
  ok(await a.declare(7, [{ id: 'v1', durationSeconds: 100 }, { id: 'v2' }]));
  for (let i = 0; i < 30; i++) ok(await report(i % 2 ? a : b, `u${i % 7}`, `v${1 + (i % 2)}`, 10 + i));
  for (const node of [a, b]) ok(await node.call('GET', '/progress/u1/v2', { as: 'u1' }));
  const exports = [a, b].map((node) => run('export', '--data', node.directory).stdout);
  assert.equal(exports[0], exports[1]);
  assert.ok(exports[0].split('\n').length > 30);
  const fresh = await cluster.node(log);
  assert.equal(run('export', '--data', fresh.directory).stdout, exports[0]);
  const [one, two] = await Promise.all([a, fresh].map((node) => node.call('GET', '/user-progress/course/7/all', { as: 'admin:1' })));
  assert.equal(plain(one.text), plain(two.text));
  await fresh.discard();
});

on('a node that cannot listen says so once, and when it can again', 1, async (_, { log }) => {
  cluster.sql('CREATE ROLE few LOGIN; GRANT milepost TO few');
  const node = await Server.start({ flags: ['--database', cluster.url().replace('milepost@', 'few@'), '--database-log', log] });
  cluster.started.push(node);
  const lines = () => node.log.split('\n').filter((line) => / hints are /.test(line));
  const listening = "FROM pg_stat_activity WHERE usename = 'few' AND query LIKE '%milepost_node%'";
  await soon(() => cluster.sql(`SELECT count(*) ${listening}`)[0], (count) => count === '1');
  cluster.sql(`ALTER ROLE few CONNECTION LIMIT 1; SELECT pg_terminate_backend(pid) ${listening}`);
  assert.match((await soon(lines, (said) => said.length > 0)).join(), /error milepost: database: the others' hints are not heard.*too many connections/);
  await soon(() => 0, () => false, 1500);
  assert.equal(lines().length, 1);
  cluster.sql('ALTER ROLE few CONNECTION LIMIT -1');
  assert.match((await soon(lines, (said) => said.length > 1))[1], /hints are heard again/);
  await node.discard();
});

on('verify, export, import, backup, restore, erase and move take either store', 1, async ([a], { log }) => {
  const flags = (name = log) => ['--database', cluster.url(), '--database-log', name, '--data', join(scratch, 'none')];
  const scratch = newDirectory();
  const lines = (text) => text.split('\n').filter((line) => line.includes('"sequence"')).join('\n');
  ok(await a.declare(7, [{ id: 'v1', durationSeconds: 100 }]));
  for (let i = 0; i < 25; i++) ok(await report(a, `u${i}`, 'v1', 10 + i));
  for (let i = 0; i < 4; i++) ok(await a.call('POST', '/api/progress/log', { as: 'u1', body: { user_id: 'u1', activity: `act${i}` } }));
  const { json } = ok(await a.call('GET', '/api/progress/u1', { as: 'u1' }));
  assert.ok(json);
  const first = ok(await a.call('POST', '/api/progress/log', { as: 'u2', headers: { 'idempotency-key': 'k' }, body: { user_id: 'u2', activity: 'kept' } }));
  ok(await a.call('DELETE', `/api/progress/log/${first.json.id - 1}`, { as: 'u1' }));
  const done = (...args) => {
    const said = run(...args);
    assert.equal(said.status, 0, `${args.join(' ')}: ${said.stdout}${said.stderr}`);
    return said.stdout;
  };
  const whole = done('export', ...flags()); // beside the node, from the log
  assert.ok(whole.split('\n').length > 25);
  assert.match(done('verify', ...flags()), /0 differences/);
  done('backup', join(scratch, 'b'), ...flags());
  done('restore', join(scratch, 'b'), '--data', join(scratch, 'restored'));
  assert.equal(done('export', '--data', join(scratch, 'restored')), whole);
  done('restore', join(scratch, 'b'), ...flags('restored'));
  assert.equal(done('export', ...flags('restored')), whole);
  assert.notEqual(run('restore', join(scratch, 'b'), ...flags('restored')).status, 0); // it is not empty
  // the keys beside a backup are the new log's: a token of before is good on its first node
  done('backup', join(scratch, 'k'), '--with-keys', '--data', a.directory, '--database', cluster.url(), '--database-log', log);
  const said = done('backup', join(scratch, 'l'), '--with-keys', ...flags());
  assert.match(said, /; not in it: jwt.secret \(it is in the database\), server.key \(it is in the database\)\n$/);
  assert.match(done('restore', join(scratch, 'k'), ...flags('with-keys')), /and the keys beside the backup/);
  const keyed = await cluster.node('with-keys');
  assert.deepEqual([keyed.secret, keyed.key], [a.secret, a.key]);
  ok(await keyed.call('GET', '/progress/u2/v1', { as: { token: a.token('u2') } }));
  await keyed.discard();
  done('export', '--out', join(scratch, 'e'), ...flags());
  done('import', join(scratch, 'e'), ...flags('imported'));
  assert.equal(lines(done('export', ...flags('imported'))), lines(whole));
  assert.match(done('move', '--from', cluster.url(), '--database-log', log, '--to', join(scratch, 'moved')), /moved/);
  assert.equal(done('export', '--data', join(scratch, 'moved')), whole);
  assert.match(done('move', '--from', join(scratch, 'moved'), '--to', cluster.url(), '--database-log', 'back'), /moved/);
  assert.equal(done('export', ...flags('back')), whole);
  assert.notEqual(run('move', '--from', join(scratch, 'moved'), '--to', cluster.url(), '--database-log', 'back').status, 0);
  // On a terminal it says how far it is, of how many events, at each of its steps; not of how many when a busy database does not say so.
  const pty = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';
  const shown = (...args) => {
    const { status, stdout } = spawnSync('python3', ['-c', pty, binary, 'move', ...args], { encoding: 'utf8', input: '' });
    assert.equal(status, 0, stdout);
    return stdout.match(/milepost: [a-z ]+: 0(?: of \d+)? events/g).filter((line) => !line.includes('checking'));
  };
  const last = Math.max(...[...whole.matchAll(/"eventId":(\d+)/g)].map((found) => Number(found[1])));
  const reading = [`milepost: reading the log: 0 of ${last} events`, 'milepost: reading the log: 0 events'];
  const comparing = `milepost: comparing: 0 of ${2 * last} events`;
  const up = shown('--from', join(scratch, 'moved'), '--to', cluster.url(), '--database-log', 'up');
  assert.deepEqual([up[0], reading.includes(up[1]), up[2]], [`milepost: moving: 0 of ${last} events`, true, comparing]);
  const down = shown('--from', cluster.url(), '--database-log', 'up', '--to', join(scratch, 'down'));
  assert.deepEqual([reading.includes(down[0]), down[1]], [true, comparing]);
  const back = await cluster.node('back');
  back.secret = a.secret;
  const again = await back.call('POST', '/api/progress/log', { as: { token: a.token('u2') }, headers: { 'idempotency-key': 'k' }, body: { user_id: 'u2', activity: 'kept' } });
  assert.ok(again.status === 401 || again.headers.get('idempotent-replayed') === 'true', again.text); // each log has keys of its own
  const other = Server.prototype.token.call({ secret: readFileSync(join(back.directory, 'jwt.secret'), 'utf8').trim() }, 'u2');
  const replayed = ok(await back.call('POST', '/api/progress/log', { as: { token: other }, headers: { 'idempotency-key': 'k' }, body: { user_id: 'u2', activity: 'kept' } }));
  assert.deepEqual([replayed.text, replayed.headers.get('idempotent-replayed')], [first.text, 'true']);
  assert.match(done('erase', '--user', 'u3', ...flags('back')), /erased/);
  assert.equal((await back.call('GET', '/progress/u3/v1', { as: { token: Server.prototype.token.call({ secret: readFileSync(join(back.directory, 'jwt.secret'), 'utf8').trim() }, 'u3') } })).status, 404);
  await back.discard();
  rmSync(scratch, { recursive: true, force: true });
});

on('a key that was replaced and read again stays replaced, on every node and after each start', 2, async ([a, b], { log }) => {
  const file = (node) => join(node.directory, 'jwt.secret');
  const reads = async (node, secret) =>
    (await node.call('GET', '/progress/anna/v1', { as: { token: sign(secret, { sub: 'anna', role: 'student', exp: Math.floor(Date.now() / 1000) + 3600 }) } })).status;
  const each = async (node, ...secrets) => {
    const all = [];
    for (const secret of secrets) all.push(await reads(node, secret));
    return all;
  };
  const [leaked, second, third, fourth] = [a.secret, ...['s', 't', 'u'].map((letter) => letter.repeat(43))];
  ok(await report(a, 'anna', 'v1', 10));
  assert.match(b.log, /info milepost: jwt.secret: as the other nodes have it/); // of a start as it should be
  assert.doesNotMatch(b.log, /error/);
  writeFileSync(file(a), `${second}\n`);
  assert.match(await hangUp(a), /info milepost: jwt.secret: is the log's now; the other nodes take it on SIGHUP\n(.*\n)*.*keys reloaded/);
  assert.deepEqual([await each(a, leaked, second), await each(b, leaked, second)], [[401, 200], [200, 401]]);
  assert.match(await hangUp(b), /jwt.secret: as the other nodes have it/);
  assert.deepEqual([await each(b, leaked, second), readFileSync(file(b), 'utf8')], [[401, 200], `${second}\n`]);
  assert.doesNotMatch((await hangUp(a)) + (await hangUp(b)), /jwt\.secret/); // nothing new
  await a.stop();
  const again = await cluster.node(log, { directory: a.directory }), joined = await cluster.node(log);
  for (const node of [again, joined]) assert.deepEqual([await each(node, leaked, second), node.secret], [[401, 200], second]);
  writeFileSync(file(b), 'short'); // what no node takes is not given to the others
  assert.match(await hangUp(b), /jwt_secret_file: .*32 bytes.*; the old key stays/);
  assert.doesNotMatch(await hangUp(again), /jwt\.secret/);
  writeFileSync(file(b), third); // both at once: the last one's
  writeFileSync(file(again), fourth);
  await Promise.all([hangUp(b), hangUp(again)]);
  await hangUp(b), await hangUp(again);
  const last = readFileSync(file(b), 'utf8').trim();
  assert.ok([third, fourth].includes(last));
  for (const node of [b, again]) assert.deepEqual([await each(node, second, last), readFileSync(file(node), 'utf8').trim()], [[401, 200], last]);
  cluster.stop();
  try {
    writeFileSync(file(b), leaked);
    assert.match(await hangUp(b), /jwt_secret_file: .*; the old key stays\n/);
    assert.deepEqual([(await each(b, leaked))[0], (await each(b, last))[0] === 401], [401, false]);
  } finally {
    cluster.restart();
  }
  assert.match(await hangUp(b), /jwt.secret: is the log's now/);
  await hangUp(joined);
  for (const node of [again, joined]) await node.discard();
});

// What no node of today writes: in a turn of its own, as the newer version of another node would.
function batchOfTomorrow({ format = 1, has = 0, kind = 10, parts = 0 }, sequence) {
  const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(Math.floor(n / 128))]);
  const event = [...varint(parts), 1];
  const bytes = Buffer.from([format, ...varint(has), 1, ...varint(sequence), 1, ...varint(kind), 0, event.length, ...event, 0, 0, 0, 0]);
  const check = Buffer.alloc(4);
  check.writeUInt32LE(checksum(bytes));
  return Buffer.concat([bytes, check]).toString('hex');
}

on('a node that meets what a newer version wrote says so in one line and ends, and answers nothing wrong', 1, async ([first], { log }) => {
  ok(await report(first, 'anna', 'v1', 10));
  const where = `log = (SELECT log FROM milepost_log WHERE name = '${log}')`;
  const [row] = cluster.sql(`SELECT log, turn, last FROM milepost_turn WHERE ${where} ORDER BY turn DESC LIMIT 1`);
  const [number, turn, last] = row.split('|').map(Number);
  const cases = [
    [{ kind: 200 }, /event \d+ of the log \(kind 200\) is not known here: a newer version wrote it/],
    [{ parts: 1 << 15 }, /event \d+ of the log \(kind 10\) is not known here: a newer version wrote it/],
    [{ has: 8 }, /turn \d+ of the log cannot be read: a newer version wrote it/],
    [{ format: 2 }, /turn \d+ of the log is damaged, or written by a newer version/],
  ];
  const { directory } = first;
  let node = first;
  for (const [what, says] of cases) {
    cluster.sql(`INSERT INTO milepost_turn SELECT log, turn + 1, last + 1, last + 1, '\\x${'07'.repeat(16)}', batch, at_ms, log_id, record_id, enrolment_id, node,
      '\\x${batchOfTomorrow(what, last + 1)}' FROM milepost_turn WHERE log = ${number} AND turn = ${turn}`);
    const ended = new Promise((resolve) => node.process.once('exit', resolve));
    for (let i = 0; node.process.exitCode === null && i < 400; i++) {
      const answer = await node.call('GET', '/progress/anna/v1', { as: 'anna' }).catch(() => ({ status: 503 }));
      assert.equal(answer.status, 503, answer.text);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(await ended, 74, node.log);
    assert.equal(node.log.split('\n').filter((line) => says.test(line)).length, 1, node.log);
    const again = run('serve', '--port', '1', '--database', cluster.url(), '--database-log', log, '--data', directory); // it does not start on it either
    assert.equal(again.status, 1, again.stderr);
    assert.match(again.stderr, says);
    cluster.sql(`DELETE FROM milepost_turn WHERE log = ${number} AND turn = ${turn + 1}`); // what the newer version would read
    node = await cluster.node(log, { directory });
    ok(await node.call('GET', '/progress/anna/v1', { as: 'anna' }));
  }
  await node.discard();
});

on('an audit tells the same on all nodes: what was done on any, and nobody who was erased', 2, async ([a, b]) => {
  ok(await a.declare(7, [{ id: 'v1', durationSeconds: 100 }]));
  ok(await report(a, 'anna', 'v1', 10));
  ok(await report(b, 'zz-gone', 'v1', 20));
  ok(await b.call('DELETE', '/progress/anna/v1', { as: 'admin:boss' }));
  ok(await a.call('DELETE', '/progress/zz-gone/v1', { as: 'admin:boss' }));
  const audit = (node, query = '') => node.call('GET', `/api/v1/audit${query}`, { as: 'admin:boss' });
  const acts = ({ json }) => json.audit.map(({ who, what, whom }) => [who, what, whom]);
  const of = async (query) => {
    const [one, two] = await Promise.all([a, b].map((node) => audit(node, query)));
    assert.equal(plain(ok(one).text), plain(ok(two).text), query);
    return acts(one);
  };
  const all = await of('');
  assert.deepEqual(all.slice(0, 2).map(([who, , whom]) => [who, whom]), [['boss', 'zz-gone'], ['boss', 'anna']]);
  assert.equal(all.length, 3, JSON.stringify(all));
  const first = ok(await audit(a, '?limit=1'));
  const next = ok(await audit(b, `?limit=1&cursor=${first.json.nextCursor}`)); // a cursor is good on any
  assert.deepEqual([...acts(first), ...acts(next)], all.slice(0, 2));
  ok(await b.call('DELETE', '/api/v1/users/zz-gone', { as: 'admin:boss' }));
  for (const node of [a, b]) assert.ok(!ok(await audit(node)).text.includes('zz-gone'), node.port);
  assert.equal((await of('?userId=anna')).length, 1);
});

on('a command beside a node that is behind takes what lacks from the log, or says why not', 2, async ([a, b], { log }) => {
  const flags = (url = cluster.url()) => ['--data', a.directory, '--database', url, '--database-log', log];
  const scratch = newDirectory();
  for (let i = 0; i < 5; i++) ok(await report(a, 'anna', `v${i}`, 10));
  const young = run('export', ...flags());
  assert.ok(young.stdout.includes('"v4"'), young.stderr);
  a.process.kill('SIGSTOP');
  try {
    ok(await report(b, 'berta', 'since', 20));
    const whole = run('export', ...flags());
    assert.ok(whole.status === 0 && whole.stdout.includes('"since"') && whole.stdout.includes('"v4"'), whole.stderr);
    assert.match(run('verify', ...flags()).stdout, /^verified: 6 events|; 0 differences/m);
    const saved = run('backup', join(scratch, 'b'), '--with-keys', ...flags());
    assert.ok(saved.status === 0 && saved.stdout.includes('b.jwt.secret'), saved.stdout + saved.stderr);
    run('restore', join(scratch, 'b'), '--data', join(scratch, 'restored'));
    assert.equal(run('export', '--data', join(scratch, 'restored')).stdout, whole.stdout);
    for (const command of [['export'], ['verify'], ['backup', join(scratch, 'c')]]) { // nobody can say what it lacks
      const refused = run(...command, ...flags(cluster.url(1)));
      assert.deepEqual([refused.status, refused.stdout], [1, ''], command[0]);
      assert.match(refused.stderr, /a node runs on it, and its copy could not be compared with the log.*\nmilepost: database: /, command[0]);
    }
    assert.equal(run('export', '--data', a.directory).status, 0); // as it is
  } finally {
    a.process.kill('SIGCONT');
  }
  rmSync(scratch, { recursive: true });
});

on('a node whose own disk is full refuses, says so and goes on when there is room; others go on', 1, async ([other], { log, t }) => {
  const disk = smallDisk();
  if (!disk) return t.skip('may not mount');
  try {
    const node = await cluster.node(log, { directory: disk.data });
    const add = (to, name, text = 'x') => to.call('POST', '/api/progress/log', { as: 'anna', body: { user_id: 'anna', activity: name, text } });
    const why = "the node's own disk has no room for its copy of the log";
    const isFull = (answer) => answer.status === 503 && answer.json.reasons.includes(why);
    ok(await add(node, 'before'));
    disk.fill();
    for (let i = 0; i < 20; i++) ok(await add(other, `full${i}`, 'x'.repeat(9000))); // what others write does not fit
    assert.ok(isFull(await soon(() => node.call('GET', '/readyz'), isFull)), node.log);
    for (const answer of [await add(node, 'refused'), await node.call('GET', '/api/progress/anna', { as: 'anna' })])
      assert.deepEqual([answer.status, answer.headers.get('retry-after') !== null], [503, true], answer.text);
    assert.equal((await node.call('GET', '/healthz')).status, 200);
    disk.free();
    assert.equal((await soon(() => node.call('GET', '/readyz'), (answer) => answer.status === 200)).status, 200, node.log);
    disk.fill();
    let answered = false;
    const own = add(node, 'own', 'x'.repeat(9000)).then((answer) => ((answered = true), answer)); // the log takes it, its own file does not
    if (isFull(await soon(() => node.call('GET', '/readyz'), (answer) => answered || isFull(answer)))) {
      assert.equal((await add(node, 'refused')).status, 503);
      assert.ok(ok(await other.call('GET', '/api/progress/anna?limit=100', { as: 'anna' })).text.includes('"own"'));
      assert.equal(answered, false);
    }
    disk.free();
    ok(await own);
    ok(await soon(() => add(node, 'after'), (answer) => answer.status < 300));
    for (const one of [node, other]) {
      const { text } = ok(await one.call('GET', '/api/progress/anna?limit=100', { as: 'anna' }));
      for (const [name, times] of [['before', 1], ['full19', 1], ['own', 1], ['after', 1], ['refused', 0]]) assert.equal(text.split(`"${name}"`).length - 1, times, name);
    }
    assert.match(node.log, /events\.db: .*full/);
    assert.match(node.log, /events\.db: has room again/);
    assert.equal((await node.stop()).code, 0);
    assert.equal(run('verify', '--data', disk.data).status, 0);
  } finally {
    for (const one of cluster.started) if (one.directory === disk.data) one.process.kill('SIGKILL');
    disk.done();
  }
});
