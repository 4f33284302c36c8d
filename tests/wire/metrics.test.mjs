// What /metrics says adds up, and what the alert rules and the dashboard ask for is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { Stream } from './live.mjs';
import { isEmbedded, Server } from './server.mjs';

test('histograms of routes and commits add up; the process and the build are named', async () => {
  const server = await Server.start();
  for (let i = 0; i < 7; i++) await server.call('POST', '/progress/update', { as: 'u', body: { userId: 'u', videoId: `v${i}`, watchedDuration: 1 } });
  // A request is counted when its answer is sent, so the last may be known to its caller before it is counted.
  let text;
  for (let i = 0; i < 100; i++) {
    ({ text } = await server.call('GET', '/metrics', { headers: { 'x-server-key': server.key } }));
    if (text.includes('milepost_request_seconds_count{method="POST",route="/progress/update"} 7')) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const value = (name) => {
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    assert.ok(line, name);
    return Number(line.slice(name.length + 1));
  };
  const route = 'method="POST",route="/progress/update"';
  assert.equal(value(`milepost_request_seconds_count{${route}}`), 7);
  assert.equal(value(`milepost_request_seconds_bucket{${route},le="+Inf"}`), 7);
  assert.ok(value(`milepost_request_seconds_sum{${route}}`) > 0);
  let before = 0;
  for (const [, count] of text.matchAll(/^milepost_commit_seconds_bucket\{le="[^"]+"\} (\d+)$/gm)) {
    assert.ok(Number(count) >= before);
    before = Number(count);
  }
  assert.equal(value('milepost_commit_seconds_count'), before);
  assert.ok(before >= 7);
  assert.ok(value('milepost_batch_commands_sum') >= 7);
  assert.ok(value('milepost_checkpoint_seconds_count') >= 0); // written when it is due: checkpointer_test.c
  assert.ok(value('process_resident_memory_bytes') > 1e6 && value('process_open_fds') > 5 && value('process_cpu_seconds_total') > 0);
  const version = /version: '([\d.]+)'/.exec(readFileSync('meson.build', 'utf8'))[1];
  assert.equal(value(`milepost_build_info{version="${version}"}`), 1);
  // each name is typed once
  const types = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  assert.equal(new Set(types).size, types.length);
  // what rules and dashboard ask for
  const ofNodes = [...readFileSync('src/face/own/own_server.c', 'utf8').matchAll(/"(milepost_log_\w+)", "gauge"/g)].map(([, name]) => name);
  const asked = readFileSync('packaging/alerts.yaml', 'utf8') + readFileSync('packaging/grafana.json', 'utf8');
  for (const [name] of asked.matchAll(/\b(milepost|process)_[a-z_]+\b/g)) {
    const base = name.replace(/_(bucket|count|sum)$/, '');
    assert.ok(types.includes(name) || types.includes(base) || ofNodes.includes(name), name);
  }
  JSON.parse(readFileSync('packaging/grafana.json', 'utf8'));
  assert.equal((await server.discard()).code, 0, server.log);
});

test('each step of a write, from the queue to the sockets of who watches, has its histogram, and so has a call of another service', async () => {
  const users = createServer((request, response) => setTimeout(() => response.writeHead(200).end('{}'), 60));
  await new Promise((resolve) => users.listen(0, '127.0.0.1', resolve));
  const server = await Server.start({ flags: ['--user_svc_base_url', `http://127.0.0.1:${users.address().port}`] });
  const stream = await Stream.open(server, 'u', '?userId=u');
  for (let i = 0; i < 5; i++) await server.call('POST', '/progress/update', { as: 'u', body: { userId: 'u', videoId: `v${i}`, watchedDuration: 1 } });
  assert.equal((await server.call('POST', '/api/progress/log', { as: 'u', body: { user_id: 'u', n: 1 } })).status, 201);
  for (let i = 0; i < 200 && stream.messages.length < 6; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  const { text } = await server.call('GET', '/metrics', { headers: { 'x-server-key': server.key } });
  const value = (name) => Number(text.split('\n').find((one) => one.startsWith(`${name} `))?.slice(name.length + 1));
  assert.equal(value('milepost_queue_seconds_count'), 6);
  assert.equal(value('milepost_decide_seconds_count'), 6);
  if (isEmbedded) assert.ok(value('milepost_fsync_seconds_count') >= 6 && value('milepost_fsync_seconds_sum') < value('milepost_commit_seconds_sum'));
  assert.ok(value('milepost_push_seconds_count') >= 1 && value('milepost_push_seconds_count') <= 6);
  assert.ok(value('milepost_push_seconds_sum') > 0 && value('milepost_push_seconds_sum') < 60);
  assert.equal(value('milepost_upstream_seconds_count{upstream="users"}'), 1);
  assert.ok(value('milepost_upstream_seconds_sum{upstream="users"}') >= 0.06);
  stream.abort.abort();
  assert.equal((await server.discard()).code, 0, server.log);
  await new Promise((resolve) => users.close(resolve));
});
