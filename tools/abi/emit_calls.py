# SPDX-License-Identifier: MIT
"""include/tdx/tdh.h, tdg.h: one typed inline function per leaf and version."""
import textwrap

from abiparse import REGISTERS
from cfunc import LETTER, calls, idle_calls
from emit import header_top

WHEN = {'success': 'on success', 'error': 'on error', 'cpuid_config': 'on OPERAND_INVALID of CPUID_CONFIG',
        'sept_error': ''}


def _para(text, first=' * ', rest=' * ', width=96):
    return ''.join(line.rstrip() + '\n' for line in textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False))


def _operand_lines(label, ops, types):
    out = ''
    for op in ops:
        what = op.text or types[op.type]['meaning']
        when = WHEN.get(op.when, '')
        text = what + (' (%s)' % when if when else '')
        out += _para(text, ' *   %-4s %-4s %-16s ' % (label, op.reg, op.name), ' *' + ' ' * 30)
    return out


def comment(model, call):
    leaf = call.leaf
    version = ', version %d' % call.version if call.version else ''
    out = '/*\n' + _para('%s, leaf %d%s: %s.' % (leaf.name, leaf.number, version, leaf.brief))
    out += _operand_lines('in', call.ins, model.type_of) + _operand_lines('out', call.outs, model.type_of)
    if leaf.op_states:
        out += _para('TD states: ' + ', '.join(leaf.op_states) + '.')
    if leaf.sept_states:
        out += _para('S-EPT states: ' + ', '.join(leaf.sept_states) + '.')
    for key, label in (('requires', 'Requires: '), ('resume', 'Interruption: '), ('note', '')):
        if leaf.prose[key]:
            out += _para(label + leaf.prose[key].replace('*/', '* /') + '.')
    if leaf.retry:
        out += _para('Repeat: ' + ', '.join(leaf.retry) + '.')
    if leaf.statuses:
        text = ', '.join(n + (' (%s)' % ', '.join(d) if d != ['-'] else '') for n, d in leaf.statuses)
        out += _para('Statuses: SUCCESS, ' + text.replace('SUCCESS, ', '') + '.')
    return out + ' */\n'


def _struct(name, members):
    return 'struct %s {\n%s};\n\n' % (name, ''.join('\t%s %s;\n' % m for m in members))


def structs(call):
    out = ''
    if call.args_struct:
        out += _struct(call.name + '_args', [(p.c_type, p.name) for p in call.params])
    if call.out_struct:
        out += _struct(call.name + '_out', [(t, op.name) for t, op in zip(call.result_types, call.results)])
    return out


def out_name(op, params):
    """An output that is also an input has a name of its own."""
    return 'out_' + op.name if op.name in {p.name for p in params} else op.name


def signature(call):
    if call.args_struct:
        parts = ['struct %s_args args' % call.name]
    else:
        parts = ['%s %s' % (p.c_type, p.name) for p in call.params]
    if call.out_struct:
        parts.append('struct %s_out *out' % call.name)
    else:
        parts += ['%s *%s' % (t, out_name(op, call.params)) for t, op in zip(call.result_types, call.results)]
    if call.sept_error:
        parts.append('struct tdx_sept_error *ext')
    linkage = 'TDX_TYPED' if call.leaf.cls == 'host' else 'TDX_INLINE'
    return '%s tdx_status_t %s(%s)' % (linkage, call.name, ', '.join(parts) or 'void')


def _declare(reg, init):
    name = reg.lower()
    if reg in LETTER:
        return '\ttdx_u64 %s%s;\n' % (name, init)
    return '\tregister tdx_u64 %s __asm__("%s")%s;\n' % (name, name, init)


def asm_block(call, instruction, regs):
    plus = [c for c in (call.constraint(reg) for reg in regs) if c[1] in '+=']
    only = [c for c in (call.constraint(reg) for reg in regs) if c[1] not in '+=']
    clobbers = ['"%s"' % reg.lower() for reg in call.clobbers()] + ['"cc"', '"memory"']
    out = '\t__asm__ volatile(%s%s\n' % (instruction, '_KEEP_RBP' if call.loses_rbp else '')
    out += wrap_list(': ', ['"+a"(rax)'] + plus + ['"+r"(TDX_STACK_POINTER)'])
    out += wrap_list(': ', only)
    out += wrap_list(': ', clobbers)[:-1] + (' TDX_CLOBBER_XMM' if call.crypto else '') + ');\n'
    return out


def wrap_list(head, items):
    text = textwrap.wrap(head + ', '.join(items), 84, subsequent_indent='  ', break_long_words=False)
    return ''.join('\t\t\t %s\n' % line for line in text or [head.rstrip()])


def _stores(call):
    out = ''
    for op, c_type in zip(call.results, call.result_types):
        member = '' if c_type == 'tdx_u64' else '.value'
        if call.out_struct:
            out += '\t\tout->%s%s = %s;\n' % (op.name, member, op.reg.lower())
        else:
            name = out_name(op, call.params)
            target = '*' + name if not member else '%s->value' % name
            out += '\tif (%s)\n\t\t%s = %s;\n' % (name, target, op.reg.lower())
    if call.out_struct:
        out = '\tif (out) {\n%s\t}\n' % out
    if call.sept_error:
        out += '\tif (ext) {\n\t\text->entry = rcx;\n\t\text->info = rdx;\n\t}\n'
    return out


def function(call, instruction):
    regs = [r for r in REGISTERS if r in set(call.in_regs()) | set(call.out_regs())]
    body = ''
    for reg in call.in_regs():
        if reg not in LETTER:
            body += '\tconst tdx_u64 in_%s = %s;\n' % (reg.lower(), call.expression(reg))
    body += '\ttdx_u64 rax = TDX_LEAF(%d, %d);\n' % (call.leaf.number, call.version)
    for reg in regs:
        init = ''
        if reg in call.in_regs():
            init = ' = ' + (call.expression(reg) if reg in LETTER else 'in_' + reg.lower())
        body += _declare(reg, init)
    body += '\n' + asm_block(call, instruction, regs) + _stores(call) + '\treturn tdx_status(rax);\n'
    text = textwrap.wrap(signature(call), 100, subsequent_indent='\t\t', break_long_words=False)
    return '\n'.join(text) + '\n{\n' + body + '}\n'


TEXT = {
    'host': ('TDX_TDH_H', 'TDX_ASM_SEAMCALL', 'The host-side leaves, one typed function each. An output pointer may be '
             'NULL; unused outputs cost nothing. An output reads 0 where its condition does not hold, unless stated '
             'otherwise. ext: see struct tdx_sept_error. Leaves without a function here: TDH.VP.ENTER is '
             'tdh_vp_enter() in call.h; TDH.MEM.SEPT.WR is a number without a leaf. Leaves that do nothing in module '
             '1.5 have a function only where TDX_WANT_IDLE_LEAVES is defined.'),
    'guest': ('TDX_TDG_H', 'TDX_ASM_TDCALL', 'The guest-side leaves, one typed function each. An output pointer may be '
              'NULL; unused outputs cost nothing. TDG.VP.VMCALL is in tdvmcall.h.'),
}


def emit(model, cls):
    guard, instruction, text = TEXT[cls]
    host = cls == 'host'
    out = header_top(guard, text) + '#include "call.h"\n'
    if host:
        out += '#ifdef TDX_OUT_OF_LINE\n#include "tdh_extern.h"\n#else\n#include "tdh_types.h"\n'
    out += '\n'
    for call in calls(model, cls):
        out += comment(model, call) + ('' if host else structs(call)) + function(call, instruction) + '\n'
    if host:
        out += '#ifdef TDX_WANT_IDLE_LEAVES\n\n'
        for call in idle_calls(model):
            out += comment(model, call) + function(call, instruction) + '\n'
        out += '#endif /* TDX_WANT_IDLE_LEAVES */\n'
    return out + ('#endif /* TDX_OUT_OF_LINE */\n\n' if host else '') + '#endif\n'
