// What was: the history of a log entry, rollback, as_of; for learners of the real data equal to a store that ends there.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checksum } from './checksum.mjs';
import { newDirectory, run, Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const ok = async (method, path, options) => {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.json;
};
const refused = async (status, field, method, path, options) => {
  const answer = await server.call(method, path, options);
  assert.deepEqual([answer.status, answer.json?.errors?.[0]?.field], [status, field], answer.text);
};
const add = (as, members) => ok('POST', '/api/progress/log', { as, body: { user_id: as, ...members } });
const logs = async (as, query = '') => (await ok('GET', `/api/progress/${as}${query}`, { as })).progress_logs.map(({ log_id, value }) => [log_id, value]);
const history = async (as, id) => (await ok('GET', `/api/progress/log/${id}/history`, { as })).history;
const back = (as, to) => ok('POST', `/api/progress/user/${as}/rollback`, { as, body: { to } });

test('the history of an entry: made, changed, deleted, rolled back; who did it', async () => {
  const as = 'h1';
  const { id } = await add(as, { value: 1.1 });
  await ok('PUT', `/api/progress/log/${id}`, { as: 'admin:boss', body: { value: 2 } });
  await ok('DELETE', `/api/progress/log/${id}`, { as });
  const first = await history(as, id);
  assert.deepEqual(first.map(({ event, actor, log }) => [event, actor, log?.value]), [['created', as, 1.1], ['updated', 'boss', 2], ['deleted', as, undefined]]);
  assert.ok(first[0].at < first[1].at && first[1].at < first[2].at && first[0].event_id < first[1].event_id);
  const rolled = await back(as, first[1].event_id);
  assert.deepEqual([rolled.to, rolled.total_logs, rolled.user_id], [first[1].event_id, 1, as]);
  assert.deepEqual(await logs(as), [[id, 2]]);
  await back(as, first[0].event_id);
  assert.deepEqual(await logs(as), [[id, 1.1]]);
  assert.deepEqual((await history(as, id)).slice(3).map(({ event, log }) => [event, log?.value]), [['rolled_back', 2], ['rolled_back', 1.1]]);
  const raw = await server.call('GET', `/api/progress/log/${id}/history`, { as });
  assert.match(raw.text, /"value":1\.1[,}]/); // as it was written
});

test('a rollback is an event: it can be rolled back, and what came after it stays reachable', async () => {
  const as = 'h2';
  const a = (await add(as, { value: 1 })).id;
  const b = (await add(as, { value: 2 })).id;
  const [made] = await history(as, a);
  const one = await back(as, made.event_id);
  assert.deepEqual(await logs(as), [[a, 1]]);
  assert.deepEqual((await history(as, b)).map(({ event }) => event), ['created', 'removed_by_rollback']);
  const c = (await add(as, { value: 3 })).id;
  assert.ok(c > b); // numbers are never given twice
  await back(as, one.event_id - 1);
  assert.deepEqual(await logs(as), [[b, 2], [a, 1]]);
  const last = await back(as, one.event_id); // to the first rollback itself
  assert.deepEqual(await logs(as), [[a, 1]]);
  assert.equal(last.total_logs, 1);
  await ok('DELETE', `/api/progress/user/${as}/logs`, { as });
  await back(as, last.event_id);
  assert.deepEqual(await logs(as), [[a, 1]]);
  assert.deepEqual((await ok('GET', `/api/progress/summary/${as}`, { as })).total_logs, 1); // what is derived follows
});

test('rollback and as_of by instant; a bare date is its midnight', async () => {
  const as = 'h3';
  const a = await add(as, { value: 1 });
  const between = (await history(as, a.id))[0].at;
  const b = await add(as, { value: 2 });
  assert.deepEqual(await logs(as, `?as_of=${between}`), [[a.id, 1]]);
  assert.deepEqual(await logs(as, '?as_of=2020-01-01'), []);
  assert.deepEqual(await logs(as, '?as_of=2100-01-01T00:00:00Z'), [[b.id, 2], [a.id, 1]]);
  const rolled = await back(as, between);
  assert.deepEqual([rolled.to, rolled.total_logs], [between, 1]);
  await add(as, { value: 5 });
  await back(as, rolled.event_id);
  assert.deepEqual(await logs(as), [[a.id, 1]]);
  await back(as, '2000-01-01');
  assert.deepEqual(await logs(as), []);
});

test('many rollbacks cost no more than their number', async () => {
  const as = 'h4';
  const { id } = await add(as, { value: 1 });
  const [made] = await history(as, id);
  let last = made.event_id;
  for (let i = 0; i < 200; i++) last = (await back(as, last)).event_id;
  assert.deepEqual(await logs(as), [[id, 1]]);
  assert.equal((await history(as, id)).length, 1);
});

test('what makes no bound is refused by name; another one\'s event is none of yours', async () => {
  const { id } = await add('h5', { value: 1 });
  const [theirs] = await history('h5', id);
  await add('h6', { value: 1 });
  for (const to of [theirs.event_id, 0, -1, 999999, 'yesterday', '', true, null, {}, 1.5, '2023-02-29'])
    await refused(400, 'to', 'POST', '/api/progress/user/h6/rollback', { as: 'h6', body: { to } });
  for (const bound of [theirs.event_id, 0, 999999, 'yesterday', '2023-02-29', '1&as_of=2']) {
    await refused(400, 'as_of', 'GET', `/api/progress/h6?as_of=${bound}`, { as: 'h6' });
    await refused(400, 'as_of', 'GET', `/api/v1/users/h6/progress?as_of=${bound}`, { as: 'h6' });
  }
  for (const path of ['/api/progress/h6?as_of=yesterday', '/api/v1/users/h6/progress?as_of=yesterday'])
    await refused(400, 'as_of', 'GET', path, { as: 'h5' }); // members before ownership
  await refused(404, undefined, 'POST', '/api/progress/user/nobody/rollback', { as: 'nobody', body: { to: '2024-01-01' } });
  await refused(404, undefined, 'GET', '/api/progress/log/99999999/history', { as: 'h6' });
  await refused(400, 'log_id', 'GET', '/api/progress/log/x/history', { as: 'h6' });
  await refused(403, undefined, 'GET', `/api/progress/log/${id}/history`, { as: 'h6' });
});

test('one never seen: an instant gives empty lists, an event id is refused', async () => {
  const past = await ok('GET', '/api/v1/users/nobody/progress?as_of=2024-01-01', { as: 'nobody' });
  assert.deepEqual(past, { userId: 'nobody', asOf: '2024-01-01', enrollments: [], progress: [] });
  assert.deepEqual((await ok('GET', '/api/progress/nobody?as_of=2024-01-01', { as: 'nobody' })).data.progress, []);
  await refused(400, 'as_of', 'GET', '/api/v1/users/nobody/progress?as_of=1', { as: 'nobody' });
});

test('a course as it was: an edit of the catalogue counts from its own instant', async () => {
  const as = '701';
  await server.declare('past', [{ id: 'p1' }, { id: 'p2' }]);
  await ok('POST', '/api/progress', { as, body: { contentId: 'p1', progressPercentage: 100 } });
  const half = await ok('GET', `/api/v1/users/${as}/progress`, { as });
  const then = (await ok('GET', `/api/v1/users/${as}/export`, { as })).events.at(-1);
  assert.deepEqual([half.enrollments[0].progressPercent, half.enrollments[0].enrollmentStatus], [50, 'IN_PROGRESS']);
  await server.declare('past', [{ id: 'p1' }]);
  await ok('DELETE', `/progress/${as}/p1`, { as });
  const now = await ok('GET', `/api/v1/users/${as}/progress`, { as });
  assert.deepEqual([now.enrollments[0].progressPercent, now.progress], [0, []]);
  const was = await ok('GET', `/api/v1/users/${as}/progress?as_of=${then.eventId}`, { as });
  assert.deepEqual(was, { ...half, asOf: String(then.eventId) });
  const trk = await ok('GET', `/api/progress/${as}?as_of=${then.at}&moduleId=past`, { as });
  await add(as, { steps: 1 }); // logs are the learner's own
  const staff = await ok('GET', `/api/progress/${as}?as_of=2100-01-01&moduleId=past`, { as: 'instructor:i1' });
  assert.deepEqual([staff.data.progress.length, staff.progress_logs], [0, []]);
  assert.deepEqual(trk.data.progress.map((record) => [record.contentId.id, record.progressPercentage]), [['p1', 100]]);
  assert.deepEqual((await ok('GET', `/api/progress/${as}?as_of=2001-01-01`, { as })).data.progress, []);
});

test('after a restart the same past is there, from the index of the checkpoint file', async () => {
  const as = 'h8';
  const { id } = await add(as, { value: 1 });
  for (let i = 2; i < 8; i++) await ok('PUT', `/api/progress/log/${id}`, { as, body: { value: i } });
  const before = await history(as, id);
  assert.equal((await server.stop()).code, 0);
  server = await Server.start({ directory: server.directory });
  assert.deepEqual(await history(as, id), before);
  await ok('PUT', `/api/progress/log/${id}`, { as, body: { value: 9 } }); // half in the file, half in memory
  assert.deepEqual((await history(as, id)).map(({ log }) => log.value), [1, 2, 3, 4, 5, 6, 7, 9]);
  assert.deepEqual(await logs(as, `?as_of=${before[3].event_id}`), [[id, 4]]);
});

// ---- the real data ----


test('learners of the real data as of an instant are those of a store that ends there', { timeout: 280000, skip: process.env.BRIEF }, async () => {
  const [whole, cut] = [newDirectory(), newDirectory()];
  const file = join(cut, '..', `cut-${process.pid}.jsonl`);
  assert.equal(run('import', 'oulad', 'tests/data/oulad', '--course', '120132', '--data', whole).status, 0);
  const exported = run('export', '--data', whole, '--out', file);
  assert.equal(exported.status, 0, exported.stderr);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -2);
  const events = lines.filter((line) => line.startsWith('{"eventId"'));
  const at = (line) => line.match(/"at":"([^"]+)"/)[1];
  const byInstant = events.map(at).sort();
  const bound = byInstant[Math.floor(byInstant.length * 0.4)];
  const kept = lines.filter((line) => !line.startsWith('{"eventId"') || at(line) <= bound);
  const body = `${kept.join('\n')}\n`;
  const count = kept.filter((line) => line.startsWith('{"eventId"')).length;
  assert.ok(count > 1000 && count < events.length / 1.5);
  writeFileSync(file, `${body}${JSON.stringify({ end: true, events: count, crc32: checksum(body) })}\n`);
  const imported = run('import', file, '--data', cut);
  assert.equal(imported.status, 0, imported.stderr);
  rmSync(file);
  const [one, two] = [await Server.start({ directory: whole }), await Server.start({ directory: cut })];
  const users = lines.filter((line) => line.startsWith('{"key":"user"')).map((line) => JSON.parse(line).id);
  let compared = 0;
  for (let i = 0; i < users.length; i += Math.ceil(users.length / 40)) {
    const user = users[i];
    const was = await one.call('GET', `/api/v1/users/${user}/progress?as_of=${bound}`, { as: user });
    const ends = await two.call('GET', `/api/v1/users/${user}/progress`, { as: user });
    assert.deepEqual(was.json, { ...ends.json, asOf: bound }, user);
    compared += was.json.progress.length;
  }
  assert.ok(compared > 500, `${compared} records`);
  assert.equal((await one.discard()).code, 0, one.log);
  assert.equal((await two.discard()).code, 0, two.log);
});
