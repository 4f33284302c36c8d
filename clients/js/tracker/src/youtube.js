// The YouTube IFrame Player API, as its reference describes it: states, no seek event, a clock to be asked.
import { Facade } from './facade.js';

const POLL_MS = 250;
const JUMP_S = 1; // the clock comes in steps, now and then late: less is no seek
const STATE = { UNSTARTED: -1, ENDED: 0, PLAYING: 1, PAUSED: 2, BUFFERING: 3, CUED: 5 };

/**
 * What of a `YT.Player` is used. It must be ready (`onReady`).
 * @typedef {object} YouTubePlayer
 * @property {() => number} getCurrentTime
 * @property {() => number} getDuration 0 until the metadata is there
 * @property {() => number} getPlaybackRate
 * @property {() => number} getPlayerState
 * @property {(seconds: number, allowSeekAhead: boolean) => void} seekTo
 * @property {(event: string, listener: (event: any) => void) => void} addEventListener
 * @property {(event: string, listener: (event: any) => void) => void} removeEventListener
 */

/**
 * @param {YouTubePlayer} player
 * @returns {Facade & {release(): void}} for `track`; `release()` stops asking the player
 */
export function youtube(player) {
  const media = new Facade((seconds) => player.seekTo(seconds, true));
  /** @type {any} */
  let poll;

  let looked = performance.now();
  /** Where it is now, and whether the clock has moved; a jump is a seek that nobody told of. */
  const locate = () => {
    const at = player.getCurrentTime();
    const moved = at - media.at;
    if (moved === 0) return false;
    const expected = media.paused ? 0 : ((performance.now() - looked) / 1000) * media.playbackRate;
    media.at = at;
    looked = performance.now();
    if (media.readyState && (moved < -JUMP_S || moved > expected + JUMP_S)) {
      media.fire('seeking');
      media.fire('seeked');
    }
    return true;
  };
  const look = () => {
    if (locate()) media.fire('timeupdate');
  };
  const change = () => {
    const state = player.getPlayerState();
    clearInterval(poll);
    if (state === STATE.UNSTARTED || state === STATE.CUED) {
      // To seek would start it: it counts as loaded when somebody has started it.
      if (media.readyState) media.emptied();
      return;
    }
    locate();
    media.loaded(player.getDuration());
    media.paused = state === STATE.PAUSED || state === STATE.ENDED;
    media.ended = state === STATE.ENDED;
    media.playbackRate = player.getPlaybackRate();
    media.readyState = state === STATE.BUFFERING ? 2 : 4;
    // Also while it is paused: that is when a seek makes no other sound.
    poll = setInterval(look, POLL_MS);
    media.fire({ [STATE.ENDED]: 'ended', [STATE.PLAYING]: 'playing', [STATE.PAUSED]: 'pause' }[state] ?? 'waiting');
  };
  const rate = () => {
    locate();
    media.playbackRate = player.getPlaybackRate();
    media.fire('ratechange');
  };

  player.addEventListener('onStateChange', change);
  player.addEventListener('onPlaybackRateChange', rate);
  change();
  return Object.assign(media, {
    release() {
      clearInterval(poll);
      player.removeEventListener('onStateChange', change);
      player.removeEventListener('onPlaybackRateChange', rate);
    },
  });
}
