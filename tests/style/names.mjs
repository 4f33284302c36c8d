#!/usr/bin/env node
// What comments say exists does exist: every reference to a paper, every name of a function or file, and a comment at every
// public function, which a unit test names. Source: docs/style.md, Comments and Names. Prints file:line: what is wrong; exit 1 when anything is.
//   names.mjs [references|promises|names|modules|headers|tested ...]     from the repository's root; without an argument all of them
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

const faults = [];
const say = (file, line, what) => faults.push({ file, line, what });
const lineOf = (text, at) => text.slice(0, at).split('\n').length;

function walk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === '__pycache__' || entry.name.startsWith('.installed')) return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? walk(path) : [path];
  });
}

// ---- what there is ----

// C text as two of the same length: code with its comments blanked, comments with the code blanked. Strings stay with the code.
function parts(text) {
  const token = /\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  const blank = (some) => some.replace(/[^\n]/g, ' ');
  let code = '', comments = '', from = 0;
  for (const found of text.matchAll(token)) {
    const between = text.slice(from, found.index), isComment = found[0][0] === '/';
    code += between + (isComment ? blank(found[0]) : found[0]);
    comments += blank(between) + (isComment ? found[0] : blank(found[0]));
    from = found.index + found[0].length;
  }
  return { text, code: code + text.slice(from), comments: comments + blank(text.slice(from)) };
}

// Other languages: comments by line (#, //), and the text that a script begins with.
function lines(text, mark) {
  const comments = text.split('\n').map((line) => {
    const at = line.search(mark);
    return at < 0 ? '' : ' '.repeat(at) + line.slice(at);
  });
  return { text, code: text, comments: comments.join('\n') };
}

const c = new Map(), other = new Map(), papers = new Map();
for (const path of [...walk('src'), ...walk('tests'), ...walk('bench'), ...walk('scripts')]) {
  const read = () => readFileSync(path, 'utf8');
  if (/\.[ch]$/.test(path)) c.set(path, parts(read()));
  else if (/\.mjs$/.test(path)) other.set(path, lines(read(), /(^|\s)\/\/ /));
  else if (/\.(py|sh)$/.test(path) || path.endsWith('/run')) other.set(path, lines(read(), /(^|\s)# /));
}
for (const path of [...walk('docs'), ...readdirSync('.').filter((name) => name.endsWith('.md'))]) if (path.endsWith('.md')) papers.set(path, readFileSync(path, 'utf8'));

const headers = [...c.keys()].filter((path) => path.startsWith('src/') && path.endsWith('.h'));
const sources = [...c.keys()].filter((path) => path.startsWith('src/'));
const identifiers = new Set();
for (const { code } of c.values()) for (const [word] of code.matchAll(/\w+/g)) identifiers.add(word);
const everyFile = [...walk('src'), ...walk('tests'), ...walk('bench'), ...walk('scripts'), ...walk('docs')];
const byName = Map.groupBy?.(everyFile, (path) => basename(path)) ?? everyFile.reduce((map, path) => map.set(basename(path), [...(map.get(basename(path)) ?? []), path]), new Map());

// ---- references: contract 1, rule 4; reliability A93; decisions/0009; RFC 9110; docs/limits.md ----

const contract = papers.get('docs/contract.md') ?? '';
const section = new Map([...contract.matchAll(/^## (\d+)\. [^]*?(?=^## |(?![^]))/gm)].map((found) => [Number(found[1]), found[0].toLowerCase()]));
const promises = new Map(); // R28 -> the cell that says what shows it
for (const [, kind, from, to, cell] of (papers.get('docs/reliability.md') ?? '').matchAll(/^\| ([RA])(\d+)(?: to [RA](\d+))? \|[^|]*\| (.*) \|$/gm))
  for (let n = Number(from); n <= Number(to ?? from); n++) promises.set(kind + n, [...(promises.get(kind + n) ?? []), cell]);
const standards = new Set([...(papers.get('docs/documents.md') ?? '').matchAll(/^\| (RFC \d+) /gm)].map((found) => found[1]));
const rules = new Set([...(section.get(1) ?? '').matchAll(/^(\d)\. /gm)].map((found) => Number(found[1])));

// Comments run over lines: one blank for each break and its leader, so that positions stay.
const flat = (comments) => comments.replace(/\n( *)(\*(?!\/)|\/\/|#)/g, (all) => ' '.repeat(all.length)).replace(/\n/g, '\u0001');

const referenceKinds = [
  [/\bcontract (\d+)((?:,| and| to)? \d+(?=[,.;:) ]))*(?:,? (?:progress )?rules? (\d+)(?: (?:to|and) (\d+))?)?(?:, ([A-Z][\w-]*(?: [\w-]+)*|"[^"]+"))?/g, (file, line, [, first, , low, high, topic]) => {
    if (!section.has(Number(first))) return say(file, line, `docs/contract.md has no section ${first}`);
    for (const rule of [low, high].filter(Boolean)) if (!rules.has(Number(rule))) say(file, line, `docs/contract.md has no rule ${rule}`);
    const said = topic?.replace(/"/g, '').replace(/\s+/g, ' ').toLowerCase();
    if (said && !said.split(' ').every((word) => section.get(Number(first)).includes(word))) say(file, line, `docs/contract.md, section ${first}, says nothing of "${topic}"`);
  }],
  [/\breliability(?:\.md)? ([^.;)\n]*)/g, (file, line, [, list]) => {
    for (const [, kind, from, to] of list.matchAll(/\b([RA])(\d+)(?: to [RA]?(\d+))?/g))
      for (let n = Number(from); n <= Number(to ?? from); n++) if (!promises.has(kind + n)) { say(file, line, `docs/reliability.md has no row ${kind}${n}`); break; }
    if (/^part \d/.test(list) && !new RegExp(`^## ${list.split(' ')[1]}\\.`, 'm').test(papers.get('docs/reliability.md') ?? '')) say(file, line, `docs/reliability.md has no ${list.split(/[,;]/)[0]}`);
  }],
  [/\b(?:docs\/)?decisions?[/ ](\d{4})/g, (file, line, [, number]) => {
    if (![...papers.keys()].some((path) => path.startsWith(`docs/decisions/${number}-`))) say(file, line, `docs/decisions has no ${number}`);
  }],
  [/\bRFC (\d+)/g, (file, line, [, number]) => {
    if (!standards.has(`RFC ${number}`)) say(file, line, `docs/documents.md lists no RFC ${number}`);
  }],
  [/\bdesign (\d+)|\bstyle (\d+)|\bfield\.md|\bseeds?\/[\w.-]*/g, (file, line, [all]) => say(file, line, `${all.trim()}: a clone holds no such paper`)],
  [/(?<![\w./-])((?:src|tests|docs|bench|scripts|base|core|store|model|app|http|auth|upstream|face|ops|cli|hub|ui)(?:\/[\w-]+)*\/[\w-]+\.(?:[ch]|md|mjs|py|sh|json|tsv|html|js|css))\b/g, (file, line, [, path]) => {
    if (!path.includes('NNNN') && !existsSync(path) && !existsSync(join('src', path)) && !existsSync(join('tests', path))) say(file, line, `${path} is not there`);
  }],
];

function references() {
  for (const [file, { comments }] of [...c, ...other]) {
    const text = flat(comments);
    for (const [pattern, check] of referenceKinds) for (const found of text.matchAll(pattern)) check(file, lineOf(comments, found.index), found.map((part) => part?.replace(/\s+/g, ' ')));
  }
  for (const [file, text] of papers) {
    for (const found of text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)) if (!existsSync(join(dirname(file), found[1]))) say(file, lineOf(text, found.index), `${found[1]} is not there`);
    if (['docs/contract.md', 'docs/documents.md'].includes(file) || file.startsWith('docs/decisions/')) continue; // these name papers that are not here; decisions tell of their time
    for (const [pattern, check] of referenceKinds) for (const found of text.matchAll(pattern)) check(file, lineOf(text, found.index), found);
  }
}

// ---- promises: each number once, each with a test that exists, or with the word that there is none ----

function shown() {
  const file = 'docs/reliability.md', text = papers.get(file) ?? '';
  const numbers = [...Array.from({ length: 42 }, (_, i) => `R${i + 1}`), ...Array.from({ length: 178 }, (_, i) => `A${i + 1}`)];
  for (const number of numbers) if (promises.get(number)?.length !== 1) say(file, 1, `${number} stands there ${promises.get(number)?.length ?? 0} times`);
  for (const [number, [cell]] of promises) {
    const line = lineOf(text, text.indexOf(cell));
    let tests = 0;
    for (const [, name, member, rest] of cell.matchAll(/`(?:[\w/]+\/)?([\w-]+\.(?:c|py|sh|mjs|test\.mjs))(?::(\w+))?`((?:,? (?:"[^"]+"|--\w+|[a-z]\w*(?=[,;]|$)))*)/g)) {
      const paths = byName.get(name);
      if (!paths) { say(file, line, `${number}: ${name} is not there`); continue; }
      const source = paths.map((path) => readFileSync(path, 'utf8').replace(/\\'/g, "'")).join('\n');
      if (member && !new RegExp(`\\bcmocka_unit_test\\w*\\(\\s*${member}\\b`).test(source)) say(file, line, `${number}: ${name} has no test ${member}`);
      for (const [, quoted, word] of rest.matchAll(/"([^"]+)"|([\w-]+)/g)) if (!source.includes(quoted ?? word)) say(file, line, `${number}: ${name} has no test "${quoted ?? word}"`);
      tests++;
    }
    if (!tests && !/^(Not |\[limits|every test|`bench\/run`)/.test(cell)) say(file, line, `${number}: neither a test nor the reason why there is none`);
  }
}

// ---- names ----

// What a comment may name that is not ours: libraries, the C library, SQL, files of the kernel.
const foreign = /^(MHD_|SQLITE_|sqlite3_|json_|jose_|g_|curl_|CURL|XXH|EVP_|RSA_|CRYPTO_|EPOLL|O_|SO_|SIG|PTHREAD_|pthread_|LC_|IN_|MAP_|M_|CLOCK_|TCP_|E[A-Z]+$|INT\d|UINT\d|SIZE_MAX|cmocka_|ini_|csv_|deflate|inflate|Z_)/;
const libc = new Set('accept accept4 assert calloc close connect dup epoll_wait epoll_ctl eventfd exit fallocate fdatasync fflush flock fork free fsync ftruncate getopt_long kill listen lseek malloc malloc_trim memchr memcmp memcpy memmove memset mmap open poll pread printf pwrite pwrite64 qsort read realloc recv rename send sendmsg setlocale shutdown snprintf strtod strtol strtoll strchr strcmp strlen syncfs time unlink write writev nm'.split(' '));
// Functions inside libraries that a comment has to name to say what happens there.
const inside = new Set('transmit_error_response parse_connection_headers HEADERS_SENDING'.split(' '));
const known = (name) => identifiers.has(name) || foreign.test(name) || libc.has(name) || inside.has(name);

function names() {
  const words = new Set(); // members and settings, as documents and the OpenAPI schemas spell them
  for (const text of [contract, readFileSync('src/face/openapi_schemas.json', 'utf8'), papers.get('docs/settings.md') ?? '']) for (const [word] of text.matchAll(/\w+/g)) words.add(word);
  for (const word of [...words]) words.add(`MILEPOST_${word.toUpperCase()}`); // a setting as an environment variable
  for (const file of sources) {
    const { comments } = c.get(file);
    for (const found of comments.matchAll(/\b([\w-]+\.(?:[ch]|mjs|py|sh)):(\w+)/g)) {
      const there = byName.get(found[1]);
      if (!there) say(file, lineOf(comments, found.index), `${found[1]} is not there`);
      else if (!there.some((path) => new RegExp(`\\b${found[2]}\\b`).test(readFileSync(path, 'utf8')))) say(file, lineOf(comments, found.index), `${found[1]} has no ${found[2]}`);
    }
    for (const found of comments.matchAll(/(?<![\w./<*-])([a-z][\w-]*\.(?:[ch]|mjs|py|sh|md))\b(?!:)/g)) if (!byName.has(found[1])) say(file, lineOf(comments, found.index), `${found[1]} is not there`);
    for (const found of comments.matchAll(/(?<![\w./:%-])([A-Za-z_]\w*)\((?!s\))/g)) if (!known(found[1]) && /[a-z]/.test(found[1]) && !words.has(found[1])) say(file, lineOf(comments, found.index), `${found[1]}() does not exist`);
    for (const found of comments.matchAll(/(?<![\w./%<{-])([a-z]\w*_\w+|[A-Z][A-Z0-9]*_[A-Z0-9_]+)(?![\w(/*}-]|\.\w)/g)) if (!known(found[1]) && !words.has(found[1])) say(file, lineOf(comments, found.index), `${found[1]} does not exist`);
    for (const found of comments.matchAll(/`(\w+)`/g)) if (!known(found[1]) && !words.has(found[1])) say(file, lineOf(comments, found.index), `\`${found[1]}\` does not exist`);
  }
}

// ---- modules ----

// Functions that a header declares or, inline, defines: [name, where the declaration begins].
function declared(file) {
  const { code } = c.get(file);
  const found = [...code.matchAll(/^(?!typedef\b|#|extern\b|struct \w+ \{|enum \w+ \{|union \w+ \{|\}|return\b)(?:[A-Za-z_][\w \t*]*?[\s*])(\w+)\([^;{}]*?\)(?:\s*__attribute__\(\(.*?\)\))?\s*[;{]/gm)];
  return found.filter(([all]) => !/^#define/.test(all)).map((one) => [one[1], one.index]);
}

function modules() {
  for (const file of headers) {
    const own = file.replace(/\.h$/, '.c');
    for (const [name, at] of declared(file)) {
      if (/^static inline/.test(c.get(file).code.slice(at))) continue;
      const defines = (path) => new RegExp(`^(?!.*;)[A-Za-z_][\\w \\t*]*[\\s*]${name}\\(`, 'm').test(c.get(path)?.code ?? '');
      if (defines(own)) continue;
      const where = sources.filter((path) => path.endsWith('.c') && defines(path));
      // A header whose functions lie in several files says so: it names the file, or the folder with its slash.
      const says = (path) => c.get(file).comments.includes(basename(path)) || c.get(file).comments.includes(`${dirname(path).replace(/^src\//, '')}/`) || c.get(file).comments.includes(` ${basename(dirname(path))}/.`);
      if (where.length === 1 && says(where[0])) continue;
      say(file, lineOf(c.get(file).code, at), `${name}() is ${where.length ? `defined in ${where.join(', ')}` : 'defined nowhere'}, not in ${own}`);
    }
  }
}

// ---- headers ----

function documented() {
  for (const file of headers) {
    const { text, code, comments } = c.get(file);
    const codeLines = code.split('\n'), commentLines = comments.split('\n');
    for (const [name, at] of declared(file)) {
      const line = lineOf(text, at);
      const above = commentLines[line - 2] ?? '';
      const end = line + code.slice(at).search(/[;{]/) * 0 + code.slice(at, at + code.slice(at).search(/[;{]/)).split('\n').length - 1;
      if (!(/\*\/\s*$/.test(above) && !codeLines[line - 2].trim()) && !/\/\*/.test(commentLines[end - 1] ?? '')) say(file, line, `${name}() has no comment of its own`);
    }
    if (!/^#pragma once/m.test(code)) say(file, 1, 'no #pragma once');
  }
}

// ---- tested: what a layer offers to others is named in a unit test ----

// A function that only files of its own folder call is a part of what the folder offers: tested through that.
function tested() {
  const layer = (file) => file.split('/')[1];
  const calledIn = new Map(); // word -> layers whose code has it
  for (const file of sources) for (const [word] of c.get(file).code.matchAll(/\w+/g)) calledIn.set(word, (calledIn.get(word) ?? new Set()).add(layer(file)));
  const named = new Set();
  for (const [file, { code }] of c) if (file.startsWith('tests/unit/') || file.startsWith('tests/store/')) for (const [word] of code.matchAll(/\w+/g)) named.add(word);
  for (const file of headers) {
    if (!['core', 'model', 'app', 'auth'].includes(layer(file))) continue;
    for (const [name, at] of declared(file)) if (!named.has(name) && calledIn.get(name).size > 1) say(file, lineOf(c.get(file).code, at), `${name}() is named in no unit test`);
  }
}

const all = { references, promises: shown, names, modules, headers: documented, tested };
const asked = process.argv.slice(2);
for (const name of asked.length ? asked : Object.keys(all)) {
  if (!all[name]) { console.error(`no such check: ${name}; there are ${Object.keys(all).join(', ')}`); process.exit(2); }
  all[name]();
}
faults.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
for (const { file, line, what } of faults) console.log(`${file}:${line}: ${what}`);
if (!sources.length || !section.size) { console.error('names.mjs: nothing was looked at'); process.exit(2); }
process.exit(faults.length ? 1 : 0);
