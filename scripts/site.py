#!/usr/bin/python3
"""Builds the documentation as a static site: site.py OUTPUT_DIRECTORY MILEPOST_BINARY

Pages are the Markdown files of this repository, rendered by markdown-it-py; the API reference is made of what the
binary says of itself. Plain files with relative links: a file browser opens them as well as a server does."""

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent

# What stands in the column at the left; a page that is named nowhere here is no part of the site.
PARTS = [
    ("Begin", ["docs/index.md", "README.md", "docs/concepts.md", "docs/rights.md", "docs/glossary.md"]),
    ("Your client", ["docs/clients/pts.md", "docs/clients/courseroom.md", "docs/clients/trk.md", "docs/clients/logs.md",
                     "docs/clients/video.md", "docs/tracker.md", "docs/live.md"]),
    ("Reference", ["API", "docs/contract.md", "docs/documents.md", "docs/limits.md", "docs/settings.md", "docs/looking.md"]),
    ("Run it", ["docs/operations.md", "docs/security.md", "docs/nodes.md", "docs/dashboard.md", "docs/migration.md",
                "docs/performance.md", "docs/scale.md", "CHANGELOG.md"]),
    ("Change it", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/style.md", "docs/testing.md", "docs/reliability.md",
                   "docs/worst-cases.md", "docs/decisions/"]),
]

SHORT = {"docs/index.md": "What this is", "README.md": "Two commands, five faces", "API": "API reference",
         "docs/contract.md": "The wire contract", "docs/clients/pts.md": "PTS front end", "docs/clients/courseroom.md": "Course room",
         "docs/clients/trk.md": "TRK-004 admin", "docs/clients/logs.md": "Progress Tracking Service",
         "docs/clients/video.md": "Video player", "docs/nodes.md": "Many nodes", "docs/documents.md": "The five documents",
         "docs/live.md": "Live", "docs/looking.md": "What the dashboard asks", "SECURITY.md": "To report a fault",
         "docs/migration.md": "Bring your data", "docs/reliability.md": "What is promised"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
<header><a class="name" href="index.html">Milepost</a><a href="api.html">API</a><a href="operations.html">Operations</a><a class="all" href="#pages">All pages</a></header>
<main>
{body}
{around}
</main>
{here}
<nav id="pages" aria-label="Pages">
{pages}
</nav>
</body>
</html>
"""


def all_pages():
    """(part, source) of each page, in order."""
    for part, sources in PARTS:
        for source in sources:
            if source.endswith("/"):
                yield from ((part, str(found.relative_to(ROOT))) for found in sorted((ROOT / source).glob("*.md")))
            else:
                yield part, source


def target_of(source):
    """The file of the site that a page becomes."""
    if source == "SECURITY.md":  # docs/security.md is another
        return "report-a-fault.html"
    name = source.removeprefix("docs/").removesuffix(".md").lower()
    return name.replace("/", "-") + ".html"


def slug(text, taken):
    """What a heading is called in an address, as GitHub does it."""
    name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    count = taken.get(name, 0)
    taken[name] = count + 1
    return f"{name}-{count}" if count else name


def text_of(inline):
    return "".join(token.content for token in inline.children if token.type in ("text", "code_inline"))


class Site:
    def __init__(self, out, binary):
        self.out, self.binary = out, binary
        self.sources = [source for _, source in all_pages()]
        self.markdown = MarkdownIt("commonmark").enable("table")
        self.markdown.options["linkify"] = False
        self.titles = {source: self.title_of(source) for source in self.sources}
        self.copied, self.broken = set(), []
        self.anchors, self.asked = {}, []

    def title_of(self, source):
        if source == "API":
            return "API reference"
        for line in (ROOT / source).read_text().splitlines():
            if line.startswith("# "):
                return line[2:].strip()
        return source

    def link(self, source, href):
        """Where a link of a page leads on the site; None: nowhere, so it is text."""
        if re.match(r"[a-z]+:", href) or href.startswith("#"):
            if href.startswith("#"):
                self.asked.append((source, target_of(source), href[1:]))
            return href
        path, _, anchor = href.partition("#")
        found = (ROOT / source).parent.joinpath(path).resolve()
        try:
            name = str(found.relative_to(ROOT))
        except ValueError:
            name = ""
        if name in self.sources:
            if anchor:
                self.asked.append((source, target_of(name), anchor))
            return target_of(name) + (f"#{anchor}" if anchor else "")
        if name == "docs/decisions":
            return target_of(next(one for one in self.sources if one.startswith("docs/decisions/")))
        if not found.exists():
            self.broken.append(f"{source}: {href}")
        elif found.suffix in (".png", ".svg", ".json", ".yaml"):
            shutil.copy(found, self.out / found.name)
            return found.name
        return None

    def walk(self, source, tokens, heads, taken):
        """Headings get their names, links their places; what leads nowhere is text."""
        for i, token in enumerate(tokens):
            if token.type == "heading_open":
                text = text_of(tokens[i + 1])
                token.attrSet("id", slug(text, taken))
                heads.append((token.tag, token.attrGet("id"), text))
            for child in token.children or []:
                if child.type == "image":
                    child.attrSet("src", self.link(source, child.attrGet("src")) or "")
                    child.attrSet("loading", "lazy")
            if token.children:
                self.links(source, token.children)

    def links(self, source, children):
        dead = False
        for child in children:
            if child.type == "link_open":
                to = self.link(source, child.attrGet("href"))
                dead = to is None
                if dead:
                    child.tag, child.attrs = "span", {"class": "elsewhere"}
                else:
                    child.attrSet("href", to)
            elif child.type == "link_close" and dead:
                child.tag, dead = "span", False

    def render(self, source):
        tokens = self.markdown.parse((ROOT / source).read_text())
        heads, taken = [], {}
        self.walk(source, tokens, heads, taken)
        body = self.markdown.renderer.render(tokens, self.markdown.options, {})
        body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
        return body.replace("<pre>", '<pre tabindex="0">'), heads

    def column(self, here):
        """All pages as a list; those of long parts folded."""
        lines = []
        for part, sources in PARTS:
            lines.append(f"<h2>{part}</h2>\n<ul>")
            listed = [source for p, source in all_pages() if p == part]
            shown = [source for source in listed if not source.startswith("docs/decisions/")]
            for source in shown:
                lines.append(self.item(source, here))
            decisions = [source for source in listed if source.startswith("docs/decisions/")]
            if decisions:
                opened = " open" if here in decisions else ""
                lines.append(f"<li><details{opened}><summary>Decisions</summary><ul>")
                lines += [self.item(source, here) for source in decisions]
                lines.append("</ul></details></li>")
            lines.append("</ul>")
        return "\n".join(lines)

    def item(self, source, here):
        current = ' aria-current="page"' if source == here else ""
        title = SHORT.get(source, self.titles[source])
        return f'<li><a href="{target_of(source)}"{current}>{html.escape(title)}</a></li>'

    def around(self, source):
        at = self.sources.index(source)
        parts = []
        for word, step in (("Before", at - 1), ("Next", at + 1)):
            if 0 <= step < len(self.sources):
                other = self.sources[step]
                title = SHORT.get(other, self.titles[other])
                parts.append(f'<a rel="{"prev" if step < at else "next"}" href="{target_of(other)}">{word}: {html.escape(title)}</a>')
        return f'<p class="around">{" ".join(parts)}</p>'

    def write(self, source, body, heads):
        second = [(name, text) for tag, name, text in heads if tag == "h2"]
        here = ""
        if len(second) > 1:
            items = "".join(f'<li><a href="#{name}">{html.escape(text)}</a></li>' for name, text in second)
            here = f'<aside aria-label="On this page"><h2>On this page</h2><ul>{items}</ul></aside>'
        page = PAGE.format(title=html.escape(f"{self.titles[source]} - Milepost" if source != "docs/index.md" else "Milepost"),
                           pages=self.column(source), body=body, around=self.around(source), here=here)
        self.anchors[target_of(source)] = set(re.findall(r'\bid="([^"]+)"', page))
        (self.out / target_of(source)).write_text(page)

    def build(self):
        self.out.mkdir(parents=True, exist_ok=True)
        for old in self.out.glob("*.html"):
            old.unlink()
        shutil.copy(ROOT / "docs/site.css", self.out / "style.css")
        for source in self.sources:
            body, heads = api_page(self.binary, self.out) if source == "API" else self.render(source)
            self.write(source, body, heads)
        for source, target, anchor in self.asked:
            if anchor not in self.anchors.get(target, set()):
                self.broken.append(f"{source}: {target}#{anchor}")
        return self.broken


# ---- the API reference ----

FACES = {"pts": "LMS front ends: /api/v1/Progress", "courseroom": "Course rooms: /user-progress", "trk": "The admin of TRK-004: /api/progress",
         "logs": "Log entries: /api/progress/log", "video": "Players: /progress", "catalog": "The catalogue",
         "users": "Learners and the server", "server": "For operators"}


class Reference:
    def __init__(self, api):
        self.api = api
        self.schemas = api["components"]["schemas"]

    def resolve(self, what):
        while "$ref" in what:
            *_, kind, name = what["$ref"].split("/")
            what = self.api["components"][kind][name]
        return what

    def kind(self, schema):
        """A schema in a few words."""
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            return f'<a href="#schema-{name}">{name}</a>'
        if "enum" in schema:
            return " ".join(f"<code>{html.escape(json.dumps(value))}</code>" for value in schema["enum"])
        if "const" in schema:
            return f"<code>{html.escape(json.dumps(schema['const']))}</code>"
        for word in ("allOf", "anyOf", "oneOf"):
            if word in schema:
                return (" and " if word == "allOf" else " or ").join(self.kind(one) for one in schema[word])
        kind = schema.get("type", "any")
        if isinstance(kind, list):
            kind = " or ".join(kind)
        if kind == "array":
            return "list of " + self.kind(schema.get("items", {}))
        bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to"), ("default", "default"),
                                                          ("maxItems", "at most"), ("maxLength", "at most")) if key in schema]
        return html.escape(f"{kind}{', ' if bounds else ''}{', '.join(bounds)}")

    def members(self, schema, depth=0):
        """The members of an object as rows, those of what lies in it indented."""
        rows = []
        if "$ref" in schema:
            return rows
        if schema.get("type") == "array":
            return self.members(schema.get("items", {}), depth)
        needed = set(schema.get("required", []))
        for name, member in schema.get("properties", {}).items():
            about = html.escape(member.get("description", ""))
            mark = "" if name in needed else ' <span class="soft">optional</span>'
            rows.append(f'<tr><td style="--depth:{depth}"><code>{html.escape(name)}</code>{mark}</td><td>{self.kind(member)}</td><td>{about}</td></tr>')
            inner = member.get("items", member) if member.get("type") == "array" else member
            if "properties" in inner:
                rows += self.members(inner, depth + 1)
        return rows

    def table(self, head, rows):
        if not rows:
            return ""
        cells = "".join(f"<th>{word}</th>" for word in head)
        return f'<div class="wide" tabindex="0"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'

    def parameters(self, operation):
        rows = []
        for one in map(self.resolve, operation.get("parameters", [])):
            if one["in"] == "header" and one["name"] == "X-Request-Id":
                continue  # said once, above
            mark = "" if one.get("required") else ' <span class="soft">optional</span>'
            rows.append(f'<tr><td><code>{html.escape(one["name"])}</code>{mark}</td><td>{one["in"]}</td><td>{self.kind(one["schema"])}</td>'
                        f'<td>{html.escape(one.get("description", ""))}</td></tr>')
        return self.table(("parameter", "in", "kind", "what"), rows)

    def content(self, word, content):
        parts = []
        for media, of in content.items():
            schema = of["schema"]
            name = schema.get("$ref", "").split("/")[-1]
            parts.append(f"{self.kind(schema)} <span class=\"soft\">{media}</span>")
            example = self.resolve(schema).get("example")
            if example is not None and media == "application/json":
                parts.append(f'<details><summary>Example</summary><pre tabindex="0"><code>{html.escape(json.dumps(example, indent=2))}</code></pre></details>')
            del name
        return f'<p>{word}: {" ".join(parts)}</p>'

    def operation(self, method, path, operation):
        statuses = " ".join(f'<code title="{html.escape(self.resolve(answer)["description"])}">{status}</code>'
                            for status, answer in operation["responses"].items() if status != "default")
        who = operation.get("security") or []
        words = {"bearer": "a token", "serverKey": "the server key"}
        needs = " and ".join(words[name] for one in who for name in one) or "nothing"
        parts = [f'<h3 id="{operation["operationId"]}"><span class="method {method}">{method.upper()}</span> <code>{html.escape(path)}</code></h3>',
                 f'<p>{html.escape(operation["summary"])}. <span class="soft">Needs {needs}.</span></p>', self.parameters(operation)]
        if "requestBody" in operation:
            parts.append(self.content("Body", operation["requestBody"]["content"]))
        done = next(answer for status, answer in operation["responses"].items() if status in ("200", "201"))
        if "content" in done:
            parts.append(self.content("Answer", done["content"]))
        parts.append(f"<p>Statuses: {statuses}</p>")
        return "\n".join(parts)

    def schema(self, name):
        schema = self.schemas[name]
        about = html.escape(schema.get("description", ""))
        rows = self.table(("member", "kind", "what"), self.members(schema))
        example = schema.get("example")
        shown = f'<details><summary>Example</summary><pre tabindex="0"><code>{html.escape(json.dumps(example, indent=2))}</code></pre></details>' if example is not None else ""
        kind = "" if rows else f"<p>{self.kind(schema)}</p>"
        return f'<h3 id="schema-{name}">{name}</h3>\n<p>{about}</p>\n{kind}{rows}{shown}'


def api_page(binary, out):
    text = subprocess.run([binary, "--openapi"], check=True, capture_output=True, text=True).stdout
    (out / "openapi.json").write_text(text)
    api = json.loads(text)
    reference = Reference(api)
    by_face = {}
    for path, item in api["paths"].items():
        for method, operation in item.items():
            by_face.setdefault(operation["tags"][0], []).append((method, path, operation))
    body = ['<h1 id="api-reference">API reference</h1>',
            '<p>Made of <a href="openapi.json">openapi.json</a>, which a running server answers at <code>/openapi.json</code>: give that to a '
            'client generator. Every operation but the public ones takes <code>Authorization: Bearer TOKEN</code>, any takes '
            '<code>X-Request-Id</code>, and every refusal is a <a href="#schema-Problem">Problem</a>. Who may: <a href="rights.html">roles and rights</a>.</p>']
    heads = []
    for face, title in FACES.items():
        if face not in by_face:
            continue
        heads.append(("h2", f"face-{face}", title))
        body.append(f'<h2 id="face-{face}">{html.escape(title)}</h2>')
        body += [reference.operation(*one) for one in by_face[face]]
    heads.append(("h2", "statuses", "What the statuses mean"))
    rows = [f"<tr><td><code>{status}</code></td><td>{html.escape(answer['description'])}</td></tr>" for status, answer in api["components"]["responses"].items()]
    body += ['<h2 id="statuses">What the statuses mean</h2>', reference.table(("status", "what"), rows)]
    heads.append(("h2", "schemas", "Schemas"))
    body.append('<h2 id="schemas">Schemas</h2>')
    body += [reference.schema(name) for name in reference.schemas]
    return "\n".join(body), heads


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    broken = Site(Path(sys.argv[1]), sys.argv[2]).build()
    for line in broken:
        print(f"site: leads nowhere: {line}", file=sys.stderr)
    sys.exit(1 if broken else 0)


main()
