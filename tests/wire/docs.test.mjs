// What the papers say is so.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { test } from 'node:test';
import { pages, runPage, settle } from './pages.mjs';
import { binary, run, Server } from './server.mjs';

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]);
}

test('ARCHITECTURE.md names functions that exist', () => {
  const text = readFileSync('ARCHITECTURE.md', 'utf8');
  const files = new Map(); // two files of one name in two folders count as one
  for (const path of [...sources('src'), ...sources('tests/unit')])
    files.set(basename(path), (files.get(basename(path)) ?? '') + readFileSync(path, 'utf8'));
  const named = [...text.matchAll(/`(\w+\.[ch]):(\w+)`/g)];
  assert.ok(named.length > 30);
  for (const [, file, name] of named) {
    assert.ok(files.has(file), `${file} is not there`);
    assert.match(files.get(file), new RegExp(`^[^\\n;]*\\b${name}\\(`, 'm'), `${file} has no ${name}`);
  }
  for (const [, path] of text.matchAll(/`((?:src|tests)\/[\w/.]+)`/g)) assert.ok(spawnSync('test', ['-e', path]).status === 0, path);
});

test('docs/settings.md is what the settings table says', () => {
  assert.ok(readFileSync('docs/settings.md', 'utf8').endsWith(run('--settings-markdown').stdout));
});

test('what all nodes must have alike is said in every paper of the settings', () => {
  const times = (paper) => run(...paper).stdout.replaceAll('\n# ', ' ').split('; the same on all nodes of a database').length - 1;
  assert.deepEqual([['--settings-markdown'], ['serve', '--help'], ['--manual-5'], ['--example-config']].map(times), [6, 6, 6, 6]);
});

test('a line of a settings file that a page shows has no comment behind its value', () => {
  const names = [...run('--settings-markdown').stdout.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  let shown = 0;
  for (const path of [...sources('docs').filter((name) => name.endsWith('.md')), 'README.md', 'SECURITY.md'])
    for (const [line, name] of readFileSync(path, 'utf8').matchAll(/^ +(\w+) = .*$/gm)) {
      if (!names.includes(name)) continue;
      shown++;
      assert.doesNotMatch(line, /\s[#;]/, `${path}: ${line}`);
    }
  assert.ok(shown > 8);
});

test('docs/limits.md has every limit with its number', () => {
  const page = readFileSync('docs/limits.md', 'utf8');
  const code = readFileSync('src/core/limits.h', 'utf8');
  const limits = [...code.matchAll(/^ +(LIMIT_\w+) = ([\d <]+),/gm)];
  assert.ok(limits.length >= 17);
  for (const [, name, value] of limits) {
    const [number, shift] = value.split('<<').map(Number);
    const text = (number * 2 ** (shift ?? 0)).toLocaleString('en-US');
    assert.match(page, new RegExp(`^\\| \`${name}\` \\| ${text} `, 'm'), `${name} = ${text}`);
  }
  for (const [, name] of page.matchAll(/`(LIMIT_\w+)`/g)) assert.ok(limits.some((limit) => limit[1] === name), name);
});

test('the README\'s page of curl works as written', async () => {
  const page = /```sh\n([\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'))[1];
  const server = await Server.start();
  try {
    const script = page
      .replaceAll('http://127.0.0.1:5000', server.base)
      .replaceAll('build/milepost', resolve(binary))
      .replaceAll('--data data', `--data ${server.directory}`)
      .replaceAll('data/server.key', `${server.directory}/server.key`)
      .replaceAll('curl -s', "curl -s -w '\\n%{http_code}\\n' ");
    const out = execFileSync('bash', ['-eu', '-c', script], { encoding: 'utf8' });
    const codes = out.split('\n').filter((line) => /^\d{3}$/.test(line));
    assert.ok(codes.length >= 18, out);
    assert.ok(codes.every((code) => ['200', '201'].includes(code)), out);
  } finally {
    await server.discard();
  }
});

test('--help and the README name the commands there are', () => {
  const help = run('--help').stdout;
  for (const name of ['serve', 'token', 'import']) assert.match(help, new RegExp(`^  ${name}`, 'm'));
});

for (const path of pages)
  test(`${path}: every command works, and answers what the page says`, async () => {
    const server = await Server.start();
    try {
      for (const { block, said, printed } of runPage(path, server)) {
        assert.ok(said !== null, `${path}: no answer is shown of ${block}`);
        assert.deepEqual(JSON.parse(settle(said)), JSON.parse(settle(printed)), block);
      }
    } finally {
      await server.discard();
    }
  });

test('docs/rights.md is the table of src/app/access.c', () => {
  const code = readFileSync('src/app/access.c', 'utf8');
  const words = { ALL: 'all', OWN: 'own', NOT: 'no', COURSE: 'course', LISTED: 'listed' };
  const rules = [...code.matchAll(/^ +\[(ACCESS_\w+)\] += \{(\w+), +(\w+), +(\w+), +(\w+), +(\w+)\},/gm)];
  const page = readFileSync('docs/rights.md', 'utf8');
  const rows = [...page.matchAll(/^\| [^|]+ \| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \| `(ACCESS_\w+)` \|$/gm)];
  assert.equal(rules.length, rows.length);
  for (const [, rule, ...reaches] of rules) {
    const row = rows.find((one) => one[6] === rule);
    assert.deepEqual(row?.slice(1, 6), reaches.map((reach) => words[reach] ?? reach), rule);
    // for a list "all" means: rows that one may see
  }
});

test('the site is built, every link leads somewhere, every schema of the reference is there', () => {
  const site = mkdtempSync(join(tmpdir(), 'milepost-site-'));
  try {
    const built = spawnSync('/usr/bin/python3', ['scripts/site.py', site, resolve(binary)], { encoding: 'utf8' });
    assert.deepEqual([built.status, built.stderr], [0, '']);
    const pages = readdirSync(site).filter((name) => name.endsWith('.html'));
    assert.ok(pages.length > 50);
    for (const name of pages) {
      const page = readFileSync(join(site, name), 'utf8');
      assert.doesNotMatch(page, /<script|https?:\/\/[^"]*\.(css|js)"/, name);
      for (const [, to] of page.matchAll(/(?:href|src)="([^"#:]+)(?:#[^"]*)?"/g)) assert.ok(existsSync(join(site, to)), `${name}: ${to}`);
    }
    const reference = readFileSync(join(site, 'api.html'), 'utf8');
    for (const [, name] of reference.matchAll(/href="#(schema-\w+)"/g)) assert.ok(reference.includes(`id="${name}"`), name);
    const routes = readFileSync('src/face/routes.c', 'utf8').match(/\{HTTP_\w+, "/g).length;
    assert.equal(reference.match(/class="method /g).length, routes);
  } finally {
    rmSync(site, { recursive: true, force: true });
  }
});
