// No step of the server is quadratic in what anybody may store or send: each route and command is driven at N and at
// 2 N, and the work it counts (tests/worst/count_work.c: basic blocks, bytes moved, allocations, SQLite's steps; no
// clock) grows by less than 2.3. Work of all threads counts but what is written behind, which comes
// when it is due: the command rebuild counts that.
//   MILEPOST=build-count/milepost node --test tests/worst/growth.mjs
// GROWTH=short: smaller N, each step once (./test). GROWTH_TELL=1 prints every figure.
import assert from 'node:assert';
import { readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { Server, binary, newDirectory } from '../wire/server.mjs';

const RATIO = 2.3;
const FLOOR = 100000; // below that a figure is start-up and chance
const SHORT = process.env.GROWTH === 'short';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function counted(file) {
  const bytes = readFileSync(file);
  let sum = 0;
  for (let at = 0; at + 32 <= bytes.length; at += 32)
    if (bytes.toString('latin1', at + 8, at + 21) !== 'checkpointer\0') sum += Number(bytes.readBigUInt64LE(at));
  return sum;
}

// The count once nothing has moved for a while; threads that only look around now and then do not count as moving.
async function settled(file) {
  for (let last = counted(file), still = 0; ; ) {
    await sleep(25);
    const now = counted(file);
    still = now - last < 1500 ? still + 1 : 0;
    last = now;
    if (still >= 3) return now;
  }
}

class Counted {
  static async start() {
    const self = new Counted();
    self.directory = newDirectory();
    self.file = join(newDirectory(), 'work');
    self.server = await Server.start({ directory: self.directory, flags: ['--threads', '1'], env: { COUNTED_WORK_FILE: self.file } });
    return self;
  }
  async ask(method, path, options = {}, good = [200, 201]) {
    const answer = await this.server.call(method, path, options);
    assert.ok(good.includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`);
    return answer;
  }
  async work(run, times) {
    let least = Infinity;
    for (let i = 0; i < times; i++) {
      const before = await settled(this.file);
      await run(this, i);
      least = Math.min(least, (await settled(this.file)) - before);
    }
    return least;
  }
}

function commandWork(...args) {
  const file = join(newDirectory(), 'work');
  const end = spawnSync(binary, args, { encoding: 'utf8', env: { PATH: process.env.PATH, COUNTED_WORK_FILE: file } });
  assert.equal(end.status, 0, `${args.join(' ')}: ${end.stdout.slice(-300)}${end.stderr.slice(-300)}`);
  return counted(file);
}

// Beside the running server, and on copies made of it.
function commandsOn(directory, note) {
  const out = newDirectory();
  const told = (step, ...args) => note(step, commandWork(...args));
  told('verify', 'verify', '--data', directory);
  told('backup', 'backup', join(out, 'backup'), '--data', directory);
  told('restore', 'restore', join(out, 'backup'), '--data', join(out, 'restored'));
  told('export', 'export', '--out', join(out, 'all'), '--data', directory);
  told('export --user', 'export', '--user', '1001', '--out', join(out, 'one'), '--data', directory);
  told('import', 'import', join(out, 'all'), '--data', join(out, 'imported'));
  told('rebuild', 'rebuild', '--data', join(out, 'imported'));
  told('erase --user', 'erase', '--user', '1001', '--data', join(out, 'imported'));
  rmSync(out, { recursive: true, force: true });
}

// steps: [name, what to do, how often (the least counts); writes that can be done once: 1]
const dimensions = [];

// step -> what it cost at `n` and at 2 n, or the error it ended with
async function figuresAt(n, fill, steps, commands) {
  const figures = new Map();
  const note = (step, figure) => figures.set(step, [...(figures.get(step) ?? []), figure]);
  for (const size of [n, 2 * n]) {
    const counter = await Counted.start();
    await fill(counter, size);
    if (commands) commandsOn(counter.directory, note);
    for (const [step, run, times = 3] of steps)
      note(step, await counter.work((c, i) => run(c, size, i), SHORT ? Math.min(times, 2) : times).catch((error) => error));
    await counter.server.stop();
    rmSync(counter.directory, { recursive: true, force: true });
  }
  return figures;
}

const failed = (figures) => figures.find((figure) => figure instanceof Error);
const steep = ([one, two]) => two >= FLOOR && two / one >= RATIO;

function grows(name, full, fill, steps, { commands = true } = {}) {
  const n = SHORT && full > 500 ? full / 2 : full;
  dimensions.push([`${name}: ${n} and ${2 * n}`, async (t) => {
    const figures = await figuresAt(n, fill, steps, commands);
    // What a step does by chance (a timer's turn) falls on it once; what it does for its size it does each time.
    if ([...figures.values()].some((of) => !failed(of) && steep(of)))
      for (const [step, again] of await figuresAt(n, fill, steps, commands))
        if (steep(figures.get(step))) figures.set(step, again);
    for (const [step, [one, two]] of figures) {
      const error = failed([one, two]);
      const ratio = (two / one).toFixed(2);
      if (process.env.GROWTH_TELL) console.log(`# ${name}: ${step}: ${one} ${two} ${ratio}`);
      await t.test(error ? step : `${step}: ${(one / 1000).toFixed(0)} k, ${(two / 1000).toFixed(0)} k, ${ratio}`, () => {
        assert.ifError(error);
        assert.ok(!steep([one, two]), `${step} does ${ratio} times the work for twice as much`);
      });
    }
  }]);
}

const get = (path, as = '1001', headers) => (c) => c.ask('GET', path, { as, headers });
const csv = { accept: 'text/csv' };
const post = (path, body, as = '1001', good) => (c, size, i) =>
  c.ask('POST', path, { as, body: typeof body === 'function' ? body(size, i) : body }, good);
const many = (count, of) => Array.from({ length: count }, (_, i) => of(i));

async function sync(c, user, count, more = {}, first = 0) {
  for (let at = 0; at < count; at += 1000)
    await c.ask('POST', '/progress/sync', {
      as: user,
      body: { userId: user, progressData: many(Math.min(1000, count - at), (i) => ({ videoId: `7${first + at + i}`, watchedDuration: 5, duration: 10, ...more })) },
    });
}

const ownReads = [
  ['pts summary', get('/api/v1/Progress/summary/1001')],
  ['pts course', get('/api/v1/Progress/course/1001/900')],
  ['pts videos', get('/api/v1/Progress/videos/1001/900')],
  ['courseroom record', get('/user-progress/900/1001')],
  ['courseroom activities', get('/user-progress/900/1001/activities')],
  ['courseroom activities csv', get('/user-progress/900/1001/activities', '1001', csv)],
  ['trk user', get('/api/progress/1001')],
  ['trk user, a page', get('/api/progress/1001?limit=20')],
  ['trk module', get('/api/progress/1001/900')],
  ['trk labs', get('/api/progress/1001/labs')],
  ['trk games', get('/api/progress/1001/games')],
  ['video list', get('/progress/1001')],
  ['video list, a page', get('/progress/1001?limit=20')],
  ['video', get('/progress/1001/70')],
  ['engagement', get('/progress/engagement/1001')],
  ['engagement csv', get('/progress/engagement/1001', '1001', csv)],
  ['video summary', get('/progress/summary/70')],
  ['whole progress', get('/api/v1/users/1001/progress')],
  ['as of', get('/api/v1/users/1001/progress?as_of=2100-01-01')],
  ['trk as of', get('/api/progress/1001?as_of=2100-01-01')],
  ['export of a user', get('/api/v1/users/1001/export')],
];
const staffReads = [
  ['all', get('/user-progress/course/900/all?sortBy=progress', 'admin:900')],
  ['all by date', get('/user-progress/course/900/all?sortBy=enrollmentDate&page=2', 'admin:900')],
  ['all csv', get('/user-progress/course/900/all', 'admin:900', csv)],
  ['leaderboard', get('/user-progress/course/900/leaderboard', 'admin:900')],
  ['leaderboard csv', get('/user-progress/course/900/leaderboard', 'admin:900', csv)],
  ['analytics', get('/user-progress/course/900/analytics', 'admin:900')],
  ['stats', get('/api/progress/stats/900', 'admin:900')],
  ['stats, a page', get('/api/progress/stats/900?limit=20', 'admin:900')],
  ['catalogue course', get('/api/v1/catalog/courses/900', 'admin:900')],
  ['catalogue', get('/api/v1/catalog/courses', 'admin:900')],
  ['somebody else of the past', get('/api/v1/users/1002/progress?as_of=2100-01-01', '1002')],
];
const ownWrites = [
  ['update', post('/progress/update', (size, i) => ({ userId: '1001', videoId: '71', watchedDuration: 6 + i }))],
  ['update of a new item', post('/progress/update', (size, i) => ({ userId: '1001', videoId: `8${i}`, courseId: '900', watchedDuration: 6 }), '1001', [200, 404])],
  ['pts report', post('/api/v1/Progress/video', (size, i) => ({ UserId: '1001', VideoId: '72', CurrentTimeSeconds: 1 + i }))],
  ['trk report', post('/api/progress', (size, i) => ({ contentId: '73', progressPercentage: 10 + i }))],
  ['courseroom report', post('/user-progress/update', (size, i) => ({ courseId: 900, courseContentId: '74', progressStatus: 'IN_PROGRESS', activityDuration: i }), '1001', [200, 400])],
  ['delete', (c, size, i) => c.ask('DELETE', `/progress/1001/7${5 + i}`, { as: '1001' })],
  ['a log', post('/api/progress/log', (size, i) => ({ user_id: '1001', x: i }))],
  ['another learner', post('/progress/update', (size, i) => ({ userId: '1002', videoId: '71', watchedDuration: 6 + i }), '1002')],
];
const lasting = [ // what changes much is done once, at the end
  ['reset of an item', post('/user-progress/reset', { courseId: 900, userId: '1001', courseContentId: '79' }, 'admin:900', [200, 400, 404]), 1],
  ['reset', post('/user-progress/reset', { courseId: 900, userId: '1001' }, 'admin:900'), 1],
];
const gone = [['erasure', (c) => c.ask('DELETE', '/api/v1/users/1001', { as: '1001' }), 1]];

const other = (c) => c.ask('POST', '/progress/update', { as: '1002', body: { userId: '1002', videoId: '70', courseId: '900', watchedDuration: 1 } });

grows('records of one learner in one observed course', 3000, async (c, n) => {
  await sync(c, '1001', n, { courseId: '900' });
  await other(c);
}, [...ownReads, ...staffReads, ...ownWrites,
  ['declaring it', (c, size) => c.server.declare('900', many(size, (i) => ({ id: `7${i}`, title: 'x', durationSeconds: 100 }))), 1],
  ['declaring it again', (c, size) => c.server.declare('900', many(size, (i) => ({ id: `7${i}`, title: 'y', durationSeconds: 50 }))), 1],
  ['undeclaring it', (c) => c.ask('DELETE', '/api/v1/catalog/courses/900', { as: 'admin:900' }), 1],
  ...lasting, ...gone]);

grows('items of a declared course', 3000, async (c, n) => {
  await c.server.declare('900', many(n, (i) => ({ id: `7${i}`, title: 'x', type: i % 2 ? 'lab' : 'video', durationSeconds: 100 })));
  await other(c);
  await c.ask('POST', '/progress/update', { as: '1001', body: { userId: '1001', videoId: '70', watchedDuration: 1 } });
}, [...ownReads, ...staffReads, ...ownWrites, ...lasting, ...gone]);

grows('courseless items, then attached', 2000, async (c, n) => {
  await sync(c, '1001', n);
  await other(c);
}, [
  ['one attached', post('/progress/update', (size, i) => ({ userId: '1001', videoId: `7${20 + i}`, courseId: '901', watchedDuration: 1 }))],
  ['all attached', (c, size) => sync(c, '1001', size - 100, { courseId: '900' }, 100), 1],
  ['adopted by a declaration', (c, size) => c.server.declare('902', many(50, (i) => ({ id: `7${30 + i}` }))), 1],
  ...gone]);

grows('courses of one learner', 400, async (c, n) => {
  for (let at = 0; at < n; at += 1000)
    await c.ask('POST', '/progress/sync', { as: '1001', body: { userId: '1001', progressData: many(Math.min(1000, n - at), (i) => ({ videoId: `7${at + i}`, courseId: `${900 + at + i}`, watchedDuration: 5 })) } });
  await other(c);
}, [...ownReads, ...staffReads, ...ownWrites,
  ['declaring one', (c, size, i) => c.server.declare('900', many(3, (k) => ({ id: `d${i}${k}` })))],
  ...lasting, ...gone]);

grows('learners of one course', 1500, async (c, n) => {
  await c.server.declare('900', many(5, (i) => ({ id: `7${i}`, durationSeconds: 10 })));
  for (let at = 0; at < n; at += 50)
    await Promise.all(many(50, (i) => c.ask('POST', '/progress/update', { as: 'system:s', body: { userId: `${at + i + 1001}`, videoId: `7${i % 5}`, watchedDuration: 5, segments: [[0, 1 + (i % 9)]] } })));
}, [...ownReads, ...staffReads, ...ownWrites,
  ['bulk', post('/user-progress/bulk', (size) => ({ courseId: 900, userIds: many(size / 5, (i) => i + 1001) }), 'admin:900')],
  ['bulk of one', post('/user-progress/bulk', (size) => ({ courseId: 900, userIds: many(size / 5, () => 1001) }), 'admin:900')],
  ['an edit', (c, size, i) => c.server.declare('900', many(6 + i, (k) => ({ id: `7${k}`, durationSeconds: 10 }))), 2],
  ['an edit that changes no count', (c, size, i) => c.server.declare('900', many(7, (k) => ({ id: `7${k}`, title: `t${i}`, durationSeconds: 10 }))), 2],
  ['undeclaring it', (c) => c.ask('DELETE', '/api/v1/catalog/courses/900', { as: 'admin:900' }), 1],
  ...lasting, ...gone]);

grows('log entries of one learner', 1000, async (c, n) => {
  for (let at = 0; at < n; at += 25)
    await Promise.all(many(25, (i) => c.ask('POST', '/api/progress/log', { as: '1001', body: { user_id: '1001', date: `2026-01-${1 + (at % 28) < 10 ? '0' : ''}${1 + (at % 28)}`, steps: i, [`n${(at + i) % 400}`]: i } })));
  await other(c);
}, [
  ['trk user', get('/api/progress/1001')],
  ['a page of logs', get('/api/progress/1001?limit=20')],
  ['logs of a day', get('/api/progress/1001?from=2026-01-02&to=2026-01-03')],
  ['logs csv', get('/api/progress/1001', '1001', csv)],
  ['log summary', get('/api/progress/summary/1001')],
  ['history of an entry', get('/api/progress/log/1/history')],
  ['logs as of', get('/api/progress/1001?as_of=2100-01-01')],
  ['export of a user', get('/api/v1/users/1001/export')],
  ['a log', post('/api/progress/log', (size, i) => ({ user_id: '1001', x: i }))],
  ['a log changed', (c, size, i) => c.ask('PUT', '/api/progress/log/1', { as: '1001', body: { x: i } })],
  ['a log deleted', (c, size, i) => c.ask('DELETE', `/api/progress/log/${2 + i}`, { as: '1001' })],
  ['rollback of little', post('/api/progress/user/1001/rollback', (size) => ({ to: size }))],
  ['rollback of half', post('/api/progress/user/1001/rollback', (size) => ({ to: size / 2 })), 1],
  ['clearing', (c) => c.ask('DELETE', '/api/progress/user/1001/logs', { as: '1001' }), 1],
  ['rollback of the clearing', post('/api/progress/user/1001/rollback', (size) => ({ to: size })), 1],
  ...gone]);

grows('changes of one log entry and rollbacks', 250, async (c, n) => {
  await c.ask('POST', '/api/progress/log', { as: '1001', body: { user_id: '1001', x: 1 } });
  for (let i = 0; i < n; i++) {
    await c.ask('PUT', '/api/progress/log/1', { as: '1001', body: { x: i } });
    await c.ask('POST', '/api/progress/user/1001/rollback', { as: '1001', body: { to: i + 1 } });
  }
  await other(c);
}, [
  ['history of an entry', get('/api/progress/log/1/history')],
  ['logs as of', get('/api/progress/1001?as_of=2100-01-01')],
  ['log summary', get('/api/progress/summary/1001')],
  ['a log changed', (c, size, i) => c.ask('PUT', '/api/progress/log/1', { as: '1001', body: { y: i } })],
  ['rollback', post('/api/progress/user/1001/rollback', (size) => ({ to: size }))],
  ...gone]);

grows('kept answers', 1500, async (c, n) => {
  for (let at = 0; at < n; at += 25)
    await Promise.all(many(25, (i) => c.ask('POST', '/progress/update', { as: '1001', body: { userId: '1001', videoId: 'v', watchedDuration: at + i }, headers: { 'idempotency-key': `k${at + i}` } })));
  await other(c);
}, [
  ['a replay', (c) => c.ask('POST', '/progress/update', { as: '1001', body: { userId: '1001', videoId: 'v', watchedDuration: 3 }, headers: { 'idempotency-key': 'k3' } })],
  ['a refusal', (c, size, i) => c.ask('POST', '/progress/update', { as: '1001', body: { userId: '1001', videoId: 'v', watchedDuration: -1 }, headers: { 'idempotency-key': `r${i}` } }, [400])],
  ['a new key', (c, size, i) => c.ask('POST', '/progress/update', { as: '1001', body: { userId: '1001', videoId: 'v', watchedDuration: 9000 + i }, headers: { 'idempotency-key': `8${i}` } })],
  ['as of', get('/api/v1/users/1001/progress?as_of=2100-01-01')],
  ['another erasure', (c) => c.ask('DELETE', '/api/v1/users/1002', { as: '1002' }), 1],
  ...gone]);

// What one request says: n of it and 2 n.
grows('what one request says', 125, other, [
  ['members of an object', post('/api/v1/Progress/video', (size, i) => ({ UserId: '1001', VideoId: 'v', CurrentTimeSeconds: i, ...Object.fromEntries(many(size * 3.5, (k) => [`m${k}`, 1])) }))],
  ['members of a log', post('/api/progress/log', (size, i) => ({ user_id: '1001', ...Object.fromEntries(many(size * 3.5, (k) => [`m${k}`, i])) }))],
  ['log summary', get('/api/progress/summary/1001')],
  ['logs csv', get('/api/progress/1001', '1001', csv)],
  ['a log merged', (c, size, i) => c.ask('PUT', '/api/progress/log/1', { as: '1001', body: Object.fromEntries(many(size * 3.5, (k) => [`m${k}`, `t${i}`])) })],
  ['metadata', post('/user-progress/update', (size, i) => ({ courseId: 1, courseContentId: 1, progressStatus: 'IN_PROGRESS', metadata: Object.fromEntries(many(size, (k) => [`m${k}`, i])) }))],
  ['segments', post('/progress/update', (size, i) => ({ userId: '1001', videoId: 'v', watchedDuration: i, segments: many(size * 4, (k) => [k * 2, k * 2 + 1]) }))],
  ['overlapping segments', post('/progress/update', (size, i) => ({ userId: '1001', videoId: `o${i}`, watchedDuration: i, segments: many(size * 40, (k) => [(k * 7919) % 5000, ((k * 7919) % 5000) + 1]) }))],
  ['sync', (c, size, i) => sync(c, '1001', size * 4, {}, 1000 * i)],
  ['sync in a course', (c, size, i) => sync(c, '1001', size * 4, { courseId: '7' }, 1000 * i + 5000)],
  ['sync of one item', post('/progress/sync', (size, i) => ({ userId: '1001', progressData: many(size * 4, (k) => ({ videoId: '71', watchedDuration: i * 1000 + k })) }))],
  ['pts bulk', post('/api/v1/Progress/videos/bulk', (size, i) => ({ videoProgresses: many(size * 4, (k) => ({ UserId: '1001', VideoId: `7${k}`, CurrentTimeSeconds: i })) }))],
  ['catalogue PUT', (c, size, i) => c.server.declare(`8${i}`, many(size * 40, (k) => ({ id: `p${i}-${k}`, title: 'x' })))],
  ['bulk', post('/user-progress/bulk', (size) => ({ courseId: 7, userIds: many(size * 4, (k) => k + 1) }), 'admin:900')],
  ['webhook', (c, size, i) => c.ask('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: 'system:s', headers: { 'x-server-key': c.server.key }, body: { CourseId: `9${i}`, Action: 'enroll', UserIds: many(size * 4, (k) => `w${k}`) } })],
  ['a long query', get(`/progress/1001?${'a=1&'.repeat(200)}limit=5`)],
  ['Accept-Encoding', get('/progress/1001', '1001', { 'accept-encoding': 'identity, '.repeat(100) + 'gzip' })],
], { commands: false });

test('growth', { concurrency: 3, timeout: 1800000 }, (t) => Promise.all(dimensions.map(([name, run]) => t.test(name, run))));
