/**
 * `client.GET(path, ...)`, `POST`, `PUT`, `DELETE` answer `{data, error, response}`. A write carries an Idempotency-Key, the
 * same in every try, so that it happens once however often it has to be sent.
 * @param {Options} options
 */
export function milepost({ url, token, tries, fetch: send }: Options): import("openapi-fetch").Client<paths>;
export type paths = import("./schema.js").paths;
export type Schemas = import("./schema.js").components["schemas"];
export type Options = {
    /**
     * the server's address
     */
    url: string;
    /**
     * the bearer token, or
     * what gives it: called with true when the last one was refused
     */
    token?: string | ((renew: boolean) => string | undefined | Promise<string | undefined>) | undefined;
    /**
     * how often in all a request is sent that got no answer, 429 or 503; 4 by default
     */
    tries?: number | undefined;
    fetch?: typeof fetch | undefined;
};
