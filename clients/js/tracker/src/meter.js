// Which seconds of a player were really played. Every rule is here because a browser or a player breaks the obvious one;
// docs/tracker.md says which.

/**
 * What a player must look like: an HTMLMediaElement does, and the adapters make others look so.
 * @typedef {object} Media
 * @property {number} currentTime seconds; setting it seeks
 * @property {number} duration seconds; NaN: not known yet, Infinity: a live stream
 * @property {boolean} paused
 * @property {boolean} seeking
 * @property {boolean} ended
 * @property {number} readyState 3 and more: it can play on from here
 * @property {number} playbackRate
 * @property {{length: number, start(index: number): number, end(index: number): number}} [played]
 * @property {(type: string, listener: () => void) => void} addEventListener
 * @property {(type: string, listener: () => void) => void} removeEventListener
 */

/** @typedef {[from: number, to: number]} Segment seconds of the item, from before to */

const GAP = 0.25; // what lies between two parts of one play: events come late, by this much at most
const SHORTEST = 0.02; // a part that is shorter was not seen by anyone

/** @param {number} seconds */
export const milliseconds = (seconds) => Math.round(seconds * 1000) / 1000;

/**
 * @param {Media} media
 * @param {{maxRate?: number, countHidden?: boolean, now?: () => number}} [options]
 */
export function meter(media, { maxRate = 4, countHidden = true, now = () => performance.now() } = {}) {
  let from = -1; // the open part's start; -1: none is open
  let to = 0;
  let cut = false; // the open part goes on from what a report has taken
  let ticked = 0; // when `to` was read, in milliseconds of a clock that stands still in sleep
  let rate = 1; // of then
  let playing = !media.paused && media.readyState > 2; // seen, and nothing since that ends it
  /** @type {Segment[]} */
  let parts = [];

  const live = () =>
    playing && !media.seeking && media.playbackRate <= maxRate && (countHidden || !document.hidden);

  /** The stretch around `at` that the browser itself says was played. @param {number} at @returns {Segment} */
  const around = (at) => {
    const { played } = media;
    for (let i = 0; played && i < played.length; i++)
      if (played.start(i) <= at + 0.01 && at - 0.01 <= played.end(i)) return [played.start(i), played.end(i)];
    return played ? [at, at] : [at < GAP ? 0 : at, Math.min(at + 0.3 * rate, media.duration || Infinity)];
  };
  /** @param {number} at @param {boolean} [began] */
  const open = (at, began) => {
    // The event comes after the play began: what was played before it counts, as far as an event can be late.
    from = began ? Math.max(Math.min(around(at)[0], at), at < GAP ? 0 : at - 1) : at;
    to = at;
    ticked = now();
    rate = media.playbackRate;
  };
  const close = () => {
    if (from >= 0 && to - from >= (cut ? 0.001 : SHORTEST)) parts.push([from, to]);
    from = -1;
    cut = false;
  };
  /** What can have been played since then: the speed may have changed meanwhile. */
  const elapsed = () => ((now() - ticked) / 1000) * Math.max(rate, media.playbackRate);
  const tick = (at = media.currentTime) => {
    const moved = at - to;
    if (from < 0) return;
    // A jump that no event told of: a loop, a sleep, a player without a seek event.
    if (moved < -0.05 || moved > 1.25 * elapsed() + 0.5) {
      if (media.played) on.seeking();
      close();
      open(at, true);
    }
    to = Math.max(to, at);
    ticked = now();
    rate = media.playbackRate;
  };

  /** @param {boolean} [began] */
  const go = (began) => {
    if (!live()) return;
    if (from < 0) open(media.currentTime, began);
    else tick();
  };

  /** @type {Record<string, () => void>} */
  const on = {
    playing() {
      playing = true;
      go(true);
    },
    timeupdate: () => go(),
    seeking() {
      // currentTime is the target already: the part's end is what was played on since the last tick.
      if (from >= 0) to += Math.max(0, Math.min(elapsed(), around(to)[1] - to));
      close();
    },
    seeked: () => go(true),
    ratechange() {
      // Since the last tick it went at both speeds: of one that does not count, not even that.
      if (media.playbackRate <= maxRate) return go();
      tick(Math.min(media.currentTime, to + ((now() - ticked) / 1000) * rate));
      close();
    },
    waiting() {
      if (media.seeking) on.seeking();
      else tick();
      close();
      playing = false;
    },
    stalled() {
      if (media.readyState < 3) on.waiting();
    },
    pause() {
      on.waiting();
    },
    ended() {
      if (media.duration < Infinity) tick(media.duration);
      close();
      playing = false;
    },
    emptied() {
      close();
      playing = false;
    },
  };
  const hidden = () => {
    if (countHidden || !document.hidden) return;
    tick();
    close();
  };

  for (const type in on) media.addEventListener(type, on[type]);
  document.addEventListener('visibilitychange', hidden);
  if (live()) open(media.currentTime);

  return {
    /** Is a part open, or is there one to take? */
    get any() {
      return from >= 0 || parts.length > 0;
    },
    /** All that was played since the last take, in order, to the millisecond. @returns {Segment[]} */
    take() {
      if (live()) tick();
      if (from >= 0 && to > from) {
        parts.push([from, to]);
        from = to;
        cut = true;
      }
      /** @type {Segment[]} */
      const joined = [];
      for (const [start, end] of parts.sort((a, b) => a[0] - b[0])) {
        const last = joined[joined.length - 1];
        if (last && start <= last[1] + (media.played ? 0.01 : GAP)) last[1] = Math.max(last[1], end);
        else joined.push([start, end]);
      }
      parts = [];
      return joined.map(([start, end]) => /** @type {Segment} */ ([milliseconds(start), milliseconds(end)]));
    },
    stop() {
      for (const type in on) media.removeEventListener(type, on[type]);
      document.removeEventListener('visibilitychange', hidden);
      if (live()) tick();
      close();
    },
  };
}
