// What the dashboard's tests share: a browser (Debian's chromium), people in it, and a server with something to look at.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { packages } from '../browser/chromium.mjs';
export { launch, skip } from '../browser/chromium.mjs';

const axe = readFileSync(packages.resolve('axe-core/axe.min.js'), 'utf8');

const PATIENCE_MS = 60000;

/** A new tab of somebody: what it says goes into `said` (but what the browser itself says of answers that are
 * no 2xx, and of a stream that is refused). */
export async function tab(browser, { scheme = 'light', width = 1280, height = 900, ...more } = {}) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, ...more });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.said = [];
  page.scheme = scheme;
  page.on('console', (message) => /^Failed to load resource|^WebSocket connection .* Unexpected response code: 403$/.test(message.text()) || page.said.push(message.text()));
  page.on('pageerror', (error) => page.said.push(error.stack));
  page.on('dialog', (dialog) => (page.said.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  page.leave = () => context.close();
  return page;
}

/** Somebody who has followed a link with a token in it, at an address of the dashboard. */
export async function person(browser, server, [role, id], address = '', look = {}) {
  const page = await tab(browser, look);
  await page.goto(`${server.base}/#token=${server.token(id, role)}`);
  await page.waitForSelector('#leave');
  if (address) await visit(page, address);
  else await settled(page);
  return page;
}

/** Another address, and all of its cards there. */
export async function visit(page, address) {
  await page.evaluate((to) => (location.hash = to), address);
  await settled(page);
}

/** Nothing is being loaded any more. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector('h1') && !document.querySelector('main [aria-busy=true], main .blocks'));
}

/** What axe-core finds wrong, in words. Run outside the page's policy: the policy stays as it is. */
export async function violations(page) {
  if (!(await page.evaluate(() => !!globalThis.axe))) await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

// All four with UI_LOOKS=all (./test fault); in ./test each colour and each width once.
const LOOKS = [['light', 1280], ['dark', 360], ...(process.env.UI_LOOKS === 'all' ? [['dark', 1280], ['light', 360]] : [])];

/** What is shown, in the looks above: light and dark, wide and narrow. Nothing that axe-core finds wrong, nothing that sticks
 * out or is cut off, no word on the console. */
export async function isWell(page, where) {
  const { width, height } = page.viewportSize();
  for (const [colorScheme, wide] of LOOKS) {
    const look = `${where}, ${colorScheme}, ${wide} wide`;
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: wide, height });
    assert.deepEqual(await violations(page), [], look);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${look}: something sticks out`);
    assert.ok(await page.evaluate(() => [...document.querySelectorAll('.top nav')].every((menu) => menu.scrollWidth <= menu.clientWidth)), `${look}: the menu is cut off`);
  }
  await page.emulateMedia({ colorScheme: page.scheme });
  await page.setViewportSize({ width, height });
  assert.match(await page.title(), /.+ - Milepost$/, where);
  assert.deepEqual(page.said, [], where);
}

// A title that would run, draw and turn the line around, if it were taken for anything but text.
export const NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>\u202egnp';

export const UUID = 'b3f1c2d4-1111-4222-8333-944455556666';

/** Courses 7, 8 and one whose ids are no integers, learners 11 to 16 who have done something through every face, staff 21 (both courses). */
export async function fill(server) {
  const staff = [{ userId: '21', role: 'INSTRUCTOR' }, { userId: '22', role: 'OWNER' }];
  await server.declare('7', [
    { id: '71', title: 'The bowline', type: 'video', section: 'Loops', durationSeconds: 300 },
    { id: '72', title: 'Tie twelve knots', type: 'lab', section: 'Practice' },
    { id: '73', title: 'Knot or not', type: 'game', required: false },
    { id: '74', title: 'Rope care', type: 'document' },
  ], { title: 'Knots and splices', description: 'From the bowline on', staff });
  await server.declare('8', [{ id: '81', title: 'Fronts', type: 'video', durationSeconds: 120 }], { title: 'Reading the sky', staff });
  await server.declare(UUID, [{ id: 'fronts/warm', title: 'Warm fronts', type: 'video', durationSeconds: 90 }, { id: 'fronts/cold', title: 'Cold fronts', type: 'lab' }], { title: 'Weather at sea', staff });
  const done = async (answer) => assert.ok((await answer).status < 300, (await answer).text);
  for (const user of ['11', '12', '13', '14', '15', '16']) {
    const k = Number(user);
    await done(server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: '71', watchedDuration: k * 10, position: k * 10, segments: [[0, k * 5], [k * 6, k * 10]], deviceId: 'phone' } }));
    await done(server.call('POST', '/api/progress', { as: user, body: { contentId: '72', progressPercentage: k % 2 ? 100 : 40, timeSpent: k, score: 7, maxScore: 10 } }));
  }
  for (const item of ['72', '74']) await done(server.call('POST', '/user-progress/update', { as: '16', body: { courseId: 7, courseContentId: Number(item), progressStatus: 'COMPLETED' } }));
  await done(server.call('POST', '/api/v1/Progress/video', { as: '16', body: { UserId: '16', VideoId: '71', CurrentTimeSeconds: 300 } }));
  await done(server.call('POST', '/api/v1/Progress/video', { as: '11', body: { UserId: '11', VideoId: '81', CurrentTimeSeconds: 40 } }));
  for (const user of ['11', 'ann@example.org']) {
    await done(server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: 'fronts/warm', watchedDuration: 45, segments: [[0, 45]] } }));
    await done(server.call('POST', '/api/progress', { as: user, body: { contentId: 'fronts/cold', progressPercentage: 30, score: 3, maxScore: 4 } }));
  }
  for (const kg of [71.5, 71]) await done(server.call('POST', '/api/progress/log', { as: '11', body: { user_id: '11', date: '2026-01-02', weight_kg: kg, note: 'before breakfast' } }));
}
