#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the manual of the call layer from the tables: a page per leaf, as man pages and as HTML. Meson runs it at build time
(docs/decisions/0019); needs Python's standard library only.

Usage: manual.py VERSION MAN3_DIR MAN7_DIR HTML_DIR"""
import datetime
import os
import shutil
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools', 'abi')]

import general  # noqa: E402
import write_html  # noqa: E402
import write_man  # noqa: E402
from model import Model  # noqa: E402
from pages import Manual, page_name  # noqa: E402

GROUPS = [('host', 'Host leaves (SEAMCALL)'), ('guest', 'Guest leaves (TDCALL)'),
          ('vmcall', 'Sub-functions of TDG.VP.VMCALL: the guest-host interface')]


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding='utf-8') as file:
        return file.read()


def fresh(directory):
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)


def write(directory, name, text):
    with open(os.path.join(directory, name), 'w', encoding='utf-8') as file:
        file.write(text)


def date():
    """Of the build, or what a reproducible build says it is."""
    stamp = os.environ.get('SOURCE_DATE_EPOCH')
    day = datetime.datetime.fromtimestamp(int(stamp), datetime.timezone.utc) if stamp else datetime.datetime.now()
    return '%s %d, %d' % (day.strftime('%B'), day.day, day.year)


def leaf_order(leaf):
    return (leaf.since == '2.0', leaf.number)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    version, man3, man7, html = sys.argv[1:]
    model = Model(os.path.join(ROOT, 'abi'))
    manual = Manual(model, read('include', 'tdx', 'tdh_policy.h'))
    names = {leaf.name: page_name(leaf) for leaf in manual.leaves}
    layer = general.layer()
    extra = [general.statuses(model, manual.leaves), general.types(read('include', 'tdx', 'types.h')),
             general.structures(model)]
    as_man = write_man.Writer(version, date(), names.get)
    as_html = write_html.Writer(names.get)
    for directory in (man3, man7, html):
        fresh(directory)
    for page in list(manual.pages.values()) + extra:
        write(man3, page.name + '.3', as_man.page(page))
        write(html, page.name + '.html', as_html.page(page, page in extra[:2]))
        for name in page.also:
            write(man3, name + '.3', write_man.alias(page))
    write(man7, layer.name + '.7', as_man.page(layer))
    write(html, layer.name + '.html', as_html.page(layer))
    groups = [(title, [(manual.pages[leaf.name], '' if leaf.since == '1.5.01' else 'since ' + leaf.since)
                       for leaf in sorted(manual.leaves, key=leaf_order) if leaf.cls == cls]) for cls, title in GROUPS]
    write(html, 'index.html', as_html.index(groups))
    shutil.copy(os.path.join(HERE, 'style.css'), html)
    return 0


if __name__ == '__main__':
    sys.exit(main())
