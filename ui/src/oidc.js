// The organisation's own sign-in: authorization code with PKCE, as a public client. The server says in the page which
// provider (settings oidc_issuer, oidc_client_id); what comes back is a token like any other, and is checked like one.
import { t } from './words.js';

const KEY = 'milepost.oidc';
const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;

export function provider() {
  const issuer = meta('oidc-issuer');
  const client = meta('oidc-client-id');
  return issuer && client ? { issuer, client, name: new URL(issuer).hostname } : null;
}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const back = () => location.origin + location.pathname;

async function discover({ issuer }) {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, { credentials: 'omit' });
  if (!response.ok) throw new Error(t('providerFails'));
  const told = await response.json();
  if (told.issuer !== issuer) throw new Error(t('providerFails'));
  return told;
}

/** Goes to the provider; what is needed on the way back waits in this tab. */
export async function leaveFor() {
  const { issuer, client } = provider();
  const { authorization_endpoint: there } = await discover({ issuer }).catch(() => {
    throw new Error(t('providerFails'));
  });
  const [state, nonce, verifier] = [random(), random(), random()];
  if (!crypto.subtle) throw new Error(t('needsHttps'));
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))));
  sessionStorage.setItem(KEY, JSON.stringify({ state, nonce, verifier, address: location.hash }));
  const asked = new URLSearchParams({
    response_type: 'code', client_id: client, redirect_uri: back(), scope: 'openid', state, nonce, code_challenge: challenge, code_challenge_method: 'S256',
  });
  location.assign(`${there}${there.includes('?') ? '&' : '?'}${asked}`);
}

/** After the way back: the code becomes a token, and both leave the address. */
export async function comeBack() {
  const told = new URLSearchParams(location.search);
  if (!told.has('state')) return null;
  const waiting = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
  sessionStorage.removeItem(KEY);
  history.replaceState(null, '', location.pathname + (waiting?.address || location.hash));
  if (!provider() || !waiting || waiting.state !== told.get('state')) throw new Error(t('notOurSignIn'));
  if (told.has('error')) throw new Error(told.get('error_description') ?? told.get('error'));
  const { issuer, client } = provider();
  const { token_endpoint: there } = await discover({ issuer });
  const response = await fetch(there, {
    method: 'POST', credentials: 'omit',
    body: new URLSearchParams({ grant_type: 'authorization_code', code: told.get('code'), redirect_uri: back(), client_id: client, code_verifier: waiting.verifier }),
  });
  const given = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(given.error_description ?? t('providerFails'));
  if (!given.id_token && !given.access_token) throw new Error(t('providerFails'));
  if (given.id_token && claims(given.id_token).nonce !== waiting.nonce) throw new Error(t('notOurSignIn'));
  // An access token is meant for an API, so it is tried first; where it is no JWT or is refused, the id token.
  return [given.access_token, given.id_token].filter((one) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(one ?? ''));
}

const claims = (jwt) => {
  try {
    return JSON.parse(atob(jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return {};
  }
};
