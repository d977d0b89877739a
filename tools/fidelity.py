#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/fidelity.md: per leaf and status, what is proven by the recorded answers of module 1.5.01 and what is from the tables
only. The transcripts all replay without a difference (test `conformance`), so an answer that occurs in one is proven.

usage: fidelity.py [--check]     writes the page, or says whether it is fresh
"""
import itertools
import os
import re
import sys
import tarfile

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(ROOT, 'tools', 'abi'), os.path.join(ROOT, 'tests', 'abi')]

from model import Model  # noqa: E402
from observed import FATAL, HIGH, HINT, events  # noqa: E402

PAGE = os.path.join(ROOT, 'docs', 'fidelity.md')
ARCHIVE = os.path.join(ROOT, 'tests', 'conformance', 'transcripts.tar.xz')
TOP = '''<!-- SPDX-License-Identifier: MIT -->
# How faithful the software module is

Made by `tools/fidelity.py` from the tables in `abi/` and the recorded answers of module 1.5.01 in `tests/conformance/`. Every
recorded answer is replayed by the tests, register by register; "proven" means that it occurs there.

**%d leaves, %d answers recorded; of %d pairs of leaf and status in the tables %d are proven, %d are from the tables only.**

## What is not modelled

- Caches and TLBs: CACHE.WB, WBINVD, INVEPT and INVVPID keep the books (key ids to flush, epochs) and move no cache line. The interpreter's own
  translations are flushed by the same rules.
- Encryption: memory is plaintext with a key id per 4 KiB page. The host's view of a private page is made-up ciphertext; a host write
  destroys the whole page, and the TD meets a machine check. Hardware works on 64-byte lines.
- Integrity faults by wrong keys other than that; rowhammer and physical attacks.
- Randomness: keys and nonces come from a seeded generator. TDREPORT MACs verify on the same platform only.
- Time: durations in ticks are those of the machine it runs on, or counted where the platform file says so.
- AVX and everything above XFAM 3 in the interpreter; L2 VMs in real or virtual-8086 mode.
- The SEAM loader: a module is loaded or reloaded, its signature and version are not checked.

## Leaf by leaf

| leaf | answers recorded | proven | from tables only |
|---|---|---|---|
'''


def pairs_of(leaf):
    return {(name, detail) for name, details in leaf.statuses for detail in details} | {('SUCCESS', '-')}


def text(pair):
    return pair[0] if pair[1] == '-' else '%s(%s)' % pair


def exits():
    """Statuses of TDH.VP.ENTER: RAX of the host after each exit of a guest."""
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            lines = tar.extractfile(member).read().decode('ascii')
            for line in re.finditer(r'^[CX] \d+ .* => V.*?\brax=([0-9a-f]+)', lines, re.M):
                yield True, 0, int(line[1], 16)


def observed(model):
    codes = {status.value: status for status in model.statuses}
    names = {number: name for name, number, _ in model.operand_ids}
    seen, count = {}, {}
    for host, rax, value in itertools.chain(events(ARCHIVE), exits()):
        key, code = (host, rax & 0xFFFF), value & HIGH
        status = codes.get(code) or codes.get(code & ~FATAL) or codes.get(code & ~HINT)
        count[key] = count.get(key, 0) + 1
        if status:
            detail = names.get(value & ~HIGH, '-') if status.detail == 'operand' and value & ~HIGH else '-'
            seen.setdefault(key, set()).update({(status.name, detail), (status.name, '*')})
    return seen, count


def page():
    model = Model(os.path.join(ROOT, 'abi'))
    seen, count = observed(model)
    rows, totals = '', [0, 0, 0, 0]
    for leaf in sorted(model.leaves, key=lambda leaf: (leaf.cls != 'host', leaf.number)):
        if leaf.since != '1.5.01' or leaf.cls not in ('host', 'guest'):
            continue
        key = (leaf.cls == 'host', leaf.number)
        got = seen.get(key, set())
        pairs = pairs_of(leaf)
        proven = {p for p in pairs if p in got or ((p[0], '*') in got and (p[1] == '-' or p[1].islower()))}
        rest = ', '.join(sorted(text(p) for p in pairs - proven)) or 'none'
        rows += '| %s | %d | %d of %d | %s |\n' % (leaf.name, count.get(key, 0), len(proven), len(pairs), rest)
        for i, add in enumerate((1, count.get(key, 0), len(pairs), len(proven))):
            totals[i] += add
    return TOP % (*totals, totals[2] - totals[3]) + rows


def main():
    fresh = page()
    if sys.argv[1:] == ['--check']:
        with open(PAGE, encoding='utf-8') as file:
            if file.read() == fresh:
                return 0
        print('docs/fidelity.md differs from the tables and transcripts: run tools/fidelity.py')
        return 1
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(fresh)
    return 0


if __name__ == '__main__':
    sys.exit(main())
