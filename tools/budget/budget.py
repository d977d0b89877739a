#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds every typed call to its code budget.

Compiles each typed call as a function (gcc and clang, -O2 and -Os, kernel-like flags) and compares bytes, instructions,
loads, stores, and what a call executes with the committed table (budgets.txt), which may only improve; fifteen leaves also with hand-written
assembly (hand.S): not one instruction more. No wrapper may hold a zeroing or copying loop or an indirect call.
The table belongs to the compiler versions it names; with others only the rules that need no table are checked.

  budget.py            check
  budget.py --update   write the table
  budget.py --report   compare with the baseline (a zeroed struct passed by pointer), per compiler and level
"""
import argparse
import os
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools', 'abi')]

import wrappers  # noqa: E402
from collect import WAYS, Collection, version  # noqa: E402
from measure import Cost  # noqa: E402
from model import Model  # noqa: E402

TABLE = os.path.join(HERE, 'budgets.txt')


def names_of(model):
    return wrappers.names(model) + [name for name, _, _ in wrappers.ENTER]


def read_table():
    versions, rows = {}, {}
    with open(TABLE, encoding='utf-8') as file:
        for line in file:
            words = line.split()
            if line.startswith('compiler '):
                versions[words[1]] = ' '.join(words[2:])
            elif words and not line.startswith(('#', 'columns')):
                rows[words[0]] = [tuple(map(int, cell.split('/'))) for cell in words[1:]]
    return versions, rows


def write_table(got):
    with open(TABLE, 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: MIT\n'
                   '# Cost of each typed call as a function: bytes/instructions/loads/stores, the stack\'s included; and of the whole\n'
                   '# call with the common routine: instructions executed/memory accesses.\n'
                   '# Written by tools/budget/budget.py --update; may only improve.\n\n')
        for compiler in sorted({c for c, _ in got.costs}):
            file.write('compiler %s %s\n' % (compiler, version(compiler)))
        file.write('\ncolumns call %s\n' % ' '.join(c + level for c, level in WAYS))
        for name in names_of(got.model):
            cells = ['/'.join(map(str, got.costs[way]['typed_' + name].row())) for way in WAYS]
            file.write('%-48s %s\n' % (name, ' '.join('%-18s' % cell for cell in cells).rstrip()))


def check_table(got):
    bad = 0
    versions, rows = read_table()
    for index, way in enumerate(WAYS):
        if way not in got.costs:
            continue
        if versions.get(way[0]) != version(way[0]):
            print('%s: table is of %s; not compared' % (way[0], versions.get(way[0])))
            continue
        for name in names_of(got.model):
            cost = got.costs[way]['typed_' + name].row()
            budget = rows[name][index] if name in rows else None
            if budget is None or any(a > b for a, b in zip(cost, budget)):
                print('%s %s %s: %s, budget %s' % (*way, name, cost, budget))
                bad += 1
    return bad


def check_rules(got):
    bad = 0
    for way, functions in got.costs.items():
        for name in names_of(got.model):
            for fault in functions['typed_' + name].faults:
                print('%s %s %s: %s' % (*way, name, fault))
                bad += 1
        for name in got.hand:
            mine, hand = functions['typed_' + name], functions['hand_' + name]
            if mine.instructions > hand.instructions or mine.executed > hand.executed:
                print('%s %s %s: %d instructions, by hand %d' % (*way, name, mine.instructions, hand.instructions))
                bad += 1
    return bad


def means(got, way, form):
    """Over the leaves that are also written by hand: bytes of all wrappers, mean of instructions and accesses executed."""
    total = Cost()
    for name in got.hand:
        total.add(got.costs[way]['%s_%s' % (form, name)])
    return total.bytes, total.executed / len(got.hand), total.accesses / len(got.hand)


def report(got):
    print('%-10s %-9s %8s %9s %9s' % ('compiler', 'form', 'bytes', 'executed', 'accesses'))
    for way in got.costs:
        for form in ('base', 'typed', 'hand'):
            print('%-10s %-9s %8d %9.1f %9.1f' % (''.join(way), form, *means(got, way, form)))
    forms = ['typed_' + name for name, _, _ in wrappers.ENTER] + ['base_' + name for name, _ in wrappers.BASE_ENTER]
    for way in got.costs:
        for name in forms:
            cost = got.costs[way][name]
            print('%-10s %-38s %5d %5d %5d' % (''.join(way), name, cost.bytes, cost.executed, cost.accesses))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--report', action='store_true')
    args = parser.parse_args()
    model = Model(os.path.join(ROOT, 'abi'))
    with tempfile.TemporaryDirectory() as work:
        got = Collection(model, work)
    if args.update:
        write_table(got)
    if args.report:
        report(got)
    bad = check_rules(got) + check_table(got)
    print('%d calls, %d ways, %d over budget' % (len(names_of(model)), len(got.costs), bad))
    return 1 if bad or not got.costs else 0


if __name__ == '__main__':
    sys.exit(main())
