// kill -9 under load: whatever was answered with a 2xx is there after the restart, once, and every sum agrees.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { newDirectory, Server } from './server.mjs';

const rounds = Number(process.env.CRASH_ROUNDS ?? 6);

test(`${rounds} rounds of kill -9 under 8 writers: nothing acknowledged is lost or doubled`, async () => {
  const directory = newDirectory();
  const logs = new Map(); // entry -> user
  const time = new Map(); // user -> [acknowledged, sent] seconds
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    const server = await Server.start({ directory });
    let killed = false;
    const writer = async (k) => {
      const user = String(100 + k);
      for (; !killed; ) {
        const entry = `r${round}-${next++}`;
        const sums = time.get(user) ?? time.set(user, [0, 0]).get(user);
        try {
          const log = await server.call('POST', '/api/progress/log', { as: user, body: { user_id: user, activity: entry } });
          if (log.status === 201) logs.set(entry, user);
          sums[1] += 7;
          const report = await server.call('POST', '/user-progress/update', { as: user, body: {
            courseId: 1 + (next % 3), courseContentId: 10 * (1 + (next % 3)) + (next % 5 % 4), progressStatus: next % 11 ? 'IN_PROGRESS' : 'COMPLETED', activityDuration: 7 } });
          if (report.status === 200) sums[0] += 7;
          else if (report.status !== 400) assert.ok([503].includes(report.status), report.text);
        } catch (error) {
          if (!killed) throw error;
        }
      }
    };
    const writers = Array.from({ length: 8 }, (_, k) => writer(k));
    await new Promise((resolve) => setTimeout(resolve, 150 + 90 * round));
    killed = true;
    const end = await server.stop('SIGKILL');
    assert.equal(end.signal, 'SIGKILL');
    await Promise.all(writers);
  }
  const server = await Server.start({ directory });
  const found = new Map();
  for (let k = 0; k < 8; k++) {
    const user = String(100 + k);
    const { json } = await server.call('GET', `/api/progress/${user}`, { as: user });
    for (const log of json.progress_logs) found.set(log.activity, (found.get(log.activity) ?? 0) + 1);
    const stored = Math.round(json.data.statistics.totalTimeSpent * 60);
    const [acknowledged, sent] = time.get(user);
    assert.ok(acknowledged <= stored + 1 && stored <= sent + 1, `${user}: ${acknowledged} <= ${stored} <= ${sent}`);
  }
  for (const entry of logs.keys()) assert.equal(found.get(entry), 1, `acknowledged ${entry}`);
  for (const [entry, times] of found) assert.equal(times, 1, entry);
  assert.ok(logs.size > 50, `only ${logs.size} writes were acknowledged`);
  // Sums are those of the parts.
  for (const course of [1, 2, 3]) {
    const { results } = (await server.call('GET', `/user-progress/course/${course}/analytics`, { as: 'admin:9' })).json;
    const all = (await server.call('GET', `/user-progress/course/${course}/all?limit=100`, { as: 'admin:9' })).json.results;
    assert.equal(results.totalEnrollments, all.length);
    assert.equal(results.totalActivities, all.reduce((sum, one) => sum + one.activityLogs.length, 0));
    assert.equal(results.completedUsers, all.filter((one) => one.enrollments.enrollmentStatus === 'COMPLETED').length);
  }
  await server.stop();
  rmSync(directory, { recursive: true });
});

test('SIGTERM answers all that was accepted', async () => {
  const directory = newDirectory();
  const server = await Server.start({ directory });
  let stopping = false, answered = 0, cut = 0;
  const writer = async (k) => {
    for (let i = 0; !stopping; i++) {
      try {
        const answer = await server.call('POST', '/api/progress/log', { as: `u${k}`, body: { user_id: `u${k}`, n: i } });
        assert.equal(answer.status, 201);
        answered++;
      } catch (error) {
        if (error.cause?.code === 'ECONNREFUSED') return; // not accepted
        if (error.code === 'ERR_ASSERTION') throw error;
        cut++;
      }
    }
  };
  const writers = Array.from({ length: 16 }, (_, k) => writer(k));
  for (const end = Date.now() + 30000; answered <= 50 && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 10));
  const end = server.stop('SIGTERM');
  setTimeout(() => (stopping = true), 50);
  await Promise.all(writers);
  assert.deepEqual(await end, { code: 0, signal: null }, server.log);
  assert.ok(answered > 50);
  assert.ok(cut <= 16, `${cut} requests were cut`); // at most an idle keep-alive each that closed under a new request
  const again = await Server.start({ directory });
  let stored = 0;
  for (let k = 0; k < 16; k++) stored += (await again.call('GET', `/api/progress/summary/u${k}`, { as: `u${k}` })).json.total_logs;
  assert.ok(stored >= answered);
  await again.discard();
});

test('a second server on the same directory is refused at once', async () => {
  const server = await Server.start();
  const begun = Date.now();
  await assert.rejects(Server.start({ directory: server.directory }), /another milepost process/);
  assert.ok(Date.now() - begun < 10000); // it does not wait for the first to end
  await server.discard();
});

test('an Idempotency-Key outlives kill -9', async () => {
  const directory = newDirectory();
  let server = await Server.start({ directory });
  const send = () => server.call('POST', '/api/progress', { as: 'k', body: { contentId: 'c', progressPercentage: 10, timeSpent: 1 }, headers: { 'idempotency-key': 'one' } });
  const first = await send();
  await server.stop('SIGKILL');
  server = await Server.start({ directory });
  const again = await send();
  assert.deepEqual([again.text, again.headers.get('etag'), again.headers.get('idempotent-replayed')], [first.text, first.headers.get('etag'), 'true']);
  assert.equal((await server.call('GET', '/api/progress/k', { as: 'k' })).json.data.statistics.totalTimeSpent, 1);
  await server.discard();
});
