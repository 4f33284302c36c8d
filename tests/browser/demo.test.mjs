// The demo page in a real browser, light and dark, wide and narrow: it plays, and its seconds arrive beside it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Server } from '../wire/server.mjs';
import { launch, skip } from './chromium.mjs';

const PATIENCE_MS = 60000;

let server, browser;
before(async () => {
  server = await Server.start({ flags: ['--demo'] });
  await server.declare(103, [{ id: '10301', title: 'A minute', type: 'video', durationSeconds: 60 }]);
  if (!skip) browser = await launch();
});
after(async () => {
  await browser?.close();
  assert.equal((await server.discard()).code, 0, server.log);
});

test('there is no demo where it is not asked for; where it is, it is there, and nothing beside it', async () => {
  const plain = await Server.start();
  for (const path of ['/demo', '/demo/', '/demo/demo.js']) assert.equal((await plain.call('GET', path)).status, 404, path);
  await plain.discard();
  assert.match((await server.call('GET', '/demo/')).headers.get('content-type'), /^text\/html/);
  assert.match((await server.call('GET', '/demo/tracker.js')).headers.get('content-type'), /^text\/javascript/);
  for (const path of ['/demo/nothing', '/demo/..%2Fapp.js', '/demo/demo.js/x']) assert.equal((await server.call('GET', path)).status, 404, path);
});

const looks = [['light', 1200], ['dark', 1200], ['light', 360], ['dark', 360]];
describe('the demo page', { concurrency: 4, skip }, () => {
  for (const [index, [colorScheme, width]] of looks.entries())
    test(`${colorScheme}, ${width} wide`, async () => {
      const user = String(1100 + index);
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      page.setDefaultTimeout(PATIENCE_MS);
      const said = [];
      page.on('console', (message) => message.text().startsWith('Failed to load resource') || said.push(message.text()));
      page.on('pageerror', (error) => said.push(error.stack));
      await page.goto(`${server.base}/demo/`);
      await page.waitForSelector('#enter:not([hidden])');
      await page.fill('#token', server.token(user));
      await page.click('#enter button');
      await page.waitForSelector('#stage:not([hidden])');
      await page.evaluate(async () => {
        const video = document.querySelector('video');
        if (video.readyState < 3) await new Promise((resolve) => video.addEventListener('canplay', resolve, { once: true }));
        await video.play();
        while (video.currentTime < 2.2) await new Promise((resolve) => setTimeout(resolve, 50));
      });
      // Without a line what is watched waits, and is sent when it is back.
      await page.click('#plug');
      await page.waitForFunction(() => /Kept for later/.test(document.querySelector('#trouble').textContent));
      await page.waitForFunction(() => Number(document.querySelector('#waiting').textContent) > 0);
      await page.evaluate(() => document.querySelector('video').pause());
      await page.click('#plug');
      await page.waitForFunction(() => {
        const [here, there] = ['#here', '#there'].map((id) => parseInt(document.querySelector(id).textContent, 10));
        return here >= 2 && Math.abs(here - there) <= 1 && document.querySelector('#waiting').textContent === '0';
      });
      assert.ok((await page.locator('#feed li time').count()) > 0);
      assert.match(await page.textContent('#courseroom'), /IN_PROGRESS, \d/);
      assert.match(await page.textContent('#course'), /IN_PROGRESS/);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'nothing sticks out');
      assert.equal(await page.evaluate(() => location.hash + location.search), '', 'the token is in no address');
      const [ink, paper] = await page.evaluate(() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]);
      const light = (colour) => colour.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
      assert.ok(colorScheme === 'dark' ? light(ink) > light(paper) + 100 : light(paper) > light(ink) + 100);
      assert.deepEqual(said, []);
      await page.close();
    });
});
