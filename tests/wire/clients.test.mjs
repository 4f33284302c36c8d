// Clients as in the wild: the real axios with the interceptors and envelopes that the documents' front ends use,
// and a Postman collection (docs/milepost.postman.json) run request by request.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import axios from 'axios';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
  await server.declare(1, [{ id: 1, title: 'One', type: 'video', durationSeconds: 100 }, { id: 5, title: 'Five', type: 'lab' }]);
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

// A client that puts its token on every request, takes the envelope off, and goes to the login page on 401.
function client(token, unwrap) {
  const events = [];
  const api = axios.create({ baseURL: server.base, timeout: 5000 });
  let current = token;
  api.interceptors.request.use((config) => {
    if (current) config.headers.Authorization = `Bearer ${current}`;
    return config;
  });
  api.interceptors.response.use(
    (response) => unwrap(response.data),
    (error) => {
      if (error.response?.status === 401) {
        current = null;
        events.push('login');
      }
      return Promise.reject(new Error(error.response?.data?.message ?? error.response?.data?.error ?? error.message));
    },
  );
  return { api, events };
}

test('courseroom: an axios client that reads success and results', async () => {
  const { api, events } = client(server.token('1'), (data) => {
    if (data.success !== true) throw new Error(data.message);
    return data.results;
  });
  const saved = await api.post('/user-progress/update', { courseId: 1, courseContentId: 5, progressStatus: 'COMPLETED', activityDuration: 15, progressPercent: 100, metadata: {} });
  assert.equal(saved.progressPercent, '100.00');
  const { enrollments, activityLogs } = await api.get('/user-progress/1/1');
  assert.deepEqual([enrollments.enrollmentStatus, activityLogs.length], ['IN_PROGRESS', 1]);
  await assert.rejects(api.get('/user-progress/course/1/analytics'), /Access denied/);
  await assert.rejects(api.post('/user-progress/update', { courseId: 1 }), /courseContentId/);
  const stranger = client('nonsense', (data) => data);
  await assert.rejects(stranger.api.get('/user-progress/1/1'), /token/);
  assert.deepEqual([events, stranger.events], [[], ['login']]);
});

test('trk: an axios client that reads success and data', async () => {
  const { api } = client(server.token('ann'), (data) => data.data);
  const record = await api.post('/api/progress', { contentId: '5', progressPercentage: 30, timeSpent: 2 });
  const done = await api.put(`/api/progress/${record._id}/complete`, { score: 9 });
  assert.deepEqual([done.isCompleted, done.score], [true, 9]);
  const { progress, statistics } = await api.get('/api/progress/ann', { params: { status: 'completed', moduleId: '1' } });
  assert.deepEqual([progress.length, statistics.completed], [1, 1]);
  await assert.rejects(api.post('/api/progress', { contentId: '5', progressPercentage: 101 }), /progressPercentage/);
});

test('pts and video: plain bodies, an error read as error or detail', async () => {
  const { api } = client(server.token('u'), (data) => data);
  assert.equal((await api.post('/api/v1/Progress/video', { UserId: 'u', VideoId: '1', CurrentTimeSeconds: 50 })).completionPercentage, 50);
  const state = await api.post('/progress/update', { userId: 'u', videoId: '1', watchedDuration: 60, lastWatched: new Date() });
  assert.equal(state.watchedDuration, 60);
  const synced = await api.post('/progress/sync', { userId: 'u', progressData: Array.from({ length: 300 }, (_, k) => ({ videoId: `s${k}`, watchedDuration: k })) });
  assert.ok(synced.results.every((one) => one.result === 'applied'));
  assert.equal((await api.get('/progress/u')).progressData.length, 301);
});

test('the Postman collection', async () => {
  const collection = JSON.parse(readFileSync('docs/milepost.postman.json', 'utf8'));
  const values = Object.fromEntries(collection.variable.map(({ key, value }) => [key, value]));
  Object.assign(values, { baseUrl: server.base, studentToken: server.token(values.userId), adminToken: server.token('9001', 'admin'), serverKey: server.key });
  const fill = (text) => text.replace(/\{\{(\w+)\}\}/g, (all, name) => values[name] ?? all);
  let run = 0;
  for (const folder of collection.item)
    for (const { name, request, response } of folder.item) {
      const headers = Object.fromEntries(request.header.map((header) => [header.key, fill(header.value)]));
      const answer = await fetch(fill(request.url), { method: request.method, headers, body: request.body && fill(request.body.raw) });
      const text = await answer.text();
      assert.equal(answer.status, response[0].code, `${folder.name}: ${name}: ${text}`);
      const data = JSON.parse(text);
      if (data.id !== undefined && folder.name === 'logs') values.logId = String(data.id);
      if (data.data?.id !== undefined) values.recordId = data.data.id;
      run++;
    }
  assert.ok(run >= 29, `${run} requests`);
});
