// How a node comes to hold what its log holds: from the whole log, from its own files, or from another node's; and what it says meanwhile.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, soon } from './nodes.mjs';
import { binary, freePort, newDirectory, run } from './server.mjs';

let cluster, room;
before(async () => {
  room = mkdtempSync(join(tmpdir(), 'milepost-joining-'));
  cluster = await Cluster.start();
});
after(() => {
  cluster?.remove();
  rmSync(room, { recursive: true, force: true });
});

const on = (name, body) =>
  test(name, async (t) => {
    if (!cluster) return t.skip('no PostgreSQL server is installed here');
    const log = name.replace(/\W+/g, '-');
    try {
      await body(log, t);
    } finally {
      for (const node of cluster.started.splice(0)) node.process.kill('SIGKILL'); // a test that failed
    }
  });

const ok = (answer) => (assert.ok(answer.status < 300, `${answer.status} ${answer.text}`), answer);
const report = (node, as, item, watched) =>
  node.call('POST', '/progress/update', { as, body: { userId: as, videoId: item, courseId: '7', watchedDuration: watched, duration: 100, segments: [[0, watched]] } });
const place = (log, data) => ['--database', cluster.url(), '--database-log', log, '--data', data];
const joins = (log, from, data) => run('checkpoint', '--from', from, ...place(log, data));
const exported = (data) => run('export', '--data', data).stdout;
const plain = (text) => text.replace(/"requestId":"[^"]*"/g, '_');

function sqlite(file, sql) {
  const done = spawnSync('python3', ['-c', 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute(sys.argv[2]).fetchall()); c.commit()', file, sql], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

// A node with 120 reports of 12 learners, log entries and a course.
async function filled(log) {
  const node = await cluster.node(log);
  ok(await node.declare(7, [{ id: 'v1', durationSeconds: 100 }, { id: 'v2' }]));
  for (let i = 0; i < 120; i += 40) for (const one of await Promise.all(Array.from({ length: 40 }, (_, j) => report(node, `u${j % 12}`, `v${1 + (j % 2)}`, Math.min(99, 1 + i + j))))) ok(one);
  for (let i = 0; i < 5; i++) ok(await node.call('POST', '/api/progress/log', { as: 'u1', headers: { 'idempotency-key': `k${i}` }, body: { user_id: 'u1', activity: `run${i}` } }));
  await soon(() => node.call('GET', '/readyz'), (answer) => answer.json.unflushedEvents === 0);
  return node;
}

on('a node joins from what another gives, also while that one writes on', async (log) => {
  const a = await filled(log);
  const copy = join(room, 'copy');
  const given = run('checkpoint', '--to', copy, '--data', a.directory);
  assert.equal(given.status, 0, given.stderr);
  assert.match(given.stdout, /^copied a node at turn \d+: 1\d\d events, a checkpoint as of event \d+ of \d+\n$/);
  assert.deepEqual(readdirSync(copy).sort(), ['checkpoint.db', 'events.db', 'lock']); // no key
  for (let i = 0; i < 10; i++) ok(await report(a, 'later', 'v1', 10 + i));
  for (const [name, from] of [['given', copy], ['running', a.directory]]) { // what was written, and a directory that is served
    const data = join(room, name);
    const joined = joins(log, from, data);
    assert.equal(joined.status, 0, joined.stderr);
    assert.match(joined.stdout, /a checkpoint as of event/);
    const b = await cluster.node(log, { directory: data });
    assert.equal((await b.call('GET', '/readyz')).status, 200);
    for (const file of ['jwt.secret', 'server.key']) assert.equal(readFileSync(join(data, file), 'utf8'), readFileSync(join(a.directory, file), 'utf8'));
    for (const [path, as] of [['/progress/u1/v2', 'u1'], ['/api/progress/u1', 'u1'], ['/progress/later/v1', 'later'], ['/user-progress/course/7/all', 'admin:1']])
      assert.equal(plain(ok(await b.call('GET', path, { as })).text), plain(ok(await a.call('GET', path, { as })).text), path);
    const again = ok(await b.call('POST', '/api/progress/log', { as: 'u1', headers: { 'idempotency-key': 'k1' }, body: { user_id: 'u1', activity: 'run1' } }));
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    ok(await report(b, 'u1', 'v1', 99));
    ok(await a.call('GET', '/progress/u1/v1', { as: 'u1' }));
    assert.equal(exported(b.directory), exported(a.directory));
    const owner = (directory) => sqlite(join(directory, 'events.db'), "SELECT value FROM meta WHERE name = 'store'");
    assert.notEqual(owner(data), owner(a.directory)); // a node of its own
    await b.discard();
  }
  await a.discard();
});

on('who was erased after a copy was given is in no file of who joins from it', async (log) => {
  const a = await filled(log);
  const copy = join(room, 'before-erasure'), data = join(room, 'after-erasure'), who = 'zz-gone-zz';
  ok(await report(a, who, 'v1', 50));
  assert.equal(run('checkpoint', '--to', copy, '--data', a.directory).status, 0);
  ok(await a.call('DELETE', `/api/v1/users/${who}`, { as: who }));
  assert.equal(joins(log, copy, data).status, 0);
  const b = await cluster.node(log, { directory: data });
  assert.equal((await b.call('GET', `/progress/${who}/v1`, { as: 'admin:1' })).status, 404);
  const traces = () => readdirSync(data).filter((name) => !name.endsWith('-shm') && readFileSync(join(data, name)).includes(who));
  assert.deepEqual(await soon(traces, (left) => left.length === 0, 20000), []);
  await b.discard();
  await a.discard();
});

on('a copy of another log, of no log, damaged, half or newer: refused in words, and nothing is changed', async (log) => {
  const a = await filled(log);
  const other = await cluster.node(`${log}-other`);
  ok(await report(other, 'x', 'v1', 5));
  const copy = join(room, 'good');
  assert.equal(run('checkpoint', '--to', copy, '--data', a.directory).status, 0);
  let made = 0;
  const bad = (damage) => {
    const directory = join(room, `bad${made++}`);
    cpSync(copy, directory, { recursive: true });
    damage(directory);
    return directory;
  };
  const alter = (file, sql) => (directory) => void sqlite(join(directory, file), sql);
  const cases = [
    [a.directory, /followed another log than the database's/, `${log}-other`],
    [bad((d) => truncateSync(join(d, 'events.db'), statSync(join(d, 'events.db')).size >> 1)), /damaged/],
    [bad((d) => truncateSync(join(d, 'events.db'), 0)), /milepost/],
    [bad((d) => truncateSync(join(d, 'checkpoint.db'), statSync(join(d, 'checkpoint.db')).size >> 1)), /checkpoint.db is damaged, or was not copied whole/],
    [bad((d) => writeFileSync(join(d, 'events.db'), 'SQLite format 3\0 not at all')), /./],
    [bad((d) => copyFileSync(join(other.directory, 'events.db'), join(d, 'events.db'))), /another log|not of one node|server of its own/],
    [bad(alter('checkpoint.db', "UPDATE meta SET value = 999 WHERE name = 'layout'")), /checkpoint.db was made by a newer milepost/],
    [bad(alter('checkpoint.db', "UPDATE meta SET value = 999999 WHERE name = 'mark'")), /not of one node/],
    [bad(alter('events.db', "UPDATE meta SET value = 999 WHERE name = 'schema'")), /made by a newer milepost/],
    [bad(alter('events.db', "UPDATE meta SET value = value + 1 WHERE name = 'turn'")), /another log/],
    [bad(alter('events.db', "DELETE FROM meta WHERE name IN ('turn', 'turn_batch')")), /server of its own/],
    [bad(alter('events.db', 'UPDATE event SET body = zeroblob(length(body)) WHERE sequence = 40')), /./],
    [bad(alter('events.db', 'CREATE TABLE more(a)')), /holds more/],
    [join(room, 'nothing-here'), /there is no data/],
  ];
  for (const [i, [from, says, into = log]] of cases.entries()) {
    const data = join(room, `refused${i}`);
    const end = joins(into, from, data);
    assert.equal(end.status, 1, `${i}: ${end.stdout}`);
    assert.match(end.stderr, says, String(i));
    assert.deepEqual(readdirSync(data).filter((name) => name !== 'lock'), [], String(i));
  }
  const taken = join(room, 'taken');
  mkdirSync(taken);
  assert.equal(joins(log, copy, taken).status, 0);
  for (const [from, to, says] of [[copy, taken, /not empty/], [copy, a.directory, /another milepost process/]]) {
    const end = joins(log, from, to);
    assert.deepEqual([end.status, says.test(end.stderr)], [1, true], end.stderr);
  }
  assert.match(run('checkpoint', '--from', copy, '--data', join(room, 'x')).stderr, /database: is needed/);
  for (const words of [[], ['--to', 'x', '--from', 'y']]) assert.equal(run('checkpoint', ...words).status, 2);
  assert.match(run('checkpoint', '--to', copy, '--data', a.directory).stderr, /not empty/);
  // an older layout, or none: the events make it
  for (const damage of [alter('checkpoint.db', "UPDATE meta SET value = 1 WHERE name = 'layout'"), (d) => rmSync(join(d, 'checkpoint.db'))]) {
    const from = bad(damage), data = join(room, `without${made}`);
    assert.match(joins(log, from, data).stdout, /no checkpoint: the node folds them/);
    const b = await cluster.node(log, { directory: data });
    await b.discard();
  }
  await other.discard();
  await a.discard();
});

on('two that join at once, and one that is killed in the middle, end as one that joined', async (log) => {
  const a = await filled(log);
  const copy = join(room, 'twice'), data = join(room, 'at-once');
  assert.equal(run('checkpoint', '--to', copy, '--data', a.directory).status, 0);
  const start = (delay) => new Promise((resolve) => {
    const child = spawn(binary, ['checkpoint', '--from', copy, ...place(log, data)], { stdio: 'ignore' });
    if (delay !== undefined) setTimeout(() => child.kill('SIGKILL'), delay);
    child.once('exit', (code) => resolve(code));
  });
  for (let delay = 2; delay < 60; delay += 12) {
    await start(delay);
    if (!existsSync(join(data, 'events.db'))) continue;
    rmSync(data, { recursive: true });
  }
  const ends = await Promise.all([start(), start(), start()]);
  assert.equal(ends.filter((code) => code === 0).length, 1, String(ends));
  assert.deepEqual(readdirSync(data).filter((name) => name.includes('part')), []);
  const b = await cluster.node(log, { directory: data });
  ok(await b.call('GET', '/progress/u1/v2', { as: 'u1' }));
  assert.equal(exported(b.directory), exported(a.directory));
  await b.discard();
  await a.discard();
});

on('a node that catches up, or has no database, listens and says how far it is', async (log) => {
  const a = await filled(log);
  cluster.stop();
  const port = await freePort(), figures = await freePort(), directory = newDirectory();
  const child = spawn(binary, ['serve', '--port', String(port), '--metrics-listen', String(figures), ...place(log, directory)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  try {
    const ask = (path, options) => fetch(`http://127.0.0.1:${port}${path}`, options).catch(() => ({ status: 0 }));
    const ready = await soon(() => ask('/readyz'), (answer) => answer.status !== 0);
    assert.deepEqual([ready.status, ready.headers.get('retry-after') !== null], [503, true]);
    const text = await soon(async () => (await ask('/readyz')).json(), (one) => one.log.awaySince);
    assert.deepEqual([text.status, text.reasons], ['joining', ['the database cannot be reached']]);
    assert.ok(Date.parse(text.log.awaySince) > Date.now() - 60000);
    assert.deepEqual(Object.keys(text.log), ['turn', 'head', 'behind', 'awaySince']);
    const watch = async (path) => (await fetch(`http://127.0.0.1:${figures}${path}`)).status;
    assert.deepEqual([await watch('/readyz'), await watch('/metrics'), await watch('/')], [503, 200, 503]);
    const gauges = async () => (await (await fetch(`http://127.0.0.1:${figures}/metrics`)).text()).match(/^milepost_\w+ \d+$/gm);
    assert.deepEqual(await gauges(), ['milepost_joining 1', 'milepost_writable 0', 'milepost_log_turn 0', 'milepost_log_head 0', 'milepost_log_away 1']);
    for (const [path, options] of [['/metrics'], ['/progress/u1/v1'], ['/'], ['/progress/update', { method: 'POST', body: '{}' }]]) {
      const answer = await ask(path, options);
      assert.deepEqual([answer.status, answer.headers.get('retry-after') !== null], [503, true], path);
    }
    const lives = await soon(() => ask('/healthz'), (answer) => answer.status === 200, 20000); // a long start says so
    assert.deepEqual([lives.status, await lives.text(), await watch('/healthz'), await watch('/readyz')], [200, '{"status":"ok"}', 200, 503]);
    cluster.restart();
    assert.equal((await soon(() => ask('/readyz'), (answer) => answer.status === 200)).status, 200, said);
    assert.equal((await ask('/healthz')).status, 200);
    assert.equal((await ask('/progress/u1/v1')).status, 401);
    const after = await gauges();
    assert.ok(after.includes('milepost_writable 1') && !after.includes('milepost_joining 1'), after.join());
  } finally {
    child.kill('SIGTERM');
  }
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0, said);
  assert.equal(exported(directory), exported(a.directory));
  rmSync(directory, { recursive: true });
  assert.ok(a.process.exitCode === null);
  await soon(() => a.call('GET', '/readyz'), (answer) => answer.status === 200);
  await a.discard();
});

on('a node that is told to end while it waits for its database ends', async (log) => {
  const port = await freePort(), directory = newDirectory(), nobody = await freePort();
  const child = spawn(binary, ['serve', '--port', String(port), '--data', directory, '--database', cluster.url(nobody), '--database-log', log], { stdio: 'ignore' });
  await soon(() => fetch(`http://127.0.0.1:${port}/readyz`).catch(() => ({ status: 0 })), (answer) => answer.status === 503);
  child.kill('SIGTERM');
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0);
  rmSync(directory, { recursive: true });
});

on('system lists the nodes that run, with how far each is; one that ended or died is not among them for long', async (log) => {
  const nodes = await cluster.nodes(log, 3);
  const [a, b, c] = nodes;
  const list = async (node) => ok(await node.call('GET', '/api/v1/system', { as: 'admin:1' })).json.nodes;
  const three = await soon(() => list(a), (all) => all.length === 3);
  assert.deepEqual(three.map((one) => one.id.match(/:(\d+)$/)[1]).sort(), nodes.map((node) => String(node.port)).sort());
  for (let i = 0; i < 5; i++) ok(await report(a, 'u1', 'v1', 10 + i));
  const { sequence } = ok(await a.call('GET', '/readyz')).json;
  assert.ok(sequence >= 5);
  for (const node of [a, b]) {
    const all = await soon(() => list(node), (said) => said.every((one) => one.sequence === sequence));
    assert.deepEqual(all.map((one) => [one.sequence, one.lag]), [[sequence, 0], [sequence, 0], [sequence, 0]]);
  }
  await c.discard(); // says so
  assert.equal((await soon(() => list(a), (all) => all.length === 2)).length, 2);
  await b.stop('SIGKILL');
  cluster.sql(`UPDATE milepost_node SET seen = seen - interval '20 s' WHERE name LIKE '%:${b.port}'`); // as if time had passed
  for (let i = 0; i < 4; i++) ok(await report(a, 'u1', 'v1', 20 + i));
  const away = await soon(async () => (await list(a)).find((one) => one.id.endsWith(`:${b.port}`)), (one) => one.lag >= 4);
  assert.ok(away.lag >= 4 && away.sequence + away.lag > sequence, JSON.stringify(away)); // it is counted as it falls behind
  cluster.sql(`UPDATE milepost_node SET seen = seen - interval '60 s' WHERE name LIKE '%:${b.port}'`);
  assert.equal((await soon(() => list(a), (all) => all.length === 1)).length, 1);
  assert.deepEqual(cluster.sql(`SELECT count(*) FROM milepost_node WHERE name LIKE '%:${b.port}'`), ['0']);
  rmSync(b.directory, { recursive: true });
  await a.discard();
});

on('a node whose settings would change what the others say is refused, by name, while they run', async (log) => {
  const a = await cluster.node(log, { flags: ['--completion-threshold', '95.0'] });
  const directory = newDirectory();
  for (const [name, value] of [['completion_threshold', '80'], ['catalog', 'strict'], ['enroll', 'explicit'], ['display_timezone', 'Europe/Paris'], ['user_check', 'required'], ['mock_data', 'on']]) {
    const end = run('serve', '--port', String(await freePort()), ...place(log, directory), `--${name}`, value);
    assert.equal(end.status, 1, name);
    assert.match(end.stderr, new RegExp(`milepost: database: ${name}=\\S+ here, ${name}=\\S+ on the node \\S+:${a.port}, which runs: ${name} must be`), name);
  }
  ok(await report(a, 'u1', 'v1', 96)); // it goes on
  const like = await cluster.node(log, { directory, flags: ['--completion-threshold', '95', '--read-consistency', 'local', '--rate-limit', '50', '--log-level', 'debug'] }); // which may differ
  await like.stop();
  await a.stop();
  const other = await cluster.node(log, { directory, flags: ['--completion-threshold', '80'] }); // alone: it may
  const refused = run('serve', '--port', String(await freePort()), ...place(log, a.directory));
  assert.match(refused.stderr, /completion_threshold=95.00 here, completion_threshold=80.00 on the node/);
  await other.discard();
  rmSync(a.directory, { recursive: true });
});

on('a node that was cut off while others were started with another setting says so and ends', async (log) => {
  const a = await cluster.node(log, { flags: ['--completion-threshold', '95'] });
  ok(await report(a, 'u1', 'v1', 90));
  const sessions = cluster.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'milepost'");
  a.process.kill('SIGSTOP');
  cluster.sql(`UPDATE milepost_node SET seen = seen - interval '20 s' WHERE name LIKE '%:${a.port}'`); // as if time had passed
  const b = await cluster.node(log, { flags: ['--completion-threshold', '80'] });
  ok(await report(b, 'u2', 'v1', 90));
  const ended = new Promise((resolve) => a.process.once('exit', resolve));
  cluster.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN (${sessions})`);
  a.process.kill('SIGCONT');
  for (let i = 0; a.process.exitCode === null && i < 400; i++) {
    const answer = await a.call('GET', '/progress/u2/v1', { as: 'u2' }).catch(() => ({ status: 503 }));
    assert.equal(answer.status, 503, answer.text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(await ended, 74, a.log);
  assert.match(a.log, /completion_threshold=95.00 here, completion_threshold=80.00 on the node \S+, which runs/);
  assert.ok(ok(await b.call('GET', '/progress/u2/v1', { as: 'u2' })));
  assert.match(run('serve', '--port', '1', ...place(log, a.directory)).stderr, /completion_threshold=95.00 here, completion_threshold=80.00 on the node/);
  rmSync(a.directory, { recursive: true });
  await b.discard();
});

on('a node that is killed while it reads the log joins from where it was', async (log) => {
  const a = await filled(log);
  const directory = newDirectory();
  const whole = exported(a.directory);
  for (let round = 0; round < 8; round++) {
    const child = spawn(binary, ['serve', '--port', String(await freePort()), ...place(log, directory)], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await soon(() => existsSync(join(directory, 'events.db')), (there) => there);
    await new Promise((resolve) => setTimeout(resolve, round * 5));
    child.kill('SIGKILL');
    await ended;
  }
  const b = await cluster.node(log, { directory });
  assert.equal(exported(directory), whole);
  for (const path of ['/progress/u1/v2', '/api/progress/u1']) assert.equal(plain(ok(await b.call('GET', path, { as: 'u1' })).text), plain(ok(await a.call('GET', path, { as: 'u1' })).text));
  await b.discard();
  await a.discard();
});

on('rebuild makes the checkpoint of a node anew; a directory of another log is refused by every command', async (log) => {
  const a = await filled(log);
  const other = await cluster.node(`${log}-other`);
  ok(await report(other, 'x', 'v1', 5));
  await other.stop();
  const b = await cluster.node(log);
  ok(await b.call('GET', '/progress/u1/v2', { as: 'u1' }));
  await b.stop();
  ok(await report(a, 'u2', 'v1', 99)); // what the log has more
  sqlite(join(b.directory, 'checkpoint.db'), 'UPDATE learner SET body = zeroblob(length(body)) WHERE key = 2');
  const alone = run('rebuild', '--data', b.directory); // of what it has
  assert.match(alone.stdout, /^rebuilt up to event \d+/, alone.stderr);
  assert.notEqual(exported(b.directory), exported(a.directory));
  const rebuilt = run('rebuild', ...place(log, b.directory));
  assert.match(rebuilt.stdout, /^rebuilt up to event \d+, 0 log entries mended/, rebuilt.stderr);
  assert.match(run('verify', '--data', b.directory).stdout, /; 0 differences/);
  assert.equal(exported(b.directory), exported(a.directory));
  assert.match(run('rebuild', ...place(log, a.directory)).stderr, /another milepost process/);
  for (const command of [['rebuild'], ['verify'], ['export'], ['backup', join(room, 'of-another')], ['erase', '--user', 'x']]) {
    const end = run(...command, ...place(log, other.directory));
    assert.equal(end.status, 1, command[0]);
    assert.match(end.stderr, /not the one that this node has followed/, command[0]);
  }
  assert.ok(existsSync(join(other.directory, 'events.db')));
  const metrics = await a.call('GET', '/metrics', { headers: { 'x-server-key': a.key } });
  for (const stage of ['head_microseconds', 'fold_microseconds', 'turn_microseconds', 'take_microseconds', 'commit_microseconds'])
    assert.match(metrics.text, new RegExp(`^milepost_log_${stage}_total [0-9]+$`, 'm'), stage);
  rmSync(b.directory, { recursive: true });
  rmSync(other.directory, { recursive: true });
  await a.discard();
});

on('import oulad goes into the log beside a node, once', async (log) => {
  const a = await cluster.node(log);
  const directory = newDirectory(), own = newDirectory();
  const into = place(log, directory);
  const load = (...flags) => run('import', 'oulad', 'tests/data/oulad', '--course', '120132', ...flags);
  const expected = JSON.parse(readFileSync('tests/data/oulad/reference.json', 'utf8')).courses['120132'];
  const first = load(...into);
  assert.match(first.stdout, /imported 1 presentations, 383 new learners/, first.stderr);
  assert.match(load(...into).stdout, /imported nothing/);
  const analytics = () => a.call('GET', '/user-progress/course/120132/analytics', { as: 'admin:900' });
  assert.equal(ok(await analytics()).json.results.totalEnrollments, expected.enrolments.total);
  assert.equal(ok(await analytics()).json.results.completedUsers, expected.enrolments.byState.COMPLETED);
  assert.match(run('verify', ...into).stdout, /0 differences/);
  // the same events as a directory of its own has
  assert.equal(load('--data', own).status, 0);
  const events = (...flags) => Number(run('verify', ...flags).stdout.match(/verified: (\d+) events/)[1]);
  assert.equal(events(...into), events('--data', own));
  for (const one of [directory, own]) rmSync(one, { recursive: true });
  await a.discard();
});
