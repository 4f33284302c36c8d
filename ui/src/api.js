// Speaking with the server: the token on every call, one shape for everything that can go wrong, answers kept with their
// ETag so that asking again for what has not changed costs a 304.
import { t } from './words.js';

const KEPT = 200; // answers

export const base = new URL('.', location.href).href.replace(/[?#].*$/, '');

/** What went wrong: status 0 when the server could not be reached. */
export class Problem extends Error {
  constructor(status, message, { requestId = null, errors = [] } = {}) {
    super(message);
    Object.assign(this, { status, requestId, errors });
  }
}

const state = { token: null, offline: false, ended: null };
const kept = new Map(); // path -> {etag, data}
const listeners = new Set();

export const onConnection = (listener) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const isOffline = () => state.offline;

function setOffline(offline) {
  if (state.offline === offline) return;
  state.offline = offline;
  for (const listener of listeners) listener(offline);
  if (offline) setTimeout(knock, 1000, 1000);
}

// While the server cannot be reached it is asked, ever less often, whether it is back.
async function knock(wait) {
  try {
    await fetch(`${base}healthz`, { cache: 'no-store' });
    setOffline(false);
  } catch {
    setTimeout(knock, wait, Math.min(wait * 2, 15000));
  }
}
addEventListener('offline', () => setOffline(true));

/** From now on calls carry this token; `ended` is called when the server takes it no longer. */
export function begin(token, ended) {
  Object.assign(state, { token, ended });
  kept.clear();
}

async function send(method, path, { body, headers = {}, accept, type = 'application/json', signal } = {}) {
  const sent = { ...headers };
  if (state.token) sent.Authorization = `Bearer ${state.token}`;
  if (accept) sent.Accept = accept;
  if (body !== undefined) sent['Content-Type'] = type;
  const whose = state.token;
  let response;
  try {
    response = await fetch(base + path.replace(/^\//, ''), {
      method, headers: sent, signal, cache: 'no-store', credentials: 'omit',
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    setOffline(true);
    throw new Problem(0, t('offline'));
  }
  setOffline(false);
  if (response.ok || response.status === 304) return response;
  let told = {};
  try {
    told = await response.json();
  } catch { /* not ours: a proxy's page */ }
  if (response.status === 401 && whose && whose === state.token) state.ended?.();
  throw new Problem(response.status, response.status === 403 ? t('forbidden') : told.detail || t('failed', { status: response.status }), {
    requestId: told.requestId ?? response.headers.get('X-Request-Id'), errors: told.errors ?? [],
  });
}

/** What is asked of a course, whatever its id looks like. */
export const courseApi = (courseId) => `api/v1/courses/${encodeURIComponent(courseId)}`;

/** What is kept of an answer, for the first drawing after going back. */
export const remembered = (path) => kept.get(path)?.data;

export async function get(path, signal) {
  const before = kept.get(path);
  const response = await send('GET', path, { signal, headers: before?.etag ? { 'If-None-Match': before.etag } : {} });
  if (response.status === 304) return before.data;
  const data = await response.json();
  kept.delete(path);
  kept.set(path, { etag: response.headers.get('ETag'), data });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return data;
}

/** A write: the server's answer, never a guess of it. A key makes its repetition harmless. */
export async function write(method, path, body) {
  const response = await send(method, path, { body, headers: { 'Idempotency-Key': crypto.randomUUID?.() ?? String(Math.random()) } });
  return response.json();
}

/** Any call, for the explorer: the answer as text. */
export async function raw(method, path, options) {
  const started = performance.now();
  try {
    const response = await send(method, path, options);
    return { status: response.status, type: response.headers.get('Content-Type') ?? '', text: await response.text(), ms: performance.now() - started };
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    return { status: problem.status, type: '', text: JSON.stringify({ detail: problem.message, requestId: problem.requestId, errors: problem.errors }), ms: performance.now() - started };
  }
}

/** Saves an answer as a file: a link could not carry the token. */
export async function save(path, accept, name) {
  const response = await send('GET', path, { accept });
  const address = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement('a'), { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}
