// The packages as they are packed (clients/js/build): what is in them, that a site's own tool chain takes them, and the client
// against a real server on all five faces.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Server } from '../wire/server.mjs';

const packages = fileURLToPath(new URL('../../clients/js/', import.meta.url));
const site = `${packages}dist/site/`; // below clients/js, where openapi-fetch is installed

before(() => {
  rmSync(site, { recursive: true, force: true });
  for (const name of ['tracker', 'client']) {
    const into = `${site}node_modules/@milepost/${name}`;
    mkdirSync(into, { recursive: true });
    execFileSync('tar', ['-xzf', `${packages}dist/milepost-${name}-0.1.0.tgz`, '-C', into, '--strip-components=1']);
  }
  writeFileSync(`${site}package.json`, '{"type":"module"}');
});
after(() => rmSync(site, { recursive: true, force: true }));

test('what is packed is what is exported, types beside it, and nothing else', () => {
  for (const [name, others] of [['tracker', ['facade', 'meter', 'queue']], ['client', ['schema']]]) {
    const root = `${site}node_modules/@milepost/${name}/`;
    const about = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    const exported = Object.values(about.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)));
    const expected = [...exported.map((path) => path.replace('./', '')), ...others.map((other) => `dist/${other}.d.ts`), 'package.json', 'README.md', 'LICENSE'];
    const packed = readdirSync(root, { recursive: true }).filter((path) => path !== 'dist');
    assert.deepEqual(packed.sort(), expected.sort());
    assert.deepEqual(Object.keys(about.dependencies ?? {}), name === 'client' ? ['openapi-fetch'] : []);
  }
});

test('a site in TypeScript compiles against both, and its mistakes do not', () => {
  writeFileSync(`${site}tsconfig.json`, JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', lib: ['es2022', 'dom'], types: [] } }));
  writeFileSync(`${site}site.ts`, `
import { track } from '@milepost/tracker';
import { follow } from '@milepost/tracker/live';
import { youtube } from '@milepost/tracker/youtube';
import { vimeo } from '@milepost/tracker/vimeo';
import { hls } from '@milepost/tracker/hls';
import { videojs } from '@milepost/tracker/videojs';
import { milepost } from '@milepost/client';

declare const video: HTMLVideoElement, audio: HTMLAudioElement;
declare const tube: Parameters<typeof youtube>[0], vim: Parameters<typeof vimeo>[0], stream: Parameters<typeof hls>[0], js: Parameters<typeof videojs>[0];
const options = { userId: '1', videoId: '2', token: async (renew: boolean) => (renew ? 'new' : 'old'), live: follow };
for (const media of [video, audio, youtube(tube), vimeo(vim), hls(stream), videojs(js)])
  track(media, { ...options, onProgress: ({ watchedDuration }) => watchedDuration.toFixed(), onError: ({ report }) => report?.segments[0][1] }).stop();
// @ts-expect-error a video has an id
track(video, { userId: '1' });
// @ts-expect-error not a player
track({}, options);

const client = milepost({ url: 'http://x', token: 't' });
const done = await client.POST('/progress/update', { body: { userId: '1', videoId: '2', watchedDuration: 3 } });
const seconds: number | undefined = done.data?.watchedDuration;
for await (const page of client.pages('/progress/{userId}', { params: { path: { userId: '1' }, query: { limit: 10 } } })) page.progressData.length.toFixed();
// @ts-expect-error no such list
client.pages('/progress/nowhere');
await client.GET('/progress/{userId}/{videoId}', { params: { path: { userId: '1', videoId: '2' } } });
// @ts-expect-error no such route
await client.GET('/progress/nowhere');
// @ts-expect-error watchedDuration is missing
await client.POST('/progress/update', { body: { userId: '1', videoId: '2' } });
// @ts-expect-error a number of seconds is no text
const wrong: string | undefined = done.data?.watchedDuration;
export { seconds, wrong };
`);
  const { status, stdout } = spawnSync(`${packages}node_modules/.bin/tsc`, ['-p', site], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('the client: five faces, a new token when the last one is refused, a write that has to be sent twice happens once', async () => {
  const { milepost } = await import(pathToFileURL(`${site}node_modules/@milepost/client/dist/client.js`));
  const server = await Server.start();
  // A line that loses the first answer of each kind it is told to.
  const lose = new Set();
  const keys = [];
  const line = createServer((request, response) => {
    const to = forward(`${server.base}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
      if (request.headers['idempotency-key']) keys.push(request.headers['idempotency-key']);
      if (lose.delete(request.url)) return answer.resume().on('end', () => request.socket.destroy());
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(to);
  });
  await new Promise((resolve) => line.listen(0, '127.0.0.1', resolve));
  try {
    await server.declare('7', [{ id: '71', type: 'video', durationSeconds: 100 }, { id: '72', type: 'lab' }]);
    const renewed = [];
    const tokens = ['expired', server.token('1001')];
    const client = milepost({ url: `http://127.0.0.1:${line.address().port}`, token: (renew) => (renewed.push(renew), tokens.shift()) });
    const path = (values) => ({ params: { path: values } });

    // video
    const state = await client.POST('/progress/update', { body: { userId: '1001', videoId: '71', watchedDuration: 60, segments: [[0, 60]] } });
    assert.equal(state.data.watchedDuration, 60);
    assert.deepEqual(renewed, [false, true]);
    // courseroom: its answer is lost; the time is not added twice. As on a page over plain HTTP, which has no randomUUID.
    crypto.randomUUID = undefined;
    lose.add('/user-progress/update');
    keys.length = 0;
    const updated = await client.POST('/user-progress/update', { body: { courseId: 7, courseContentId: 72, progressStatus: 'IN_PROGRESS', activityDuration: 90 } });
    assert.equal(updated.data.success, true);
    assert.equal(updated.response.headers.get('Idempotent-Replayed'), 'true');
    assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
    const room = await client.GET('/user-progress/{courseId}/{userId}', path({ courseId: '7', userId: '1001' }));
    assert.equal(room.data.results.activityLogs.find(({ courseContentId }) => courseContentId === 72).activityDuration, 90);
    // pts, trk, logs
    const summary = await client.GET('/api/v1/Progress/summary/{userId}', path({ userId: '1001' }));
    assert.equal(summary.data.totalCoursesEnrolled, 1);
    const saved = await client.POST('/api/progress', { body: { contentId: '72', progressPercentage: 100 } });
    assert.equal(saved.data.data.status, 'completed');
    const logged = await client.POST('/api/progress/log', { body: { user_id: '1001', weight_kg: 71.5 } });
    assert.equal(logged.data.log.weight_kg, 71.5);
    // lists, a page at a time: by cursor, by page
    for (const id of ['a', 'b', 'c', 'd']) await client.POST('/progress/update', { body: { userId: '1001', videoId: id, watchedDuration: 1 } });
    const listed = async (pages, of) => {
      const all = [];
      for await (const data of pages) all.push(of(data));
      return all;
    };
    const whole = await client.GET('/progress/{userId}', path({ userId: '1001' }));
    const byCursor = await listed(client.pages('/progress/{userId}', { params: { path: { userId: '1001' }, query: { limit: 2 } } }), ({ progressData }) => progressData);
    assert.deepEqual(byCursor.map(({ length }) => length), [2, 2, 1]);
    assert.deepEqual(byCursor.flat(), whole.data.progressData);
    await server.declare('8', []);
    const admin = milepost({ url: server.base, token: server.token('1', 'admin') });
    assert.deepEqual(await listed(admin.pages('/api/v1/catalog/courses', { params: { query: { limit: 1 } } }), ({ courses }) => courses.map(({ id }) => id)), [['7'], ['8']]);
    assert.equal((await listed(admin.pages('/user-progress/course/{courseId}/all', { params: { path: { courseId: '7' }, query: { limit: 1 } } }), ({ success }) => success)).length, 1);
    await assert.rejects(listed(client.pages('/progress/{userId}', path({ userId: '1002' })), () => 0), { status: 403 });
    // what is refused is an answer, not an exception
    const refused = await client.GET('/progress/{userId}/{videoId}', path({ userId: '1002', videoId: '71' }));
    assert.deepEqual([refused.response.status, refused.error.status, refused.data], [403, 403, undefined]);
  } finally {
    line.closeAllConnections();
    line.close();
    await server.discard();
  }
});
