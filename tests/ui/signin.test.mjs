// Signing in, in a real browser: what is pasted, what comes in the address, what a provider gives, and where each role begins.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, newDirectory, Server } from '../wire/server.mjs';
import { fill, isWell, launch, settled, skip, tab } from './dashboard.mjs';

let server, browser;
before(async () => {
  server = await Server.start();
  await fill(server);
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  assert.equal((await server.discard()).code, 0, server.log);
});

const firstPages = [['student', '11', '#/me'], ['instructor', '21', '#/courses'], ['owner', '22', '#/courses'], ['admin', '900', '#/system'], ['system', '901', '#/courses']];

describe('signing in', { concurrency: 4, skip }, () => {
  for (const [role, id, first] of firstPages)
    test(`a ${role} begins at ${first}; the token is in no address and in no storage but this tab's`, async () => {
      const page = await tab(browser);
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      const token = server.token(id, role);
      await page.goto(`${server.base}/#token=${token}`);
      await page.waitForSelector('#leave');
      await settled(page);
      assert.equal(await page.evaluate(() => location.hash), first);
      assert.ok(!asked.some((url) => url.includes(token)));
      assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie, Object.keys(sessionStorage)]), [0, '', ['milepost.token']]);
      await page.goBack().catch(() => {});
      assert.ok(!page.url().includes(token), 'it is not in the history either');
      await page.leave();
    });

  test('what people paste is cleaned; a wrong token is refused in words before anything is shown', async () => {
    const page = await tab(browser);
    await page.goto(server.base);
    await page.waitForSelector('#token');
    await isWell(page, 'sign-in');
    const enter = async (text) => {
      await page.fill('#token', text);
      await page.click('form button');
    };
    await enter('nonsense');
    assert.match(await page.textContent('[role=alert]'), /no token/);
    await enter(`${server.token('11').slice(0, -4)}AAAA`);
    await page.waitForFunction(() => /does not take/.test(document.querySelector('[role=alert]')?.textContent));
    await isWell(page, 'a refused token');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await enter(server.token('11', 'student', { exp: Math.floor(Date.now() / 1000) - 100 }));
    await page.waitForFunction(() => /expired/.test(document.querySelector('[role=alert]')?.textContent));
    const token = server.token('11');
    await enter(`  "Authorization: Bearer ${token.slice(0, 30)}\n  ${token.slice(30)}"  \n`);
    await page.waitForSelector('#leave');
    await settled(page);
    assert.equal(await page.evaluate(() => location.hash), '#/me');
    await page.reload();
    await page.waitForSelector('#leave');
    await page.click('#leave');
    await page.waitForSelector('#token');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    await page.leave();
  });

  test('when the token ends, the address stays and the page says so', async () => {
    const page = await tab(browser);
    await page.goto(`${server.base}/#token=${server.token('21', 'instructor')}`);
    await page.waitForSelector('#leave');
    await page.route('**/api/v1/courses/**', (route) => route.fulfill({ status: 401, json: { detail: 'expired' } }));
    await page.evaluate(() => (location.hash = '#/courses/7'));
    await page.waitForSelector('#token');
    assert.match(await page.textContent('[role=alert]'), /signed out/);
    assert.equal(await page.evaluate(() => location.hash), '#/courses/7');
    await page.unroute('**/api/v1/courses/**');
    await page.fill('#token', server.token('21', 'instructor'));
    await page.click('form button');
    await page.waitForSelector('h1 >> text=Knots and splices');
    await page.leave();
  });
});

// A small OpenID provider: discovery, a page that signs in at once, the token for a code and its verifier.
async function serveProvider(client, audience) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map();
  const seen = [];
  const base64url = (value) => Buffer.from(value).toString('base64url');
  const jwt = (claims) => {
    const head = `${base64url(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: 'k1' }))}.${base64url(JSON.stringify(claims))}`;
    return `${head}.${sign('RSA-SHA256', Buffer.from(head), privateKey).toString('base64url')}`;
  };
  const provider = createServer(async (request, response) => {
    const url = new URL(request.url, provider.issuer);
    const json = (value, status = 200) => response.writeHead(status, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' }).end(JSON.stringify(value));
    if (url.pathname === '/.well-known/openid-configuration')
      return json({ issuer: provider.issuer, authorization_endpoint: `${provider.issuer}/authorize`, token_endpoint: `${provider.issuer}/token`, jwks_uri: `${provider.issuer}/jwks` });
    if (url.pathname === '/jwks') return json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }] });
    if (url.pathname === '/authorize') {
      const asked = Object.fromEntries(url.searchParams);
      seen.push(asked);
      const code = randomUUID();
      codes.set(code, asked);
      const back = new URL(asked.redirect_uri);
      back.search = new URLSearchParams(provider.refuses ? { error: 'access_denied', error_description: 'Not today', state: asked.state } : { code, state: provider.state ?? asked.state });
      return response.writeHead(302, { Location: back.href }).end();
    }
    if (url.pathname === '/token' && request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      const given = Object.fromEntries(new URLSearchParams(body));
      const asked = codes.get(given.code);
      codes.delete(given.code);
      const fits = asked && given.client_id === client && given.redirect_uri === asked.redirect_uri && createHash('sha256').update(given.code_verifier).digest('base64url') === asked.code_challenge;
      if (!fits) return json({ error: 'invalid_grant', error_description: 'No such code' }, 400);
      const claims = { iss: provider.issuer, sub: '11', aud: audience, role: 'student', nonce: asked.nonce, exp: Math.floor(Date.now() / 1000) + 300 };
      return json({ token_type: 'Bearer', access_token: provider.opaque ? 'opaque' : jwt({ ...claims, aud: provider.other ?? audience }), id_token: jwt(claims) });
    }
    json({}, 404);
  });
  await new Promise((resolve) => provider.listen(0, '127.0.0.1', resolve));
  provider.issuer = `http://127.0.0.1:${provider.address().port}`;
  provider.seen = seen;
  return provider;
}

describe("an organisation's own sign-in", { skip }, () => {
  let provider, own;
  before(async () => {
    provider = await serveProvider('dashboard', 'milepost');
    own = await Server.start({ flags: ['--oidc-issuer', provider.issuer, '--oidc-client-id', 'dashboard', '--jwks-url', `${provider.issuer}/jwks`, '--jwt-issuer', provider.issuer, '--jwt-audience', 'milepost'] });
  });
  after(async () => {
    provider.closeAllConnections();
    provider.close();
    assert.equal((await own.discard()).code, 0, own.log);
  });

  test('with PKCE: there and back, and at the address where one was', async () => {
    const policy = (await own.call('GET', '/')).headers.get('content-security-policy');
    assert.ok(policy.includes(`connect-src 'self' ${provider.issuer};`), policy);
    for (const opaque of [false, true]) {
      provider.opaque = opaque; // then the id token is the bearer
      const page = await tab(browser);
      await page.goto(`${own.base}/#/api`);
      await page.waitForSelector('#provider');
      await isWell(page, 'sign-in with a provider');
      await page.click('#provider');
      await page.waitForSelector('#leave');
      await settled(page);
      assert.deepEqual(await page.evaluate(() => [location.search, location.hash, Object.keys(sessionStorage)]), ['', '#/api', ['milepost.token']]);
      const { code_challenge_method: method, response_type: type, redirect_uri: back, scope } = provider.seen.at(-1);
      assert.deepEqual([method, type, back, scope], ['S256', 'code', `${own.base}/`, 'openid']);
      assert.deepEqual(page.said, []);
      await page.leave();
    }
    provider.opaque = false;
    provider.other = 'somebody else'; // an access token that is not for this server: the id token is tried
    const page = await tab(browser);
    await page.goto(own.base);
    await page.click('#provider');
    await page.waitForSelector('#leave');
    provider.other = undefined;
    await page.leave();
  });

  test('refused there, or begun elsewhere: said in words, and nothing is shown', async () => {
    for (const [change, words] of [[{ refuses: true }, /Not today/], [{ state: 'another' }, /not begun in this tab/]]) {
      Object.assign(provider, change);
      const page = await tab(browser);
      await page.goto(own.base);
      await page.click('#provider');
      await page.waitForSelector('[role=alert]');
      assert.match(await page.textContent('[role=alert]'), words);
      assert.deepEqual(await page.evaluate(() => [location.search, Object.keys(sessionStorage)]), ['', []]);
      await page.leave();
      for (const key of Object.keys(change)) provider[key] = undefined;
    }
  });
});
