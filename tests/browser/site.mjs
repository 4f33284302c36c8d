// A site of its own origin that plays a clip and uses the tracker as any site would: its pages, its media, its sins.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const packages = here('../../clients/js/');

export const CLIP_S = 30;

/** A tone as a WAV file: what any machine can make. */
export function tone(seconds, rate = 8000) {
  const bytes = Buffer.alloc(44 + seconds * rate);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20); // PCM
  bytes.writeUInt16LE(1, 22); // mono
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate, 28);
  bytes.writeUInt16LE(1, 32);
  bytes.writeUInt16LE(8, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(seconds * rate, 40);
  for (let i = 0; i < seconds * rate; i++) bytes[44 + i] = 128 + 40 * Math.sin((i / rate) * 440 * 2 * Math.PI);
  return bytes;
}

/** The clip: VP8 where there is an ffmpeg, else the tone. */
function makeClip() {
  const file = join(tmpdir(), `milepost-clip-${process.pid}.webm`);
  const made = spawnSync('ffmpeg', ['-v', 'error', '-y', '-f', 'lavfi', '-i', `testsrc=size=160x90:rate=10:duration=${CLIP_S}`,
    '-f', 'lavfi', '-i', `sine=frequency=330:duration=${CLIP_S}`, '-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-g', '10',
    '-c:a', 'libopus', '-b:a', '16k', '-t', `${CLIP_S}`, file]);
  if (made.status === 0) return { type: 'video/webm', bytes: readFileSync(file) };
  return { type: 'audio/wav', bytes: tone(CLIP_S) };
}

const page = `<!doctype html><meta charset="utf-8"><title>site</title>
<script src="/tracker/milepost.js"></script><script src="/page.js"></script><body></body>`;

/** Sends what is asked of a file; `?hold=MS` lets a part through at a time, with a pause in between, as a poor line does. */
function sendMedia(request, response, { type, bytes }) {
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [0, '0', ''];
  const start = Number(from);
  const end = Math.min(to === '' ? bytes.length - 1 : Number(to), bytes.length - 1);
  response.writeHead(request.headers.range ? 206 : 200, {
    'Content-Type': type, 'Accept-Ranges': 'bytes', 'Content-Length': end - start + 1, 'Cache-Control': 'no-store',
    ...(request.headers.range && { 'Content-Range': `bytes ${start}-${end}/${bytes.length}` }),
  });
  const hold = Number(new URL(request.url, 'http://site').searchParams.get('hold'));
  if (!hold) return response.end(bytes.subarray(start, end + 1));
  const step = Math.ceil(bytes.length / 12); // two and a half seconds of it
  const more = (at) => {
    if (response.destroyed) return;
    const next = Math.min(at + step, end + 1);
    if (next > end) return response.end(bytes.subarray(at, next));
    response.write(bytes.subarray(at, next));
    setTimeout(more, hold, next);
  };
  more(start);
}

/** Serves the site; `told` holds what pages said of themselves, by name. */
export async function serveSite() {
  const files = { '/clip': makeClip(), '/tone': { type: 'audio/wav', bytes: tone(CLIP_S) } };
  const told = new Map();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://site');
    if (files[pathname]) return sendMedia(request, response, files[pathname]);
    if (pathname === '/tell') {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        told.set(searchParams.get('name'), JSON.parse(body));
        response.end();
      });
      return;
    }
    const script = pathname === '/page.js' ? here('page.js') : pathname.startsWith('/tracker/') && join(packages, 'tracker/dist', pathname.slice(9));
    if (script && existsSync(script)) return response.setHeader('Content-Type', 'text/javascript').end(readFileSync(script));
    response.statusCode = pathname === '/' ? 200 : 404;
    response.setHeader('Content-Type', 'text/html').end(pathname === '/' ? page : 'no such page');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, told, close: () => (server.closeAllConnections(), server.close()) };
}
