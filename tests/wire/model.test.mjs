// Random sequences over all faces against an independent calculation, written from the contract's rules alone:
// after every step every face must say what the model says. A failing seed fails again.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

const seeds = Number(process.env.MODEL_SEEDS ?? 40);
const steps = 70;
const threshold = 95;

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

function randomizer(seed) {
  let state = BigInt(seed) * 2654435761n + 88172645463325252n;
  return (n) => {
    state = BigInt.asUintN(64, state ^ (state << 13n));
    state ^= state >> 7n;
    state = BigInt.asUintN(64, state ^ (state << 17n));
    return Number((state >> 20n) % BigInt(n));
  };
}

class Model {
  constructor() {
    this.items = new Map(); // id -> { course, required, duration }
    this.courses = new Map(); // id -> { declared }
    this.records = new Map(); // "user item" -> record
    this.enrolments = new Map(); // "user course" -> { state }
    this.days = new Map(); // user -> day with a report -> { reports, seconds }
    this.reported = new Map(); // course -> user -> reports while enrolled
    this.floors = new Set(); // "user item": reset or deleted, so what a client dates in the past is stale
  }
  declare(course, contents) {
    for (const item of this.items.values()) if (item.course === course) Object.assign(item, { course: null, retired: true });
    this.courses.set(course, { declared: true });
    for (const { id, required, durationSeconds } of contents) this.items.set(id, { course, bound: null, required, duration: durationSeconds ?? 0, retired: false, typed: this.items.get(id)?.typed });
    for (const key of this.records.keys()) this.settle(...key.split(' '));
    for (const key of this.enrolments.keys()) this.complete(key);
  }
  record(user, item) {
    const key = `${user} ${item}`;
    if (!this.records.has(key)) this.records.set(key, { E: 0, F: 0, seconds: new Set(), status: 'NOT_STARTED', percent: 0, time: 0, watched: 0, at: -Infinity, own: 0, real: false, most: 0, score: null, max: null });
    return this.records.get(key);
  }
  // The course that an item is in, also one that does not count it: previews bind it there.
  own(item) {
    const known = this.items.get(item);
    return known?.course ?? (known?.bound && !this.courses.get(known.bound)?.declared ? known.bound : null);
  }
  // Refusals as statuses, or null.
  place(item, course) {
    const known = this.items.get(item), own = this.own(item);
    if (!course) return null;
    if (own && own !== course) return 400;
    if (this.courses.get(course)?.declared && own !== course) return 404;
    if (known?.retired) return 400; // no longer listed: only a PUT can place it again
    return null;
  }
  settle(user, item) {
    const record = this.records.get(`${user} ${item}`);
    if (!record) return;
    const duration = this.items.get(item).duration || record.own;
    const seen = Math.max(record.F, record.seconds.size);
    let percent = duration ? (seen >= duration ? 100 : Math.min(99.99, Math.floor((seen * 10000) / duration + 0.5) / 100)) : 0;
    percent = Math.max(percent, record.E, record.status === 'COMPLETED' ? record.percent : 0);
    record.percent = percent;
    if (percent === 100 || (duration && seen * 100 >= threshold * duration)) record.status = 'COMPLETED';
  }
  // What repeats what is known is no report: nothing of it is stored. player: a video client's.
  repeats(user, item, course, day, player, known, before, preview) {
    const record = this.records.get(`${user} ${item}`);
    const attaches = course ? !known?.course : Boolean(known?.bound);
    const seen = ({ F, seconds, at, watched, most, position, positionAt }) => JSON.stringify([F, seconds, String(at), watched, most, position, String(positionAt)]);
    return player === 'dated' && before && !attaches && known?.typed && before.player && (preview || before.real) && this.days.get(user)?.has(day) && seen(before) === seen({ ...record, seconds: record.seconds.size });
  }
  // staff: for themselves, without the role of a student.
  report(user, item, course, day, staff, change, player) {
    const refused = this.place(item, course);
    if (refused) return refused;
    const known = this.items.get(item) && { ...this.items.get(item) };
    const former = this.records.get(`${user} ${item}`);
    const before = former && { ...former, seconds: former.seconds.size };
    if (!this.items.has(item)) this.items.set(item, { course: null, bound: null, required: true, duration: 0, retired: false });
    const place = this.items.get(item), named = course ?? this.own(item);
    const preview = staff && !this.enrolments.has(`${user} ${named}`);
    const earnest = [...this.records].filter(([key, record]) => key.split(' ')[1] === item && record.real).map(([key]) => key.split(' ')[0]);
    if (named && !this.courses.has(named)) this.courses.set(named, { declared: false });
    if (preview && course && !place.course && !earnest.length) {
      place.bound = course;
    } else if (named && !place.course && (course || !preview) && !(preview && place.bound === course)) {
      Object.assign(place, { course: named, bound: null });
      for (const key of [...this.records.keys()]) if (key.endsWith(` ${item}`) && this.adopted(key.split(' ')[0], item, named)) this.enrol(key.split(' ')[0], named);
    }
    if (!preview) place.bound = null;
    const record = this.record(user, item);
    const [time, watched] = [record.time, record.most];
    const unique = record.seconds.size;
    const segments = change(record);
    const repeats = this.repeats(user, item, course, day, player, known, before, preview);
    record.real ||= !preview;
    record.player ||= Boolean(player);
    if (player) place.typed = true;
    if (!this.days.has(user)) this.days.set(user, new Map());
    const days = this.days.get(user);
    if (!days.has(day)) days.set(day, { reports: 0, seconds: 0 });
    if (!repeats) {
      days.get(day).reports++;
      days.get(day).seconds += record.time - time + (segments ? record.seconds.size - unique : record.seconds.size ? 0 : record.most - watched);
    }
    if (record.status === 'NOT_STARTED') record.status = 'IN_PROGRESS';
    this.settle(user, item);
    if (place.course && !preview) {
      this.enrol(user, place.course);
      const enrolment = this.enrolments.get(`${user} ${place.course}`);
      if (enrolment.state === 'ENROLLED') enrolment.state = 'WORKING';
      this.complete(`${user} ${place.course}`);
      if (!this.reported.has(place.course)) this.reported.set(place.course, new Map());
      const reported = this.reported.get(place.course);
      if (!repeats) reported.set(user, (reported.get(user) ?? 0) + 1);
    }
    return 200;
  }
  // Adoption enrols who reported the item in earnest; who is enrolled already has begun.
  adopted(user, item, course) {
    const record = this.records.get(`${user} ${item}`);
    return record && (record.real || this.enrolments.has(`${user} ${course}`));
  }
  enrol(user, course, state = 'WORKING') {
    const key = `${user} ${course}`;
    if (!this.enrolments.has(key)) {
      for (const [id, item] of this.items) // what they previewed counts from now on
        if (this.own(id) === course && this.records.has(`${user} ${id}`)) Object.assign(item, { course, bound: null });
      this.enrolments.set(key, { state, said: -Infinity });
    }
    if (this.enrolments.get(key).state === 'ENROLLED' && state === 'WORKING') this.enrolments.get(key).state = 'WORKING'; // the course has progress of theirs now
    this.complete(key);
  }
  // A webhook that says what came to be at an instant; dated: by itself.
  told(user, course, action, instant, dated) {
    const key = `${user} ${course}`, known = this.enrolments.get(key);
    if (!known && action !== 'enroll' && !dated) return;
    if (known && instant < known.said) return;
    if (!this.courses.has(course)) this.courses.set(course, { declared: false });
    if (!known) this.enrol(user, course, 'ENROLLED');
    const enrolment = this.enrolments.get(key);
    const started = [...this.items].some(([id, item]) => item.course === course && this.records.has(`${user} ${id}`));
    if (action !== 'enroll') enrolment.state = action === 'drop' ? 'DROPPED' : 'EXPIRED';
    else if (!known || ['DROPPED', 'EXPIRED'].includes(enrolment.state)) enrolment.state = started ? 'WORKING' : 'ENROLLED';
    enrolment.said = instant;
    this.complete(key);
  }
  counts(user, course) {
    const mine = [...this.items].filter(([, item]) => item.course === course);
    const completed = ([id]) => this.records.get(`${user} ${id}`)?.status === 'COMPLETED';
    const required = mine.filter(([, item]) => item.required);
    return { items: mine.length, done: mine.filter(completed).length, required: required.length, requiredDone: required.filter(completed).length };
  }
  complete(key) { // a declared course completes for good
    const enrolment = this.enrolments.get(key);
    const [user, course] = key.split(' ');
    const { required, requiredDone } = this.counts(user, course);
    if (this.courses.get(course).declared && enrolment.state === 'WORKING' && required && requiredDone === required) enrolment.state = 'DONE';
  }
  state(user, course) {
    const enrolment = this.enrolments.get(`${user} ${course}`);
    if (!enrolment) return null;
    const { required, requiredDone } = this.counts(user, course);
    if (enrolment.state === 'DONE') return 'COMPLETED';
    if (enrolment.state === 'WORKING') return !this.courses.get(course).declared && required && requiredDone === required ? 'COMPLETED' : 'IN_PROGRESS';
    return enrolment.state;
  }
  forget(user, ids, course) { // reset or delete
    for (const id of ids) {
      this.records.delete(`${user} ${id}`);
      this.floors.add(`${user} ${id}`);
    }
    const key = `${user} ${course}`;
    const enrolment = this.enrolments.get(key);
    if (!enrolment || ['DROPPED', 'EXPIRED', 'ENROLLED'].includes(enrolment.state)) return;
    const { required, requiredDone } = this.counts(user, course);
    if (enrolment.state === 'DONE' && required && requiredDone === required) return;
    const started = [...this.items].some(([id, item]) => item.course === course && this.records.has(`${user} ${id}`));
    enrolment.state = started ? 'WORKING' : 'ENROLLED';
  }
  percent(user, course) {
    const { required, requiredDone } = this.counts(user, course);
    if (!required) return 0;
    return requiredDone >= required ? 100 : Math.min(99.99, Math.floor((requiredDone * 10000) / required + 0.5) / 100);
  }
}

async function compare(model, users, courses) {
  for (const user of users) {
    const days = model.days.get(user) ?? new Map();
    const { streakDays, longestStreakDays, days: shown } = (await server.call('GET', `/progress/engagement/${user}`, { as: user })).json;
    assert.deepEqual([streakDays, longestStreakDays], [days.has('today') ? 1 : 0, days.size ? 1 : 0], user);
    const date = (day) => (day === 'today' ? new Date().toISOString().slice(0, 10) : '2026-01-01');
    assert.deepEqual(shown, [...days].map(([day, figures]) => ({ date: date(day), ...figures })).sort((a, b) => (a.date < b.date ? -1 : 1)), user);
    const mine = (await server.call('GET', `/api/v1/users/${user}/courses`, { as: user })).json.courses;
    assert.deepEqual(mine.map(({ courseId }) => courseId).sort(), courses.filter((course) => model.state(user, course)));
    for (const { courseId, nextItem, ...one } of mine) {
      const { items, done, required, requiredDone } = model.counts(user, courseId);
      const here = [...model.records].filter(([key]) => key.startsWith(`${user} `) && model.own(key.split(' ')[1]) === courseId);
      assert.deepEqual([one.status, one.progressPercent, one.completedRequired, one.totalRequired, one.completedContent, one.totalContent, one.timeSpent],
        [model.state(user, courseId), model.percent(user, courseId), requiredDone, required, done, items, here.reduce((sum, [, { time }]) => sum + time, 0)], `${user} ${courseId}`);
      assert.equal(nextItem === null, requiredDone === required, `${user} ${courseId}`);
      if (nextItem) assert.notEqual(model.records.get(`${user} ${nextItem.id}`)?.status, 'COMPLETED');
    }
  }
  for (const course of courses) {
    if (!model.courses.has(course)) continue;
    const analytics = (await server.call('GET', `/user-progress/course/${course}/analytics`, { as: 'admin:9' })).json.results;
    const enrolled = users.filter((user) => model.state(user, course));
    assert.equal(analytics.totalEnrollments, enrolled.length);
    assert.equal(analytics.completedUsers, enrolled.filter((user) => model.state(user, course) === 'COMPLETED').length, `course ${course}`);
    assert.equal(analytics.activeUsers, enrolled.filter((user) => model.state(user, course) === 'IN_PROGRESS').length);
    const records = [...model.records.keys()].filter((key) => model.own(key.split(' ')[1]) === course);
    const counted = records.filter((key) => model.enrolments.has(`${key.split(' ')[0]} ${course}`));
    assert.equal(analytics.totalActivities, counted.length);
    const states = ['ENROLLED', 'IN_PROGRESS', 'COMPLETED', 'CERTIFIED', 'DROPPED', 'EXPIRED'];
    assert.deepEqual(analytics.byStatus, Object.fromEntries(states.map((state) => [state, enrolled.filter((user) => model.state(user, course) === state).length])));
    const buckets = Array(10).fill(0);
    for (const user of enrolled) {
      const { required: all, requiredDone } = model.counts(user, course);
      buckets[all ? Math.min(9, Math.floor((10 * requiredDone) / all)) : 0]++;
    }
    assert.deepEqual(analytics.percentBuckets, buckets);
    const reported = [...(model.reported.get(course) ?? new Map()).values()].filter(Boolean);
    assert.deepEqual(analytics.days, reported.length ? [{ date: new Date().toISOString().slice(0, 10), learners: reported.length, reports: reported.reduce((sum, count) => sum + count, 0) }] : [], `course ${course}`);
    for (const { contentId, completionCount, avgDuration, startedCount, averageScorePercent, required: needed } of analytics.contents) {
      const of = counted.filter((key) => key.split(' ')[1] === String(contentId)).map((key) => model.records.get(key));
      assert.equal(completionCount, of.filter((record) => record.status === 'COMPLETED').length);
      assert.equal(startedCount, of.filter((record) => record.status !== 'NOT_STARTED').length);
      const scores = of.filter((record) => record.score !== null).map((record) => (record.score / record.max) * 100);
      if (scores.length) assert.ok(Math.abs(averageScorePercent - scores.reduce((sum, score) => sum + score, 0) / scores.length) < 0.0051, `${contentId}: ${averageScorePercent}`);
      else assert.equal(averageScorePercent, null);
      assert.equal(needed, model.items.get(String(contentId)).required);
      const { results } = (await server.call('GET', `/user-progress/course/${course}/items/${contentId}/learners`, { as: 'admin:9' })).json;
      assert.deepEqual(results.map(({ userId, status, progressPercent, timeSpent, score }) => [String(userId), status, progressPercent, timeSpent, score]), enrolled.map((user) => {
        const record = model.records.get(`${user} ${contentId}`);
        return [user, record?.status ?? 'NOT_STARTED', record?.percent ?? 0, record?.time ?? 0, record?.score ?? null];
      }));
      assert.ok(Math.abs(avgDuration - (of.length && of.reduce((sum, record) => sum + record.time, 0) / of.length)) < 0.006);
      assert.equal((await server.call('GET', `/progress/summary/${contentId}`, { as: users[0] })).json.viewers, of.length);
    }
    const { required } = model.counts('', course);
    const sum = enrolled.reduce((total, user) => total + model.counts(user, course).requiredDone, 0);
    const average = required && enrolled.length ? Math.floor((sum * 10000) / (required * enrolled.length) + 0.5) / 100 : 0;
    assert.ok(Math.abs(analytics.averageProgress - average) < 0.001, `averageProgress ${analytics.averageProgress}, ${average}`);
    for (const user of users) {
      const room = await server.call('GET', `/user-progress/${course}/${user}`, { as: user });
      if (room.status === 404) { // never seen
        assert.equal([...model.records.keys(), ...model.enrolments.keys()].filter((key) => key.startsWith(`${user} `)).length, 0);
        continue;
      }
      const state = model.state(user, course);
      assert.equal(room.json.results.enrollments?.enrollmentStatus ?? null, state);
      const module = (await server.call('GET', `/api/progress/${user}/${course}`, { as: user })).json.data;
      assert.equal(module.enrollment?.status ?? null, state?.toLowerCase().replace('_', '-') ?? null);
      const { items, done } = model.counts(user, course);
      assert.deepEqual([module.statistics.totalContent, module.statistics.completedContent], [items, state ? done : 0]);
      const pts = (await server.call('GET', `/api/v1/Progress/course/${user}/${course}`, { as: user })).json;
      assert.equal(pts.completionPercentage, state ? model.percent(user, course) : 0);
      const mine = records.filter((key) => key.startsWith(`${user} `)).map((key) => key.split(' ')[1]);
      assert.deepEqual(room.json.results.activityLogs.map((log) => String(log.courseContentId)).sort(), mine.sort());
      for (const log of room.json.results.activityLogs) {
        const record = model.records.get(`${user} ${log.courseContentId}`);
        assert.deepEqual([log.progressStatus, Number(log.progressPercent), log.activityDuration], [record.status, record.percent, record.time], `${user} ${log.courseContentId}`);
        const same = module.progress.find((one) => one.contentId.id === String(log.courseContentId));
        assert.equal(same.progressPercentage, Math.min(record.status === 'COMPLETED' ? 100 : 99, Math.floor(record.percent + 0.5)));
        const watched = await server.call('GET', `/progress/${user}/${log.courseContentId}`, { as: user });
        assert.equal(watched.json.watchedDuration, record.watched);
      }
    }
  }
}

// What else people look at is made of the same records; asked at the end of each sequence.
async function compareLists(model, users, courses) {
  const get = async (path, as = 'admin:9') => {
    const { status, json, text } = await server.call('GET', path, { as });
    assert.equal(status, 200, `${path}: ${text}`);
    return json;
  };
  const isGone = (state) => state === 'DROPPED' || state === 'EXPIRED';
  for (const course of courses.filter((one) => model.courses.has(one))) {
    const enrolled = users.filter((user) => model.state(user, course));
    const recordsOf = (user) => [...model.records].filter(([key]) => key.startsWith(`${user} `) && model.own(key.split(' ')[1]) === course).map(([, record]) => record);
    const analytics = (await get(`/api/v1/courses/${course}/analytics`)).results;
    const { results: everybody, pagination } = await get(`/user-progress/course/${course}/all?logs=0`);
    assert.deepEqual([pagination.total, everybody.map(({ userId }) => String(userId))], [enrolled.length, enrolled]);
    for (const { userId, enrollments, progressSummary, lastActivityDate, timeSpent, activityLogs } of everybody) {
      const user = String(userId), { items, done } = model.counts(user, course);
      assert.deepEqual([enrollments.enrollmentStatus, progressSummary, timeSpent, activityLogs], [model.state(user, course), { totalContent: items, completedContent: done, overallProgressPercent: model.percent(user, course) }, recordsOf(user).reduce((sum, { time }) => sum + time, 0), undefined], `${user} ${course}`);
      if (model.reported.get(course)?.get(user)) assert.ok(lastActivityDate, `${user} ${course}`);
    }
    for (const [query, wanted] of [['status=IN_PROGRESS', (user) => model.state(user, course) === 'IN_PROGRESS'], ['inactiveDays=1', () => false], ['atRisk=1', () => false], [`q=${users[1]}`, (user) => user === users[1]]])
      assert.deepEqual((await get(`/api/v1/courses/${course}/learners?logs=0&${query}`)).results.map(({ userId }) => String(userId)), enrolled.filter(wanted), query);
    const percents = (await get(`/user-progress/course/${course}/all?logs=0&sortBy=progress`)).results.map(({ progressSummary }) => progressSummary.overallProgressPercent);
    assert.deepEqual(percents, enrolled.map((user) => model.percent(user, course)).sort((a, b) => b - a));
    const active = (await get(`/user-progress/course/${course}/all?logs=0&sortBy=lastActivity&order=desc`)).results.map(({ lastActivityDate, enrollments }) => lastActivityDate ?? enrollments.enrollmentDate);
    assert.deepEqual(active, [...active].sort().reverse());
    const { results: leaders } = await get(`/user-progress/course/${course}/leaderboard`);
    const wanted = enrolled.filter((user) => !isGone(model.state(user, course))).map((user) => [model.percent(user, course), model.counts(user, course).done]).sort(([a, c], [b, d]) => b - a || d - c);
    assert.deepEqual(leaders.map(({ progressPercent, completedContent }) => [progressPercent, completedContent]), wanted);
    assert.deepEqual(leaders.map(({ rank }) => rank), wanted.map(([percent, done]) => wanted.findIndex(([a, b]) => a === percent && b === done) + 1));
    const line = (await get(`/api/v1/catalog/courses?q=${course}`)).courses.find(({ id }) => id === course);
    const last = everybody.map(({ lastActivityDate }) => lastActivityDate).filter(Boolean).sort().at(-1) ?? null;
    assert.deepEqual([line.declared, line.enrollments, line.completed, line.averageProgress, line.lastActivityAt], [model.courses.get(course).declared, enrolled.length, analytics.completedUsers, analytics.averageProgress, last]);
    for (const { contentId } of analytics.contents) await compareItem(model, users, course, String(contentId), get);
  }
  for (const user of users)
    for (const { courseId, watchedSeconds } of (await get(`/api/v1/users/${user}/courses`, user)).courses) {
      const mine = [...model.records].filter(([key]) => key.startsWith(`${user} `) && model.own(key.split(' ')[1]) === courseId);
      assert.equal(watchedSeconds, mine.reduce((sum, [, { F, seconds }]) => sum + Math.max(F, seconds.size), 0), `${user} ${courseId}`);
    }
}

async function compareItem(model, users, course, item, get) {
  const enrolled = users.filter((user) => model.state(user, course)), duration = model.items.get(item).duration;
  const of = (user) => model.records.get(`${user} ${item}`);
  const { results } = await get(`/api/v1/courses/${course}/items/${item}/learners`);
  assert.deepEqual(results.map(({ userId, position, maxScore, startedAt, completedAt, updatedAt }) => [String(userId), position, maxScore, !!startedAt, !!completedAt, !!updatedAt]), enrolled.map((user) => {
    const record = of(user);
    return [user, record?.position ?? null, record?.max ?? null, !!record, record?.status === 'COMPLETED', !!record];
  }), `${course} ${item}`);
  const viewers = enrolled.map(of).filter(Boolean);
  const summary = await get(`/progress/summary/${item}`);
  const share = (part) => (viewers.length ? Math.floor((part * 10000) / viewers.length + 0.5) / 10000 : 0);
  assert.deepEqual([summary.viewers, summary.completionRate, summary.courseId, summary.durationSeconds], [viewers.length, share(viewers.filter(({ status }) => status === 'COMPLETED').length), course, duration || null], item);
  assert.ok(Math.abs(summary.averageWatchedDuration - (viewers.length && viewers.reduce((sum, { watched }) => sum + watched, 0) / viewers.length)) <= 0.5, item);
  const shown = duration && viewers.some(({ seconds }) => seconds.size);
  assert.deepEqual(summary.retention.map(({ viewers: count, share: part }) => [count, part]), Array.from({ length: shown ? duration : 0 }, (_, second) => {
    const count = viewers.filter(({ seconds }) => seconds.has(second)).length;
    return [count, share(count)];
  }), item);
  for (const user of users.filter(of)) {
    const record = of(user), parts = await get(`/progress/${user}/${item}?segments=1`, user);
    const seen = parts.segments.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
    assert.deepEqual([parts.progressPercent, parts.uniqueSeconds, parts.furthest, parts.duration, seen], [record.percent, record.seconds.size, record.F, duration || null, [...record.seconds].sort((a, b) => a - b)], `${user} ${item}`);
  }
}

for (let seed = 1; seed <= seeds; seed++)
  test(`seed ${seed}: ${steps} random requests, every face agrees with the model`, async () => {
    const random = randomizer(seed);
    const model = new Model();
    const base = seed * 1000;
    const users = [1, 2, 3, 4].map((k) => String(base + k));
    const teacher = users[3];
    const courses = [11, 12, 13].map((k) => String(base + k));
    const items = Array.from({ length: 7 }, (_, k) => String(base + 100 + k));
    const pick = (list) => list[random(list.length)];
    for (let step = 0; step < steps; step++) {
      const user = pick(users), staff = user === teacher, self = staff ? `instructor:${user}` : user, item = pick(items), course = pick(courses), named = random(3) ? course : null;
      const kind = random(12);
      let want, got;
      if (kind < 3) { // courseroom
        const status = pick(['IN_PROGRESS', 'COMPLETED', 'IN_PROGRESS']), percent = random(2) ? random(10001) / 100 : null, time = random(100);
        const system = random(5) === 0; // what SYSTEM reports of another is in earnest
        want = model.report(user, item, course, 'today', staff && !system, (r) => {
          if (percent !== null) r.E = percent;
          else if (status === 'COMPLETED') r.E = 100;
          if (status === 'COMPLETED') r.status = 'COMPLETED';
          r.time += time;
        });
        got = await server.call('POST', '/user-progress/update', { as: system ? 'system:svc' : self, body: { ...(system && { userId: Number(user) }), courseId: Number(course), courseContentId: Number(item), progressStatus: status, activityDuration: time, ...(percent !== null && { progressPercent: percent }) } });
      } else if (kind < 5) { // trk
        const percent = random(101);
        const scored = random(2) ? { score: random(40), maxScore: 40 + random(60) } : null;
        want = model.report(user, item, named, 'today', staff, (r) => { r.E = percent; r.time += 60; if (scored) [r.score, r.max] = [scored.score, scored.maxScore]; });
        got = await server.call('POST', '/api/progress', { as: self, body: { contentId: item, progressPercentage: percent, timeSpent: 1, ...scored, ...(named && { moduleId: named }) } });
        if (want === 200) want = 201;
      } else if (kind < 8) { // video: the client's instants, out of order
        const ahead = random(6) === 0; // counts as of the server's instant
        const seconds = random(130), at = ahead ? 1e9 + step : random(1000), segments = random(3) === 0 ? [[random(60), 60 + random(40)]] : null;
        const stale = !ahead && model.floors.has(`${user} ${item}`);
        want = stale ? (model.place(item, named) ?? 200) : model.report(user, item, named, ahead ? 'today' : 'then', staff, (r) => {
          if (segments) for (let s = segments[0][0]; s < segments[0][1]; s++) r.seconds.add(s);
          else r.F = Math.max(r.F, seconds);
          if (!segments && (!(at < r.positionAt) && (at > (r.positionAt ?? -Infinity) || seconds > r.position))) [r.positionAt, r.position] = [at, seconds];
          if (at > r.at || (at === r.at && seconds > r.watched)) [r.at, r.watched] = [at, seconds];
          r.most = Math.max(r.most, seconds);
          return segments;
        }, ahead ? 'player' : 'dated');
        got = await server.call('POST', '/progress/update', { as: self, body: { userId: user, videoId: item, watchedDuration: seconds, lastWatched: new Date(ahead ? Date.now() + 7200e3 : Date.UTC(2026, 0, 1) + at).toISOString(), ...(segments && { segments }), ...(named && { courseId: named }) } });
      } else if (kind === 8) { // declare
        const from = random(5);
        const contents = items.slice(from, from + 3).map((id) => ({ id, required: random(4) !== 0, durationSeconds: 100 }));
        const foreign = contents.some(({ id }) => { const other = model.items.get(id)?.course; return other && other !== course && model.courses.get(other).declared; });
        got = await server.declare(course, contents);
        want = foreign ? 400 : model.courses.get(course)?.declared ? 200 : 201;
        if (!foreign) {
          const newcomers = contents.filter(({ id }) => model.items.get(id)?.course !== course).map(({ id }) => id);
          model.declare(course, contents);
          for (const id of newcomers) for (const holder of users) if (model.adopted(holder, id, course)) model.enrol(holder, course);
        }
      } else if (kind === 9) { // the webhook
        const action = pick(['enroll', 'drop', 'expire', 'enroll']);
        const instant = random(2) ? random(1000) : null;
        const many = random(3) === 0 ? users.filter(() => random(2)) : [user];
        got = await server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: user, headers: { 'x-server-key': server.key }, body: {
          ...(many.length === 1 ? { UserId: user === many[0] ? user : many[0] } : { UserIds: many }), CourseId: course, Action: action,
          ...(instant !== null && { OccurredAt: new Date(Date.UTC(2026, 0, 1) + instant).toISOString() }) } });
        want = 200;
        for (const one of many) model.told(one, course, action, instant ?? 1e9 + step, instant !== null);
      } else if (kind === 10) { // reset
        got = await server.call('POST', '/user-progress/reset', { as: 'admin:9', body: { courseId: Number(course), userId: Number(user) } });
        const knownUser = [...model.records.keys(), ...model.enrolments.keys()].some((key) => key.startsWith(`${user} `));
        want = model.courses.has(course) && (knownUser || got.status === 200) ? 200 : 404; // a learner whose records are gone is still known
        if (want === 200) {
          const hit = [...model.items].filter(([id, place]) => model.own(id) === course && model.records.has(`${user} ${id}`)).map(([id]) => id);
          if (hit.length) model.forget(user, hit, course);
        }
      } else { // delete one, as the learner
        got = await server.call('DELETE', `/progress/${user}/${item}`, { as: user });
        want = 200;
        if (model.records.has(`${user} ${item}`)) model.forget(user, [item], model.own(item));
      }
      assert.equal(got.status, want, `step ${step}, kind ${kind}: ${got.text}`);
      if (step % 10 === 9) await compare(model, users, courses);
    }
    await compare(model, users, courses);
    await compareLists(model, users, courses);
  });
