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
    this.floors = new Set(); // "user item": reset or deleted, so what a client dates in the past is stale
  }
  declare(course, contents) {
    for (const item of this.items.values()) if (item.course === course) Object.assign(item, { course: null, retired: true });
    this.courses.set(course, { declared: true });
    for (const { id, required, durationSeconds } of contents) this.items.set(id, { course, required, duration: durationSeconds ?? 0, retired: false });
    for (const key of this.records.keys()) this.settle(...key.split(' '));
    for (const key of this.enrolments.keys()) this.complete(key);
  }
  record(user, item) {
    const key = `${user} ${item}`;
    if (!this.records.has(key)) this.records.set(key, { E: 0, F: 0, seconds: new Set(), status: 'NOT_STARTED', percent: 0, time: 0, watched: 0, at: -Infinity, own: 0 });
    return this.records.get(key);
  }
  // Refusals as statuses, or null.
  place(item, course) {
    const known = this.items.get(item);
    if (!course) return null;
    if (known?.course && known.course !== course) return 400;
    if (this.courses.get(course)?.declared && known?.course !== course) return 404;
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
  report(user, item, course, change) {
    const refused = this.place(item, course);
    if (refused) return refused;
    if (!this.items.has(item)) this.items.set(item, { course: null, required: true, duration: 0, retired: false });
    const place = this.items.get(item);
    if (course && !place.course) {
      place.course = course;
      if (!this.courses.has(course)) this.courses.set(course, { declared: false });
      for (const key of this.records.keys()) { // adoption enrols who had records
        const [holder, held] = key.split(' ');
        if (held === item) this.enrol(holder, course);
      }
    }
    const record = this.record(user, item);
    change(record);
    if (record.status === 'NOT_STARTED') record.status = 'IN_PROGRESS';
    this.settle(user, item);
    if (place.course) {
      this.enrol(user, place.course);
      const enrolment = this.enrolments.get(`${user} ${place.course}`);
      if (enrolment.state === 'ENROLLED') enrolment.state = 'WORKING';
      this.complete(`${user} ${place.course}`);
    }
    return 200;
  }
  enrol(user, course) {
    const key = `${user} ${course}`;
    if (!this.enrolments.has(key)) this.enrolments.set(key, { state: 'WORKING' });
    if (this.enrolments.get(key).state === 'ENROLLED') this.enrolments.get(key).state = 'WORKING'; // the course has progress of theirs now
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
  for (const course of courses) {
    if (!model.courses.has(course)) continue;
    const analytics = (await server.call('GET', `/user-progress/course/${course}/analytics`, { as: 'admin:9' })).json.results;
    const enrolled = users.filter((user) => model.state(user, course));
    assert.equal(analytics.totalEnrollments, enrolled.length);
    assert.equal(analytics.completedUsers, enrolled.filter((user) => model.state(user, course) === 'COMPLETED').length, `course ${course}`);
    assert.equal(analytics.activeUsers, enrolled.filter((user) => model.state(user, course) === 'IN_PROGRESS').length);
    const records = [...model.records.keys()].filter((key) => model.items.get(key.split(' ')[1]).course === course);
    assert.equal(analytics.totalActivities, records.length);
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

for (let seed = 1; seed <= seeds; seed++)
  test(`seed ${seed}: ${steps} random requests, every face agrees with the model`, async () => {
    const random = randomizer(seed);
    const model = new Model();
    const base = seed * 1000;
    const users = [1, 2, 3].map((k) => String(base + k));
    const courses = [11, 12, 13].map((k) => String(base + k));
    const items = Array.from({ length: 7 }, (_, k) => String(base + 100 + k));
    const pick = (list) => list[random(list.length)];
    for (let step = 0; step < steps; step++) {
      const user = pick(users), item = pick(items), course = pick(courses), named = random(3) ? course : null;
      const kind = random(12);
      let want, got;
      if (kind < 3) { // courseroom
        const status = pick(['IN_PROGRESS', 'COMPLETED', 'IN_PROGRESS']), percent = random(2) ? random(10001) / 100 : null, time = random(100);
        want = model.report(user, item, course, (r) => {
          if (percent !== null) r.E = percent;
          else if (status === 'COMPLETED') r.E = 100;
          if (status === 'COMPLETED') r.status = 'COMPLETED';
          r.time += time;
        });
        got = await server.call('POST', '/user-progress/update', { as: user, body: { courseId: Number(course), courseContentId: Number(item), progressStatus: status, activityDuration: time, ...(percent !== null && { progressPercent: percent }) } });
      } else if (kind < 5) { // trk
        const percent = random(101);
        want = model.report(user, item, named, (r) => { r.E = percent; r.time += 60; });
        got = await server.call('POST', '/api/progress', { as: user, body: { contentId: item, progressPercentage: percent, timeSpent: 1, ...(named && { moduleId: named }) } });
        if (want === 200) want = 201;
      } else if (kind < 8) { // video: the client's instants, out of order
        const seconds = random(130), at = random(1000), segments = random(3) === 0 ? [[random(60), 60 + random(40)]] : null;
        const stale = model.floors.has(`${user} ${item}`);
        want = stale ? (model.place(item, named) ?? 200) : model.report(user, item, named, (r) => {
          if (segments) for (let s = segments[0][0]; s < segments[0][1]; s++) r.seconds.add(s);
          else r.F = Math.max(r.F, seconds);
          if (at > r.at || (at === r.at && seconds > r.watched)) [r.at, r.watched] = [at, seconds];
        });
        got = await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: item, watchedDuration: seconds, lastWatched: new Date(Date.UTC(2026, 0, 1) + at).toISOString(), ...(segments && { segments }), ...(named && { courseId: named }) } });
      } else if (kind === 8) { // declare
        const from = random(5);
        const contents = items.slice(from, from + 3).map((id) => ({ id, required: random(4) !== 0, durationSeconds: 100 }));
        const foreign = contents.some(({ id }) => { const other = model.items.get(id)?.course; return other && other !== course && model.courses.get(other).declared; });
        got = await server.declare(course, contents);
        want = foreign ? 400 : model.courses.get(course)?.declared ? 200 : 201;
        if (!foreign) {
          const newcomers = contents.filter(({ id }) => model.items.get(id)?.course !== course).map(({ id }) => id);
          model.declare(course, contents);
          for (const id of newcomers) for (const holder of users) if (model.records.has(`${holder} ${id}`)) model.enrol(holder, course);
        }
      } else if (kind === 9) { // the webhook
        const action = pick(['enroll', 'drop', 'expire', 'enroll']);
        got = await server.call('POST', '/api/v1/progress/Webhook/enrollment-updated', { as: user, headers: { 'x-server-key': server.key }, body: { UserId: user, CourseId: course, Action: action } });
        want = 200;
        const key = `${user} ${course}`, enrolment = model.enrolments.get(key);
        const started = [...model.items].some(([id, place]) => place.course === course && model.records.has(`${user} ${id}`));
        if (action === 'enroll' && !enrolment) {
          if (!model.courses.has(course)) model.courses.set(course, { declared: false });
          model.enrolments.set(key, { state: started ? 'WORKING' : 'ENROLLED' });
          model.complete(key);
        } else if (action === 'enroll' && ['DROPPED', 'EXPIRED'].includes(enrolment.state)) {
          enrolment.state = started ? 'WORKING' : 'ENROLLED';
          model.complete(key);
        } else if (action !== 'enroll' && enrolment) {
          enrolment.state = action === 'drop' ? 'DROPPED' : 'EXPIRED';
        }
      } else if (kind === 10) { // reset
        got = await server.call('POST', '/user-progress/reset', { as: 'admin:9', body: { courseId: Number(course), userId: Number(user) } });
        const knownUser = [...model.records.keys(), ...model.enrolments.keys()].some((key) => key.startsWith(`${user} `));
        want = model.courses.has(course) && (knownUser || got.status === 200) ? 200 : 404; // a learner whose records are gone is still known
        if (want === 200) {
          const hit = [...model.items].filter(([id, place]) => place.course === course && model.records.has(`${user} ${id}`)).map(([id]) => id);
          if (hit.length) model.forget(user, hit, course);
        }
      } else { // delete one, as the learner
        got = await server.call('DELETE', `/progress/${user}/${item}`, { as: user });
        want = 200;
        if (model.records.has(`${user} ${item}`)) model.forget(user, [item], model.items.get(item).course);
      }
      assert.equal(got.status, want, `step ${step}, kind ${kind}: ${got.text}`);
      if (step % 10 === 9) await compare(model, users, courses);
    }
    await compare(model, users, courses);
  });
