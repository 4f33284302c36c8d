// Lists of a course's learners, tables, and answers that are made while they are sent. Contract 3 and 7.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Stream } from './live.mjs';
import { Server } from './server.mjs';

let server;
before(async () => (server = await Server.start()));
after(async () => {
  const end = await server.discard();
  assert.equal(end.code, 0, server.log);
});

const admin = 'admin:9';

async function report(user, course, item, more = {}) {
  const answer = await server.call('POST', '/user-progress/update', {
    as: user,
    body: { courseId: course, courseContentId: item, progressStatus: 'IN_PROGRESS', ...more },
  });
  assert.equal(answer.status, 200, answer.text);
}

async function list(path, as = admin, headers = {}) {
  const answer = await server.call('GET', path, { as, headers });
  assert.equal(answer.status, 200, answer.text);
  return answer;
}

const csv = async (path, as = admin) => {
  const answer = await list(path, as, { accept: 'text/csv' });
  assert.match(answer.headers.get('content-type'), /^text\/csv/);
  return answer.text;
};

// RFC 4180, in few words.
function parse(text) {
  const rows = [[]];
  let cell = '';
  for (let i = 0, quoted = false; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') cell += text[++i];
    else if (c === '"') quoted = !quoted;
    else if (!quoted && c === ',') rows.at(-1).push(cell), (cell = '');
    else if (!quoted && c === '\r' && text[i + 1] === '\n') rows.at(-1).push(cell), (cell = ''), rows.push([]), i++;
    else cell += c;
  }
  assert.equal(cell, '');
  assert.deepEqual(rows.pop(), []);
  return rows;
}

test('a CSV of /all without limit holds all rows, with one a page', async () => {
  await server.declare(10, [1, 2].map((id) => ({ id: String(id + 100), type: 'video' })));
  for (let user = 1; user <= 53; user++) await report(user, 10, 101, { metadata: { say: `"${user}", =x` } });
  const json = (await list('/user-progress/course/10/all?limit=100')).json;
  const rows = parse(await csv('/user-progress/course/10/all'));
  assert.equal(rows.length, 54);
  assert.equal(rows[0].join(), 'userId,enrollments.v_created_date,enrollments.v_created_time,enrollments.v_updated_date,' +
    'enrollments.v_updated_time,enrollments.enrollmentId,enrollments.userId,enrollments.courseId,enrollments.enrollmentStatus,' +
    'enrollments.enrollmentDate,enrollments.completionDate,enrollments.certificateUrl,enrollments.enrollment_created_at,' +
    'enrollments.enrollment_updated_at,activityLogs,progressSummary.totalContent,progressSummary.completedContent,' +
    'progressSummary.overallProgressPercent,lastActivityDate,timeSpent');
  json.results.forEach((item, i) => {
    const row = Object.fromEntries(rows[0].map((name, k) => [name, rows[i + 1][k]]));
    assert.equal(row.userId, String(item.userId));
    assert.equal(row['enrollments.enrollmentDate'], item.enrollments.enrollmentDate);
    assert.equal(row['enrollments.completionDate'], '');
    assert.deepEqual(JSON.parse(row.activityLogs), item.activityLogs);
    assert.equal(row['progressSummary.totalContent'], '2');
  });
  assert.equal(parse(await csv('/user-progress/course/10/all?limit=7&page=8')).length, 1 + 4);
  assert.deepEqual(parse(await csv('/user-progress/course/10/all?status=CERTIFIED')), [rows[0]]); // no rows, the same header
  const leaders = parse(await csv('/user-progress/course/10/leaderboard'));
  assert.equal(leaders.length, 54);
  assert.equal(leaders[0].join(), 'rank,userId,progressPercent,completedContent,totalContent,totalActivityHours,lastActivityDate,enrollmentStatus');
  assert.deepEqual(leaders.slice(1).map((row) => row[0]), Array(53).fill('1'));
});

test('cursor: whoever stays comes once, however many come, go or move', async () => {
  await server.declare(11, [{ id: '111' }, { id: '112' }]);
  for (let user = 200; user < 240; user++) await report(user, 11, 111, user % 2 ? { progressPercent: 100 } : {});
  for (const query of ['', 'sortBy=progress', 'sortBy=progress&order=asc', 'sortBy=enrollmentDate&order=desc', 'sortBy=completionDate', 'status=IN_PROGRESS']) {
    const before = (await list(`/user-progress/course/11/all?${query}&limit=100`)).json;
    const met = [];
    let cursor = '', pages = 0;
    do {
      const page = (await list(`/user-progress/course/11/all?${query}&limit=7${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).json;
      met.push(...page.results.map((item) => item.userId));
      cursor = page.nextCursor;
      assert.equal(page.pagination.hasMore, cursor !== null);
      assert.equal(page.pagination.page, 1);
      await report(300 + met.length + pages++ * 100, 11, 112); // somebody comes
    } while (cursor);
    const stayed = before.results.map((item) => item.userId);
    assert.deepEqual(met.filter((user) => stayed.includes(user)), stayed, query);
    assert.equal(new Set(met).size, met.length);
  }
  assert.equal((await list('/user-progress/course/11/all?page=1&cursor=')).json.pagination.page, 1); // empty: not given
  for (const bad of ['cursor=x', 'cursor=ua.0.0.', 'cursor=pd.0.0.31', 'cursor=ua.0.0.3', 'cursor=ua.0.0.00', 'cursor=ua..0.31', 'page=2&cursor=ua.0.0.31'])
    assert.equal((await server.call('GET', `/user-progress/course/11/all?${bad}`, { as: admin })).status, 400, bad);
});

test('bulk: what is asked as often as it is asked; ids are integers', async () => {
  await report(400, 12, 121, { activityDuration: 5 });
  const bulk = (userIds) => server.call('POST', '/user-progress/bulk', { as: admin, body: { courseId: 12, userIds } });
  const answer = await bulk(['400', 77, 400, 400]);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json.results.map((item) => item.userId), [400, 77, 400, 400]);
  assert.deepEqual(answer.json.results[0], answer.json.results[3]);
  assert.equal(answer.json.results[0].activityLogs.length, 1);
  assert.deepEqual(answer.json.results[1], { userId: 77, enrollments: null, activityLogs: [], progressSummary: { totalContent: 1, completedContent: 0, overallProgressPercent: 0 }, lastActivityDate: null, timeSpent: 0 });
  for (const bad of [['abc'], [400, 'abc'], Array(1001).fill(400), [1.5], [null], 400]) {
    const refused = await bulk(bad);
    assert.equal(refused.status, 400, refused.text);
    assert.equal(refused.json.errors[0].field, 'userIds');
  }
  assert.deepEqual((await bulk([])).json.results, []);
});

test('what staff previewed is for themselves alone', async () => {
  await server.declare(16, [{ id: '160', type: 'lab' }, { id: '161', type: 'video' }], { staff: [{ userId: '801', role: 'INSTRUCTOR' }, { userId: '802', role: 'INSTRUCTOR' }] });
  await report('instructor:801', 16, 160);
  await report(803, 16, 160);
  const bulk = async (as) => (await server.call('POST', '/user-progress/bulk', { as, body: { courseId: 16, userIds: [801, 803] } })).json.results.map((item) => item.activityLogs.length);
  assert.deepEqual(await bulk('instructor:801'), [1, 1]);
  assert.deepEqual(await bulk('instructor:802'), [0, 1]);
  for (const [as, count] of [['instructor:801', 1], ['instructor:802', 0], [admin, 0]]) {
    const one = (await list('/user-progress/16/801', as)).json.results;
    assert.deepEqual([one.enrollments, one.activityLogs.length], [null, count]);
    assert.equal((await list('/user-progress/16/801/activities', as)).json.results.length, count);
  }
  const shown = async (as) => [
    (await list('/api/progress/801/16', as)).json.data.progress.length,
    (await list('/api/progress/801?moduleId=16', as)).json.data.progress.length,
    (await list('/api/progress/801/labs?moduleId=16', as)).json.data.labs.length,
    (await server.call('GET', '/progress/801/161', { as })).status,
  ];
  await server.call('POST', '/user-progress/update', { as: 'instructor:801', body: { courseId: 16, courseContentId: 161, progressStatus: 'COMPLETED' } });
  for (const [as, seen] of [['instructor:801', [2, 2, 1, 200]], ['instructor:802', [0, 0, 0, 404]], [admin, [2, 2, 1, 200]]]) assert.deepEqual(await shown(as), seen, as);
  // Who locks it is told of the lock, here and in the history, and of nothing that it holds.
  const watching = await Stream.open(server, 'instructor:802', '?userId=801&courseId=16');
  const set = async (progressStatus) => {
    const { progressId, ...rest } = (await server.call('POST', '/user-progress/update', { as: 'instructor:802', body: { userId: 801, courseId: 16, courseContentId: 160, progressStatus } })).json.results;
    assert.ok(progressId > 0);
    return [rest.progressStatus, rest.activityDuration, rest.progressPercent];
  };
  assert.deepEqual(await set('LOCKED'), ['LOCKED', 0, '0.00']);
  assert.deepEqual(await set('NOT_STARTED'), ['NOT_STARTED', 0, '0.00']);
  assert.deepEqual((await list('/api/v1/users/801/history?courseId=16', 'instructor:802')).json.history, []);
  assert.equal((await list('/api/v1/users/801/history?courseId=16', 'instructor:801')).json.history.length, 4);
  assert.deepEqual(watching.messages, []);
  await watching.close();
  assert.deepEqual((await list('/user-progress/course/16/all')).json.results.map((item) => item.userId), [803]);
  assert.deepEqual((await list('/user-progress/course/16/leaderboard')).json.results.map((item) => item.userId), [803]);
});

test("SYSTEM's NOT_STARTED unlocks what is locked and reports on what is not", async () => {
  await report(700, 15, 150, { activityDuration: 7, progressPercent: 30 });
  const send = async (body, as = 'system:1') => {
    const answer = await server.call('POST', '/user-progress/update', { as, body: { userId: 700, courseId: 15, courseContentId: 150, ...body } });
    assert.equal(answer.status, 200, answer.text);
    return [answer.json.results.progressStatus, answer.json.results.activityDuration];
  };
  assert.deepEqual(await send({ progressStatus: 'LOCKED' }), ['LOCKED', 7]);
  assert.deepEqual(await send({ progressStatus: 'NOT_STARTED', activityDuration: 5 }), ['IN_PROGRESS', 7]);
  assert.deepEqual(await send({ progressStatus: 'NOT_STARTED', activityDuration: 5 }), ['IN_PROGRESS', 12]);
  assert.deepEqual(await send({ progressStatus: 'NOT_STARTED', activityDuration: 5 }, admin), ['IN_PROGRESS', 12]); // nothing to unlock
});

const ITEMS = 3000;

test('an answer of any length is streamed whole, to fast, slow and vanishing readers', async () => {
  await server.declare(13, Array.from({ length: ITEMS }, (_, i) => ({ id: String(1300000 + i), type: 'video' })));
  for (let from = 0; from < ITEMS; from += 1000)
    assert.equal((await server.call('POST', '/progress/sync', {
      as: 500,
      body: { userId: '500', progressData: Array.from({ length: 1000 }, (_, i) => ({ videoId: String(1300000 + from + i), courseId: '13', watchedDuration: 5 })) },
    })).status, 200);
  const one = (await list('/user-progress/13/500', 500)).json.results;
  assert.equal(one.activityLogs.length, ITEMS);
  assert.equal(new Set(one.activityLogs.map((log) => log.progressId)).size, ITEMS);
  const answer = await list('/user-progress/course/13/all');
  assert.deepEqual(answer.json.results[0].activityLogs, one.activityLogs);
  assert.deepEqual(answer.json.pagination, { page: 1, limit: 20, total: 1, totalPages: 1, hasMore: false });
  assert.equal(answer.headers.get('etag'), null);
  const bulk = await server.call('POST', '/user-progress/bulk', { as: admin, body: { courseId: 13, userIds: [500, 1, 500, 500] } });
  assert.deepEqual(bulk.json.results.map((item) => item.activityLogs.length), [ITEMS, 0, ITEMS, ITEMS]);
  const activities = (await list('/user-progress/13/500/activities', 500)).json.results;
  assert.deepEqual(activities, one.activityLogs);
  assert.equal((await list('/user-progress/13/500/activities?limit=10&offset=2995', 500)).json.results.length, 5);
  const table = parse(await csv('/user-progress/13/500/activities', 500));
  assert.equal(table.length, 1 + ITEMS);
  const cell = parse(await csv('/user-progress/course/13/all'))[1][14];
  assert.deepEqual(JSON.parse(cell), one.activityLogs);
  const analytics = (await list('/user-progress/course/13/analytics')).json.results;
  assert.equal(analytics.contents.length, ITEMS);
  assert.equal(analytics.totalActivities, ITEMS);
  const gzip = await list('/user-progress/13/500', 500, { 'accept-encoding': 'gzip' });
  assert.deepEqual(gzip.json.results, one);
  const head = await fetch(`${server.base}/user-progress/13/500`, { method: 'HEAD', headers: { authorization: `Bearer ${server.token('500')}` } });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');

  const asked = (path, version) => new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/${version}\r\nHost: x\r\nAuthorization: Bearer ${server.token('9', 'admin')}\r\n\r\n`);
      resolve(socket);
    });
    socket.on('error', () => {});
  });
  for (let i = 0; i < 20; i++) { // some leave in the middle
    const socket = await asked('/user-progress/course/13/all', '1.1');
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
  }
  const old = await asked('/user-progress/course/13/all', '1.0'); // no chunks: until the end of the connection
  let text = '';
  for await (const chunk of old) text += chunk;
  assert.deepEqual(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)).results, answer.json.results);
  assert.equal((await server.call('GET', '/healthz')).status, 200);
});

test('one caller with many long answers under way delays only themselves', async () => {
  const held = [];
  for (let i = 0; i < 12; i++) {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause(); // takes nothing: four are under way, the others wait
    socket.write(`POST /user-progress/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.token('9', 'admin')}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${JSON.stringify({ courseId: 13, userIds: Array(50).fill(500) }).length}\r\n\r\n${JSON.stringify({ courseId: 13, userIds: Array(50).fill(500) })}`);
    held.push(socket);
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await list('/user-progress/course/13/all', 'admin:10')).json.results.length, 1);
  for (const socket of held) socket.destroy();
  assert.equal((await list('/user-progress/course/13/all')).json.results.length, 1); // those that wait are found gone
});

test('a table has a limited number of columns; cells that look like formulas are disarmed', async () => {
  for (let i = 0; i < 5; i++)
    await report(600, 14, 140 + i, { metadata: Object.fromEntries(Array.from({ length: 240 }, (_, k) => [`m${i}_${k}`, '=1'])) });
  const refused = await server.call('GET', '/user-progress/14/600/activities', { as: 600, headers: { accept: 'text/csv' } });
  assert.equal(refused.status, 400);
  assert.match(refused.json.message, /1,000 columns/);
  const rows = parse(await csv('/user-progress/14/600/activities?limit=2', 600));
  assert.equal(rows.length, 3);
  assert.equal(rows[1][rows[0].indexOf('metadata.m4_0')], "'=1");
  assert.equal(rows[2][rows[0].indexOf('metadata.m4_0')], '');
});

test('what is under way when the server is told to stop is answered or ends', async () => {
  const other = await Server.start();
  await other.declare(13, Array.from({ length: ITEMS }, (_, i) => ({ id: String(1300000 + i), type: 'video' })));
  for (let from = 0; from < ITEMS; from += 1000)
    await other.call('POST', '/progress/sync', {
      as: 500,
      body: { userId: '500', progressData: Array.from({ length: 1000 }, (_, i) => ({ videoId: String(1300000 + from + i), courseId: '13', watchedDuration: 5 })) },
    });
  const body = JSON.stringify({ courseId: 13, userIds: Array(1000).fill(500) });
  const socket = connect(other.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`POST /user-progress/bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${other.token('9', 'admin')}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const end = await other.discard();
  socket.destroy();
  assert.equal(end.code, 0, other.log);
});

test('a table that is refused, there being many, gives back what it was made of', async () => {
  const asks = Array.from({ length: 340 }, () => server.call('GET', '/api/progress/500', { as: 500, headers: { accept: 'text/csv' } }));
  const statuses = (await Promise.all(asks)).map(({ status }) => status);
  await report(500, 13, 1300000); // what the refused ones hold is another state now: the sanitizers' leak check sees it at the end
  assert.ok(statuses.includes(200) && statuses.every((status) => status === 200 || status === 429), String(new Set(statuses)));
});
