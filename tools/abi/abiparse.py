# SPDX-License-Identifier: MIT
"""Reads abi/*.abi: stanzas and column tables, as abi/README.md describes them."""
import glob
import os

CONTINUATION = 11
VERSIONS = ['1.5.01', '1.5.later', '2.0']
REGISTERS = 'RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15'.split()


class AbiError(Exception):
    """A table that can't be read: file, line and what is wrong."""


class Item:
    """One stanza or one row: its kind, its head words, and (key, words, text) lines or named columns."""

    def __init__(self, kind, words, text, where):
        self.kind, self.words, self.text, self.where = kind, words, text, where
        self.lines = []
        self.columns = {}

    @property
    def name(self):
        return self.words[0]

    def all(self, key):
        return [line for line in self.lines if line[0] == key]

    def one(self, key, default=None):
        for line in self.lines:
            if line[0] == key:
                return line[3]
        return default

    def words_of(self, key):
        value = self.one(key)
        return value.split() if value else []

    def fail(self, message):
        raise AbiError('%s: %s %s: %s' % (self.where, self.kind, self.name, message))


def _logical_lines(path):
    """Lines of the file without comments, continuations joined: (number, text)."""
    out = []
    with open(path, encoding='utf-8') as source:
        for number, raw in enumerate(source, 1):
            line = raw.rstrip()
            if not line or line.startswith('#'):
                out.append((number, line[:1]))
            elif len(line) - len(line.lstrip()) >= CONTINUATION and out and out[-1][1][:1] == ' ':
                out[-1] = (out[-1][0], out[-1][1] + ' ' + line.strip())
            else:
                out.append((number, line))
    return [(number, line) for number, line in out if line != '#']


def _split_text(line):
    body, _, text = line.partition(' | ')
    return body.split(), text.strip()


def _row(columns, kind, line, where):
    cells = line.split(None, len(columns) - 1)
    if len(cells) != len(columns):
        raise AbiError('%s: %d columns, expected %d' % (where, len(cells), len(columns)))
    item = Item(kind, cells, '', where)
    item.columns = dict(zip(columns, cells))
    return item


def parse_file(path):
    items, columns, kind, current = [], None, None, None
    for number, line in _logical_lines(path):
        where = '%s:%d' % (os.path.basename(path), number)
        if not line:
            columns = None
            continue
        words, text = _split_text(line)
        if line.startswith('columns '):
            kind, columns, current = words[1], words[2:], None
        elif line[0] == ' ':
            if current is None:
                raise AbiError(where + ': indented line outside a stanza')
            value = line.strip().partition(' ')[2].strip()
            current.lines.append((words[0], words[1:], text, value))
        elif columns is not None:
            items.append(_row(columns, kind, line, where))
        else:
            current = Item(words[0], words[1:], text, where)
            items.append(current)
    return items


class Tables:
    """All items of a directory, by kind, in file order."""

    def __init__(self, directory):
        self.kinds = {}
        for path in sorted(glob.glob(os.path.join(directory, '*.abi'))):
            for item in parse_file(path):
                self.kinds.setdefault(item.kind, []).append(item)

    def __getitem__(self, kind):
        if kind not in self.kinds:
            raise AbiError('no table of kind ' + kind)
        return self.kinds[kind]
