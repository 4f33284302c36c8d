// client/src/client.js
import createClient from "openapi-fetch";
var PATIENCE_S = 30;
function milepost({ url, token, tries = 4, fetch: send = fetch }) {
  let bearer;
  const authorize = async (renew) => bearer = bearer && !renew ? bearer : typeof token === "function" ? await token(renew) : token;
  const once = async (request, renew) => {
    const sent = request.clone();
    const authorization = await authorize(renew);
    if (authorization) sent.headers.set("Authorization", `Bearer ${authorization}`);
    return send(sent);
  };
  const persistent = async (request) => {
    if (!["GET", "HEAD"].includes(request.method) && !request.headers.has("Idempotency-Key"))
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    for (let attempt = 1; ; attempt++) {
      let wait = 0;
      try {
        let response = await once(request, false);
        if (response.status === 401 && typeof token === "function") response = await once(request, true);
        if (attempt >= tries || response.status !== 429 && response.status !== 503) return response;
        wait = Number(response.headers.get("Retry-After")) || 0;
      } catch (error) {
        if (attempt >= tries || request.signal.aborted) throw error;
      }
      const patience = Math.min(PATIENCE_S, Math.max(wait, 2 ** (attempt - 1) * (0.5 + Math.random() / 2)));
      await new Promise((resolve) => setTimeout(resolve, patience * 1e3));
    }
  };
  return (
    /** @type {import('openapi-fetch').Client<paths>} */
    createClient({ baseUrl: url, fetch: persistent })
  );
}
export {
  milepost
};
