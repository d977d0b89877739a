# SPDX-License-Identifier: MIT
"""The C that is measured: each typed call as a function of its own, and the same prototype in the baseline's shape."""
import re

from cfunc import U64, calls
from emit_calls import out_name
from emit_vmcalls import Vmcall

SAVED = {'R12', 'R13', 'R14', 'R15', 'RBX', 'RDI', 'RSI'}


def _prototype(call):
    """(parameters, arguments): as the typed call has them."""
    if call.args_struct:
        parts, args = ['struct %s_args args' % call.name], ['args']
    else:
        parts = ['%s %s' % (p.c_type, p.name) for p in call.params]
        args = [p.name for p in call.params]
    if call.out_struct:
        parts.append('struct %s_out *out' % call.name)
        args.append('out')
    else:
        names = [out_name(op, call.params) for op in call.results]
        parts += ['%s *%s' % (t, n) for t, n in zip(call.result_types, names)]
        args += names
    if call.sept_error:
        parts.append('struct tdx_sept_error *ext')
        args.append('ext')
    return ', '.join(parts) or 'void', ', '.join(args)


def _baseline_results(call):
    out = ''
    for op, c_type in zip(call.results, call.result_types):
        value = 'a.' + op.reg.lower()
        if call.out_struct:
            out += '\tout->%s%s = %s;\n' % (op.name, '' if c_type == U64 else '.value', value)
        else:
            name = out_name(op, call.params)
            out += '\t%s = %s;\n' % ('*' + name if c_type == U64 else name + '->value', value)
    if call.sept_error:
        out += '\text->entry = a.rcx;\n\text->info = a.rdx;\n'
    return out


def _baseline_routine(call):
    base = 'base_seamcall' if call.leaf.cls == 'host' else 'base_tdcall'
    if (set(call.in_regs()) | set(call.out_regs())) & SAVED:
        return base + '_saved_ret'
    return base + '_ret' if call.outs else base


def _define(name, returns, params, body):
    # Outputs are wanted: no test for NULL remains.
    attribute = ' __attribute__((nonnull))' if '*' in params else ''
    head = '%s %s(%s)' % (returns, name, params)
    return '%s%s;\n%s\n{\n%s}\n\n' % (head, attribute, head, body)


def _leaf(call):
    params, args = _prototype(call)
    out = _define('typed_' + call.name, 'tdx_status_t', params, '\treturn %s(%s);\n' % (call.name, args))
    fill = ', '.join('.%s = %s' % (r.lower(), call.expression(r)) for r in call.in_regs())
    body = '\tstruct base_args a = { %s };\n\ttdx_status_t status = %s(TDX_LEAF(%d, %d), &a);\n\n' % (
        fill or '0', _baseline_routine(call), call.leaf.number, call.version)
    return out + _define('base_' + call.name, 'tdx_status_t', params, body + _baseline_results(call) + '\treturn status;\n')


def _vmcall(call):
    params = re.search(r'\((.*)\)$', call.signature())[1]
    names = ', '.join(p.split()[-1].lstrip('*') for p in params.split(', ')) if params != 'void' else ''
    out = _define('typed_' + call.name, 'tdx_answer_t', params, '\treturn %s(%s);\n' % (call.name, names))
    fill = ', '.join('.%s = %s' % (r.lower(), call.value(r)) for r in call.regs)
    body = '\tstruct base_args a = { .rcx = 0x%X, %s };\n' % (call.mask, fill)
    body += '\ttdx_status_t status = base_tdcall_saved_ret(TDX_LEAF(0, 0), &a);\n\n'
    for op in call.leaf.outs:
        target = 'out->' + op.name if call.out_struct else '(*%s)' % call.out_name(op)
        body += '\t%s = a.%s;\n' % (target + call.member(op), op.reg.lower())
    body += '\treturn tdx_answer(status.value ? status.value : a.r10);\n'
    return out + _define('base_' + call.name, 'tdx_answer_t', params, body)


# TDH.VP.ENTER: the row's name, the call, and what the module answers: a TDVMCALL (77) or an interrupt (1) ended the run.
ENTER = [
    ('tdh_vp_enter', 'tdh_vp_enter(tdvpr, 0, regs)', 77),
    ('tdh_vp_enter_rbp', 'tdh_vp_enter_rbp(tdvpr, 0, regs)', 77),
    ('tdh_vp_enter_lean_tdvmcall', '__tdx_vp_enter_lean(regs, tdvpr.value, 1)', 77),
    ('tdh_vp_enter_lean_async', '__tdx_vp_enter_lean(regs, tdvpr.value, 0)', 1),
]
BASE_ENTER = [('tdh_vp_enter_copied', 77), ('tdh_vp_enter_kept', 77)]


def _enter():
    return '#include "baseline_enter.h"\n\n' + ''.join(
        _define('typed_' + name, 'tdx_status_t', 'void *regs, tdx_tdvpr_t tdvpr', '\treturn %s;\n' % call)
        for name, call, _ in ENTER)


def names(model):
    """The calls that have a typed_ and a base_ form, in the order of the tables."""
    return [c.name for cls in ('host', 'guest') for c in calls(model, cls)] + [Vmcall(model, leaf).name for leaf in model.vmcalls]


def source(model):
    """Each call as a function: typed (typed_NAME) and in the baseline's shape (base_NAME)."""
    out = '#include "baseline.h"\n\n'
    out += ''.join(_leaf(call) for cls in ('host', 'guest') for call in calls(model, cls))
    return out + ''.join(_vmcall(Vmcall(model, leaf)) for leaf in model.vmcalls) + _enter()


def rows(model, hand):
    """The table that count.c runs; hand: the functions of hand.S."""
    todo = [(form + name, 0) for form in ('typed_', 'base_') for name in names(model)] + [(name, 0) for name in hand]
    todo += [('typed_' + name, rax) for name, _, rax in ENTER] + [('base_' + name, rax) for name, rax in BASE_ENTER]
    out = '#include "count.h"\n\n' + ''.join('extern const char %s[];\n' % name for name, _ in todo)
    out += 'const struct count_row count_rows[] = {\n'
    return out + ''.join('\t{ "%s", %s, %d },\n' % (name, name, rax) for name, rax in todo) + '\t{ 0, 0, 0 },\n};\n'
