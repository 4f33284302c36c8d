// /openapi.json: every route there is, and real answers that fit its schemas.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv from 'ajv/dist/2020.js';
import { checkDescribed, run, Server } from './server.mjs';

let server, api;
before(async () => {
  server = await Server.start({ flags: ['--demo'] });
  api = (await server.call('GET', '/openapi.json')).json;
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

// What a value lacks by a schema (JSON Schema 2020-12, which OpenAPI 3.1 uses).
const checks = new Map();
function lacks(schema, value) {
  const text = JSON.stringify(schema);
  if (!checks.has(text)) {
    const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema({ $id: 'api', components: api.components });
    checks.set(text, ajv.compile(JSON.parse(text.replaceAll('"#/components', '"api#/components'))));
  }
  const check = checks.get(text);
  return check(value) ? [] : check.errors.map((error) => `${error.instancePath} ${error.message}`);
}

test('a validator finds it valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const result = await validator.validate(structuredClone(api));
  assert.deepEqual([result.valid, result.errors ?? []], [true, []]);
  assert.equal(validator.version, '3.1');
});

test('every route of the table is described, each reference leads somewhere, each example fits', () => {
  const table = readFileSync('src/face/routes.c', 'utf8');
  const routes = [...table.matchAll(/\{HTTP_(\w+), "([^"]+)"/g)];
  assert.ok(routes.length > 40);
  for (const [, method, pattern] of routes) assert.ok(api.paths[pattern]?.[method.toLowerCase()], `${method} ${pattern}`);
  const described = Object.values(api.paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
  assert.equal(described, routes.length);
  const text = JSON.stringify(api);
  for (const [, kind, name] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) assert.ok(api.components[kind]?.[name], name);
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [path, item] of Object.entries(api.paths))
    for (const operation of Object.values(item)) {
      assert.deepEqual(operation.parameters.filter((p) => p.in === 'path').map((p) => `{${p.name}}`), path.match(/\{\w+\}/g) ?? [], path);
      assert.ok(operation.summary);
      assert.ok(Object.keys(operation.responses).some((status) => /^20\d$/.test(status)) && !operation.responses['2XX'], path);
      for (const status of ['200', '201']) if (operation.responses[status]) assert.ok(operation.responses[status].content, path);
    }
});

test('headers and refusals are described: what a client needs to repeat a write, to wait, to ask again cheaply', () => {
  const of = (method, path) => {
    const { parameters, responses } = api.paths[path][method];
    const names = parameters.map((p) => (p.$ref ? api.components.parameters[p.$ref.split('/').at(-1)] : p)).map((p) => p.name);
    return [names, Object.keys(responses)];
  };
  const [names, statuses] = of('post', '/progress/update');
  for (const name of ['X-Request-Id', 'Idempotency-Key', 'If-Match']) assert.ok(names.includes(name), name);
  for (const status of ['200', '400', '401', '403', '404', '409', '412', '413', '415', '422', '429', '503', 'default']) assert.ok(statuses.includes(status), status);
  const [list, answers] = of('get', '/user-progress/course/{courseId}/all');
  for (const name of ['page', 'limit', 'cursor', 'If-None-Match']) assert.ok(list.includes(name), name);
  assert.ok(answers.includes('304') && !answers.includes('409'));
  assert.deepEqual(of('get', '/healthz'), [['If-None-Match'], ['200', '304', 'default']]);
  assert.deepEqual(of('put', '/api/v1/catalog/courses/{id}')[1].slice(0, 2), ['200', '201']);
  assert.ok(of('post', '/progress/sync')[0].includes('Content-Encoding') && !of('post', '/progress/update')[0].includes('Content-Encoding'));
  assert.ok(of('get', '/progress/realtime')[0].includes('Last-Event-ID'));
  for (const [path, item] of Object.entries(api.paths))
    for (const operation of Object.values(item)) for (const one of operation.parameters) assert.ok(one.$ref || one.description, `${path} ${one.name}`);
  assert.ok(api.components.responses['429'].headers['Retry-After']);
  assert.ok(api.paths['/progress/update'].post.responses['200'].headers.ETag && !api.paths['/progress/sync'].post.responses['200'].headers.ETag);
  assert.ok(api.paths['/user-progress/course/{courseId}/all'].get.responses['200'].content['text/csv']);
  assert.deepEqual(JSON.parse(run('--openapi').stdout), api); // what the reference is made of
});

test('what a route answers and does not say is seen: a status, a kind, a header', () => {
  const answer = (status, headers) => ({ status, headers: new Headers(headers) });
  checkDescribed('GET', '/progress/7?limit=3', answer(200, { 'content-type': 'application/json', etag: '"1"' }));
  assert.throws(() => checkDescribed('GET', '/progress/7', answer(418, {})), /418/);
  assert.throws(() => checkDescribed('GET', '/progress/7', answer(200, { 'content-type': 'text/html' })), /text\/html/);
  assert.throws(() => checkDescribed('DELETE', '/progress/7/v', answer(200, { 'content-type': 'application/json', etag: '"1"' })), /etag/);
});

// Members that no example shows: neither the schema's, nor one of their own.
function* unshown(schema, value, path) {
  if (!schema || schema.$ref) return;
  if (schema.type === 'array') {
    if (value?.length) yield* unshown(schema.items, Object.assign({}, ...value), `${path}[]`);
    return;
  }
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    const shown = value?.[name] ?? member.example;
    if (shown === undefined && value?.[name] !== null) yield `${path}.${name}`;
    else yield* unshown(member, shown, `${path}.${name}`);
  }
}

test('every schema, member and parameter has an example, and the examples are true', async () => {
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    assert.notEqual(schema.example, undefined, name);
    assert.deepEqual(lacks(schema, schema.example), [], name);
    assert.deepEqual(unnamed(schema, schema.example, name), []);
    assert.deepEqual([...unshown(schema, schema.example, name)], []);
    for (const [path, member] of members(schema, name)) if (member.example !== undefined) assert.deepEqual(lacks(member, member.example), [], path);
  }
  for (const header of Object.values(api.components.headers)) assert.ok(header.description && header.example);
  for (const item of Object.values(api.paths))
    for (const { parameters } of Object.values(item))
      for (const one of parameters) {
        const { name, schema, example } = one.$ref ? api.components.parameters[one.$ref.split('/').at(-1)] : one;
        assert.ok(schema.type !== 'string' || example, name);
      }
  // A body is taken as its example has it: whatever else is said of it, it is not malformed.
  for (const [path, item] of Object.entries(api.paths))
    for (const [method, { requestBody, parameters }] of Object.entries(item)) {
      if (!requestBody) continue;
      const name = requestBody.content['application/json'].schema.$ref.split('/').at(-1);
      const filled = path.replace(/\{(\w+)\}/g, (all, one) => parameters.find((p) => p.name === one).example);
      const body = api.components.schemas[name].example;
      const answer = await server.call(method.toUpperCase(), filled, { as: 'admin:7', body, headers: path.includes('ebhook') ? { 'x-server-key': server.key } : {} });
      assert.ok(![400, 415].includes(answer.status), `${method} ${filled} ${answer.text}`);
    }
});

test('query parameters are described, and read: each given twice is refused by its name', async () => {
  await server.declare(105, [{ id: 1051 }]);
  const values = { courseId: '105', userId: '301', itemId: '1051', videoId: '1051', moduleId: '105', logId: '1', id: '105' };
  const described = new Set();
  for (const [path, { get }] of Object.entries(api.paths))
    for (const { name, in: where, schema } of get?.parameters ?? []) {
      if (where !== 'query') continue;
      described.add(name);
      assert.ok(schema.type || schema.enum, `${path} ${name}`);
      if (name === 'ticket') continue; // read where there is no token
      const { status, json } = await server.call('GET', `${path.replace(/\{(\w+)\}/g, (all, one) => values[one])}?${name}=1&${name}=1`, { as: 'admin:9', headers: path === '/progress/realtime' ? { accept: 'text/event-stream' } : {} });
      assert.deepEqual([status, json?.errors?.[0].field], [400, name], `${path} ${name}`);
    }
  const sources = execFileSync('grep', ['-rhoE', '(request_query|face_query_\\w+|bound)\\((slow->|read->)?request, "[^"]+"', 'src/face'], { encoding: 'utf8' });
  for (const [, name] of sources.matchAll(/"(.+)"/g)) assert.ok(described.has(name), `${name} is read and not described`);
  assert.ok(described.size > 20);
});

// Every member of a schema, and where: [path, what describes it].
function* members(schema, path) {
  if (!schema || typeof schema !== 'object') return;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${name}`, member];
    yield* members(member, `${path}.${name}`);
  }
  for (const part of [schema.items, schema.additionalProperties, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]) yield* members(part, path);
  for (const name of schema.required ?? []) if (!schema.properties?.[name]) yield [`${path}.${name}`, {}];
  if (schema.type === 'array' && !schema.items) yield [`${path}[]`, {}];
}

// Members of an answer that its schema does not name; what is kept as it came (metadata, log entries) has any.
function unnamed(schema, value, path) {
  if (schema?.$ref) return unnamed(api.components.schemas[schema.$ref.split('/').at(-1)], value, path);
  if (schema?.anyOf) return schema.anyOf.map((one) => unnamed(one, value, path)).sort((a, b) => a.length - b.length)[0];
  if (Array.isArray(value)) return value.flatMap((one) => unnamed(schema.items, one, `${path}[]`));
  if (!value || typeof value !== 'object' || !schema.properties) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const known = schema.properties[name];
    if (known) return unnamed(known, member, `${path}.${name}`);
    return schema.additionalProperties ? [] : [`${path}.${name}`];
  });
}

test('every member has its words, and a list says how to ask for what follows', () => {
  const all = Object.entries(api.components.schemas).flatMap(([name, schema]) => [...members(schema, name)]);
  assert.ok(all.length > 500);
  assert.deepEqual(all.filter(([, { description }]) => !description).map(([path]) => path), []);
  for (const [path, { get }] of Object.entries(api.paths)) {
    const asked = (get?.parameters ?? []).map(({ name }) => name);
    const schema = get?.responses['200'].content?.['application/json']?.schema;
    const answered = schema ? [...members(api.components.schemas[schema.$ref.split('/').at(-1)], '')].map(([name]) => name.split('.').at(-1)) : [];
    if (asked.includes('cursor')) assert.ok(answered.includes('nextCursor'), path);
    if (asked.includes('page')) assert.ok(answered.includes('pagination') || answered.includes('enrollments'), path); // trk's statistics count their learners
  }
});

test('real answers of every route fit their schemas', async () => {
  await server.declare(101, [{ id: 1001, title: 'V', type: 'video', durationSeconds: 100 }, { id: 1002, type: 'lab' }]);
  const as = '301';
  const seen = new Set();
  const unknown = [];
  const hit = async (method, path, values, { body, as: who = as, headers } = {}) => {
    const filled = path.replace(/\{(\w+)\}/g, () => values.shift());
    const answer = await server.call(method, filled, { as: who, body, headers });
    const operation = api.paths[path][method.toLowerCase()];
    assert.ok(answer.status < 300, `${method} ${filled}: ${answer.text}`);
    const schema = operation.responses[answer.status].content['application/json']?.schema;
    if (answer.json !== undefined) assert.deepEqual(lacks(schema, answer.json), [], `${method} ${path}`);
    if (answer.json !== undefined) unknown.push(...unnamed(schema, answer.json, path));
    if (body && operation.requestBody) assert.deepEqual(lacks(operation.requestBody.content['application/json'].schema, body), [], `body of ${method} ${path}`);
    seen.add(`${method} ${path}`);
    return answer.json;
  };
  const key = { 'x-server-key': server.key };
  const admin = 'admin:9';
  await hit('POST', '/progress/update', [], { body: { userId: as, videoId: '1001', watchedDuration: 50 } });
  await hit('POST', '/progress/realtime', [], { body: { userId: as, videoId: '1001', watchedDuration: 51 } });
  await hit('GET', '/progress/realtime', [], { headers: { accept: 'text/event-stream' } });
  await hit('POST', '/progress/realtime/ticket', []);
  await hit('POST', '/progress/sync', [], { body: { userId: as, progressData: [{ videoId: '1001', watchedDuration: 60, segments: [[0, 10]] }, { videoId: 'free', watchedDuration: 3 }] } });
  await hit('GET', '/progress/{userId}', [as]);
  await hit('GET', '/progress/{userId}/{videoId}', [as, '1001']);
  await hit('GET', '/progress/summary/{videoId}', ['1001']);
  await hit('GET', '/progress/engagement/{userId}', [as]);
  for (const path of ['/api/v1/progress/Webhook/enrollment-updated', '/api/v1/progress/progress/webhook/enrollment-updated'])
    await hit('POST', path, [], { headers: key, body: { UserId: as, CourseId: '101', Action: 'enroll' } });
  await hit('POST', '/api/v1/progress/Webhook/course-updated', [], { headers: key, body: { CourseId: '101' } });
  await hit('POST', '/api/v1/progress/Webhook/video-updated', [], { headers: key, body: { VideoId: '1001' } });
  await hit('POST', '/api/v1/Progress/video', [], { body: { UserId: as, VideoId: '1001', CurrentTimeSeconds: 70 } });
  await hit('POST', '/api/v1/Progress/video/{userId}/{videoId}', [as, '1001'], { body: { CurrentTimeSeconds: 71 } });
  await hit('POST', '/api/v1/Progress/videos/bulk', [], { body: { videoProgresses: [{ UserId: as, VideoId: '1001', CurrentTimeSeconds: 72 }] } });
  await hit('GET', '/api/v1/Progress/summary/{userId}', [as]);
  await hit('GET', '/api/v1/Progress/course/{userId}/{courseId}', [as, '101']);
  await hit('GET', '/api/v1/Progress/videos/{userId}/{courseId}', [as, '101']);
  await hit('POST', '/user-progress/update', [], { body: { courseId: 101, courseContentId: 1002, progressStatus: 'IN_PROGRESS', activityDuration: 5, metadata: { a: 1 } } });
  await hit('GET', '/user-progress/{courseId}/{userId}', ['101', as]);
  await hit('GET', '/user-progress/{courseId}/{userId}/activities', ['101', as]);
  for (const list of ['all', 'analytics', 'leaderboard']) await hit('GET', `/user-progress/course/{courseId}/${list}`, ['101'], { as: admin });
  await hit('GET', '/user-progress/course/{courseId}/items/{itemId}/learners', ['101', '1001'], { as: admin });
  await hit('POST', '/api/v1/courses/{courseId}/learners/{userId}/update', ['101', as], { body: { courseContentId: '1002', progressStatus: 'IN_PROGRESS', activityDuration: 5 } });
  for (const list of ['learners', 'analytics', 'leaderboard']) await hit('GET', `/api/v1/courses/{courseId}/${list}`, ['101'], { as: admin });
  await hit('GET', '/api/v1/courses/{courseId}/items/{itemId}/learners', ['101', '1001'], { as: admin });
  await hit('GET', '/api/v1/courses/{courseId}/learners/{userId}', ['101', as]);
  await hit('GET', '/api/v1/courses/{courseId}/learners/{userId}/activities', ['101', as]);
  await hit('POST', '/user-progress/bulk', [], { as: admin, body: { courseId: 101, userIds: [301, 999] } });
  const saved = await hit('POST', '/api/progress', [], { body: { contentId: '1002', progressPercentage: 40, timeSpent: 5, score: 3, maxScore: 4 } });
  await hit('PUT', '/api/progress/{id}/complete', [saved.data.id], { body: { score: 4 } });
  await hit('GET', '/api/progress/{userId}/{moduleId}', [as, '101']);
  await hit('GET', '/api/progress/{userId}/labs', [as]);
  await hit('GET', '/api/progress/{userId}/games', [as]);
  await hit('GET', '/api/progress/stats/{moduleId}', ['101'], { as: admin });
  const log = await hit('POST', '/api/progress/log', [], { body: { user_id: as, activity: 'run', weight_kg: 70 } });
  await hit('PUT', '/api/progress/log/{logId}', [String(log.id)], { body: { note: 'x' } });
  await hit('GET', '/api/progress/{userId}', [as]);
  await hit('GET', '/api/progress/summary/{userId}', [as]);
  await hit('GET', '/api/progress/log/{logId}/history', [String(log.id)]);
  await hit('DELETE', '/api/progress/log/{logId}', [String(log.id)]);
  await hit('POST', '/api/progress/user/{userId}/rollback', [as], { body: { to: new Date().toISOString() } });
  await hit('POST', '/api/progress/log', [], { body: { user_id: as, activity: 'run' } });
  await hit('DELETE', '/api/progress/user/{userId}/logs', [as]);
  await hit('POST', '/api/v1/Progress/video', [], { body: { UserId: as, VideoId: '1001', CurrentTimeSeconds: 100 } });
  await hit('POST', '/user-progress/{courseId}/{userId}/certify', ['101', as], { as: admin, body: { certificateUrl: 'https://example.org/c' } });
  await hit('GET', '/user-progress/{courseId}/{userId}/certificate', ['101', as]);
  await hit('POST', '/api/v1/courses/{courseId}/learners/{userId}/certify', ['101', as], { as: admin, body: { certificateUrl: 'https://example.org/c' } });
  await hit('GET', '/api/v1/courses/{courseId}/learners/{userId}/certificate', ['101', as]);
  await hit('POST', '/api/v1/courses/{courseId}/learners/{userId}/reset', ['101', as], { as: admin, body: { courseContentId: '1002' } });
  await hit('POST', '/user-progress/reset', [], { as: admin, body: { courseId: 101, userId: 301 } });
  await hit('DELETE', '/progress/{userId}/{videoId}', [as, 'free']);
  await hit('PUT', '/api/v1/catalog/courses/{id}', ['102'], { as: admin, body: { title: 'T', contents: [{ id: 'z', threshold: 50 }] } });
  await hit('GET', '/api/v1/catalog/courses/{id}', ['102'], { as: admin });
  await hit('GET', '/api/v1/catalog/courses', [], { as: admin });
  await hit('DELETE', '/api/v1/catalog/courses/{id}', ['102'], { as: admin });
  await hit('GET', '/api/v1/me', []);
  await hit('GET', '/api/v1/system', [], { as: admin });
  assert.ok((await hit('GET', '/api/v1/audit', [], { as: admin })).audit.length > 0);
  await hit('GET', '/api/v1/users/{userId}/courses', [as]);
  await hit('GET', '/api/v1/users/{userId}/history', [as]);
  await hit('GET', '/api/v1/users/{userId}/progress', [as]);
  await hit('GET', '/api/v1/users/{userId}/export', [as]);
  await hit('DELETE', '/api/v1/users/{userId}', [as]);
  for (const path of ['/', '/ui/app.js', '/ui/style.css', '/ui/icon.svg', '/healthz', '/readyz', '/openapi.json', '/demo']) await hit('GET', path, [], { as: null });
  await hit('GET', '/demo/{file}', ['demo.js'], { as: null });
  await hit('GET', '/metrics', [], { as: null, headers: key });
  const missed = Object.entries(api.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)).filter((route) => !seen.has(route));
  assert.deepEqual(missed, []);
  assert.deepEqual([...new Set(unknown)], []);
  const problem = await server.call('GET', '/progress/x/y', { as });
  assert.deepEqual(lacks(api.components.schemas.Problem, problem.json), []);
});
