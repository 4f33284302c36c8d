// The Vimeo Player API (@vimeo/player), as its README describes it: events carry {seconds, duration}, getters are promises.
import { Facade } from './facade.js';

/**
 * What of a `Vimeo.Player` is used.
 * @typedef {object} VimeoPlayer
 * @property {(event: any, listener: (data: any) => void) => void} on
 * @property {(event: any, listener: (data: any) => void) => void} off
 * @property {(seconds: number) => Promise<number>} setCurrentTime
 * @property {() => Promise<number>} getCurrentTime
 * @property {() => Promise<number>} getDuration
 * @property {() => Promise<boolean>} getPaused
 * @property {() => Promise<number>} getPlaybackRate
 */

/**
 * @param {VimeoPlayer} player
 * @returns {Facade & {release(): void}} for `track`; `release()` lets go of the player
 */
export function vimeo(player) {
  const media = new Facade((seconds) => {
    player.setCurrentTime(seconds).catch(() => {}); // out of range, or the video has gone
  });

  /** @param {{seconds?: number, duration?: number} | undefined} data */
  const take = (data) => {
    media.loaded(data?.duration ?? 0);
    media.at = data?.seconds ?? media.at;
  };
  /** @type {Record<string, (data: any) => void>} */
  const on = {
    playing(data) {
      take(data);
      media.paused = media.ended = false;
      media.fire('playing');
    },
    pause(data) {
      take(data);
      media.paused = true;
      media.fire('pause');
    },
    ended(data) {
      take(data);
      media.paused = media.ended = true;
      media.fire('ended');
    },
    timeupdate(data) {
      take(data);
      media.fire('timeupdate');
    },
    seeking(data) {
      media.seeking = true;
      media.ended = false;
      take(data);
      media.fire('seeking');
    },
    seeked(data) {
      take(data);
      media.seeking = false;
      media.fire('seeked');
    },
    bufferstart() {
      // Also said of preloading and while seeking, and without a position.
      if (media.paused || media.seeking) return;
      media.readyState = 2;
      media.fire('waiting');
    },
    bufferend() {
      if (media.readyState !== 2) return;
      media.readyState = 4;
      media.fire('playing');
    },
    playbackratechange({ playbackRate }) {
      media.playbackRate = playbackRate;
      media.fire('ratechange');
    },
    durationchange: ({ duration }) => media.loaded(duration),
    loaded() {
      if (media.readyState) media.emptied();
      start();
    },
  };
  /** What was said before anyone listened. */
  const start = async () => {
    try {
      const [seconds, duration, paused, rate] = await Promise.all(
        [player.getCurrentTime(), player.getDuration(), player.getPaused(), player.getPlaybackRate()]);
      media.playbackRate = rate;
      if (media.readyState) return;
      take({ seconds, duration });
      if (!paused) on.playing({ seconds, duration });
    } catch {
      // Not loaded: an event will tell.
    }
  };

  for (const type in on) player.on(type, on[type]);
  start();
  return Object.assign(media, {
    release() {
      for (const type in on) player.off(type, on[type]);
    },
  });
}
