// What every stand-in plays: a film that knows itself which of its seconds were played, on a clock that tests turn.
import { mock } from 'node:test';

export class Film {
  position = 0;
  playing = false;
  rate = 1;
  played = []; // the truth
  part = null;

  constructor(duration = 60) {
    this.duration = duration;
  }

  start() {
    if (this.playing) return;
    this.playing = true;
    this.part = [this.position, this.position];
    this.played.push(this.part);
  }

  stop() {
    this.playing = false;
  }

  jump(to) {
    const on = this.playing;
    this.stop();
    this.position = to;
    if (on) this.start();
  }

  advance(ms) {
    if (!this.playing) return;
    this.position = Math.min(this.duration, this.position + (ms / 1000) * this.rate);
    this.part[1] = this.position;
  }
}

/** The clock: timers, Date.now and performance.now move together, in steps of 10 ms, with what the steps set off. */
export const clock = {
  start() {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000 });
    mock.method(performance, 'now', () => Date.now());
    const page = new EventTarget();
    page.hidden = false;
    globalThis.document = page;
  },
  stop() {
    mock.timers.reset();
    mock.restoreAll();
    delete globalThis.document;
  },
  async run(ms, ...films) {
    for (let gone = 0; gone < ms; gone += 10) {
      for (const film of films) film.advance(10);
      mock.timers.tick(10);
      for (let i = 0; i < 4; i++) await null;
    }
  },
};

export const union = (parts) => {
  const joined = [];
  for (const [from, to] of [...parts].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
};
export const length = (parts) => union(parts).reduce((sum, [from, to]) => sum + to - from, 0);
export const beyond = (a, b) => length([...a, ...b]) - length(b);
