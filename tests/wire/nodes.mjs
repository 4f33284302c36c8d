// Several nodes on one PostgreSQL: a private server (tests/store/cluster.sh), and nodes with a directory each.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, Server } from './server.mjs';

const script = fileURLToPath(new URL('../store/cluster.sh', import.meta.url));

export class Cluster {
  // null: no PostgreSQL is installed here.
  static async start() {
    const cluster = new Cluster();
    cluster.started = [];
    cluster.directory = mkdtempSync(join(tmpdir(), 'milepost-postgres-'));
    cluster.port = await freePort();
    return cluster.run('start') === 3 ? null : cluster;
  }

  run(what) {
    const done = spawnSync(script, [what, this.directory, String(this.port)], { encoding: 'utf8' });
    if (done.status !== 0 && done.status !== 3) throw new Error(`${what}: ${done.stderr}`);
    return done.status;
  }

  restart() {
    this.run('start');
  }

  stop() {
    this.run('stop');
  }

  kill() {
    this.run('kill');
  }

  remove() {
    this.run('remove');
  }

  url(port = this.port) {
    return `postgres://milepost@127.0.0.1:${port}/milepost`;
  }

  // Rows of text.
  sql(text) {
    const done = spawnSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text, this.url()], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(done.stderr);
    return done.stdout.trim().split('\n');
  }

  // A node of a log. Its token is good on all of them.
  async node(log, { flags = [], ...more } = {}) {
    const node = await Server.start({ flags: ['--database', this.url(), '--database-log', log, ...flags], ...more });
    this.started.push(node);
    return node;
  }

  async nodes(log, count, options) {
    const nodes = [];
    for (let i = 0; i < count; i++) nodes.push(await this.node(log, options));
    return nodes;
  }
}

// What a node says at last, asked again and again.
export async function soon(ask, holds, ms = 8000) {
  for (const end = Date.now() + ms; ; ) {
    const said = await ask();
    if (holds(said) || Date.now() > end) return said;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
