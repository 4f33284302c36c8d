// @milepost/client: every route of a Milepost server, typed by the server's own description. See docs/tracker.md.
import createClient from 'openapi-fetch';

/** @typedef {import('./schema.js').paths} paths */
/** @typedef {import('./schema.js').components['schemas']} Schemas */

/**
 * @typedef {object} Options
 * @property {string} url the server's address
 * @property {string | ((renew: boolean) => string | undefined | Promise<string | undefined>)} [token] the bearer token, or
 *   what gives it: called with true when the last one was refused
 * @property {number} [tries] how often in all a request is sent that got no answer, 429 or 503; 4 by default
 * @property {typeof fetch} [fetch]
 */

const PATIENCE_S = 30; // the longest wait between two tries

/** 32 hexadecimal digits. A page that came over plain HTTP has no crypto.randomUUID. */
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => (byte + 256).toString(16).slice(1)).join('');

/**
 * @template {import('openapi-typescript-helpers').PathsWithMethod<paths, 'get'>} Path
 * @typedef {NonNullable<import('openapi-fetch').FetchResponse<paths[Path]['get'] & Record<string | number, unknown>, {}, 'application/json'>['data']>} Page
 */

/**
 * `client.GET(path, ...)`, `POST`, `PUT`, `DELETE` answer `{data, error, response}`. A write carries an Idempotency-Key, the
 * same in every try, so that it happens once however often it has to be sent. `client.pages(path, ...)` gives one page of a list
 * after the other, and throws what a page is refused with.
 * @param {Options} options
 */
export function milepost({ url, token, tries = 4, fetch: send = fetch }) {
  /** @type {string | undefined} */
  let bearer;
  /** @param {boolean} renew */
  const authorize = async (renew) =>
    bearer = bearer && !renew ? bearer : typeof token === 'function' ? await token(renew) : token;

  /** @param {Request} request @param {boolean} renew */
  const once = async (request, renew) => {
    const sent = request.clone();
    const authorization = await authorize(renew);
    if (authorization) sent.headers.set('Authorization', `Bearer ${authorization}`);
    return send(sent);
  };

  /** @param {Request} request @returns {Promise<Response>} */
  const persistent = async (request) => {
    if (!['GET', 'HEAD'].includes(request.method) && !request.headers.has('Idempotency-Key'))
      request.headers.set('Idempotency-Key', random());
    for (let attempt = 1; ; attempt++) {
      let wait = 0;
      try {
        let response = await once(request, false);
        if (response.status === 401 && typeof token === 'function') response = await once(request, true);
        if (attempt >= tries || (response.status !== 429 && response.status !== 503)) return response;
        wait = Number(response.headers.get('Retry-After')) || 0;
      } catch (error) {
        if (attempt >= tries || request.signal.aborted) throw error;
      }
      const patience = Math.min(PATIENCE_S, Math.max(wait, 2 ** (attempt - 1) * (0.5 + Math.random() / 2)));
      await new Promise((resolve) => setTimeout(resolve, patience * 1000));
    }
  };

  const client = /** @type {import('openapi-fetch').Client<paths>} */ (createClient({ baseUrl: url, fetch: persistent }));

  /**
   * By `nextCursor` where the list has one, else by `pagination`.
   * @template {import('openapi-typescript-helpers').PathsWithMethod<paths, 'get'>} Path
   * @param {Path} path
   * @param {{ params?: { path?: Record<string, string>, query?: Record<string, unknown> }, signal?: AbortSignal }} [init]
   * @returns {AsyncGenerator<Page<Path>, void>}
   */
  async function* pages(path, init = {}) {
    /** @type {Record<string, unknown> | null} what asks for the next page */
    let more = {};
    while (more) {
      /** @type {object} */
      const params = { ...init.params, query: { ...init.params?.query, ...more } };
      /** @type {{ data?: any, error?: any }} */
      const { data, error } = await /** @type {any} */ (client).GET(path, { ...init, params });
      if (error) throw Object.assign(new Error(error.detail), error);
      yield data;
      const { nextCursor, pagination } = { ...data.results, ...data };
      more = nextCursor ? { cursor: nextCursor } : nextCursor === undefined && pagination?.hasMore ? { page: pagination.page + 1 } : null;
    }
  }

  return Object.assign(client, { pages });
}
