// Bad input by the numbers of the attack list: JSON (A73-A84), numbers and time (A85-A93), text, ids and paths (A94-A106),
// tokens (A108-A126), who may (A131-A141), idempotency (A147-A151), sizes (A153-A155). Each case says what it wants; what was
// refused stored nothing. The last test prints how many cases each group had.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Server, sign } from './server.mjs';

let server;
const counts = {};
before(async () => {
  server = await Server.start();
  await server.declare(101, [{ id: 1001, type: 'video', durationSeconds: 100 }, { id: 1002 }]);
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const count = (group) => (counts[group] = (counts[group] ?? 0) + 1);

// One raw request: the body may be any bytes.
function raw(method, path, body, headers = {}) {
  const head = Object.entries({ host: 'x', connection: 'close', 'content-length': body.length, ...headers }).map(([name, value]) => `${name}: ${value}`).join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1');
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', reject).on('close', () => {
      const text = Buffer.concat(chunks).toString();
      let json;
      try { json = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)); } catch { /* not JSON */ }
      resolve({ status: Number(text.slice(9, 12)), json, text });
    });
    socket.write(`${method} ${path} HTTP/1.1\r\n${head}\r\n\r\n`);
    if (body.length) socket.write(body);
  });
}
const post = (path, body, as = 'u1', headers = {}) => raw('POST', path, Buffer.isBuffer(body) ? body : Buffer.from(body), { authorization: `Bearer ${server.token(as)}`, 'content-type': 'application/json', ...headers });

// Every kind of write, with members that make it right.
const writes = {
  video: ['/progress/update', { userId: 'u1', videoId: 'j', watchedDuration: 1 }],
  sync: ['/progress/sync', { userId: 'u1', progressData: [{ videoId: 'j', watchedDuration: 1 }] }],
  pts: ['/api/v1/Progress/video', { UserId: 'u1', VideoId: 'j', CurrentTimeSeconds: 1 }],
  courseroom: ['/user-progress/update', { courseId: 7, courseContentId: 70, progressStatus: 'IN_PROGRESS' }],
  trk: ['/api/progress', { contentId: 'j', progressPercentage: 1 }],
  logs: ['/api/progress/log', { user_id: 'u1', activity: 'a' }],
};
const inside = (good, value) => Buffer.concat([Buffer.from(`${JSON.stringify(good).slice(0, -1)},"x":`), Buffer.isBuffer(value) ? value : Buffer.from(value), Buffer.from('}')]);
const bytes = (...list) => Buffer.from(list);

// ---- A73 to A80: JSON ----

const badValues = [
  '[1 true]', '[1,,2]', '[,1]', '[1,]', '["",]', '[1:2]', '[1', '["a"', '[1}', '[a]', '[*]', '[\v]', '["a\f"]', ']', '[', '[[]', '{', '{"a":1', '{"a"}', '{"a":}', '{:1}', '{1:1}', "{'a':1}", '{a:1}',
  '{"a":1,}', '{"a":1,,"b":2}', '{"a" "b"}', '{"a":"b"/**/}', '{"a":1}#', '{"a":"b"}}', '{"a":1 "b":2}', '{[1]:1}', '{null:null}', 'nul', 'tru', 'fals', 'True', 'NULL', 'undefined', 'NaN', 'Infinity', '-Infinity', '+1', '01', '-01',
  '.5', '5.', '1.e1', '1e', '1e+', '1eE2', '0x1', '0x', '1_000', '--1', '-', '-a', '1.2.3', '1 000', '1e400', '-1e400', '９', '"', '"a', "'a'", '"\\x41"', '"\\u00"', '"\\u00G1"', '"\\', '"\\"', '"a\tb"', '"a\nb"', '"a\u0001b"', '"\\u0000"',
  '"a\\u0000b"', '"\\uD800"', '"\\uDC00"', '"\\uD800\\u0041"', '"\\uD800\\uD800"', '/*c*/1', '//\n1', '1//', '<a>', '1 2', '"a" "b"', '@', '$', '"\\a"', '"\\ "', '"\\u"', '"\\U0041"', '[1]]', '{"a":{"b":1,"b":2}}', '{"a":1,"\\u0061":2}',
  bytes(0x22, 0xff, 0x22), bytes(0x22, 0xc0, 0xaf, 0x22), bytes(0x22, 0xe0, 0x80, 0x80, 0x22), bytes(0x22, 0xed, 0xa0, 0x80, 0x22), bytes(0x22, 0xf4, 0x90, 0x80, 0x80, 0x22), bytes(0x22, 0xc3, 0x22), bytes(0x22, 0xe2, 0x82, 0x22), bytes(0x22, 0x80, 0x22), bytes(0xef, 0xbb, 0xbf, 0x31),
  bytes(0x22, 0xfe, 0x22), bytes(0x22, 0xf8, 0x88, 0x80, 0x80, 0x80, 0x22), '9223372036854775808', '-9223372036854775809', '123456789012345678901234567890', `${'['.repeat(32)}${']'.repeat(32)}`, `${'{"a":'.repeat(32)}1${'}'.repeat(32)}`,
];
const badBodies = [
  '', ' ', 'null', '[]', '"x"', '1', 'true', '[{}]', '{', '}', '{}{}', '{} {}', '{}x', '{},', '\ufeff{}', '{"a":1}\u0000', Buffer.from('\ufeff{}', 'utf16le'), Buffer.from('{}', 'utf16le'), Buffer.from([0, 0x7b, 0, 0x7d]), '['.repeat(100000), '{"a":'.repeat(50000), bytes(0xff, 0xfe), 'a=1&b=2', '<x/>', '{"a":1}{"a":1}', '\n', '--',
];
const goodValues = [
  '1', '-0', '0', '1e2', '1E+2', '1.5e-3', '-1', '9223372036854775807', '-9223372036854775808', '0.1', '123.456', '"a"', '""', '"\\u0061"', '"\\uD83D\\uDE00"', '"😀"', '"\\/\\b\\f\\n\\r\\t"', '"\u007f"', '"\u2028"', '"é"', '"\\"\\\\"', 'true', 'false', 'null', ' 1 ', '\t1\n',
];

test('A73: the files of JSONTestSuite: what is no JSON is refused as such, what is some is read', async () => {
  const { files } = JSON.parse(readFileSync(new URL('../data/json_test_suite.json', import.meta.url)));
  const bodies = new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text, 'base64')]));
  bodies.set('n_structure_100000_opening_arrays', Buffer.from('['.repeat(100000)));
  bodies.set('n_structure_open_array_object', Buffer.from(`${'[{"":'.repeat(50000)}\n`));
  const seen = { y: 0, n: 0, i: 0 };
  for (const [name, body] of bodies) {
    const answer = await post('/api/progress/log', body);
    count('JSON');
    const said = `${name}: ${answer.status} ${answer.text.slice(0, 200)}`;
    seen[name[0]]++;
    assert.equal(answer.status, 400, said); // none of them is a log entry
    // Two more reasons there may be: a member twice, and U+0000, which no store holds (A74, A80).
    const read = answer.json.detail !== 'body: the body is not valid JSON';
    if (name[0] === 'n') assert.ok(!read || answer.json.errors[0].field === 'body', said);
    if (name[0] === 'y') assert.ok(read || /duplicated_key|null_in_key|escaped_zero|null_escape/.test(name), said);
  }
  assert.deepEqual(seen, { y: 95, n: 188, i: 35 });
});

for (const [face, [path, good]] of Object.entries(writes)) {
  test(`JSON: ${badValues.length + badBodies.length} bad bodies on ${path}: 400, nothing stored`, async () => {
    const before_ = (await server.call('GET', '/readyz')).json.sequence;
    for (const value of badValues) {
      const answer = await post(path, inside(good, value));
      assert.equal(answer.status, 400, `${face}: ${value.toString('latin1')}: ${answer.text.slice(0, 200)}`);
      assert.ok(answer.json.errors[0].field, answer.text);
      count('JSON');
    }
    for (const body of badBodies) {
      const began = Date.now();
      const answer = await post(path, body);
      assert.deepEqual([answer.status, answer.json?.errors?.[0].field], [400, 'body'], `${face}: ${body.toString('latin1').slice(0, 40)}: ${answer.text.slice(0, 200)}`);
      assert.ok(Date.now() - began < 10000); // nothing quadratic; a slow machine is no fault
      count('JSON');
    }
    assert.equal((await server.call('GET', '/readyz')).json.sequence, before_);
  });
  test(`JSON: ${goodValues.length} odd but right values on ${path}`, async () => {
    for (const value of goodValues) {
      const answer = await post(path, inside(good, value), face === 'courseroom' ? '11' : 'u1');
      const tooLarge = face === 'logs' && /^-?922337/.test(value); // a log's numbers end at 1e18: contract 5
      assert.ok(tooLarge ? answer.status === 400 : answer.status < 300, `${face}: ${value}: ${answer.text.slice(0, 300)}`);
      count('JSON');
    }
  });
}

test('JSON: depth 32 is kept, numbers come back as they were written, media types', async () => {
  const deep = `${'{"a":'.repeat(30)}1${'}'.repeat(30)}`;
  const kept = await post('/user-progress/update', `{"courseId":7,"courseContentId":70,"progressStatus":"IN_PROGRESS","metadata":${deep}}`, '11');
  assert.ok(kept.status < 300, kept.text);
  const room = await server.call('GET', '/user-progress/7/11', { as: '11' });
  assert.ok(room.text.includes(deep.slice(1, -1)), room.text);
  for (const number of ['1.10', '1e2', '0.10000', '12345678901234567', '-0', '1E-7']) {
    const answer = await post('/api/progress/log', `{"user_id":"u1","n":${number}}`);
    assert.ok(answer.text.includes(`"n":${number}`), `${number}: ${answer.text}`);
    count('JSON');
  }
  for (const [type, status] of [['application/xml', 415], ['application/x-www-form-urlencoded', 415], ['multipart/form-data; boundary=x', 415], ['application/json; charset=latin1', 415], ['application/json; charset=utf-16', 415], ['text/html', 415], ['text/plain', 200], ['application/json; charset=UTF-8', 200], ['APPLICATION/JSON', 200], ['application/jsonp', 415]]) {
    assert.equal((await post('/progress/update', JSON.stringify(writes.video[1]), 'u1', { 'content-type': type })).status, status, type);
    if (status !== 200 || type !== 'text/plain') assert.equal((await post('/api/progress/log', JSON.stringify(writes.logs[1]), 'u1', { 'content-type': type })).status, status === 200 ? 201 : status, type);
    count('JSON');
  }
});

// ---- A85 to A93: numbers and time ----

const numbers = [
  ['/api/v1/Progress/video', writes.pts[1], 'CurrentTimeSeconds', [-1, 2147483648, 1.5, '12', true, null, [], {}, 1e300], [0, 1, 2147483647]],
  ['/progress/update', writes.video[1], 'watchedDuration', [-1, 1.5, '12', true, null, [], {}, 1e300, 9007199254740994], [0, 1, 4503599627370496]],
  ['/progress/update', writes.video[1], 'position', [-1, -0.001, '5', true, [], 1e300], [0, 0.001, 12.345]],
  ['/progress/update', writes.video[1], 'duration', [-1, '5', false, {}, 1e300], [1, 600, 0.5]],
  ['/progress/update', writes.video[1], 'segments', [[[5, 3]], [[-1, 2]], [[0, 1e18]], [[1]], [[1, 2, 3]], [1, 2], 'x', { 0: 1 }, [['0', '1']], [[null, 1]]], [[], [[0, 1]], [[0.5, 1.25]], [[5, 5]]]],
  ['/progress/update', writes.video[1], 'lastWatched', ['2023-02-29', '2024-01-01T24:00:01Z', '2024-01-01T00:00:00+99:99', 'now', 1700000000, true, '', '2024-13-01T00:00:00Z', '2024-01-32', '2024-1-1', '20240101', '2024-01-01T00', '2024-01-01T00:00:', '2024-01-01T25:00:00Z', '2024-01-01T00:60:00Z', '2024-01-01T00:00:61Z', '0000-01-01T00:00:00Z', '10000-01-01T00:00:00Z', ' 2024-01-01', '2024-01-01T00:00:00Zx'], ['2024-02-29', '2024-01-01T00:00', '2024-01-01T00:00:00', '2024-01-01T00:00:00.123456789Z', '2024-01-01T00:00:00+05:30', '2024-01-01T23:59:59-11:00']],
  ['/user-progress/update', writes.courseroom[1], 'progressPercent', [-0.01, 100.01, 'x', true, [], 1e300], [0, 100, 99.99, 1e2, '50.5']],
  ['/user-progress/update', writes.courseroom[1], 'activityDuration', [-1, 'x', true, [], 1e300], [0, 1, 3600]],
  ['/user-progress/update', writes.courseroom[1], 'courseId', ['abc', 1.5, '+1', '1e3', '9223372036854775808', -1, true, [], ''], [120.0, '7', 7]],
  ['/user-progress/update', writes.courseroom[1], 'progressStatus', ['DONE', 1, true, '', [], null], ['IN_PROGRESS', 'NOT_STARTED']],
  ['/api/progress', writes.trk[1], 'progressPercentage', [-1, 101, 100.01, '5', true, null, []], [0, 100, 33.3]],
  ['/api/progress', writes.trk[1], 'timeSpent', [-1, '5', true, [], 1e300], [0, 1.5, 90]],
  ['/api/progress', writes.trk[1], 'score', [-1, '5', true, {}], [0, 7.5]],
  ['/api/progress/log', writes.logs[1], 'date', ['2023-02-29', 'yesterday', 20240101, true, '2024-01-01T24:00:01Z', '2024-13-01'], ['2024-02-29', '2024-01-01T10:00:00+05:30']],
];
for (const [path, good, field, bad, right] of numbers)
  test(`numbers and time: ${field} on ${path}`, async () => {
    const as = path.startsWith('/user-progress') ? '11' : 'u1';
    for (const value of bad) {
      const answer = await post(path, JSON.stringify({ ...good, [field]: value }), as);
      assert.deepEqual([answer.status, answer.json?.errors?.[0].field], [400, field], `${JSON.stringify(value)}: ${answer.text.slice(-400)}`);
      count('numbers and time');
    }
    for (const value of right) {
      const answer = await post(path, JSON.stringify({ ...good, [field]: value, ...(field === 'courseId' && { courseContentId: 4000 + Number(value) }) }), as);
      assert.ok(answer.status < 300, `${JSON.stringify(value)}: ${answer.text.slice(-400)}`);
      count('numbers and time');
    }
  });

test('numbers: pages and limits', async () => {
  for (const path of ['/user-progress/course/101/all', '/user-progress/course/101/leaderboard', '/api/progress/stats/101'])
    for (const query of ['page=0', 'page=-1', 'page=x', 'limit=0', 'limit=-5', 'limit=1.5', 'limit=1&limit=2', 'limit=&limit=', 'page=9223372036854775808', 'limit=1e1']) {
      const answer = await server.call('GET', `${path}?${query}`, { as: 'admin:1' });
      assert.deepEqual([answer.status, answer.json.errors[0].field], [400, query.split('=')[0]], `${path}?${query}`);
      count('numbers and time');
    }
  const empty = await server.call('GET', '/user-progress/course/101/all?limit=&page=&status=&sortBy=&order=', { as: 'admin:1' });
  assert.deepEqual([empty.status, empty.json?.pagination?.limit], [200, 20], empty.text); // an empty value counts as not given
  const past = await server.call('GET', '/user-progress/course/101/all?page=999999', { as: 'admin:1' });
  assert.deepEqual([past.status, past.json.results.length], [200, 0]);
});

// ---- A94 to A106: text, ids, paths ----

const reserved = 'summary stats log user engagement sync realtime course bulk update reset labs games video videos webhook me'.split(' ');
const oddIds = ['..', '.', 'a;b=c', "' OR 1=1--", '%s%n', 'null', 'true', 'undefined', '__proto__', '-1', '1e3', '0x10', ' x ', 'a b', 'é', '日本', '😀', '\u202eabc', '<b>', '"q"', 'a\\b', '{}', '[]', '*', '?', '#', '&', '=', '+', '@', '~', '🏳️‍🌈', 'a/b', '/', 'https://x.org/videos/7?a=1#t', 'x'.repeat(128), 'é'.repeat(64)];
const badIds = ['', 'x'.repeat(129), 'é'.repeat(65), 'a\u0001', 'a\n', '\u007f', 'a\u0085b', true, 1.5, [], {}, null, ...reserved, ...reserved.map((word) => word.toUpperCase())];

test(`ids in bodies: ${oddIds.length} odd ones are ids, ${badIds.length} bad ones are refused by name`, async () => {
  for (const id of oddIds) {
    const answer = await post('/progress/update', JSON.stringify({ userId: 'u1', videoId: id, watchedDuration: 3 }));
    assert.deepEqual([answer.status, answer.json.videoId], [200, id], answer.text);
    if (id !== '..' && id !== '.') { // a client's own URL parser eats those
      const read = await server.call('GET', `/progress/u1/${encodeURIComponent(id)}`, { as: 'u1' });
      assert.deepEqual([read.status, read.json?.videoId], [200, id], id);
    }
    count('text, ids, paths');
  }
  for (const [path, good, field] of [['/progress/update', writes.video[1], 'videoId'], ['/progress/update', writes.video[1], 'userId'], ['/api/v1/Progress/video', writes.pts[1], 'VideoId'], ['/api/progress', writes.trk[1], 'contentId'], ['/api/progress/log', writes.logs[1], 'user_id']])
    for (const id of badIds) {
      const answer = await post(path, JSON.stringify({ ...good, [field]: id }));
      assert.deepEqual([answer.status, answer.json?.errors?.[0].field], [400, field], `${path} ${field} ${JSON.stringify(id)}: ${answer.text.slice(-300)}`);
      count('text, ids, paths');
    }
});

test('ids in paths: decoded once, checked, never another handler', async () => {
  const get = async (target, as = 'u1') => (await raw('GET', target, Buffer.alloc(0), { authorization: `Bearer ${server.token(as)}` })).status;
  for (const [target, status] of [
    ['/progress/u1/not%2Fthere', 404], ['/progress%2Fu1', 404], ['/progress/engagement%2Fu1', 403], ['/user-progress/course%2F%7BcourseId%7D%2Fall', 404], ['/user-progress/1%2F2/1', 400], ['/progress/u1/SYNC', 400], ['/progress/u1/%00', 400], ['/progress/u1/%0a', 400], ['/progress/u1/%c0%af', 400], ['/progress/u1/%c3%28', 400], ['/progress/u1/%zz', 400], ['/progress/u1/%2', 400], ['/progress/u1/%', 400],
    [`/progress/u1/${'x'.repeat(129)}`, 400], ['/progress/u1/%252e', 404], ['/progress/u1/..', 200], ['/progress/u1/%2e%2e', 200], ['/progress/u1/a;b=c', 200], ['//progress//u1', 200], ['/progress/u1/', 200], ['/progress/u1?x=1', 200], ['/progress//u1//zzz', 404],
    ['/PROGRESS/u1', 404], ['/progress/u1/a/b', 404], ['/', 200], ['/nothing', 404], ['/api/v1', 404], ['/api/v1/PROGRESS/SUMMARY/u1', 200], ['/api/v1/progress/Summary/u1', 200],
  ]) {
    assert.equal(await get(target), status, target);
    count('text, ids, paths');
  }
  for (const id of ['abc', '1.5', '+1', '1e3', '9223372036854775808', '01', '-1', '0x1', '1%20']) {
    assert.equal(await get(`/user-progress/101/${id}`, 'u1'), 400, id);
    count('text, ids, paths');
  }
  const upper = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
  await post('/progress/update', JSON.stringify({ userId: 'u1', videoId: upper, watchedDuration: 9 }));
  assert.equal((await server.call('GET', `/progress/u1/${upper.toLowerCase()}`, { as: 'u1' })).json.watchedDuration, 9);
  await post('/progress/update', JSON.stringify({ userId: 'u1', videoId: 77, watchedDuration: 4 }));
  assert.equal((await server.call('GET', '/progress/u1/77', { as: 'u1' })).json.watchedDuration, 4);
  assert.equal(await get('/progress/u1/077'), 404);
  const foreign = await post('/progress/update', JSON.stringify({ userId: 'u1', videoId: '1001', courseId: 'other', watchedDuration: 4 }));
  assert.ok(foreign.status === 400 && foreign.json.detail.includes('101') && foreign.json.detail.includes('other'), foreign.text);
  assert.equal((await post('/progress/update', JSON.stringify({ userId: 'u1', videoId: 'zz', courseId: '101', watchedDuration: 4 }))).status, 404);
  for (const [id, echoed] of [['abc-123', true], ['x'.repeat(128), true], ['x'.repeat(129), false], ['a b', false], ['é', false]]) {
    const answer = await raw('GET', '/healthz', Buffer.alloc(0), { 'x-request-id': id });
    assert.equal(new RegExp(`x-request-id: ${id}\r`, 'i').test(answer.text), echoed, id);
    count('text, ids, paths');
  }
});

// ---- A108 to A126: tokens ----

test('tokens: each of these is 401 with WWW-Authenticate', async () => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: 'u1', role: 'student', exp: now + 600 };
  const good = sign(server.secret, claims);
  const [head, payload, mac] = good.split('.');
  const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = (header, body, key = server.secret) => { const text = `${encode(header)}.${encode(body)}`; return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`; };
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rs = `${encode({ alg: 'RS256' })}.${encode(claims)}`;
  const bad = {
    'no header': null, empty: '', 'no token': 'Bearer', 'no token, a space': 'Bearer ', basic: 'Basic dTpw', 'other scheme': `Token ${good}`, 'two tokens': `Bearer ${good} ${good}`, 'quoted': `Bearer "${good}"`,
    ...Object.fromEntries(['none', 'None', 'nOnE', 'NONE', 'HS512', 'HS384', 'RS256', 'ES256', 'PS256', 'hs256', '', 1, null, ['HS256']].map((alg) => [`alg ${JSON.stringify(alg)}`, `Bearer ${signed({ alg }, claims)}`])),
    'alg absent': `Bearer ${signed({ typ: 'JWT' }, claims)}`, 'alg none, no signature': `Bearer ${encode({ alg: 'none' })}.${payload}.`, 'empty signature': `Bearer ${head}.${payload}.`, 'no signature': `Bearer ${head}.${payload}`, 'one part': `Bearer ${head}`, 'four parts': `Bearer ${good}.x`, 'five parts': `Bearer ${good}.x.y`,
    'another secret': `Bearer ${sign('x'.repeat(43), claims)}`, 'a bit of the signature': `Bearer ${head}.${payload}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`, 'signature cut': `Bearer ${good.slice(0, -1)}`, 'signature longer': `Bearer ${good}A`, 'payload changed': `Bearer ${head}.${encode({ ...claims, role: 'admin' })}.${mac}`,
    'public key as secret': `Bearer ${sign(rsa.publicKey.export({ type: 'spki', format: 'pem' }), claims)}`, 'RS256 of a stranger': `Bearer ${rs}.${signWith('sha256', Buffer.from(rs), rsa.privateKey).toString('base64url')}`,
    'ES256 of a stranger': `Bearer ${encode({ alg: 'ES256' })}.${payload}.${signWith('sha256', Buffer.from(`${encode({ alg: 'ES256' })}.${payload}`), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`,
    'key in the header': `Bearer ${signed({ alg: 'HS256', jwk: { kty: 'oct', k: encode('k'.repeat(32)) } }, claims, 'k'.repeat(32))}`,
    crit: `Bearer ${signed({ alg: 'HS256', crit: ['exp'] }, claims)}`, 'crit empty': `Bearer ${signed({ alg: 'HS256', crit: [] }, claims)}`, 'b64 false': `Bearer ${signed({ alg: 'HS256', b64: false }, claims)}`, zip: `Bearer ${signed({ alg: 'HS256', zip: 'DEF' }, claims)}`,
    ...Object.fromEntries([['absent', undefined], ['text', String(now + 600)], ['1e300', 1e300], ['past by 61 s', now - 61], ['true', true], ['null', null], ['negative', -1], ['0', 0]].map(([name, exp]) => [`exp ${name}`, `Bearer ${sign(server.secret, { ...claims, exp })}`])),
    'nbf +61 s': `Bearer ${sign(server.secret, { ...claims, nbf: now + 65 })}`, 'nbf text': `Bearer ${sign(server.secret, { ...claims, nbf: 'soon' })}`,
    ...Object.fromEntries([['array', []], ['text', '"x"'], ['number', '1'], ['null', 'null'], ['no JSON', '{'], ['duplicate', `{"sub":"u1","sub":"u2","exp":${now + 600}}`]].map(([name, body]) => [`payload ${name}`, `Bearer ${signed({ alg: 'HS256' }, body)}`])),
    ...Object.fromEntries([['array', []], ['text', '"x"'], ['null', 'null'], ['no JSON', '{']].map(([name, header]) => [`header ${name}`, `Bearer ${signed(header, claims)}`])),
    'padding =': `Bearer ${good}=`, 'padding inside': `Bearer ${head}=.${payload}.${mac}`, 'space inside': `Bearer ${head}. ${payload}.${mac}`, 'plus and slash': `Bearer ${head}.${payload}.${mac.replace(/[-_]/g, '+')}+/`,
    ...Object.fromEntries([['empty', ''], ['129 bytes', 'x'.repeat(129)], ['a control', 'a\u0001'], ['an object', {}], ['a list', []], ['true', true], ['reserved', 'summary']].map(([name, sub]) => [`sub ${name}`, `Bearer ${sign(server.secret, { ...claims, sub })}`])),
    'no one': `Bearer ${sign(server.secret, { role: 'admin', exp: now + 600 })}`, 'huge': `Bearer ${'A'.repeat(9000)}`,
  };
  for (const [name, authorization] of Object.entries(bad)) {
    const answer = await raw('GET', '/progress/u1', Buffer.alloc(0), authorization === null ? {} : { authorization });
    assert.equal(answer.status, 401, `${name}: ${answer.text.slice(0, 300)}`);
    assert.match(answer.text, /www-authenticate: bearer/i, name);
    count('tokens');
  }
  const twice = await new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.once('data', (chunk) => { resolve(String(chunk).slice(9, 12)); socket.destroy(); });
    socket.write(`GET /progress/u1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${good}\r\nAuthorization: Bearer ${good}\r\n\r\n`);
  });
  assert.ok(['400', '401'].includes(twice));
  for (const path of ['/progress/u1?token=', '/progress/u1?access_token=', '/progress/u1?ticket=', '/progress/u1?authorization=Bearer%20']) {
    assert.equal((await raw('GET', `${path}${good}`, Buffer.alloc(0))).status, 401, path);
    count('tokens');
  }
});

test('tokens: each of these is taken', async () => {
  const now = Math.floor(Date.now() / 1000);
  const nameidentifier = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier';
  const roleClaim = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
  const right = [
    [{ sub: 'u1' }, 200], [{ sub: 'u1', userId: 'x' }, 200], [{ userId: 'u1' }, 200], [{ [nameidentifier]: 'u1' }, 200], [{ sub: 'u1', exp: now - 50 }, 200], [{ sub: 'u1', nbf: now + 50 }, 200], [{ sub: 'u1', role: 7 }, 200], [{ sub: 'u1', role: { a: 1 } }, 200], [{ sub: 'u1', role: 'KING' }, 200], [{ sub: 'u1', role: null }, 200],
    [{ sub: 'boss', role: 'ADMIN' }, 200], [{ sub: 'boss', role: 'Admin' }, 200], [{ sub: 'boss', roles: ['admin'] }, 200], [{ sub: 'boss', roles: ['x', 'ADMIN'] }, 200], [{ sub: 'boss', [roleClaim]: 'admin' }, 200], [{ sub: 'boss', [roleClaim]: ['Admin'] }, 200], [{ sub: 'boss', role: 'system' }, 200],
    [{ sub: 'other' }, 403], [{ sub: 'other', role: ' Admin' }, 403], [{ sub: 'other', role: 'administrator' }, 403], [{ sub: 'other', role: ['student'] }, 403], [{ sub: 'other', role: { admin: true } }, 403], [{ sub: 'other', role: 1 }, 403], [{ sub: 'other', gty: 'client-credentials', azp: 'other' }, 403], [{ sub: 'other', admin: true }, 403], [{ sub: 'other', scope: 'admin' }, 403], [{ sub: 'other', role: 'student admin' }, 403], [{ sub: 'U1' }, 403],
  ];
  for (const [claims, status] of right) {
    const answer = await server.call('GET', '/progress/u1', { as: { token: sign(server.secret, { exp: now + 600, ...claims }) } });
    assert.equal(answer.status, status, `${JSON.stringify(claims)}: ${answer.text.slice(0, 200)}`);
    count('tokens');
  }
  assert.equal((await server.call('GET', '/progress/1', { as: { token: sign(server.secret, { exp: now + 600, sub: 1 }) } })).status, 200);
});

// ---- A131 to A141: whose record ----

test('who may: bodies and paths that name others, headers that would change the request', async () => {
  const other = [
    ['POST', '/progress/update', { userId: 'victim', videoId: 'v', watchedDuration: 1 }], ['POST', '/progress/realtime', { userId: 'victim', videoId: 'v', watchedDuration: 1 }], ['POST', '/progress/sync', { userId: 'victim', progressData: [] }],
    ['POST', '/api/v1/Progress/video', { UserId: 'victim', VideoId: 'v', CurrentTimeSeconds: 1 }], ['POST', '/api/v1/Progress/video/victim/v', { CurrentTimeSeconds: 1 }], ['POST', '/api/v1/Progress/videos/bulk', { videoProgresses: [{ UserId: 'victim', VideoId: 'v', CurrentTimeSeconds: 1 }] }],
    ['POST', '/user-progress/update', { userId: 99, courseId: 7, courseContentId: 70, progressStatus: 'IN_PROGRESS' }], ['POST', '/user-progress/update', { courseId: 7, courseContentId: 70, progressStatus: 'LOCKED' }], ['POST', '/user-progress/reset', { courseId: 101, userId: 11 }], ['POST', '/user-progress/bulk', { courseId: 101, userIds: [11] }],
    ['POST', '/api/progress/log', { user_id: 'victim', a: 1 }], ['POST', '/api/progress/user/victim/rollback', { to: '2024-01-01' }], ['DELETE', '/api/progress/user/victim/logs'], ['DELETE', '/progress/victim/v'], ['DELETE', '/api/v1/users/victim'],
    ['GET', '/progress/victim'], ['GET', '/progress/victim/v'], ['GET', '/progress/engagement/victim'], ['GET', '/api/progress/victim'], ['GET', '/api/progress/victim/101'], ['GET', '/api/progress/victim/labs'], ['GET', '/api/progress/victim/games'], ['GET', '/api/progress/summary/victim'], ['GET', '/api/v1/Progress/summary/victim'], ['GET', '/api/v1/Progress/course/victim/101'], ['GET', '/api/v1/users/victim/export'], ['GET', '/api/v1/users/victim/progress'], ['GET', '/user-progress/101/99'], ['GET', '/user-progress/course/101/all'], ['GET', '/user-progress/course/101/analytics'], ['GET', '/api/progress/stats/101'], ['PUT', '/api/v1/catalog/courses/101', { contents: [] }], ['DELETE', '/api/v1/catalog/courses/101'],
  ];
  for (const [method, path, body] of other)
    for (const headers of [{}, { 'if-match': '"x"' }, { 'if-none-match': '*' }, { 'x-http-method-override': 'DELETE' }, { 'x-forwarded-user': 'victim', 'x-original-url': '/healthz', 'x-user-id': 'victim' }]) {
      const answer = await server.call(method, path, { as: '11', body, headers });
      assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(headers)}: ${answer.text.slice(0, 200)}`);
      count('who may');
    }
  const mine = await server.call('POST', '/api/progress', { as: 'u5', body: { contentId: 'c', progressPercentage: 10, userId: 'victim', id: 1, role: 'admin', status: 'completed', completedAt: '2020-01-01', version: 9 } });
  assert.deepEqual([mine.status, mine.json.data.userId, mine.json.data.status, mine.json.data.completedAt], [201, 'u5', 'in-progress', null]);
});

// ---- A147 to A155: repetition and size ----

test('idempotency keys and sizes', async () => {
  const body = JSON.stringify({ user_id: 'u1', activity: 'once' });
  for (const key of ['', 'x'.repeat(256), 'a\tb']) {
    const answer = await post('/api/progress/log', body, 'u1', { 'idempotency-key': key });
    assert.deepEqual([answer.status, answer.json?.errors?.[0].field], [400, 'Idempotency-Key'], JSON.stringify(key));
    count('idempotency, size');
  }
  const strip = (answer) => answer.text.slice(answer.text.indexOf('\r\n\r\n'));
  for (const [face, [path, good]] of Object.entries(writes)) {
    const as = face === 'courseroom' ? '11' : 'u1';
    const key = { 'idempotency-key': `attack-${face}` };
    const first = await post(path, JSON.stringify(good), as, key);
    const again = await post(path, JSON.stringify(good), as, key);
    assert.ok(first.status < 300 && again.text.toLowerCase().includes('idempotent-replayed: true'), face);
    assert.equal(strip(again), strip(first), face);
    const other = await post(path, JSON.stringify({ ...good, extra: 1 }), as, key);
    assert.equal(other.status, 422, face);
    const stranger = await post('/api/progress/log', JSON.stringify({ user_id: 'u2', a: 1 }), 'u2', key);
    assert.equal(stranger.status, 201, face);
    count('idempotency, size');
  }
  const parallel = await Promise.all(Array.from({ length: 100 }, () => post('/api/progress/log', body, 'u7x', { 'idempotency-key': 'hundred', authorization: `Bearer ${server.token('u1')}` })));
  assert.ok(parallel.every(({ status }) => status === 201 || status === 409), String(parallel.map(({ status }) => status)));
  assert.equal(new Set(parallel.filter(({ status }) => status === 201).map(({ json }) => json.id)).size, 1);
  const pad = (size) => { const text = '{"userId":"u1","videoId":"v","watchedDuration":1,"pad":"'; return `${text}${'x'.repeat(size - text.length - 2)}"}`; };
  for (const [size, status] of [[1 << 20, 200], [(1 << 20) + 1, 413]]) {
    assert.equal((await post('/progress/update', pad(size))).status, status, String(size));
    count('idempotency, size');
  }
});

test('a gzip bomb is 413 and costs no memory; a cut one is 400', async () => {
  const rss = async () => Number((await import('node:fs')).readFileSync(`/proc/${server.process.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1024;
  const bomb = gzipSync(Buffer.alloc(1 << 30), { level: 9 });
  assert.ok(bomb.length <= 1 << 20 || bomb.length < 1.1 * (1 << 20), String(bomb.length));
  const fits = bomb.subarray(0, Math.min(bomb.length, 1 << 20));
  await post('/progress/sync', gzipSync(JSON.stringify(writes.sync[1])), 'u1', { 'content-encoding': 'gzip' });
  const before_ = await rss();
  for (let i = 0; i < 5; i++) {
    assert.equal((await post('/progress/sync', fits, 'u1', { 'content-encoding': 'gzip' })).status, 413);
    count('idempotency, size');
  }
  assert.ok((await rss()) - before_ < 64, `grew by ${(await rss()) - before_} MiB`); // what a sanitizer keeps aside is in it
  const whole = gzipSync(JSON.stringify(writes.sync[1]));
  for (const [body, headers, status] of [[whole.subarray(0, -9), { 'content-encoding': 'gzip' }, 400], [whole, { 'content-encoding': 'br' }, 415], [whole, { 'content-encoding': 'gzip, gzip' }, 415], [gzipSync(whole), { 'content-encoding': 'gzip' }, 400], [whole, {}, 400]]) {
    assert.equal((await post('/progress/sync', body, 'u1', headers)).status, status, JSON.stringify(headers));
    count('idempotency, size');
  }
  for (const path of ['/progress/update', '/api/progress/log', '/api/progress']) {
    assert.equal((await post(path, whole, 'u1', { 'content-encoding': 'gzip' })).status, 415, path);
    count('idempotency, size');
  }
});

test('how many cases each group had', (t) => {
  const all = Object.values(counts).reduce((sum, one) => sum + one, 0);
  for (const [group, cases] of Object.entries(counts)) t.diagnostic(`${group}: ${cases}`);
  t.diagnostic(`all: ${all}`);
  assert.ok(all > 1400, String(all));
});
