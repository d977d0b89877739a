#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/scale.md and docs/scale.svg: what a leaf costs as a machine fills with TDs, a TD with vCPUs and with memory. The
program tests/scale/scale leads a TD through its life on such machines, and callgrind counts its calls: instructions do not
depend on the machine's load. The memory figures are of runs without callgrind.

usage: scale.py [BUILD_DIRECTORY]
"""
import math
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, 'tools')]

import svg  # noqa: E402

PAGE, PICTURE = (os.path.join(ROOT, 'docs', 'scale.' + kind) for kind in ('md', 'svg'))
# (TDs, vCPUs of the measured one, GiB of RAM)
START = (1, 1, 1)
AXES = [('trust domains', 0, [1, 10, 100, 1000, 4000]), ('vCPUs of the TD', 1, [1, 8, 64]),
        ('GiB of RAM, nearly all mapped into the TD', 2, [1, 8, 32])]
MOST_GIB = 64  # more than callgrind finds room for
GROWS = 1.1  # times its cost on the empty machine: then a leaf is said to grow
# Why a leaf may grow: the ABI makes it so.
REASONS = {'TDH.PHYMEM.CACHE.WB': 'it looks at every private key id of the machine, and there are as many as TDs'}
LEFT, TOP, PANEL, GAP, HEIGHT = 60, 96, 300, 70, 380
LEAVES = r'^(T\S+) (\d+)$'


def arguments(axis, value):
    point = list(START)
    point[axis] = value
    return tuple(point)


def program(build):
    return os.path.join(ROOT, build, 'tests', 'scale', 'scale')


def count(build, point):
    """The mean instructions of a call, by leaf."""
    with tempfile.TemporaryDirectory() as directory:
        out = subprocess.run(
            ['valgrind', '--tool=callgrind', '--callgrind-out-file=' + directory + '/out', '--zero-before=cost_of_call',
             '--dump-after=cost_of_call', program(build)] + [str(n) for n in point],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        costs = {}
        for part, (leaf, _) in enumerate(re.findall(LEAVES, out, re.M), 1):
            with open('%s/out.%d' % (directory, part)) as f:
                total = int(re.search(r'^(?:summary|totals): (\d+)', f.read(), re.M)[1])
            costs.setdefault(leaf, []).append(total)
    return {leaf: sum(all_) / len(all_) for leaf, all_ in costs.items()}


def memory(build, point):
    """KiB: of the machine before its TDs, for the TDs, and for the measured one's life."""
    out = subprocess.run([program(build)] + [str(n) for n in point], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [int(n) for n in re.findall(r'(\d+) KiB', out)]


def height(ratio):
    """On a scale of doublings."""
    return TOP + HEIGHT - 60 - 44 * math.log2(max(ratio, 0.5))


def panel(index, title, points, costs):
    x0 = LEFT + index * (PANEL + GAP)
    step = PANEL / (len(points) - 1)
    out = svg.text(x0, TOP - 16, title, 13, weight='bold')
    for ratio in (0.5, 1, 2, 4, 8, 16, 32, 64):
        out += '<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s"/>\n' % (x0, height(ratio), x0 + PANEL, height(ratio), svg.GRID)
        out += svg.text(x0 - 8, height(ratio) + 4, '%g' % ratio, 11, svg.FAINT, 'end')
    for i, point in enumerate(points):
        out += svg.text(x0 + i * step, TOP + HEIGHT + 22, format(point[1], ','), 11, svg.FAINT, 'middle')
    for leaf in sorted(costs[START]):
        ratios = [costs[point[0]][leaf] / costs[START][leaf] for point in points]
        grows = max(ratios) > GROWS
        path = ' '.join('%s%.1f %.1f' % ('L' if i else 'M', x0 + i * step, height(r)) for i, r in enumerate(ratios))
        out += '<path d="%s" fill="none" stroke="%s" stroke-width="%s" opacity="%s"/>\n' % (
            path, svg.RED if grows else svg.BLUE, 2 if grows else 1.2, 1 if grows else 0.5)
        if grows:
            out += svg.text(x0 + PANEL - 4, height(ratios[-1]) - 8, leaf, 11, svg.RED, 'end')
    return out


def draw(costs):
    out = svg.begin(LEFT + len(AXES) * (PANEL + GAP), TOP + HEIGHT + 40, 'tools/scale.py')
    out += svg.text(LEFT, 30, 'Instructions of a leaf, against the same call on a machine with one TD', 17, weight='bold')
    out += svg.text(LEFT, 52, 'a line per leaf, %d of them; red: more than %g times' % (len(costs[START]), GROWS), 12, svg.FAINT)
    for index, (title, axis, values) in enumerate(AXES):
        out += panel(index, title, [(arguments(axis, value), value) for value in values], costs)
    return out + '</svg>\n'


TEXT = '''<!-- SPDX-License-Identifier: MIT -->
# Scale

Made by `tools/scale.py`: instructions of a call, counted by callgrind (mean of up to eight calls), on machines that differ in one
thing from the first column's: one TD, one vCPU, 1 GiB. %s

![the table as a picture](scale.svg)

%s
## Memory

Resident memory of the process, without callgrind; the machine with much RAM has %d GiB here, for which callgrind has no room:

| | KiB |
|---|---|
%s
The platform file of these machines says `keyids mktme 31 tdx N` and `max_hkids 16384`: module 1.5.01 itself takes 2048 key ids at
most, and that is the default here too.
'''


def verdict(costs):
    grown = sorted({leaf for point in costs for leaf in costs[point] if costs[point][leaf] > GROWS * costs[START][leaf]})
    unexplained = [leaf for leaf in grown if leaf not in REASONS]
    text = 'No leaf costs more than %g times what it costs there' % GROWS
    for leaf in grown:
        text += ', but %s: %s' % (leaf, REASONS.get(leaf, '**and no rule of the ABI makes it so**'))
    return text + '.', unexplained


def table(costs):
    points = list(costs)
    heads = ['start'] + ['%s %s' % (format(n, ','), unit) for axis, unit in enumerate(('TDs', 'vCPUs', 'GiB'))
                         for n in AXES[axis][2][1:]]
    out = '| leaf | ' + ' | '.join(heads) + ' |\n|' + '---|' * (len(heads) + 1) + '\n'
    for leaf in sorted(costs[START]):
        out += '| %s | %s |\n' % (leaf, ' | '.join(format(round(costs[point][leaf]), ',') for point in points))
    return out


def memory_rows(build):
    most, gib = AXES[0][2][-1], MOST_GIB
    base, tds, _ = memory(build, arguments(0, most))
    wide = memory(build, arguments(2, gib))
    rows = [('a machine of 1 GiB with its module ready', base),
            ('an idle TD: one vCPU, one page, measured (mean of %s)' % format(most - 1, ','), round(tds / (most - 1))),
            ('each GiB more of RAM, with its PAMT', round((wide[0] - base) / (gib - 1))),
            ('each GiB mapped into a TD in pages of 2 MiB, not accepted', round(wide[2] / (gib - 1)))]
    return ''.join('| %s | %s |\n' % (what, format(kib, ',')) for what, kib in rows)


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else 'build'
    costs = {}
    for _, axis, values in AXES:
        for value in values:
            point = arguments(axis, value)
            if point not in costs:
                print('counting: %d TDs, %d vCPUs, %d GiB' % point, flush=True)
                costs[point] = count(build, point)
    says, unexplained = verdict(costs)
    with open(PAGE, 'w') as f:
        f.write(TEXT % (says, table(costs), MOST_GIB, memory_rows(build)))
    with open(PICTURE, 'w') as f:
        f.write(draw(costs))
    print(says)
    return 1 if unexplained else 0


sys.exit(main())
