# SPDX-License-Identifier: MIT
"""Holds the status lists of the tables to the recorded answers: every status that a leaf of module 1.5.01 was seen to
return, with its operand, must be in the leaf's list.

usage: observed.py SOURCE_ROOT TRANSCRIPTS.tar.xz
"""
import os
import re
import sys
import tarfile

sys.dont_write_bytecode = True
HIGH, FATAL, HINT = 0xFFFFFFFF00000000, 1 << 61, 1 << 60


def events(archive):
    """(class, RAX in, RAX out) of each call that came back to its caller."""
    with tarfile.open(archive) as tar:
        for member in tar:
            text = tar.extractfile(member).read().decode('ascii')
            for line in re.finditer(r'^(?:RPT \d+ )?([SC]) \d+ (.*) => ([VT])(.*?)(?:  #.*)?$', text, re.M):
                kind, given, where, told = line.groups()
                if (kind == 'S') != (where == 'V') or ' vm=' in told:
                    continue
                leaf = re.search(r'\brax=([0-9a-f]+)', given)
                status = re.search(r'\brax=([0-9a-f]+)', told)
                if status:
                    yield kind == 'S', int(leaf[1], 16) if leaf else 0, int(status[1], 16)


def main():
    root, archive = sys.argv[1:3]
    sys.path.insert(0, os.path.join(root, 'tools', 'abi'))
    from model import Model
    model = Model(os.path.join(root, 'abi'))
    leaves = {(leaf.cls == 'host', leaf.number): leaf for leaf in model.leaves if leaf.since == '1.5.01'}
    codes = {status.value: status for status in model.statuses}
    names = {number: name for name, number, _ in model.operand_ids}
    count, missing = 0, set()
    for host, rax, value in events(archive):
        leaf = leaves.get((host, rax & 0xFFFF))
        if not leaf or leaf.name == 'TDG.VP.VMCALL':
            continue
        count += 1
        code = value & HIGH
        status = codes.get(code) or codes.get(code & ~FATAL) or codes.get(code & ~HINT)
        if not status:
            missing.add('%s: 0x%x is no status of the tables' % (leaf.name, value))
        elif status.name != 'SUCCESS':
            details = dict(leaf.statuses).get(status.name)
            operand = names.get(value & ~HIGH) if status.detail == 'operand' else None
            if details is None or (operand and operand not in details and 'R8+vm' not in details):
                missing.add('%s: %s %s is not in its list' % (leaf.name, status.name, operand or ''))
    for text in sorted(missing):
        print(text)
    print('%d answers, %d statuses missing' % (count, len(missing)))
    return 1 if missing or count < 10000 else 0


if __name__ == '__main__':
    sys.exit(main())
