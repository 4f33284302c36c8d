// Exports that somebody changed, with a checksum that fits: refused with exit 1 or taken and whole, never a crash.
// HOSTILE_ROUNDS=2000 for a long run, best with a binary that has the sanitizers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checksum } from './checksum.mjs';
import { binary, run, Server } from './server.mjs';

const rounds = Number(process.env.HOSTILE_ROUNDS ?? 60);
let state = Number(process.env.HOSTILE_SEED ?? 1);
const random = (below) => (state = (state * 1103515245 + 12345) % 2147483648) % below;
const pick = (list) => list[random(list.length)];
const numbers = [0, 1, -1, 255, 10001, 2 ** 31, 2 ** 32 - 1, 3000000000, 2 ** 53, 1e300];
const texts = ['', 'reported', 'item_observed', 'course_declared', 'erased', 'logged', 'reset', 'logs_rolled_back', 'ff'.repeat(20), '7f00', 'y'.repeat(20000), '0001-01-01T00:00:00.000Z'];

function changed(value) {
  if (Array.isArray(value)) return random(3) ? value.map((one, i) => (i === 0 ? changed(one) : one)) : Array(1200).fill(value[0] ?? 1);
  if (value && typeof value === 'object') {
    const key = pick(Object.keys(value));
    if (key === undefined) return value;
    if (random(6) === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    return { ...value, [random(10) ? key : pick(['body', 'metadata', 'report', 'log'])]: changed(value[key]) };
  }
  if (typeof value === 'number') return pick([...numbers, value + 1]);
  if (typeof value !== 'string' || random(3) === 0) return pick([...numbers, ...texts]);
  const at = random(value.length + 1);
  return value.slice(0, at) + pick(['0', 'f', '7', 'x']) + value.slice(at + 1);
}

test(`${rounds} exports that were changed`, async () => {
  const room = mkdtempSync(join(tmpdir(), 'milepost-hostile-'));
  const server = await Server.start();
  await server.declare(1, [{ id: 11, durationSeconds: 100, type: 'video' }, { id: 12, threshold: 50 }], { staff: [{ userId: 'st', role: 'OWNER' }] });
  for (const as of ['1', 'u é']) {
    await server.call('POST', '/progress/sync', { as, body: { userId: as, progressData: [{ videoId: '11', watchedDuration: 7, segments: [[0, 3], [5, 9]], eventId: 'e' }, { videoId: 'free', courseId: 'c', watchedDuration: 3 }] } });
    await server.call('POST', '/user-progress/update', { as, body: { courseId: 1, courseContentId: 12, progressStatus: 'COMPLETED', metadata: { a: 1.1, b: [1, { c: null }] }, activityDuration: 60 } });
    const log = await server.call('POST', '/api/progress/log', { as, body: { user_id: as, value: 1.1 } });
    await server.call('PUT', `/api/progress/log/${log.json.id}`, { as, body: { value: 2 } });
    await server.call('POST', `/api/progress/user/${encodeURIComponent(as)}/rollback`, { as, body: { to: '2100-01-01' } });
  }
  await server.call('POST', '/progress/update', { as: 'gone', body: { userId: 'gone', videoId: 'g', watchedDuration: 1 } });
  await server.call('DELETE', '/api/v1/users/gone', { as: 'gone' });
  await server.call('DELETE', '/api/v1/catalog/courses/1', { as: 'admin:1' });
  const lines = run('export', '--data', server.directory).stdout.trimEnd().split('\n').slice(0, -1).map((line) => JSON.parse(line));
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const [file, to] = [join(room, 'f.jsonl'), join(room, 'd')];
    rmSync(to, { recursive: true, force: true });
    const now = [...lines];
    for (let i = random(3); i >= 0; i--) {
      const at = random(now.length);
      now[at] = changed(now[at]);
    }
    const text = now.map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(file, `${text}${JSON.stringify({ end: true, events: now.filter((line) => line?.event !== undefined).length, crc32: checksum(text) })}\n`);
    const done = spawnSync(binary, ['import', file, '--data', to], { encoding: 'utf8', timeout: 20000 });
    assert.ok(done.status === 0 || done.status === 1, `round ${round}: ${done.status} ${done.signal} ${done.stderr}`);
    refused += done.status;
    if (done.status) continue;
    const verified = run('verify', '--data', to);
    assert.equal(verified.status, 0, `round ${round}: ${verified.stdout}${verified.stderr}`);
    assert.equal(run('export', '--data', to).status, 0, `round ${round}`);
  }
  assert.ok(refused > rounds / 3 && refused < rounds, `${refused} of ${rounds} refused`);
  assert.equal((await server.discard()).code, 0, server.log);
  rmSync(room, { recursive: true, force: true });
});
