# SPDX-License-Identifier: MIT
"""Turns platform files into a C table. Usage: embed.py OUTPUT FILE.conf..."""
import os
import sys


def literal(text):
    lines = text.splitlines()
    return "\n".join('\t  "%s\\n"' % l.replace("\\", "\\\\").replace('"', '\\"') for l in lines)


out, files = sys.argv[1], sys.argv[2:]
with open(out, "w") as f:
    f.write('#include "platform/builtin.h"\n\nconst struct builtin_platform builtin_platforms[] = {\n')
    for name in files:
        stem = os.path.splitext(os.path.basename(name))[0]
        with open(name) as conf:
            f.write('\t{ "%s",\n%s },\n' % (stem, literal(conf.read())))
    f.write("\t{ 0, 0 },\n};\n")
