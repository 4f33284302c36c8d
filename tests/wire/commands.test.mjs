// The command line: each command explains itself, and what goes wrong is said with what is to blame.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster } from './nodes.mjs';
import { binary, freePort, isEmbedded, newDirectory, run, Server } from './server.mjs';

let room;
before(() => (room = mkdtempSync(join(tmpdir(), 'milepost-commands-'))));
after(() => rmSync(room, { recursive: true, force: true }));

const commands = ['serve', 'token', 'import', 'export', 'verify', 'rebuild', 'backup', 'restore', 'move', 'checkpoint', 'erase'];

test('move takes a directory to another; one that is not there, or is full, is refused', async () => {
  const [from, to] = [newDirectory(), join(newDirectory(), 'moved')];
  const server = await Server.start({ directory: from });
  await server.call('POST', '/progress/update', { as: 'm', body: { userId: 'm', videoId: 'v', watchedDuration: 5 } });
  await server.stop();
  const moved = run('move', '--from', from, '--to', to);
  assert.deepEqual([moved.status, /moved \d+ events, and compared/.test(moved.stdout)], [0, true], moved.stderr);
  assert.equal(run('export', '--data', to).stdout, run('export', '--data', from).stdout);
  assert.match(run('move', '--from', from, '--to', to).stderr, /not empty; nothing was changed/);
  const none = join(newDirectory(), 'none');
  const missing = run('move', '--from', none, '--to', join(none, 'x'));
  assert.deepEqual([missing.status, existsSync(none)], [1, false]);
  assert.match(missing.stderr, /no data in this directory/);
});

test('no command says what it was given in place of a directory: it may hold a password', () => {
  const room = newDirectory();
  const urls = ['postgresq://u:s3cret@127.0.0.1/m', 'host=127.0.0.1 password=s3cret', 'postgres://u:s3cr@t@127.0.0.1/m', 'postgres://u:s3cr/et@127.0.0.1/m'];
  for (const url of urls)
    for (const words of [['move', '--from', url, '--to', room], ['move', '--from', room, '--to', url], ['checkpoint', '--from', url, '--database', 'postgres://127.0.0.1:1/m', '--data', room], ['checkpoint', '--to', url, '--data', room]]) {
      const end = run(...words);
      assert.deepEqual([end.status, /s3c|et@|t@127/.test(end.stdout + end.stderr)], [2, false], `${words.join(' ')}: ${end.stderr}`);
      assert.match(end.stderr, /^milepost: --(from|to): \S/);
    }
  const checked = run('serve', '--check-config', '--data', room, '--database', urls[2]);
  assert.deepEqual([checked.status, /s3c|t@127/.test(checked.stderr)], [2, false], checked.stderr);
});

test('version, help, and help for each command with an example that names it', () => {
  const version = /version: '([\d.]+)'/.exec(readFileSync('meson.build', 'utf8'))[1];
  for (const word of ['--version', 'version']) assert.equal(run(word).stdout, `milepost ${version}\n`);
  for (const word of ['-h', '--help', 'help']) {
    const help = run(word);
    assert.equal(help.status, 0);
    for (const name of commands) assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
  }
  assert.equal(run().status, 2);
  for (const name of commands) {
    const help = run(name, '--help');
    assert.equal(help.status, 0, name);
    assert.match(help.stdout, new RegExp(`^usage: milepost ${name} `));
    assert.match(help.stdout, new RegExp(`^  milepost ${name} `, 'm'), 'an example');
    assert.equal(run('help', name).stdout, help.stdout);
    assert.equal(run(name, '-h').stdout, help.stdout);
  }
  for (const name of ['import', 'export', 'verify', 'rebuild', 'backup', 'restore', 'move', 'checkpoint', 'erase'])
    assert.match(run(name, '--help').stdout, /--database|postgres:/, `${name} works on a database's log too`);
  // what SIGHUP reads is the table's to say
  const live = [...run('--settings-markdown').stdout.matchAll(/^\| `(\w+)` .*\| the value \|/gm)].map(([, setting]) => setting.replace(/^snapshot_.*/, 'snapshot_*'));
  const says = /SIGHUP reads([\s\S]*?)again/.exec(run('serve', '--help').stdout)[1];
  for (const setting of live) assert.ok(says.includes(setting), setting);
  assert.match(run('token', '--help').stdout, /student .*instructor, owner, admin or system[\s\S]*24h/);
});

test('an unknown command or setting: what may have been meant', () => {
  for (const [words, says] of [[['exprot'], /exprot: no such command; did you mean export\?/], [['help', 'serv'], /did you mean serve\?/], [['xyzzy'], /no such command \(milepost --help/], [['serve', '--complition-threshold', '9'], /did you mean completion_threshold\?/],
    [['token', '--rol', 'admin', '--sub', 'x'], /--rol: unknown option; did you mean --role\?/], [['export', '--usr=x'], /did you mean --user\?/], [['serve', '--chek-config'], /did you mean --check-config\?/], [['export', '--dta', 'x'], /did you mean data\?/]]) {
    const end = run(...words);
    assert.equal(end.status, 2);
    assert.match(end.stderr, says);
  }
});

test('a token needs a user, a known role and a life', () => {
  const data = join(room, 'tokens');
  mkdirSync(data);
  for (const [words, says] of [[[], /--sub: is required/], [['--sub', 'x', '--role', 'boss'], /--role: must be one of student, instructor/], [['--sub', 'x', '--ttl', '0'], /--ttl: must be/], [['--sub', 'x', '--ttl', '-5'], /--ttl/], [['--sub', 'x', '--ttl', '5 days'], /--ttl/], [['--sub', 'x', '--ttl', ''], /--ttl/], [['--sub', 'x', '--ttl', '99999999999'], /--ttl/]]) {
    const end = run('token', '--data', data, ...words);
    assert.equal(end.status, 2, words.join(' '));
    assert.match(end.stderr, says);
    assert.equal(end.stdout, '');
  }
  const life = (ttl) => {
    const claims = JSON.parse(Buffer.from(run('token', '--data', data, '--sub', 'x', '--role', 'owner', '--ttl', ttl).stdout.split('.')[1], 'base64url'));
    return claims.exp - claims.iat;
  };
  assert.deepEqual(['90', '90s', '90m', '24h', '30d'].map(life), [90, 90, 5400, 86400, 30 * 86400]);
  assert.match(run('token', '--data', join(room, 'nowhere'), '--sub', 'x').stderr, /nowhere\/jwt.secret cannot be written: No such file.*is --data right\?/);
  for (const [flag, place] of [['jwks_url', 'http://127.0.0.1:9/keys'], ['jwt_public_key_file', join(room, 'k.pem')]]) { // the server would take none of its tokens
    const end = run('token', '--data', join(room), `--${flag}`, place, '--sub', 'x');
    assert.deepEqual([end.status, end.stdout, existsSync(join(room, 'jwt.secret'))], [1, '', false]);
    assert.match(end.stderr, new RegExp(`milepost: ${flag}: with it the server takes no token of this command`));
    assert.equal(run('token', '--jwt-secret-file', join(data, 'jwt.secret'), `--${flag}`, place, '--sub', 'x').status, 0); // but of a secret beside it
  }
  assert.match(run('token', '--jwt-secret-file', join(room, 'none.secret'), '--sub', 'x').stderr, /jwt_secret_file: .*none.secret cannot be read: No such file/);
});

test('serve --check-config starts nothing and says what is wrong, with file and line', () => {
  const data = join(room, 'checked'), config = join(room, 'milepost.conf'), key = join(room, 'good.key');
  const check = (...flags) => run('serve', '--data', data, '--check-config', ...flags);
  assert.deepEqual([check().status, check().stdout], [0, 'milepost: the settings are fine\n']);
  assert.ok(!existsSync(data), 'nothing is made');
  writeFileSync(config, '# mine\nport = 5000\nrate_limt = 5\n\nthreads = many\nno line\n');
  const end = check('--config', config);
  assert.equal(end.status, 2);
  assert.match(end.stderr, /milepost.conf:3: rate_limt: unknown setting; did you mean rate_limit\?/);
  assert.match(end.stderr, /milepost.conf:5: threads: must be a whole number from 0 to 256 threads/);
  assert.match(end.stderr, /milepost.conf:6: /);
  writeFileSync(config, `log_level = info # loud\nlisten = ::1\t; here\ndata = ${'d'.repeat(200)}\n# mine ; and # yours\n  # indented\njwt_issuer = a#b;c\n`);
  const behind = check('--config', config);
  assert.deepEqual([behind.status, behind.stderr.trim().split('\n').map((line) => /conf:(\d): (a comment is a line of its own|is longer)/.exec(line)?.[1])], [2, ['1', '2', '3']], behind.stderr);
  writeFileSync(key, 'x'.repeat(32));
  for (const [flags, says] of [
    [['--jwt-secret-file', join(room, 'gone')], /jwt_secret_file: .*gone cannot be read: No such file/],
    [['--server-key-file', config + '.none'], /server_key_file: .*none cannot be read/],
    [['--jwt-public-key-file', key], /jwt_public_key_file: /],
    [['--display-timezone', 'Mars'], /display_timezone: no such IANA time zone/],
    [['--oidc-issuer', 'https://a.example'], /oidc_client_id: must be given too/],
    [['--oidc-client-id', 'x'], /oidc_issuer: must be given too/],
    [['--metrics-listen', 'foo:9000'], /metrics_listen: must be an IPv4 or IPv6 address/],
    [['--listen', 'foo'], /listen: must be an IPv4 or IPv6 address/],
    [['--snapshot-every', '1', '--snapshot-dir', join(key, 'snaps')], /snapshot_dir: Not a directory/],
    [['--snapshot-every', '1', '--snapshot-dir', key], /snapshot_dir: Not a directory/],
  ]) {
    const wrong = check(...flags);
    assert.equal(wrong.status, 2, flags.join(' '));
    assert.match(wrong.stderr, says);
  }
  assert.equal(check('--jwt-secret-file', key, '--server-key-file', key).status, 0);
  assert.equal(run('serve', '--mock-data', '--check-config', '--data', data).status, 0); // a switch takes no word of the next
  for (const good of [['--metrics-listen', '9000'], ['--metrics-listen', '[::1]:9000'], ['--snapshot-every', '1', '--snapshot-dir', join(data, 'a/b')]]) assert.equal(check(...good).status, 0, good.join(' '));
  mkdirSync(data);
  writeFileSync(join(data, 'jwt.secret'), 'short');
  assert.match(check().stderr, /jwt_secret_file: /);
});

test('what cannot be read makes no data directory', () => {
  const data = join(room, 'not-made'), none = join(room, 'nowhere');
  for (const words of [['import', none], ['import', 'oulad', none], ['import', 'oulad', process.execPath]]) {
    const end = run(...words, '--data', data);
    assert.equal(end.status, 1, words.join(' '));
    assert.match(end.stderr, /milepost: \S+: (No such file or directory|Not a directory)/);
    assert.ok(!existsSync(data), words.join(' '));
  }
});

// What /metrics says of the server's own snapshots.
async function snapshotFigures(server) {
  const { text } = await server.call('GET', '/metrics', { headers: { 'x-server-key': server.key } });
  const value = (name) => Number(text.match(new RegExp(`^milepost_snapshot_${name} (\\S+)$`, 'm'))[1]);
  return { every: value('every_seconds'), last: value('last_success_timestamp_seconds'), took: value('last_duration_seconds'), failures: value('failures_total') };
}

test('a directory that cannot be made is named by who asked for it', async () => {
  const file = join(room, 'a-file'), inside = join(file, 'x'), from = join(room, 'made');
  writeFileSync(file, '');
  const server = await Server.start({ directory: from, flags: ['--snapshot-every', '1', '--snapshot-dir', inside] });
  await until(() => /a-file/.test(server.log), () => server.log);
  assert.match(server.log, /milepost: snapshot_dir: cannot make .*a-file\/x: Not a directory/);
  await until(async () => (await snapshotFigures(server)).failures === 1, () => server.log);
  assert.deepEqual(await snapshotFigures(server), { every: 3600, last: 0, took: 0, failures: 1 });
  await server.stop();
  assert.match(run('checkpoint', '--data', from, '--to', inside).stderr, /milepost: --to: cannot make/);
  assert.match(run('move', '--from', from, '--to', inside).stderr, /milepost: --to: cannot make/);
  assert.match(run('serve', '--data', inside).stderr, /milepost: data: cannot make/);
});

test('a port says why it cannot be had; a data directory is made with its parents', async () => {
  const server = await Server.start({ directory: join(room, 'deep/er/data') });
  assert.equal(statSync(join(room, 'deep')).mode & 0o777, 0o700);
  const port = server.port;
  assert.match(run('serve', '--data', join(room, 'other'), '--port', String(port)).stderr, new RegExp(`port: cannot listen on 127.0.0.1:${port}: it is in use`));
  assert.match(run('serve', '--data', join(room, 'other'), '--listen', '192.0.2.1').stderr, /192.0.2.1:5000: this machine has no such address/);
  assert.match(run('serve', '--data', join(room, 'other'), '--listen', 'example.org').stderr, /listen: must be an IPv4 or IPv6 address, or localhost/);
  if (process.getuid() !== 0) assert.match(run('serve', '--data', join(room, 'other'), '--port', '81').stderr, /:81: permission denied/);
  await server.discard();
});

test('localhost and ::1 are listened on', async () => {
  for (const [listen, host] of [['localhost', '127.0.0.1'], ['::1', '[::1]']]) {
    const port = await freePort();
    const server = await Server.start({ directory: join(room, `listens-${port}`), flags: ['--metrics-listen', `${host}:${port}`] });
    assert.equal((await fetch(`http://${host}:${port}/healthz`)).status, 200, listen);
    await server.discard();
  }
});

test('nothing is written over; a backup says what it leaves out, and can have it', async () => {
  const server = await Server.start({ directory: join(room, 'served') });
  await server.declare(1, [{ id: 'a' }]);
  const token = server.token('admin-1', 'admin');
  const file = join(room, 'b.db'), out = join(room, 'all.jsonl');
  const backup = (...words) => run('backup', ...words, '--data', server.directory);
  assert.match(backup(file).stdout, /backed up 1 events into .*b.db; not in it: the keys/);
  const again = backup(file);
  assert.deepEqual([again.status, /b.db: the file is there already; nothing was changed/.test(again.stderr)], [1, true]);
  assert.match(backup(join(room, 'no/such/place.db')).stderr, /place.db: No such file or directory/);
  assert.match(backup(join(room, 'k.db'), '--with-keys').stdout, /k.db, the key into .*k.db.jwt.secret, the key into .*k.db.server.key/);
  for (const name of ['jwt.secret', 'server.key']) {
    assert.equal(statSync(join(room, `k.db.${name}`)).mode & 0o777, 0o600);
    assert.equal(readFileSync(join(room, `k.db.${name}`), 'utf8'), readFileSync(join(server.directory, name), 'utf8'));
  }
  const [own, given] = ['secret', 'key'].map((name) => join(room, `given.${name}`));
  assert.match(backup(join(room, 'l.db'), '--with-keys', '--jwt-secret-file', own, '--server-key-file', given).stdout,
    new RegExp(`; not in it: the key of jwt_secret_file \\(${own}\\), the key of server_key_file \\(${given}\\)\n$`));
  assert.doesNotMatch(backup(join(room, 'm.db'), '--with-keys').stdout, /not in it/);
  renameSync(join(server.directory, 'jwt.secret'), own);
  assert.match(backup(join(room, 'o.db'), '--with-keys').stdout, /; not in it: jwt.secret \(it is not in the data directory\)\n$/);
  assert.doesNotMatch(backup(join(room, 'p.db'), '--with-keys', '--jwks-url', 'http://127.0.0.1:9/').stdout, /not in it/); // it needs none
  renameSync(own, join(server.directory, 'jwt.secret'));
  renameSync(join(server.directory, 'server.key'), given);
  mkdirSync(join(server.directory, 'server.key')); // it cannot be read
  const half = backup(join(room, 'q.db'), '--with-keys');
  assert.deepEqual([half.status, half.stdout, readdirSync(room).filter((name) => name.startsWith('q.db'))], [1, '', []]);
  assert.match(half.stderr, /server.key.*: /);
  rmSync(join(server.directory, 'server.key'), { recursive: true });
  renameSync(given, join(server.directory, 'server.key'));
  writeFileSync(join(room, 'x.db.server.key'), 'somebody\'s');
  assert.match(backup(join(room, 'x.db'), '--with-keys').stderr, /keys lie beside this file already; nothing was changed/);
  assert.equal(run('export', '--out', out, '--data', server.directory).status, 0);
  assert.match(run('export', '--out', out, '--data', server.directory).stderr, /is there already; nothing was changed \(--force/);
  assert.equal(run('export', '--out', out, '--force', '--data', server.directory).status, 0);
  await server.discard();
  // elsewhere, with the keys: tokens of before are good; without: they are not, and that was said
  assert.match(run('restore', join(room, 'k.db'), '--data', join(room, 'new')).stdout, /restored 1 events, and the keys beside the backup/);
  const restored = await Server.start({ directory: join(room, 'new') });
  assert.equal((await restored.call('GET', '/api/v1/catalog/courses/1', { as: { token } })).status, 200);
  await restored.discard();
  const keyed = join(room, 'keyed'); // a key in the directory is somebody's
  mkdirSync(keyed);
  writeFileSync(join(keyed, 'server.key'), 'somebody\'s key of length\n');
  const refused = run('restore', join(room, 'k.db'), '--data', keyed);
  assert.deepEqual([refused.status, readdirSync(keyed), readFileSync(join(keyed, 'server.key'), 'utf8')], [1, ['server.key'], 'somebody\'s key of length\n']);
  assert.match(refused.stderr, /keyed: keys lie in this directory already; nothing was changed/);
  writeFileSync(join(keyed, 'jwt.secret'), 'x'.repeat(43));
  assert.match(run('restore', file, '--data', keyed).stdout, /the backup has no keys beside it: those of the directory stay/);
  assert.equal(readFileSync(join(keyed, 'jwt.secret'), 'utf8'), 'x'.repeat(43));
  assert.match(run('restore', file, '--data', join(room, 'bare')).stdout, /the backup has no keys beside it: put/);
  const bare = await Server.start({ directory: join(room, 'bare') });
  assert.equal((await bare.call('GET', '/api/v1/catalog/courses/1', { as: { token } })).status, 401);
  assert.match(bare.log, /new keys beside data that is there already/);
  rmSync(join(bare.directory, 'jwt.secret')); // none is made beside data: the server says so when it makes one
  const none = run('token', '--data', bare.directory, '--sub', 'x');
  assert.deepEqual([none.status, none.stdout, existsSync(join(bare.directory, 'jwt.secret'))], [1, '', false]);
  assert.match(none.stderr, /jwt.secret cannot be read: No such file or directory; there is data in this directory: put its old key back/);
  await bare.discard();
  writeFileSync(join(room, 'r.db'), readFileSync(join(room, 'k.db')));
  writeFileSync(join(room, 'r.db.jwt.secret'), readFileSync(join(room, 'k.db.jwt.secret')));
  mkdirSync(join(room, 'r.db.server.key'));
  assert.equal(run('restore', join(room, 'r.db'), '--data', join(room, 'new3')).status, 1);
  assert.deepEqual(readdirSync(join(room, 'new3')).filter((name) => name !== 'lock'), []); // a store without its keys would start
  rmSync(join(room, 'r.db.server.key'), { recursive: true });
  assert.match(run('restore', join(room, 'r.db'), '--data', join(room, 'new3')).stdout, /restored 1 events/);
  assert.match(run('restore', join(room, 'gone.db'), '--data', join(room, 'new2')).stderr, /gone.db: No such file/);
  assert.match(run('backup', join(room, 'n.db'), '--data', join(room, 'nothing')).stderr, /nothing: there is no data in this directory/);
});

const until = async (what, why) => {
  for (let tries = 0; !(await what()); tries++) {
    assert.ok(tries < 400, why());
    await new Promise((done) => setTimeout(done, 50));
  }
};

test('SIGHUP takes over what can be, and says of each setting and key what became of it', async () => {
  const config = join(room, 'hup.conf');
  writeFileSync(config, 'rate_limit = 100\n');
  const server = await Server.start({ directory: join(room, 'hup'), flags: ['--config', config] });
  writeFileSync(config, 'rate_limit = 5\nlog_level = debug\nsnapshot_keep = 3\n');
  writeFileSync(join(server.directory, 'server.key'), 'another-key-of-a-good-length\n');
  server.process.kill('SIGHUP');
  await until(() => /snapshot_keep: now 3/.test(server.log), () => server.log);
  await until(() => /log_level: now debug/.test(server.log), () => server.log);
  assert.match(server.log, /rate_limit: changed; that takes a restart/);
  assert.match(server.log, /jwt_secret_file: reloaded/);
  assert.match(server.log, /server_key_file: reloaded/);
  assert.equal((await server.call('GET', '/metrics', { headers: { 'x-server-key': 'another-key-of-a-good-length' } })).status, 200);
  assert.equal((await server.call('GET', '/metrics', { headers: { 'x-server-key': server.key } })).status, 401);
  await until(() => /\/metrics/.test(server.log), () => server.log); // debug: each answer
  writeFileSync(config, 'rate_limit = lots\n');
  server.process.kill('SIGHUP');
  await until(() => /settings: none of them was taken over/.test(server.log), () => server.log);
  assert.match(server.log, /hup.conf:1: rate_limit: must be/);
  assert.equal((await server.discard()).code, 0, server.log);
});

test('the running server takes its own snapshots, and keeps as many as it was told', async () => {
  const place = join(room, 'snaps');
  const server = await Server.start({ directory: join(room, 'snapped'), flags: ['--snapshot-every', '1', '--snapshot-keep', '2', '--snapshot-dir', place, '--snapshot-with-keys', 'on'] });
  await server.declare(1, [{ id: 'a' }]);
  const all = () => (existsSync(place) ? readdirSync(place).filter((name) => name.endsWith('.db')).sort() : []);
  const seen = new Set();
  for (let round = 1; round <= 3; round++) {
    await until(() => all().some((name) => !seen.has(name)) && server.log.split('milepost: snapshot: ').length === round + 1, () => server.log);
    for (const name of all()) seen.add(name), utimesSync(join(place, name), 1e9, 1e9); // long ago: another is due
    await new Promise((done) => setTimeout(done, 1000)); // a name is a second
  }
  await until(() => all().length === 2, () => all().join());
  assert.ok(seen.size >= 3);
  const figures = await snapshotFigures(server);
  assert.ok(figures.every === 3600 && figures.took > 0 && figures.failures === 0, JSON.stringify(figures));
  const before = Date.now() / 1000 - 60;
  await until(async () => (await snapshotFigures(server)).last > before, () => server.log); // another, since all are from long ago
  writeFileSync(join(place, 'mine.db'), '');
  assert.equal((await server.discard()).code, 0, server.log);
  assert.ok(all().includes('mine.db'), 'what is not named as a snapshot stays');
  const newest = all().filter((name) => name !== 'mine.db').at(-1);
  if (isEmbedded) {
    const keys = readdirSync(place).filter((name) => /\.db\./.test(name)).sort();
    assert.deepEqual(keys, all().filter((name) => name !== 'mine.db').flatMap((name) => [`${name}.jwt.secret`, `${name}.server.key`]), 'keys go with their snapshot');
    for (const name of keys) assert.equal(statSync(join(place, name)).mode & 0o777, 0o600);
  }
  assert.equal(run('restore', join(place, newest), '--data', join(room, 'from-snapshot')).status, 0);
  assert.match(run('verify', '--data', join(room, 'from-snapshot')).stdout, /^verified: 1 events/);
  if (isEmbedded) assert.equal(readFileSync(join(room, 'from-snapshot/jwt.secret'), 'utf8').trim(), server.secret);
});

test('what a command copied of a database is gone, however the command ends', async () => {
  const place = join(room, 'copying'), copies = join(place, 'copies'), own = join(place, 'own'), pipe = join(place, 'pipe'), backup = join(place, 'backup.db');
  for (const path of [place, copies]) mkdirSync(path);
  const server = await Server.start({ directory: own });
  await server.declare(1, [{ id: 'a' }]);
  await server.stop();
  assert.equal(run('backup', backup, '--data', own).status, 0);
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const writer = openSync(pipe, 'r+'); // whoever reads it waits
  const silent = createServer(() => {}).listen(0, '127.0.0.1'); // whoever calls it waits
  await once(silent, 'listening');
  const words = {
    verify: ['--database'],
    export: ['--database'],
    backup: [join(place, 'never.db'), '--database'],
    erase: ['--user', 'u', '--database'],
    restore: [backup, '--database'],
    import: [pipe, '--database'],
    move: ['--from', own, '--to'],
  };
  const begin = (name, port) => spawn(binary, [name, ...words[name], `postgres://127.0.0.1:${port}/none`, '--data', join(place, 'none')], { env: { ...process.env, TMPDIR: copies }, stdio: 'ignore' });
  const left = () => readdirSync(copies);
  try {
    for (const name in words) {
      if (name !== 'import') assert.deepEqual([name, ...(await once(begin(name, 1), 'exit')), left()], [name, 1, null, []]);
      for (const signal of name === 'import' ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT']) {
        const held = begin(name, silent.address().port);
        await until(() => left().some((copy) => name !== 'import' || existsSync(join(copies, copy, 'import.part/events.db'))), () => name);
        held.kill(signal);
        assert.deepEqual([name, ...(await once(held, 'exit')), left()], [name, null, signal, []]);
      }
    }
  } finally {
    closeSync(writer);
    silent.close();
  }
});

test('a node that is told to end while its snapshot waits for the database leaves no copy', { skip: !isEmbedded }, async (t) => {
  const cluster = await Cluster.start();
  if (!cluster) return t.skip('no PostgreSQL is installed here');
  const place = join(room, 'node-snaps'), copies = join(room, 'node-copies'), held = [];
  let holds = false;
  mkdirSync(copies);
  const front = createServer((client) => {
    client.on('error', () => {});
    if (holds) return held.push(client); // whoever calls now waits
    client.pipe(connect(cluster.port, '127.0.0.1').on('error', () => client.destroy())).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  const node = await Server.start({ flags: ['--database', cluster.url(front.address().port), '--snapshot-every', '1', '--snapshot-dir', place], env: { TMPDIR: copies } });
  try {
    await until(() => /milepost: snapshot: /.test(node.log), () => node.log);
    holds = true;
    for (const name of readdirSync(place)) utimesSync(join(place, name), 1e9, 1e9); // long ago: another is due
    await until(() => held.length > 0 && readdirSync(copies).length > 0, () => node.log);
    assert.equal((await node.stop()).code, 0, node.log);
    assert.deepEqual(readdirSync(copies), []);
  } finally {
    await node.stop();
    for (const client of held) client.destroy();
    front.close();
    cluster.remove();
  }
});

test('bash completes commands, options, settings and their choices', () => {
  const complete = (...words) => spawnSync('bash', ['-c', `${run('--bash-completion').stdout}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _milepost; echo "\${COMPREPLY[@]}"`, 'bash', 'milepost', ...words], { encoding: 'utf8' }).stdout.trim().split(' ');
  assert.deepEqual(complete('ex'), ['export']);
  assert.deepEqual(complete('token', '--su'), ['--sub']);
  assert.deepEqual(complete('serve', '--catalog', ''), ['open', 'strict']);
  assert.deepEqual(complete('serve', '--completion'), ['--completion_threshold']);
  assert.deepEqual(complete('token', '--role', 'st'), ['student']);
});
