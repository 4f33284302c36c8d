// Charts made by hand: lengths and places are all that is calculated here; each figure that is written beside them is the
// server's. Every chart starts at 0, has one series, can be read with the arrow keys and has its table below.
import { h, Component } from 'preact';
import * as format from './format.js';
import { say, stateClass, ENROLMENT_STATES } from './parts.jsx';
import { t } from './words.js';

const part = (value, of) => (of > 0 ? Math.max(0, Math.min(1, value / of)) : 0);

/** How much of something: a bar with its words beside it. */
export const Bar = ({ value, of = 100, label, done }) => (
  <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={label}>
    <rect class="groove" width="100" height="8" />
    <rect class={done ? 'fill done' : 'fill'} width={100 * part(value, of)} height="8" />
  </svg>
);

export const Ring = ({ value, label, done }) => {
  const round = 2 * Math.PI * 15;
  return (
    <svg class="ring" viewBox="0 0 36 36" role="img" aria-label={label}>
      <circle class="groove" cx="18" cy="18" r="15" />
      <circle class={done ? 'fill done' : 'fill'} cx="18" cy="18" r="15" stroke-dasharray={`${round * part(value, 100)} ${round}`} transform="rotate(-90 18 18)" />
    </svg>
  );
};

/** Where all enrolments stand: one bar, a part for each state. */
export const States = ({ of, total, label }) => {
  let at = 0;
  return (
    <svg class="states" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={label}>
      {total === 0 ? <rect class="groove" width="1000" height="20" /> : null}
      {ENROLMENT_STATES.map((state) => {
        const width = 1000 * part(of[state], total);
        const x = at;
        at += width;
        return width > 0 ? <rect key={state} class={`f-${stateClass(state)}`} x={x} width={Math.max(width - 2, 1)} height="20" /> : null;
      })}
    </svg>
  );
};

/** The parts of a video that somebody has seen, and where they stand. */
export const Watched = ({ segments, duration, position, label }) => (
  <svg class="watched" viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label={label}>
    <rect class="groove" y="4" width="1000" height="16" />
    {segments.map(([from, to]) => <rect key={from} class="fill" x={1000 * part(from, duration)} y="4" width={1000 * part(to - from, duration)} height="16" />)}
    {position == null ? null : <rect class="mark" x={Math.min(996, 1000 * part(position, duration))} y="0" width="4" height="24" />}
  </svg>
);

/** Even, so that the line half-way up is a whole number too. */
const niceTop = (most) => {
  if (most <= 4) return 4;
  const size = 10 ** Math.floor(Math.log10(most));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * size).find((top) => top >= most && top % 2 === 0);
};

const narrow = matchMedia('(max-width: 720px)');
const HIGH = 200, LEFT = 44, RIGHT = 8, TOP = 18, BOTTOM = 24;

/**
 * points: [{value, name, said}], drawn as an area ('line'), as steps ('steps') or as columns ('bars').
 * ticks: [{at, text}] under the axis. wide: as wide as the page. The table is the caller's.
 */
export class Chart extends Component {
  constructor(props) {
    super(props);
    this.state = { at: null };
  }

  componentDidMount() {
    this.turned = () => this.forceUpdate();
    narrow.addEventListener('change', this.turned);
  }
  componentWillUnmount() {
    narrow.removeEventListener('change', this.turned);
  }

  // As wide as it is shown, more or less: letters stay as large as those around it.
  wide() {
    return narrow.matches ? 320 : this.props.wide ? 1120 : 560;
  }

  move(event) {
    const { points } = this.props;
    const { at } = this.state;
    const last = points.length - 1;
    const next = { ArrowRight: at === null ? 0 : Math.min(last, at + 1), ArrowLeft: at === null ? last : Math.max(0, at - 1), Home: 0, End: last, Escape: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.setState({ at: next });
    if (next !== null) say(points[next].said);
  }

  point(event) {
    const { points } = this.props;
    const box = event.currentTarget.getBoundingClientRect();
    const WIDE = this.wide();
    const x = ((event.clientX - box.left) / box.width) * WIDE;
    const at = Math.floor(((x - LEFT) / (WIDE - LEFT - RIGHT)) * points.length);
    this.setState({ at: Math.max(0, Math.min(points.length - 1, at)) });
  }

  render({ points, kind, label, ticks = [], top: wanted, axis = format.short, marks = [] }, { at }) {
    const WIDE = this.wide();
    const top = wanted ?? niceTop(points.reduce((most, { value }) => Math.max(most, value), 0));
    const step = (WIDE - LEFT - RIGHT) / Math.max(points.length, 1);
    const y = (value) => HIGH - BOTTOM - (HIGH - TOP - BOTTOM) * part(value, top);
    const x = (i) => LEFT + step * (i + 0.5);
    const floor = HIGH - BOTTOM;
    const path = points.map(({ value }, i) =>
      kind === 'steps' ? `${i ? 'L' : 'M'}${LEFT + step * i} ${y(value)}H${LEFT + step * (i + 1)}` : `${i ? 'L' : 'M'}${x(i)} ${y(value)}`).join('');
    const ends = kind === 'steps' ? [LEFT, LEFT + step * points.length] : [x(0), x(points.length - 1)];
    const peak = points.reduce((best, { value }, i) => (value > (points[best]?.value ?? 0) ? i : best), -1);
    const shown = at !== null && points[at] ? at : peak;
    const gap = step > 6 ? 3 : step > 3 ? 1 : 0;
    // Keys differ between the lists too: Preact 8 puts the lists of one parent together.
    return (
      <div class="chart">
        <svg viewBox={`0 0 ${WIDE} ${HIGH}`} tabIndex="0" role="img" aria-label={`${label}. ${t('chartKeys')}`}
          onKeyDown={(event) => this.move(event)} onMouseMove={(event) => this.point(event)} onMouseLeave={() => this.setState({ at: null })} onBlur={() => this.setState({ at: null })}>
          {[0, 0.25, 0.5, 0.75, 1].map((line) => (
            <g key={`line ${line}`}>
              <line class="ax" x1={LEFT} x2={WIDE - RIGHT} y1={y(top * line)} y2={y(top * line)} />
              {line * 4 % 2 === 0 ? <text x={LEFT - 6} y={y(top * line) + 4} text-anchor="end">{axis(top * line)}</text> : null}
            </g>
          ))}
          {kind === 'bars' ? points.map(({ value }, i) => <rect key={`column ${i}`} class="column" x={LEFT + step * i + gap / 2} width={Math.max(step - gap, 0.5)} y={y(value)} height={floor - y(value)} />)
            : points.length ? <g><path class="sarea" d={`M${ends[0]} ${floor}${path.replace(/^M/, 'L')}L${ends[1]} ${floor}Z`} /><path class="sline" d={path} /></g> : null}
          {marks.map((mark) => <path key={`mark ${mark.key}`} class="tick" d={`M${LEFT + (WIDE - LEFT - RIGHT) * mark.part} ${floor}v-10`}><title>{mark.name}</title></path>)}
          {ticks.map(({ at: place, text }, i) => (
            <text key={`tick ${i}`} x={place === 0 ? LEFT : place === 1 ? WIDE - RIGHT : LEFT + (WIDE - LEFT - RIGHT) * place} y={HIGH - 6} text-anchor={place === 0 ? 'start' : place === 1 ? 'end' : 'middle'}>{text}</text>
          ))}
          {shown >= 0 ? (
            <g>
              <line class="cross" x1={x(shown)} x2={x(shown)} y1={TOP} y2={floor} />
              {kind === 'bars' ? null : <circle class="dot" cx={x(shown)} cy={y(points[shown].value)} r="3.5" />}
              <text class="peak" x={Math.max(LEFT + 4, Math.min(WIDE - RIGHT - 4, x(shown)))} y={12} text-anchor={shown > points.length / 2 ? 'end' : 'start'}>{points[shown].said}</text>
            </g>
          ) : null}
        </svg>
      </div>
    );
  }
}

const DAY_MS = 86400000;
const dayOf = (date) => Date.parse(`${date}T00:00:00Z`) / DAY_MS;
const dateOf = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** Days that the answer names, and between them those it leaves out, which are 0. */
export function everyDay(days, value, said) {
  if (!days.length) return [];
  const first = dayOf(days[0].date);
  const points = Array.from({ length: dayOf(days[days.length - 1].date) - first + 1 }, (_, i) => {
    const date = dateOf(first + i);
    return { value: 0, name: date, said: said(0, date) };
  });
  for (const one of days) points[dayOf(one.date) - first] = { value: one[value], name: one.date, said: said(one[value], one.date) };
  return points;
}

/** A year of days, a column a week, darker where more was done. until: the last day shown. */
export class Calendar extends Component {
  constructor(props) {
    super(props);
    this.state = { at: null };
  }
  move(event, last) {
    const { at } = this.state;
    const by = { ArrowRight: 7, ArrowLeft: -7, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = by ? (at === null ? last : at + by) : { Home: 0, End: last, Escape: null }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const kept = next === null ? null : Math.max(0, Math.min(last, next));
    this.setState({ at: kept });
    if (kept !== null) say(this.saidOf(kept));
  }
  render({ days, until, weeks = 26, label, said }, { at }) {
    const end = dayOf(until);
    const weekday = (end + 3) % 7; // Monday is 0: the epoch's first day was a Thursday
    const first = end - weekday - 7 * (weeks - 1);
    const known = new Map(days.map((one) => [dayOf(one.date), one]));
    const most = days.reduce((top, { seconds, reports }) => Math.max(top, seconds || reports), 0);
    const level = (one) => (!one ? 0 : Math.max(1, Math.ceil(4 * part(one.seconds || one.reports, most))));
    this.saidOf = (i) => said(known.get(first + i), dateOf(first + i));
    const last = end - first;
    return (
      <div class="chart">
        <svg class="calendar" viewBox={`0 0 ${weeks * 14} ${7 * 14}`} tabIndex="0" role="img" aria-label={`${label}. ${t('chartKeys')}`}
          onKeyDown={(event) => this.move(event, last)} onBlur={() => this.setState({ at: null })}>
          {Array.from({ length: last + 1 }, (_, i) => (
            <rect key={i} class={`heat-${level(known.get(first + i))}${at === i ? ' here' : ''}`} x={14 * Math.floor(i / 7) + 1} y={14 * (i % 7) + 1} width="12" height="12" rx="2">
              <title>{this.saidOf(i)}</title>
            </rect>
          ))}
        </svg>
        <p class="sm mu said">{at === null ? t('calendarRange', { from: format.day(dateOf(first)), to: format.day(until) }) : this.saidOf(at)}</p>
      </div>
    );
  }
}

/** A chart's table, folded away. */
export const Twin = ({ label, columns, rows }) => (
  <details>
    <summary>{t('asTable')}</summary>
    <div class="scroll" tabIndex="0" role="region" aria-label={label}>
      <table>
        <caption class="vh">{label}</caption>
        <thead><tr>{columns.map((name, i) => <th key={i} scope="col" class={i ? 'n' : ''}>{name}</th>)}</tr></thead>
        <tbody>{rows.map((row, i) => <tr key={i}>{row.map((cell, j) => (j ? <td key={j} class="n">{cell}</td> : <th key={j} scope="row">{cell}</th>))}</tr>)}</tbody>
      </table>
    </div>
  </details>
);
