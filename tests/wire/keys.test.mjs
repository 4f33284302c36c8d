// RS256 and ES256 keys from a file and from a JWK set: rotation, unknown keys, outages, SIGHUP.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { newDirectory, Server, sign } from './server.mjs';

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
      while (!server.log.includes('the old keys stay')) await new Promise((next) => setTimeout(next, 20));
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
