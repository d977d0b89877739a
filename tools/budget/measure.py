# SPDX-License-Identifier: MIT
"""Counts what compiled functions cost: bytes, instructions, loads, stores, from the disassembly of an object file."""
import re
import subprocess

_FUNCTION = re.compile(r'^[0-9a-f]+ <(\w+)>:$')
_LINE = re.compile(r'^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*(?:\t(.*))?$')
_STORE_ONLY = ('mov', 'movl', 'movq', 'movabs', 'movups', 'movaps', 'movdqa', 'movdqu')
_PAD = ('nop', 'nopw', 'nopl', 'data16', 'cs', 'xchg')


class Cost:
    """bytes, instructions, loads, stores: of the function itself. executed, accesses: of the whole call, once counted."""

    KEYS = ('bytes', 'instructions', 'loads', 'stores', 'executed', 'accesses')

    def __init__(self):
        for key in self.KEYS:
            setattr(self, key, 0)
        self.faults = []

    def add(self, other):
        for key in self.KEYS:
            setattr(self, key, getattr(self, key) + getattr(other, key))
        self.faults = self.faults + other.faults

    def copy(self):
        new = Cost()
        new.add(self)
        return new

    def row(self):
        return tuple(getattr(self, key) for key in self.KEYS)


def _memory(cost, name, operands):
    """Loads and stores of one instruction; those of the stack count."""
    if name in ('push', 'call'):
        cost.stores += 1
    elif name in ('pop', 'popq', 'ret', 'leave'):
        cost.loads += 1
    parts = re.split(r',(?![^(]*\))', operands) if operands else []
    if name.startswith('lea') or name.startswith('nop'):
        return
    for index, part in enumerate(parts):
        if '(' not in part:
            continue
        last = index == len(parts) - 1
        if not last:
            cost.loads += 1
        elif name in _STORE_ONLY or name.startswith(('mov', 'pop')):
            cost.stores += 1
        elif name.startswith(('cmp', 'test', 'push', 'call', 'jmp')):
            cost.loads += 1
        else:
            cost.loads += 1
            cost.stores += 1


def _instruction(cost, address, text):
    words = text.split('#')[0].split(None, 1)
    name, operands = words[0], words[1].strip() if len(words) > 1 else ''
    if name == 'rep':
        cost.faults.append('zeroing or copying loop: ' + text)
        cost.stores += 13
        cost.instructions += 1
        return
    cost.instructions += 1
    if name.startswith(('call', 'jmp')) and operands.startswith('*'):
        cost.faults.append('indirect: ' + text)
    target = re.match(r'^([0-9a-f]+) <', operands)
    if name.startswith('j') and target and int(target[1], 16) <= address:
        cost.faults.append('backward jump: ' + text)
    _memory(cost, name, operands)


def functions(path):
    """{name: Cost} of an object file."""
    text = subprocess.run(['objdump', '-d', '--wide', path], check=True, capture_output=True, text=True).stdout
    out, current, pending = {}, None, []
    for line in text.split('\n'):
        head = _FUNCTION.match(line)
        if head:
            current, pending = out.setdefault(head[1], Cost()), []
            continue
        match = _LINE.match(line)
        if current is None or not match or match[3] is None:
            continue
        size, body = len(match[2].split()), match[3]
        if body.split()[0] in _PAD:
            pending.append(size)  # counts only if code follows
            continue
        current.bytes += size + sum(pending)
        pending = []
        _instruction(current, int(match[1], 16), body)
    return out
