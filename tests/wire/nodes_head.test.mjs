// Which requests to one of several nodes wait for the log's head: who looks into the model first. Decision 0024.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from './nodes.mjs';

let cluster;
before(async () => (cluster = await Cluster.start()));
after(() => cluster?.remove());

const waits = async (node) => {
  const text = (await node.call('GET', '/metrics', { headers: { 'x-server-key': node.key } })).text;
  return Number(/^milepost_log_head_waits_total (\d+)$/m.exec(text)[1]);
};

test("a write waits for the log's head when the model says who may", async (t) => {
  if (!cluster) return t.skip('no PostgreSQL server is installed here');
  const node = await cluster.node('head');
  const waited = async (as, method, path, body, status) => {
    const before = await waits(node);
    const answer = await node.call(method, path, { as, body });
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    return (await waits(node)) - before;
  };
  try {
    const own = { userId: 'anna', videoId: 'v1', courseId: 'c1', watchedDuration: 10, duration: 100 };
    assert.equal(await waited('anna', 'POST', '/progress/update', own, 200), 0);
    assert.equal(await waited('admin:1', 'POST', '/progress/update', own, 200), 0);
    assert.equal(await waited('berta', 'POST', '/progress/update', own, 403), 0);
    assert.equal(await waited('anna', 'GET', '/progress/anna/v1', undefined, 200), 1);
    const update = { userId: 5, courseId: 7, courseContentId: 70, progressStatus: 'IN_PROGRESS' };
    assert.equal(await waited('instructor:tom', 'POST', '/user-progress/update', update, 403), 1);
    assert.equal(await waited('admin:1', 'DELETE', '/api/v1/users/anna', undefined, 200), 1);
    await node.discard();
  } finally {
    for (const one of cluster.started.splice(0)) one.process.kill('SIGKILL');
  }
});
