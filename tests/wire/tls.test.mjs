// TLS on the port: every kind of answer goes through it, streams too; the certificate changes under way.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { run, Server } from './server.mjs';

let room, server;
const make = (name) => {
  const [key, cert] = [join(room, `${name}.key`), join(room, `${name}.pem`)];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key, cert };
};
const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
const call = (method, path, { as, body, headers = {} } = {}) =>
  new Promise((resolve, reject) => {
    const request = https.request({ host: '127.0.0.1', port: server.port, method, path, agent, headers: { ...(as && { authorization: `Bearer ${server.token(as)}` }), ...(body && { 'content-type': 'application/json' }), ...headers } }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() })).on('error', reject);
    });
    request.on('error', reject).end(body);
  });
const secure = (options = {}) => new Promise((resolve, reject) => {
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...options }, () => resolve(socket)).once('error', reject);
});
const until = async (what, why = () => '') => {
  for (let tries = 0; !what(); tries++) {
    assert.ok(tries < 400, why());
    await new Promise((done) => setTimeout(done, 25));
  }
};

before(async () => {
  room = mkdtempSync(join(tmpdir(), 'milepost-tls-'));
  const { key, cert } = make('first');
  writeFileSync(join(room, 'now.key'), readFileSync(key));
  writeFileSync(join(room, 'now.pem'), readFileSync(cert));
  const { NODE_TLS_REJECT_UNAUTHORIZED } = process.env;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; // Server.start asks /healthz by fetch
  server = await Server.start({ scheme: 'https', flags: ['--tls-cert-file', join(room, 'now.pem'), '--tls-key-file', join(room, 'now.key')] });
  if (NODE_TLS_REJECT_UNAUTHORIZED === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
});
after(async () => {
  agent.destroy();
  assert.equal((await server.discard()).code, 0, server.log);
  rmSync(room, { recursive: true, force: true });
});

test('writes, reads, large bodies and long answers', async () => {
  assert.match(server.log, /listening on https:\/\/127.0.0.1/);
  assert.equal((await call('GET', '/healthz')).status, 200);
  const data = Array.from({ length: 1000 }, (_, i) => ({ videoId: `v${i}`, watchedDuration: i, deviceId: 'd'.repeat(100), segments: Array.from({ length: 20 }, (_, k) => [k * 30, k * 30 + 17]) }));
  const body = JSON.stringify({ userId: 'u', progressData: data });
  assert.ok(body.length > 300_000);
  for (let round = 0; round < 3; round++) {
    const synced = await call('POST', '/progress/sync', { as: 'u', body });
    assert.equal(synced.status, 200);
    assert.equal(JSON.parse(synced.text).results.length, 1000);
  }
  const all = await Promise.all(Array.from({ length: 20 }, () => call('GET', '/progress/u', { as: 'u' })));
  assert.ok(all.every((one) => one.status === 200 && one.text === all[0].text && one.text.length > 50_000));
  assert.equal((await call('POST', '/progress/update', { as: 'u', body: 'x'.repeat(2 << 20) })).status, 413);
});

test('event streams and WebSockets', async () => {
  const events = await secure();
  let text = '';
  events.on('data', (chunk) => (text += chunk));
  events.write(`GET /progress/realtime HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${server.token('w')}\r\n\r\n`);
  await until(() => /200 OK/.test(text), () => text);
  const socket = await secure();
  let frames = Buffer.alloc(0);
  socket.on('data', (chunk) => (frames = Buffer.concat([frames, chunk])));
  socket.write(`GET /progress/realtime HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${server.token('w')}\r\n\r\n`);
  await until(() => frames.includes('s3pPLMBiTxaQ9kYGzzhZRbK+xOo='), () => frames.toString());
  for (let i = 1; i <= 20; i++) assert.equal((await call('POST', '/progress/update', { as: 'w', body: JSON.stringify({ userId: 'w', videoId: `r${i}`, watchedDuration: i }) })).status, 200);
  await until(() => (text.match(/"videoId":"r\d+"/g) ?? []).length >= 20, () => text);
  await until(() => (frames.toString('latin1').match(/"videoId":"r\d+"/g) ?? []).length >= 20, () => frames.toString('latin1'));
  events.destroy();
  socket.destroy();
});

test('what is no TLS, or an old one, gets no answer; who stops half-way is let go', async () => {
  const plain = net.connect(server.port, '127.0.0.1').on('error', () => {});
  let said = '';
  plain.on('data', (chunk) => (said += chunk.toString('latin1')));
  const closed = new Promise((done) => plain.once('close', done));
  plain.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await closed;
  assert.doesNotMatch(said, /HTTP/);
  await assert.rejects(secure({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const socket = await secure({ minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
    assert.deepEqual([socket.getProtocol(), socket.alpnProtocol], [version, 'http/1.1']);
    socket.destroy();
  }
  const silent = net.connect(server.port, '127.0.0.1').on('error', () => {}).resume(); // says nothing
  const began = Date.now();
  await new Promise((done) => silent.once('close', done));
  const spent = Date.now() - began;
  assert.ok(spent > 8000 && spent < 14000, `${spent} ms`);
  assert.equal((await call('GET', '/healthz')).status, 200);
});

test('SIGHUP takes a new certificate; one that is broken leaves the old', async () => {
  const name = async () => {
    const socket = await secure();
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  assert.equal(await name(), 'first');
  const kept = await secure(); // begun with the first
  const { key, cert } = make('second');
  writeFileSync(join(room, 'now.key'), readFileSync(key));
  writeFileSync(join(room, 'now.pem'), readFileSync(cert));
  server.process.kill('SIGHUP');
  await until(() => /tls_cert_file: reloaded/.test(server.log), () => server.log);
  assert.equal(await name(), 'second');
  let text = '';
  kept.on('data', (chunk) => (text += chunk)).write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await until(() => /200 OK/.test(text) && kept.readableEnded, () => text);
  writeFileSync(join(room, 'now.key'), readFileSync(make('third').key)); // of another pair
  server.process.kill('SIGHUP');
  await until(() => /tls_cert_file: .*; the old certificate stays/.test(server.log), () => server.log);
  assert.equal(await name(), 'second');
  const check = (...flags) => run('serve', '--data', join(room, 'x'), '--check-config', ...flags);
  assert.match(check('--tls-cert-file', cert).stderr, /tls_key_file: must be given too/);
  assert.match(check('--tls-cert-file', cert, '--tls-key-file', join(room, 'gone')).stderr, /tls_key_file: .*gone: No such file/);
  assert.match(check('--tls-cert-file', cert, '--tls-key-file', join(room, 'now.key')).stderr, /tls_cert_file: /);
  assert.equal(check('--tls-cert-file', cert, '--tls-key-file', key).status, 0);
});

test('beyond loopback without TLS: one warning', async () => {
  const open = await Server.start({ flags: ['--listen', '0.0.0.0'] });
  assert.equal(open.log.split('in plain text').length, 2, open.log);
  await open.discard();
  assert.doesNotMatch(server.log, /plain text/);
});
