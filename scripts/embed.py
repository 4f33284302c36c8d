#!/usr/bin/env python3
"""embed.py IN OUT NAME: a file as a C array, for what the binary carries with it. JSON is checked and packed."""
import json
import sys

source, target, name = sys.argv[1:4]
with open(source, "rb") as file:
    data = file.read()
if source.endswith(".json"):
    data = json.dumps(json.loads(data), separators=(",", ":"), ensure_ascii=False).encode()
with open(target, "w") as out:
    out.write("extern const unsigned char %s[];\nextern const unsigned long %s_size;\n" % (name, name))
    out.write("const unsigned char %s[] = {%s};\n" % (name, ",".join(map(str, [*data, 0]))))
    out.write("const unsigned long %s_size = %d;\n" % (name, len(data)))
