// Checks, bundles, measures and packs the two packages into dist/. Run by ./build, which installs what this needs.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import openapi, { astToString } from 'openapi-typescript';
import { Server } from '../../tests/wire/server.mjs';

const CORE_BYTES = 3072; // gzip: what every page of a site carries
const target = 'es2021'; // browsers since 2021

const run = (command, ...words) => {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}\n${stdout}${stderr}`);
  return stdout;
};
const gzipped = (file) => gzipSync(readFileSync(file), { level: 9 }).length;

// The client's types are what the server says of itself, made anew each time: the two cannot drift.
const server = await Server.start();
try {
  const described = await (await fetch(`${server.base}/openapi.json`)).json();
  writeFileSync('client/src/schema.d.ts', astToString(await openapi(described, { alphabetize: false })));
} finally {
  await server.discard();
}

for (const name of ['dist', 'tracker/dist', 'client/dist']) rmSync(name, { recursive: true, force: true });
mkdirSync('dist');
for (const name of ['tracker', 'client']) {
  run('npx', 'tsc', '-p', name);
  copyFileSync('../../LICENSE', `${name}/LICENSE`);
}
rmSync('tracker/dist/script.d.ts'); // it exports nothing
copyFileSync('client/src/schema.d.ts', 'client/dist/schema.d.ts');

const common = { bundle: true, minify: true, target, legalComments: 'none' };
const modules = ['tracker', 'live', 'youtube', 'vimeo', 'hls', 'videojs'];
for (const name of modules)
  await build({ ...common, entryPoints: [`tracker/src/${name}.js`], format: 'esm', outfile: `tracker/dist/${name}.js` });
await build({ ...common, entryPoints: ['tracker/src/script.js'], format: 'iife', outfile: 'tracker/dist/milepost.js' });
await build({ ...common, minify: false, entryPoints: ['client/src/client.js'], format: 'esm', external: ['openapi-fetch'], outfile: 'client/dist/client.js' });

for (const name of [...modules, 'milepost']) console.log(`${name}.js ${gzipped(`tracker/dist/${name}.js`)} bytes gzip`);
for (const name of ['tracker', 'milepost']) {
  const bytes = gzipped(`tracker/dist/${name}.js`);
  if (bytes > CORE_BYTES) throw new Error(`${name}.js has ${bytes} bytes gzip, ${CORE_BYTES} are allowed`);
}

for (const name of ['tracker', 'client']) run('npm', 'pack', `./${name}`, '--pack-destination', 'dist', '--loglevel=error');
console.log(`packed ${readdirSync('dist').join(' ')}`);
