# SPDX-License-Identifier: MIT
"""The C that is measured: each typed call as a function of its own, and the same prototype in the baseline's shape."""
from cfunc import U64, calls
from emit_calls import out_name

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


def baseline_form(call):
    regs = set(call.in_regs()) | set(call.out_regs())
    if regs & SAVED:
        return 'base_seamcall_saved_ret'
    return 'base_seamcall_ret' if call.outs else 'base_seamcall'


def source(model):
    """Wrappers of all host leaves, typed (typed_NAME) and in the baseline's shape (base_NAME), and of the guest leaves."""
    out = '#include "baseline.h"\n\n'
    for cls in ('host', 'guest'):
        for call in calls(model, cls):
            params, args = _prototype(call)
            head = 'tdx_status_t %s_%s(%s)'
            # Outputs are wanted: no test for NULL remains.
            attribute = ' __attribute__((nonnull))' if '*' in params else ''
            out += head % ('typed', call.name, params) + attribute + ';\n'
            out += head % ('typed', call.name, params) + '\n{\n\treturn %s(%s);\n}\n\n' % (call.name, args)
            if cls == 'guest':
                continue
            fill = ', '.join('.%s = %s' % (r.lower(), call.expression(r)) for r in call.in_regs())
            out += head % ('base', call.name, params) + attribute + ';\n'
            out += head % ('base', call.name, params) + '\n{\n\tstruct base_args a = { %s };\n' % (fill or '0')
            out += '\ttdx_status_t status = %s(TDX_LEAF(%d, %d), &a);\n\n' % (
                baseline_form(call), call.leaf.number, call.version)
            out += _baseline_results(call) + '\treturn status;\n}\n\n'
    return out
