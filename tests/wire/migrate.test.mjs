// Data of the documents' own databases: the page's commands as written, and what the faces then say.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { binary, run, Server } from './server.mjs';

let room;
const shell = (script) => spawnSync('bash', ['--norc', '-eu', '-c', script], { cwd: room, encoding: 'utf8', env: { PATH: `${join(room, 'bin')}:${process.env.PATH}` } });
before(() => {
  room = mkdtempSync(join(tmpdir(), 'milepost-migrate-'));
  cpSync('tests/data/migrate', room, { recursive: true });
  cpSync('scripts/migrate.py', join(room, 'scripts/migrate.py'));
  spawnSync('mkdir', [join(room, 'bin')]);
  symlinkSync(resolve(binary), join(room, 'bin/milepost'));
});
after(() => rmSync(room, { recursive: true, force: true }));

test('the page: each document\'s tables are imported and verified', () => {
  const blocks = [...readFileSync('docs/migration.md', 'utf8').matchAll(/^```(sh)?\n([\s\S]*?)^```$/gm)];
  for (const [i, [, kind, text]] of blocks.entries()) {
    if (kind !== 'sh') continue;
    const done = shell(text);
    assert.equal(done.status, 0, text + done.stderr);
    if (blocks[i + 1]?.[1] === undefined && blocks[i + 1]) assert.equal(done.stdout, blocks[i + 1][2], text);
  }
  for (const name of ['pts', 'courseroom', 'trk', 'logs', 'video']) assert.equal(run('verify', '--data', join(room, `new-${name}`)).status, 0, name);
});

test('what the faces say of it is what the tables said', async () => {
  const look = async (name, as, path, more) => {
    const server = await Server.start({ directory: join(room, `new-${name}`) });
    const answers = [];
    for (const one of [path].flat()) answers.push((await server.call('GET', one, { as, ...more })).json);
    await server.stop();
    return answers;
  };
  const [room1, all] = await look('courseroom', 'admin:9', ['/user-progress/1/1', '/user-progress/course/1/all?logs=0']);
  const { enrollments, activityLogs } = room1.results;
  assert.deepEqual([enrollments.enrollmentStatus, enrollments.enrollmentDate], ['IN_PROGRESS', '2025-10-13T17:50:51.683Z']);
  assert.deepEqual(activityLogs.map((a) => [a.courseContentId, a.progressStatus, a.progressPercent, a.activityDuration, a.metadata, a.user_course_content_progress_updated_at]), [
    [2, 'IN_PROGRESS', '25.50', 40, {}, '2025-10-15T17:46:06.101Z'], [1, 'COMPLETED', '100.00', 15, { tries: 2 }, '2025-10-15T17:46:05.730Z']]);
  assert.deepEqual(all.results.map((r) => [r.userId, r.enrollments.enrollmentStatus, r.enrollments.certificateUrl]), [[1, 'IN_PROGRESS', null], [2, 'CERTIFIED', 'https://example.org/2.pdf'], [3, 'DROPPED', null]]);
  const [videos] = await look('pts', 'test-user-123', '/api/v1/Progress/videos/test-user-123/course-7890');
  assert.deepEqual(videos.map((v) => [v.videoId, v.currentTimeSeconds, v.completionPercentage, v.isCompleted, v.lastWatched]), [
    ['video-789', 120, 40, false, '2025-06-13T18:59:31.123Z'], ['video-790', 300, 100, true, '2025-06-13T19:30:00.000Z']]);
  const [module] = await look('trk', '6790a1b2c3d4e5f600000001', '/api/progress/6790a1b2c3d4e5f600000001/6790a1b2c3d4e5f60000000a');
  assert.deepEqual(module.data.progress.map((p) => [p.contentId.id, p.contentType, p.status, p.timeSpent, p.score, p.maxScore]), [['6790a1b2c3d4e5f6000000c1', 'lab', 'completed', 25, 8, 10]]);
  const [logs, summary] = await look('logs', '1001', ['/api/progress/1001', '/api/progress/summary/1001']);
  assert.deepEqual(logs.progress_logs.map(({ date, weight_kg, workout_done, note, value }) => [date, weight_kg, workout_done, note, value]), [
    ['2025-03-02', 71.1, false, undefined, undefined], ['2025-03-01', 71.5, true, 'with "Ann"', 5]]);
  assert.deepEqual([summary.total_logs, summary.average_weight], [2, 71.3]);
  const id = '9f1b7c1e-0000-4000-8000-000000000001';
  const [video] = await look('video', id, `/progress/${id}/v1?segments=1`);
  assert.deepEqual([video.watchedDuration, video.progressPercent, video.lastWatched], [42, 42, '2025-05-01T12:00:00.000Z']);
});

test('a row that cannot be read is named, and nothing is written', () => {
  const bad = (text, says, kind = 'video --progress') => {
    writeFileSync(join(room, 'bad.csv'), text);
    const done = shell(`python3 scripts/migrate.py ${kind} bad.csv --out bad.jsonl`);
    assert.equal(done.status, 1);
    assert.match(done.stderr, says);
    assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
    assert.equal(spawnSync('ls', [join(room, 'bad.jsonl')]).status, 2);
  };
  bad('userId,videoId,watchedDuration,lastWatched\n1,v,-3,2025-01-01\n', /migrate: bad\.csv:2: watched: '-3' is no number/);
  bad('userId,videoId,watchedDuration,lastWatched\n1,v,3,yesterday\n', /bad\.csv:2: at: 'yesterday' is no instant/);
  bad('userId,watchedDuration,lastWatched\n1,3,2025-01-01\n', /bad\.csv:2: lacks videoid or/);
  bad('userId,videoId\n1,v,3\n', /bad\.csv:2: has more or fewer columns/);
  const row = '{"userId":1,"videoId":"v","watchedDuration":3,"lastWatched":"2025-01-01"}';
  bad(`${row}\n{"userId":1 "videoId"}\n`, /bad\.csv:2: is no JSON: Expecting ',' delimiter at column 13/);
  bad(`[${row},\n{"userId":1,\n"videoId" 2}]`, /bad\.csv:2: is no JSON: /);
  bad(`[${row}\n${row}]`, /bad\.csv:2: is no JSON: the list goes on without a comma/);
  bad(`[${row},\n\n${row.replace('3', '-3')}]`, /bad\.csv:3: watched: -3 is no number/);
  bad('[\n1,2]', /bad\.csv:2: is no object/);
  bad(`${row}\n7\n`, /bad\.csv:2: is no object/);
  bad(Buffer.from('userId,videoId,watchedDuration,lastWatched\nJos\u00e9,v,3,2025-01-01\n', 'latin1'), /bad\.csv:2: is not UTF-8/);
  bad(Buffer.from('\ufeffuserId,videoId\n', 'utf16le'), /bad\.csv:1: is not UTF-8/);
  const log = (value) => `{"user_id":1,"created_at":"2025-01-01","value":${value}}`;
  for (const word of ['NaN', '1e999', '"\\ud800"']) bad(`${log(1)}\n${log(word)}\n`, /bad\.csv:2: is no JSON: /, 'logs --logs');
  bad('user_id,created_at,value\n1,2025-01-01,{oops\n', /bad\.csv:2: value: is no JSON: /, 'logs --logs');
  bad('user_id,created_at,note,value\n1,2025-01-01,"a\nb",1\n1,then,c,1\n', /bad\.csv:4: log_at: 'then' is no instant/, 'logs --logs');
  bad('{"user_id":1,"created_at":1e300,"value":1}\n', /bad\.csv:1: log_at: 1e\+300 is no instant/, 'logs --logs');
});
