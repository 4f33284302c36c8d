/** A player that is no element, made to look like one: the adapters set its members and fire its events. */
export class Facade extends EventTarget {
  duration = NaN;
  paused = true;
  seeking = false;
  ended = false;
  readyState = 0;
  playbackRate = 1;
  /** What the player last said. */
  at = 0;

  /** @param {(seconds: number) => void} seek what moves the player */
  constructor(seek) {
    super();
    this.seek = seek;
  }

  get currentTime() {
    return this.at;
  }

  set currentTime(seconds) {
    this.seek(seconds);
  }

  /** @param {string} type */
  fire(type) {
    this.dispatchEvent(new Event(type));
  }

  /** The first word about what is loaded. @param {number} duration */
  loaded(duration) {
    const first = this.readyState === 0;
    if (duration > 0) this.duration = duration;
    this.readyState = 4;
    if (first) this.fire('loadedmetadata');
  }

  /** Something else was loaded. */
  emptied() {
    this.readyState = 0;
    this.duration = NaN;
    this.paused = true;
    this.seeking = this.ended = false;
    this.fire('emptied');
    this.at = 0;
  }
}
