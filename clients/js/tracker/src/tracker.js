// @milepost/tracker: reports what a learner really watched, and loses none of it. See docs/tracker.md.
import { meter, milliseconds } from './meter.js';
import { queue } from './queue.js';

/** @typedef {import('./meter.js').Media} Media */
/** @typedef {import('./queue.js').Entry} Entry */
/** @typedef {import('./queue.js').Report} Report */

/**
 * What the server knows of a learner's video. Messages of the live stream also carry the percents.
 * @typedef {object} State
 * @property {string} userId
 * @property {string} videoId
 * @property {number} watchedDuration whole seconds
 * @property {number | null} [position] where the learner last was, on any device
 * @property {string | null} lastWatched
 * @property {string | null} [courseId]
 * @property {string | null} [status]
 * @property {number | null} [progressPercent]
 * @property {number | null} [coursePercent]
 */

/**
 * @typedef {object} Failure
 * @property {number} status of the answer; 0: there was none
 * @property {string} message
 * @property {Report} [report] this one is given up, the server will never take it; absent: all are kept and tried again
 */

/**
 * @typedef {object} Options
 * @property {string} userId
 * @property {string} videoId
 * @property {string} [courseId]
 * @property {string} [url] the server's address; by default the page's own origin
 * @property {string | ((renew: boolean) => string | undefined | Promise<string | undefined>)} [token] the bearer token, or
 *   what gives it: called with true when the last one was refused
 * @property {(state: State) => void} [onProgress] the server has stored something new about this video
 * @property {(failure: Failure) => void} [onError]
 * @property {boolean} [resume] false: do not go where the learner last was
 * @property {number} [interval] seconds of playing between two reports, 10 by default
 * @property {number} [maxRate] what is played faster than this is not counted, 4 by default
 * @property {boolean} [countHidden] false: what is played in a hidden tab is not counted
 * @property {Follow | false} [live] `follow` of '@milepost/tracker/live': onProgress then also hears of other devices
 */

/** @typedef {{status: number, message: string, wait: number, body: any}} Answer */

/**
 * @typedef {(options: {url: string, userId: string, videoId: string, token: (renew: boolean) => Promise<string | undefined>,
 *   onMessage: (state: State) => void}) => () => void} Follow
 */

const BATCH = 50;
const PATIENCE_S = 60; // the longest wait between two tries, unless the server asks for more

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('');

const device = () => {
  try {
    return localStorage.milepostDevice ??= random();
  } catch {
    return random();
  }
};

/** What this device's clock must be moved by to be the server's; undefined: no answer has been seen. @type {number | undefined} */
let offset;

/** @param {number} at */
const instant = (at) => new Date(at + (offset ?? 0)).toISOString();

/**
 * Starts to report what `media` plays. `stop()` sends the rest.
 * @param {Media} media a <video>, an <audio>, or what an adapter returns
 * @param {Options} options
 */
export function track(media, options) {
  const { userId, videoId, courseId, url = '', token, interval = 10, onProgress, onError } = options;
  const watch = meter(media, options);
  const deviceId = device();
  const scope = `${url} ${userId}`;
  const waiting = queue(scope, ({ report }) => onError?.({ status: 0, message: 'no room to keep this report', report }));

  /** @type {number | undefined} */
  let base; // the server's watchedDuration before this view; undefined: not known yet
  let watched = 0; // seconds since
  let seen = 0; // the position last seen
  let reported = 0; // the position last reported
  let due = performance.now() + interval * 1000;
  let moved = false; // the learner has chosen a place
  let stopped = false;
  let failures = 0;
  /** @type {string | undefined} */
  let bearer;
  /** @type {any} */
  let retry;
  /** @type {any} */
  let settle;

  /** @param {boolean} renew */
  const authorize = async (renew) =>
    bearer = bearer && !renew ? bearer : typeof token === 'function' ? await token(renew) : token;

  /** @param {string} path @param {object} [content] @param {boolean} [leaving] @returns {Promise<Answer>} */
  const send = async (path, content, leaving) => {
    const response = await fetch(url + path, {
      method: content ? 'POST' : 'GET',
      cache: 'no-store',
      keepalive: leaving,
      headers: { 'Content-Type': 'application/json', ...(bearer && { Authorization: `Bearer ${bearer}` }) },
      body: content && JSON.stringify(content),
      signal: AbortSignal.timeout?.(30000), // browsers of 2021 have none
    });
    const { headers, status } = response;
    const ahead = Date.parse(headers.get('Date') ?? '') - Date.now();
    if (ahead === ahead) offset = Math.abs(ahead) > 60000 ? ahead : 0;
    // An answer that nobody reads holds its share of what may be under way.
    const body = await response.json().catch(() => ({}));
    return { status, message: body.detail ?? `${status}`, wait: Number(headers.get('Retry-After')), body };
  };

  /** Asks, with a new token when the last one was refused. @param {string} path @param {object} [content] */
  const ask = async (path, content) => {
    await authorize(false);
    const answer = await send(path, content);
    if (answer.status !== 401) return answer;
    await authorize(true);
    return send(path, content);
  };
  /** What the server knows; nothing, or no such id can be: an answer without a state. @param {string} id */
  const state = async (id) => {
    const answer = await ask(`/progress/${encodeURIComponent(userId)}/${encodeURIComponent(id)}`);
    if (answer.status !== 404 && answer.status !== 400 && !answer.body.userId) throw answer;
    return answer.body;
  };

  /** As the server takes it. @param {Entry} entry */
  const complete = async ({ at, watched, report }) => ({
    // Not known what it comes on top of: never less than the server has.
    watchedDuration: report.watchedDuration ??
      Math.max(Math.floor(watched), (await state(report.videoId)).watchedDuration ?? 0),
    lastWatched: instant(at), // the clocks have been compared by now
    ...report,
  });

  /** Where the learner last was, on any device. */
  const resume = async () => {
    const { watchedDuration, position } = await state(videoId);
    base = watchedDuration ?? 0;
    const go = () => {
      if (options.resume === false || moved || watched > 3 || !(position > 0) || position > media.duration - 5) return;
      media.currentTime = reported = position;
    };
    if (media.readyState) go();
    else listen(media, 'loadedmetadata', go);
  };

  /** Sends what is waiting until nothing is left, or the server cannot take it now. */
  const drain = async () => {
    if (retry) return; // not before its time, whatever is new
    try {
      for (let most = BATCH; ;) {
        const entries = await waiting.some(most);
        if (!entries[0]) break;
        const progressData = await Promise.all(entries.map(complete));
        const answer = await ask('/progress/sync', { userId, progressData });
        const { status, message, body } = answer;
        const [report] = progressData;
        if (status === 400 || status === 413) {
          // One of them is at fault: alone it is given up, and no other is lost.
          most = 1;
          if (entries[1]) continue;
          onError?.({ status, message, report });
        } else if (!body.results) throw answer;
        await waiting.remove(entries);
        failures = 0;
        body.results?.forEach((/** @type {any} */ { result, error }, /** @type {number} */ i) =>
          result === 'invalid' && onError?.({ status, message: error, report: progressData[i] }));
        for (const state of body.progressData ?? []) if (state.videoId === videoId) onProgress?.(state);
      }
      if (base === undefined && !stopped) await resume();
    } catch (/** @type {any} */ error) {
      const { status = 0, message, wait } = error;
      if (!stopped)
        retry = setTimeout(again, 1000 * Math.max(wait || 0, Math.min(PATIENCE_S, 2 ** failures++) * (0.5 + Math.random() / 2)));
      onError?.({ status, message });
    }
  };
  /** One tab at a time. @returns {Promise<any>} */
  const flush = () => navigator.locks?.request(`milepost ${scope}`, drain) ?? drain();

  const again = () => {
    clearTimeout(retry);
    retry = 0;
    return flush();
  };

  /** What is new since the last report. @returns {Entry | undefined} */
  const news = () => {
    const segments = watch.take();
    const position = milliseconds(media.readyState ? media.currentTime : seen);
    if (!segments.length && (position === reported || !moved)) return;
    for (const [from, to] of segments) watched += to - from;
    const duration = media.duration > 0 && media.duration < Infinity ? milliseconds(media.duration) : undefined;
    reported = position;
    due = performance.now() + interval * 1000;
    const at = Date.now();
    return {
      at,
      watched,
      report: {
        videoId, courseId, eventId: random(), deviceId, position, duration, segments,
        ...(base !== undefined && { watchedDuration: Math.floor(Math.min(base + watched, duration ?? Infinity)) }),
        ...(offset !== undefined && { lastWatched: instant(at) }),
      },
    };
  };
  const report = async () => {
    const entry = news();
    if (entry) await waiting.add(entry);
    return flush();
  };
  /** The page may be gone at once: the report is kept and sent at the same time. */
  const leave = () => {
    const entry = news();
    if (!entry) return;
    waiting.add(entry);
    const body = { userId, watchedDuration: Math.floor(watched), lastWatched: instant(entry.at), ...entry.report };
    send('/progress/update', body, true).then(async ({ body }) => {
      if (!body.videoId) return;
      await waiting.remove([entry]);
      onProgress?.(body);
    }).catch(() => {});
  };

  /** @type {(() => void)[]} */
  const undo = [];
  /** @param {any} target @param {string} type @param {() => void} listener */
  const listen = (target, type, listener) => {
    target.addEventListener(type, listener);
    undo.push(() => target.removeEventListener(type, listener));
  };
  listen(media, 'timeupdate', () => {
    seen = media.currentTime;
    if (watch.any && performance.now() >= due) report();
  });
  for (const type of ['pause', 'ended', 'emptied']) listen(media, type, report);
  listen(media, 'seeking', () => {
    moved ||= media.currentTime !== reported;
    clearTimeout(settle);
    settle = setTimeout(report, 1000);
  });
  listen(document, 'visibilitychange', () => (document.hidden ? leave() : flush()));
  listen(window, 'pagehide', leave);
  listen(window, 'online', again);
  const unfollow = options.live && options.live({ url, userId, videoId, token: authorize, onMessage: (state) => onProgress?.(state) });
  flush();

  return {
    /** Reports now; resolves when the server has it, or cannot take it now. */
    flush: report,
    /** Sends the rest and lets go of the player. */
    stop() {
      watch.stop();
      stopped = true;
      clearTimeout(settle);
      for (const step of undo.splice(0)) step();
      if (unfollow) unfollow();
      return report();
    },
  };
}
