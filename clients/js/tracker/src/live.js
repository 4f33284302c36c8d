// The live stream: what any device of the learner reports, as it is stored. Contract: GET /progress/realtime.

const PATIENCE_S = 60; // the longest wait between two tries, unless the server asks for more
const EXPIRED = 4401; // how the server closes when the token has expired

/**
 * Follows one video of one learner; returns what ends it. A browser cannot put a token on a WebSocket, so each connection
 * begins with a ticket; `lastEventId` takes up where the last one broke off, without gap or repeat. A WebSocket, since six
 * tabs with an EventSource each would leave no connection for anything else. A server without a live stream is asked once.
 * @type {import('./tracker.js').Follow}
 */
export function follow({ url, userId, videoId, token, onMessage }) {
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {any} */
  let retry;
  let last = '';
  let failures = 0;
  let ended = false;

  /** @param {number} wait seconds that the server asks for @param {boolean} [renew] */
  const later = (wait, renew) => {
    const patience = Math.max(wait, Math.min(PATIENCE_S, 2 ** failures++) * (0.5 + Math.random() / 2));
    if (!ended) retry = setTimeout(connect, patience * 1000, renew);
  };
  /** @param {boolean} renew @param {string} method @param {string} path */
  const ask = async (renew, method, path) => {
    const bearer = await token(renew);
    return fetch(`${url}/progress/${path}`, { method, cache: 'no-store', headers: bearer ? { Authorization: `Bearer ${bearer}` } : {} });
  };
  // More was missed than the server tells again. What is told meanwhile is newer.
  const read = async () => {
    const before = last;
    const path = `${encodeURIComponent(userId)}/${encodeURIComponent(videoId)}`;
    let response = await ask(false, 'GET', path);
    if (response.status === 401) response = await ask(true, 'GET', path);
    const state = response.ok && (await response.json());
    if (state && last === before && !ended) onMessage(state);
  };
  /** @param {boolean} [renew] */
  const connect = async (renew = false) => {
    try {
      const response = await ask(renew, 'POST', 'realtime/ticket');
      if (response.status === 404 || response.status === 405) return; // there is none here
      if (!response.ok) return later(Number(response.headers.get('Retry-After')) || 0, response.status === 401);
      const { ticket } = await response.json();
      if (ended) return;
      const query = new URLSearchParams({ ticket, userId, videoId, ...(last && { lastEventId: last }) });
      socket = new WebSocket(new URL(`${url}/progress/realtime?${query}`, location.href).href.replace(/^http/, 'ws'));
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        failures = 0;
        if (message.id) last = String(message.id);
        if (['progress', 'deleted', 'reset'].includes(message.type)) onMessage(message);
        if (message.type === 'gap') read().catch(() => {}); // the next message says it
      };
      socket.onclose = ({ code }) => later(0, code === EXPIRED);
    } catch {
      later(0);
    }
  };
  connect();

  return () => {
    ended = true;
    clearTimeout(retry);
    socket?.close();
  };
}
