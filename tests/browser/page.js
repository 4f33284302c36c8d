// What the test's site does with a player. Runs in the browser.
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const heard = (type) => new Promise((resolve) => media.addEventListener(type, resolve, { once: true }));
const ranges = (played) => Array.from(played, (_, i) => i).map((i) => [played.start(i), played.end(i)]);

let media; // the player
let tracker;
let states = []; // what onProgress heard
let failures = []; // what onError heard
let asked = []; // how the token was asked for
let before = []; // what was played before the source was loaded anew

Object.defineProperty(TimeRanges.prototype, Symbol.iterator, { *value() { for (let i = 0; i < this.length; i++) yield i; } });

const played = () => [...before, ...ranges(media.played)];

// `blob`: the whole clip first, so that the line may go.
async function begin({ tag = 'video', source = '/clip', blob = false, live = false, tokens, name, ...options }) {
  media = document.createElement(tag);
  media.preload = 'auto';
  media.volume = 0.01;
  document.body.append(media);
  media.src = blob ? URL.createObjectURL(await (await fetch(source)).blob()) : source;
  await heard('canplay');
  const given = [...tokens];
  tracker = Milepost.track(media, {
    interval: 2,
    ...options,
    live: live && (await import('/tracker/live.js')).follow,
    token: (renew) => {
      asked.push(renew);
      return given.length > 1 ? given.shift() : given[0];
    },
    onProgress: (state) => states.push(state),
    onError: (failure) => failures.push(failure),
  });
  if (name) addEventListener('pagehide', () => navigator.sendBeacon(`/tell?name=${name}`, JSON.stringify(played())));
}

async function play(ms) {
  await media.play();
  await sleep(ms);
}

async function seek(to) {
  media.currentTime = to;
  await heard('seeked');
}

async function end() {
  media.pause();
  await sleep(50);
  await tracker.flush();
  return played();
}

// As a browser does it for a tab that nobody sees.
function hide(hidden) {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}
