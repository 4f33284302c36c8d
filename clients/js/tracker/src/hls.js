// hls.js plays into a media element, but may be given it late, lose it, or be given another one.
const EVENTS = ['playing', 'timeupdate', 'seeking', 'seeked', 'ratechange', 'waiting', 'stalled', 'pause', 'ended', 'emptied', 'loadedmetadata'];

/**
 * What of an `Hls` is used.
 * @typedef {object} HlsPlayer
 * @property {HTMLMediaElement | null} [media]
 * @property {(event: any, listener: (...event: any[]) => void) => void} on
 * @property {(event: any, listener: (...event: any[]) => void) => void} off
 */

class HlsMedia extends EventTarget {
  /** @type {HTMLMediaElement | null | undefined} */
  element;

  /** @param {HlsPlayer} hls */
  constructor(hls) {
    super();
    this.hls = hls;
    /** @param {{type: string}} event */
    this.pass = ({ type }) => this.dispatchEvent(new Event(type));
    this.attach = () => {
      this.detach();
      this.element = hls.media;
      for (const type of EVENTS) this.element?.addEventListener(type, this.pass);
      if (this.readyState) this.dispatchEvent(new Event('loadedmetadata'));
    };
    this.detach = () => {
      if (!this.element) return;
      for (const type of EVENTS) this.element.removeEventListener(type, this.pass);
      this.dispatchEvent(new Event('emptied'));
      this.element = null;
    };
    hls.on('hlsMediaAttached', this.attach);
    hls.on('hlsMediaDetaching', this.detach);
    this.attach();
  }

  get currentTime() { return this.element?.currentTime ?? 0; }
  set currentTime(seconds) { if (this.element) this.element.currentTime = seconds; }
  get duration() { return this.element?.duration ?? NaN; }
  get paused() { return this.element?.paused ?? true; }
  get seeking() { return this.element?.seeking ?? false; }
  get ended() { return this.element?.ended ?? false; }
  get readyState() { return this.element?.readyState ?? 0; }
  get playbackRate() { return this.element?.playbackRate ?? 1; }
  get played() { return this.element?.played; }

  release() {
    this.hls.off('hlsMediaAttached', this.attach);
    this.hls.off('hlsMediaDetaching', this.detach);
    for (const type of EVENTS) this.element?.removeEventListener(type, this.pass);
  }
}

/** @param {HlsPlayer} hls @returns for `track`; `release()` lets go of the player */
export const hls = (hls) => new HlsMedia(hls);
