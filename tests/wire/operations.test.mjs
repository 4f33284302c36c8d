// The pages for operators, read as one: what they show as commands is run in their order, what they show as files is checked.
// The machine is a directory; what only an installed system has is done by stand_ins.sh.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Cluster } from './nodes.mjs';
import { binary, freePort, isEmbedded, run } from './server.mjs';

// Lines whose test is another one, which needs an empty root, a disk that is measured, or another program.
const elsewhere = [
  [/^(packaging\/deb|apt install |\.\/run build |meson setup build-install |systemd-sysusers )/, 'packaging/stranger'],
  [/^podman (build|run) /, 'packaging/Containerfile, built by hand'],
  [/^bench\//, 'bench/run'],
];
const isSetting = /^\w+ = .*$/;
const kinds = [
  ['unit', /^\[Service\]/],
  ['proxy', /^location /],
  ['scrape', /^scrape_configs:/],
  ['cron', /^\d+ \d+ \* \* \* /],
];

/** What a page shows, fenced or indented, in its order: { kind, text }. */
function shown(path) {
  const found = [];
  let open = null;
  let isFenced = false;
  for (const line of [...readFileSync(path, 'utf8').split('\n'), '']) {
    const fence = /^ *```(\w*)$/.exec(line);
    const isIndented = !isFenced && /^ {4}\S/.test(line);
    if (fence) isFenced = !isFenced;
    if (fence ? isFenced : isIndented && !open) found.push((open = { kind: fence?.[1] || '', lines: [] }));
    else if (fence || (!isFenced && !/^ {4}/.test(line))) open = null;
    if (open && !fence) open.lines.push(isFenced ? line : line.slice(4));
  }
  return found.map(({ kind, lines }) => {
    if (kind && kind !== 'sh') return { kind, text: lines.join('\n') };
    const text = lines.join('\n').trim();
    const told = text.split('\n').filter((line) => line && !line.startsWith('#'));
    if (told.every((line) => isSetting.test(line))) return { kind: 'settings', text };
    return { kind: kinds.find(([, begins]) => begins.test(text))?.[0] ?? 'shell', text };
  });
}

class Machine {
  constructor(port, more = {}) {
    this.stage = mkdtempSync(join(tmpdir(), 'milepost-machine-'));
    this.port = port;
    for (const name of ['bin', 'etc/milepost', 'var/lib/milepost', 'backup', 'mnt']) mkdirSync(join(this.stage, name), { recursive: true });
    symlinkSync(resolve(binary), join(this.stage, 'bin/milepost'));
    for (const name of ['runuser', 'podman', 'docker', 'install', 'systemctl']) symlinkSync(resolve('tests/wire/stand_ins.sh'), join(this.stage, 'bin', name));
    this.env = { ...process.env, PATH: `${this.stage}/bin:${process.env.PATH}`, STAGE: this.stage, STAGE_PORT: String(port), B: `http://127.0.0.1:${port}`, ...more };
    this.configure('');
  }

  configure(more) {
    writeFileSync(join(this.stage, 'etc/milepost/milepost.conf'), this.here('data = /var/lib/milepost\n') + more);
  }

  /** The same text with this machine's paths. */
  here(text) {
    return text.replaceAll(/(?<![\w.])\/(var\/lib|etc|backup|mnt)(?=\/|\b)/g, `${this.stage}/$1`).replaceAll('2026-03-01.db', `${new Date().toISOString().slice(0, 10)}.db`);
  }

  /** One block, as whoever copies it would; what is tested elsewhere is left out. */
  shell(text, more = {}) {
    const lines = text.split('\n').filter((line) => !elsewhere.some(([begins]) => begins.test(line)));
    const done = spawnSync('bash', ['-eu', '-c', this.here(lines.join('\n'))], { encoding: 'utf8', env: { ...this.env, ...more } });
    assert.equal(done.status, 0, `${text}\n${done.stdout}${done.stderr}${existsSync(`${this.stage}/server.log`) ? readFileSync(`${this.stage}/server.log`, 'utf8') : ''}`);
    return done.stdout.trim();
  }

  async ask(path, token) {
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, { headers: { authorization: `Bearer ${token}` } });
    return [answer.status, await answer.json()];
  }

  remove() {
    spawnSync('bash', ['-c', 'kill $(cat "$STAGE/server.pid")'], { env: this.env });
    rmSync(this.stage, { recursive: true, force: true });
  }
}

const watched = '{"userId":"1001","videoId":"71","watchedDuration":60,"courseId":"7"}';
const report = `curl -fs "$B/progress/update" -H "Authorization: Bearer $A" -H 'Content-Type: application/json' -d '${watched}'`;

test('docs/operations.md: every command does what it says, from the first token to a backup restored', { skip: !isEmbedded }, async () => {
  const machine = new Machine(await freePort());
  try {
    machine.shell('systemctl start milepost');
    const tokens = [];
    let commands = 0;
    for (const { kind, text } of shown('docs/operations.md')) {
      if (kind === 'cron') {
        const [, command] = /^(?:\S+ ){5}milepost (.*)$/.exec(text); // the sixth field is the user
        rmSync(machine.here('/backup'), { recursive: true });
        mkdirSync(machine.here('/backup'));
        machine.shell(command.replaceAll('\\%', '%'));
      }
      if (kind !== 'shell') continue;
      const said = machine.shell(text, { A: tokens[0] });
      commands += text.split('\n').length;
      if (!text.includes('milepost token')) continue;
      tokens.push(...said.split('\n'));
      machine.shell(report, { A: tokens[0] });
    }
    assert.ok(commands > 20 && tokens.length === 3);
    for (const token of tokens) {
      const [status, state] = await machine.ask('/progress/1001/71', token); // after the restore, with a token of before
      assert.deepEqual([status, state.watchedDuration], [200, 60]);
    }
    assert.ok(existsSync(machine.here('/var/lib/milepost.before/events.db')));
  } finally {
    machine.remove();
  }
});

test('docs/nodes.md: every command does what it says, from the first table to the data moved', { skip: !isEmbedded }, async (t) => {
  const cluster = await Cluster.start();
  if (!cluster) return t.skip('no PostgreSQL is installed here');
  const machine = new Machine(await freePort(), { PGHOST: '127.0.0.1', PGPORT: String(cluster.port), PGUSER: 'milepost' });
  try {
    spawnSync('dropdb', ['milepost'], { env: machine.env });
    const url = (text) => text.replaceAll(/'postgres:[^']*'/g, `'${cluster.url()}'`).replaceAll('--database URL', `--database '${cluster.url()}'`);
    const blocks = shown('docs/nodes.md').filter(({ kind }) => kind === 'shell').map(({ text }) => url(text));
    const [start, copy, , move] = blocks;
    assert.equal(blocks.length, 4);

    // A server on each machine, here the first: as the unit starts it.
    const [make, serve] = start.split('\n');
    machine.shell(make);
    assert.match(machine.shell(`${serve.replace(/ *#.*/, '')} --check-config`), /./);
    machine.configure(`database = ${cluster.url()}\n`);
    machine.shell('systemctl start milepost');
    const token = machine.shell('milepost token --data /var/lib/milepost --sub 9001 --role admin');
    machine.shell(report, { A: token });

    // The new machine has no data, and shares the place of the copy.
    const [to, from] = copy.split('\n').map((line) => line.replace(/ *#.*/, ''));
    machine.shell(to);
    const other = new Machine(await freePort());
    renameSync(machine.here('/mnt/copy'), other.here('/mnt/copy'));
    other.shell(from);
    other.configure(`database = ${cluster.url()}\n`);
    other.shell('systemctl start milepost');
    assert.equal((await other.ask('/progress/1001/71', token))[1].watchedDuration, 60);
    other.remove();

    // A server of its own is moved into an empty log.
    machine.shell(`systemctl stop milepost && rm -r /var/lib/milepost && mkdir /var/lib/milepost && psql -q -c 'DROP SCHEMA public CASCADE; CREATE SCHEMA public'`);
    machine.configure('');
    machine.shell('systemctl start milepost');
    const old = machine.shell('milepost token --data /var/lib/milepost --sub 9001 --role admin');
    machine.shell(report, { A: old });
    const [stop, ...rest] = move.split('\n').map((line) => line.replace(/^ {2}/, ''));
    machine.shell(stop);
    machine.configure(`database = ${cluster.url()}\n`);
    machine.shell(rest.join('\n'));
    assert.equal((await machine.ask('/progress/1001/71', old))[1].watchedDuration, 60);
  } finally {
    machine.remove();
    cluster.remove();
  }
});

for (const path of ['docs/operations.md', 'docs/security.md'])
  test(`${path}: settings it shows are taken`, () => {
    const machine = new Machine(1);
    try {
      machine.shell('openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout /etc/milepost/privkey.pem -out /etc/milepost/fullchain.pem 2>/dev/null');
      let taken = 0;
      for (const { kind, text } of shown(path)) {
        if (kind !== 'settings') continue;
        const file = join(machine.stage, 'shown.conf');
        writeFileSync(file, machine.here(`data = /var/lib/milepost\n${text}\n`));
        const checked = run('serve', '--config', file, '--check-config');
        assert.equal(checked.status, 0, text + checked.stderr);
        taken++;
      }
      assert.ok(taken > 0);
    } finally {
      machine.remove();
    }
  });

test('docs/operations.md: a drop-in names what the unit has', () => {
  const unit = readFileSync('packaging/milepost.service.in', 'utf8');
  const names = shown('docs/operations.md').filter(({ kind }) => kind === 'unit').flatMap(({ text }) => text.split('\n').slice(1).map((line) => line.split('=')[0]));
  assert.deepEqual(new Set(names), new Set(['AmbientCapabilities', 'CapabilityBoundingSet', 'PrivateUsers', 'ReadWritePaths']));
  for (const name of ['PrivateUsers', 'CapabilityBoundingSet']) assert.match(unit, new RegExp(`^${name}=`, 'm')); // else the drop-in changes nothing
});

test('README.md: what it says of looking after the data, and of real data', { skip: !isEmbedded }, async (t) => {
  const cluster = await Cluster.start();
  if (!cluster) return t.skip('no PostgreSQL is installed here');
  const machine = new Machine(await freePort());
  try {
    const data = join(machine.stage, 'data');
    for (const [name, to] of [['build', join(machine.stage, 'bin')], ['tests', resolve('tests')]]) symlinkSync(to, join(machine.stage, name));
    writeFileSync(join(machine.stage, 'etc/milepost/milepost.conf'), `data = ${data}\n`);
    machine.shell('systemctl start milepost');
    machine.shell(`A=$(milepost token --data ${data} --sub 9001 --role admin); ${report}`);
    machine.shell('systemctl stop milepost');
    let commands = 0;
    for (const { kind, text } of shown('README.md').filter((one) => /^build\/milepost (verify|import oulad) /.test(one.text))) {
      assert.equal(kind, 'shell');
      for (const line of text.split('\n').map((one) => one.replace(/ +#.*/, ''))) {
        const command = line.replace('FILE', 'all.db').replace('[--user ID]', '').replace('ID', '1001').replace('postgres://db/milepost', cluster.url());
        machine.shell(`cd ${machine.stage}; ${command} ${command.startsWith('build/milepost serve') ? '--check-config' : ''}`);
        commands++;
      }
    }
    assert.equal(commands, 10);
  } finally {
    machine.remove();
    cluster.remove();
  }
});

// A command's options, wherever a page names them.
test('every page names commands and options that there are', () => {
  const helps = new Map();
  const help = (command) => helps.get(command) ?? helps.set(command, run('help', command)).get(command);
  const overview = run('--help').stdout;
  let named = 0;
  for (const path of ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...['operations', 'security', 'nodes', 'migration', 'dashboard', 'scale', 'tracker', 'live', 'documents', 'index'].map((name) => `docs/${name}.md`)])
    for (const [, command, rest] of readFileSync(path, 'utf8').matchAll(/(?:^|[ `/])milepost (?!milepost )([a-z]+)\b([^\n`|]*)/gm)) {
      if (command === 'help' || !overview.match(new RegExp(`^  ${command}\\b`, 'm'))) continue; // the word in a sentence
      named++;
      assert.equal(help(command).status, 0, command);
      for (const [, option] of rest.replace(/#.*/, '').matchAll(/ (--[a-z][a-z-]+)/g))
        assert.ok(help(command).stdout.replaceAll('_', '-').includes(option) || option === '--help', `${path}: ${command} ${option}`);
    }
  assert.ok(named > 40, String(named));
});

test('docs/operations.md: what it says one sees when something is wrong, the program says', () => {
  const program = readFileSync(binary, 'latin1');
  const rows = [...readFileSync('docs/operations.md', 'utf8').matchAll(/^\| `([^`]+)` \|/gm)].map(([, text]) => text);
  assert.ok(rows.length >= 3);
  for (const row of rows) for (const part of row.split(/\.\.\.|: /).map((one) => one.trim()).filter((one) => one.length > 8)) assert.ok(program.includes(part), `${row}: ${part}`);
});
