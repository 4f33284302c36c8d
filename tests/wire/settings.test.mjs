// A bad setting refuses to start and names itself; one name, three forms.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { binary, freePort, newDirectory, run, Server } from './server.mjs';

const directory = newDirectory();
const port = await freePort();
const serve = (...flags) => run('serve', '--data', directory, ...flags);

const bad = [
  [['--port', '0'], 'port'], [['--port', '65536'], 'port'], [['--port', 'x'], 'port'], [['--nonsense', '1'], 'nonsense'],
  [['--catalog', 'closed'], 'catalog'], [['--completion_threshold', '0'], 'completion_threshold'], [['--completion_threshold', '100.01'], 'completion_threshold'],
  [['--display_timezone', 'Mars/Olympus'], 'display_timezone'], [['--user_svc_base_url', 'file:///etc/passwd'], 'user_svc_base_url'],
  ...['UTC+3', 'XYZ5', '<+03>-3', ':UTC', 'localtime', 'posixrules', '../passwd'].map((zone) => [['--display-timezone', zone], 'display_timezone']),
  ...['*', 'nonsense', 'https://a.example/', 'https://a.example/path', 'https://a.example, https://', 'https://a.example:99999', 'https://A.example', 'https://a.example:443', 'http://a.example:80', 'https://bücher.example', 'https://a.example\thttps://b.example', 'capacitor://', '://a', 'https://a.example?x', 'https://u@a.example'].map((origin) => [['--cors-origins', origin], 'cors_origins']),
  ...['http://', 'https://', 'http:// x', 'http://host:99999', 'http://a b/', 'https:///x'].flatMap((url) => ['user_svc_base_url', 'cms_base_url', 'jwks_url'].map((name) => [[`--${name}`, url], name])),
  [['--threads', '-1'], 'threads'], [['--database', 'mysql://db/x'], 'database'], [['--replica', 'postgres://db/x'], 'replica'], [['--bus', 'redis://db'], 'bus'],
  [['--read-consistency', 'eventual'], 'read_consistency'], [['--oidc-issuer', 'https://id'], 'oidc_client_id'], [['--oidc-client-id', 'x'], 'oidc_issuer'],
  ...['ftp://id', 'https://', 'https://id/?q', 'https://id;x', 'https://id"x'].map((issuer) => [['--oidc-client-id', 'x', '--oidc-issuer', issuer], 'oidc_issuer']),
  [['--metrics-listen', 'x'], 'metrics_listen'], [['--metrics-listen', '1.2.3:0'], 'metrics_listen'], [['--metrics-listen', 'no.where:9100'], 'metrics_listen'], [['--port'], 'port'], [['stray'], 'stray'], [['--config', '/no/such/file'], 'config'],
];
for (const [flags, name] of bad)
  test(`refused: ${flags.join(' ')}`, () => {
    const end = serve(...(flags.includes('--port') ? [] : ['--port', String(port)]), ...flags); // a port that is free: not the default one
    assert.notEqual(end.status, 0);
    assert.match(end.stderr, new RegExp(name));
  });

test('origins, URLs and zones of every kind there is', () => {
  for (const [name, value] of [
    ['cors_origins', ' https://a.example, http://localhost:3000 https://xn--bcher-kva.example,null,'], ['cors_origins', 'capacitor://localhost,http://[::1]:8080,chrome-extension://abcdef'], ['cors_origins', ''],
    ['user_svc_base_url', 'http://127.0.0.1:9'], ['cms_base_url', 'https://u:p@[::1]:8/base'], ['jwks_url', 'https://id.example/keys?tenant=1'],
    ...['UTC', 'Etc/GMT+3', 'GMT', 'Zulu', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires'].map((zone) => ['display_timezone', zone]),
  ]) {
    const end = run('serve', '--data', join(directory, 'kinds'), '--check-config', `--${name}`, value);
    assert.deepEqual([end.status, end.stderr], [0, ''], `${name} ${value}`);
  }
});

test('every setting of the contract is there', () => {
  const names = [...'port listen data database database_log replica bus threads jwt_secret_file jwt_public_key_file jwks_url jwt_issuer jwt_audience jwt_role_claim system_clients server_key_file webhook_jwt video_auth catalog enroll completion_threshold display_timezone cache_ttl realtime_per_user rate_limit cors_origins read_consistency oidc_issuer oidc_client_id user_svc_base_url user_check cms_base_url upstream_timeout_ms mock_data metrics_listen log_level'.split(' ')];
  const help = run('serve', '--help').stdout;
  assert.deepEqual(names.filter((name) => !new RegExp(`^ *--${name}\\b`, 'm').test(help)), []);
});

test('two bad values are both named', () => {
  const end = serve('--port', '0', '--enroll', 'never');
  assert.match(end.stderr, /port/);
  assert.match(end.stderr, /enroll/);
});

test('an unknown MILEPOST_ name refuses to start', () => {
  const end = spawnSync(binary, ['serve', '--data', directory], { encoding: 'utf8', env: { MILEPOST_NONSENSE: '1' } });
  assert.notEqual(end.status, 0);
  assert.match(end.stderr, /MILEPOST_NONSENSE/);
});

test('flags beat environment beats file', async () => {
  const config = join(directory, 'milepost.conf');
  writeFileSync(config, '; a comment\ncompletion_threshold = 50\nwebhook_jwt = optional\n');
  const threshold = async (flags, env) => {
    const server = await Server.start({ flags: ['--config', config, ...flags], env });
    await server.declare(1, [{ id: 'a' }]);
    const found = (await server.call('GET', '/api/v1/catalog/courses/1', { as: 'admin:1' })).json.contents[0].threshold;
    await server.discard();
    return found;
  };
  assert.equal(await threshold([], {}), 50);
  assert.equal(await threshold([], { MILEPOST_COMPLETION_THRESHOLD: '60' }), 60);
  assert.equal(await threshold(['--completion-threshold', '92.5'], { MILEPOST_COMPLETION_THRESHOLD: '60' }), 92.5);
  writeFileSync(config, 'nonsense = 1\n');
  assert.match(serve('--config', config).stderr, /nonsense/);
});

test('the sample server key, and a short secret, are refused at start', () => {
  const key = join(directory, 'sample.key'), secret = join(directory, 'short.secret');
  writeFileSync(key, 'a1b2c3d4-e5f6-7890-abcd-ef1234567890\n');
  writeFileSync(secret, 'x'.repeat(31));
  assert.match(serve('--server_key_file', key).stderr, /sample key/);
  assert.match(serve('--jwt_secret_file', secret).stderr, /32 bytes/);
});

test('keys are written with mode 0600; --help lists every setting', async () => {
  const server = await Server.start();
  const { statSync } = await import('node:fs');
  for (const name of ['jwt.secret', 'server.key']) assert.equal(statSync(join(server.directory, name)).mode & 0o777, 0o600);
  assert.equal(server.secret.length, 43);
  const token = run('token', '--data', server.directory, '--sub', '7', '--role', 'admin').stdout.trim();
  assert.equal((await server.call('GET', '/api/v1/catalog/courses', { as: { token } })).status, 200);
  await server.discard();
  const help = run('serve', '--help');
  assert.equal(help.status, 0);
  for (const name of ['port', 'listen', 'jwt_secret_file', 'catalog', 'enroll', 'display_timezone', 'video_auth']) assert.match(help.stdout, new RegExp(`--${name}\\b`));
});

test('a data directory that cannot be used: one clear line', () => {
  const file = join(directory, 'a-file');
  writeFileSync(file, '');
  for (const place of [file, '/proc/milepost', join(file, 'below')]) {
    const end = run('serve', '--data', place);
    assert.notEqual(end.status, 0);
    assert.equal(end.stderr.trim().split('\n').length, 1, end.stderr);
    assert.match(end.stderr, /milepost: /);
  }
});

test('metrics_listen: figures and health without a key on a listener of their own, nothing else there', async () => {
  const port = await freePort();
  const server = await Server.start({ flags: ['--metrics-listen', `127.0.0.1:${port}`] });
  const get = async (path, options) => (await fetch(`http://127.0.0.1:${port}${path}`, options)).status;
  assert.deepEqual([await get('/metrics'), await get('/healthz'), await get('/readyz')], [200, 200, 200]);
  assert.deepEqual([await get('/openapi.json'), await get('/progress/u1'), await get('/nothing'), await get('/metrics', { method: 'POST' })], [404, 404, 404, 405]);
  assert.equal((await server.call('GET', '/metrics')).status, 401);
  assert.equal((await server.discard()).code, 0, server.log);
});
