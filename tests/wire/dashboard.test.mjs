// The dashboard: its headers, and itself in a real browser (Debian's chromium) in light and dark, wide and narrow.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { Server } from './server.mjs';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const nasty = '<script>alert(1)</script>"><img src=x onerror=alert(2)>\u202egnp';

let server;
before(async () => {
  server = await Server.start();
  await server.call('PUT', '/api/v1/catalog/courses/7', { as: 'admin:1', body: { title: nasty, contents: [{ id: 71, title: nasty, type: 'video', durationSeconds: 100 }, { id: 72, type: nasty }] } });
  for (const user of ['11', '12', '13']) {
    await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: '71', watchedDuration: Number(user) * 8 } });
    await server.call('POST', '/api/progress', { as: user, body: { contentId: '72', progressPercentage: 100 } });
  }
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

test('the page is small, carries no inline code, and its policy allows none', async () => {
  const page = await server.call('GET', '/');
  const csp = page.headers.get('content-security-policy');
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) assert.ok(csp.includes(part), csp);
  assert.ok(!csp.includes('unsafe'));
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.ok(!/<script(?![^>]*src=)|style=|\son\w+=/.test(page.text));
  const [script, style] = await Promise.all([server.call('GET', '/ui/app.js'), server.call('GET', '/ui/style.css')]);
  assert.match(script.headers.get('content-type'), /^text\/javascript/);
  assert.match(style.headers.get('content-type'), /^text\/css/);
  assert.ok(page.text.length + script.text.length + style.text.length < 60 * 1024);
  assert.ok(!script.text.includes('innerHTML'));
});

for (const [colorScheme, width] of [['light', 1200], ['dark', 1200], ['light', 360], ['dark', 360]])
  test(`in a browser: ${colorScheme}, ${width} wide`, { skip: executablePath ? false : 'no chromium on this machine' }, async () => {
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      const said = [];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.message));
      page.on('dialog', (dialog) => said.push(`dialog ${dialog.message()}`));
      await page.goto(server.base);
      await page.waitForFunction(() => document.querySelector('#state').textContent.startsWith('ready'));
      await page.fill('#token', server.token('1', 'admin'));
      await page.click('#enter button');
      await page.waitForSelector('#courses option', { state: 'attached' });
      await page.fill('#course-id', '7');
      await page.click('#course form button');
      await page.waitForSelector('#course-figures table');
      const course = await page.textContent('#course-figures');
      assert.ok(course.includes(nasty), 'a title is shown as the text it is');
      assert.ok(course.includes('3learners'));
      assert.equal(await page.locator('#course-figures img, #course-figures script').count(), 0);
      const bar = page.locator('#course-figures progress').first();
      assert.match(await bar.getAttribute('aria-label'), /completed: \d/);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'nothing sticks out');
      await page.click('nav button[data-view=learner]');
      await page.fill('#learner-id', '12');
      await page.click('#learner form button');
      await page.waitForSelector('#learner-figures table');
      assert.match(await page.textContent('#learner-figures'), /2content items1completed|2content items2completed/);
      await page.fill('#as-of', '2020-01-01');
      await page.click('#learner form button');
      await page.waitForFunction(() => document.querySelector('#learner-figures').textContent.includes('as it was on'));
      assert.match(await page.textContent('#learner-figures'), /0content items/);
      const [ink, paper] = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
      const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
      assert.ok(colorScheme === 'dark' ? light(ink) > light(paper) + 100 : light(paper) > light(ink) + 100);
      assert.deepEqual(said, []);
      await page.click('#leave');
      await page.waitForSelector('#enter:not([hidden])');
      await page.fill('#token', 'nonsense');
      await page.click('#enter button');
      await page.fill('#course-id', '7');
      await page.click('#course form button');
      await page.waitForSelector('#problem:not([hidden])');
      assert.match(await page.textContent('#problem'), /sign in again/);
    } finally {
      await browser.close();
    }
  });
