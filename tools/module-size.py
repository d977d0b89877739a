#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The hand-written lines of src/module: all of them, and those that are neither comment nor blank. Generated files
(abi/gen) and tables (abi/) are not in that folder. --files: each file too. --hold FILE: exits 1 unless FILE, which
holds both figures, is no smaller and at most 1% larger: it only ever falls."""
import argparse
import glob
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SLACK = 100  # of the maximum: one in so many


def count(path):
    raw = code = 0
    comment = False
    with open(path, encoding='utf-8') as source:
        for line in source:
            raw += 1
            text = line.strip()
            if comment:
                comment = '*/' not in text
            elif text.startswith('/*'):
                comment = '*/' not in text
            elif text and not text.startswith('//'):
                code += 1
    return raw, code


def hold(path, figures):
    with open(path, encoding='utf-8') as source:
        limits = [int(line.split()[0]) for line in source if line[:1].isdigit()]
    if len(limits) != len(figures):
        sys.exit('%s: must hold two figures' % path)
    for name, figure, limit in zip(('all', 'code'), figures, limits):
        if figure > limit:
            sys.exit('%s: %d lines, the maximum is %d' % (name, figure, limit))
        if limit - figure > limit // SLACK:
            sys.exit('%s: %d lines, the maximum of %d is too high: lower it in %s' % (name, figure, limit, path))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--files', action='store_true')
    parser.add_argument('--hold', metavar='FILE')
    args = parser.parse_args()
    sizes = {path: count(path) for path in glob.glob(os.path.join(ROOT, 'src', 'module', '*.[chS]'))}
    figures = [sum(size[i] for size in sizes.values()) for i in (0, 1)]
    if args.files:
        for path, size in sorted(sizes.items(), key=lambda item: -item[1][0]):
            print('%6d %6d %s' % (size + (os.path.relpath(path, ROOT),)))
    print('src/module: %d files, %d lines, %d without comments and blanks' % (len(sizes), *figures))
    if args.hold:
        hold(args.hold, figures)


main()
