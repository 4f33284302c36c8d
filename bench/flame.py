#!/usr/bin/python3
"""perf script -F comm,ip,sym,dso | bench/flame.py OUT.svg TITLE - stacks as a flame graph: a box is as wide as the share of samples
that have its function (and all below it) on the stack; the thread's name is at the bottom. Boxes under 0.3 % are left out; hover for
the share. Where a library has no symbols its boxes carry the library's name."""
import re, sys
from xml.sax.saxutils import escape

WIDTH, ROW, LEAST = 1180, 17, 0.003
out, title = sys.argv[1], sys.argv[2]


class Box:
    def __init__(self): self.count, self.above = 0, {}


root, stack, thread = Box(), [], None


def take():
    if thread is None: return
    box = root; box.count += 1
    for name in [thread] + stack[::-1]:
        box = box.above.setdefault(name, Box()); box.count += 1


for line in sys.stdin:
    if not line.strip():
        take(); stack, thread = [], None
    elif not line[0].isspace():
        thread = line.strip().rstrip(":")
    else:
        m = re.match(r"\s+[0-9a-f]+ (.*) \((.*)\)$", line)
        if thread is None: thread = line.strip()
        elif m:
            name, where = m.group(1), m.group(2).rsplit("/", 1)[-1]
            name = re.sub(r"\+0x[0-9a-f]+$|\.(part|isra|constprop)\.\d+|@.*| \(inlined\)", "", name)
            if name == "[unknown]": name = re.sub(r"\.so.*", "", where)
            if not (stack and stack[-1] == name): stack.append(name)
take()
if not root.count: sys.exit("no samples: may perf be used here?")
boxes, depth = [], 0


def place(name, box, x, level):
    global depth
    depth = max(depth, level)
    boxes.append((name, x, box.count / root.count, level))
    for above, inner in sorted(box.above.items()):
        if inner.count / root.count >= LEAST: place(above, inner, x, level + 1)
        x += inner.count / root.count


place("all", root, 0.0, 0)
height = (depth + 1) * ROW + 40
with open(out, "w") as svg:
    svg.write('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11"><rect width="100%%" height="100%%" fill="white"/>'
              '<text x="10" y="20" font-size="14">%s</text>\n' % (WIDTH + 20, height, escape(title)))
    for name, x, share, level in boxes:
        y, w = height - (level + 1) * ROW - 6, share * WIDTH
        hue = sum(map(ord, name))  # the same name, the same colour
        shade = "#%02x%02x%02x" % (240 - hue % 30, 205 - hue * 7 % 60, 120 + hue * 3 % 60)
        svg.write('<g><title>%s %.1f %%</title><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" stroke="white" stroke-width="0.5"/>' % (escape(name), share * 100, x * WIDTH + 10, y, w, ROW, shade))
        if w > 30: svg.write('<text x="%.1f" y="%d">%s</text>' % (x * WIDTH + 13, y + 12, escape(name[:int(w / 6.2)])))
        svg.write("</g>\n")
    svg.write("</svg>\n")
