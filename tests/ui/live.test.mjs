// What changes is shown as it is stored, in its row; nothing moves by itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Server } from '../wire/server.mjs';
import { fill, isWell, launch, person, skip, UUID } from './dashboard.mjs';

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

const rows = (page) => page.locator('#learners tbody tr').evaluateAll((all) => all.map((row) => [...row.cells].slice(0, 3).map((cell) => cell.innerText.trim())));

// Beside each other, so each with learners and a course of its own.
describe('live', { concurrency: 3, skip }, () => {
  test('a course: the row is patched where it stands, marked, told once; figures follow; the order changes when asked', async () => {
    const page = await person(browser, server, ['instructor', '21'], '#/courses/7?sortBy=progress&order=desc');
    await page.waitForSelector('.live.live');
    const before = await rows(page);
    const last = before.at(-1)[0];
    for (const item of ['72', '74']) await server.call('POST', '/user-progress/update', { as: last, body: { courseId: 7, courseContentId: Number(item), progressStatus: 'COMPLETED' } });
    await page.waitForFunction((user) => /66\.67%/.test(document.querySelector(`#learners [data-row="${user}"]`).innerText), last);
    assert.deepEqual((await rows(page)).map(([user]) => user), before.map(([user]) => user), 'nothing moves by itself');
    assert.equal(await page.locator(`#learners tr.new[data-row="${last}"]`).count(), 1);
    assert.match(await page.textContent('#said'), new RegExp(`Learner ${last} changed`));
    assert.match(await page.textContent('#learners .note'), /1 row changed/);
    await isWell(page, 'a changed row');
    await page.waitForFunction(() => /2 of 6|3 of 6|4 of 6/.test(document.querySelector('main').innerText)); // the items' figures were read again
    await page.click('#learners .note button');
    await page.waitForFunction((user) => document.querySelector('#learners tbody tr:last-child').dataset.row !== user, last);
    await page.waitForSelector('#learners .note', { state: 'detached' });
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('a learner: another device reports, and the course of it is told here', async () => {
    await server.call('POST', '/progress/update', { as: '51', body: { userId: '51', videoId: '81', watchedDuration: 10, position: 10 } });
    const page = await person(browser, server, ['student', '51']);
    await page.waitForSelector('.live.live');
    assert.match(await page.textContent('main'), /Continue where you stopped/);
    await server.call('POST', '/progress/update', { as: '51', body: { userId: '51', videoId: '81', watchedDuration: 120, position: 120 } });
    await page.waitForSelector('tr.new[data-row="8"]');
    await page.waitForFunction(() => /100%/.test(document.querySelector('[data-row="8"]').innerText));
    await page.waitForFunction(() => /Course 8: 100%/.test(document.getElementById('said').textContent));
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('an item: who is on it now, and where', async () => {
    const page = await person(browser, server, ['instructor', '21'], `#/courses/${UUID}/items/fronts%2Fwarm`);
    await page.waitForSelector('.live.live');
    assert.equal(await page.locator('ul.here').count(), 0);
    await server.call('POST', '/progress/realtime', { as: '13', body: { userId: '13', videoId: 'fronts/warm', watchedDuration: 80, position: 80, segments: [[70, 80]] } });
    await page.waitForSelector('ul.here li');
    assert.match(await page.textContent('ul.here'), /13.*at 1:20/);
    await page.waitForSelector('path.tick', { state: 'attached' });
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('a server that was away: it is said, and what is shown is read again when it is back', async () => {
    const mortal = await Server.start();
    await fill(mortal);
    const page = await person(browser, mortal, ['instructor', '21'], '#/courses/7');
    await page.waitForSelector('.live.live');
    const { directory, port } = mortal;
    await mortal.stop('SIGKILL');
    await page.evaluate(() => (location.hash = '#/courses'));
    await page.waitForSelector('.banner');
    const again = await Server.start({ directory, flags: ['--port', String(port)] });
    await page.waitForSelector('.banner', { state: 'detached' });
    await page.waitForSelector('main tbody tr');
    await page.evaluate(() => (location.hash = '#/courses/7'));
    await page.waitForSelector('.live.live');
    await page.leave();
    await again.discard();
  });
});
