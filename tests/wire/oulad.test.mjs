// Real learner data: every figure of reference.json against what the HTTP API answers.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { binary, newDirectory, run, Server } from './server.mjs';

const folder = 'tests/data/oulad';
const reference = JSON.parse(readFileSync(join(folder, 'reference.json'), 'utf8'));
const directory = newDirectory();
let server;

const importAll = () => run('import', 'oulad', folder, '--data', directory);

// Killed in the middle twice, then run to its end, then run again: all the rest of this file judges the result.
before(async () => {
  for (const delay of [500, 900]) {
    const child = spawn(binary, ['import', 'oulad', folder, '--data', directory]);
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  const first = importAll();
  assert.equal(first.status, 0, first.stderr);
  const second = importAll();
  assert.match(second.stdout, /imported nothing/, second.stderr);
  server = await Server.start({ directory });
  assert.doesNotMatch(server.log, /WARNING/); // its keys came with it
}, { timeout: 300000 });
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const admin = { as: 'admin:900' };
const get = async (path) => {
  const answer = await server.call('GET', path, admin);
  assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 200)}`);
  return answer.json;
};

async function everybody(course) {
  const found = [];
  for (let page = 1; ; page++) {
    const { results, pagination } = await get(`/user-progress/course/${course}/all?page=${page}&limit=100`);
    found.push(...results);
    if (!pagination.hasMore) return found;
  }
}

const day = (instant) => instant.slice(0, 10);
const round = (value, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits;
const expected = {
  120132: { averageCompletionTime: 349, best: [1752, 359] },
  120142: { averageCompletionTime: 346, best: [1758, 337] },
  220131: { averageCompletionTime: 297, best: [14984, 1352] },
};

// Rows of a file by the names of their columns.
function rows(name) {
  const lines = gunzipSync(readFileSync(join(folder, `${name}.csv.gz`))).toString().trim().split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.replaceAll('"', '')));
  return lines.slice(1).map((cells) => Object.fromEntries(lines[0].map((column, i) => [column, cells[i]])));
}

// From the files themselves: who reported on which day, and how often; beside clicks also what was handed in and passed.
function reportedDays(want) {
  const [module, presentation] = want.code.split('-');
  const days = new Map(), here = (row) => row.code_module === module && row.code_presentation === presentation;
  const note = (day, learner) => {
    const date = new Date(Date.parse(want.start) + day * 86400000).toISOString().slice(0, 10);
    if (!days.has(date)) days.set(date, { learners: new Set(), reports: 0, clicks: 0 });
    days.get(date).learners.add(learner);
    days.get(date).reports++;
    return days.get(date);
  };
  for (const { id_student, date } of rows(`studentVle-${want.code}`)) note(Number(date), id_student).clicks++;
  const registered = new Map(rows('studentRegistration').filter(here).map((row) => [row.id_student, Number(row.date_registration || 0)]));
  const assessments = new Set(rows('assessments').filter(here).map(({ id_assessment }) => id_assessment));
  for (const { id_assessment, id_student, date_submitted } of rows('studentAssessment'))
    if (assessments.has(id_assessment)) note(Math.max(Number(date_submitted), registered.get(id_student)), id_student);
  for (const { id_student, final_result } of rows('studentInfo').filter(here)) if (['Pass', 'Distinction'].includes(final_result)) note(want.lengthDays, id_student);
  return [...days].sort(([a], [b]) => (a < b ? -1 : 1));
}

for (const [course, want] of Object.entries(reference.courses)) {
  test(`course ${course}: days, states and contents of analytics`, async () => {
    const { results } = await get(`/user-progress/course/${course}/analytics`);
    const days = reportedDays(want);
    assert.deepEqual(results.days, days.map(([date, { learners, reports }]) => ({ date, learners: learners.size, reports })).slice(-366));
    for (const [date, { clicks }] of days) assert.equal(clicks, want.days[date]?.rows ?? 0, date); // the reference knows clicks alone
    for (const { date, learners, reports } of results.days) if (reports === want.days[date]?.rows) assert.equal(learners, want.days[date].learners, date);
    const { total, ...byState } = want.enrolments.byState;
    assert.deepEqual(results.byStatus, { CERTIFIED: 0, ...byState });
    assert.deepEqual(results.percentBuckets, [total - byState.COMPLETED, 0, 0, 0, 0, 0, 0, 0, 0, byState.COMPLETED]);
    for (const { contentId, startedCount, averageScorePercent, required, type } of results.contents) {
      const one = want.items[contentId] ?? want.assessments.items[contentId];
      assert.equal(startedCount, one?.learners ?? (type === 'result' ? byState.COMPLETED : 0), `item ${contentId}`);
      assert.equal(averageScorePercent, one?.meanScore ?? null, `item ${contentId}`);
      assert.equal(required, type === 'result');
    }
  });

  test(`course ${course}: analytics`, async () => {
    const { results } = await get(`/user-progress/course/${course}/analytics`);
    const { COMPLETED } = want.enrolments.byState;
    assert.equal(results.totalEnrollments, want.enrolments.total);
    assert.equal(results.completedUsers, COMPLETED);
    assert.equal(results.completionRate, want.enrolments.completionRate);
    assert.equal(results.averageProgress, want.enrolments.completionRate);
    assert.equal(results.averageCompletionTime, want.enrolments.averageCompletionTimeDays);
    assert.equal(results.averageCompletionTime, expected[course].averageCompletionTime);
    assert.equal(results.totalActivities, want.progressRecords.total);
    assert.equal(results.activeUsers, 0);
    assert.deepEqual([results.contentEngagement.contentId, results.contentEngagement.completionCount], expected[course].best);
    assert.equal(results.contents.length, want.contents.total);
    for (const [id, item] of Object.entries(want.assessments.items))
      assert.equal(results.contents.find((c) => c.contentId === Number(id)).completionCount, item.learners, `assessment ${id}`);
  });

  test(`course ${course}: /all`, async () => {
    const all = await everybody(course);
    const states = {};
    const clicks = new Map(), records = new Map(), items = {}, done = new Map(), scores = new Map(), perAssessment = {};
    for (const { userId, enrollments, activityLogs } of all) {
      states[enrollments.enrollmentStatus] = (states[enrollments.enrollmentStatus] ?? 0) + 1;
      for (const log of activityLogs) {
        const { clicks: n, banked } = log.metadata;
        if (n !== undefined) {
          clicks.set(userId, (clicks.get(userId) ?? 0) + n);
          records.set(userId, (records.get(userId) ?? 0) + 1);
          const item = (items[log.courseContentId] ??= { learners: 0, clicks: 0, last: '' });
          item.learners++;
          item.clicks += n;
          if (log.user_course_content_progress_updated_at > item.last) item.last = log.user_course_content_progress_updated_at;
        } else if (want.assessments.items[log.courseContentId]) {
          const one = (perAssessment[log.courseContentId] ??= { learners: 0, banked: 0 });
          one.learners++;
          one.banked += banked ? 1 : 0;
          if (want.assessments.items[log.courseContentId].type !== 'Exam') done.set(userId, (done.get(userId) ?? 0) + 1);
        }
      }
    }
    assert.equal(all.length, want.enrolments.total);
    for (const state of ['ENROLLED', 'IN_PROGRESS', 'COMPLETED', 'DROPPED', 'EXPIRED'])
      assert.equal(states[state] ?? 0, want.enrolments.byState[state], state);
    assert.equal(all.filter((one) => one.activityLogs.length === 0).length, want.enrolments.withoutAnyActivity);
    assert.equal(clicks.size, want.activity.learners);
    assert.equal([...clicks.values()].reduce((a, b) => a + b, 0), want.activity.clicks);
    assert.equal([...records.values()].reduce((a, b) => a + b, 0), want.activity.learnerItems);
    assert.deepEqual(Object.keys(items).sort(), Object.keys(want.items).sort());
    for (const [id, item] of Object.entries(want.items))
      assert.deepEqual([items[id].learners, items[id].clicks, day(items[id].last)], [item.learners, item.clicks, item.lastDay], `item ${id}`);
    const top = [...clicks].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 20);
    assert.deepEqual(top.map(([learner, n]) => ({ learner: String(learner), clicks: n, items: records.get(learner) })), want.topByClicks);
    for (const [id, one] of Object.entries(want.assessments.items))
      assert.deepEqual(perAssessment[id] ?? { learners: 0, banked: 0 }, { learners: one.learners, banked: one.banked }, `assessment ${id}`);
    assert.equal([...done.values()].filter((n) => n === want.assessments.gradedItems).length, want.assessments.allGradedDone);
    assert.equal(round((100 * [...done.values()].reduce((a, b) => a + b, 0)) / (want.assessments.gradedItems * all.length)), want.assessments.meanPercentDone);
  });

  test(`course ${course}: trk stats and records of sample learners`, async () => {
    const { data } = await get(`/api/progress/stats/${course}?limit=1`);
    assert.deepEqual(data.overview, { totalUsers: want.enrolments.total, totalContent: want.contents.total, totalProgress: want.progressRecords.total });
    assert.equal(data.progressByStatus.completed, want.assessments.submissions + want.progressRecords.result);
    assert.equal(data.progressByStatus.inProgress, want.progressRecords.sites);
    assert.equal(data.completionRates.assessment, 100);
    assert.equal(data.enrollments, want.enrolments.total);
    const marks = {};
    for (const [id, learner] of Object.entries(want.sampleLearners)) {
      const mine = (await get(`/api/progress/${id}/${course}`)).data;
      assert.equal(mine.enrollment.status, learner.state.toLowerCase());
      assert.equal(day(mine.enrollment.enrolledAt), learner.registered);
      const sites = mine.progress.filter((p) => !['assessment', 'result'].includes(p.contentType));
      assert.equal(sites.length, learner.items);
      const submitted = mine.progress.filter((p) => p.contentType === 'assessment');
      assert.equal(submitted.filter((p) => p.contentId.section !== 'Exam').length, learner.assessmentsDone);
      const scored = submitted.filter((p) => p.score !== null).map((p) => p.score);
      assert.equal(scored.length ? round(scored.reduce((a, b) => a + b, 0) / scored.length) : null, learner.meanScore);
      assert.ok(submitted.every((p) => p.maxScore === 100));
      if (learner.firstClick) {
        assert.equal(day(sites.map((p) => p.createdAt).sort()[0]), learner.firstClick);
        assert.equal(day(sites.map((p) => p.updatedAt).sort().at(-1)), learner.lastClick);
      }
      const room = (await get(`/user-progress/${course}/${id}`)).results;
      assert.equal(room.enrollments.enrollmentStatus, learner.state);
      assert.equal(room.activityLogs.reduce((sum, log) => sum + (log.metadata.clicks ?? 0), 0), learner.clicks);
      if (learner.state === 'COMPLETED') assert.equal(day(room.enrollments.completionDate), want.end);
      marks[id] = mine.progress.length;
    }
    assert.equal(Object.keys(marks).length, Object.keys(want.sampleLearners).length);
  });
}

test('learners in more than one course; banked submissions before the registration', async () => {
  for (const [id, courses] of Object.entries(reference.all.learnersInMoreThanOneCourse)) {
    for (const { course, state, clicks } of courses) {
      const room = (await get(`/user-progress/${course}/${id}`)).results;
      assert.equal(room.enrollments.enrollmentStatus, state);
      assert.equal(room.activityLogs.reduce((sum, log) => sum + (log.metadata.clicks ?? 0), 0), clicks);
    }
  }
  const { courses } = await get('/api/v1/catalog/courses');
  assert.equal(courses.length, reference.all.courses);
  assert.equal(courses.reduce((sum, course) => sum + course.enrollments, 0), reference.all.enrolments);
  let moved = 0;
  for (const course of Object.keys(reference.courses)) {
    const answer = await server.call('GET', `/user-progress/${course}/442466`, admin);
    if (answer.status !== 200 || !answer.json.results.enrollments) continue;
    const { enrollments, activityLogs } = answer.json.results;
    for (const log of activityLogs.filter((one) => one.metadata.submittedDay !== undefined)) {
      assert.equal(log.user_course_content_progress_created_at, enrollments.enrollmentDate);
      moved++;
    }
  }
  assert.equal(moved, 7);
});

test('an unknown presentation is an error', () => {
  const nowhere = run('import', 'oulad', 'tests/data/oulad', '--course', '999999', '--data', newDirectory());
  assert.equal(nowhere.status, 1);
  assert.match(nowhere.stderr, /--course 999999: there is no such presentation/);
});

test('a broken line is named and nothing is imported', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'milepost-oulad-'));
  const empty = newDirectory();
  cpSync(folder, copy, { recursive: true });
  const file = join(copy, 'studentVle-AAA-2014J.csv.gz');
  const lines = gunzipSync(readFileSync(file)).toString().split('\n');
  lines[4321] = lines[4321].replace(/"[^"]*"(\r?)$/, '"many"$1');
  writeFileSync(file, gzipSync(lines.join('\n')));
  const broken = run('import', 'oulad', copy, '--data', empty);
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /^studentVle-AAA-2014J\.csv\.gz:4322: .*must be numbers/m);
  const after = await Server.start({ directory: empty });
  assert.deepEqual((await after.call('GET', '/api/v1/catalog/courses', admin)).json.courses, []);
  await after.discard();
  // Another version of a presentation that is here already is refused.
  lines[4321] = lines[1];
  writeFileSync(file, gzipSync(lines.join('\n')));
  await server.stop();
  const other = run('import', 'oulad', copy, '--data', directory);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /AAA-2014J was imported from other files/);
  server = await Server.start({ directory });
  rmSync(copy, { recursive: true });
});
