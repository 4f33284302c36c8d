// The demo: a clip, the tracker as any site would use it, and beside it what each face says of the same seconds.
import { follow } from './live.js';
import { track } from './tracker.js';

const COURSE = '103', VIDEO = '10301', SECONDS = 60;
const root = new URL('..', import.meta.url).href.replace(/\/$/, '');
const $ = (id) => document.getElementById(id);

/* ---- who watches ---- */

const fragment = new URLSearchParams(location.hash.slice(1)).get('token');
if (fragment) {
  sessionStorage.demoToken = fragment;
  history.replaceState(null, '', location.pathname);
}
const userOf = (token) => {
  try {
    return String(JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).sub);
  } catch {
    return undefined;
  }
};
const token = () => sessionStorage.demoToken;

/* ---- the line, which may be cut ---- */

const { fetch: reach } = globalThis;
let cut = false;
globalThis.fetch = (...request) => (cut ? Promise.reject(new TypeError('the plug is pulled')) : reach(...request));

const tags = new Map();
/** A read, asked with the tag of what is here already. */
const ask = async (path) => {
  const known = tags.get(path);
  const response = await reach(root + path, { headers: { Authorization: `Bearer ${token()}`, ...(known?.tag && { 'If-None-Match': known.tag }) } });
  if (response.status === 304) return known.body;
  const body = response.ok ? await response.json() : undefined;
  tags.set(path, { tag: response.headers.get('ETag'), body });
  return body;
};

/* ---- what is shown ---- */

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
const show = (id, text) => $(id).textContent === text || ($(id).textContent = text);
const paint = (id, parts, what) => {
  $(id).replaceChildren(...parts.map(([from, to]) => {
    const part = document.createElement('i');
    part.style.left = `${(from / SECONDS) * 100}%`;
    part.style.width = `${((to - from) / SECONDS) * 100}%`;
    return part;
  }));
  $(id).setAttribute('aria-label', `${what}: ${parts.map(([from, to]) => `${clock(from)} to ${clock(to)}`).join(', ') || 'nothing yet'}`);
};
const tell = (text) => {
  const row = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  row.append(time, text);
  $('feed').querySelector('.quiet')?.remove();
  $('feed').prepend(row);
  while ($('feed').children.length > 50) $('feed').lastElementChild.remove();
};
const sum = (parts) => parts.reduce((seconds, [from, to]) => seconds + to - from, 0);

const waiting = () => new Promise((resolve) => {
  const request = indexedDB.open('milepost', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('reports');
  request.onerror = () => resolve(0);
  request.onsuccess = () => {
    const count = request.result.transaction('reports').objectStore('reports').count();
    count.onsuccess = () => resolve(count.result);
    count.onerror = () => resolve(0);
    request.result.close();
  };
});

/** What each face says now. */
const refresh = async (user) => {
  const [video, room, course, module, all] = await Promise.all([
    ask(`/progress/${user}/${VIDEO}?segments=1`),
    ask(`/user-progress/${COURSE}/${user}`),
    ask(`/api/v1/Progress/course/${user}/${COURSE}`),
    ask(`/api/progress/${user}/${COURSE}`),
    ask(`/api/progress/${user}`),
  ]);
  const activity = room?.results.activityLogs.find(({ courseContentId }) => String(courseContentId) === VIDEO);
  const item = course?.videoProgresses.find(({ videoId }) => videoId === VIDEO);
  const record = module?.data.progress.find(({ contentId }) => contentId.id === VIDEO);
  show('video', video ? `${video.watchedDuration} s of watching, now at ${clock(video.position ?? 0)}` : 'nothing yet');
  show('courseroom', activity ? `${activity.progressStatus}, ${activity.progressPercent} %` : 'nothing yet');
  show('pts', item && course.totalWatchTimeSeconds ? `${item.completionPercentage} % of this video, ${course.totalWatchTimeSeconds} s in the course` : 'nothing yet');
  show('trk', record ? `${record.status}, ${record.progressPercentage} %` : 'nothing yet');
  const many = (count, one, more) => `${count} ${count === 1 ? one : more}`;
  show('logs', all ? `${many(all.data.statistics.total, 'record', 'records')}, ${many(all.progress_logs.length, 'log entry', 'log entries')} in all` : 'nothing yet');
  show('course', room?.results.enrollments?.enrollmentStatus ?? '-');
  show('status', activity ? `${activity.progressPercent} %` : '-');
  show('there', course?.totalWatchTimeSeconds === undefined ? '-' : `${course.totalWatchTimeSeconds} s`);
  if (video?.segments) paint('stored', video.segments, 'Stored');
  else paint('stored', item ? [[0, (item.completionPercentage / 100) * SECONDS]] : [], 'Stored, as long as it is');
};

/* ---- the clip ---- */

/** A tone of a minute, where the server has no clip. */
const tone = () => {
  const rate = 8000, bytes = new Uint8Array(44 + SECONDS * rate), head = new DataView(bytes.buffer);
  const text = (at, word) => bytes.set([...word].map((letter) => letter.charCodeAt(0)), at);
  text(0, 'RIFF');
  head.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, rate, true);
  head.setUint16(32, 1, true);
  head.setUint16(34, 8, true);
  text(36, 'data');
  head.setUint32(40, SECONDS * rate, true);
  for (let i = 0; i < SECONDS * rate; i++) bytes[44 + i] = 128 + 20 * Math.sin((i / rate) * 220 * 2 * Math.PI);
  return new Blob([bytes], { type: 'audio/wav' });
};

const watch = async (user) => {
  const clip = await reach(`${root}/demo/clip.webm`);
  $('made').hidden = clip.ok;
  const video = $('clip');
  video.src = URL.createObjectURL(clip.ok ? await clip.blob() : tone()); // a blob: any place of it can be sought
  $('stage').hidden = false;

  const soon = () => refresh(user).catch(() => {});
  const stored = (state) => {
    // An answer to a report says no percent; the stream tells of the same event, with it.
    if (state.progressPercent != null) tell(`watched ${state.watchedDuration} s, at ${clock(state.position ?? 0)}, ${state.progressPercent} %`);
    soon();
  };
  let tracker;
  const begin = () => {
    tracker = track(video, {
      url: root, userId: user, videoId: VIDEO, courseId: COURSE, token, interval: 3, live: follow, onProgress: stored,
      onError: ({ message, report }) => {
        show('trouble', report ? `Given up: ${message}` : `Kept for later: ${message}`);
        $('trouble').hidden = false;
      },
    });
  };
  begin();
  soon();
  setInterval(soon, 5000);
  setInterval(async () => {
    const parts = Array.from({ length: video.played.length }, (_, i) => [video.played.start(i), video.played.end(i)]);
    paint('played', parts, 'Watched in this browser');
    show('here', `${Math.round(sum(parts))} s`);
    const kept = await waiting();
    show('waiting', String(kept));
    if (!kept && !cut) $('trouble').hidden = true;
    show('line', cut ? 'the plug is pulled' : `learner ${user}`);
  }, 500);

  $('plug').onclick = () => {
    cut = !cut;
    $('plug').setAttribute('aria-pressed', String(cut));
    show('plug', cut ? 'Put it back' : 'Pull the plug');
    if (!cut) tracker.flush();
  };
  $('again').onclick = async () => {
    video.pause();
    await tracker.stop();
    await reach(`${root}/progress/${user}/${VIDEO}`, { method: 'DELETE', headers: { Authorization: `Bearer ${token()}` } });
    video.load();
    begin();
    soon();
    tell('forgotten');
  };
};

const enter = () => {
  const user = token() && userOf(token());
  $('enter').hidden = Boolean(user);
  if (user) watch(user);
};
$('enter').querySelector('form').onsubmit = (event) => {
  event.preventDefault();
  sessionStorage.demoToken = $('token').value.trim();
  enter();
};
enter();
