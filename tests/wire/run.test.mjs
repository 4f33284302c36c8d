// The first five minutes: what ./run says when it goes well and when it does not. The script as it is, with this
// build of the server; where it matters what a tool does (a compiler that fails, no apt), one of that name stands first.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, freePort, run } from './server.mjs';

let clone;
before(() => {
  clone = mkdtempSync(join(tmpdir(), 'milepost-run-'));
  for (const name of ['run', 'test', 'scripts', 'demo']) cpSync(name, join(clone, name), { recursive: true });
  mkdirSync(join(clone, 'build'));
  symlinkSync(resolve(binary), join(clone, 'build/milepost'));
  writeFileSync(join(clone, 'build/build.ninja'), ''); // as if meson had been there
});
after(() => rmSync(clone, { recursive: true, force: true }));

// A directory of tools for PATH: {name: script}.
const tools = (scripts) => {
  const place = mkdtempSync(join(clone, 'tools-'));
  for (const [name, script] of Object.entries({ ninja: 'exit 0', ...scripts })) {
    writeFileSync(join(place, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(place, name), 0o755);
  }
  return place;
};
const environment = (scripts, more = {}) => ({ PATH: `${tools(scripts)}:${process.env.PATH}`, ...more });
const start = (words, { scripts = {}, env = {} } = {}) => {
  const child = spawn('./run', words, { cwd: clone, env: environment(scripts, env), stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { text: '', child, ended: new Promise((done) => child.once('close', (code) => done(code))) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (out.text += chunk));
  return out;
};
const until = async (out, pattern) => {
  for (let tries = 0; !pattern.test(out.text); tries++) {
    assert.ok(tries < 1200 && out.child.exitCode === null, out.text);
    await new Promise((done) => setTimeout(done, 25));
  }
};
const call = (words, options = {}) => spawnSync(options.script ?? './run', words, { cwd: clone, encoding: 'utf8', env: environment(options.scripts ?? {}, options.env) });
const lastLine = (text) => text.trim().split('\n').at(-1);

test('--help says what there is; an unknown word is said to be unknown', () => {
  for (const script of ['./run', './test']) {
    const help = call(['--help'], { script });
    assert.equal(help.status, 0);
    assert.match(help.stdout, /^usage: /);
    const unknown = call(['biuld'], { script });
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /biuld: what is that\? .*--help/);
  }
});

test('what the compiler says is shown, and its exit status is the script\'s', () => {
  const failed = call(['build'], { scripts: { ninja: 'echo "main.c:7:1: error: expected ;"; exit 7' } });
  assert.equal(failed.status, 7);
  assert.match(failed.stdout, /main.c:7:1: error/);
  assert.match(lastLine(failed.stderr), /the build failed/);
  assert.equal(call(['build']).status, 0);
});

test('without apt-get: one clear sentence', () => {
  // pkg-config that knows nothing, and a PATH without apt-get
  const place = tools({ 'pkg-config': 'exit 1' });
  for (const name of ['sh', 'dirname', 'sort', 'tr', 'id', 'grep', 'cat', 'cc', 'curl', 'meson', 'python3']) {
    const at = spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim();
    if (at) symlinkSync(at, join(place, name));
  }
  const failed = spawnSync('./run', [], { cwd: clone, encoding: 'utf8', env: { PATH: place } });
  assert.notEqual(failed.status, 0);
  assert.match(failed.stderr, /no apt-get.*libmicrohttpd-dev/);
  assert.equal(failed.stderr.trim().split('\n').length, 1, failed.stderr);
  // what ./test style alone needs
  const lacks = (what) => spawnSync('./test', [what], { cwd: clone, encoding: 'utf8', env: { PATH: place } }).stderr;
  assert.match(lacks('style'), /no apt-get.* clang-format(-14)? clang-tidy /);
  assert.doesNotMatch(lacks('quick'), /clang/);
});

test('apt that fails is not passed over', () => {
  const failed = call([], { scripts: { 'pkg-config': 'exit 1', 'apt-get': 'case $* in *update*) exit 0 ;; *-s*) exit 0 ;; esac; echo "E: no network" >&2; exit 100', sudo: 'exec "$@"' } });
  assert.notEqual(failed.status, 0);
  assert.match(failed.stderr, /E: no network/);
  assert.match(lastLine(failed.stderr), /apt-get install failed/);
});

// How many lines of curl were printed; each of them works.
const linesWork = (text) => {
  const lines = text.split('\n').filter((line) => line.startsWith('curl '));
  const names = text.split('\n').filter((line) => /^[TI]=/.test(line)).join('\n');
  for (const line of lines) {
    const said = spawnSync('sh', ['-c', `${names}\n${line} -w '%{http_code}'`], { encoding: 'utf8' });
    assert.match(said.stdout, /20[01]$/, line);
  }
  return lines.length;
};

test('an empty directory gets the demo, and every picture has something to show', async () => {
  const port = await freePort();
  const out = start([], { env: { PORTS: String(port), DATA: join(clone, 'data') } });
  await until(out, /Ctrl-C stops it/);
  assert.doesNotMatch(out.text, /warn/i, 'nothing to be warned of');
  const base = `http://127.0.0.1:${port}`;
  const token = (role) => new RegExp(`^${role} .* (\\S+)$`, 'm').exec(out.text)[1];
  const get = async (path, role = 'admin') => (await fetch(base + path, { headers: { authorization: `Bearer ${token(role)}` } })).json();
  const rows = [];
  for (const course of [101, 102, 103, 104]) rows.push(...(await get(`/user-progress/course/${course}/all?limit=100`)).results);
  const states = new Set(rows.map((row) => row.enrollments.enrollmentStatus));
  assert.deepEqual([...states].sort(), ['CERTIFIED', 'COMPLETED', 'DROPPED', 'ENROLLED', 'EXPIRED', 'IN_PROGRESS']);
  assert.equal(new Set(rows.map((row) => row.enrollments.userId)).size, 40);
  const mine = await get('/api/progress/1001', 'student');
  assert.ok(mine.data.statistics.inProgress > 0 && mine.data.statistics.completed > 0 && mine.progress_logs.length > 5);
  assert.ok(mine.data.progress.some((record) => record.score === null) && mine.data.progress.every((record) => Date.parse(record.updatedAt) < Date.now()));
  assert.ok((await get('/progress/engagement/1001', 'student')).streakDays >= 5);
  const { retention } = await get('/progress/summary/10101');
  assert.ok(retention.length === 100 && retention[0].share > retention[99].share);
  assert.equal(linesWork(out.text), 5);
  // the same port again, and the same directory again
  const taken = call([], { env: { PORTS: String(port), DATA: join(clone, 'other') } });
  assert.notEqual(taken.status, 0);
  assert.doesNotMatch(taken.stdout, /ready/);
  assert.match(lastLine(taken.stderr), new RegExp(`cannot listen on 127.0.0.1:${port}`));
  const second = call([], { env: { PORTS: String(await freePort()), DATA: join(clone, 'data') } });
  assert.notEqual(second.status, 0);
  assert.doesNotMatch(second.stdout, /ready/);
  assert.match(lastLine(second.stderr), /another milepost process is using this data directory/);
  out.child.kill('SIGTERM');
  assert.equal(await out.ended, 0, out.text);
  assert.equal(run('verify', '--data', join(clone, 'data')).status, 0);
});

test('--no-demo, and data that is there already, stay as they are', async () => {
  const out = start(['--no-demo'], { env: { PORTS: String(await freePort()), DATA: join(clone, 'bare') } });
  await until(out, /Ctrl-C stops it/);
  assert.doesNotMatch(out.text, /^# (pts|courseroom|trk)$/m, 'what would be 404');
  out.child.kill('SIGTERM');
  await out.ended;
  assert.match(run('verify', '--data', join(clone, 'bare')).stdout, /^verified: 0 events/);
  const again = start([], { env: { PORTS: String(await freePort()), DATA: join(clone, 'bare') } });
  await until(again, /Ctrl-C stops it/);
  again.child.kill('SIGTERM');
  await again.ended;
  assert.match(run('verify', '--data', join(clone, 'bare')).stdout, /^verified: 0 events/);
});

test('what is printed is where the server listens: settings of the environment, several ports', async () => {
  const [cert, key, port] = [join(clone, 'cert.pem'), join(clone, 'key.pem'), await freePort()];
  assert.equal(spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=milepost', '-keyout', key, '-out', cert]).status, 0);
  for (const [more, base] of [[{ MILEPOST_LISTEN: '::1', MILEPOST_TLS_CERT_FILE: cert, MILEPOST_TLS_KEY_FILE: key, MILEPOST_LOG_FORMAT: 'json' }, `https://[::1]:${port}`], [{ MILEPOST_LISTEN: '0.0.0.0' }, `http://127.0.0.1:${port}`]]) {
    const out = start(['--no-demo'], { env: { PORTS: `${port} ${await freePort()}`, DATA: join(clone, `at-${more.MILEPOST_LISTEN}`), ...more } });
    await until(out, /Ctrl-C stops it/);
    assert.ok(out.text.includes(`the dashboard is at ${base}/ (`), out.text);
    assert.equal(linesWork(out.text), 2);
    out.child.kill('SIGTERM');
    assert.equal(await out.ended, 0, out.text);
  }
});
