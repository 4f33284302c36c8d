// Players as their documentation says they behave, over a Film.
import { Film } from './film.mjs';

/** HTMLMediaElement, as far as a tracker looks. With `ranges`, also its `played`. */
export class Element extends EventTarget {
  film = new Film();
  seeking = false;
  ended = false;
  readyState = 4;

  constructor({ ranges = true } = {}) {
    super();
    if (ranges) Object.defineProperty(this, 'played', { get: () => ({ length: this.film.played.length, start: (i) => this.film.played[i][0], end: (i) => this.film.played[i][1] }) });
    this.beat = setInterval(() => this.film.playing && !this.busy && this.fire('timeupdate'), 250);
  }

  fire(type) {
    this.dispatchEvent(new Event(type));
  }

  get paused() { return !this.wanted; }
  get duration() { return this.film.duration; }
  get playbackRate() { return this.film.rate; }
  set playbackRate(rate) {
    this.film.rate = rate;
    if (!this.busy) this.fire('ratechange');
  }
  get currentTime() { return this.film.position; }
  set currentTime(to) { this.seek(to); }

  seek(to, lasts = 30) {
    this.film.stop();
    this.film.position = to;
    this.seeking = true;
    this.ended = false;
    if (lasts > 50) this.readyState = 1; // not within what is buffered
    this.fire('seeking');
    this.fire('timeupdate');
    this.landing = setTimeout(() => {
      this.seeking = false;
      this.readyState = 4;
      if (this.wanted) this.film.start();
      this.fire('timeupdate');
      this.fire('seeked');
      if (this.wanted) this.fire('playing');
    }, lasts);
  }

  play() {
    this.wanted = true;
    if (this.seeking) return;
    this.film.start();
    setTimeout(() => this.fire('playing'), 40); // events come late
  }

  pause() {
    this.wanted = false;
    this.film.stop();
    this.fire('timeupdate');
    this.fire('pause');
  }

  stall() {
    this.film.stop();
    this.readyState = 2;
    this.fire('waiting');
  }

  goOn() {
    this.readyState = 4;
    this.film.start();
    this.fire('playing');
  }

  finish() {
    this.film.stop();
    this.wanted = false;
    this.ended = true;
    this.fire('pause');
    this.fire('ended');
  }

  load() {
    this.film.stop();
    this.film.position = 0;
    this.wanted = false;
    this.readyState = 0;
    this.fire('emptied');
    this.readyState = 4;
    this.fire('loadedmetadata');
  }

  close() {
    clearInterval(this.beat);
    clearTimeout(this.landing);
  }
}

/**
 * YT.Player (YouTube IFrame Player API reference): states -1 unstarted, 0 ended, 1 playing, 2 paused, 3 buffering, 5 cued;
 * onStateChange and onPlaybackRateChange with {target, data}; no event for a seek; getDuration is 0 until it is known;
 * seekTo leaves a paused player paused and starts any other. The clock is told across frames, now and then.
 */
export class YouTube {
  film = new Film();
  state = 5;
  told = 0;
  listeners = { onStateChange: new Set(), onPlaybackRateChange: new Set() };

  constructor({ everyMs = 250 } = {}) {
    this.beat = setInterval(() => (this.told = this.film.position), everyMs);
  }

  addEventListener(type, listener) { this.listeners[type].add(listener); }
  removeEventListener(type, listener) { this.listeners[type].delete(listener); }
  emit(type, data) { for (const listener of this.listeners[type]) listener({ target: this, data }); }
  become(state) {
    if (state === 1) this.film.start();
    else this.film.stop();
    this.state = state;
    this.told = this.film.position;
    this.emit('onStateChange', state);
  }

  getCurrentTime() { return this.told; }
  getDuration() { return this.state === 5 || this.state === -1 ? 0 : this.film.duration; }
  getPlaybackRate() { return this.film.rate; }
  getPlayerState() { return this.state; }
  setPlaybackRate(rate) {
    this.film.rate = rate;
    this.emit('onPlaybackRateChange', rate);
  }
  playVideo() {
    if (this.state !== 2) this.become(3);
    this.become(1);
  }
  pauseVideo() { this.become(2); }
  seekTo(seconds) {
    this.film.jump(seconds);
    if (this.state === 2) return;
    this.become(3);
    setTimeout(() => this.become(1), 120);
  }
  finish() { this.become(0); }
  loadVideoById() {
    this.film.stop();
    this.film.position = 0;
    this.film.played = [];
    this.become(-1);
    this.become(3);
    this.become(1);
  }
  close() { clearInterval(this.beat); }
}

/**
 * Vimeo.Player (player.js README): on/off; events carry {duration, percent, seconds}; timeupdate about every 250 ms, and with
 * seeking and seeked; bufferstart and bufferend carry nothing, and come while preloading and seeking too; no ended when it
 * loops; playbackratechange {playbackRate}; getters and setters are promises; setCurrentTime out of range rejects.
 */
export class Vimeo {
  film = new Film();
  listeners = new Map();
  paused = true;

  constructor() {
    this.beat = setInterval(() => this.film.playing && this.emit('timeupdate', this.time), 250);
  }

  on(type, listener) { this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener)); }
  off(type, listener) { listener ? this.listeners.get(type)?.delete(listener) : this.listeners.delete(type); }
  emit(type, data) { for (const listener of this.listeners.get(type) ?? []) listener(data); }
  get time() {
    const { position: seconds, duration } = this.film;
    return { seconds, duration, percent: seconds / duration };
  }

  async getCurrentTime() { return this.film.position; }
  async getDuration() { return this.film.duration; }
  async getPaused() { return this.paused; }
  async getPlaybackRate() { return this.film.rate; }
  async setPlaybackRate(playbackRate) {
    this.film.rate = playbackRate;
    this.emit('playbackratechange', { playbackRate });
    return playbackRate;
  }
  async play() {
    this.paused = false;
    this.emit('play', this.time);
    this.emit('bufferstart');
    this.emit('bufferend');
    this.film.start();
    this.emit('playing', this.time);
  }
  async pause() {
    this.paused = true;
    this.film.stop();
    this.emit('pause', this.time);
  }
  async setCurrentTime(seconds) {
    if (seconds < 0 || seconds > this.film.duration) throw Object.assign(new Error('out of range'), { name: 'RangeError' });
    this.film.stop();
    this.film.position = seconds;
    this.emit('seeking', this.time);
    this.emit('timeupdate', this.time);
    this.emit('bufferstart');
    setTimeout(() => {
      this.emit('bufferend');
      if (!this.paused) this.film.start();
      this.emit('timeupdate', this.time);
      this.emit('seeked', this.time);
    }, 50);
    return seconds;
  }
  stall() {
    this.film.stop();
    this.emit('bufferstart');
  }
  goOn() {
    this.film.start();
    this.emit('bufferend');
  }
  finish() {
    this.paused = true;
    this.film.stop();
    this.emit('ended', this.time);
  }
  loop() {
    this.film.jump(0);
  }
  async loadVideo(id) {
    this.paused = true;
    this.film.stop();
    this.film.position = 0;
    this.film.played = [];
    this.emit('loaded', { id });
    return id;
  }
  close() { clearInterval(this.beat); }
}

/** A video.js player over a tech: on and off take a name or several, listeners get {type, target}; everything else is a function. */
export class VideoJs {
  listeners = new Map();

  constructor() {
    this.tech = new Element();
    for (const type of ['playing', 'timeupdate', 'seeking', 'seeked', 'ratechange', 'waiting', 'stalled', 'pause', 'ended', 'loadedmetadata'])
      this.tech.addEventListener(type, () => this.trigger(type));
    // A new source: the player says loadstart, whatever its tech says.
    this.tech.addEventListener('emptied', () => this.trigger('loadstart'));
  }

  each(types, step) { for (const type of [types].flat()) step(type); }
  on(types, listener) { this.each(types, (type) => this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener))); }
  off(types, listener) { this.each(types, (type) => this.listeners.get(type)?.delete(listener)); }
  trigger(type) { for (const listener of this.listeners.get(type) ?? []) listener({ type, target: this }); }
  currentTime(seconds) { return seconds === undefined ? this.tech.currentTime : void (this.tech.currentTime = seconds); }
  duration() { return this.tech.duration; }
  paused() { return this.tech.paused; }
  seeking() { return this.tech.seeking; }
  ended() { return this.tech.ended; }
  readyState() { return this.tech.readyState; }
  playbackRate(rate) { return rate === undefined ? this.tech.playbackRate : void (this.tech.playbackRate = rate); }
  close() { this.tech.close(); }
}

/** An Hls: `media` is null until attachMedia; MEDIA_DETACHING is said while the element is still there. */
export class Hls {
  media = null;
  listeners = new Map();

  on(type, listener) { this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener)); }
  off(type, listener) { this.listeners.get(type)?.delete(listener); }
  emit(type, data) { for (const listener of this.listeners.get(type) ?? []) listener(type, data); }
  attachMedia(media) {
    this.media = media;
    this.emit('hlsMediaAttaching', { media });
    this.emit('hlsMediaAttached', { media });
  }
  detachMedia() {
    this.emit('hlsMediaDetaching', {});
    this.media = null;
    this.emit('hlsMediaDetached', {});
  }
}
