// The tracker's live part, with a server that says what docs/live.md says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from '../../clients/js/tracker/src/live.js';

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
const read = 'GET http://progress.example/progress/a%2Fb/71 Bearer';

// A learner's live part: what it asked, what was heard; says() as the server does, answer() to the last reading.
async function followed(t) {
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
    return method === 'POST' ? Response.json({ ticket: 'x' }) : new Promise((resolve) => (answer = (state, status = 200) => resolve(Response.json(state, { status }))));
  };
  const token = async (renew) => (renew ? 'new' : 't');
  t.after(follow({ url: 'http://progress.example', userId: 'a/b', videoId: '71', token, onMessage: (state) => heard.push(state.watchedDuration) }));
  await settle();
  assert.deepEqual(asked.splice(0), ['POST http://progress.example/progress/realtime/ticket Bearer t']);
  const then = async (what) => (what, settle());
  return { asked, heard, says: (message) => then(socket.onmessage({ data: JSON.stringify(message) })), answer: (...state) => then(answer(...state)) };
}

test('after a gap it reads how things stand, unless something newer was told meanwhile', async (t) => {
  const { asked, heard, says, answer } = await followed(t);
  await says({ id: 9, type: 'gap' });
  await answer({ watchedDuration: 60 });
  await says({ id: 10, type: 'gap' });
  await says({ id: 11, type: 'progress', watchedDuration: 70 });
  await answer({ watchedDuration: 65 });
  assert.deepEqual(heard, [60, 70]);
  assert.deepEqual(asked, [`${read} t`, `${read} t`]);
});

test('a token that ended during the gap is renewed, once', async (t) => {
  const { asked, heard, says, answer } = await followed(t);
  await says({ id: 9, type: 'gap' });
  await answer({ error: 'no' }, 401);
  await answer({ watchedDuration: 60 });
  await says({ id: 10, type: 'gap' });
  await answer({ error: 'no' }, 401);
  await answer({ error: 'no' }, 401);
  assert.deepEqual(heard, [60]);
  assert.deepEqual(asked, [`${read} t`, `${read} new`, `${read} t`, `${read} new`]);
});
