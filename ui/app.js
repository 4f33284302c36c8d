// The dashboard: what the API says of a course or a learner, as pictures that are tables. Texts are set as text, never as HTML.
const $ = (id) => document.getElementById(id);
const key = 'milepost-token';

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
  return made;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { authorization: `Bearer ${sessionStorage.getItem(key)}` } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(answer.status === 401 ? 'The token is not valid, or no longer: sign in again.' : answer.status === 403 ? 'This token may not see that.' : body.detail);
  return body;
}

function complain(error) {
  $('problem').textContent = error ? error.message : '';
  $('problem').hidden = !error;
}

// Rows of [label, share 0..1, number]: the bar is the picture, the row its table.
function bars(title, head, rows) {
  if (!rows.length) return element('p', { className: 'quiet' }, `${title}: nothing yet.`);
  const table = element('table', {}, element('caption', {}, title),
    element('thead', {}, element('tr', {}, ...head.map((text) => element('th', { scope: 'col' }, text)))),
    element('tbody', {}, ...rows.map(([label, share, number]) => {
      const bar = element('progress', { max: 1, value: Math.max(0, Math.min(1, share)) });
      bar.setAttribute('aria-label', `${label}: ${number}`);
      return element('tr', {}, element('th', { scope: 'row' }, label), element('td', { className: 'bar' }, bar), element('td', { className: 'number' }, number));
    })));
  return element('div', { className: 'scroll' }, table);
}

const tiles = (figures) => element('ul', { className: 'tiles' }, ...figures.map(([name, value]) => element('li', {}, element('strong', {}, value), name)));
const percent = (value) => `${Number(value).toLocaleString('en', { maximumFractionDigits: 2 })} %`;
const day = (instant) => (instant ? instant.slice(0, 10) : '–');

async function showCourse(id) {
  const into = $('course-figures');
  into.replaceChildren(element('p', { className: 'quiet' }, 'Loading…'));
  const path = encodeURIComponent(id);
  const [analytics, stats, board] = await Promise.all([
    ask(`/user-progress/course/${path}/analytics`).catch((error) => { if (/^[0-9]+$/.test(id)) throw error; return null; }), // the course room speaks integers only
    ask(`/api/progress/stats/${path}?limit=1`),
    /^[0-9]+$/.test(id) ? ask(`/user-progress/course/${path}/leaderboard?limit=20`) : null,
  ]);
  const { progressByStatus: by, completionRates, overview } = stats.data;
  const records = by.completed + by.inProgress + by.notStarted;
  const room = analytics?.results;
  const parts = [
    element('h3', {}, stats.data.module.title),
    tiles([
      ['learners', room?.totalEnrollments ?? overview.totalUsers], ['completed the course', room?.completedUsers ?? '–'],
      ['average progress', room ? percent(room.averageProgress) : '–'], ['active in 30 days', room?.activeUsers ?? '–'],
      ['content items', overview.totalContent], ['records', overview.totalProgress],
    ]),
    bars('Records by status', ['Status', 'Share', 'Records'], [['completed', by.completed], ['in progress', by.inProgress], ['not started', by.notStarted]].map(([label, count]) => [label, records ? count / records : 0, count])),
    bars('Completed, by type of content', ['Type', 'Share', 'Completed'], Object.entries(completionRates).map(([type, rate]) => [type, rate / 100, percent(rate)])),
  ];
  if (room) {
    const most = [...room.contents].sort((a, b) => b.completionCount - a.completionCount).slice(0, 10);
    const top = Math.max(1, most[0]?.completionCount ?? 0);
    parts.push(bars('Most completed content', ['Content', 'Completions', 'Learners'], most.map((item) => [item.contentId, item.completionCount / top, item.completionCount])));
  }
  if (board) parts.push(bars('Leaderboard', ['Learner', 'Progress', 'Percent'], board.results.map((row) => [`${row.rank}. ${row.userId}`, row.progressPercent / 100, percent(row.progressPercent)])));
  into.replaceChildren(...parts);
}

async function showLearner(id, asOf) {
  const into = $('learner-figures');
  into.replaceChildren(element('p', { className: 'quiet' }, 'Loading…'));
  const all = await ask(`/api/v1/users/${encodeURIComponent(id)}/progress${asOf ? `?as_of=${encodeURIComponent(asOf)}` : ''}`);
  const done = all.progress.filter((record) => record.status === 'COMPLETED').length;
  into.replaceChildren(
    element('h3', {}, asOf ? `${all.userId}, as it was on ${asOf} (midnight UTC)` : all.userId),
    tiles([['courses', all.enrollments.length], ['content items', all.progress.length], ['completed', done]]),
    bars('Courses', ['Course', 'Progress', 'State'], all.enrollments.map((course) => [course.courseTitle, course.progressPercent / 100, `${percent(course.progressPercent)} · ${course.enrollmentStatus}`])),
    bars(all.progress.length > 200 ? 'Content, the latest 200' : 'Content, latest first', ['Content', 'Progress', 'Since'], all.progress.slice(0, 200).map((record) => [record.title ?? record.contentId, record.progressPercent / 100, `${percent(record.progressPercent)} · ${day(record.updatedAt)}`])),
  );
}

function view(name) {
  for (const button of document.querySelectorAll('nav button')) button.setAttribute('aria-pressed', String(button.dataset.view === name));
  $('course').hidden = name !== 'course';
  $('learner').hidden = name !== 'learner';
  complain(null);
}

async function enter() {
  const signedIn = sessionStorage.getItem(key) !== null;
  $('enter').hidden = signedIn;
  $('views').hidden = $('leave').hidden = !signedIn;
  if (!signedIn) return;
  try { // only ADMIN may list them; others type the id
    const { courses } = await ask('/api/v1/catalog/courses');
    $('courses').replaceChildren(...courses.map((course) => element('option', { value: course.id, label: course.title ?? course.id })));
    if (courses.length && !$('course-id').value) $('course-id').value = courses[0].id;
  } catch { /* not an ADMIN */ }
}

const submit = (form, show) => form.addEventListener('submit', (event) => {
  event.preventDefault();
  complain(null);
  show().catch((error) => { form.parentElement.querySelector('[aria-live]')?.replaceChildren(); complain(error); });
});

submit($('enter'), async () => { sessionStorage.setItem(key, $('token').value.trim()); $('token').value = ''; await enter(); });
submit($('course').querySelector('form'), () => showCourse($('course-id').value.trim()));
submit($('learner').querySelector('form'), () => showLearner($('learner-id').value.trim(), $('as-of').value));
$('leave').addEventListener('click', () => { sessionStorage.removeItem(key); location.reload(); });
for (const button of document.querySelectorAll('nav button')) button.addEventListener('click', () => view(button.dataset.view));

async function state() {
  try {
    const answer = await fetch('/readyz');
    const ready = await answer.json();
    $('state').dataset.ready = String(answer.ok);
    $('state').textContent = answer.ok ? `ready, ${ready.sequence.toLocaleString('en')} events` : `not ready: ${ready.status}`;
  } catch {
    $('state').dataset.ready = 'false';
    $('state').textContent = 'the server does not answer';
  }
}
await Promise.all([state(), enter()]);
setInterval(state, 5000);
