// A server with what another one has, some of it longer ago: its log is exported, the instants of some events are
// moved back, and it is imported into a directory of its own.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { checksum } from './checksum.mjs';
import { newDirectory, onDatabase, run, Server } from './server.mjs';


// back: how many milliseconds earlier an event was, by its line. Ends the server.
export async function aged(server, back, flags = []) {
  assert.equal((await server.stop()).code, 0, server.log);
  const directory = newDirectory();
  const file = `${directory}.jsonl`;
  assert.equal(run('export', '--data', server.directory, '--out', file).status, 0);
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -2).map((line) => JSON.parse(line));
  for (const line of lines) if (line.event) line.at = new Date(Date.parse(line.at) - back(line)).toISOString();
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(file, `${text}${JSON.stringify({ end: true, events: lines.filter((line) => line.event).length, crc32: checksum(text) })}\n`);
  const imported = run('import', file, '--data', directory, ...onDatabase(directory, []));
  assert.equal(imported.status, 0, imported.stderr);
  rmSync(file);
  rmSync(server.directory, { recursive: true, force: true });
  return Server.start({ directory, flags });
}
