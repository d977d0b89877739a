#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/leaf-cost.md: what each leaf costs in instructions, counted by callgrind. Of each leaf, its first successful calls in
the recorded transcripts are made (tests/conformance/leaf_cost.c), the transport of the library included, hashing and
encryption in libcrypto too. Instructions do not depend on the machine's load.

usage: leaf-cost.py [BUILD_DIRECTORY]
"""
import os
import re
import subprocess
import sys
import tarfile
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, 'tools', 'abi')]

from model import Model  # noqa: E402

ARCHIVE = os.path.join(ROOT, 'tests', 'conformance', 'transcripts.tar.xz')
PAGE = os.path.join(ROOT, 'docs', 'leaf-cost.md')
CALLS = 5  # of each leaf: the table says the cheapest and the dearest
LINE = re.compile(r'([SC]) \d+ (.*?) => ([VT]) rax=([0-9a-f]+)')
TOP = '''<!-- SPDX-License-Identifier: MIT -->
# What a leaf costs

Made by `tools/leaf-cost.py`: instructions from the library's entry to its return, counted by callgrind, for up to %d successful
calls of each leaf in the recorded transcripts. SHA-384 and AES-GCM in libcrypto are counted too; valgrind's CPU has no SHA
extensions, so hashing is dearer here than on hardware, and it counts one for each turn of a `rep stosq`, of which clearing a
page has 512, and of a `rep stosb`, of which the 16 KiB of a PAMT that TDH.SYS.TDMR.INIT clears have 16,384. `dearest` is mostly the call that carries most data. What TDH.MEM.PAGE.ADD and TDH.MR.EXTEND measure is hashed
3,840 bytes at a time, by every tenth TDH.MR.EXTEND or so: 69,000 instructions that none of these calls happens to have.

| leaf | calls | cheapest | dearest |
|---|---|---|---|
'''


def entered(kind, leaf, to, rax):
    if kind == 'S':
        return to == 'T' and leaf == 0 or to == 'V' and not rax >> 63
    return to == 'V' and leaf == 0 or to == 'T' and not rax >> 63


def choose(directory):
    """Of each leaf, the successful calls that come first in their files: little has to be replayed for them."""
    seen = {}
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(directory)
        names = sorted(tar.getnames())
    for name in names:
        with open(os.path.join(directory, name)) as f:
            for number, line in enumerate(f, 1):
                call = LINE.match(line)
                if not call:
                    continue
                rax = re.search(r'\brax=([0-9a-f]+)', call[2])
                leaf = int(rax[1], 16) & 0xffff if rax else 0
                if entered(call[1], leaf, call[3], int(call[4], 16)):
                    seen.setdefault((call[1], leaf), []).append((number, name))
    return {key: sorted(calls)[:CALLS] for key, calls in seen.items()}


def count(build, directory, calls):
    subprocess.run(['valgrind', '--tool=callgrind', '--callgrind-out-file=' + directory + '/out',
                    '--zero-before=cost_of_call', '--dump-after=cost_of_call',
                    os.path.join(ROOT, build, 'tests', 'conformance', 'leaf_cost')] +
                   ['%s:%d' % (name, number) for number, name in calls],
                   cwd=directory, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    costs = []
    for part in range(1, len(calls) + 1):
        with open('%s/out.%d' % (directory, part)) as f:
            costs.append(int(re.search(r'^(?:summary|totals): (\d+)', f.read(), re.M)[1]))
    return costs


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else 'build'
    model = Model(os.path.join(ROOT, 'abi'))
    names = {('S', leaf.number): leaf.name for leaf in model.leaves if leaf.cls == 'host'}
    names.update({('C', leaf.number): leaf.name for leaf in model.leaves if leaf.cls == 'guest'})
    with tempfile.TemporaryDirectory() as directory:
        chosen = choose(directory)
        keys = [key for key in sorted(chosen, key=lambda key: (key[0] != 'S', key[1])) if key in names]
        calls = [call for key in keys for call in chosen[key]]
        costs = count(build, directory, calls)
    page = TOP % CALLS
    for key in keys:
        mine = [costs.pop(0) for _ in chosen[key]]
        page += '| %s | %d | %s | %s |\n' % (names[key], len(mine), format(min(mine), ','), format(max(mine), ','))
    with open(PAGE, 'w') as f:
        f.write(page)
    print('%d leaves, %d calls: %s' % (len(keys), len(calls), os.path.relpath(PAGE, ROOT)))


main()
