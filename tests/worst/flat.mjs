// What the dashboard asks (contract 9) costs the same however many learners there are: each answer is asked of a course of
// 100 and of 10,000 learners with 20 records each, and the work it counts (tests/worst/count_work.c: basic blocks,
// bytes moved, allocations, SQLite's steps; no clock) grows by less than 1.3. Lists of learners look at each learner once
// and are told beside it.
//   MILEPOST=build-count/milepost BENCH_FILL=build-release/bench_fill node --test tests/worst/flat.mjs
// FLAT_SIZES=100,10000,100000 for more.
import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Server, newDirectory } from '../wire/server.mjs';

const RATIO = 1.3;
const TIMES = 7;
const sizes = (process.env.FLAT_SIZES ?? '100,10000').split(',').map(Number);
const fill = process.env.BENCH_FILL ?? 'build-release/bench_fill';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function counted(file) {
  const bytes = readFileSync(file);
  let sum = 0;
  for (let at = 0; at + 32 <= bytes.length; at += 32)
    if (bytes.toString('latin1', at + 8, at + 21) !== 'checkpointer\0') sum += Number(bytes.readBigUInt64LE(at));
  return sum;
}
async function settled(file) {
  for (let last = counted(file), still = 0; ; ) {
    await sleep(15);
    const now = counted(file);
    still = now - last < 1500 ? still + 1 : 0;
    last = now;
    if (still >= 2) return now;
  }
}

const admin = 'admin:9', learner = 'learner-7';
const course = '/api/v1/courses/100';
const flat = {
  'analytics: byStatus, percentBuckets, days, contents': [`${course}/analytics`, admin],
  'me, of an instructor': ['/api/v1/me', 'instructor:9'],
  "the catalogue's list, with figures": ['/api/v1/catalog/courses?page=1', admin],
  "a learner's courses": [`/api/v1/users/${learner}/courses`, learner],
  'engagement, with days': [`/progress/engagement/${learner}`, learner],
  'history, 20 events': [`/api/v1/users/${learner}/history?limit=20`, learner],
  'a video, with its parts': [`/progress/${learner}/video-3?segments=1`, learner],
  system: ['/api/v1/system', admin],
};
const lists = {
  '/all, 20 rows by last activity': [`${course}/learners?logs=0&sortBy=lastActivity&order=desc`, admin],
  '/all, 20 rows by progress': [`${course}/learners?logs=0&sortBy=progress`, admin],
  '/all, at risk': [`${course}/learners?logs=0&atRisk=1`, admin],
  '/all, q': [`${course}/learners?logs=0&q=77`, admin],
  leaderboard: [`${course}/leaderboard`, admin],
  "an item's learners, 20 rows": [`${course}/items/video-3/learners`, admin],
  "a video's summary, again": ['/progress/summary/video-3', admin],
};

test('the work of each answer', { timeout: 900000 }, async (t) => {
  const rows = new Map();
  for (const size of sizes) {
    const directory = newDirectory(), file = join(newDirectory(), 'work');
    execFileSync(fill, ['--data', directory, '--learners', String(size), '--items', '20', '--events', String(20 * size), '--one-course', 'yes']);
    const server = await Server.start({ directory, flags: ['--threads', '1'], env: { COUNTED_WORK_FILE: file } });
    for (const [name, [path, as]] of Object.entries({ ...flat, ...lists })) {
      let least = Infinity, quickest = Infinity;
      for (let i = 0; i <= TIMES; i++) {
        const before = await settled(file), began = performance.now();
        const answer = await server.call('GET', path, { as });
        const ms = performance.now() - began;
        assert.equal(answer.status, 200, `${path}: ${answer.text}`);
        const work = (await settled(file)) - before;
        if (i > 0) [least, quickest] = [Math.min(least, work), Math.min(quickest, ms)]; // the first one finds nothing ready
      }
      rows.set(name, [...(rows.get(name) ?? []), [least, quickest]]);
    }
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
  t.diagnostic(`| answer | ${sizes.map((size) => `${size} learners`).join(' | ')} | |`);
  for (const [name, figures] of rows) {
    const ratio = figures.at(-1)[0] / figures[0][0];
    t.diagnostic(`| ${name} | ${figures.map(([work, ms]) => `${(work / 1000).toFixed(0)} k, ${ms.toFixed(1)} ms`).join(' | ')} | ${ratio.toFixed(2)} |`);
    if (name in flat) await t.test(`${name}: ${ratio.toFixed(2)}`, () => assert.ok(ratio < RATIO, `${name} does ${ratio.toFixed(2)} times the work for ${sizes.at(-1)} learners`));
  }
});
