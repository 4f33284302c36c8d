// Every flow by keyboard alone: nothing in this file uses a mouse.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Server } from '../wire/server.mjs';
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

const focused = (page) => page.evaluate(() => {
  const one = document.activeElement;
  return (one.getAttribute('aria-label') ?? one.textContent ?? '').trim() || one.id || one.tagName;
});

/** Tab until something of this name has the focus; it may have it already. */
async function tabTo(page, name, most = 120) {
  for (let i = 0; i < most; i++) {
    if (name.test(await focused(page))) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach ${name}`);
}

async function signIn(page, [role, id]) {
  await page.goto(server.base);
  await page.waitForSelector('#token');
  await page.keyboard.press('Tab'); // the skip link
  assert.match(await focused(page), /Skip/);
  await tabTo(page, /^token$/i);
  await page.keyboard.insertText(server.token(id, role));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#leave');
  await settled(page);
}

describe('by keyboard alone', { concurrency: 3, skip }, () => {
  test('a learner: sign in, open a course and a video, export, take a log entry back, erase oneself', async () => {
    const page = await tab(browser);
    await server.call('POST', '/progress/update', { as: '31', body: { userId: '31', videoId: '71', watchedDuration: 30, segments: [[0, 30]] } });
    for (const note of ['first', 'second']) await server.call('POST', '/api/progress/log', { as: '31', body: { user_id: '31', date: '2026-01-02', note } });
    await signIn(page, ['student', '31']);
    await tabTo(page, /^Export my data/);
    const saved = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    assert.equal((await saved).suggestedFilename(), 'milepost-31.json');
    const entry = page.locator('.history li', { hasText: 'Log entry' }).last();
    await entry.waitFor();
    assert.match(await page.textContent('main'), /second/);
    await tabTo(page, /^Back to here/);
    await page.keyboard.press('Tab'); // the older of the two
    assert.match(await focused(page), /^Back to here/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await isWell(page, 'a dialog');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.match(await focused(page), /^Back to here/, 'the focus is where it was');
    await page.keyboard.press('Enter');
    await tabTo(page, /^Cancel/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => !/second/.test([...document.querySelectorAll('table')].find(({ caption }) => caption.textContent === 'Log entries').textContent));
    await page.keyboard.press('j'); // to the first row
    assert.match(await focused(page), /Knots and splices/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /^Knots/.test(document.title));
    await page.waitForFunction(() => document.activeElement.tagName === 'H1'); // reading goes on at the heading
    await settled(page);
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.watched');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.waitForFunction(() => /^My learning/.test(document.title));
    await settled(page);
    await tabTo(page, /^Erase me/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await tabTo(page, /confirm|INPUT/i);
    await page.keyboard.insertText('32');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog [role=alert]'); // not what was asked for
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('31');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#token');
    assert.match(await page.textContent('main'), /Erased/);
    const left = await server.call('GET', '/api/progress/31', { as: 'admin:900' });
    assert.equal(left.json.data.progress.length, 0);
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('an instructor: search, filter, sort, page, read a chart, lock, unlock, reset, certify', async () => {
    const page = await tab(browser);
    await signIn(page, ['instructor', '21']);
    await page.keyboard.press('/');
    await page.keyboard.type('knots');
    await page.waitForFunction(() => location.hash.includes('q=knots'));
    await settled(page);
    await page.keyboard.press('Tab');
    assert.match(await focused(page), /Knots and splices/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#learners tbody tr');
    await settled(page);
    await tabTo(page, /^Learners active per day/);
    await page.keyboard.press('End');
    await page.waitForFunction(() => /learners on/.test(document.getElementById('said').textContent));
    await tabTo(page, /^Enrolments by course progress/);
    await page.keyboard.press('Home');
    await page.waitForFunction(() => /enrolment/.test(document.getElementById('said').textContent));
    await page.keyboard.press('/');
    await page.keyboard.type('16');
    await page.waitForFunction(() => document.querySelectorAll('#learners tbody tr').length === 1);
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await page.waitForFunction(() => document.querySelectorAll('#learners tbody tr').length > 1); // all of them; others come meanwhile
    await tabTo(page, /^All/); // the state
    await page.keyboard.press('C');
    await page.waitForFunction(() => document.querySelectorAll('#learners tbody tr').length === 1);
    await page.keyboard.press('Home');
    await page.waitForFunction(() => document.querySelectorAll('#learners tbody tr').length > 1);
    await tabTo(page, /^Progress/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#learners [aria-sort=descending]');
    await settled(page);
    assert.equal(await page.textContent('#learners tbody th'), '16');
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForFunction(() => /^Courses/.test(document.title));
    await page.evaluate(() => (location.hash = '#/courses/7/learners/16'));
    await settled(page);
    await tabTo(page, /^Certify/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await tabTo(page, /Address of the certificate|INPUT/);
    await page.keyboard.insertText('http://plain.example/c');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('dialog[open]').count(), 1, 'no https: not sent');
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('https://certificates.example/16');
    await page.keyboard.press('Enter');
    await page.waitForSelector('main .chip >> text=Certified');
    await page.evaluate(() => (location.hash = '#/courses/7/learners/12'));
    await settled(page);
    await tabTo(page, /^Lock Rope care/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('tbody .chip >> text=Locked');
    await tabTo(page, /^Unlock Rope care/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('tbody .chip >> text=Locked', { state: 'detached' });
    await tabTo(page, /^Reset Tie twelve knots/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    assert.match(await page.textContent('dialog'), /12.*Tie twelve knots.*Knots and splices.*history is kept/s);
    await tabTo(page, /^Reset$/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.waitForFunction(() => [...document.querySelectorAll('tbody tr')].some((row) => /Tie twelve/.test(row.textContent) && /Not started/.test(row.textContent)));
    assert.deepEqual(page.said, []);
    await page.leave();
  });

  test('an administrator: a new course from JSON and CSV, another order, staff, what happens, the explorer, erasing somebody', async () => {
    const page = await tab(browser);
    await signIn(page, ['admin', '900']);
    await page.waitForSelector('.live.live');
    await tabTo(page, /^Pause/);
    await page.keyboard.press('Space');
    await page.waitForSelector('[data-key=space][aria-pressed=true]');
    await page.keyboard.press('Space');
    await server.call('POST', '/progress/update', { as: '41', body: { userId: '41', videoId: '71', watchedDuration: 30 } });
    await page.waitForSelector('.feed li');
    await page.keyboard.press('g');
    await page.keyboard.press('c');
    await page.waitForFunction(() => /^Courses/.test(document.title));
    await settled(page);
    await tabTo(page, /^New course/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /^New course/.test(document.title));
    const importing = async (text) => {
      await tabTo(page, /^Import/);
      await page.keyboard.press('Enter');
      await page.waitForSelector('dialog[open]');
      await tabTo(page, /^text$|TEXTAREA/i);
      await page.keyboard.insertText(text);
      await tabTo(page, /^Cancel/);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.waitForSelector('dialog', { state: 'detached' });
    };
    await importing('{"title":"Zero","contents":[{"id":90,"title":"From JSON","durationSeconds":5}]}');
    await page.waitForSelector('[aria-label="Title of From JSON"]');
    await importing('id,title,type,durationSeconds,required\n91,"One, two",video,60,true\n92,Three,lab,,false\n');
    await page.waitForSelector('[aria-label="Title of One, two"]');
    await page.keyboard.press('Home');
    await page.evaluate(() => document.querySelector('.skip').focus());
    await tabTo(page, /^Id$|INPUT/);
    await page.keyboard.insertText('9');
    await page.keyboard.press('Tab');
    await page.keyboard.insertText('Counting');
    await tabTo(page, /^Add staff/);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.insertText('21');
    await tabTo(page, /^Threshold % of One, two/);
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText('80');
    await tabTo(page, /^Move One, two down/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('.edit tbody tr input').value === '92');
    await tabTo(page, /^Save/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash === '#/edit/9');
    const { json } = await server.call('GET', '/api/v1/catalog/courses/9', { as: 'admin:900' });
    assert.deepEqual(json.contents.map(({ id, title, type, durationSeconds, required, threshold }) => [id, title, type, durationSeconds, required, threshold]), [['92', 'Three', 'lab', null, false, 95], ['91', 'One, two', 'video', 60, true, 80]]);
    assert.deepEqual([json.title, json.staff], ['Counting', [{ userId: '21', role: 'INSTRUCTOR' }]]);
    await tabTo(page, /^API$/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /^API/.test(document.title));
    await settled(page);
    await page.keyboard.press('/');
    await page.keyboard.type('/api/v1/me');
    await page.waitForFunction(() => document.querySelectorAll('.routes li').length === 1);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.curl');
    assert.match(await page.textContent('.curl'), /^curl 'http.*\/api\/v1\/me' -H "Authorization: Bearer \$T"$/);
    await tabTo(page, /^Send/);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.answer');
    assert.match(await page.textContent('.answer'), /"userId": "900"/);
    await isWell(page, 'an open route');
    await tabTo(page, /^Learners$/);
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => /^Learners/.test(document.title));
    await tabTo(page, /^Erase a learner|INPUT/);
    await page.evaluate(() => document.querySelector('section:last-child .inp').focus());
    await page.keyboard.insertText('41');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await tabTo(page, /confirm|INPUT/i);
    await page.keyboard.insertText('41');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.note.ok');
    assert.equal((await server.call('GET', '/api/progress/41', { as: 'admin:900' })).json.data.progress.length, 0);
    await page.keyboard.press('Tab'); // out of the field: keys are off in it
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open] kbd');
    await isWell(page, 'the list of keys');
    await page.keyboard.press('Escape');
    assert.deepEqual(page.said, []);
    await page.leave();
  });
});
