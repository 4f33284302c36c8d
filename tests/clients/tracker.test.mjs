// The tracker's meter on players as they are documented: what it takes is what the film says was played.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { hls } from '../../clients/js/tracker/src/hls.js';
import { meter } from '../../clients/js/tracker/src/meter.js';
import { videojs } from '../../clients/js/tracker/src/videojs.js';
import { vimeo } from '../../clients/js/tracker/src/vimeo.js';
import { youtube } from '../../clients/js/tracker/src/youtube.js';
import { beyond, clock, length } from './film.mjs';
import { Element, Hls, Vimeo, VideoJs, YouTube } from './players.mjs';

beforeEach(() => clock.start());
afterEach(() => clock.stop());

/** `near`: what a player may hide between two words of its clock, for each of its jumps. */
const same = (film, parts, near, what) => {
  const lost = beyond(film.played, parts);
  const invented = beyond(parts, film.played);
  assert.ok(lost <= near && invented <= near,
    `${what}: played ${JSON.stringify(film.played)}, taken ${JSON.stringify(parts)}: ${lost.toFixed(3)} lost, ${invented.toFixed(3)} invented`);
};

// Each row: what is done with a media element. All are measured with and without its `played`.
const elements = {
  'plays and pauses': async (video, run) => {
    video.play(); await run(3130); video.pause();
  },
  'plays from the beginning, again and again': async (video, run) => {
    for (let i = 0; i < 3; i++) { video.seek(0); await run(50); video.play(); await run(900); video.pause(); await run(100); }
  },
  'seeks forward and back while it plays': async (video, run) => {
    video.play(); await run(1370); video.seek(20); await run(1000); for (let i = 0; i < 5; i++) { video.seek(video.currentTime - 3); await run(610); } video.pause();
  },
  'seeks before the last seek has landed': async (video, run) => {
    video.play(); await run(1000); for (let i = 0; i < 10; i++) { clearTimeout(video.landing); video.seek(5 + i * 3, 150); await run(120); } await run(1000); video.pause();
  },
  'is dragged while it is paused': async (video, run) => {
    for (let i = 0; i < 30; i++) { video.seek(i, 10); await run(15); } video.play(); await run(700); video.pause();
  },
  'is dragged after it was played': async (video, run) => {
    video.play(); await run(1000); video.pause(); for (let i = 0; i < 30; i++) { video.seek(20 + i, 10); await run(300); } video.play(); await run(700); video.pause();
  },
  'jumps forward without a word': async (video, run) => {
    video.play(); await run(1000); video.film.jump(20); await run(1000); video.pause();
  },
  'changes its speed on a page that is busy': async (video, run) => {
    video.play(); await run(1000); video.busy = true; video.playbackRate = 4; await run(2000); video.busy = false; video.fire('ratechange'); await run(500); video.pause();
  },
  'loops': async (video, run) => {
    video.seek(58); await run(50); video.play(); await run(1990); video.seek(0, 0); await run(1500); video.pause();
  },
  'loops without a word': async (video, run) => {
    video.seek(58); await run(50); video.play(); await run(1960); video.film.jump(0); await run(1500); video.pause();
  },
  'runs faster, then slower': async (video, run) => {
    video.play(); await run(1130); video.playbackRate = 2; await run(1090); video.playbackRate = 0.5; await run(1010); video.pause();
  },
  'stalls': async (video, run) => {
    video.play(); for (let i = 0; i < 3; i++) { await run(880); video.stall(); await run(700); video.fire('timeupdate'); video.goOn(); } await run(500); video.pause();
  },
  'plays to its end': async (video, run) => {
    video.seek(57); await run(50); video.play(); await run(3000); video.finish();
  },
  'is loaded anew': async (video, run) => {
    video.play(); await run(1000); video.pause(); video.load(); await run(100); video.seek(30); await run(50); video.play(); await run(1000); video.pause();
  },
  'sleeps: the clock stands still, the film does not move': async (video, run) => {
    video.play(); await run(1000); video.film.stop(); await run(20); video.film.start(); await run(1000); video.pause();
  },
};
for (const ranges of [true, false])
  for (const [what, steps] of Object.entries(elements))
    test(`a media element ${what}${ranges ? '' : ', and has no ranges'}`, async () => {
      const video = new Element({ ranges });
      const watch = meter(video);
      const taken = [];
      let since = 0;
      await steps(video, async (ms) => {
        for (; ms > 0; ms -= 10) {
          await clock.run(10, video.film);
          if ((since += 10) % 700 === 0) taken.push(...watch.take()); // reports cut parts where they like
        }
      });
      taken.push(...watch.take());
      // Without ranges: 40 ms until each start is heard, and up to a quarter of a second that a landed jump hides.
      const { played } = video.film;
      const jumps = played.filter(([from], i) => i && from !== played[i - 1][1]).length;
      same(video.film, taken, ranges ? 0.05 : 0.05 * played.length + 0.26 * jumps, what);
      video.close();
    });

test('played through at four times the speed with a report every 0.7 s, it is all of it', async () => {
  for (const ranges of [true, false]) {
    const video = new Element({ ranges });
    const watch = meter(video);
    const taken = [];
    video.playbackRate = 4;
    video.play();
    for (let i = 0; i < 21; i++) {
      await clock.run(700, video.film);
      taken.push(...watch.take());
    }
    video.playbackRate = 1;
    await clock.run(Math.round((60 - video.currentTime) * 1000) - 10, video.film);
    taken.push(...watch.take()); // a hair before the end
    await clock.run(10, video.film);
    video.finish();
    taken.push(...watch.take());
    assert.equal(length(taken), 60, JSON.stringify(taken));
    video.close();
  }
});

test('faster than maxRate, and hidden where that does not count: nothing', async () => {
  const video = new Element();
  const watch = meter(video, { maxRate: 2, countHidden: false });
  video.play();
  await clock.run(1000, video.film);
  video.playbackRate = 3;
  await clock.run(1000, video.film);
  video.playbackRate = 1;
  const from = video.currentTime;
  await clock.run(1130, video.film);
  document.hidden = true;
  document.dispatchEvent(new Event('visibilitychange'));
  const to = video.currentTime;
  await clock.run(1000, video.film);
  same({ played: [[0, 1], [from, to]] }, watch.take(), 0.1);
  video.close();
});

test('without a play there is nothing; a stopped meter hears nothing', async () => {
  const video = new Element();
  const watch = meter(video);
  video.seek(10);
  await clock.run(500, video.film);
  assert.deepEqual([watch.any, watch.take()], [false, []]);
  watch.stop();
  video.play();
  await clock.run(500, video.film);
  assert.deepEqual(watch.take(), []);
  video.close();
});

// The adapters: what is done with each player, through its own functions.
const stories = {
  youtube: {
    make: (options) => new YouTube(options),
    adapt: youtube,
    near: 0.3,
    rows: {
      'plays, pauses, plays on': async (player, run) => {
        player.playVideo(); await run(2000); player.pauseVideo(); await run(500); player.playVideo(); await run(1000); player.pauseVideo();
      },
      'seeks while it plays, without a word': async (player, run) => {
        player.playVideo(); await run(2130); player.seekTo(30); await run(2000); player.seekTo(10); await run(1000); player.pauseVideo();
      },
      'seeks while it is paused': async (player, run) => {
        player.playVideo(); await run(1000); player.pauseVideo(); player.seekTo(40); await run(600); player.playVideo(); await run(1000); player.pauseVideo();
      },
      'runs at twice the speed': async (player, run) => {
        player.playVideo(); await run(1000); player.setPlaybackRate(2); await run(2000); player.pauseVideo();
      },
      'buffers': async (player, run) => {
        player.playVideo(); await run(1000); player.become(3); await run(2000); player.become(1); await run(1000); player.pauseVideo();
      },
      'plays to its end': async (player, run) => {
        player.playVideo(); await run(1000); player.seekTo(58); await run(2110); player.finish();
      },
    },
  },
  vimeo: {
    make: () => new Vimeo(),
    adapt: vimeo,
    near: 0.3,
    rows: {
      'plays, pauses, plays on': async (player, run) => {
        await player.play(); await run(2000); await player.pause(); await run(500); await player.play(); await run(1000); await player.pause();
      },
      'seeks while it plays': async (player, run) => {
        await player.play(); await run(2130); await player.setCurrentTime(30); await run(2000); await player.setCurrentTime(10); await run(1000); await player.pause();
      },
      'seeks while it is paused': async (player, run) => {
        await player.setCurrentTime(40); await run(600); await player.play(); await run(1000); await player.pause();
      },
      'runs at twice the speed': async (player, run) => {
        await player.play(); await run(1000); await player.setPlaybackRate(2); await run(2000); await player.pause();
      },
      'buffers': async (player, run) => {
        await player.play(); await run(1000); player.stall(); await run(2000); player.goOn(); await run(1000); await player.pause();
      },
      'loops, without ended': async (player, run) => {
        await player.setCurrentTime(58); await run(100); await player.play(); await run(1990); player.loop(); await run(1000); await player.pause();
      },
      'plays to its end': async (player, run) => {
        await player.setCurrentTime(58); await run(100); await player.play(); await run(2000); player.finish();
      },
    },
  },
};
for (const [name, { make, adapt, near, rows }] of Object.entries(stories))
  for (const [what, steps] of Object.entries(rows))
    test(`${name}: ${what}`, async () => {
      const player = make();
      const media = adapt(player);
      const watch = meter(media);
      await steps(player, (ms) => clock.run(ms, player.film));
      await clock.run(300, player.film);
      same(player.film, watch.take(), near, what);
      assert.equal(media.duration, 60);
      assert.ok(Math.abs(media.currentTime - player.film.position) < 0.3);
      media.release();
      player.close();
    });

test('youtube: a clock that is told once a second is no seek', async () => {
  const player = new YouTube({ everyMs: 990 });
  const media = youtube(player);
  const watch = meter(media);
  let seeks = 0;
  media.addEventListener('seeking', () => seeks++);
  player.playVideo();
  await clock.run(6000, player.film);
  player.pauseVideo();
  same(player.film, watch.take(), 0.3, 'coarse');
  assert.equal(seeks, 0);
  player.seekTo(30);
  await clock.run(1300, player.film);
  assert.equal(seeks, 1, 'a seek while paused is heard too');
  player.close();
});

test('youtube: cued, it is not moved before somebody starts it; another video is another', async () => {
  const player = new YouTube();
  const media = youtube(player);
  const heard = [];
  for (const type of ['loadedmetadata', 'emptied']) media.addEventListener(type, () => heard.push(type));
  assert.equal(media.readyState, 0);
  player.playVideo();
  assert.deepEqual(heard, ['loadedmetadata']);
  await clock.run(1000, player.film);
  player.loadVideoById('another');
  assert.deepEqual(heard, ['loadedmetadata', 'emptied', 'loadedmetadata']);
  media.currentTime = 20;
  await clock.run(500, player.film);
  assert.ok(media.currentTime > 20);
  media.release();
  assert.equal(player.listeners.onStateChange.size + player.listeners.onPlaybackRateChange.size, 0);
  player.close();
});

test('vimeo: it may be playing already, may load another video, and rejects a place out of range', async () => {
  const player = new Vimeo();
  await player.play();
  await clock.run(1000, player.film);
  const media = vimeo(player);
  const watch = meter(media);
  await clock.run(1000, player.film);
  media.currentTime = 1e6;
  await clock.run(100, player.film);
  const [[from, to]] = watch.take();
  assert.ok(from > 0.7 && to > 1.8, `${from} ${to}`);
  let emptied = 0;
  media.addEventListener('emptied', () => emptied++);
  await player.loadVideo(2);
  await clock.run(100, player.film);
  assert.deepEqual([emptied, media.currentTime, media.paused, media.readyState], [1, 0, true, 4]);
  media.release();
  assert.equal([...player.listeners.values()].reduce((sum, { size }) => sum + size, 0), 0);
  player.close();
});

test('video.js: its functions and events are a media element', async () => {
  const player = new VideoJs();
  const media = videojs(player);
  const watch = meter(media);
  const { film } = player.tech;
  player.tech.play();
  await clock.run(1500, film);
  media.currentTime = 20;
  await clock.run(1000, film);
  player.playbackRate(2);
  await clock.run(500, film);
  player.tech.pause();
  same(film, watch.take(), 0.3, 'video.js');
  let emptied = 0;
  media.addEventListener('emptied', () => emptied++);
  player.tech.load();
  assert.equal(emptied, 1);
  assert.deepEqual([media.duration, media.ended, media.paused], [60, false, true]);
  media.release();
  assert.equal([...player.listeners.values()].reduce((sum, { size }) => sum + size, 0), 0);
  player.close();
});

test('hls.js: the element comes late, goes, and another comes', async () => {
  const player = new Hls();
  const media = hls(player);
  const watch = meter(media);
  assert.deepEqual([media.readyState, media.paused, media.currentTime], [0, true, 0]);
  const first = new Element();
  player.attachMedia(first);
  first.play();
  await clock.run(1500, first.film);
  player.detachMedia();
  same(first.film, watch.take(), 0.3, 'the first element');
  first.film.stop();
  const second = new Element();
  player.attachMedia(second);
  media.currentTime = 30;
  await clock.run(100, second.film);
  second.play();
  await clock.run(1000, second.film);
  second.pause();
  same(second.film, watch.take(), 0.05, 'the second element');
  media.release();
  assert.equal([...player.listeners.values()].reduce((sum, { size }) => sum + size, 0), 0);
  first.close();
  second.close();
});
