# SPDX-License-Identifier: MIT
"""include/tdx/tdvmcall.h: the sub-functions of TDG.VP.VMCALL as typed functions."""
import re
import textwrap

from abiparse import REGISTERS
from cfunc import C_TYPES, LETTER, MAX_OUT_PARAMS, MAX_PARAMS, U64, swappable
from emit import define, header_top
from emit_calls import _declare, _operand_lines, _para, _struct, wrap_list

TEXT = '''The guest-host interface: TDG.VP.VMCALL with R10 = 0, one typed function per sub-function.
Each exposes exactly R10, R11 and the registers of its operands and results. An exposed register that is no operand goes out
as 0. What comes back is the VMM's word: check it before use. A function returns R10, the VMM's answer (one of
TDX_VMCALL_*: ask tdx_answer_ok() and tdx_answer_is()), or the module's status if the module refused the call itself.'''


ANSWERS = '''
/* Is it the answer of this name (TDX_VMCALL_RETRY)? */
TDX_INLINE int tdx_answer_is(tdx_answer_t answer, tdx_u64 name)
{
	return answer.value == name;
}

/* Did the VMM do it? */
TDX_INLINE int tdx_answer_ok(tdx_answer_t answer)
{
	return tdx_answer_is(answer, TDX_VMCALL_SUCCESS);
}
'''


def snake(name):
    name = name.replace('.', '_').replace('GPA', 'Gpa').replace('MMIO', 'Mmio').replace('MigTD', 'Migtd')
    name = re.sub(r'_([A-Z]+)$', lambda m: '_' + m[1].lower(), name)
    return re.sub(r'(?<=[a-z])([A-Z])', r'_\1', name).lower()


class Vmcall:
    def __init__(self, model, leaf):
        self.leaf, self.name = leaf, 'tdg_vp_vmcall_' + snake(leaf.name)
        self.c_type = {op.type: C_TYPES[model.type_of[op.type]['c']] for op in leaf.ins + leaf.outs}
        self.in_types = [self.c_type[op.type] for op in leaf.ins]
        self.out_types = [self.c_type[op.type] for op in leaf.outs]
        self.regs = [r for r in REGISTERS if r in {'R10', 'R11'} | {op.reg for op in leaf.ins + leaf.outs}]
        self.mask = sum(1 << REGISTERS.index(r) for r in self.regs)
        self.args_struct = len(leaf.ins) > MAX_PARAMS or swappable(
            t for t, op in zip(self.in_types, leaf.ins) if op.type != 'arg')
        self.out_struct = len(leaf.outs) > MAX_OUT_PARAMS

    def member(self, op):
        return '' if self.c_type[op.type] == U64 else '.value'

    def value(self, reg):
        if reg == 'R11':
            return '0x%X' % self.leaf.number
        for op in self.leaf.ins:
            if op.reg == reg:
                return ('args.' if self.args_struct else '') + op.name + self.member(op)
        return '0'

    def out_name(self, op):
        return 'out_' + op.name if op.name in {i.name for i in self.leaf.ins} else op.name

    def signature(self):
        parts = ['struct %s_args args' % self.name] if self.args_struct else [
            '%s %s' % pair for pair in zip(self.in_types, (op.name for op in self.leaf.ins))]
        if self.out_struct:
            parts.append('struct %s_out *out' % self.name)
        else:
            parts += ['%s *%s' % (t, self.out_name(op)) for t, op in zip(self.out_types, self.leaf.outs)]
        return 'TDX_INLINE tdx_answer_t %s(%s)' % (self.name, ', '.join(parts) or 'void')


def _stores(call):
    out = ''
    for op in call.leaf.outs:
        if call.out_struct:
            out += '\t\tout->%s%s = %s;\n' % (op.name, call.member(op), op.reg.lower())
        else:
            name = call.out_name(op)
            target = '%s->value' % name if call.member(op) else '*' + name
            out += '\tif (%s)\n\t\t%s = %s;\n' % (name, target, op.reg.lower())
    return '\tif (out) {\n%s\t}\n' % out if call.out_struct else out


def _function(call):
    body = ''.join('\tconst tdx_u64 in_%s = %s;\n' % (r.lower(), call.value(r)) for r in call.regs if r not in LETTER)
    body += '\ttdx_u64 rax = TDX_LEAF(0, 0);\n\ttdx_u64 rcx = 0x%04X;\n' % call.mask
    for reg in call.regs:
        body += _declare(reg, ' = ' + (call.value(reg) if reg in LETTER else 'in_' + reg.lower()))
    pairs = ['"+a"(rax)', '"+c"(rcx)'] + ['"+%s"(%s)' % (LETTER.get(r, 'r'), r.lower()) for r in call.regs]
    lost = ['"%s"' % r.lower() for r in ('RDX', 'R8', 'R9') if r not in call.regs] + ['"cc"', '"memory"']
    body += '\n\t__asm__ volatile(TDX_ASM_TDCALL\n' + wrap_list(': ', pairs + ['"+r"(TDX_STACK_POINTER)'])
    body += wrap_list(':', []) + wrap_list(': ', lost)[:-1] + ');\n'
    body += _stores(call) + '\treturn tdx_answer(rax ? rax : r10);\n'
    text = textwrap.wrap(call.signature(), 100, subsequent_indent='\t\t', break_long_words=False)
    return '\n'.join(text) + '\n{\n' + body + '}\n'


def emit(model):
    out = header_top('TDX_TDVMCALL_H', TEXT) + '#include "call.h"\n\n'
    for item in model.tables['vmcall_status']:
        out += define('TDX_VMCALL_' + item.name, item.words[1] + 'ULL', item.text)
    out += ANSWERS + '\n/* Sub-function numbers (R11). */\n'
    for leaf in model.vmcalls:
        out += define('TDX_VMCALL_FN_' + snake(leaf.name).upper(), '0x%X' % leaf.number)
    for leaf in model.vmcalls:
        call = Vmcall(model, leaf)
        out += '\n/*\n' + _para('TDG.VP.VMCALL<%s>, R11 = 0x%X: %s.' % (leaf.name, leaf.number, leaf.brief))
        out += _operand_lines('in', leaf.ins, model.type_of) + _operand_lines('out', leaf.outs, model.type_of) + ' */\n'
        if call.args_struct:
            out += _struct(call.name + '_args', [(t, op.name) for t, op in zip(call.in_types, leaf.ins)])
        if call.out_struct:
            out += _struct(call.name + '_out', [(t, op.name) for t, op in zip(call.out_types, leaf.outs)])
        out += _function(call)
    return out + '\n#endif\n'
