// What the dashboard is made of: its size, its policy, its words, and that no figure is made in it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Server } from '../wire/server.mjs';

const MOST_BYTES = 40 * 1024; // gzip, of all that a browser loads

const folder = new URL('../../ui/src/', import.meta.url).pathname;
const files = readdirSync(folder, { recursive: true }).filter((name) => /\.jsx?$/.test(name)).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

test('all of it is small', async (context) => {
  const sizes = await Promise.all(['/', '/ui/app.js', '/ui/style.css', '/ui/icon.svg'].map(async (path) => {
    const { text } = await server.call('GET', path);
    return [path, text.length, gzipSync(text, { level: 9 }).length];
  }));
  for (const [path, plain, packed] of sizes) context.diagnostic(`${path} ${plain} bytes, ${packed} gzip`);
  const whole = sizes.reduce((sum, [, , packed]) => sum + packed, 0);
  context.diagnostic(`whole ${whole} bytes gzip of ${MOST_BYTES}`);
  assert.ok(whole <= MOST_BYTES, `${whole} bytes gzip`);
});

test('the page carries no inline code, and its policy allows none', async () => {
  const page = await server.call('GET', '/');
  const policy = page.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self';", "frame-ancestors 'none'"]) assert.ok(policy.includes(part), policy);
  assert.ok(!policy.includes('unsafe'));
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.ok(!/<script(?![^>]*src=)|style=|\son\w+=/.test(page.text));
  assert.ok(!/(?:src|href)="(?:\/|https?:)/.test(page.text), 'addresses are relative: a prefix works');
  for (const [, address] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) assert.equal((await server.call('GET', `/${address}`)).status, 200, address);
  const icon = await server.call('GET', '/ui/icon.svg');
  assert.match(icon.headers.get('content-type'), /^image\/svg\+xml/);
  assert.match(icon.text, /^<svg /);
  const [script, style] = await Promise.all([server.call('GET', '/ui/app.js'), server.call('GET', '/ui/style.css')]);
  assert.match(script.headers.get('content-type'), /^text\/javascript/);
  assert.match(style.headers.get('content-type'), /^text\/css/);
  assert.ok(!/url\(/.test(style.text), 'no font and no image from anywhere');
});

test('nothing in the source writes HTML, or keeps the token anywhere but in sessionStorage', () => {
  for (const [name, text] of files) {
    assert.ok(!/innerHTML|outerHTML|insertAdjacentHTML|document\.write|dangerouslySetInnerHTML|\beval\(|new Function/.test(text), name);
    assert.ok(!/localStorage|document\.cookie|indexedDB/.test(text), name);
  }
});

test('it keeps to what Preact 8 and 11 both have: h, Component and render, one element each', () => {
  for (const [name, text] of files) {
    for (const [, what] of text.matchAll(/import (.*) from 'preact/g)) assert.match(what, /^\{ (h|Component|render)(, (h|Component|render))* \}$/, name);
    assert.ok(!/<>|<\/>|\buse(State|Effect|Ref|Memo)\(/.test(text), name);
  }
});

// Code without its texts: comments, strings, what of a template is text, and the words between JSX tags.
function codeOf(text) {
  return text
    .replace(/\/\*[^]*?\*\//g, ' ').replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")
    .replace(/(=>|[=(,:&|?!])\s*\/(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n[])+\/[dgimsuy]*/g, '$1 0')
    .replace(/`(?:\\.|\$\{[^`]*?\}|[^`\\])*`/g, (template) => [...template.matchAll(/\$\{([^}]*)\}/g)].map(([, inner]) => ` (${inner}) `).join(' ') || "''");
}

// Lengths are drawn (charts), seconds are written as minutes (format), a list that is held is cut into pages (slice), waits
// are reckoned: none of those is a figure of an answer. Everything else shows what it was given.
const MAY_CALCULATE = new Set(['charts.jsx', 'format.js', 'slice.js', 'live.js', 'api.js', 'oidc.js', 'csv.js', 'keys.jsx']);
const ARITHMETIC = [/[\w\])]\s+[-*%]\s+[\w(]/, /[\w\])]\s+\/\s+[\w(]/, /\.reduce\(/, /Math\.\w+/, /[-+*/%]=(?!=)/, /\*\*/, /\+\+|--(?!>)/, /[\w\])]\s\+\s[\w(]/];
// What is left, by name: the number of the next page, the place of a row in the editor, how long a card waits, when
// somebody was last heard of, and where on a film they are.
const ALLOWED = [
  'import * as', 'depth + 1', 'page - 1', 'page + 1', 'at + by', 'at + by + 1', 'at + 1', 'first + i', 'count - 1', 'LIVE_PAUSE_MS - (performance.now() - this.readAt)', '++this.turn', 'retention.length - 1', 'days.length - 1', 'points.length - 1',
  'Math.min(1, position / end)', 'seen + HERE_MS', 'Math.min(14, body.split().length + 1)', 'path + asked', 'path + rows', 'base + this.address()',
];

test('no figure is made of others: the pages calculate with nothing that the server answers', () => {
  const found = [];
  for (const [name, text] of files) {
    if (MAY_CALCULATE.has(name)) continue;
    for (const [i, line] of codeOf(text).split('\n').entries()) {
      let rest = line.replace(/split\(''\)/g, 'split()').replace(/<\/?[\w.]+|\/>/g, ' ');
      for (const allowed of ALLOWED) rest = rest.split(allowed).join(' ');
      if (ARITHMETIC.some((pattern) => pattern.test(rest))) found.push(`${name}:${i + 1}: ${line.trim()}`);
    }
  }
  assert.deepEqual(found, []);
  // That it would see one.
  for (const bad of ['const rate = completed / total;', 'x = items.reduce((sum, one) => sum, 0)', 'n += one.count', 'a = total - done', 'p = Math.round(share)', '{completed * 100}'])
    assert.ok(ARITHMETIC.some((pattern) => pattern.test(codeOf(bad))), bad);
});

test('every text is in words.js, once, and none of them is left over', async () => {
  const { has, t } = await import('../../ui/src/words.js');
  const used = new Set();
  for (const [name, text] of files) {
    for (const [, key] of text.matchAll(/\bt\('([^']+)'/g)) {
      assert.ok(has(key), `${name}: ${key}`);
      used.add(key);
    }
    for (const [, one, other] of text.matchAll(/\bt\([^'`)][^?)]*\? '([^']+)' : '([^']+)'/g)) for (const key of [one, other]) {
      assert.ok(has(key), `${name}: ${key}`);
      used.add(key);
    }
    // Words between tags would be text that cannot be translated.
    for (const [, words] of text.matchAll(/>([^<>{}=;()]*[A-Za-z]{3}[^<>{}=;()]*)<\//g)) assert.ok(/^(Milepost|openapi\.json|[^a-zA-Z]*)$/.test(words.trim()), `${name}: "${words}"`);
  }
  const words = readFileSync(join(folder, 'words.js'), 'utf8');
  const keys = [...words.matchAll(/(?:^|[{,]\s)'?([\w./ ?[\]]+?)'?: ['{]/gm)].map(([, key]) => key).filter((key) => has(key));
  const made = /^(state|role|type|event|bucket|reason|live|key|refused|act)\./; // those that are put together
  assert.deepEqual(keys.filter((key) => !used.has(key) && !made.test(key)), []);
  assert.equal(t('daySaid', { date: 'x', reports: 1, time: 'y' }), 'x: 1 report, y');
});
