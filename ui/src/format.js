// How figures, days and instants are written. The only place, beside the charts, that may calculate with an answer: to
// write 312 seconds as 5:12, never to make a new figure.
import { locale } from './words.js';

const spoken = navigator.languages.find((language) => language.split('-')[0] === locale) ?? locale;

let zone; // the server's display_timezone, once /me has told it
export const setZone = (name) => {
  zone = name;
  makers.clear();
};

const makers = new Map();
const maker = (kind, options) => {
  const key = kind.name + JSON.stringify(options);
  if (!makers.has(key)) makers.set(key, new kind(spoken, options));
  return makers.get(key);
};

export const NONE = '-'; // null is not 0

/** A count. More than six digits: 1.2M, the whole of it as the title (parts.jsx: Count). */
export const isLong = (count) => Math.abs(count) >= 1e6;
export const number = (value) => (value == null ? NONE : maker(Intl.NumberFormat, { maximumFractionDigits: 2 }).format(value));
export const short = (value) =>
  value == null ? NONE : isLong(value) ? maker(Intl.NumberFormat, { notation: 'compact', maximumFractionDigits: 1 }).format(value) : number(value);
export const percent = (value) => (value == null ? NONE : maker(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: 2 }).format(value / 100));
export const share = (value) => (value == null ? NONE : percent(value * 100));

/** 5:12 or 1:05:12: a position in a video. */
export const clock = (seconds) => {
  if (seconds == null) return NONE;
  const whole = Math.floor(seconds);
  const two = (part) => String(part).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
};

const unit = (value, name) => maker(Intl.NumberFormat, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: 1 }).format(value);
/** How long: 45 sec, 12 min, 3.4 hr. */
export const span = (seconds) =>
  seconds == null ? NONE : seconds < 60 ? unit(seconds, 'second') : seconds < 3600 ? unit(seconds / 60, 'minute') : unit(seconds / 3600, 'hour');
export const days = (count) => (count == null ? NONE : maker(Intl.NumberFormat, { style: 'unit', unit: 'day', unitDisplay: 'long' }).format(count));
export const hours = (count) => (count == null ? NONE : span(count * 3600));
export const bytes = (count) => {
  if (count == null) return NONE;
  const names = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let step = 0;
  for (; count >= 1000 && step + 1 < names.length; step++) count /= 1000;
  return unit(count, names[step]);
};

/** A calendar day, as the server names it. */
export const day = (date) => (date ? maker(Intl.DateTimeFormat, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`)) : NONE);
/** An instant, in the server's zone: its day, or its day and time. */
export const date = (instant) => (instant ? maker(Intl.DateTimeFormat, { dateStyle: 'medium', timeZone: zone }).format(new Date(instant)) : NONE);
export const time = (instant) => (instant ? maker(Intl.DateTimeFormat, { dateStyle: 'medium', timeStyle: 'medium', timeZone: zone }).format(new Date(instant)) : NONE);
export const timeOfDay = (instant) => maker(Intl.DateTimeFormat, { timeStyle: 'medium', timeZone: zone }).format(new Date(instant));

export const plural = (count) => maker(Intl.PluralRules, {}).select(count);
