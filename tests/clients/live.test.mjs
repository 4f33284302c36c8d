// The tracker's live part, with a server that says what docs/live.md says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from '../../clients/js/tracker/src/live.js';

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

test('after a gap it reads how things stand, unless something newer was told meanwhile', async (t) => {
  const asked = [];
  const heard = [];
  let socket;
  let answer;
  const before = { fetch: globalThis.fetch, WebSocket: globalThis.WebSocket, location: globalThis.location };
  t.after(() => Object.assign(globalThis, before));
  globalThis.location = { href: 'http://lms.example/' };
  globalThis.WebSocket = class { constructor() { socket = this; } close() {} };
  globalThis.fetch = async (url, { method, headers }) => {
    asked.push(`${method} ${url} ${headers.Authorization}`);
    return method === 'POST' ? Response.json({ ticket: 'x' }) : new Promise((resolve) => (answer = (state) => resolve(Response.json(state))));
  };
  const end = follow({ url: 'http://progress.example', userId: 'a/b', videoId: '71', token: async () => 't', onMessage: (state) => heard.push(state.watchedDuration) });
  await settle();
  const says = (message) => socket.onmessage({ data: JSON.stringify(message) });

  says({ id: 9, type: 'gap' });
  await settle();
  answer({ watchedDuration: 60 });
  await settle();
  says({ id: 10, type: 'gap' });
  await settle();
  says({ id: 11, type: 'progress', watchedDuration: 70 });
  answer({ watchedDuration: 65 });
  await settle();
  end();
  assert.deepEqual(heard, [60, 70]);
  const read = 'GET http://progress.example/progress/a%2Fb/71 Bearer t';
  assert.deepEqual(asked, ['POST http://progress.example/progress/realtime/ticket Bearer t', read, read]);
});
