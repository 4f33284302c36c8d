// The authorization matrix, access.tsv: every row as all actors, GET rows as HEAD too; a refusal for a known
// and for an unknown person is the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

const lines = readFileSync(new URL('access.tsv', import.meta.url), 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
const [head, ...rows] = lines.map((line) => line.split('\t'));
const actors = { N: null, S: '301', O: '302', I: 'instructor:201', J: 'instructor:202', A: 'admin:401', Y: 'system:501', K: null };
const known = { S: '301', O: '302', c: '101', v: '1001', x: '103' };

let server;
before(async () => {
  server = await Server.start({ flags: ['--demo'] });
  await server.declare(101, [{ id: 1001, type: 'video', durationSeconds: 100 }], { staff: [{ userId: '201', role: 'INSTRUCTOR' }] });
  await server.declare(102, [], { staff: [{ userId: '202', role: 'INSTRUCTOR' }] });
  await server.declare(103, []);
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

// S has a record and a log entry before every call, so that deleting rows have something to delete.
async function fresh() {
  await server.declare(103, []);
  const record = await server.call('POST', '/api/progress', { as: '301', body: { contentId: '1001', progressPercentage: 10 } });
  const log = await server.call('POST', '/api/progress/log', { as: '301', body: { user_id: '301', activity: 'run' } });
  return { ...known, rec: record.json.data.id, log: String(log.json.id), now: new Date().toISOString() };
}

for (const [method, path, body, ...cells] of rows)
  test(`${method} ${path} ${body === '-' ? '' : body}`, async () => {
    for (const [index, actor] of head.slice(3).entries()) {
      const values = await fresh();
      const fill = (text, more = {}) => text.replace(/\{(\w+)\}/g, (all, name) => ({ ...values, ...more })[name] ?? all);
      const headers = method.endsWith('+key') || actor === 'K' ? { 'x-server-key': server.key } : {};
      if (method === 'SSE') headers.accept = 'text/event-stream';
      const verb = method === 'SSE' ? 'GET' : method.split('+')[0];
      const send = (m, more) => server.call(m, fill(path, more), { as: actors[actor], headers, body: body === '-' ? undefined : fill(body, more) });
      for (const m of verb === 'GET' ? ['GET', 'HEAD'] : [verb]) {
        const answer = await send(m);
        const want = cells[index].split(',');
        assert.ok(want.some((w) => (w === '2' ? String(answer.status).startsWith('2') : String(answer.status) === w)), `${m} as ${actor}: ${answer.status}, want ${cells[index]}: ${answer.text}`);
        if (answer.status === 403 && m !== 'HEAD' && (path + body).includes('{S}')) {
          const stranger = await send(m, { S: '999999' });
          const strip = (one) => one.text.replace(/"requestId":"[^"]*"/, '');
          assert.deepEqual([stranger.status, strip(stranger)], [403, strip(answer)], `${m} as ${actor}`);
        }
      }
    }
  });

test('role and listing are both needed', async () => {
  await server.declare(110, [], { staff: [{ userId: '5', role: 'OWNER' }, { userId: '6', role: 'INSTRUCTOR' }] });
  await server.declare(111, []);
  const status = async (as, course = 110) => (await server.call('GET', `/user-progress/course/${course}/analytics`, { as })).status;
  assert.deepEqual([await status('owner:5'), await status('owner:6'), await status('instructor:6'), await status('5'), await status('6')], [200, 403, 200, 403, 403]);
  assert.deepEqual([await status('instructor:9', 111), await status('owner:9', 111)], [200, 403]); // nobody recorded: every INSTRUCTOR, no OWNER
  const both = { token: server.token('6', ['student', 'instructor']) };
  assert.equal((await server.call('GET', '/user-progress/course/110/all', { as: both })).status, 200); // union of rights
  assert.equal((await server.call('POST', '/api/v1/Progress/video', { as: both, body: { UserId: '6', VideoId: 'q', CurrentTimeSeconds: 1 } })).status, 200);
});
