// Everything that streams can do at once: they come, go, resume, write, are cut, spend tickets, while keys are read anew, staff
// change and learners write. Whoever stays is told everything once and in order. Worth most under a sanitizer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Server } from './server.mjs';
import { authorization, Socket, Stream, until } from './live.mjs';

const SECONDS = Number(process.env.STRESS_SECONDS ?? 3);

test('streams of both forms, tickets, resumes, cuts, keys and staff, all at once', { timeout: 120000 + SECONDS * 4000 }, async () => {
  const server = await Server.start({ flags: ['--realtime-per-user', '0'] });
  const declare = (round) => server.declare('maths', [{ id: 'v0', type: 'video', durationSeconds: 100 }, { id: 'v1', type: 'video', durationSeconds: 100 }], { title: `Round ${round}`, staff: [{ userId: 'ines', role: 'INSTRUCTOR' }, ...(round % 2 ? [{ userId: 'jo', role: 'INSTRUCTOR' }] : [])] });
  await declare(1);
  const steady = await Promise.all([['admin:root', ''], ['admin:root', '?courseId=maths'], ['instructor:ines', '?courseId=maths'], ['u1', '']].map(([as, query]) => Stream.open(server, as, query)));
  const socket = await Socket.open(server, '/progress/realtime', { authorization: authorization(server, 'admin:root') });
  const end = Date.now() + SECONDS * 1000;
  const done = { resumes: 0, sockets: 0, tickets: 0, cuts: 0, hangups: 0, edits: 0, writes: 0, acks: 0 };
  const repeat = async (work) => { for (let i = 0; Date.now() < end; i++) await work(i); };

  const writes = (user) => repeat(async (i) => {
    const { status, text } = await server.call('POST', '/progress/update', { as: user, body: { userId: user, videoId: `v${i % 2}`, courseId: 'maths', watchedDuration: i } });
    assert.equal(status, 200, text);
    done.writes++;
  });
  const resumes = (user) => {
    let last = 0;
    return repeat(async () => {
      const stream = await Stream.open(server, user, '', { after: last });
      assert.equal(stream.status, 200);
      await stream.next(3, 300);
      assert.ok(stream.ids.every((id, at) => id > (at ? stream.ids[at - 1] : last)), `${last}: ${stream.ids}`);
      last = stream.ids.at(-1) ?? last;
      await stream.close();
      done.resumes++;
    });
  };
  const sockets = (user) => repeat(async (i) => {
    const one = await Socket.open(server, '/progress/realtime?lastEventId=0', { authorization: authorization(server, user) });
    for (let ref = 0; ref < 5; ref++) one.send(JSON.stringify({ userId: user, videoId: 'v0', courseId: 'maths', watchedDuration: i * 5 + ref, ref }), 0x81, { cut: ref % 2 ? 7 : undefined });
    if (i % 3) {
      await until(() => one.json.filter(({ type }) => type === 'ack').length === 5 || one.over);
      assert.equal(one.json.filter(({ type }) => type === 'ack').length, 5);
      done.acks += 5;
    } else done.cuts++;
    await one.close(); // else in the middle of its answers
    done.sockets++;
  });
  const tickets = (user) => repeat(async () => {
    const { ticket } = (await server.call('POST', '/progress/realtime/ticket', { as: user })).json;
    const both = await Promise.all([Stream.open(server, null, `?ticket=${ticket}`), Stream.open(server, null, `?ticket=${ticket}`)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 401]); // whoever comes first
    await Promise.all(both.map((stream) => stream.close()));
    done.tickets++;
  });
  const hangups = () => repeat(async () => {
    server.process.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 40));
    done.hangups++;
  });
  const edits = () => repeat(async (i) => {
    assert.ok((await declare(i)).status < 300);
    const jo = await Stream.open(server, 'instructor:jo', '?courseId=maths');
    assert.equal(jo.status, i % 2 ? 200 : 403);
    await jo.next(1, 50);
    await jo.close();
    done.edits++;
  });
  await Promise.all([writes('u1'), writes('u2'), resumes('u1'), resumes('u2'), resumes('admin:root'), sockets('u3'), sockets('u4'), tickets('u5'), hangups(), edits()]);
  for (const [what, count] of Object.entries(done)) assert.ok(count > 0, what);

  // Who was there all the time has all of it.
  const all = await Stream.open(server, 'admin:root', '', { after: 0 });
  await server.call('POST', '/progress/update', { as: 'last', body: { userId: 'last', videoId: 'v0', courseId: 'maths', watchedDuration: 1 } });
  await until(() => all.messages.at(-1)?.data.userId === 'last' && steady[0].messages.at(-1)?.data.userId === 'last' && socket.json.at(-1)?.userId === 'last', 30000);
  assert.equal(all.messages.at(-1)?.data.userId, 'last');
  const ids = (messages) => messages.map(({ id }) => Number(id));
  assert.ok(all.ids.every((id, at) => !at || id > all.ids[at - 1]));
  assert.deepEqual(steady[0].messages, all.messages);
  assert.deepEqual(ids(socket.json), all.ids);
  await until(() => steady[1].messages.length === all.messages.length && steady[2].messages.length === all.messages.length);
  assert.deepEqual(steady[1].messages, all.messages); // all of it was that course's
  assert.deepEqual(steady[2].messages, all.messages);
  assert.deepEqual(steady[3].messages, all.messages.filter(({ data }) => data.userId === 'u1'));
  await Promise.all([...steady, all].map((stream) => stream.close()));
  await socket.close();
  assert.equal((await server.discard()).code, 0, server.log);
});

// What is answered does not matter here, but that nobody fails.
test('all faces, erasures, edits of the catalogue, watchers and keys, all at once', { timeout: 120000 + SECONDS * 4000 }, async () => {
  const server = await Server.start({ flags: ['--realtime-per-user', '0'] });
  const end = Date.now() + SECONDS * 1000;
  let rounds = 0;
  const repeat = async (work) => { for (let i = 0; Date.now() < end; i++) await work(i); };
  const faces = (user) => repeat(async (i) => {
    const own = { as: user }, admin = { as: 'admin:root' };
    for (const [method, path, more] of [
      ['POST', '/api/v1/Progress/video', { ...own, body: { UserId: user, VideoId: '31', CourseId: '3', CurrentTimeSeconds: i % 90 } }],
      ['GET', `/api/v1/Progress/summary/${user}`, own],
      ['POST', '/user-progress/update', { ...own, body: { courseId: 3, courseContentId: 31 + (i % 4), progressStatus: i % 3 ? 'IN_PROGRESS' : 'COMPLETED', metadata: { [`k${i % 5}`]: i } } }],
      ['GET', `/user-progress/3/${user}`, own],
      ['GET', '/user-progress/course/3/all?page=1', admin],
      ['GET', '/user-progress/course/3/analytics', admin],
      ['POST', '/api/progress', { ...own, body: { contentId: `lab${i % 3}`, contentType: 'lab', moduleId: '4', progressPercentage: i % 101 } }],
      ['GET', `/api/progress/${user}`, own],
      ['POST', '/api/progress/log', { ...own, body: { user_id: user, activity: `a${i}` } }],
      ['GET', `/api/progress/summary/${user}`, own],
      ['POST', '/progress/sync', { ...own, body: { userId: user, progressData: [{ videoId: 'v0', courseId: 'maths', watchedDuration: i }, { videoId: 'v9', watchedDuration: 1 }] } }],
      ['GET', '/progress/summary/v0', own],
      ['GET', `/api/v1/users/${user}/progress?as_of=${encodeURIComponent(new Date(Date.now() - 50).toISOString())}`, own],
      ['GET', `/api/v1/users/${user}/export`, own],
      ['GET', '/api/v1/system', admin],
      ...(i % 10 === 9 ? [['DELETE', `/api/v1/users/${user}`, own], ['DELETE', '/api/v1/catalog/courses/4', admin], ['PUT', '/api/v1/catalog/courses/4', { ...admin, body: { title: `${i}`, contents: [{ id: 'lab0', type: 'lab' }] } }]] : []),
    ]) {
      const { status, text } = await server.call(method, path, more);
      assert.ok(status < 500, `${method} ${path}: ${status} ${text}`);
    }
    rounds++;
  });
  const watchers = () => repeat(async (i) => {
    const stream = await Stream.open(server, 'admin:root', i % 2 ? '?userId=61' : '');
    await stream.next(5, 200);
    await stream.close();
  });
  const hangups = () => repeat(async () => {
    server.process.kill('SIGHUP');
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  await Promise.all([faces('61'), faces('62'), faces('63'), faces('61'), watchers(), watchers(), hangups()]);
  assert.ok(rounds > 0);
  assert.equal((await server.discard()).code, 0, server.log);
});
