// Pages whose shell blocks are run: each in one shell, against a server of its own; a JSON block is what the command
// before it answered.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { binary } from './server.mjs';

export const pages = ['pts', 'courseroom', 'trk', 'logs', 'video'].map((name) => `docs/clients/${name}.md`);

const fence = /^```(sh|json)\n([\s\S]*?)^```$/gm;

/** What each shell block of the page printed: [{ block, said, printed }], said null where no JSON block follows. */
export function runPage(path, server) {
  const blocks = [...readFileSync(path, 'utf8').matchAll(fence)].map(([, kind, text]) => ({ kind, text }));
  const steps = blocks.flatMap(({ kind, text }, i) => (kind === 'sh' ? [{ block: text, said: blocks[i + 1]?.kind === 'json' ? blocks[i + 1].text : null }] : []));
  const token = (sub, role) => server.token(sub, role);
  const mark = '\u001e';
  const script = steps.map(({ block }) => `${block}\nprintf '${mark}'\n`).join('');
  const done = spawnSync('bash', ['-eu', '-c', script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, B: server.base, J: 'Content-Type: application/json', K: server.key, M: resolve(binary), T: token('1001', 'student'), I: token('2001', 'instructor'), A: token('9001', 'admin') },
  });
  if (done.status !== 0) throw new Error(`${path}: ${done.stderr}`);
  const printed = done.stdout.split(mark);
  return steps.map((step, i) => ({ ...step, printed: printed[i].trim().split('\n').at(-1) }));
}

/** What stays the same from one run to the next. */
export const settle = (text) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => (at < '2026-02' ? at : 'INSTANT'))
  .replace(/"nextCursor":\s*"[^"]*"/g, '"nextCursor": "C"').replace(/"requestId":\s*"[^"]*"/, '"requestId": "R"').replace(/"(date|today)":\s*"\d{4}-\d\d-\d\d"/g, '"$1": "DAY"')
  .replace(/"(v_\w+_(?:date|time))":\s*"[^"]*"/g, '"$1": "THEN"');
