// Log entries: their numbers, their days, what is null; budgets. Source: contract 5.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start({ flags: ['--display-timezone', 'Asia/Kolkata'] });
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const ok = async (method, path, options) => {
  const answer = await server.call(method, path, options);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.json;
};
const add = (as, members) => ok('POST', '/api/progress/log', { as, body: typeof members === 'string' ? members : { user_id: as, ...members } });
const summary = (as) => ok('GET', `/api/progress/summary/${as}`, { as });

test('numbers beyond 1e18 are refused, naming the member; the rest come back as they are', async () => {
  const as = 'n1';
  for (const number of ['1e308', '1e100', '-1.1e18', '1000000000000000001', '-1000000000000000001']) {
    const answer = await server.call('POST', '/api/progress/log', { as, body: `{"user_id":"${as}","ok":1,"v":${number}}` });
    assert.deepEqual([answer.status, answer.json.errors?.[0]?.field], [400, 'v'], answer.text);
  }
  await add(as, `{"user_id":"${as}","at":1735725600123457,"tenth":0.1,"big":1e18,"zero":-0,"quarter":0.25,"__proto__":3,"toString":4}`);
  await add(as, `{"user_id":"${as}","at":1735725600123459,"tenth":0.2,"big":1000000000000000000,"zero":0,"quarter":-7}`);
  const raw = await server.call('GET', `/api/progress/summary/${as}`, { as });
  assert.match(raw.text, /"min":1735725600123457,"max":1735725600123459,"sum":3471451200246916,"first":1735725600123457,"last":1735725600123459/);
  const { fields } = raw.json;
  assert.deepEqual(fields.tenth, { count: 2, average: 0.15, min: 0.1, max: 0.2, sum: 0.3, first: 0.1, last: 0.2 });
  assert.deepEqual([fields.big.sum, fields.big.average, fields.quarter.min, fields.quarter.max, fields.quarter.sum], [2e18, 1e18, -7, 0.25, -6.75]);
  assert.match(raw.text, /"zero":\{"count":2,"average":0,"min":0,"max":0,"sum":0,/);
  assert.match(raw.text, /"__proto__":\{"count":1,/);
  assert.equal(fields.toString.sum, 4);
});

test('ten times 0.1 is 1; every numeric member has its field', async () => {
  const as = 'n2';
  for (let i = 0; i < 10; i++) await add(as, { tenth: 0.1 });
  assert.equal((await summary(as)).fields.tenth.sum, 1);
  const many = Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`f${i}`, i]));
  await add(as, many);
  const { fields, ...rest } = await summary(as);
  assert.equal(Object.keys(fields).length, 701);
  for (let i = 0; i < 700; i++) assert.deepEqual([fields[`f${i}`].sum, rest[`average_f${i}`]], [i, i]);
});

test('null is absent: not stored, changes nothing', async () => {
  const as = 'n3';
  const made = await add(as, { date: null, steps: 5, note: null });
  assert.deepEqual([made.log.steps, 'note' in made.log, typeof made.log.date], [5, false, 'string']);
  const put = await ok('PUT', `/api/progress/log/${made.id}`, { as, body: { steps: null, mood: 'fine', date: null } });
  assert.deepEqual([put.updated_log.steps, put.updated_log.mood, put.updated_log.date], [5, 'fine', made.log.date]);
  for (const body of [{ user_id: as, date: null }, { user_id: as, log_id: 1, created_at: 'x' }, { user_id: as }]) {
    const answer = await server.call('POST', '/api/progress/log', { as, body });
    assert.deepEqual([answer.status, answer.json.errors?.[0]?.field], [400, 'body'], JSON.stringify(body));
    assert.equal((await server.call('PUT', `/api/progress/log/${made.id}`, { as, body })).status, 400);
  }
  const foreign = await server.call('PUT', `/api/progress/log/${made.id}`, { as, body: { user_id: 'somebody' } });
  assert.deepEqual([foreign.status, foreign.json.errors[0].field], [400, 'user_id']);
  assert.equal((await server.call('PUT', `/api/progress/log/${made.id}`, { as: 'n9', body: { user_id: 'somebody' } })).status, 403);
});

test('an entry is of the day written in its date; a Z instant of the day in display_timezone', async () => {
  const as = 'n4';
  const dates = [
    ['2025-03-02T00:30:00+01:00', '2025-03-02'], ['2025-03-02T23:30:00-11:00', '2025-03-02'], ['2025-03-02', '2025-03-02'],
    ['2025-03-02T10:00:00', '2025-03-02'], ['2025-03-01T19:00:00Z', '2025-03-02'], ['2025-03-01T18:00:00Z', '2025-03-01'],
    ['2025-03-02T19:00:00Z', '2025-03-03'], ['2025-03-03T00:30:00+14:00', '2025-03-03'],
  ];
  for (const [date] of dates) await add(as, { date, v: 1 });
  await add(as, `{"user_id":"${as}","v":1,"date":"2025-03-02T00:30:00\\u002b01:00"}`);
  for (const day of ['2025-03-01', '2025-03-02', '2025-03-03']) {
    const { progress_logs: found } = await ok('GET', `/api/progress/${as}?from=${day}&to=${day}`, { as });
    const wanted = [...dates.filter(([, of]) => of === day).map(([date]) => date), ...(day === '2025-03-02' ? ['2025-03-02T00:30:00+01:00'] : [])];
    assert.deepEqual(found.map(({ date }) => date).sort(), wanted.sort(), day);
    const past = await ok('GET', `/api/progress/${as}?as_of=2100-01-01&from=${day}&to=${day}`, { as });
    assert.deepEqual(past.progress_logs.map(({ date }) => date).sort(), wanted.sort(), day);
  }
  const { progress_logs: by_instant } = await ok('GET', `/api/progress/${as}?from=2025-03-02T19:00:00Z`, { as });
  assert.deepEqual(by_instant.map(({ date }) => date), ['2025-03-02T23:30:00-11:00', '2025-03-02T19:00:00Z']);
  assert.equal((await ok('GET', `/api/progress/${as}?from=&to=`, { as })).progress_logs.length, dates.length + 1);
  const { progress_logs: all } = await ok('GET', `/api/progress/${as}?limit=3`, { as }); // newest first, then log_id
  assert.deepEqual(all.map(({ date }) => date), ['2025-03-02T23:30:00-11:00', '2025-03-02T19:00:00Z', '2025-03-03T00:30:00+14:00'].sort((a, b) => new Date(b) - new Date(a)));
});

test('changes of one entry at once are each of their own, and together one commit', async () => {
  const as = 'n5';
  const { id } = await add(as, { v: 0 });
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => server.call('PUT', `/api/progress/log/${id}`, { as, body: { [`m${i}`]: i } })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  const { progress_logs: [entry] } = await ok('GET', `/api/progress/${as}`, { as });
  for (let i = 0; i < 40; i++) assert.equal(entry[`m${i}`], i);
  const [gone, late, cleared] = await Promise.all([
    server.call('DELETE', `/api/progress/log/${id}`, { as }), server.call('PUT', `/api/progress/log/${id}`, { as, body: { late: 1 } }),
    server.call('DELETE', `/api/progress/user/${as}/logs`, { as }),
  ]);
  assert.ok([200, 404].includes(late.status) && (gone.status === 200) !== (cleared.status === 200), `${gone.status} ${late.status} ${cleared.status}`);
  assert.equal((await ok('GET', `/api/progress/${as}`, { as })).progress_logs.length, 0);
  for (const [method, body] of [['PUT', { v: 1 }], ['DELETE']]) {
    assert.equal((await server.call(method, `/api/progress/log/${id}`, { as, body })).status, 404);
    assert.equal((await server.call(method, `/api/progress/log/${id}`, { as: 'n6', body })).status, 403); // whose it was stays known
    assert.equal((await server.call(method, '/api/progress/log/99999999', { as, body })).status, 404);
  }
});

test('ADMIN changes the entry of another: the history says who, the owner keeps it', async () => {
  const as = 'n7';
  const { id } = await add(as, { v: 1 });
  const put = await ok('PUT', `/api/progress/log/${id}`, { as: 'admin:boss', body: { v: 2, user_id: as } });
  assert.equal(put.updated_log.user_id, as);
  await ok('PUT', `/api/progress/log/${id}`, { as: `admin:${as}`, body: { v: 3 } });
  const { history } = await ok('GET', `/api/progress/log/${id}/history`, { as });
  assert.deepEqual(history.map(({ actor }) => actor), [as, 'boss', as]);
  const first = await ok('GET', `/api/progress/log/${id}/history?limit=2`, { as });
  assert.deepEqual(first.history, history.slice(0, 2));
  const rest = await ok('GET', `/api/progress/log/${id}/history?cursor=${first.nextCursor}`, { as });
  assert.deepEqual([rest.history, 'nextCursor' in rest], [history.slice(2), false]);
});

test('budgets: members of an entry, bytes and entries of a learner; what goes makes room', async () => {
  const as = 'n8';
  const member = (i) => [`k${i}`, i];
  const { id } = await add(as, Object.fromEntries(Array.from({ length: 900 }, (_, i) => member(i))));
  const over = await server.call('PUT', `/api/progress/log/${id}`, { as, body: Object.fromEntries(Array.from({ length: 101 }, (_, i) => member(1000 + i))) });
  assert.deepEqual([over.status, /1,000 members/.test(over.json.message)], [400, true], over.text);
  const note = 'x'.repeat(16000);
  const ids = [];
  let full;
  for (let i = 0; i < 1100 && !full; i += 20) {
    const made = await Promise.all(Array.from({ length: 20 }, () => server.call('POST', '/api/progress/log', { as, body: { user_id: as, note } })));
    for (const { status, json, text } of made) {
      assert.ok(status === 201 || (status === 409 && /16 MiB in all/.test(json.message)), text);
      if (status === 201) ids.push(json.id);
      else full = true;
    }
  }
  assert.ok(full && ids.length > 1000 && ids.length < 1050, String(ids.length));
  assert.equal((await server.call('PUT', `/api/progress/log/${id}`, { as, body: { note } })).status, 400); // 16 KiB comes first
  await ok('DELETE', `/api/progress/log/${ids[0]}`, { as });
  const { event_id: before } = (await ok('GET', `/api/progress/log/${ids[1]}/history`, { as })).history[0];
  await add(as, { note });
  await ok('DELETE', `/api/progress/user/${as}/logs`, { as });
  await add(as, { note });
  const rolled = await ok('POST', `/api/progress/user/${as}/rollback`, { as, body: { to: before } });
  assert.equal((await ok('GET', `/api/progress/${as}`, { as })).progress_logs.length, rolled.total_logs);
  await ok('DELETE', `/api/progress/user/${as}/logs`, { as });
  assert.equal((await server.call('DELETE', `/api/progress/user/${as}/logs`, { as })).status, 404);
});

test('rollbacks beside writes: each is of what it saw, and what is counted is what is there', async () => {
  const as = 'n10';
  const { id } = await add(as, { v: 0 });
  const { event_id: to } = (await ok('GET', `/api/progress/log/${id}/history`, { as })).history[0];
  const statuses = new Set();
  for (let round = 0; round < 10; round++) {
    const answers = await Promise.all([
      ...Array.from({ length: 8 }, (_, i) => server.call('POST', '/api/progress/log', { as, body: { user_id: as, v: i } })),
      ...Array.from({ length: 4 }, () => server.call('POST', `/api/progress/user/${as}/rollback`, { as, body: { to } })),
    ]);
    for (const { status } of answers) statuses.add(status);
  }
  assert.ok([...statuses].every((status) => [200, 201, 503].includes(status)), [...statuses].join());
  await ok('POST', `/api/progress/user/${as}/rollback`, { as, body: { to } });
  assert.deepEqual((await ok('GET', `/api/progress/${as}`, { as })).progress_logs.map(({ log_id }) => log_id), [id]);
});

test('a rollback of many entries is whole for who reads after it, and after a kill in its middle', async () => {
  const own = await Server.start({});
  const as = 'many';
  const log = async (method, path, body) => {
    const answer = await own.call(method, path, { as, body });
    assert.ok(answer.status < 300, answer.text);
    return answer.json;
  };
  for (let i = 0; i < 1500; i += 50) await Promise.all(Array.from({ length: 50 }, (_, n) => log('POST', '/api/progress/log', { user_id: as, n: i + n, note: 'x'.repeat(300) })));
  const newest = Math.max(...(await log('GET', `/api/progress/${as}`)).progress_logs.map(({ log_id }) => log_id));
  const whole = (await log('GET', `/api/progress/log/${newest}/history`)).history[0].event_id;
  const count = async () => (await log('GET', `/api/progress/${as}`)).progress_logs.length;
  for (let round = 0; round < 3; round++) {
    await log('POST', `/api/progress/user/${as}/rollback`, { to: '2000-01-01' });
    assert.equal(await count(), 0);
    await log('POST', `/api/progress/user/${as}/rollback`, { to: whole });
    assert.equal((await log('POST', '/api/progress/log', { user_id: as, n: -1 })).message, 'Progress logged successfully'); // waits for it
    assert.equal(await count(), 1501);
    assert.equal((await log('DELETE', `/api/progress/user/${as}/logs`)).deleted_log_count, 1501);
    assert.equal((await log('GET', `/api/progress/summary/${as}`)).total_logs, 0);
    await log('POST', `/api/progress/user/${as}/rollback`, { to: whole });
  }
  await own.stop('SIGKILL'); // right after the answer: the rows are not all there
  const again = await Server.start({ directory: own.directory });
  const answer = await again.call('GET', `/api/progress/${as}`, { as });
  assert.equal(answer.json.progress_logs.length, 1500);
  assert.deepEqual(answer.json.progress_logs.map(({ n }) => n).sort((a, b) => a - b), Array.from({ length: 1500 }, (_, i) => i));
  assert.equal((await again.discard()).code, 0, again.log);
});
