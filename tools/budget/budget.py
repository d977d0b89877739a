#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds every typed call to its code budget.

Compiles each typed call as a function (gcc and clang, -O2 and -Os, kernel-like flags) and compares bytes, instructions,
loads and stores with the committed table (budgets.txt), which may only improve; fifteen leaves also with hand-written
assembly (hand.S): not one instruction more. No wrapper may hold a zeroing or copying loop or an indirect call.
The table belongs to the compiler versions it names; with others only the rules that need no table are checked.

  budget.py            check
  budget.py --update   write the table
  budget.py --report   compare with the baseline (a zeroed struct passed by pointer), per compiler and level
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools', 'abi')]

import measure  # noqa: E402
import wrappers  # noqa: E402
from cfunc import calls  # noqa: E402
from model import Model  # noqa: E402

TABLE = os.path.join(HERE, 'budgets.txt')
KERNEL = ('-std=gnu11 -ffreestanding -mno-red-zone -DTDX_NO_RED_ZONE -mcmodel=kernel -fno-pic -mno-sse -mno-mmx '
          '-mno-80387 -fno-stack-protector -fno-asynchronous-unwind-tables -fomit-frame-pointer -march=x86-64 '
          '-mtune=generic -Wno-missing-prototypes').split()
WAYS = [('gcc', '-O2'), ('gcc', '-Os'), ('clang', '-O2'), ('clang', '-Os')]


def version(compiler):
    text = subprocess.run([compiler, '--version'], check=True, capture_output=True, text=True).stdout
    return text.split('\n')[0]


def compile_all(model, work):
    """{(compiler, level): {function: Cost}} and the costs of the assembly."""
    source = os.path.join(work, 'wrappers.c')
    with open(source, 'w', encoding='utf-8') as file:
        file.write(wrappers.source(model))
    out = {}
    for compiler, level in WAYS:
        if not shutil.which(compiler):
            print('%s: not installed, not tried' % compiler)
            continue
        target = os.path.join(work, compiler + level + '.o')
        subprocess.run([compiler, level, *KERNEL, '-I', HERE, '-I', os.path.join(ROOT, 'include'), '-c', source, '-o',
                        target], check=True)
        out[compiler, level] = measure.functions(target)
    return out


def assemble(work, name):
    target = os.path.join(work, os.path.basename(name) + '.o')
    subprocess.run(['gcc', '-c', name, '-o', target], check=True)
    return measure.functions(target)


def typed_names(model):
    return [call.name for cls in ('host', 'guest') for call in calls(model, cls)]


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


def write_table(model, costs):
    with open(TABLE, 'w', encoding='utf-8') as file:
        file.write('# SPDX-License-Identifier: MIT\n# Cost of each typed call as a function: bytes/instructions/loads/stores,'
                   ' the stack\'s included.\n# Written by tools/budget/budget.py --update; may only improve.\n\n')
        for compiler in sorted({c for c, _ in costs}):
            file.write('compiler %s %s\n' % (compiler, version(compiler)))
        file.write('\ncolumns call %s\n' % ' '.join(c + level for c, level in WAYS))
        for name in typed_names(model):
            cells = ['/'.join(map(str, costs[way]['typed_' + name].row())) for way in WAYS]
            file.write('%-32s %s\n' % (name, ' '.join('%-12s' % cell for cell in cells).rstrip()))


def check_table(model, costs):
    bad = 0
    versions, rows = read_table()
    for index, way in enumerate(WAYS):
        if way not in costs:
            continue
        if versions.get(way[0]) != version(way[0]):
            print('%s: table is of %s; not compared' % (way[0], versions.get(way[0])))
            continue
        for name in typed_names(model):
            cost = costs[way]['typed_' + name].row()
            budget = rows[name][index] if name in rows else None
            if budget is None or any(a > b for a, b in zip(cost, budget)):
                print('%s %s %s: %s, budget %s' % (*way, name, cost, budget))
                bad += 1
    return bad


def check_rules(model, costs, hand):
    bad = 0
    for way, functions in costs.items():
        for name in typed_names(model):
            for fault in functions['typed_' + name].faults:
                print('%s %s %s: %s' % (*way, name, fault))
                bad += 1
        for function, cost in hand.items():
            name = function[len('hand_'):]
            mine = functions['typed_' + name]
            if mine.instructions > cost.instructions:
                print('%s %s %s: %d instructions, by hand %d' % (*way, name, mine.instructions, cost.instructions))
                bad += 1
    return bad


def straight_cost(routines, name):
    """What runs when the call succeeds: the routine without its two instructions for VMfailInvalid. The return is a load."""
    cost = routines[name]
    return (cost.instructions - 2, cost.loads - (0 if name.endswith('saved_ret') else 1), cost.stores)


def report(model, costs, hand, work):
    """Means over the leaves that are also written by hand. Thunk: SEAMCALL, the carry test, the return."""
    routines = assemble(work, os.path.join(HERE, 'baseline.S'))
    print('%-10s %-9s %8s %8s %8s %8s' % ('compiler', 'form', 'bytes', 'executed', 'loads', 'stores'))
    by_name = {call.name: call for call in calls(model, 'host')}
    names = [function[len('hand_'):] for function in hand]
    for way, functions in costs.items():
        for form in ('base', 'typed', 'hand'):
            total = [0, 0, 0, 0]
            for name in names:
                cost = (hand if form == 'hand' else functions)['%s_%s' % (form, name)]
                routine = straight_cost(routines, wrappers.baseline_form(by_name[name])) if form == 'base' else (3, 1, 0)
                total = [t + c + r for t, c, r in zip(total, cost.row(), (0, *routine))]
            mean = [total[0]] + [t / len(names) for t in total[1:]]
            print('%-10s %-9s %8d %8.1f %8.1f %8.1f' % (way[0] + way[1], form, *mean))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--update', action='store_true')
    parser.add_argument('--report', action='store_true')
    args = parser.parse_args()
    model = Model(os.path.join(ROOT, 'abi'))
    with tempfile.TemporaryDirectory() as work:
        costs = compile_all(model, work)
        hand = assemble(work, os.path.join(HERE, 'hand.S'))
        if args.update:
            write_table(model, costs)
        if args.report:
            report(model, costs, hand, work)
        bad = check_rules(model, costs, hand) + check_table(model, costs)
    print('%d typed calls, %d ways, %d over budget' % (len(typed_names(model)), len(costs), bad))
    return 1 if bad or not costs else 0


if __name__ == '__main__':
    sys.exit(main())
