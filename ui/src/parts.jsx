// What every page is made of: states and their glyphs, names, cards that ask the server, tables, pagers, dialogs.
import { h, Component } from 'preact';
import { get, isOffline, onConnection, remembered, save } from './api.js';
import * as format from './format.js';
import { arrived } from './page.js';
import { go, here, withQuery } from './route.js';
import { t, has } from './words.js';

/** The one line that is read out: a short one, for what changed by itself. */
export function say(text) {
  const line = document.getElementById('said');
  if (line) line.textContent = line.textContent === text ? `${text}\u00a0` : text;
}

// ---- words that come from callers: text, and a direction of writing that ends where they end

export const Name = ({ of, or }) => <bdi>{of == null || of === '' ? or ?? format.NONE : String(of)}</bdi>;

/** The title that somebody gave a course or an item, and its id where there is none. */
export const titleOf = (title, id) => (title == null || title === '' ? String(id) : title);

export const Count = ({ of }) => (of != null && format.isLong(of) ? <span title={format.number(of)}>{format.short(of)}</span> : <span>{format.number(of)}</span>);

// ---- states: a glyph, a word and a colour, never the colour alone

const RING = <circle cx="6" cy="6" r="4.5" fill="none" stroke="currentColor" stroke-width="1.5" />;
const STATES = {
  NOT_STARTED: ['ns', () => RING],
  ENROLLED: ['ns', () => RING],
  IN_PROGRESS: ['ip', () => <g>{RING}<path d="M6 1.5a4.5 4.5 0 0 1 0 9z" fill="currentColor" /></g>],
  COMPLETED: ['co', () => <path d="M2 6.5 5 9.5 10.5 3" fill="none" stroke="currentColor" stroke-width="2" />],
  CERTIFIED: ['ce', () => <path d="m6 .8 1.6 3.4 3.7.5-2.7 2.6.7 3.7L6 9.2 2.7 11l.7-3.7L.7 4.7l3.7-.5z" fill="currentColor" />],
  DROPPED: ['lk', () => <path d="m2.5 2.5 7 7m0-7-7 7" fill="none" stroke="currentColor" stroke-width="2" />],
  EXPIRED: ['ex', () => <g>{RING}<path d="M6 3v3.3l2 1.2" fill="none" stroke="currentColor" stroke-width="1.5" /></g>],
  LOCKED: ['lk', () => <path d="M2.5 5.5h7V11h-7zM4 5.5V4a2 2 0 0 1 4 0v1.5" fill="currentColor" fill-opacity=".25" stroke="currentColor" stroke-width="1.4" />],
};
export const ENROLMENT_STATES = ['ENROLLED', 'IN_PROGRESS', 'COMPLETED', 'CERTIFIED', 'DROPPED', 'EXPIRED'];
export const stateClass = (state) => STATES[state]?.[0] ?? 'ns';

export const State = ({ of }) => {
  if (!STATES[of]) return <span class="mu">{of ?? format.NONE}</span>;
  const [name, glyph] = STATES[of];
  return (
    <span class={`chip ${name}`}>
      <svg viewBox="0 0 12 12" aria-hidden="true">{glyph()}</svg>
      {t(`state.${of}`)}
    </span>
  );
};

/** trk writes states in lower case with dashes. */
export const stateOf = (text, locked) => (locked ? 'LOCKED' : text ? text.replace(/-/g, '_').toUpperCase() : null);

// ---- asking

const asks = new Set();
const LIVE_PAUSE_MS = 2000; // a card is asked for again at most this often

/** All cards that are shown read again, or those whose address `which` takes. */
export const readAgain = (which = () => true) => {
  for (const ask of asks) if (ask.props.path && which(ask.props.path)) ask.again();
};
onConnection((offline) => offline || readAgain());

/**
 * Shows what a path answers: `show(data, {refresh})`. Grey blocks after 150 ms the first time; later the old figures
 * stay, as they are drawn, while new ones are asked for. `quiet` shows nothing of a problem; `empty`: what to show of a 404; `otherwise`: of any problem; `heading`: the page's, which the answer was to bring.
 */
export class Ask extends Component {
  constructor(props) {
    super(props);
    this.state = { data: props.path ? remembered(props.path) : undefined, problem: null, slow: false, of: props.path };
    this.turn = 0;
    this.readAt = 0;
    this.again = this.again.bind(this);
  }

  componentDidMount() {
    asks.add(this);
    this.read();
  }

  componentDidUpdate() {
    if (this.props.path !== this.asked) this.read();
  }

  componentWillUnmount() {
    asks.delete(this);
    this.turn = -1;
    this.abort?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.later);
  }

  again() {
    if (this.later || this.turn < 0) return;
    const pause = LIVE_PAUSE_MS - (performance.now() - this.readAt);
    if (pause <= 0) return this.read();
    this.later = setTimeout(() => {
      this.later = null;
      this.read();
    }, pause);
  }

  async read() {
    const { path } = this.props;
    const turn = ++this.turn;
    this.asked = path;
    this.readAt = performance.now();
    this.abort?.abort();
    clearTimeout(this.timer);
    if (!path) return;
    this.abort = new AbortController();
    if (this.state.of !== path && remembered(path)) this.setState({ data: remembered(path), of: path });
    this.timer = setTimeout(() => turn === this.turn && this.setState({ slow: true }), 150);
    try {
      const data = await get(path, this.abort.signal);
      if (turn !== this.turn) return;
      clearTimeout(this.timer);
      if (this.state.data !== data || this.state.problem || this.state.slow || this.state.of !== path) this.setState({ data, problem: null, slow: false, of: path });
      this.props.onData?.(data);
    } catch (problem) {
      if (turn !== this.turn || problem.name === 'AbortError') return;
      clearTimeout(this.timer);
      this.setState({ problem, slow: false });
      this.props.onProblem?.(problem);
    }
  }

  render({ show, quiet, empty, otherwise, heading, size }, { data, problem, slow, of }) {
    const old = of !== this.props.path;
    if (problem && !(problem.status === 0 && data !== undefined)) {
      this.shown = null;
      if (otherwise) return otherwise(problem);
      if (problem.status === 404 && empty) return empty();
      if (quiet) return null;
      return heading == null ? <Trouble problem={problem} again={() => this.read()} /> : <div class="stackable"><Head title={heading} /><Trouble problem={problem} again={() => this.read()} /></div>;
    }
    if (data === undefined) return slow && !quiet ? <Blocks size={size} /> : <div class={`blocks-${size ?? 3}`} aria-busy="true" />;
    // Of another path's answer nothing is drawn again: the very same nodes are passed over.
    if (!old || !this.shown) this.shown = show(data, { refresh: this.again });
    return <div class={slow && old ? 'stale' : undefined} aria-busy={slow || old ? 'true' : 'false'}>{this.shown}</div>;
  }
}

/** What is drawn again only when what it is drawn `of` is another: charts and long tables beside something that changes. */
export class Still extends Component {
  shouldComponentUpdate({ of }) {
    return of !== this.props.of;
  }
  render({ of, draw }) {
    return draw(of);
  }
}

const Blocks = ({ size = 3 }) => (
  <div class={`blocks blocks-${size}`} role="img" aria-label={t('loading')}>
    {Array.from({ length: size }, (_, i) => <i key={i} />)}
  </div>
);

/** One line in the card that has the trouble; the others live on. */
export const Trouble = ({ problem, again }) => (
  <p class="trouble" role="alert">
    <span><Name of={problem.message} /></span>
    {problem.errors?.map(({ field, msg }) => `${field}: ${msg}`).filter((text) => text !== problem.message).map((text) => <span class="sm" key={text}><Name of={text} /></span>)}
    {problem.requestId ? <span class="sm mu">{t('requestId', { id: problem.requestId })}</span> : null}
    {again && problem.status !== 403 ? <button type="button" class="btn" onClick={again}>{t('retry')}</button> : null}
  </p>
);

export const Empty = ({ children, curl }) => (
  <div class="empty">
    <p>{children}</p>
    {curl ? <pre tabIndex="0"><code>{curl}</code></pre> : null}
  </div>
);

export class Offline extends Component {
  constructor(props) {
    super(props);
    this.state = { offline: isOffline() };
  }
  componentDidMount() {
    this.stop = onConnection((offline) => {
      this.setState({ offline });
      say(t(offline ? 'offline' : 'online'));
    });
  }
  componentWillUnmount() {
    this.stop();
  }
  render() {
    return this.state.offline ? <p class="banner">{t('offlineBanner')}</p> : null;
  }
}

// ---- layout

export const Card = ({ title, name, actions, children, ...rest }) => (
  <section class="card" aria-label={name ?? title} {...rest}>
    {title ? <div class="hd cardhd"><h2>{title}</h2>{actions ? <div class="r">{actions}</div> : null}</div> : null}
    {children}
  </section>
);

/** The figures of a page: [[value, what it is]], each of them written by the server. */
export const Figures = ({ of }) => (
  <dl class="kpis">
    {of.map(([value, label, title]) => (
      <div key={label} title={title}><dt>{label}</dt><dd>{value}</dd></div>
    ))}
  </dl>
);

export class Head extends Component {
  componentDidMount() {
    arrived(this.heading);
  }
  render({ title, note, crumbs, children }) {
    return (
      <div>
        {crumbs ? <nav class="crumbs sm" aria-label={t('crumbs')}>{crumbs.map(([name, address]) => <a key={address} href={address}>{typeof name === 'string' ? <Name of={name} /> : name}</a>)}</nav> : null}
        <div class="hd">
          <h1 tabIndex="-1" ref={(heading) => (this.heading = heading)}><Name of={title} /></h1>
          {note ? <span class="mu">{note}</span> : null}
          {[].concat(children ?? []).some(Boolean) ? <div class="r">{children}</div> : null}
        </div>
      </div>
    );
  }
}

/** A course by its title, where a page is about something in it; its id until the title is there. */
export class CourseName extends Component {
  constructor(props) {
    super(props);
    this.path = `api/v1/catalog/courses/${encodeURIComponent(props.id)}`;
    this.state = { title: remembered(this.path)?.title };
  }
  componentDidMount() {
    if (!this.state.title) get(this.path).then(({ title }) => this.setState({ title }), () => {});
  }
  render({ id }, { title }) {
    return <Name of={titleOf(title, id)} />;
  }
}

// ---- tables

/** Down first, then up and down: from what the address says, which is ahead of what is shown. */
function sortBy(by) {
  const { query } = here();
  go(withQuery({ sortBy: by, order: query.sortBy === by && query.order !== 'asc' ? 'asc' : 'desc', page: null }));
}

/**
 * columns: [{key, label, sort, num, opt, head, cell(row)}]: `sort` is what the server sorts by, `num` stands right, `opt`
 * goes when it gets narrow, `head` names the row. sort: {by, order}; changed: the keys of rows that were patched.
 */
export const Table = ({ caption, columns, rows, rowKey, sort, changed, hideCaption }) => (
  <table>
    <caption class={hideCaption ? 'vh' : undefined}>{caption}</caption>
    <thead>
      <tr>
        {columns.map(({ key, label, sort: by, num, opt, hidden }) => {
          const sorted = by && sort?.by === by ? sort.order : null;
          return (
            <th key={key} scope="col" class={[num && 'n', opt && 'opt'].filter(Boolean).join(' ')}
              aria-sort={by ? (sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none') : undefined}>
              {by ? (
                <button type="button" class="sort" onClick={() => sortBy(by)}>
                  {label} <span aria-hidden="true">{sorted === 'asc' ? '▲' : sorted === 'desc' ? '▼' : '↕'}</span>
                </button>
              ) : hidden ? <span class="vh">{label}</span> : label}
            </th>
          );
        })}
      </tr>
    </thead>
    <tbody>
      {rows.map((row) => {
        const key = String(rowKey(row));
        return (
          <tr key={key} data-row={key} class={changed?.has(key) ? 'new' : undefined}>
            {columns.map(({ key: column, head, num, opt, cell }) => {
              const look = [num && 'n', opt && 'opt'].filter(Boolean).join(' ');
              return head ? <th key={column} scope="row" class={look}>{cell(row)}</th> : <td key={column} class={look}>{cell(row)}</td>;
            })}
          </tr>
        );
      })}
    </tbody>
  </table>
);

/** The server's pages: what it says of them, and the ways to the next. */
export const Pager = ({ of, what }) => {
  const { page, total, totalPages, hasMore } = of;
  return (
    <nav class="pager" aria-label={t('pages', { what })}>
      <span>{totalPages == null ? t('itemsInAll', { total: format.number(total) }) : t('pageOf', { page: format.number(page), pages: format.number(totalPages || 1), total: format.number(total) })}</span>
      <a class="btn" data-page="previous" href={page > 1 ? withQuery({ page: page - 1 }) : undefined} aria-disabled={page > 1 ? undefined : 'true'}>{t('previous')}</a>
      <a class="btn" data-page="next" href={hasMore ? withQuery({ page: page + 1 }) : undefined} aria-disabled={hasMore ? undefined : 'true'}>{t('next')}</a>
    </nav>
  );
};

/** A table as the server writes it, for a spreadsheet. */
export class SaveButton extends Component {
  constructor(props) {
    super(props);
    this.state = { busy: false, problem: null };
  }
  async save() {
    const { path, accept, name } = this.props;
    this.setState({ busy: true, problem: null });
    try {
      await save(path, accept ?? 'text/csv', name);
      say(t('saved', { name }));
    } catch (problem) {
      this.setState({ problem });
    }
    this.setState({ busy: false });
  }
  render({ label }, { busy, problem }) {
    return (
      <span>
        <button type="button" class="btn" disabled={busy} onClick={() => this.save()}>{label}</button>
        {problem ? <Trouble problem={problem} /> : null}
      </span>
    );
  }
}

/** A search that goes into the address when typing rests; `/` comes here. */
export class Search extends Component {
  constructor(props) {
    super(props);
    this.state = { text: props.value ?? '' };
    this.seen = props.value ?? '';
  }
  componentDidUpdate() {
    const value = this.props.value ?? '';
    if (value !== this.seen) {
      this.seen = value;
      this.setState({ text: value });
    }
  }
  componentWillUnmount() {
    clearTimeout(this.timer);
  }
  input(text) {
    this.setState({ text });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.seen = text;
      this.props.onText(text);
    }, 200);
  }
  render({ label }, { text }) {
    return <input type="search" class="inp" aria-label={label} placeholder={label} value={text} autocomplete="off" spellcheck={false} onInput={(event) => this.input(event.target.value)} />;
  }
}

export const Choice = ({ label, value, options, onChoice }) => (
  <label class="choice">
    <span>{label}</span>
    <select value={value} onChange={(event) => onChoice(event.target.value)}>
      {options.map(([key, name]) => <option key={key} value={key} selected={key === value}>{name}</option>)}
    </select>
  </label>
);

/** A question before something that cannot be taken back; `confirm` is what must be typed, if anything. */
export class Dialog extends Component {
  constructor(props) {
    super(props);
    this.state = { typed: '', busy: false, problem: null };
  }
  componentDidMount() {
    this.before = document.activeElement;
    this.dialog.querySelector('form').reset(); // Chromium fills in what was typed into the one before
    this.dialog.showModal();
  }
  componentWillUnmount() {
    this.before?.focus?.();
  }
  async submit(event) {
    event.preventDefault();
    if (this.props.confirm && this.state.typed.trim() !== String(this.props.confirm)) return this.setState({ problem: { message: t('typeExactly') } });
    this.setState({ busy: true, problem: null });
    try {
      await this.props.onYes(Object.fromEntries(new FormData(event.target)));
      this.dialog?.close();
    } catch (problem) {
      this.setState({ problem, busy: false });
    }
  }
  render({ title, children, yes, confirm, onClose, danger }, { typed, busy, problem }) {
    return (
      <dialog ref={(element) => (this.dialog = element)} aria-labelledby="dialog-title" onClose={onClose}>
        <form onSubmit={(event) => this.submit(event)}>
          <h2 id="dialog-title"><Name of={title} /></h2>
          {children}
          {confirm ? (
            <label class="field"><span>{t('typeToConfirm')} <b><Name of={confirm} /></b></span>
              <input class="inp" name="confirm" value={typed} autocomplete="off" spellcheck={false} onInput={(event) => this.setState({ typed: event.target.value })} /></label>
          ) : null}
          {problem ? <Trouble problem={problem} /> : null}
          <div class="hd"><div class="r">
            <button type="button" class="btn" onClick={() => this.dialog.close()}>{yes ? t('cancel') : t('close')}</button>
            {yes ? <button class={`btn ${danger ? 'danger' : 'p'}`} disabled={busy}>{yes}</button> : null}
          </div></div>
        </form>
      </dialog>
    );
  }
}

/** The word for a type of item, where there is one. */
export const typeName = (type) => (type && has(`type.${type}`) ? t(`type.${type}`) : type);
