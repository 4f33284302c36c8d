// What an operator does: verify finds what was changed, export and import, backup and restore, upgrade.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { binary, run, Server } from './server.mjs';

let server, room;
before(async () => {
  room = mkdtempSync(join(tmpdir(), 'milepost-operator-'));
  server = await Server.start();
  await server.declare(1, [{ id: 11, durationSeconds: 100, type: 'video' }, { id: 12 }], { staff: [{ userId: 'zz-staff', role: 'OWNER' }] });
  for (let i = 0; i < 30; i++) {
    const as = `user ${i} "é"`;
    await server.call('POST', '/progress/sync', { as, body: { userId: as, progressData: [{ videoId: '11', watchedDuration: i * 4, segments: [[0, i]], eventId: `e${i}`, deviceId: 'd' }, { videoId: `free${i % 3}`, courseId: 'c', watchedDuration: 3 }] } });
    await server.call('POST', '/user-progress/update', { as, body: { courseId: 1, courseContentId: 12, progressStatus: 'COMPLETED', metadata: { a: 1.10, 'b "q"': [1, { c: null }] } } });
    const log = await server.call('POST', '/api/progress/log', { as, body: { user_id: as, value: 1.10, note: 'é\n"' } });
    if (i % 3 === 0) await server.call('PUT', `/api/progress/log/${log.json.id}`, { as, body: { value: i } });
    if (i % 5 === 0) await server.call('POST', `/api/progress/user/${encodeURIComponent(as)}/rollback`, { as, body: { to: '2100-01-01' } });
    if (i % 7 === 0) await server.call('DELETE', `/api/progress/log/${log.json.id}`, { as });
  }
  await server.call('POST', '/user-progress/reset', { as: 'admin:1', body: { courseId: 1, userId: 'user 3 "é"' } });
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
  rmSync(room, { recursive: true, force: true });
});

const sql = (file, text) => {
  const done = spawnSync('python3', ['-c', 'import sqlite3,sys\nd=sqlite3.connect(sys.argv[1]);d.executescript(sys.argv[2]);d.commit();d.close()', file, text], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
};
const copyOf = (directory, name) => {
  const to = join(room, name);
  cpSync(directory, to, { recursive: true });
  return to;
};
const verify = (directory) => run('verify', '--data', directory);

test('verify, export and backup read a live directory; its writes go on', async () => {
  const live = verify(server.directory);
  assert.equal(live.status, 0, live.stdout + live.stderr);
  assert.match(live.stdout, /^verified: \d+ events, 30 learners/);
  const out = run('export', '--data', server.directory);
  assert.equal(out.stdout.trim().split('\n').filter((line) => JSON.parse(line).event === 'logged').length, 30);
  assert.equal((await server.call('POST', '/api/progress/log', { as: 'user 1 "é"', body: { user_id: 'user 1 "é"', x: 1 } })).status, 201);
});

test('verify finds a changed row, sum, log entry, index, event; rebuild mends what is derived', async () => {
  const stopped = join(room, 'stopped');
  assert.equal(run('backup', join(room, 's.db'), '--data', server.directory).status, 0);
  assert.equal(run('restore', join(room, 's.db'), '--data', stopped).status, 0);
  assert.equal(run('rebuild', '--data', stopped).status, 0);
  const checkpoint = readdirSync(stopped).find((name) => /^checkpoint.*\.db$/.test(name));
  const changes = [
    [checkpoint, "UPDATE learner SET body = zeroblob(length(body)) WHERE key = 2", /learner 2 .*not what the events say/],
    [checkpoint, "DELETE FROM learner WHERE key = 2", /learner 2 .*missing/],
    [checkpoint, "UPDATE course SET body = (SELECT body FROM course WHERE key = 2) WHERE key = 1", /course 1 .*not what/],
    [checkpoint, "DELETE FROM learner_event WHERE learner = 4", /index: learner 4/],
    ['events.db', "UPDATE log_entry SET date_ms = date_ms + 1 WHERE log_id = 2", /log 2 of learner/],
    ['events.db', "DELETE FROM log_entry WHERE log_id = 3", /log 3 of learner/],
    ['events.db', "INSERT INTO log_entry VALUES(999, 1, 1, 1, 1, x'00', 0)", /log 999 of learner 1: should not be there/],
  ];
  for (const [index, [file, change, says]] of changes.entries()) {
    const copy = copyOf(stopped, `changed${index}`);
    sql(join(copy, file), change);
    const found = verify(copy);
    assert.equal(found.status, 1, change);
    assert.match(found.stdout, says, change);
    const rebuilt = run('rebuild', '--data', copy);
    assert.equal(rebuilt.status, 0, rebuilt.stderr);
    assert.equal(verify(copy).status, 0, change);
  }
  const damaged = copyOf(stopped, 'damaged');
  sql(join(damaged, 'events.db'), "UPDATE event SET at_ms = at_ms + 1 WHERE sequence = 5");
  assert.match(verify(damaged).stderr, /event 5 is damaged \(checksum\); restore a backup/);
  assert.equal(run('rebuild', '--data', damaged).status, 1);
  assert.ok(existsSync(join(damaged, checkpoint)), 'a rebuild that fails leaves the old checkpoint');
});

test('a rebuild killed half-way leaves the figures of before; the next one finishes', () => {
  const copy = copyOf(join(room, 'stopped'), 'killed');
  for (const after of [2, 5, 10, 20, 40]) {
    spawnSync(binary, ['rebuild', '--data', copy], { timeout: after, killSignal: 'SIGKILL' });
    const found = verify(copy);
    assert.equal(found.status, 0, `${after} ms: ${found.stdout}${found.stderr}`);
  }
  assert.equal(run('rebuild', '--data', copy).status, 0);
  assert.equal(verify(copy).status, 0);
});

test('export and import: the same store again, byte for byte', async () => {
  const file = join(room, 'all.jsonl');
  const to = join(room, 'imported');
  assert.equal(run('export', '--out', file, '--data', server.directory).status, 0);
  const imported = run('import', file, '--data', to);
  assert.equal(imported.status, 0, imported.stderr);
  assert.equal(verify(to).status, 0);
  assert.equal(run('export', '--data', to).stdout, readFileSync(file, 'utf8'));
  assert.match(run('import', file, '--data', to).stderr, /not empty; nothing was changed/);
  const other = await Server.start({ directory: to });
  for (const path of ['/user-progress/course/1/analytics', '/api/progress/stats/1', '/user-progress/course/1/leaderboard'])
    assert.equal((await other.call('GET', path, { as: 'admin:1' })).text, (await server.call('GET', path, { as: 'admin:1' })).text, path);
  assert.equal((await other.discard()).code, 0, other.log);
});

test('the export of one user holds what is theirs and what it is about, of others nothing; it can be imported', async () => {
  const who = 'user 4 "é"';
  const text = run('export', '--user', who, '--data', server.directory).stdout;
  const lines = text.trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual([...new Set(lines.filter((line) => line.user).map((line) => line.user))], [who]);
  assert.deepEqual([...new Set(lines.filter((line) => line.event).map((line) => line.actor))], [who]); // who wrote it
  assert.ok(!text.includes('zz-staff') && !text.includes('free0') && !/user (?!4 )\d/.test(text));
  assert.deepEqual(lines.filter((line) => line.key).map(({ key, number, id, title, type, course }) => [key, number, id, title, type, course]), [
    ['user', 1, who, undefined, undefined, undefined],
    ['course', 1, '1', 'Course 1', undefined, undefined], ['course', 2, 'c', null, undefined, undefined],
    ['content', 1, '11', null, 'video', '1'], ['content', 2, 'free1', null, 'video', 'c'], ['content', 3, '12', null, 'other', '1'],
  ]);
  const [file, to] = [join(room, 'one.jsonl'), join(room, 'one')];
  writeFileSync(file, text);
  const imported = run('import', file, '--data', to);
  assert.equal(imported.status, 0, imported.stderr);
  assert.equal(verify(to).status, 0);
  const other = await Server.start({ directory: to });
  const [before, after] = await Promise.all([server, other].map(async (at) => (await at.call('GET', `/api/v1/users/${encodeURIComponent(who)}/export`, { as: who })).json));
  const progress = ({ progress }) => progress.map(({ title, progressPercent, ...record }) => record); // title and duration are the catalogue's
  assert.deepEqual(progress(after), progress(before));
  assert.deepEqual(after.logs, before.logs);
  assert.equal(after.events.length, before.events.length);
  assert.deepEqual(before.catalog.map((line) => [line.id, line.title, line.type, line.course]), [['1', 'Course 1', 'course', null], ['c', null, 'course', null], ['11', null, 'video', '1'], ['free1', null, 'video', 'c'], ['12', null, 'other', '1']]);
  assert.ok(before.events.every((event) => event.actor === who));
  const nobody = (await server.call('GET', '/api/v1/users/nobody/export', { as: 'nobody' })).json;
  assert.deepEqual([nobody.userId, nobody.enrollments, nobody.progress, nobody.catalog, nobody.logs, nobody.events], ['nobody', [], [], [], [], []]);
  assert.equal((await other.discard()).code, 0, other.log);
  assert.equal(run('export', '--user', 'nobody', '--data', server.directory).stdout.trim().split('\n').length, 2);
});

test('an export has a line for the course of a preview too, each once', async () => {
  const as = 'instructor:zz-staff';
  const preview = (videoId) => server.call('POST', '/progress/update', { as, body: { userId: 'zz-staff', videoId, watchedDuration: 3 } });
  for (const id of ['11', '12']) assert.equal((await preview(id)).status, 200);
  const { enrollments, catalog } = (await server.call('GET', '/api/v1/users/zz-staff/export', { as })).json;
  assert.deepEqual([enrollments, catalog.map((line) => [line.id, line.course])], [[], [['1', null], ['11', '1'], ['12', '1']]]);
});

test('a bad export is refused whole, with its line', () => {
  const good = run('export', '--data', server.directory).stdout;
  const lines = good.trimEnd().split('\n');
  const first = lines.findIndex((line) => line.startsWith('{"eventId"'));
  const swap = (at, text) => [...lines.slice(0, at), text, ...lines.slice(at + 1)].join('\n') + '\n';
  const bad = {
    'cut in a line': good.slice(0, good.length - 200),
    'cut at a line': lines.slice(0, -3).join('\n') + '\n',
    'a bit flipped': swap(first + 3, lines[first + 3].replace(/"at":"2/, '"at":"1')),
    'a line twice': swap(first + 1, `${lines[first + 1]}\n${lines[first + 1]}`),
    'a newer version': swap(0, lines[0].replace('"version":1', '"version":2')),
    'no export': '{"hello":1}\n',
    'no JSON': swap(first, '{"eventId":'),
    'a key for nobody': swap(first + 2, lines[first + 2].replace(/"(user|course|content)Key":\d+/, '"$1Key":99999')),
    'an unknown event': swap(first, lines[first].replace(/"event":"\w+"/, '"event":"danced"')),
    'a huge line': swap(first, `{"eventId":1,"x":"${'y'.repeat(9 << 20)}"}`),
    'more after the end': `${good}${lines[first]}\n`,
    empty: '',
  };
  for (const [name, text] of Object.entries(bad)) {
    const file = join(room, 'bad.jsonl');
    const to = join(room, 'bad');
    writeFileSync(file, text);
    const refused = run('import', file, '--data', to);
    assert.equal(refused.status, 1, name);
    assert.match(refused.stderr, /bad\.jsonl: line \d+: /, `${name}: ${refused.stderr}`);
    assert.deepEqual(readdirSync(to), [], name);
  }
});

test('backups under load are one instant each; restore checks before it replaces', async () => {
  let going = true;
  let written = 0;
  const writers = Array.from({ length: 4 }, async (_, w) => {
    for (let i = 0; going; i++, written++) {
      await server.call('POST', '/progress/update', { as: `w${w}`, body: { userId: `w${w}`, videoId: `v${i % 50}`, watchedDuration: i } });
      await sleep(2); // a load, not all that the machine has
    }
  });
  for (let i = 0; i < 3; i++) {
    const [file, to] = [join(room, `b${i}.db`), join(room, `r${i}`)];
    const backup = spawn(binary, ['backup', file, '--data', server.directory]); // beside the writers, who run in this process
    assert.equal(await new Promise((resolve) => backup.once('exit', resolve)), 0);
    assert.equal(run('restore', file, '--data', to).status, 0);
    assert.equal(run('rebuild', '--data', to).status, 0);
    assert.equal(verify(to).status, 0);
  }
  going = false;
  await Promise.all(writers);
  assert.ok(written > 20);
  const file = join(room, 'b0.db');
  assert.match(run('backup', file, '--data', server.directory).stderr, /there already/);
  assert.match(run('restore', file, '--data', server.directory).stderr, /not empty; nothing was changed/);
  const bytes = readFileSync(file);
  const spoiled = {
    cut: bytes.subarray(0, bytes.length / 2),
    'no database': Buffer.from('hello'),
    'a bit': Buffer.from(bytes.map((byte, i) => (i === Math.floor(bytes.length * 0.6) ? byte ^ 64 : byte))),
  };
  for (const [name, content] of Object.entries(spoiled)) {
    const [bad, to] = [join(room, 'bad.db'), join(room, `bad ${name}`)];
    writeFileSync(bad, content);
    const refused = run('restore', bad, '--data', to);
    if (name !== 'a bit') assert.equal(refused.status, 1, name); // a flipped bit may lie in free space
    if (refused.status === 1) assert.ok(!existsSync(join(to, 'events.db')), name);
    else assert.equal(run('export', '--data', to).stdout, run('export', '--data', join(room, 'r0')).stdout);
  }
  for (const [name, change] of Object.entries({
    trigger: 'CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END',
    view: 'CREATE VIEW v AS SELECT 1',
    'a table fewer': 'DROP TABLE ledger',
    'an index fewer': 'DROP INDEX answer_by_age',
    'a column more': 'ALTER TABLE event ADD COLUMN more TEXT',
    'a default that runs': 'DROP TABLE ledger; CREATE TABLE ledger(name TEXT PRIMARY KEY, value TEXT NOT NULL DEFAULT (random())) WITHOUT ROWID',
    'no counter': "DELETE FROM meta WHERE name = 'log_id'",
    'a counter that is text': "UPDATE meta SET value = 'x' WHERE name = 'record_id'",
    'an answer of nobody': "INSERT INTO answer VALUES(x'00', x'00', 1, 200, '', x'', 0, 0)",
    'a status of nobody': "INSERT INTO answer VALUES(zeroblob(16), zeroblob(16), 1, 99999, '', x'', 0, 0)",
    'ids with a gap': "DELETE FROM learner WHERE key = 2",
    'one id twice': "UPDATE learner SET id = (SELECT id FROM learner WHERE key = 1) WHERE key = 2",
    'an id that cannot be': "UPDATE item SET id = 'summary' WHERE key = 1",
    newer: "UPDATE meta SET value = 99 WHERE name = 'schema'",
  })) {
    const bad = join(room, `${name}.db`);
    cpSync(file, bad);
    sql(bad, change);
    const refused = run('restore', bad, '--data', join(room, `to ${name}`));
    assert.equal(refused.status, 1, name);
    assert.ok(!existsSync(join(room, `to ${name}`, 'events.db')) && !existsSync(join(room, `to ${name}`, 'restore.part')), name);
    if (name === 'newer') assert.match(refused.stderr, /newer milepost/);
    if (name === 'trigger' || name === 'view') assert.match(refused.stderr, /holds more than a milepost backup/);
  }
});

test('one random bit of a stopped store flipped: it is said, or nothing changed; never a crash', () => {
  const base = join(room, 'r1');
  const before = run('export', '--data', base).stdout;
  const rounds = Number(process.env.FLIP_ROUNDS ?? 40);
  const pristine = readFileSync(join(base, 'events.db'));
  const flipped = join(room, 'flipped');
  let said = 0;
  for (let i = 0; i < rounds; i++) {
    rmSync(flipped, { recursive: true, force: true });
    cpSync(base, flipped, { recursive: true });
    const bytes = Buffer.from(pristine);
    const at = Math.floor(((i * 2654435761) % 4294967296) / 4294967296 * bytes.length);
    bytes[at] ^= 1 << (i % 8);
    writeFileSync(join(flipped, 'events.db'), bytes);
    const checked = verify(flipped);
    assert.ok(checked.status === 0 || checked.status === 1, `byte ${at}: status ${checked.status} ${checked.signal}`);
    const out = run('export', '--data', flipped);
    assert.ok(out.status === 0 || out.status === 1, `byte ${at}`);
    if (checked.status === 0 && out.status === 0) assert.equal(out.stdout, before, `byte ${at} changed the store and nobody said so`);
    else said++;
  }
  assert.ok(said > 0);
});

test('a store of the version before is brought up to date, and a newer one is refused', async () => {
  const old = copyOf(join(room, 'r2'), 'old');
  for (const name of readdirSync(old)) if (name.startsWith('checkpoint')) rmSync(join(old, name));
  sql(join(old, 'events.db'), `DROP INDEX log_entry_by_date; DROP INDEX log_entry_gone; DROP TABLE log_total; DELETE FROM log_entry WHERE gone = 1; ALTER TABLE log_entry DROP COLUMN gone;
    ALTER TABLE answer DROP COLUMN caller; DROP TABLE answer_name; DROP TABLE erasing;
    ALTER TABLE answer DROP COLUMN learner; CREATE INDEX log_entry_by_date ON log_entry(learner, date_ms, log_id); UPDATE meta SET value = 1 WHERE name = 'schema'`);
  assert.match(verify(old).stderr, /start the server on it first/);
  const upgraded = await Server.start({ directory: old });
  assert.equal((await upgraded.call('GET', '/api/progress/user%201%20%22%C3%A9%22', { as: 'user 1 "é"' })).json.progress_logs.length, 2);
  assert.equal((await upgraded.stop()).code, 0);
  assert.equal(verify(old).status, 0);
  sql(join(old, 'events.db'), "UPDATE meta SET value = 99 WHERE name = 'schema'");
  assert.match(run('rebuild', '--data', old).stderr, /newer milepost/);
});

test('the threshold that was in force is part of history', async () => {
  const first = await Server.start({ flags: ['--completion-threshold', '50'] });
  const watch = (at, video, watchedDuration) => at.call('POST', '/progress/update', { as: 't', body: { userId: 't', videoId: video, watchedDuration, duration: 100 } });
  await watch(first, 'a', 60);
  assert.equal((await first.stop()).code, 0);
  const second = await Server.start({ directory: first.directory });
  await watch(second, 'b', 60);
  const status = async (at) => (await at.call('GET', '/api/progress/t', { as: 't' })).json.data.progress.map((p) => [p.contentId.id, p.status]);
  assert.deepEqual(await status(second), [['b', 'in-progress'], ['a', 'completed']]);
  assert.equal((await second.stop()).code, 0);
  assert.equal(verify(first.directory).status, 0);
  assert.equal(run('rebuild', '--data', first.directory).status, 0);
  const third = await Server.start({ directory: first.directory });
  assert.deepEqual(await status(third), [['b', 'in-progress'], ['a', 'completed']]);
  assert.equal((await third.discard()).code, 0);
});

test('commands say what is wrong with how they are used', () => {
  for (const word of ['AAA', '12x', '0', '-1', '']) {
    const refused = run('import', 'oulad', room, '--course', word, '--data', join(room, 'oulad'));
    assert.deepEqual([refused.status, existsSync(join(room, 'oulad'))], [2, false], word);
    assert.match(refused.stderr, /--course .*must be the number of a presentation/);
  }
  for (const [args, says] of [
    [['verify', '--data', join(room, 'nowhere')], /no data in this directory/],
    [['export', '--data', join(room, 'nowhere')], /no data in this directory/],
    [['rebuild', '--data', join(room, 'nowhere')], /no data in this directory/],
    [['backup'], /usage: milepost backup FILE \[--with-keys\] \[--data DIR\] \(/],
    [['restore'], /usage: milepost restore FILE/],
    [['import'], /usage: milepost import FILE/],
    [['verify', '--colour', 'red'], /colour/],
    [['rebuild', '--data', server.directory], /another milepost process is using/],
  ]) {
    const done = run(...args);
    assert.ok(done.status === 1 || done.status === 2, args.join(' '));
    assert.match(done.stderr, says, args.join(' '));
  }
  assert.ok(!existsSync(join(room, 'nowhere')));
});
