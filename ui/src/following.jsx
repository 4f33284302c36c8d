// A page that is followed: the stream begins when it is shown and ends when it goes.
import { h, Component } from 'preact';
import { follow } from './live.js';
import { readAgain } from './parts.jsx';
import { t } from './words.js';

const listeners = new Set();
let state = 'off';
const set = (next) => {
  state = next;
  for (const listener of listeners) listener();
};

/** How fresh what is shown is. */
export class LiveState extends Component {
  componentDidMount() {
    this.heard = () => this.forceUpdate();
    listeners.add(this.heard);
  }
  componentWillUnmount() {
    listeners.delete(this.heard);
  }
  render() {
    return state === 'off' ? null : <span class={`live ${state}`} title={t(`live.${state}.title`)}><i aria-hidden="true" /><span class="opt">{t(`live.${state}`)}</span></span>;
  }
}

/** filter: {userId, courseId, videoId}; null where the caller may follow nothing of it: then it is polled. */
export class Following extends Component {
  begin() {
    const { filter } = this.props;
    this.of = JSON.stringify(filter);
    this.end = follow(filter, { onMessage: (message) => this.props.onMessage?.(message), onGap: () => readAgain(), onState: set });
  }
  componentDidMount() {
    this.begin();
  }
  componentDidUpdate() {
    if (this.of === JSON.stringify(this.props.filter)) return;
    this.end();
    this.begin();
  }
  componentWillUnmount() {
    this.end();
    set('off');
  }
  render() {
    return null;
  }
}

const MARK_MS = 4000;

/** Rows that a message touched are marked for a while; none moves by itself. */
export class Marks {
  constructor(component) {
    Object.assign(this, { component, keys: new Set(), timers: new Map() });
  }
  add(key) {
    clearTimeout(this.timers.get(key));
    this.keys.add(key);
    this.timers.set(key, setTimeout(() => {
      this.keys.delete(key);
      this.component.forceUpdate();
    }, MARK_MS));
  }
  clear() {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.keys.clear();
  }
}
