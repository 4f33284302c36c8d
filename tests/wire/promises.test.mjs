// Promises of docs/reliability.md that no other test shows: one writer a file (R8), totals that are never unlike their parts
// (R5), no lost update (R22), no stale read (R24), no secret in an answer or the log (R39), and attacks that stand in no other
// list (A81 to A171, each named in its test).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants, createHmac, generateKeyPairSync, privateEncrypt, sign as signBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { newDirectory, run, Server, sign } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const claims = (more = {}) => ({ sub: 'u', exp: now() + 600, ...more });
const status = async (at, token) => (await at.call('GET', '/progress/u', { as: { token } })).status;

// One raw request; the status and the text of what comes back.
function raw(at, head, body = '') {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(at.port, '127.0.0.1', () => socket.write(`${head}\r\nHost: x\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
    socket.on('data', (chunk) => (text += chunk.toString('latin1'))).on('error', reject).on('close', () => resolve({ status: Number(text.slice(9, 12)), text }));
  });
}

test('R8: each file of the store is written by one thread alone', async (t) => {
  if (spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']).status !== 0) return t.skip('strace may not trace here');
  const directory = newDirectory(), trace = join(newDirectory(), 'trace');
  const traced = await Server.start({ directory, under: ['strace', '-f', '-qq', '-y', '-e', 'trace=pwrite64,write,ftruncate', '-o', trace] });
  const child = Number(readFileSync(`/proc/${traced.process.pid}/task/${traced.process.pid}/children`, 'utf8')); // the server is strace's
  try {
    const from = statSync(trace).size; // what was written before it served, and at its end, is the main thread's
    const wrote = () => {
      const writers = new Map();
      for (const [, thread, file] of readFileSync(trace, 'latin1').slice(from).matchAll(/^(\d+) +(?:pwrite64|write|ftruncate)\(\d+<[^>]*\/([\w.-]+\.db(?:-wal)?)>/gm)) writers.set(file, (writers.get(file) ?? new Set()).add(thread));
      return writers;
    };
    for (let i = 0, end = Date.now() + 20000; Date.now() < end && !wrote().has('checkpoint.db-wal'); i++)
      await Promise.all(Array.from({ length: 8 }, async (_, w) => {
        assert.equal((await traced.call('POST', '/progress/update', { as: `w${w}`, body: { userId: `w${w}`, videoId: `v${i % 9}`, watchedDuration: i } })).status, 200);
        for (const path of [`/api/progress/w${w}`, `/api/v1/users/w${w}/export`]) assert.equal((await traced.call('GET', path, { as: `w${w}` })).status, 200);
      }));
    const writers = wrote();
    for (const name of ['events.db', 'checkpoint.db']) {
      const threads = new Set([...writers].filter(([file]) => file.startsWith(name)).flatMap(([, some]) => [...some]));
      assert.equal(threads.size, 1, `${name}: threads ${[...threads].join()} of ${[...writers.keys()].join()}`);
    }
  } finally {
    process.kill(child, 'SIGTERM');
    await traced.ended;
  }
  assert.equal(run('verify', '--data', directory).status, 0);
});

test('R5: while others write, a total is never unlike its parts', async () => {
  let going = true, looked = 0;
  const writer = async (w) => {
    for (let i = 0; i < 150; i++) {
      const body = { courseId: 500, courseContentId: 5000 + (i % 7) * 10 + w, progressStatus: i % 3 ? 'IN_PROGRESS' : 'COMPLETED', activityDuration: 60 };
      assert.equal((await server.call('POST', '/user-progress/update', { as: 501, body })).status, 200);
    }
  };
  const poller = async () => {
    for (; going; looked++) {
      const { data } = (await server.call('GET', '/api/progress/501', { as: 501 })).json;
      const count = (name) => data.progress.filter((one) => one.status === name).length;
      assert.deepEqual([data.statistics.total, data.statistics.completed, data.statistics.inProgress], [data.progress.length, count('completed'), count('in-progress')]);
      assert.ok(Math.abs(data.statistics.totalTimeSpent - data.progress.reduce((sum, one) => sum + one.timeSpent, 0)) < 0.1);
      const [one] = (await server.call('GET', '/user-progress/course/500/all', { as: 'admin:1' })).json.results ?? [];
      if (!one) continue; // the first write is still under way
      assert.equal(one.progressSummary.completedContent, one.activityLogs.filter((log) => log.progressStatus === 'COMPLETED').length);
      assert.equal(one.enrollments.enrollmentStatus === 'COMPLETED', one.progressSummary.completedContent === one.progressSummary.totalContent);
    }
  };
  const pollers = [poller(), poller(), poller()];
  await Promise.all([1, 2, 3, 4].map(writer));
  going = false;
  await Promise.all(pollers);
  assert.ok(looked > 20, `looked ${looked} times`);
});

test('R22: 16 clients on one record lose no update, and each reads its own', async () => {
  const seen = await Promise.all(Array.from({ length: 16 }, async () => {
    let sum = 0;
    for (let i = 0; i < 30; i++) {
      const written = await server.call('POST', '/user-progress/update', { as: 510, body: { courseId: 510, courseContentId: 5101, progressStatus: 'IN_PROGRESS', activityDuration: 7 } });
      assert.equal(written.status, 200);
      sum += 7;
      const [log] = (await server.call('GET', '/user-progress/510/510', { as: 510 })).json.results.activityLogs;
      assert.ok(log.activityDuration >= written.json.results.activityDuration && log.activityDuration >= sum);
    }
    return sum;
  }));
  const [log] = (await server.call('GET', '/user-progress/510/510', { as: 510 })).json.results.activityLogs;
  assert.equal(log.activityDuration, seen.reduce((sum, one) => sum + one, 0));
});

test('R24: what one face has acknowledged, the next read of any face shows', async () => {
  await Promise.all(Array.from({ length: 8 }, async (_, w) => {
    const as = String(5200 + w), item = 52000 + w;
    for (let i = 1; i <= 60; i++) {
      const sent = i % 3 === 0 ? await server.call('POST', '/progress/update', { as, body: { userId: as, videoId: item, courseId: 520, watchedDuration: i, duration: 1000 } })
        : i % 3 === 1 ? await server.call('POST', '/api/v1/Progress/video', { as, body: { UserId: as, VideoId: String(item), CourseId: '520', CurrentTimeSeconds: i, TotalDurationSeconds: 1000 } })
          : await server.call('POST', '/progress/sync', { as, body: { userId: as, progressData: [{ videoId: item, courseId: '520', watchedDuration: i, duration: 1000 }] } });
      assert.equal(sent.status, 200, sent.text);
      const percent = i / 10;
      const [video, room, trk, pts] = await Promise.all([['GET', `/progress/${as}/${item}`], ['GET', `/user-progress/520/${as}`], ['GET', `/api/progress/${as}/520`], ['GET', `/api/v1/Progress/summary/${as}`]].map(([method, path]) => server.call(method, path, { as })));
      assert.equal(video.json.watchedDuration, i);
      assert.equal(room.json.results.activityLogs[0].progressPercent, percent.toFixed(2));
      assert.equal(trk.json.data.progress[0].progressPercentage, Math.round(percent));
      assert.equal(pts.json.recentCourses[0].totalWatchTimeSeconds, i);
    }
  }));
});

test('R39: no secret, path or SQL is in an answer or in the log', async () => {
  const small = await Server.start({ flags: ['--webhook_jwt', 'optional', '--log_level', 'debug'] });
  const good = small.token('canary-user', 'student', { jti: 'canary-claim' });
  const canaries = [small.secret, small.key, good.split('.')[2], 'canary-claim', 'canary-password', small.directory, 'SELECT ', 'INSERT ', '.c:'];
  const said = [];
  const ask = async (method, path, options) => { const answer = await small.call(method, path, options); said.push(answer.text, JSON.stringify([...answer.headers])); };
  const body = { userId: 'canary-user', videoId: 'v', watchedDuration: 'canary-password' };
  for (const token of [good, `${good}x`, sign('canary-password'.repeat(3), claims())])
    for (const [method, path, more] of [['POST', '/progress/update', body], ['POST', '/progress/update', '{"userId":canary-password'], ['POST', '/api/progress/log', { user_id: 'canary-user', nested: { a: 'canary-password' } }],
      ['GET', '/progress/other'], ['GET', '/progress/canary-user/none'], ['PUT', '/progress/update', body], ['GET', '/nowhere'], ['GET', "/progress/u/';DROP TABLE event;--"]])
      await ask(method, path, { as: { token }, body: more });
  await ask('POST', '/api/v1/progress/Webhook/enrollment-updated', { headers: { 'x-server-key': `${small.key}x` }, body: { UserId: 'u', CourseId: 'c', Action: 'canary-password' } });
  await ask('GET', '/metrics', { headers: { 'x-server-key': small.key } });
  await ask('GET', '/readyz');
  for (const [where, text] of [...said.map((one) => ['answer', one]), ['log', small.log]])
    for (const canary of canaries) {
      const shown = where === 'log' && canary === small.directory; // an operator's line names the file
      assert.ok(shown || !text.includes(canary), `${where}: ${canary}: ${text.slice(0, 400)}`);
    }
  assert.ok(said.length > 50);
  assert.equal((await small.discard()).code, 0);
});

test('A81: a body without Content-Type is read as JSON', async () => {
  const body = '{"userId":"ct","videoId":"v","watchedDuration":3}';
  assert.equal((await raw(server, `POST /progress/update HTTP/1.1\r\nAuthorization: Bearer ${server.token('ct')}`, body)).status, 200);
});

test('A84: metadata that would pass 16 KiB once merged is refused, and the old stays', async () => {
  const send = (metadata) => server.call('POST', '/user-progress/update', { as: 530, body: { courseId: 530, courseContentId: 5301, progressStatus: 'IN_PROGRESS', metadata } });
  assert.equal((await send({ a: 'x'.repeat(9000) })).status, 200);
  const over = await send({ b: 'y'.repeat(9000) });
  assert.deepEqual([over.status, over.json.errors[0].field], [400, 'metadata']);
  const [log] = (await server.call('GET', '/user-progress/530/530', { as: 530 })).json.results.activityLogs;
  assert.deepEqual(log.metadata, { a: 'x'.repeat(9000) });
});

test('A111, A112: signatures of another padding, another form, or out of range', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }), ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const n = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'), zero = Buffer.alloc(32), one = Buffer.concat([Buffer.alloc(31), Buffer.from([1])]);
  for (const [pair, alg] of [[rsa, 'RS256'], [ec, 'ES256']]) {
    const file = join(newDirectory(), 'key.pem');
    writeFileSync(file, pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const own = await Server.start({ flags: ['--jwt_public_key_file', file] });
    const head = `${b64({ alg })}.${b64(claims())}`;
    const with_ = (signature) => status(own, `${head}.${signature.toString('base64url')}`);
    if (alg === 'RS256') {
      assert.equal(await with_(signBytes('sha256', Buffer.from(head), rsa.privateKey)), 200);
      const pss = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
      for (const saltLength of [32, 0]) assert.equal(await with_(signBytes('sha256', Buffer.from(head), { ...pss, saltLength })), 401);
      assert.equal(await with_(signBytes('sha1', Buffer.from(head), rsa.privateKey)), 401);
      assert.equal(await with_(signBytes('sha512', Buffer.from(head), rsa.privateKey)), 401);
      // PKCS #1 padding right, its DigestInfo not
      const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
      const digest = (await import('node:crypto')).createHash('sha256').update(head).digest();
      assert.equal(await with_(privateEncrypt(rsa.privateKey, Buffer.concat([info, digest]))), 200);
      for (const block of [digest, Buffer.concat([info, digest, Buffer.from([0])]), Buffer.concat([info.subarray(0, -4), Buffer.from('00000420', 'hex').subarray(2), digest])])
        assert.equal(await with_(privateEncrypt(rsa.privateKey, block)), 401);
    } else
      for (const [r, s] of [[zero, zero], [zero, one], [one, zero], [n, one], [one, n], [n, n]]) assert.equal(await with_(Buffer.concat([r, s])), 401);
    assert.equal((await own.discard()).code, 0, own.log);
  }
});

test('A118, A121: a key name of 10 KiB, a payload that is no UTF-8', async () => {
  const long = `${b64({ alg: 'HS256', kid: 'k'.repeat(10240) })}.${b64(claims())}`;
  const answer = await raw(server, `GET /progress/u HTTP/1.1\r\nAuthorization: Bearer ${long}.${createHmac('sha256', server.secret).update(long).digest('base64url')}`);
  assert.ok([200, 401, 431].includes(answer.status), answer.text.slice(0, 200)); // one secret only: its name decides nothing
  const bad = `${b64({ alg: 'HS256' })}.${Buffer.concat([Buffer.from(`{"exp":${now() + 600},"sub":"`), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]).toString('base64url')}`;
  assert.equal(await status(server, `${bad}.${createHmac('sha256', server.secret).update(bad).digest('base64url')}`), 401);
});

test('A127: a key of a set that is made for another algorithm verifies nothing', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = rsa.publicKey.export({ format: 'jwk' });
  for (const [more, want] of [[{ alg: 'RS256' }, 200], [{ alg: 'PS256' }, 503], [{ alg: 'RS512' }, 503], [{ use: 'enc' }, 503]]) {
    const http = createServer((request, response) => response.end(JSON.stringify({ keys: [{ ...key, kid: 'a', ...more }] })));
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    const own = await Server.start({ flags: ['--jwks_url', `http://127.0.0.1:${http.address().port}/`] });
    const head = `${b64({ alg: 'RS256', kid: 'a' })}.${b64(claims())}`;
    assert.equal(await status(own, `${head}.${signBytes('sha256', Buffer.from(head), rsa.privateKey).toString('base64url')}`), want, JSON.stringify(more));
    assert.equal((await own.discard()).code, 0, own.log);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
});

test('A128: a token in a form is none', async () => {
  const form = `access_token=${server.token('u')}&userId=u&videoId=v&watchedDuration=1`;
  assert.equal((await raw(server, 'POST /progress/update HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded', form)).status, 401);
});

test('A133, A134: path and body of different people; what an entry says of itself', async () => {
  const differ = await server.call('POST', '/api/v1/Progress/video/p1/v', { as: 'p1', body: { UserId: 'p2', CurrentTimeSeconds: 1 } });
  assert.deepEqual([differ.status, differ.json.errors[0].field], [400, 'UserId']);
  const { id } = (await server.call('POST', '/api/progress/log', { as: 'p1', body: { user_id: 'p1', n: 1 } })).json;
  const other = await server.call('PUT', `/api/progress/log/${id}`, { as: 'p1', body: { user_id: 'p2', n: 2 } });
  assert.deepEqual([other.status, other.json.errors[0].field], [400, 'user_id']);
  const kept = await server.call('PUT', `/api/progress/log/${id}`, { as: 'p1', body: { user_id: 'p1', n: 3, log_id: 999, created_at: '2000-01-01T00:00:00Z' } });
  assert.deepEqual([kept.status, kept.json.updated_log.log_id, kept.json.updated_log.n, kept.json.updated_log.created_at.startsWith('2000')], [200, id, 3, false]);
});

test('A143, A144: the server key in a query, twice, in part; an Action that is nothing', async () => {
  const path = '/api/v1/progress/Webhook/enrollment-updated';
  const body = { UserId: 'w', CourseId: 'w', Action: 'enroll' };
  assert.equal((await server.call('POST', `${path}?x-server-key=${server.key}&serverKey=${server.key}`, { as: 'any', body })).status, 401);
  const text = JSON.stringify(body), head = `POST ${path} HTTP/1.1\r\nAuthorization: Bearer ${server.token('any')}\r\nContent-Type: application/json`;
  assert.equal((await raw(server, `${head}\r\nX-Server-Key: ${server.key}\r\nX-Server-Key: ${server.key}`, text)).status, 401);
  assert.equal((await raw(server, `${head}\r\nX-Server-Key: ${server.key}`, text)).status, 200);
  for (const Action of [null, [], {}, 7, '', 'enroll ', 'enroll\u0001', undefined]) {
    const refused = await server.call('POST', path, { as: 'any', headers: { 'x-server-key': server.key }, body: { ...body, Action } });
    assert.deepEqual([refused.status, refused.json.errors[0].field], [400, 'Action'], JSON.stringify(Action));
  }
});

test('A148: one Idempotency-Key for another path, method or body', async () => {
  const send = (method, path, body) => server.call(method, path, { as: 'k', body, headers: { 'idempotency-key': 'one-key' } });
  const first = await send('POST', '/api/progress/log', { user_id: 'k', n: 1 });
  assert.equal(first.status, 201);
  for (const [method, path, body] of [['POST', '/api/progress', { user_id: 'k', n: 1 }], ['PUT', `/api/progress/log/${first.json.id}`, { user_id: 'k', n: 1 }], ['POST', '/api/progress/log', { user_id: 'k', n: 2 }], ['DELETE', `/api/progress/log/${first.json.id}`]]) {
    const answer = await send(method, path, body);
    assert.ok(answer.status === 422 || (answer.status === 400 && path === '/api/progress'), `${method} ${path}: ${answer.status}`);
  }
  assert.equal((await server.call('GET', '/api/progress/k', { as: 'k' })).json.progress_logs.length, 1);
});

test('A168, A171: services at addresses that are none of ours; a directory that may not be written', () => {
  for (const name of ['user_svc_base_url', 'cms_base_url', 'jwks_url'])
    for (const url of ['gopher://127.0.0.1/', 'file:///etc/passwd', 'ftp://127.0.0.1/', 'javascript:1', '//127.0.0.1/']) {
      const end = run('serve', '--data', newDirectory(), `--${name}`, url);
      assert.ok(end.status !== 0 && end.stderr.includes(name), `${name} ${url}: ${end.stderr}`);
    }
  const sealed = newDirectory();
  mkdirSync(join(sealed, 'lock')); // even root cannot open a directory for writing
  const end = run('serve', '--data', sealed);
  assert.ok(end.status !== 0 && end.status !== null);
  assert.equal(end.stderr.trim().split('\n').length, 1, end.stderr);
});
