# SPDX-License-Identifier: MIT
"""abi/gen/checks.h, checks.c: for each leaf that the software module has (its stanza says "invoke FUNCTION",
"effect FUNCTION" or "set") a function that makes its checks and then does that."""
from abiparse import REGISTERS
from emit import header_top, source_top
import require

TEXT = 'The leaves that the software module has: functions, and the checks that run before them.'
LOCK = {'none': 'LOCK_NONE', 'SH': 'LOCK_SHARED', 'EX': 'LOCK_EXCLUSIVE'}
PROSE = ('fail', '->')  # what a check may answer: for people, the engine knows
INCLUDES = ['gen/checks.h', 'module/check.h', 'module/cpuid.h', 'module/guest_mem.h', 'module/handoff.h', 'module/keyid.h', 'module/metadata.h', 'module/mig.h', 'module/state.h', 'module/td_config.h', 'module/version.h', 'module/vmx.h',
            'platform/platform.h', 'vmx/x86.h']
LEVELS = {'root': 'LEVEL_ROOT'}

TAKE_OPERANDS = '''/* How a leaf begins: its operands (sets of general registers) to c->in, its outputs zeroed. */
static inline __attribute__((always_inline)) void take_operands(struct call *c, unsigned operands, unsigned outputs)
{
	uint64_t *gpr = c->regs->gpr;

	/* One by one, as they were stored: a wider load would wait until the stores have left the processor. */
#pragma GCC unroll 16
	for (unsigned i = 0; i < GPR_COUNT; i++) {
		if (operands & 1u << i)
			c->in[i] = __atomic_load_n(&gpr[i], __ATOMIC_RELAXED);
		if (outputs & 1u << i)
			gpr[i] = 0;
	}
}
'''


class Checks:
    def __init__(self, leaf, required, ids):
        self.leaf, self.required, self.ids = leaf, required, ids
        self.calls = []
        self.gpa_reg = 'RCX'

    def operand(self, reg):
        for op in self.leaf.ins:
            if op.reg == reg:
                return op
        return self.leaf.item.fail('check of %s, which is no operand' % reg)

    def page(self, words):
        reg = words[0]
        op = self.operand(reg)
        mode = LOCK[op.lock]
        if words[1:] == ['at_level']:
            return 'check_page_at_level(c, GPR_%s)' % reg
        if op.page in ('TDR', 'TDVPR'):
            return 'check_%s(c, GPR_%s, %s)' % (op.page.lower(), reg, mode)
        return 'check_page(c, GPR_%s, c->in[GPR_%s], PT_%s, %s, &c->page)' % (reg, reg, op.page, mode)

    def option(self, words, key, default='none'):
        for word in words:
            if word.startswith(key + '='):
                return LOCK[word[len(key) + 1:]]
        return LOCK[default]

    def check(self, words):
        kind, rest = words[0], words[1:]
        if kind in PROSE:
            return None
        if kind == 'page':
            return self.page(rest)
        if kind == 'owner_tdr':
            return 'check_owner_tdr(c, pamt_owner(c->vp_page.pamt), %s)' % self.option(rest, 'lock')
        if kind == 'td_state':
            return 'check_td_state(c, %s)' % self.option(rest, 'op_state')
        if kind == 'vcpu_associate':
            return 'check_vcpu_associate(c, %s)' % ('true' if rest == ['disabled'] else 'false')
        if kind == 'gpa_level':
            self.gpa_reg = rest[0]
            return 'check_gpa_level(c, GPR_%s, %s, %s)' % (rest[0], rest[1], LEVELS.get(rest[2], rest[2]))
        if kind == 'sept_walk':
            return 'check_sept_walk(c, GPR_%s, %s)' % (self.gpa_reg, self.option(rest, 'tree'))
        if kind == 'sept_entry_lock':
            return 'call_lock_sept_entry(c, GPR_%s)' % self.gpa_reg
        if kind in ('sept_state', 'tlb_tracked'):
            return 'check_%s(c, GPR_%s)' % (kind, self.gpa_reg)
        if kind == 'tdvps_complete':
            return 'check_tdvps_complete(c)'
        if kind == 'shared':
            return 'check_shared(c, GPR_%s, c->in[GPR_%s], %s)' % (rest[0], rest[0], rest[1])
        if kind == 'lock':
            return 'call_lock_named(c, CHECK_LOCK_%s, %s)' % (rest[0].upper(), LOCK[rest[1]])
        if kind == 'require':
            return self.require(words) + '(c)'
        if kind == 'zero':
            text = require.name(rest[0])
            return 'check_zero(c, %s, sizeof(%s), "%s")' % (text, text, rest[0].replace('PARAMS', 'TD_PARAMS').upper())
        if kind == 'call' and '(' in rest[0]:
            return ' '.join(rest).replace('(', '(c, ', 1)
        if kind == 'call':
            self.calls.append(rest[0])
            return rest[0] + '(c)'
        return self.leaf.item.fail('check %s is not one that the engine knows' % ' '.join(words))

    def require(self, words):
        """The function of such a line; leaves that require the same share it."""
        body = require.body(self.leaf.item, words, self.leaf.sentence[' '.join(words)], self.ids)
        count = len(self.required)
        return self.required.setdefault(body, '%s_require_%d' % (self.leaf.c_name.lower(), count))

    def statement(self, words):
        """What the line does while no check before it has failed."""
        if words[0] in ('set', 'copy'):
            return require.assignment(self.leaf.item, words)
        call = self.check(words)
        return 'st = %s;' % call if call else None

    def invocation(self):
        """What the leaf does once nothing has refused it."""
        item = self.leaf.item
        out = ['st = %s(c);' % line[3] for line in item.all('invoke')]
        out += ['%s(c);' % line[3] for line in item.all('effect') if line[3] != 'none']
        return out + [require.assignment(item, ['set'] + line[1]) for line in item.all('set')]

    def emit(self):
        statements = [text for text in map(self.statement, self.leaf.checks) if text]
        statements += ['st = fault_point(c);'] + self.invocation()
        first = statements.pop(0) if statements[0].startswith('st = ') else 'st = TDX_SUCCESS;'
        rest = ''.join('\tif (!st)\n\t\t%s\n' % text for text in statements)
        take = 'take_operands(c, %s, %s);' % (set_text(leaf_operands(self.leaf)), set_text(leaf_clear(self.leaf)))
        return 'static uint64_t %s_run(struct call *c)\n{\n\tuint64_t st;\n\n\t%s\n\t%s\n%s\treturn st;\n}\n\n' % (
            self.leaf.c_name.lower(), take, first, rest)


def register_set(names):
    return sum(1 << REGISTERS.index(reg) for reg in set(names) - {'none', 'RAX'})


def set_text(registers):
    names = [reg for i, reg in enumerate(REGISTERS) if registers & 1 << i]
    return '0x%04x /* %s */' % (registers, ' '.join(names)) if names else '0'


def leaf_operands(leaf):
    """Registers that the leaf takes, in whatever version."""
    return register_set(op.reg for op in leaf.ins)


def leaf_clear(leaf):
    """Output registers that read 0 unless the leaf says otherwise."""
    line = leaf.item.one('clear')
    regs = line.split() if line is not None else [op.reg for op in leaf.outs if not op.version]
    return register_set(regs)


def mask(names, order):
    return sum(1 << order.index(name) for name in names if name != 'any')


def descriptor(leaf, model):
    states = [name.replace('OP_STATE_', '') for name, _ in model.enums['op_state']]
    septs = [row['name'] for row in model.sept_states]
    return ('\t[%d] = { "%s", %d, %d, 0x%04x, 0x%04x, 0x%04x, MD_%s, %s_run },\n' % (
        leaf.number, leaf.name, leaf.number, max(leaf.versions), leaf_operands(leaf), mask(leaf.op_states, states),
        mask(leaf.sept_states, septs), leaf.context or 'SYS', leaf.c_name.lower()))


def present(model):
    return [leaf for leaf in model.leaves if any(leaf.item.all(key) for key in ('invoke', 'effect', 'set'))]


def named_lock(row):
    """The place of a lock's word, what its status is when it is taken, and the subject of the sentence."""
    owner = {'SYS': 'struct module', 'TDCS': 'struct tdcs'}[row['structure']]
    stride = '0' if row['per_package'] == '-' else 'sizeof(((struct module *)0)->%s[0])' % row['per_package']
    status = 'TDX_SYS_BUSY' if row['operand'] == 'SYS_BUSY' else 'TDX_OPERAND_BUSY | TDX_OPERAND_ID_' + row['operand']
    return '\t[CHECK_LOCK_%s] = { %s, HELD_%s, offsetof(%s, %s), %s, %s, "%s" },\n' % (
        row['name'].upper(), 'true' if row['structure'] == 'TDCS' else 'false', row['kind'], owner, row['word'], stride,
        status, row['what'])


def emit_header(model):
    names, effects = set(), set()
    for leaf in present(model):
        checks = Checks(leaf, {}, ())
        checks.emit()
        names |= set(checks.calls) | {line[3] for line in leaf.item.all('invoke')}
        effects |= {line[3] for line in leaf.item.all('effect')} - {'none'}
    out = header_top('GEN_CHECKS_H', TEXT) + '#include <stdint.h>\n\nstruct call;\n\n'
    locks = ''.join('\tCHECK_LOCK_%s,\n' % row.columns['name'].upper() for row in model.tables['lock'])
    out += '/* Locks of objects that no operand names. */\nenum check_lock {\n%s\tNUM_CHECK_LOCKS\n};\n\n' % locks
    out += ''.join('uint64_t %s(struct call *c);\n' % name for name in sorted(names)) + '\n'
    return out + ''.join('void %s(struct call *c);\n' % name for name in sorted(effects)) + '\n#endif\n'


def emit_source(model):
    out = source_top(TEXT) + ''.join('#include "%s"\n' % path for path in INCLUDES) + '#include <string.h>\n\n' + TAKE_OPERANDS + '\n'
    leaves, required = present(model), {}
    ids = {name for name, _, _ in model.operand_ids}
    runs = ''.join(Checks(leaf, required, ids).emit() for leaf in leaves)
    out += ''.join('static uint64_t %s(struct call *c)\n%s\n' % (name, body) for body, name in required.items()) + runs
    for cls, length in (('host', 'LEAVES_HOST'), ('guest', 'LEAVES_GUEST')):
        rows = [descriptor(leaf, model) for leaf in leaves if leaf.cls == cls]
        out += 'const struct leaf leaves_%s[%s] = {\n%s};\n\n' % (cls, length, ''.join(rows))
    rows = ''.join(named_lock(row.columns) for row in model.tables['lock'])
    return out + 'const struct named_lock named_locks[NUM_CHECK_LOCKS] = {\n%s};\n' % rows
