// What makes a learner's progress, over the wire: time, clocks, days, previews, webhooks, budgets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  const end = await server.discard();
  assert.deepEqual(end, { code: 0, signal: null }, server.log);
});

const trk = (as, body) => server.call('POST', '/api/progress', { as, body: { progressPercentage: 1, ...body } });

test('many short reports add up; courseroom shows whole seconds', async () => {
  for (let i = 0; i < 100; i++) assert.equal((await trk('t1', { contentId: '7001', moduleId: '700', timeSpent: 0.008 })).status, 201);
  const record = (await server.call('GET', '/api/progress/t1/700', { as: 't1' })).json.data;
  assert.equal(record.progress[0].timeSpent, 0.8); // 100 x 480 ms
  assert.equal(record.statistics.totalTimeSpent, 0.8);
  assert.equal((await server.call('GET', '/user-progress/700/t1', { as: 't1' })).status, 400); // no integer id
  await trk('71', { contentId: '7101', moduleId: '710', timeSpent: 0.025 }); // 1,500 ms: half up
  const shown = await server.call('GET', '/user-progress/710/71', { as: 71 });
  assert.equal(shown.json.results.activityLogs[0].activityDuration, 2);
});

test('seven days of minutes are taken, more is not', async () => {
  assert.equal((await trk('t2', { contentId: 'a', timeSpent: 10080 })).json.data.timeSpent, 10080);
  for (const timeSpent of [10081, 10080.001, 1e300]) {
    const over = await trk('t2', { contentId: 'a', timeSpent });
    assert.deepEqual([over.status, over.json.errors[0].field], [400, 'timeSpent'], String(timeSpent));
  }
  assert.equal((await trk('t2', { contentId: 'a' })).json.data.timeSpent, 10080);
});
