// What one caller's answers cost, and what they say when another caller's command came between.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from './server.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.equal((await server.discard()).code, 0, server.log);
});

const courses = '/api/v1/catalog/courses';

test('a course is PUT and DELETEd by many at once', async () => {
  const contents = Array.from({ length: 50 }, (_, i) => ({ id: `pd-${i}`, title: 't'.repeat(200) }));
  const until = Date.now() + 2000;
  const seen = {};
  await Promise.all(Array.from({ length: 16 }, async (_, client) => {
    for (let n = client; Date.now() < until; n++) {
      const { status, json } = await server.call(n % 2 ? 'PUT' : 'DELETE', `${courses}/pd`, { as: 'admin:900', body: n % 2 ? { title: 'x', contents } : undefined });
      if (n % 2) assert.deepEqual([json.id, json.declared, json.contents.length], ['pd', true, 50]);
      seen[status] = (seen[status] ?? 0) + 1;
    }
  }));
  assert.ok(seen[201] && seen[200] && seen[404], JSON.stringify(seen));
  assert.deepEqual(Object.keys(seen).sort(), ['200', '201', '404']);
});

test('a PUT answers what a GET shows, body and tag, small and large', async () => {
  await server.call('POST', '/progress/update', { as: 'seen', body: { userId: 'seen', videoId: 'pg-0', watchedDuration: 1 } });
  const full = { title: 'Whole', description: 'd', staff: [{ userId: 'i1', role: 'owner' }], contents: [{ id: 'pg-0' }, { id: 'pg-1', title: 'One', type: 'Lab', section: 's', durationSeconds: 12.5, required: false, threshold: 80.25 }] };
  const large = { contents: Array.from({ length: 3000 }, (_, i) => ({ id: `pl-${i}`, title: `Item ${i}`, required: i % 2 === 0 })) };
  for (const [id, body] of [['pg', full], ['pe', {}], ['pl', large]]) {
    const put = await server.call('PUT', `${courses}/${id}`, { as: 'admin:900', body });
    const got = await server.call('GET', `${courses}/${id}`, { as: 'admin:900' });
    assert.equal(put.status, 201, put.text);
    assert.equal(put.text, got.text);
    assert.equal(put.headers.get('etag'), got.headers.get('etag'));
    assert.equal((await server.call('PUT', `${courses}/${id}`, { as: 'admin:900', body })).status, 200);
  }
});

test('a large PUT is refused, replayed and read as a small one', async () => {
  const body = { contents: Array.from({ length: 3000 }, (_, i) => ({ id: `pr-${i}`, title: 'Item of the course' })) };
  const headers = { 'idempotency-key': 'large-put' };
  const first = await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body, headers });
  const again = await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body, headers });
  assert.equal(first.status, 201);
  assert.equal(again.headers.get('idempotent-replayed'), 'true');
  assert.equal(again.text, first.text);
  body.contents[2999].id = 'pr-0';
  const twice = await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body });
  assert.deepEqual([twice.status, twice.json.errors?.[0].field], [400, 'contents.id']);
  assert.equal((await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body: { contents: Array(10001).fill({ id: 'x' }) } })).json.errors?.[0].field, 'contents');
  assert.equal((await server.call('PUT', `${courses}/pr`, { as: 'admin:900', body: { staff: Array(1001).fill({ userId: 'x', role: 'owner' }) } })).json.errors?.[0].field, 'staff');
});

// Reports of items p-0 .. p-(count-1), by syncs of 1,000; lastWatched goes up by a second each.
async function watch(user, count, more = () => ({}), prefix = user) {
  for (let start = 0; start < count; start += 1000) {
    const progressData = Array.from({ length: Math.min(1000, count - start) }, (_, k) => ({ videoId: `${prefix}-${start + k}`, watchedDuration: start + k, lastWatched: new Date(1.7e12 + (start + k) * 1000).toISOString(), ...more(start + k) }));
    const { status, json } = await server.call('POST', '/progress/sync', { as: user, body: { userId: user, progressData } });
    assert.equal(status, 200);
    assert.ok(json.results.every(({ result }) => result === 'applied'), JSON.stringify(json.results.find(({ result }) => result !== 'applied')));
    assert.equal(json.progressData.length, progressData.length);
  }
}

for (const count of [30, 1700]) { // on an event loop, and on a worker
  test(`GET /progress/{userId} pages ${count} records, newest first, each once while others change`, async () => {
    const user = `pager-${count}`;
    await watch(user, count);
    const all = (await server.call('GET', `/progress/${user}`, { as: user })).json;
    assert.deepEqual(Object.keys(all), ['userId', 'progressData']);
    assert.deepEqual(all.progressData.map(({ videoId }) => videoId), Array.from({ length: count }, (_, i) => `${user}-${count - 1 - i}`));
    const seen = [];
    for (let cursor = '', page = 0; cursor !== undefined; page++) {
      const { status, json } = await server.call('GET', `/progress/${user}?limit=${Math.ceil(count / 7)}&cursor=${cursor}`, { as: user });
      assert.equal(status, 200);
      seen.push(...json.progressData.map(({ videoId }) => videoId));
      cursor = json.nextCursor;
      // One that was shown comes to the front, one that was not is deleted, a new one comes.
      await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: `${user}-${count - 1}`, watchedDuration: page } });
      await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: `${user}-new-${page}`, watchedDuration: page } });
      if (page === 0) await server.call('DELETE', `/progress/${user}/${user}-0`, { as: user });
    }
    assert.deepEqual(seen, Array.from({ length: count - 1 }, (_, i) => `${user}-${count - 1 - i}`));
    const mark = (await server.call('GET', `/progress/${user}?limit=1`, { as: user })).json.progressData[0].lastWatched;
    assert.deepEqual((await server.call('GET', `/progress/${user}?since=${mark}`, { as: user })).json.progressData, []);
    await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: `${user}-3`, watchedDuration: 9999, lastWatched: '2023-12-01T00:00:00Z' } });
    const since = (await server.call('GET', `/progress/${user}?since=${mark}`, { as: user })).json;
    assert.deepEqual(since.progressData.map(({ videoId }) => videoId), [`${user}-3`]);
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'cursor=1', 'cursor=1.2.3', 'cursor=+1.2', 'cursor=1.x', 'since=yesterday']) {
      const { status, json } = await server.call('GET', `/progress/${user}?${query}`, { as: user });
      assert.deepEqual([status, json.errors?.[0].field], [400, query.split('=')[0]], query);
    }
    assert.equal((await server.call('GET', `/progress/${user}`, { as: 'other' })).status, 403);
  });

  test(`engagement of ${count} videos: the ten most watched, the tie by id`, async () => {
    const user = `fan-${count}`;
    await watch(user, count, (i) => ({ watchedDuration: i % 7 === 0 ? 5000 : i }));
    const { json } = await server.call('GET', `/progress/engagement/${user}`, { as: user });
    const expected = Array.from({ length: count }, (_, i) => ({ videoId: `${user}-${i}`, watchedDuration: i % 7 === 0 ? 5000 : i }))
      .sort((a, b) => b.watchedDuration - a.watchedDuration || (a.videoId < b.videoId ? -1 : 1));
    assert.deepEqual(json.mostWatchedVideos, expected.slice(0, 10));
    assert.deepEqual([json.totalVideos, json.totalWatchedDuration], [count, expected.reduce((sum, { watchedDuration }) => sum + watchedDuration, 0)]);
  });
}

test('retention of a video of many viewers is counted on a worker, and again when anybody changes', async () => {
  const report = (i, segments) => server.call('POST', '/progress/update', { as: 'system:s', body: { userId: `viewer-${i}`, videoId: 'seen-by-many', watchedDuration: 10, duration: 200, segments } });
  for (let i = 0; i < 600; i += 50)
    await Promise.all(Array.from({ length: 50 }, (_, k) => report(i + k, [[0, 2], [100, (i + k) % 2 ? 110.5 : 100]])));
  const summary = async () => (await server.call('GET', '/progress/summary/seen-by-many', { as: 'anybody' })).json;
  const first = await Promise.all(Array.from({ length: 8 }, summary));
  for (const { viewers, retention } of first) {
    assert.equal(viewers, 600);
    assert.equal(retention.length, 100);
    assert.deepEqual(retention[0], { from: 0, to: 2, viewers: 600, share: 1 });
    assert.deepEqual(retention[55], { from: 110, to: 112, viewers: 300, share: 0.5 });
    assert.equal(retention[56].viewers, 0);
  }
  await report(7, [[112, 112.001]]); // the same seconds watched: only a segment is new
  assert.deepEqual((await summary()).retention[56], { from: 112, to: 114, viewers: 1, share: 0.0017 });
  await server.call('DELETE', '/progress/viewer-7/seen-by-many', { as: 'system:s' });
  const after = await summary();
  assert.deepEqual([after.viewers, after.retention[56].viewers, after.retention[55].viewers], [599, 0, 299]);
  await report(8, []);
  assert.equal((await server.call('PUT', `${courses}/rm`, { as: 'admin:900', body: { contents: [{ id: 'seen-by-many', durationSeconds: 50 }] } })).status, 201);
  const declared = await summary();
  assert.deepEqual([declared.viewers, declared.retention.length, declared.retention[1].viewers, declared.retention[2].viewers], [599, 50, 599, 0]);
});

test('a sync that names a video twice shows it once, in the order named', async () => {
  const progressData = [{ videoId: 'tw-b', watchedDuration: 1 }, { videoId: 'tw-a', watchedDuration: 2 }, { videoId: 'tw-b', watchedDuration: 3 }];
  const { json } = await server.call('POST', '/progress/sync', { as: 'twice', body: { userId: 'twice', progressData } });
  assert.deepEqual(json.progressData.map(({ videoId, watchedDuration }) => [videoId, watchedDuration]), [['tw-b', 3], ['tw-a', 2]]);
});

for (const count of [40, 1300]) { // in one step on an event loop; in several on a worker
  test(`trk: ${count} records of one learner, paged with their logs, by type and by module`, async () => {
    const user = `trk-${count}`;
    const contents = Array.from({ length: count }, (_, i) => ({ id: `${user}-${i}`, ...(i % 4 && { type: ['', 'Video', 'video', 'Quiz'][i % 4] }) }));
    assert.equal((await server.call('PUT', `${courses}/m-${user}`, { as: 'admin:900', body: { title: 'M', contents } })).status, 201);
    await watch(user, count);
    for (let i = 0; i < 3; i++) await server.call('POST', '/api/progress/log', { as: user, body: { user_id: user, n: i, date: `2025-01-0${i + 1}` } });
    const all = (await server.call('GET', `/api/progress/${user}`, { as: user })).json;
    assert.deepEqual([all.data.progress.length, all.progress_logs.length, all.data.statistics.total, all.nextCursor], [count, 3, count, undefined]);
    const records = [], logs = [];
    for (let cursor = ''; cursor !== undefined;) {
      const { status, json } = await server.call('GET', `/api/progress/${user}?limit=${Math.ceil(count / 3) - 1}${cursor && `&cursor=${cursor}`}`, { as: user });
      assert.deepEqual([status, json.data.statistics.total], [200, count]);
      records.push(...json.data.progress.map(({ id }) => id));
      logs.push(...json.progress_logs.map(({ n }) => n));
      cursor = json.nextCursor;
    }
    assert.deepEqual(records, all.data.progress.map(({ id }) => id));
    assert.deepEqual(logs, [2, 1, 0]);
    const videos = (await server.call('GET', `/api/progress/${user}?contentType=VIDEO&limit=1`, { as: user })).json.data.statistics.total;
    const module = (await server.call('GET', `/api/progress/${user}/m-${user}`, { as: user })).json.data;
    assert.equal(module.progress.length, count);
    assert.deepEqual(module.statistics.progressByType, { video: count - Math.floor(count / 4), lab: 0, game: 0, document: 0, Quiz: Math.floor(count / 4) });
    assert.equal(videos, module.statistics.progressByType.video); // 0: learnt from the player
    const staff = (await server.call('GET', `/api/progress/${user}?moduleId=m-${user}`, { as: 'instructor:i9' })).json;
    assert.deepEqual([staff.data.statistics.total, staff.progress_logs], [count, []]);
    for (const cursor of ['1.2.3', '1.2.3.4.5', 'x']) assert.equal((await server.call('GET', `/api/progress/${user}?cursor=${cursor}`, { as: user })).json.errors?.[0].field, 'cursor');
    const table = await server.call('GET', `/api/progress/${user}`, { as: user, headers: { accept: 'text/csv' } });
    assert.equal(table.text.trim().split('\r\n').length, 4);
  });
}

test('trk: every type is listed, however many there are', async () => {
  const contents = Array.from({ length: 100 }, (_, i) => ({ id: `ty-${i}`, type: `kind ${i}` }));
  await server.call('PUT', `${courses}/types`, { as: 'admin:900', body: { contents } });
  await watch('ty', 100);
  const { json } = await server.call('GET', '/api/progress/ty/types', { as: 'ty' });
  assert.equal(Object.keys(json.data.statistics.progressByType).length, 104);
});

test('trk: statistics of a module list everybody once, best first, page by page and as a table', async () => {
  const contents = Array.from({ length: 60 }, (_, i) => ({ id: `st-${i}`, type: `kind ${i % 30}`, required: i < 50 }));
  await server.call('PUT', `${courses}/st`, { as: 'admin:900', body: { contents } });
  for (let i = 0; i < 60; i++) { // i of the items completed; the last two of them optional
    const progressData = contents.slice(0, i + 1).map(({ id }) => ({ videoId: id, watchedDuration: 100, duration: 100, courseId: 'st' }));
    await server.call('POST', '/progress/sync', { as: `st-${i}`, body: { userId: `st-${i}`, progressData } });
  }
  const url = '/api/progress/stats/st';
  const all = (await server.call('GET', url, { as: 'admin:900' })).json.data;
  assert.deepEqual([all.enrollments, all.overview, all.userProgressSummary.length], [60, { totalUsers: 60, totalContent: 60, totalProgress: 60 * 61 / 2 }, 60]);
  assert.equal(Object.keys(all.completionRates).length, 30);
  assert.deepEqual(all.userProgressSummary.map(({ user }) => user.id), Array.from({ length: 60 }, (_, i) => `st-${59 - i}`));
  assert.deepEqual(all.userProgressSummary.slice(9, 12).map(({ completionPercentage, contentProgress }) => [completionPercentage, contentProgress.length]), [[100, 51], [100, 50], [98, 49]]);
  const pages = [];
  for (let page = 1; page <= 4; page++) pages.push(...(await server.call('GET', `${url}?page=${page}&limit=25`, { as: 'admin:900' })).json.data.userProgressSummary);
  assert.deepEqual(pages, all.userProgressSummary);
  const twenties = []; // page alone: 20 a page
  for (let page = 1; page <= 4; page++) twenties.push(...(await server.call('GET', `${url}?page=${page}`, { as: 'admin:900' })).json.data.userProgressSummary);
  assert.deepEqual(twenties, all.userProgressSummary);
  assert.equal((await server.call('GET', `${url}?page=2`, { as: 'admin:900', headers: { accept: 'text/csv' } })).text.trim().split('\r\n').length, 61);
  const rows = (await server.call('GET', url, { as: 'admin:900', headers: { accept: 'text/csv' } })).text.trim().split('\r\n');
  assert.deepEqual([rows.length, rows[0]], [61, 'user.id,user.username,user.email,completionPercentage,completedContent,totalTimeSpent,enrollment.enrolledAt,enrollment.status,contentProgress']);
  assert.match(rows[60], /^st-0,st-0,,2,1,0,/);
  assert.equal((await server.call('GET', '/api/progress/stats/none', { as: 'admin:900' })).status, 404);
});

for (const count of [12, 900]) // items of each module
  test(`trk: labs and games over modules of ${count} items`, async () => {
    const user = `lab-${count}`;
    const uuid = `AAAAAAAA-BBBB-4CCC-8DDD-${String(count).padStart(12, '0')}`;
    for (const [id, prefix] of [[uuid, 'u'], [`lm-${count}`, 'v'], [`lx-${count}`, 'x']]) // the last one is nobody's
      await server.call('PUT', `${courses}/${id}`, { as: 'admin:900', body: { title: `Module ${prefix}`, contents: Array.from({ length: count }, (_, i) => ({ id: `${prefix}${count}-${i}`, type: i % 3 ? 'Lab' : 'game' })) } });
    const report = (contentId, progressPercentage, more) => server.call('POST', '/api/progress', { as: user, body: { contentId, progressPercentage, ...more } });
    assert.equal((await report(`u${count}-1`, 50, { score: 3, maxScore: 4 })).status, 201);
    assert.equal((await report(`u${count}-2`, 100)).status, 201);
    assert.equal((await report(`v${count}-1`, 99.9)).json.data.progressPercentage, 99);
    assert.equal((await report(`alone-${count}`, 10, { contentType: 'lab' })).status, 201);
    const labs = (query = '', as = user) => server.call('GET', `/api/progress/${user}/labs${query}`, { as });
    const { data } = (await labs()).json;
    const perModule = Array.from({ length: count }, (_, i) => i).filter((i) => i % 3).length;
    assert.equal(data.labs.length, 2 * perModule + 1);
    assert.deepEqual(data.labs.map(({ id }) => id), [...['u', 'v'].flatMap((p) => Array.from({ length: count }, (_, i) => i).filter((i) => i % 3).map((i) => `${p}${count}-${i}`)), `alone-${count}`]);
    assert.deepEqual(data.statistics, { total: 2 * perModule + 1, completed: 1, inProgress: 3, notStarted: 2 * perModule - 3, averageProgress: Math.round((50 + 100 + 99.9 + 10) / (2 * perModule + 1)), averageScore: 3, totalTimeSpent: 0 });
    assert.deepEqual(data.modules.map(({ module, enrollment, labs: inside, statistics }) => [module.id, enrollment.status, inside.length, statistics.total]), [[uuid.toLowerCase(), 'in-progress', perModule, perModule], [`lm-${count}`, 'in-progress', perModule, perModule]]);
    assert.deepEqual([data.labs.at(-1).module, data.labs[0].module.title, data.labs[0].progress.score], [null, 'Module u', 3]);
    const one = (await labs(`?moduleId=${uuid}&status=in-progress`)).json.data;
    assert.deepEqual([one.labs.map(({ id }) => id), one.modules.length, one.statistics.total], [[`u${count}-1`], 1, 1]);
    const completed = (await labs('?status=completed&moduleId=')).json.data;
    assert.deepEqual([completed.labs.length, completed.modules.length], [1, 1]);
    assert.deepEqual((await labs('?moduleId=unknown')).json.data.labs, []);
    assert.deepEqual((await server.call('GET', `/api/progress/${user}/games`, { as: user })).json.data.modules.map(({ games }) => games.length), [count - perModule, count - perModule]);
    assert.deepEqual([(await labs('?status=x')).json.errors[0].field, (await labs('', 'somebody')).status], ['status', 403]);
    assert.deepEqual((await server.call('GET', '/api/progress/never-seen/labs', { as: 'never-seen' })).json.data, { labs: [], statistics: { total: 0, completed: 0, inProgress: 0, notStarted: 0, averageProgress: 0, averageScore: null, totalTimeSpent: 0 }, modules: [] });
  });

for (const count of [8, 900]) // videos of each course
  test(`pts: summary, course and videos over courses of ${count} videos`, async () => {
    const user = `pts-${count}`;
    for (let c = 0; c < 7; c++) {
      const contents = Array.from({ length: count }, (_, i) => ({ id: `p${count}-${c}-${i}`, title: `Video ${i}`, ...(i === 0 ? { type: 'lab' } : i === 1 ? { type: 'VIDEO' } : {}) }));
      await server.call('PUT', `${courses}/pc${count}-${c}`, { as: 'admin:900', body: { title: `Course ${c}`, contents } });
      await server.call('POST', '/api/v1/Progress/video', { as: user, body: { userId: user, videoid: `p${count}-${c}-2`, CURRENTTIMESECONDS: 90, TotalDurationSeconds: 90 } });
    }
    await server.call('POST', '/api/v1/Progress/video', { as: user, body: { UserId: user, VideoId: `p${count}-0-1`, CurrentTimeSeconds: 30 } });
    await server.call('POST', '/api/v1/Progress/Webhook/enrollment-updated', { as: 'system:s', headers: { 'x-server-key': server.key }, body: { UserId: user, CourseId: `pc${count}-6`, Action: 'drop' } });
    const get = (path, as = user) => server.call('GET', `/api/v1/progress/${path}`, { as });
    const { recentCourses, ...sums } = (await get(`summary/${user}`)).json;
    assert.deepEqual(sums, { userId: user, totalCoursesEnrolled: 6, completedCourses: 0, totalVideosWatched: 7, totalWatchTimeHours: 0.18 });
    assert.deepEqual(recentCourses.map(({ courseId }) => courseId), [0, 5, 4, 3, 2].map((c) => `pc${count}-${c}`));
    const percent = Math.round(10000 / count) / 100;
    assert.deepEqual({ ...recentCourses[0], id: 0, lastAccessed: 0 }, { id: 0, courseId: `pc${count}-0`, courseTitle: 'Course 0', completedVideos: 1, totalVideos: count - 1, completionPercentage: percent, totalWatchTimeSeconds: 120, lastAccessed: 0, videoProgresses: [] });
    const course = (await get(`COURSE/${user}/pc${count}-0`)).json;
    assert.deepEqual({ ...course, videoProgresses: [] }, recentCourses[0]);
    const videos = (await get(`videos/${user}/pc${count}-0`)).json;
    assert.deepEqual(course.videoProgresses, videos);
    assert.deepEqual(videos.map(({ videoId }) => videoId), Array.from({ length: count - 1 }, (_, i) => `p${count}-0-${i + 1}`));
    assert.deepEqual(videos.slice(0, 3).map(({ id, currentTimeSeconds, completionPercentage, isCompleted, lastWatched }) => [id > 0, currentTimeSeconds, completionPercentage, isCompleted, lastWatched !== null]), [[true, 30, 0, false, true], [true, 90, 100, true, true], [false, 0, 0, false, false]]);
    assert.equal(videos[2].id, null);
    assert.deepEqual([(await get('summary/never', 'never')).status, (await get(`course/${user}/nope`)).status, (await get(`summary/${user}`, 'other')).status], [404, 404, 403]);
  });

test('the catalogue is listed whole or in pages', async () => {
  const ids = Array.from({ length: 45 }, (_, i) => `page-${i}`);
  for (const id of ids) await server.call('PUT', `${courses}/${id}`, { as: 'admin:900', body: { title: `T ${id}` } });
  const list = async (query = '') => (await server.call('GET', `${courses}${query}`, { as: 'admin:900' })).json;
  const all = await list();
  assert.deepEqual(Object.keys(all), ['courses']);
  assert.deepEqual(all.courses.slice(-45), ids.map((id) => ({ id, title: `T ${id}`, declared: true, contents: 0, enrollments: 0, completed: 0, averageProgress: 0, lastActivityAt: null })));
  const total = all.courses.length, seen = [];
  for (let page = 1, more = true; more; page++) {
    const { courses: some, pagination } = await list(`?page=${page}&limit=7`);
    assert.deepEqual(pagination, { page, limit: 7, total, totalPages: Math.ceil(total / 7), hasMore: page * 7 < total });
    seen.push(...some);
    more = pagination.hasMore;
  }
  assert.deepEqual(seen, all.courses);
  assert.deepEqual([(await list('?page=1')).courses.length, (await list('?limit=3')).pagination.page, (await list('?page=99')).courses], [20, 1, []]);
  for (const query of ['page=0', 'limit=0', 'limit=101', 'page=x'])
    assert.equal((await list(`?${query}`)).errors[0].field, query.split('=')[0]);
});

for (const count of [3, 1200]) // items of the course: on an event loop, on a worker
  test(`a course of ${count} items shows a type once it is learnt, under another tag, and forgets it with who taught it`, async () => {
    const id = `learn-${count}`, url = `${courses}/${id}`;
    const contents = Array.from({ length: count }, (_, i) => ({ id: `${id}-${i}` }));
    const put = await server.call('PUT', url, { as: 'admin:900', body: { contents } });
    const get = (tag) => server.call('GET', url, { as: 'admin:900', headers: tag ? { 'if-none-match': tag } : {} });
    const first = put.headers.get('etag');
    assert.deepEqual([(await get()).headers.get('etag'), (await get(first)).status], [first, 304]);
    await server.call('POST', '/progress/update', { as: `t-${id}`, body: { userId: `t-${id}`, videoId: `${id}-1`, watchedDuration: 1 } });
    const learnt = await get(first);
    assert.deepEqual([learnt.status, learnt.json.contents.map(({ type }) => type).slice(0, 3)], [200, ['other', 'video', 'other']]);
    assert.equal((await server.call('DELETE', url, { as: 'admin:900', headers: { 'if-match': first } })).status, 412);
    await server.call('POST', '/progress/update', { as: `u-${id}`, body: { userId: `u-${id}`, videoId: `${id}-1`, watchedDuration: 1 } }); // nothing new
    assert.equal((await get(learnt.headers.get('etag'))).status, 304);
    await server.call('POST', '/progress/update', { as: `u-${id}`, body: { userId: `u-${id}`, videoId: `${id}-2`, watchedDuration: 1 } });
    const both = await get(learnt.headers.get('etag'));
    await server.call('DELETE', `/api/v1/users/u-${id}`, { as: 'admin:900' });
    const forgotten = await get(both.headers.get('etag'));
    assert.deepEqual([both.json.contents[2].type, forgotten.status, forgotten.json.contents.map(({ type }) => type).slice(0, 3)], ['video', 200, ['other', 'video', 'other']]);
  });

test('a threshold set anew shows in courses under another tag', async () => {
  const { tmpdir } = await import('node:os');
  const { mkdtempSync } = await import('node:fs');
  const directory = mkdtempSync(`${tmpdir()}/milepost-wire-`);
  let tag;
  for (const [threshold, status] of [['95', 200], ['80', 200], ['80', 304]]) {
    const one = await Server.start({ directory, flags: ['--completion-threshold', threshold] });
    if (!tag) await one.declare('c', [{ id: 'v' }]);
    const got = await one.call('GET', `${courses}/c`, { as: 'admin:900', headers: tag ? { 'if-none-match': tag } : {} });
    assert.equal(got.status, status);
    if (status === 200) assert.equal(got.json.contents[0].threshold, Number(threshold));
    tag = got.headers.get('etag');
    await one.stop();
  }
});

test('trk: PUT complete gives a completed record a score only when it had none; POST overwrites it', async () => {
  const post = (more) => server.call('POST', '/api/progress', { as: 'scored', body: { contentId: 'sc', progressPercentage: 10, ...more } });
  const { id } = (await post({})).json.data;
  const complete = async (body) => { const { score, maxScore, progressPercentage } = (await server.call('PUT', `/api/progress/${id}/complete`, { as: 'scored', body })).json.data; return [score, maxScore, progressPercentage]; };
  assert.deepEqual(await complete(undefined), [null, null, 100]);
  assert.deepEqual(await complete({ score: 4 }), [4, null, 100]);
  assert.deepEqual(await complete({ score: 3, maxScore: 8 }), [4, 8, 100]);
  const over = (await post({ score: 1, maxScore: 2 })).json.data;
  assert.deepEqual([over.score, over.maxScore, over.scorePercentage, over.progressPercentage, over.status], [1, 2, 50, 100, 'completed']);
  assert.deepEqual(await complete({ score: 2 }), [1, 2, 100]);
});
