// The live stream: one WebSocket of this tab, since six tabs with an EventSource each would leave no connection for
// anything else. docs/live.md says what a client must do to miss nothing.
import { base, get, onConnection, write } from './api.js';

const POLL_MS = 30000;
const HIDDEN_MS = 60000; // a tab nobody sees lets its stream go
const OPEN_MS = 10000; // for a stream to open
const EXPIRED = 4401;
const FAILURES = 3; // then the figures are asked for now and then, and the page says so

let current = null;

/**
 * Follows what fits `filter` ({userId, courseId, videoId}; null: nothing can be followed, so only poll) until the returned
 * function is called. onMessage(message); onGap(): read everything again; onState('connecting'|'live'|'polling').
 */
export function follow(filter, { onMessage, onGap, onState }) {
  current?.();
  let socket, retry, poll, hide;
  let last = '';
  let failures = 0;
  let joining = false;
  let ended = false;

  const state = (name) => !ended && onState(name);
  const polling = (on) => {
    clearInterval(poll);
    poll = on ? setInterval(() => document.hidden || onGap(), POLL_MS) : undefined;
    if (on) state('polling');
  };
  const later = () => {
    if (ended) return;
    failures++;
    if (failures === FAILURES) polling(true);
    else if (failures < FAILURES) state('connecting');
    retry = setTimeout(connect, Math.min(30000, 1000 * 2 ** (failures - 1)) * (0.5 + Math.random()));
  };
  const connect = async () => {
    clearTimeout(retry);
    if (joining || socket) return;
    joining = true;
    try {
      const { ticket } = await write('POST', 'progress/realtime/ticket');
      if (ended) return;
      const query = new URLSearchParams({ ...filter, ticket, ...(last && { lastEventId: last }) });
      socket = new WebSocket(`${base.replace(/^http/, 'ws')}progress/realtime?${query}`);
      const opening = socket;
      setTimeout(() => opening.readyState === WebSocket.CONNECTING && opening.close(), OPEN_MS);
      socket.onopen = () => {
        if (failures >= FAILURES) onGap();
        failures = 0;
        polling(false);
        state('live');
      };
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.id) last = String(message.id);
        if (message.type === 'gap') onGap();
        else onMessage(message);
      };
      socket.onclose = ({ code }) => {
        socket = undefined;
        // The server says that the token has expired: any call says so too, and leads to the sign-in.
        if (code === EXPIRED) get('api/v1/me').catch(() => {});
        if (!document.hidden) later();
      };
    } catch (problem) {
      if (problem.status === 403 || problem.status === 404 || problem.status === 405) polling(true);
      else if (problem.status !== 401) later();
    } finally {
      joining = false;
    }
  };
  const seen = () => {
    clearTimeout(hide);
    if (document.hidden) hide = setTimeout(() => socket?.close(), HIDDEN_MS);
    else if (filter) connect();
  };
  document.addEventListener('visibilitychange', seen);
  const unheard = onConnection((offline) => offline || document.hidden || !filter || connect()); // the server is back: at once
  if (filter) {
    state('connecting');
    connect();
  } else polling(true);

  current = () => {
    ended = true;
    current = null;
    document.removeEventListener('visibilitychange', seen);
    unheard();
    for (const timer of [retry, hide]) clearTimeout(timer);
    clearInterval(poll);
    // One that is being opened is closed once it is open: closing it before would be a word on the console.
    if (socket?.readyState === WebSocket.CONNECTING) socket.onopen = ({ target }) => target.close();
    else socket?.close();
  };
  return current;
}
