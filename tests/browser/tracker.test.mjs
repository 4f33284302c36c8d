// The tracker in a real browser (Debian's chromium) against a real server: what the server has is what the browser says was
// played (`video.played`), whatever happened on the way. Needs clients/js/build. Cases run beside each other, so what is
// compared is never how fast something was.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { freePort, Server, sign } from '../wire/server.mjs';
import { launch, skip } from './chromium.mjs';
import { CLIP_S, serveSite } from './site.mjs';

const NEAR_S = 0.3;
const PATIENCE_MS = 60000;
const built = existsSync(new URL('../../clients/js/tracker/dist/milepost.js', import.meta.url));

let site, server, browser;
before(async () => {
  if (skip) return;
  assert.ok(built, 'run clients/js/build MILEPOST first');
  site = await serveSite();
  server = await Server.start({ flags: ['--cors-origins', site.origin] });
  browser = await launch();
});
after(async () => {
  if (skip) return;
  await browser.close();
  site.close();
  assert.equal((await server.discard()).code, 0, server.log);
});

/* ---- sets of stretches ---- */

const union = (parts) => {
  const joined = [];
  for (const [from, to] of [...parts].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
};
const length = (parts) => union(parts).reduce((sum, [from, to]) => sum + to - from, 0);
/** Seconds of a that are not in b. */
const beyond = (a, b) => length([...a, ...b]) - length(b);
const text = (parts) => union(parts).map(([from, to]) => `${from.toFixed(2)}-${to.toFixed(2)}`).join(' ');

/* ---- the server's side ---- */

const stored = async (user, at = server) => {
  const { json } = await at.call('GET', `/api/v1/users/${user}/export`, { as: user });
  const record = json.progress[0];
  const reports = json.events.filter(({ report }) => report?.segmentsMs);
  return {
    record,
    reports,
    seconds: record?.uniqueWatchedSeconds ?? 0,
    parts: reports.flatMap(({ report }) => report.segmentsMs.map(([from, to]) => [from / 1000, to / 1000])),
  };
};

/** What is stored becomes what was played, and stays it. */
const matches = async (user, played, at = server) => {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const now = await stored(user, at);
    const lost = beyond(played, now.parts);
    const invented = beyond(now.parts, played);
    const right = lost <= NEAR_S && invented <= NEAR_S && Math.abs(now.seconds - length(played)) <= NEAR_S;
    if (right || Date.now() > deadline) {
      assert.ok(right, `played ${text(played)}; stored ${text(now.parts)} (${now.seconds} s): ${lost.toFixed(2)} s lost, ${invented.toFixed(2)} s invented`);
      const ids = now.reports.map(({ clientEventHash }) => clientEventHash);
      assert.equal(new Set(ids).size, ids.length, 'no report is stored twice');
      return now;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
};

/* ---- a learner's browser ---- */

let people = 0;
const someone = () => `learner-${++people}`;

/** A device of its own: its own storage, its own clock. */
const device = async ({ clock = 0, before: script } = {}) => {
  const context = await browser.newContext();
  if (clock) await context.addInitScript(`const real = Date.now; Date.now = () => real() + ${clock};
    globalThis.Date = class extends Date { constructor(...of) { of.length ? super(...of) : super(Date.now()); } static now() { return real() + ${clock}; } };`);
  if (script) await context.addInitScript(script);
  return context;
};

const open = async (context, user, options = {}, at = server) => {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.said = [];
  page.on('pageerror', (error) => page.said.push(error.stack));
  await page.goto(site.origin);
  await page.evaluate((all) => begin(all), { url: at.base, userId: user, videoId: `video of ${user}`, tokens: [at.token(user)], ...options });
  return page;
};

/** One page, one learner: does `steps` in the page and compares. */
const watched = async (steps, options) => {
  const context = await device();
  const user = someone();
  try {
    const page = await open(context, user, options);
    await page.evaluate(steps);
    const played = await page.evaluate(() => end());
    const now = await matches(user, played);
    assert.deepEqual(page.said, []);
    return { page, user, played, ...now };
  } finally {
    await context.close();
  }
};

const concurrency = 6;
describe('the tracker in chromium', { concurrency, skip }, () => {
  test('playing', async () => {
    const { record, played } = await watched(() => play(4500));
    assert.ok(length(played) > 1, text(played));
    assert.ok(Math.abs(record.position - union(played).at(-1)[1]) < NEAR_S);
    assert.equal(record.watchedDuration, Math.floor(record.uniqueWatchedSeconds));
  });

  test('seeking forward, then five steps back', async () => {
    await watched(async () => {
      await play(1200);
      media.currentTime = 12;
      await sleep(1500);
      for (let i = 0; i < 5; i++) {
        media.currentTime -= 2;
        await sleep(500);
      }
    });
  });

  test('ten seeks in a second', async () => {
    await watched(async () => {
      await play(700);
      for (let i = 0; i < 10; i++) {
        media.currentTime = 3 + ((i * 7) % 20);
        await sleep(100);
      }
      await sleep(700);
    });
  });

  test('a drag of the knob while paused, and while playing', async () => {
    await watched(async () => {
      for (let i = 0; i < 30; i++) {
        media.currentTime = i / 2;
        await sleep(15);
      }
      await play(1000);
      for (let i = 0; i < 30; i++) {
        media.currentTime = 15 - i / 3;
        await sleep(15);
      }
      await sleep(1000);
    });
  });

  test('a loop over the end', async () => {
    await watched(async () => {
      media.loop = true;
      await seek(media.duration - 1.2);
      await play(3000);
    });
  });

  test('to the end, where it is all of it', async () => {
    const { record, user } = await watched(async () => {
      await seek(media.duration - 1.5);
      await media.play();
      await heard('ended');
    });
    assert.ok(record.position > CLIP_S - 0.2, `${record.position}`);
    // Nothing is left to resume: another device begins at the beginning.
    const context = await device();
    const page = await open(context, user);
    await page.evaluate(() => play(300));
    assert.ok((await page.evaluate(() => media.currentTime)) < 10);
    await context.close();
  });

  test('twice as fast, half as fast', async () => {
    await watched(async () => {
      media.playbackRate = 2;
      await play(1500);
      media.playbackRate = 0.5;
      await sleep(1500);
      media.playbackRate = 1;
      await sleep(500);
    });
  });

  test('faster than anyone watches is not counted', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { maxRate: 2 });
    const slow = await page.evaluate(async () => {
      await play(1000);
      const until = media.currentTime;
      media.playbackRate = 8;
      await sleep(1000);
      await end();
      return [[0, until]];
    });
    await matches(user, slow);
    await context.close();
  });

  test('a poor line: it stalls', async () => {
    const { played } = await watched(async () => {
      await media.play();
      const stalls = [];
      media.addEventListener('waiting', () => stalls.push(media.currentTime));
      await sleep(9000);
      window.stalls = stalls.length;
    }, { source: '/clip?hold=3500' });
    assert.ok(length(played) < 8.9, `it did not stall: ${text(played)}`);
  });

  test('a page that is busy for two seconds', async () => {
    await watched(async () => {
      await play(800);
      const until = performance.now() + 2000;
      while (performance.now() < until);
      await sleep(600);
    });
  });

  test('the source is loaded anew', async () => {
    await watched(async () => {
      await play(1200);
      media.pause();
      await sleep(100);
      before = played();
      media.load();
      await heard('canplay');
      await seek(9);
      await play(1000);
    });
  });

  test('sound alone', async () => {
    await watched(() => play(2500), { tag: 'audio', source: '/tone' });
  });

  test('a hidden tab reports at once, and goes on being counted', async () => {
    const { reports } = await watched(async () => {
      await play(1000);
      hide(true);
      await sleep(1500);
      hide(false);
      await sleep(500);
    }, { interval: 100 });
    assert.ok(reports.length >= 2);
  });

  test('a hidden tab that shall not count', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { countHidden: false });
    const seen = await page.evaluate(async () => {
      await play(1000);
      const until = media.currentTime;
      hide(true);
      await sleep(1500);
      hide(false);
      const from = media.currentTime;
      await sleep(800);
      await end();
      return [[0, until], [from, media.currentTime]];
    });
    await matches(user, seen);
    await context.close();
  });

  test('offline and back', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { blob: true });
    await page.evaluate(() => play(1500));
    await context.setOffline(true);
    await page.evaluate(async () => {
      await sleep(2500);
      media.currentTime = 15;
      await sleep(2500);
      await end();
    });
    assert.ok((await page.evaluate(() => failures.length)) > 0);
    assert.ok((await stored(user)).seconds < length(await page.evaluate(() => played())) - 1, 'the line was not cut');
    await context.setOffline(false);
    await matches(user, await page.evaluate(() => played()));
    await context.close();
  });

  test('offline, and the page is left; the next visit sends it', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { blob: true });
    await page.evaluate(() => play(800));
    await context.setOffline(true);
    const seen = await page.evaluate(async () => {
      await sleep(2500);
      return end();
    });
    await page.close();
    await context.setOffline(false);
    const again = await open(context, user);
    await matches(user, seen);
    await again.waitForFunction((to) => Math.abs(media.currentTime - to) < 1, seen.at(-1)[1]);
    await context.close();
  });

  test('two tabs', async () => {
    const context = await device();
    const user = someone();
    const [one, two] = await Promise.all([open(context, user), open(context, user)]);
    const [first, second] = await Promise.all([
      one.evaluate(async () => { await play(3500); return end(); }),
      two.evaluate(async () => { await seek(2); await play(3500); return end(); }),
    ]);
    await matches(user, [...first, ...second]);
    await context.close();
  });

  test('two devices whose clocks are wrong by hours', async () => {
    const user = someone();
    const [fast, slow] = await Promise.all([device({ clock: 30 * 3600e3 }), device({ clock: -2 * 3600e3 })]);
    const one = await open(fast, user);
    const first = await one.evaluate(async () => { await play(2000); return end(); });
    await matches(user, first);
    const two = await open(slow, user);
    await two.waitForFunction(() => media.currentTime > 0.5); // it goes on where the other one stopped
    const second = await two.evaluate(async () => { await seek(20); await play(2000); return end(); });
    const { record } = await matches(user, [...first, ...second]);
    assert.ok(record.position > 20, `the later device's place stands, not ${record.position}`);
    assert.ok(Math.abs(Date.parse(record.lastWatched) - Date.now()) < PATIENCE_MS * 2, record.lastWatched);
    assert.ok(record.watchedDuration >= 2, `${record.watchedDuration}`);
    await Promise.all([fast.close(), slow.close()]);
  });

  test('the server is killed in the middle', async () => {
    const port = await freePort();
    const flags = ['--port', String(port), '--cors-origins', site.origin];
    let mortal = await Server.start({ flags });
    const at = { base: `http://127.0.0.1:${port}`, token: (user) => mortal.token(user) };
    const context = await device();
    const user = someone();
    const page = await open(context, user, {}, at);
    await page.evaluate(() => play(2600));
    const { directory } = mortal;
    await mortal.stop('SIGKILL');
    await page.evaluate(() => sleep(2600));
    mortal = await Server.start({ directory, flags });
    await page.evaluate(() => sleep(1000));
    await matches(user, await page.evaluate(() => end()), mortal);
    await context.close();
    await mortal.discard();
  });

  test('the tab is closed while it plays', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { interval: 100, name: user });
    await page.evaluate(() => play(3000));
    await page.close({ runBeforeUnload: true });
    for (const deadline = Date.now() + PATIENCE_MS; !site.told.has(user) && Date.now() < deadline;) await new Promise((resolve) => setTimeout(resolve, 50));
    await matches(user, site.told.get(user));
    await context.close();
  });

  test('the token has expired', async () => {
    const context = await device();
    const user = someone();
    const old = sign(server.secret, { sub: user, role: 'student', exp: Math.floor(Date.now() / 1000) - 600 });
    const page = await open(context, user, { tokens: [old, server.token(user)] });
    const seen = await page.evaluate(async () => { await play(2500); return end(); });
    await matches(user, seen);
    assert.deepEqual(await page.evaluate(() => [asked, failures]), [[false, true], []]);
    await context.close();
  });

  test('no token helps: it is said, and nothing is lost until one does', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { tokens: ['no', 'neither', 'nor this', server.token(user)] });
    const seen = await page.evaluate(async () => { await play(1500); return end(); });
    assert.equal((await page.evaluate(() => failures))[0].status, 401);
    await matches(user, seen);
    await context.close();
  });

  test('while the server asks for patience nothing is sent, whatever is new', async () => {
    const context = await device();
    const user = someone();
    const asked = [];
    await context.route('**/progress/sync', (route) => {
      if (route.request().method() !== 'POST' || asked.push(Date.now()) > 1) return route.continue();
      return route.fulfill({ status: 503, headers: { 'Access-Control-Allow-Origin': site.origin, 'Access-Control-Expose-Headers': 'Retry-After', 'Retry-After': '5' }, json: {} });
    });
    const page = await open(context, user, { interval: 0.5 });
    const seen = await page.evaluate(async () => {
      await play(2500);
      media.pause();
      await sleep(200);
      await play(500);
      return end();
    });
    await matches(user, seen);
    assert.ok(asked[1] - asked[0] >= 4900, `${asked[1] - asked[0]} ms`);
    await context.close();
  });

  test('503 with Retry-After, then a portal that answers 200 with a page of its own', async () => {
    const context = await device();
    const user = someone();
    let answers = 0;
    await context.route('**/progress/sync', (route) => {
      if (route.request().method() !== 'POST' || ++answers > 2) return route.continue();
      const headers = { 'Access-Control-Allow-Origin': site.origin, 'Access-Control-Expose-Headers': 'Retry-After', 'Retry-After': '1' };
      return answers === 1 ? route.fulfill({ status: 503, headers, json: {} }) : route.fulfill({ status: 200, headers, contentType: 'text/html', body: '<h1>Sign in</h1>' });
    });
    const page = await open(context, user);
    const seen = await page.evaluate(async () => { await play(1500); return end(); });
    await matches(user, seen);
    assert.deepEqual((await page.evaluate(() => failures)).map(({ status }) => status), [503, 200]);
    await context.close();
  });

  test('a browser of 2021 that keeps nothing', async () => {
    const context = await device({ before: `AbortSignal.timeout = undefined;
      indexedDB.open = () => { throw new DOMException('no', 'InvalidStateError'); };
      Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });
      Object.defineProperty(navigator, 'locks', { value: undefined });` });
    const user = someone();
    const page = await open(context, user, { blob: true });
    await page.evaluate(() => play(1500));
    await context.setOffline(true);
    const seen = await page.evaluate(async () => { await sleep(2500); return end(); });
    await context.setOffline(false);
    await matches(user, seen);
    await context.close();
  });

  test('a video whose id can be none holds nothing else up', async () => {
    const context = await device();
    const user = someone();
    const page = await open(context, user, { blob: true });
    const seen = await page.evaluate(() => play(1000).then(end));
    await matches(user, seen);
    for (const videoId of ['summary', '', 'x'.repeat(200)]) {
      const bad = await open(context, user, { blob: true, videoId });
      await bad.evaluate(async () => { await play(800); await end(); });
      await bad.waitForFunction(() => failures.some(({ report }) => report));
      await bad.close();
    }
    await matches(user, await page.evaluate(async () => { await seek(9); await play(1000); return end(); }));
    await context.close();
  });

  test('what the server will never take is said once, with the report', async () => {
    await server.declare('declared', [{ id: 'other', type: 'video' }]);
    const context = await device();
    const page = await open(context, someone(), { courseId: 'declared', interval: 100 });
    await page.evaluate(async () => { await play(1000); await end(); await end(); });
    const failures = await page.evaluate(() => failures);
    assert.equal(failures.length, 1);
    assert.ok(failures[0].report.segments.length > 0 && failures[0].message.length > 0, JSON.stringify(failures));
    await context.close();
  });

  test('the live stream: what another device reports is heard here, and once, also after the server was killed', async () => {
    const port = await freePort();
    const flags = ['--port', String(port), '--cors-origins', site.origin];
    let mortal = await Server.start({ flags });
    const at = { base: `http://127.0.0.1:${port}`, token: (user) => mortal.token(user) };
    const user = someone();
    const contexts = await Promise.all([device(), device()]);
    const listens = await open(contexts[0], user, { live: true }, at);
    const plays = await open(contexts[1], user, { interval: 1 }, at);
    // When the listening began nobody knows: it is told again until it is heard.
    await plays.evaluate(() => play(500));
    await listens.waitForFunction(() => states.length > 0);
    await mortal.stop('SIGKILL');
    await plays.evaluate(() => sleep(1500));
    mortal = await Server.start({ directory: mortal.directory, flags });
    const last = await plays.evaluate(async () => {
      await sleep(1000);
      const seen = await end();
      return seen.at(-1)[1];
    });
    await listens.waitForFunction((to) => states.some(({ position }) => Math.abs(position - to) < 0.1), last);
    const heard = await listens.evaluate(() => states.map(({ id, type, userId }) => [id, type, userId]));
    assert.ok(heard.every(([id, type, whose], i) => type === 'progress' && whose === user && (i === 0 || Number(id) > Number(heard[i - 1][0]))), JSON.stringify(heard));
    await Promise.all(contexts.map((context) => context.close()));
    await mortal.discard();
  });

  test('another device goes on where the last one stopped; one that has chosen a place stays there', async () => {
    const { user, record } = await watched(async () => { await seek(14); await play(1500); });
    const contexts = await Promise.all([device(), device(), device()]);
    const [goes, stays, never] = await Promise.all([open(contexts[0], user), open(contexts[1], user, { source: '/clip' }), open(contexts[2], user, { resume: false })]);
    await stays.evaluate(() => seek(3));
    await goes.waitForFunction((to) => Math.abs(media.currentTime - to) < 0.5, record.position);
    await never.evaluate(() => play(500));
    assert.ok((await stays.evaluate(() => media.currentTime)) < 4);
    assert.ok((await never.evaluate(() => media.currentTime)) < 10);
    await Promise.all(contexts.map((context) => context.close()));
  });
});
