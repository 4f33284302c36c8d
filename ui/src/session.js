// The token: in this tab's sessionStorage and nowhere else. It may arrive in the address, behind the #, which no server
// and no log sees; it is taken out of there before anything else happens.
const KEY = 'milepost.token';

/** Reads or keeps the token. */
export function token(given) {
  if (given !== undefined) sessionStorage.setItem(KEY, given);
  return sessionStorage.getItem(KEY);
}

export const forget = () => sessionStorage.removeItem(KEY);

/** What people paste: with spaces, line breaks, quotes, or the whole header. */
export const clean = (text) =>
  text.replace(/[\s"'`,;]+/g, ' ').trim().replace(/^authorization: ?/i, '').replace(/^bearer /i, '').replace(/ /g, '');

/** #token=... : kept, and removed from the address and from the history. */
export function takeToken() {
  const found = /^#\/?token=([^&]*)/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, '', `${location.pathname}${location.search}#/`);
  let given;
  try {
    given = clean(decodeURIComponent(found[1]));
  } catch {
    given = clean(found[1]);
  }
  return given ? token(given) : null;
}
