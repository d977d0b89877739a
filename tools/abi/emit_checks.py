# SPDX-License-Identifier: MIT
"""abi/gen/checks.h, checks.c: for each leaf that the software module has (its stanza says "invoke FUNCTION") the row of
checks that its engine runs before the function."""
from abiparse import REGISTERS
from emit import header_top, source_top

TEXT = 'The leaves that the software module has: functions, and the checks that run before them.'
LOCK = {'none': 'LOCK_NONE', 'SH': 'LOCK_SHARED', 'EX': 'LOCK_EXCLUSIVE'}
PROSE = ('fail', '->')  # what a check may answer: for people, the engine knows
LOCKS = {'global': 'GLOBAL', 'kot': 'KOT', 'epoch': 'EPOCH', 'sept_tree': 'SEPT_TREE', 'rtmr': 'RTMR',
         'servtd_bindings': 'SERVTD', 'mig': 'MIG'}
LEVELS = {'root': 'LEVEL_ROOT'}


class Row:
    def __init__(self, leaf):
        self.leaf = leaf
        self.calls = []
        self.gpa_reg = 'RCX'

    def operand(self, reg):
        for op in self.leaf.ins:
            if op.reg == reg:
                return op
        return self.leaf.item.fail('check of %s, which is no operand' % reg)

    def line(self, op, reg=None, mode='0', arg='0', fn='NULL'):
        index = 0 if reg is None else REGISTERS.index(reg)
        return '\t{ CHECK_%s, %d, %s, %s, %s },\n' % (op, index, mode, arg, fn)

    def page(self, words):
        reg = words[0]
        op = self.operand(reg)
        mode = LOCK[op.lock]
        if words[1:] == ['at_level']:
            return self.line('PAGE_AT_LEVEL', reg)
        if op.page == 'TDR':
            return self.line('TDR', reg, mode)
        if op.page == 'TDVPR':
            return self.line('TDVPR', reg, mode)
        return self.line('PAGE', reg, mode, 'PT_' + op.page)

    def option(self, words, key, default='none'):
        for word in words:
            if word.startswith(key + '='):
                return LOCK[word[len(key) + 1:]]
        return LOCK[default]

    def check(self, words):
        kind, rest = words[0], words[1:]
        if kind in PROSE:
            return ''
        if kind == 'page':
            return self.page(rest)
        if kind == 'owner_tdr':
            return self.line('OWNER_TDR', None, self.option(rest, 'lock'))
        if kind == 'td_state':
            return self.line('TD_STATE', None, self.option(rest, 'op_state'))
        if kind == 'tdvps_complete':
            return self.line('TDVPS_COMPLETE')
        if kind == 'vcpu_associate':
            return self.line('VCPU_ASSOCIATE', None, '0', '1' if rest == ['disabled'] else '0')
        if kind == 'gpa_level':
            self.gpa_reg = rest[0]
            return self.line('GPA_LEVEL', rest[0], rest[1], LEVELS.get(rest[2], rest[2]))
        if kind == 'sept_walk':
            return self.line('SEPT_WALK', self.gpa_reg, self.option(rest, 'tree'))
        if kind == 'sept_entry_lock':
            return self.line('SEPT_ENTRY_LOCK', self.gpa_reg)
        if kind == 'sept_state':
            return self.line('SEPT_STATE', self.gpa_reg)
        if kind == 'tlb_tracked':
            return self.line('TLB_TRACKED', self.gpa_reg)
        if kind == 'shared':
            return self.line('SHARED', rest[0], '0', str(int(rest[1]).bit_length() - 1))
        if kind == 'lock':
            return self.line('LOCK', None, LOCK[rest[1]], 'CHECK_LOCK_' + LOCKS[rest[0]])
        if kind == 'call':
            self.calls.append(rest[0])
            return self.line('CALL', fn=rest[0])
        return self.leaf.item.fail('check %s is not one that the engine knows' % ' '.join(words))

    def emit(self):
        lines = ''.join(self.check(words) for words in self.leaf.checks)
        return 'static const struct check %s_checks[] = {\n%s\t{ CHECK_END, 0, 0, 0, NULL },\n};\n\n' % (
            self.leaf.c_name.lower(), lines)


def leaf_clear(leaf):
    """Output registers that read 0 unless the leaf says otherwise."""
    line = leaf.item.one('clear')
    regs = line.split() if line is not None else [op.reg for op in leaf.outs if not op.version]
    return sum(1 << REGISTERS.index(reg) for reg in set(regs) - {'none', 'RAX'})


def mask(names, order):
    return sum(1 << order.index(name) for name in names if name != 'any')


def descriptor(leaf, model):
    states = [name.replace('OP_STATE_', '') for name, _ in model.enums['op_state']]
    septs = [row['name'] for row in model.sept_states]
    return ('\t[%d] = { "%s", %d, %d, 0x%04x, 0x%04x, 0x%04x, %s_checks, %s },\n' % (
        leaf.number, leaf.name, leaf.number, max(leaf.versions), leaf_clear(leaf), mask(leaf.op_states, states),
        mask(leaf.sept_states, septs), leaf.c_name.lower(), leaf.item.one('invoke')))


def present(model):
    return [leaf for leaf in model.leaves if leaf.item.one('invoke')]


def emit_header(model):
    names = set()
    for leaf in present(model):
        row = Row(leaf)
        row.emit()
        names |= set(row.calls) | {leaf.item.one('invoke')}
    out = header_top('GEN_CHECKS_H', TEXT) + '#include <stdint.h>\n\nstruct call;\n\n'
    return out + ''.join('uint64_t %s(struct call *c);\n' % name for name in sorted(names)) + '\n#endif\n'


def emit_source(model):
    out = source_top(TEXT) + '#include "gen/checks.h"\n#include "module/check.h"\n\n'
    leaves = present(model)
    out += ''.join(Row(leaf).emit() for leaf in leaves)
    for cls, length in (('host', 'LEAVES_HOST'), ('guest', 'LEAVES_GUEST')):
        rows = [descriptor(leaf, model) for leaf in leaves if leaf.cls == cls]
        out += 'const struct leaf leaves_%s[%s] = {\n%s};\n\n' % (cls, length, ''.join(rows))
    return out.rstrip('\n') + '\n'
