// A video.js player: the events and names of a media element, as functions, and the same over any of its techs.
const EVENTS = ['playing', 'timeupdate', 'seeking', 'seeked', 'ratechange', 'waiting', 'stalled', 'pause', 'ended', 'loadedmetadata'];

/**
 * What of a video.js player is used.
 * @typedef {object} VideoJsPlayer
 * @property {(seconds?: number) => any} currentTime
 * @property {() => number | undefined} duration
 * @property {() => boolean} paused
 * @property {() => boolean} seeking
 * @property {() => boolean} ended
 * @property {() => number} readyState
 * @property {(rate?: number) => any} playbackRate
 * @property {(type: any, listener: (...event: any[]) => void) => void} on
 * @property {(type: any, listener: (...event: any[]) => void) => void} off
 */

class VideoJs extends EventTarget {
  /** @param {VideoJsPlayer} player */
  constructor(player) {
    super();
    this.player = player;
    /** @param {{type: string}} event */
    this.pass = ({ type }) => this.dispatchEvent(new Event(type));
    // The player clears its own clock at a new source: loadstart is what a media element's `emptied` is.
    this.renew = () => this.dispatchEvent(new Event('emptied'));
    player.on(EVENTS, this.pass);
    player.on('loadstart', this.renew);
  }

  get currentTime() { return this.player.currentTime() || 0; }
  set currentTime(seconds) { this.player.currentTime(seconds); }
  get duration() { return this.player.duration() ?? NaN; }
  get paused() { return this.player.paused(); }
  get seeking() { return this.player.seeking(); }
  get ended() { return this.player.ended(); }
  get readyState() { return this.player.readyState(); }
  get playbackRate() { return this.player.playbackRate() || 1; }

  release() {
    this.player.off(EVENTS, this.pass);
    this.player.off('loadstart', this.renew);
  }
}

/** @param {VideoJsPlayer} player @returns for `track`; `release()` lets go of the player */
export const videojs = (player) => new VideoJs(player);
