#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guides show code that is compiled and run: each C block of a guide names its source in the line before it
(<!-- examples/FILE -->) and is a part of it, line by line. Usage: guide_text.py SOURCE_ROOT"""
import os
import re
import sys

ROOT = sys.argv[1]
GUIDES = ["docs/call-layer.md", "docs/library.md", "examples/hypervisor/README.md"]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def main():
    bad = 0
    text = "".join(read(guide) for guide in GUIDES)
    blocks = re.findall(r"(?:<!-- (examples/\S+) -->\n)?```c\n(.*?)```", text, re.S)
    for source, code in blocks:
        if not source:
            print("a block without a source:\n" + code)
            bad += 1
        elif "\n" + code not in "\n" + read(source):
            print(f"not in {source}:\n" + code)
            bad += 1
    for name in sorted(os.listdir(os.path.join(ROOT, "examples"))):
        if name.endswith(".c") and "examples/" + name not in text:
            print(f"no guide shows examples/{name}")
            bad += 1
    print(f"{len(blocks)} blocks")
    return 1 if bad or len(blocks) < 6 else 0


sys.exit(main())
