// Addresses: everything after the #, so that the page works wherever it is served. #/courses/7?status=COMPLETED

const listeners = new Set();

/** {path, parts, query}: the parts decoded; an id that has a / in it is one part. */
export function here() {
  const [path, query = ''] = location.hash.replace(/^#/, '').split('?');
  const parts = path.split('/').filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { path, parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of some parts, and what is asked of them; members that are null or empty are left out. */
export function to(parts, query = {}) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value != null && value !== ''));
  const text = asked.toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

/** The address of the same page, with some of what is asked changed. */
export function withQuery(changes) {
  const { parts, query } = here();
  return to(parts, { ...query, ...changes });
}

export const go = (address) => (location.hash = address);
export const replace = (address) => {
  history.replaceState(null, '', address);
  for (const listener of listeners) listener();
};

export const onRoute = (listener) => {
  listeners.add(listener);
  addEventListener('hashchange', listener);
};
