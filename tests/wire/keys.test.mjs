// RS256 and ES256 keys from a file and from a JWK set: rotation, unknown keys, outages, SIGHUP.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { hangUp, newDirectory, Server, sign } from './server.mjs';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key) => key.publicKey.export({ type: 'spki', format: 'pem' });
const jwk = (key, more) => ({ ...key.publicKey.export({ format: 'jwk' }), ...more });
const claims = (more = {}) => ({ sub: 'u', exp: Math.floor(Date.now() / 1000) + 600, ...more });
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(key, alg, { kid, header = {}, body = claims(), dsaEncoding = 'ieee-p1363' } = {}) {
  const head = `${b64({ alg, ...(kid && { kid }), ...header })}.${b64(body)}`;
  return `${head}.${signBytes('sha256', Buffer.from(head), { key: key.privateKey, dsaEncoding }).toString('base64url')}`;
}

const status = async (server, text) => (await server.call('GET', '/progress/u', { as: { token: text } })).status;

for (const [alg, key] of [['RS256', rsa], ['ES256', ec]])
  test(`${alg} by a public key file: the key decides the algorithm`, async () => {
    const file = join(newDirectory(), 'key.pem');
    writeFileSync(file, pem(key));
    const server = await Server.start({ flags: ['--jwt_public_key_file', file] });
    try {
      assert.equal(await status(server, token(key, alg)), 200);
      assert.equal(await status(server, token(other, 'RS256')), 401);
      assert.equal(await status(server, token(key, alg, { body: claims({ exp: 1 }) })), 401);
      for (const text of [pem(key), pem(key).trim(), key.publicKey.export({ type: 'spki', format: 'der' })]) { // the old attack
        const head = `${b64({ alg: 'HS256' })}.${b64(claims())}`;
        assert.equal(await status(server, `${head}.${createHmac('sha256', text).update(head).digest('base64url')}`), 401);
      }
      assert.equal(await status(server, token(key, alg, { header: { jwk: jwk(key), jku: 'http://127.0.0.1:1/' } })), 200); // ignored
      if (alg === 'ES256') {
        assert.equal(await status(server, token(ec, 'ES256', { dsaEncoding: 'der' })), 401);
        const [head, body] = token(ec, 'ES256').split('.');
        for (const bytes of [0, 63, 64, 65]) assert.equal(await status(server, `${head}.${body}.${Buffer.alloc(bytes).toString('base64url')}`), 401);
      }
      // SIGHUP with a broken file keeps the old key; with another key takes that.
      writeFileSync(file, 'no key');
      server.process.kill('SIGHUP');
      while (!server.log.includes('jwt_public_key_file: it must hold a PEM public key: RSA of 2048 bits or more, or EC P-256; the old key stays')) await new Promise((next) => setTimeout(next, 20));
      assert.equal(await status(server, token(key, alg)), 200);
      writeFileSync(file, pem(other));
      server.process.kill('SIGHUP');
      while (!server.log.includes('keys reloaded')) await new Promise((next) => setTimeout(next, 20));
      assert.equal(await status(server, token(key, alg)), 401);
      assert.equal(await status(server, token(other, 'RS256')), 200);
    } finally {
      assert.equal((await server.discard()).code, 0, server.log);
    }
  });

test('a small RSA key refuses to start', async () => {
  const file = join(newDirectory(), 'key.pem');
  writeFileSync(file, pem(small));
  await assert.rejects(Server.start({ flags: ['--jwt_public_key_file', file] }), /2048 bits/);
});

test('a JWK set: kid, rotation, unknown kid at most once a minute, outage', async () => {
  let keys = [jwk(rsa, { kid: 'a' }), jwk(ec, { kid: 'e', use: 'sig' }), jwk(other, { kid: 'enc', use: 'enc' }), { kty: 'oct', kid: 'o', k: 'AAAA' }];
  let fetches = 0, up = false;
  const http = createServer((request, response) => {
    fetches++;
    response.writeHead(up ? 200 : 500).end(JSON.stringify({ keys }));
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const server = await Server.start({ flags: ['--jwks_url', `http://127.0.0.1:${http.address().port}/keys`] });
  try {
    assert.equal(await status(server, token(rsa, 'RS256', { kid: 'a' })), 503); // never loaded
    up = true;
    await new Promise((next) => setTimeout(next, 1100));
    const all = await Promise.all(Array.from({ length: 20 }, () => status(server, token(rsa, 'RS256', { kid: 'a' }))));
    assert.deepEqual(new Set(all), new Set([200]));
    assert.equal(fetches, 2);
    assert.equal(await status(server, token(ec, 'ES256', { kid: 'e' })), 200);
    assert.equal(await status(server, token(ec, 'ES256')), 200); // no kid: any key of that algorithm
    keys = [jwk(other, { kid: 'b' }), jwk(ec, { kid: 'e' })]; // rotation
    assert.equal(await status(server, token(other, 'RS256', { kid: 'b' })), 200);
    assert.equal(fetches, 3);
    assert.equal(await status(server, token(rsa, 'RS256', { kid: 'a' })), 401);
    const unknown = await Promise.all(Array.from({ length: 200 }, (_, i) => status(server, token(rsa, 'RS256', { kid: `x${i}` }))));
    assert.ok(unknown.every((code) => code === 401));
    assert.equal(fetches, 3); // less than a minute ago
    assert.equal(await status(server, token(other, 'RS256', { kid: '../../x' })), 401);
    assert.equal(await status(server, sign('A'.repeat(43), claims(), { alg: 'HS256', kid: 'o' })), 401);
    up = false;
    assert.equal(await status(server, token(other, 'RS256', { kid: 'b', body: claims({ n: 1 }) })), 200); // cached keys outlive an outage
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
});

test('SIGHUP reloads secret and server key, each by itself; what is missing or broken stays, and is not made anew', async () => {
  const server = await Server.start({ flags: ['--webhook_jwt', 'optional'] });
  const secretFile = join(server.directory, 'jwt.secret'), keyFile = join(server.directory, 'server.key');
  const withKey = async (key) => (await server.call('GET', '/metrics', { headers: { 'x-server-key': key } })).status;
  const withSecret = (secret, n) => status(server, sign(secret, claims({ n })));
  const oldSecret = server.secret, oldKey = server.key, newSecret = 's'.repeat(43), newKey = 'k'.repeat(43);
  try {
    assert.deepEqual([await withKey(oldKey), await withKey(newKey), await withSecret(oldSecret, 1)], [200, 401, 200]);
    writeFileSync(keyFile, newKey);
    writeFileSync(secretFile, newSecret);
    let said = await hangUp(server);
    assert.match(said, /jwt_secret_file: reloaded\n(.*\n)*.*milepost: server_key_file: reloaded\n.*milepost: keys reloaded/);
    assert.deepEqual([await withKey(oldKey), await withKey(newKey)], [401, 200]);
    assert.deepEqual([await withSecret(oldSecret, 1), await withSecret(newSecret, 1)], [401, 200]); // remembered tokens too
    rmSync(keyFile);
    rmSync(secretFile);
    said = await hangUp(server);
    assert.match(said, /jwt_secret_file: .*the old key stays/);
    assert.match(said, /server_key_file: .*the old key stays/);
    assert.deepEqual([existsSync(keyFile), existsSync(secretFile)], [false, false]);
    assert.deepEqual([await withKey(newKey), await withSecret(newSecret, 1)], [200, 200]);
    writeFileSync(keyFile, 'a1b2c3d4-e5f6-7890-abcd-ef1234567890\n'); // the document's sample
    writeFileSync(secretFile, oldSecret); // one of two is good
    said = await hangUp(server);
    assert.match(said, /jwt_secret_file: reloaded/);
    assert.match(said, /server_key_file: .*sample key.*the old key stays/);
    assert.deepEqual([await withKey(newKey), await withSecret(oldSecret, 1), await withSecret(newSecret, 1)], [200, 200, 401]);
    for (const broken of ['', 'short', 'x'.repeat(70000)]) {
      writeFileSync(secretFile, broken);
      assert.match(await hangUp(server), /jwt_secret_file: .*the old key stays/);
      assert.equal(await withSecret(oldSecret, 2), 200);
    }
    writeFileSync(secretFile, oldSecret);
    writeFileSync(keyFile, oldKey);
    for (let burst = 0; burst < 200; burst++) server.process.kill('SIGHUP');
    await hangUp(server);
    assert.equal(await withSecret(oldSecret, 3), 200);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('200 reloads under load: no token of a key that is gone is taken', async () => {
  const server = await Server.start({ flags: ['--threads', '2'] });
  const file = join(server.directory, 'jwt.secret');
  const secrets = ['a'.repeat(43), 'b'.repeat(43)];
  const tokens = secrets.map((secret) => sign(secret, claims()));
  let running = true;
  const load = Array.from({ length: 8 }, async (_, i) => { while (running) await status(server, tokens[i % 2]); });
  try {
    for (let round = 0; round < 200; round++) {
      writeFileSync(file, secrets[round % 2]);
      await hangUp(server);
      assert.deepEqual([await status(server, tokens[1 - round % 2]), await status(server, tokens[round % 2])], [401, 200], `round ${round}`);
    }
  } finally {
    running = false;
    await Promise.all(load);
    assert.equal((await server.discard()).code, 0, server.log.slice(-2000));
  }
});

// A JWK set whose answer a test changes as it goes; counts how often it is fetched.
async function keySet(answer) {
  const set = { fetches: 0, answer };
  const http = createServer((request, response) => {
    set.fetches++;
    set.answer(response);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  set.url = `http://127.0.0.1:${http.address().port}/keys`;
  set.close = () => { http.closeAllConnections(); return new Promise((resolve) => http.close(resolve)); };
  return set;
}
const holding = (...keys) => (response) => response.end(JSON.stringify({ keys }));

test('a key that changed under its kid is fetched again, once a minute with unknown kids; an empty set keeps the old keys', async () => {
  const set = await keySet(holding(jwk(rsa, { kid: 'a' })));
  const server = await Server.start({ flags: ['--jwks_url', set.url] });
  try {
    assert.equal(await status(server, token(rsa, 'RS256', { kid: 'a' })), 200);
    assert.equal(set.fetches, 1);
    set.answer = holding(jwk(other, { kid: 'a' }));
    assert.equal(await status(server, token(other, 'RS256', { kid: 'a' })), 200);
    assert.equal(await status(server, token(rsa, 'RS256', { kid: 'a' })), 401);
    assert.equal(set.fetches, 2);
    set.answer = holding(jwk(rsa, { kid: 'a' }));
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 100 }, (_, i) => status(server, token(rsa, 'RS256', { kid: i % 2 ? 'a' : `x${i}` }))))), new Set([401]));
    assert.equal(set.fetches, 2); // less than a minute ago, for either reason
    for (const [answer, said] of [[holding(), /holds no key/], [holding({ kty: 'oct', k: 'AAAA' }), /holds no key/], [(r) => r.end('{}'), /no JWK set/],
      [(r) => r.writeHead(500).end(), /cannot be fetched/], [(r) => r.end(`{"keys":[${'{},'.repeat(40000)}{}]}`), /cannot be fetched/]]) {
      set.answer = answer;
      const from = server.log.length;
      await hangUp(server); // fetches it whenever the last time was
      while (!server.log.slice(from).includes('the old keys stay')) await new Promise((next) => setTimeout(next, 10));
      assert.match(server.log.slice(from), said);
      assert.equal(await status(server, token(other, 'RS256', { kid: 'a', body: claims({ n: set.fetches }) })), 200);
    }
    set.answer = holding(jwk(rsa)); // no kid of its own: fits any
    const from = server.log.length;
    await hangUp(server);
    while (!server.log.slice(from).includes('jwks_url: 1 keys')) await new Promise((next) => setTimeout(next, 10));
    assert.equal(await status(server, token(rsa, 'RS256', { kid: 'a' })), 200);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await set.close();
  }
});

test('with several keys configured each verifies with its own algorithm', async () => {
  const set = await keySet(holding(jwk(rsa, { kid: 'a' })));
  const pemFile = join(newDirectory(), 'key.pem'), secretFile = join(newDirectory(), 'secret');
  writeFileSync(pemFile, pem(ec));
  writeFileSync(secretFile, 'z'.repeat(40));
  const server = await Server.start({ flags: ['--jwks_url', set.url, '--jwt_public_key_file', pemFile, '--jwt_secret_file', secretFile] });
  try {
    assert.deepEqual([await status(server, sign('z'.repeat(40), claims())), await status(server, token(ec, 'ES256', { kid: 'q' }))], [200, 200]);
    assert.equal(set.fetches, 0); // nobody needed it yet
    assert.equal(await status(server, sign('y'.repeat(40), claims())), 401);
    assert.equal(set.fetches, 0); // a set never holds a secret
    assert.equal(await status(server, token(rsa, 'RS256', { kid: 'a' })), 200);
    for (const text of [pem(ec), pem(rsa), 'z'.repeat(40)])
      for (const alg of ['HS256', 'RS256', 'ES256']) {
        const head = `${b64({ alg })}.${b64(claims({ mac: alg }))}`;
        assert.equal(await status(server, `${head}.${createHmac('sha256', text).update(head).digest('base64url')}`), alg === 'HS256' && text[0] === 'z' ? 200 : 401);
      }
    assert.equal(await status(server, token(rsa, 'ES256')), 401);
    assert.equal(await status(server, token(ec, 'RS256')), 401);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
    await set.close();
  }
});

test('Keycloak roles by path, and roles of every claim joined', async () => {
  const server = await Server.start({ flags: ['--jwt_role_claim', 'realm_access.roles', '--system_clients', 'robot'] });
  const list = async (more) => (await server.call('GET', '/api/v1/catalog/courses', { as: { token: sign(server.secret, claims(more)) } })).status;
  try {
    const long = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
    for (const more of [{ realm_access: { roles: ['offline_access', 'Admin'] } }, { 'realm_access.roles': 'ADMIN' }, { role: 'student', roles: ['admin'] }, { [long]: 'aDMIN', role: 'x' },
      { gty: 'client-credentials', azp: 'robot' }, { gty: 'client-credentials', sub: 'robot' }, { roles: Array.from({ length: 500 }, (_, i) => `r${i}`).concat('admin') }])
      assert.equal(await list(more), 200, JSON.stringify(more).slice(0, 100));
    for (const more of [{}, { realm_access: ['admin'] }, { realm_access: { roles: { admin: true } } }, { role: ' Admin' }, { role: 7 }, { role: { admin: 1 } }, { gty: 'client-credentials', azp: 'other' },
      { gty: 'password', azp: 'robot' }, { azp: 'robot' }, { role: 'administrator' }, { role: null, roles: null }])
      assert.equal(await list(more), 403, JSON.stringify(more)); // STUDENT, the least
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});

test('issuer and audience, when configured; tokens that are huge, deep or full of roles', async () => {
  const server = await Server.start({ flags: ['--jwt_issuer', 'https://id.example', '--jwt_audience', 'milepost'] });
  const ask = (more) => status(server, sign(server.secret, claims(more)));
  const good = { iss: 'https://id.example', aud: 'milepost' };
  try {
    for (const [more, want] of [[good, 200], [{ ...good, aud: ['other', 'milepost'] }, 200], [{ aud: 'milepost' }, 401], [{ iss: 'https://id.example' }, 401], [{ ...good, iss: 'https://id.example/' }, 401],
      [{ ...good, iss: ['https://id.example'] }, 401], [{ ...good, aud: 'Milepost' }, 401], [{ ...good, aud: [] }, 401], [{ ...good, aud: { milepost: 1 } }, 401], [{ ...good, aud: null, iss: null }, 401],
      [{ ...good, exp: Math.floor(Date.now() / 1000) - 50 }, 200], [{ ...good, exp: Math.floor(Date.now() / 1000) - 62 }, 401], [{ ...good, nbf: Math.floor(Date.now() / 1000) + 50 }, 200],
      [{ ...good, sub: undefined, userId: 'u' }, 200], [{ ...good, sub: undefined, 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier': 'u' }, 200], [{ ...good, sub: 'other', userId: 'u' }, 403]])
      assert.equal(await ask(more), want, JSON.stringify(more));
    for (const more of [{ roles: Array.from({ length: 1000 }, (_, i) => `r${i}`) }, { deep: JSON.parse('['.repeat(1500) + ']'.repeat(1500)) }, { deep: JSON.parse('{"a":'.repeat(900) + '1' + '}'.repeat(900)) }, { text: 'x'.repeat(7000) }])
      assert.equal(await ask({ ...good, ...more }), 200, JSON.stringify(more).slice(0, 60));
    for (const more of [{ roles: Array.from({ length: 10000 }, (_, i) => `r${i}`) }, { text: 'x'.repeat(50000) }, { deep: JSON.parse('['.repeat(2500) + ']'.repeat(2500)) }])
      assert.ok([401, 431].includes(await ask({ ...good, ...more }).catch(() => 431)), JSON.stringify(more).slice(0, 60)); // the head may be cut off at its limit
    assert.equal((await server.call('GET', '/healthz')).status, 200);
  } finally {
    assert.equal((await server.discard()).code, 0, server.log);
  }
});
