// A real server on a free port with a directory of its own, and a client that speaks to it.
import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.MILEPOST ?? 'build/milepost';

// TEST_DATABASE=postgres://...: every server of the suite writes a log of its own in that database (tests/wire/on_postgres.sh).
// But for directories that `import` or `restore` made: these are logs of their own, and nodes.test.mjs has both commands on a database.
const database = process.env.TEST_DATABASE;
export const isEmbedded = !database;
const copies = new Set();
export function onDatabase(directory, flags) {
  if (!database || flags.includes('--database') || (existsSync(join(directory, 'events.db')) && !copies.has(directory))) return [];
  copies.add(directory);
  return ['--database', database, '--database-log', directory];
}

// Below those that the kernel gives to connections: one of these would take it while its server is away.
export function freePort() {
  return new Promise((resolve) => {
    const port = 15000 + Math.floor(Math.random() * 17000);
    const probe = createServer().once('error', () => resolve(freePort())).listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}

export function newDirectory() {
  return mkdtempSync(join(tmpdir(), 'milepost-wire-'));
}

// A file system of 8 MiB; undefined where none may be mounted.
export function smallDisk() {
  const mount = newDirectory();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', mount]).status !== 0) return undefined;
  mkdirSync(join(mount, 'data'));
  return { data: join(mount, 'data'), fill: () => spawnSync('dd', ['if=/dev/zero', `of=${mount}/ballast`, 'bs=4k']), free: () => rmSync(join(mount, 'ballast')),
    done: () => { spawnSync('umount', ['-l', mount]); rmSync(mount, { recursive: true }); } };
}

export function run(...args) {
  const maxBuffer = 1 << 28; // an export is cut otherwise, and ends as one that was killed
  return spawnSync(binary, args, { encoding: 'utf8', maxBuffer, env: { PATH: process.env.PATH, ...sanitizer() } });
}

function sanitizer() {
  const { ASAN_OPTIONS, UBSAN_OPTIONS, TSAN_OPTIONS } = process.env;
  return { ...(ASAN_OPTIONS && { ASAN_OPTIONS }), ...(UBSAN_OPTIONS && { UBSAN_OPTIONS }), ...(TSAN_OPTIONS && { TSAN_OPTIONS }) };
}

const base64url = (value) => Buffer.from(value).toString('base64url');

export function sign(secret, claims, header = { alg: 'HS256', typ: 'JWT' }) {
  const head = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

// A test that fails does not stop its servers, and node waits for its children: they end a while after the file's last test.
const running = new Set();
const LEFT_MS = 30000; // the file's own after hooks stop theirs before
const end = () => void setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), LEFT_MS).unref();
if (process.env.NODE_TEST_CONTEXT) (await import('node:test')).after(end); // else who imports this is no test

// What /openapi.json says of routes: [method, segments of the pattern, its answers by status], those with fewer parameters first.
let described;
function describedRoutes() {
  if (described) return described;
  const { paths, components } = JSON.parse(run('--openapi').stdout);
  const resolve = (answer) => (answer.$ref ? components.responses[answer.$ref.split('/').at(-1)] : answer);
  const parameters = (path) => path.split('{').length;
  described = Object.entries(paths).sort(([a], [b]) => parameters(a) - parameters(b)).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { responses }]) => [method.toUpperCase(), path.split('/'), Object.fromEntries(Object.entries(responses).map(([status, answer]) => [status, resolve(answer)]))]));
  return described;
}

// Headers that an answer may have without its route's saying so: HTTP's own, and what every answer has.
const common = /^(connection|content-.*|date|keep-alive|transfer-encoding|vary|x-content-type-options|x-accel-buffering|cache-control|access-control-.*)$/;

// A route answers with nothing but what its description has: an error names the status, the kind or the header that this lacks.
export function checkDescribed(method, path, { status, headers }) {
  const asked = path.split('?')[0].split('/');
  const isLike = (segment, part) => segment.startsWith('{') || segment.toLowerCase() === part.toLowerCase();
  const [, pattern, answers] = describedRoutes().find(([of, segments]) => of === method && segments.length === asked.length && segments.every((segment, i) => isLike(segment, asked[i]))) ?? [];
  if (!pattern) return;
  const answer = answers[status];
  const kind = headers.get('content-type')?.split(';')[0];
  const names = Object.keys(answer?.headers ?? {}).map((name) => name.toLowerCase());
  const other = [...headers.keys()].find((name) => !common.test(name) && !names.includes(name));
  const lack = !answer ? '' : kind && !(kind in (answer.content ?? {})) && !('*/*' in (answer.content ?? {})) ? kind : other;
  if (lack !== undefined) throw new Error(`${method} ${pattern.join('/')} answers ${status} ${lack}, and /openapi.json has no such answer`);
}

export class Server {
  // under: a command that the server is started by, strace for one.
  static async start({ directory = newDirectory(), flags = [], env = {}, descriptors, under = [], scheme = 'http' } = {}) {
    const server = new Server();
    server.directory = directory;
    server.port = await freePort();
    server.base = `${scheme}://127.0.0.1:${server.port}`;
    server.log = '';
    const command = [...under, binary, 'serve', '--data', directory, '--port', String(server.port), ...onDatabase(directory, flags), ...flags];
    if (descriptors) command.unshift('sh', '-c', `ulimit -n ${descriptors}; exec "$0" "$@"`);
    server.process = spawn(command[0], command.slice(1), {
      env: { PATH: process.env.PATH, ...sanitizer(), ...env },
    });
    running.add(server.process);
    server.process.once('exit', () => running.delete(server.process));
    server.process.stderr.on('data', (chunk) => (server.log += chunk));
    server.ended = new Promise((resolve) => server.process.once('exit', (code, signal) => resolve({ code, signal })));
    for (let tries = 0; ; tries++) {
      if (server.process.exitCode !== null) throw new Error(`the server ended: ${server.log}`);
      try {
        const ready = await fetch(`${server.base}/readyz`);
        if (ready.ok || (await ready.json()).status !== 'joining') break; // a node listens before it is one
        await new Promise((resolve) => setTimeout(resolve, 25));
      } catch {
        if (tries > 600) throw new Error(`the server does not answer: ${server.log}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
    const secret = join(directory, 'jwt.secret'); // not there when keys come from elsewhere
    server.secret = existsSync(secret) ? readFileSync(secret, 'utf8').trim() : undefined;
    server.key = readFileSync(join(directory, 'server.key'), 'utf8').trim();
    return server;
  }

  token(sub, role = 'student', more = {}) {
    return sign(this.secret, { sub, role, exp: Math.floor(Date.now() / 1000) + 3600, ...more });
  }

  // as: "1001" (a student), "admin:900", a token object {token}, or null.
  async call(method, path, { as = null, body, headers = {} } = {}) {
    const sent = { ...headers };
    if (as?.token) sent.authorization = `Bearer ${as.token}`;
    else if (as !== null) {
      const [role, sub] = String(as).includes(':') ? String(as).split(':') : ['student', String(as)];
      sent.authorization = `Bearer ${this.token(sub, role)}`;
    }
    if (body !== undefined && !sent['content-type']) sent['content-type'] = 'application/json';
    const response = await fetch(this.base + path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    checkDescribed(method, path, response);
    const streams = response.ok && response.headers.get('content-type')?.startsWith('text/event-stream');
    if (streams) await response.body?.cancel(); // it has no end: live.mjs reads one
    const text = streams ? '' : await response.text();
    let json;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json };
  }

  declare(id, contents, more = {}) {
    return this.call('PUT', `/api/v1/catalog/courses/${id}`, { as: 'admin:900', body: { title: `Course ${id}`, contents, ...more } });
  }

  async stop(signal = 'SIGTERM') {
    this.process.kill(signal);
    const end = await this.ended;
    return end;
  }

  // What every test ends with: the server drains, and every figure it kept is what its events say (reliability R20).
  async discard() {
    const end = await this.stop();
    const verified = run('verify', '--data', this.directory);
    if (verified.status !== 0) throw new Error(`${this.directory}: ${verified.stdout}${verified.stderr}`);
    rmSync(this.directory, { recursive: true, force: true });
    return end;
  }
}

// Sends SIGHUP and waits until the server has said all that it has to say about it; what it said.
export async function hangUp(server) {
  const from = server.log.length;
  server.process.kill('SIGHUP');
  while (!/milepost: (keys reloaded|some of the old keys stay)/.test(server.log.slice(from))) await new Promise((next) => setTimeout(next, 10));
  return server.log.slice(from);
}
