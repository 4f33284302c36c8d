// Every page in a real browser: its title and address, Back, no violation that axe-core knows in any look, keys alone,
// and what callers stored shown as the text it is.
import assert from 'node:assert/strict';
import { createServer, request as forward } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Server } from '../wire/server.mjs';
import { fill, isWell, launch, NASTY, person, settled, skip, tab, UUID, visit } from './dashboard.mjs';

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

const student = ['student', '11'], instructor = ['instructor', '21'], admin = ['admin', '900'];
const pages = [
  ['my learning', student, '#/me', /My learning/], ['my learning as it was', student, '#/me?asOf=2020-01-01', /My learning/], ['my course', student, '#/me/courses/7?item=71', /Knots and splices/], ['the explorer', student, '#/api?q=realtime', /API/],
  ['courses', instructor, '#/courses', /Courses/], ['a course', instructor, '#/courses/7', /Knots and splices/], ['a leaderboard', instructor, '#/courses/7/leaderboard', /Leaderboard/],
  ['items', instructor, '#/courses/7/items', /Items/], ['an item', instructor, '#/courses/7/items/71', /The bowline/], ['one learner', instructor, '#/courses/7/learners/16?item=71', /Learner 16 in Knots/],
  ['a course of any id', instructor, `#/courses/${UUID}`, /Weather at sea/],
  ['system', admin, '#/system', /System/], ['learners', admin, '#/users', /Learners/], ['a learner', admin, '#/learners/12', /Learner 12/], ['the editor', admin, '#/edit/7', /Edit Knots/], ['a new course', admin, '#/edit', /New course/],
];

describe('every page', { concurrency: 3, skip }, () => {
  for (const who of [student, instructor, admin])
    test(`${who[0]}: light and dark, wide and narrow: nothing that axe-core finds wrong, nothing cut off, no word on the console`, async () => {
      const page = await person(browser, server, who);
      for (const [name, whose, address, title] of pages) {
        if (whose !== who) continue;
        await visit(page, address);
        assert.match(await page.title(), title, name);
        await isWell(page, name);
      }
      const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        const [ink, paper] = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
        assert.ok(colorScheme === 'dark' ? light(ink) > light(paper) + 100 : light(paper) > light(ink) + 100);
      }
      await page.leave();
    });

  test('a course, an item and a learner whose ids are no integers: all that others have', async () => {
    const page = await person(browser, server, instructor, `#/courses/${UUID}`);
    assert.match(await page.textContent('h1'), /Weather at sea/);
    assert.match(await page.textContent('.kpis'), /2\s*$|enrolments/);
    assert.deepEqual((await page.locator('#learners tbody th').allTextContents()).sort(), ['11', 'ann@example.org']);
    await page.click('text=Warm fronts');
    await page.waitForSelector('path.sarea, .chart');
    await settled(page);
    assert.match(await page.textContent('main'), /viewers.*Where they leave.*Learners on this item/s);
    assert.equal(await page.locator('section.card tbody tr').count() >= 2, true);
    await visit(page, `#/courses/${UUID}/learners/${encodeURIComponent('ann@example.org')}`);
    await page.click('[aria-label="Lock Warm fronts"]');
    await page.waitForSelector('tbody .chip >> text=Locked');
    await page.click('[aria-label="Unlock Warm fronts"]');
    await page.waitForSelector('tbody .chip >> text=Locked', { state: 'detached' });
    await page.click('[aria-label="Reset Cold fronts"]');
    await page.click('dialog .danger');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].some((row) => /Cold fronts/.test(row.textContent) && /Not started/.test(row.textContent)));
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('an administrator reads who did what to whom, a page at a time', async () => {
    const ACTS = 22;
    for (let i = 0; i < ACTS; i++) {
      const answer = await server.call('POST', '/api/v1/courses/7/learners/13/update', { as: 'instructor:21', body: { courseContentId: '74', progressStatus: i % 2 ? 'NOT_STARTED' : 'LOCKED' } });
      assert.equal(answer.status, 200, answer.text);
    }
    const page = await person(browser, server, admin, '#/system');
    const rows = async () => (await page.locator('#audit tbody tr').allInnerTexts()).join('\n'); // of others too: other tests lock something as well
    const newest = await rows();
    assert.equal(newest.split('\n').length, 20);
    for (const act of ['locked', 'unlocked']) assert.ok(newest.includes(`\t21\t${act}\t13\t7\t74\t`), newest);
    assert.ok(!newest.includes('saved a course'));
    await page.keyboard.press(']');
    await page.waitForFunction(() => location.hash.includes('before=') && document.querySelector('#audit').innerText.includes('saved a course'));
    await page.reload(); // the address says which page
    await page.waitForFunction(() => document.querySelector('#audit')?.innerText.includes('saved a course'));
    await page.keyboard.press('[');
    await page.waitForFunction(() => !location.hash.includes('before=') && !document.querySelector('#audit').innerText.includes('saved a course'));
    await page.click('#audit tbody a >> text="13"');
    await page.waitForFunction(() => /^Learner 13 /.test(document.title));
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('a chart that is drawn again is drawn once', async () => {
    const page = await person(browser, server, instructor, '#/courses/7');
    const drawn = () => page.evaluate(() => [...document.querySelectorAll('.chart svg')].map((chart) => `${chart.querySelectorAll('text').length} texts, ${chart.querySelectorAll('rect').length} columns`));
    const before = await drawn();
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      await page.waitForFunction((wide) => document.querySelector('.chart svg').viewBox.baseVal.width === wide, width < 720 ? 320 : 560);
      assert.deepEqual(await drawn(), before);
    }
    await page.leave();
  });

  test('the crumbs say a course by its title, also of an address that was opened directly', async () => {
    const page = await person(browser, server, admin);
    for (const address of [`#/courses/${UUID}/items/${encodeURIComponent('fronts/cold')}`, `#/courses/${UUID}/leaderboard`, `#/courses/${UUID}/items`, `#/courses/${UUID}/learners/11`, `#/edit/${UUID}`]) {
      await page.evaluate((to) => (location.hash = to), address);
      await page.reload(); // nothing is known of the course
      await page.waitForFunction(() => document.querySelector('.crumbs')?.innerText.includes('Weather at sea'));
    }
    await page.leave();
  });

  test('Back goes where one was, and an address opens what it says', async () => {
    const page = await person(browser, server, instructor);
    await page.click('text=Knots and splices');
    await settled(page);
    await page.click('.leg a >> nth=2'); // completed
    await settled(page);
    assert.equal(await page.evaluate(() => location.hash), '#/courses/7?status=COMPLETED');
    assert.deepEqual(await page.locator('#learners tbody th').allTextContents(), ['16']);
    await page.click('#learners tbody a');
    await page.waitForFunction(() => /Learner 16/.test(document.title));
    await page.goBack();
    await settled(page);
    assert.deepEqual(await page.locator('#learners tbody th').allTextContents(), ['16']);
    await page.goBack();
    await settled(page);
    assert.equal(await page.locator('#learners tbody tr').count(), 6);
    await page.goBack();
    await settled(page);
    assert.match(await page.title(), /^Courses/);
    await page.goto(`${server.base}/#/courses/7?q=1&sortBy=progress&order=asc`);
    await page.reload();
    await page.waitForSelector('[aria-sort=ascending]');
    assert.equal(await page.inputValue('#learners input[type=search]'), '1');
    await visit(page, '#/courses/7?page=99');
    assert.match(await page.textContent('#learners .empty'), /no such page/, 'not: nobody is enrolled');
    await visit(page, '#/courses/7?page=x');
    assert.equal((await page.textContent('#learners [role=alert]')).match(/whole number/g).length, 1, 'said once');
    await page.leave();
  });

  test('who may not see a page is told so, and no more', async () => {
    const page = await person(browser, server, student, '#/courses/7');
    assert.match(await page.textContent('h1'), /Not yours/);
    await isWell(page, 'not yours');
    await visit(page, '#/nothing');
    assert.match(await page.textContent('h1'), /no such page/);
    for (const empty of ['', '#/']) {
      await visit(page, empty);
      assert.equal(await page.evaluate(() => location.hash), '#/me', 'an address that says nothing is the first page');
      await visit(page, '#/api');
    }
    await page.leave();
    const other = await person(browser, server, ['instructor', '77'], '#/courses/7');
    assert.match(await other.textContent('[role=alert]'), /Not yours to see/);
    await isWell(other, 'forbidden');
    await visit(other, '#/courses');
    assert.match(await other.textContent('main'), /No course lists you/);
    await isWell(other, 'no course');
    await other.leave();
    const fresh = await person(browser, server, ['student', 'fresh']);
    assert.match(await fresh.textContent('main'), /No course yet/);
    await isWell(fresh, 'nothing yet');
    await fresh.leave();
  });

  test('offline, an error, waiting: each is said where it is, and the rest lives on', async () => {
    const page = await person(browser, server, instructor, '#/courses/7');
    await page.route('**/learners?*', (route) => route.fulfill({ status: 500, json: { detail: 'Something broke', requestId: 'r-1' } }));
    await visit(page, '#/courses/7?page=1&limit=50');
    await page.waitForSelector('#learners [role=alert]');
    assert.match(await page.textContent('#learners [role=alert]'), /Something broke.*request r-1/);
    assert.match(await page.textContent('.kpis'), /enrolments/);
    await isWell(page, 'an error in a card');
    await page.unroute('**/learners?*');
    await page.click('#learners [role=alert] button');
    await page.waitForSelector('#learners tbody tr');
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/learners?*', async (route) => {
      await held;
      await route.continue().catch(() => {}); // the page may have asked anew
    });
    await page.evaluate(() => (location.hash = '#/courses/7?limit=100'));
    await page.waitForSelector('#learners .stale tbody tr'); // the old rows stay meanwhile
    release();
    await page.waitForSelector('#learners .stale', { state: 'detached' });
    await page.unroute('**/learners?*');
    await settled(page);
    await page.context().setOffline(true);
    await page.evaluate(() => dispatchEvent(new Event('offline')));
    await page.waitForSelector('.banner');
    assert.match(await page.textContent('.kpis'), /enrolments/, 'what was known stays');
    assert.deepEqual(page.said.filter((text) => !/WebSocket|ERR_INTERNET/.test(text)), []);
    page.said.length = 0;
    await isWell(page, 'offline');
    await page.context().setOffline(false);
    await page.waitForSelector('.banner', { state: 'detached' });
    page.said.length = 0;
    await page.leave();
  });

  test('behind a path prefix: relative addresses', async () => {
    const proxy = createServer((request, response) => {
      if (!request.url.startsWith('/under/here/') || request.headers.upgrade) return response.writeHead(404).end();
      request.pipe(forward(server.base + request.url.slice('/under/here'.length), { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }).on('error', () => response.destroy()));
    });
    await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const page = await tab(browser);
    await page.goto(`http://127.0.0.1:${proxy.address().port}/under/here/#token=${server.token('21', 'instructor')}`);
    await page.waitForSelector('#leave');
    await page.click('text=Knots and splices');
    await page.waitForSelector('#learners tbody tr');
    await page.waitForSelector('.live.polling'); // this proxy passes no WebSocket on: it says that it polls
    await page.leave();
    proxy.closeAllConnections();
    proxy.close();
  });
});

// ---- what is stored, shown as text

describe('what callers store', { skip }, () => {
  let hostile;
  before(async () => {
    hostile = await Server.start();
    const nastyItem = `<img src=x onerror=alert(3)>`;
    const done = async (answer) => assert.ok((await answer).status < 300, (await answer).text);
    await done(hostile.declare('7', [{ id: '71', title: NASTY, type: 'video', section: NASTY, durationSeconds: 100 }, { id: nastyItem, title: NASTY, type: NASTY }], { title: NASTY, description: NASTY, staff: [{ userId: NASTY, role: 'OWNER' }] }));
    const user = NASTY;
    await done(hostile.call('POST', '/progress/update', { as: { token: hostile.token(user) }, body: { userId: user, videoId: '71', watchedDuration: 40, segments: [[0, 40]], deviceId: NASTY } }));
    await done(hostile.call('POST', '/api/v1/Progress/video', { as: { token: hostile.token(user) }, body: { UserId: user, VideoId: NASTY, CourseId: NASTY, CurrentTimeSeconds: 3 } }));
    await done(hostile.call('POST', '/api/progress', { as: { token: hostile.token(user) }, body: { contentId: nastyItem, moduleId: '7', progressPercentage: 10, score: 1, maxScore: 2 } }));
    await done(hostile.call('POST', '/user-progress/update', { as: { token: hostile.token('5') }, body: { courseId: 7, courseContentId: 71, progressStatus: 'IN_PROGRESS', metadata: { [NASTY]: NASTY } } }));
    await done(hostile.call('POST', '/api/progress/log', { as: { token: hostile.token(user) }, body: { user_id: user, date: '2026-01-02', note: NASTY, [NASTY]: NASTY } }));
  });
  after(async () => {
    assert.equal((await hostile.discard()).code, 0, hostile.log);
  });

  test('through every face into every page', async () => {
    const id = encodeURIComponent;
    const item = '<img src=x onerror=alert(3)>';
    const learner = await person(browser, hostile, ['student', NASTY]);
    const boss = await person(browser, hostile, ['admin', NASTY]);
    const views = [
      [learner, '#/me', 3], [learner, '#/me/courses/7?item=71', 2], [learner, `#/me/courses/${id(NASTY)}`, 1],
      [boss, '#/courses', 2], [boss, '#/courses/7', 3], [boss, '#/courses/7/leaderboard', 1], [boss, '#/courses/7/items', 2], [boss, '#/courses/7/items/71', 2], [boss, `#/courses/7/items/${id(item)}`, 2],
      [boss, `#/courses/7/learners/${id(NASTY)}?item=71`, 3], [boss, `#/courses/${id(NASTY)}`, 2], [boss, `#/learners/${id(NASTY)}`, 3], [boss, '#/edit/7', 1], ['live', '#/system', 1],
    ];
    for (const [who, address, least] of views) {
      const page = who === 'live' ? boss : who;
      await visit(page, address);
      if (who === 'live') {
        await page.waitForSelector('.live.live');
        await hostile.call('POST', '/progress/update', { as: { token: hostile.token(NASTY) }, body: { userId: NASTY, videoId: '71', watchedDuration: 50 } });
        await page.waitForSelector('.feed li');
      }
      const shown = await page.evaluate((text) => document.body.innerText.split(text).length - 1 + [...document.querySelectorAll('input, textarea')].filter(({ value }) => value.includes(text)).length, '<script>alert(1)</script>');
      assert.ok(shown >= least, `${address}: shown ${shown} times`);
      assert.equal(await page.locator('main img, main script, main [onerror]').count(), 0, address);
      // The line is turned around within the title alone: what stands after it stands where it should.
      assert.equal(await page.evaluate(() => [...document.querySelectorAll('main *')].filter((one) => one.children.length === 0 && one.textContent.includes('\u202e') && !one.closest('bdi, textarea, input, title, option, pre')).length), 0, address);
      assert.deepEqual(page.said, [], address);
    }
    await learner.leave();
    await boss.leave();
  });
});
