// The live stream: what any device of the learner reports, as it is stored. Contract: GET /progress/realtime (SSE).

const PATIENCE_S = 60;

/**
 * Follows one video of one learner; returns what ends it. A browser cannot put a token on an EventSource, so each
 * connection begins with a ticket; `lastEventId` takes up where the last one broke off, without gap or repeat.
 * A server without a live stream is asked once.
 * @type {import('./tracker.js').Follow}
 */
export function follow({ url, userId, videoId, token, onMessage }) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {any} */
  let retry;
  let last = '';
  let failures = 0;
  let ended = false;

  /** @param {number} [wait] seconds that the server asks for */
  const later = (wait = 0) => {
    source?.close();
    if (!ended) retry = setTimeout(connect, 1000 * Math.max(wait, Math.min(PATIENCE_S, 2 ** failures++) * (0.5 + Math.random() / 2)));
  };
  /** @param {boolean} renew */
  const ticket = async (renew) => {
    const bearer = await token(renew);
    return fetch(`${url}/progress/realtime/ticket`, {
      method: 'POST', cache: 'no-store', headers: bearer ? { Authorization: `Bearer ${bearer}` } : {},
    });
  };
  const connect = async () => {
    try {
      let response = await ticket(false);
      if (response.status === 401) response = await ticket(true);
      if (response.status === 404 || response.status === 405) return; // there is none here
      if (!response.ok) return later(Number(response.headers.get('Retry-After')) || 0);
      const query = new URLSearchParams({ ticket: (await response.json()).ticket, userId, videoId });
      if (last) query.set('lastEventId', last);
      if (ended) return;
      source = new EventSource(`${url}/progress/realtime?${query}`);
      /** @param {MessageEvent} event */
      const take = ({ data, lastEventId }) => {
        failures = 0;
        last = lastEventId || last;
        onMessage(JSON.parse(data));
      };
      for (const type of ['progress', 'deleted', 'reset']) source.addEventListener(type, take);
      // Its own reconnecting would show a ticket that is spent.
      source.onerror = () => later();
    } catch {
      later();
    }
  };
  connect();

  return () => {
    ended = true;
    clearTimeout(retry);
    source?.close();
  };
}
