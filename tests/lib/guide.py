#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/library.md maps the library: each function of include/seamless/ stands in the row of its header, and no other does.
Functions have a comment of their own or stand behind one that has. Usage: guide.py SOURCE_ROOT"""
import os
import re
import sys

ROOT = sys.argv[1]
NAME = re.compile(r"\b(seamless_\w+)\(")


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def functions(header):
    """Names that it declares, with whether a comment stands above."""
    text = re.sub(r"/\*.*?\*/", "@", read("include", "seamless", header), flags=re.S)
    text = re.sub(r"__attribute__\(\(.*?\)\)|^#.*?(?<!\\)$", "", text, flags=re.S | re.M)
    found = {}
    for paragraph in re.split(r"\n\s*\n", text):
        commented = False
        for statement in re.split(r"[;}]", paragraph):
            commented |= "@" in statement
            if "typedef" not in statement and (name := re.match(r"[^(=]*?\b(seamless_\w+)\(", statement.lstrip())):
                found[name[1]] = commented
    return found


def main():
    rows = {row[0]: set(re.findall(r"`(seamless_\w+)`", row[1]))
            for row in re.findall(r"^\| `(\w+\.h)` \|(.*)$", read("docs", "library.md"), re.M)}
    headers = sorted(set(os.listdir(os.path.join(ROOT, "include", "seamless"))) - {"seamless.h"})
    bad = [f"{header}: no row" for header in headers if header not in rows]
    total = 0
    for header, row in rows.items():
        declared = functions(header) if header in headers else {}
        total += len(declared)
        bad += [f"{header}: {name} is not in its row" for name in declared if name not in row]
        bad += [f"{header}: there is no {name}" for name in row if name not in declared]
        bad += [f"{header}: {name} has no comment" for name, commented in declared.items() if not commented]
    print("\n".join(bad + [f"{total} functions"]))
    return 1 if bad or total < 90 else 0


sys.exit(main())
