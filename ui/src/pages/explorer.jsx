// Every route, from the server's own description: what it takes, a form to try it, and its curl line.
import { h, Component } from 'preact';
import { base, raw } from '../api.js';
import * as format from '../format.js';
import { title } from '../page.js';
import { Ask, Empty, Head, Name, Search, say } from '../parts.jsx';
import { here, replace, withQuery } from '../route.js';
import { who } from '../who.js';
import { t } from '../words.js';

const METHODS = ['get', 'post', 'put', 'delete'];
const SHOWN = 20000; // letters of an answer

/** What a schema looks like when it is filled in. */
function example(schema, all, depth = 0) {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return example(all[schema.$ref.split('/').pop()], all, depth + 1);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  const [one] = schema.oneOf ?? schema.anyOf ?? schema.allOf ?? [];
  if (one) return example(one, all, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type.find((name) => name !== 'null') : schema.type;
  if (type === 'object' || schema.properties) {
    const names = Object.keys(schema.properties ?? {});
    const needed = schema.required?.length ? names.filter((name) => schema.required.includes(name)) : names;
    return Object.fromEntries(needed.map((name) => [name, example(schema.properties[name], all, depth + 1)]));
  }
  if (type === 'array') return [example(schema.items, all, depth + 1)];
  return { string: '', number: 0, integer: 0, boolean: true }[type] ?? null;
}

const quote = (text) => `'${String(text).replace(/'/g, `'\\''`)}'`;

class Route extends Component {
  constructor(props) {
    super(props);
    const { method, path, about, schemas } = props;
    const body = Object.values(about.requestBody?.content ?? {})[0]?.schema;
    this.state = { values: {}, body: body ? JSON.stringify(example(body, schemas), null, 1) : null, answer: null, busy: false };
    this.parameters = (about.parameters ?? []).filter((one) => one.in === 'path' || one.in === 'query');
    for (const [, name] of path.matchAll(/\{(\w+)\}/g))
      if (!this.parameters.some((one) => one.name === name)) this.parameters.push({ name, in: 'path', required: true });
    for (const one of this.parameters) if (/^(userId|user_id)$/.test(one.name) && one.in === 'path') this.state.values[one.name] = who.me.userId;
    this.method = method;
  }
  address() {
    const { values } = this.state;
    const query = new URLSearchParams(this.parameters.filter((one) => one.in === 'query' && values[one.name]).map((one) => [one.name, values[one.name]])).toString();
    return this.props.path.replace(/^\//, '').replace(/\{(\w+)\}/g, (whole, name) => (values[name] ? encodeURIComponent(values[name]) : whole)) + (query ? `?${query}` : '');
  }
  curl() {
    const { body } = this.state;
    return ['curl', this.method === 'get' ? '' : `-X ${this.method.toUpperCase()}`, quote(base + this.address()), '-H "Authorization: Bearer $T"', body === null ? '' : `-H 'Content-Type: application/json' -d ${quote(compact(body))}`].filter(Boolean).join(' ');
  }
  async send(event) {
    event.preventDefault();
    this.setState({ busy: true, answer: null });
    const { body } = this.state;
    const answer = await raw(this.method.toUpperCase(), this.address(), { body: body === null || body === '' ? undefined : body });
    this.setState({ answer, busy: false });
    say(t('answered', { status: answer.status }));
  }
  render({ path, about }, { values, body, answer, busy }) {
    const stream = path === '/progress/realtime' && this.method === 'get';
    return (
      <form onSubmit={(event) => this.send(event)}>
        {this.parameters.map((one) => (
          <label class="field" key={one.name}><span><Name of={one.name} /> <span class="mu sm">{one.in}{one.required ? `, ${t('required')}` : ''}</span></span>
            <input class="inp" required={one.required} value={values[one.name] ?? ''} autocomplete="off" spellcheck={false} onInput={(event) => this.setState({ values: { ...values, [one.name]: event.target.value } })} /></label>
        ))}
        {body === null ? null : <label class="field"><span>{t('body')}</span><textarea class="code" rows={Math.min(14, body.split('\n').length + 1)} spellcheck={false} value={body} onInput={(event) => this.setState({ body: event.target.value })} /></label>}
        <pre class="curl" tabIndex="0" aria-label={t('curlLine')}><code>{this.curl()}</code></pre>
        {stream ? <p class="note">{t('streamNote')}</p> : <button class="btn p" disabled={busy}>{t('send')}</button>}
        {answer ? (
          <div>
            <p><b>{answer.status}</b> <span class="mu">{t('inMs', { ms: format.number(answer.ms) })}</span></p>
            <pre class="answer" tabIndex="0" aria-label={t('answer')}><code>{pretty(answer.text).slice(0, SHOWN)}</code></pre>
          </div>
        ) : null}
      </form>
    );
  }
}

const compact = (text) => {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
};
const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch {
    return text;
  }
};

export class Explorer extends Component {
  constructor(props) {
    super(props);
    this.state = { open: null };
    title(t('menu.api'));
  }
  render(props, { open }) {
    const { query } = here();
    const text = (query.q ?? '').toLowerCase();
    return (
      <div class="stackable">
        <Head title={t('menu.api')} note={t('apiText')}><a class="btn" href="openapi.json">openapi.json</a></Head>
        <section class="card">
          <div class="tools"><Search label={t('searchRoutes')} value={query.q} onText={(q) => replace(withQuery({ q }))} /></div>
          <Ask path="openapi.json" size={10} show={({ paths, components }) => {
            const routes = Object.entries(paths).flatMap(([path, methods]) => METHODS.filter((method) => methods[method]).map((method) => ({ path, method, about: methods[method] })))
              .filter(({ path, method, about }) => !text || `${method} ${path} ${about.summary ?? ''} ${about.tags?.join(' ') ?? ''}`.toLowerCase().includes(text));
            if (!routes.length) return <Empty>{t('nothingFound', { text: query.q })}</Empty>;
            return (
              <ul class="routes">
                {routes.map(({ path, method, about }) => {
                  const key = `${method} ${path}`;
                  return (
                    <li key={key}>
                      <button type="button" class="route" aria-expanded={open === key ? 'true' : 'false'} onClick={() => this.setState({ open: open === key ? null : key })}>
                        <span class={`method ${method}`}>{method.toUpperCase()}</span> <code>{path}</code> <span class="mu">{about.summary}</span>
                      </button>
                      {open === key ? <Route path={path} method={method} about={about} schemas={components?.schemas ?? {}} /> : null}
                    </li>
                  );
                })}
              </ul>
            );
          }} />
        </section>
      </div>
    );
  }
}
