# SPDX-License-Identifier: MIT
"""tests/tdx/typed_calls.h: calls every typed function with distinct operands, for a test that compares the registers
seen by the transport with the leaf descriptors."""
from cfunc import U64, calls
from emit import header_top
from emit_vmcalls import Vmcall

TEXT = '''One probe per typed call: distinct operands in, what each register must then hold, and which register each
output must come from. Used by test_typed.c.'''


def _value(param, index):
    if param.c_type == 'tdx_level_t':
        return 'tdx_level(%d)' % (index % 3 + 1)
    raw = '1' if param.name == 'flags' else 'OPERAND(%d)' % index
    return raw if param.c_type == U64 else '%s(%s)' % (param.c_type[:-2], raw)


def _expected(call, reg):
    parts = []
    for index, param in enumerate(call.params):
        if param.reg == reg:
            value = _value(param, index)
            parts.append(value if param.c_type == U64 else value + '.value')
    return ' | '.join(parts)


def _results(call):
    """(declarations, arguments, checks) of the outputs."""
    declare, args, checks = [], [], []
    if call.out_struct:
        declare.append('struct %s_out out;' % call.name)
        args.append('&out')
    for index, (op, c_type) in enumerate(zip(call.results, call.result_types)):
        place = 'out.' + op.name if call.out_struct else 'r%d' % index
        if not call.out_struct:
            declare.append('%s r%d;' % (c_type, index))
            args.append('&r%d' % index)
        checks.append((op.reg, place if c_type == U64 else place + '.value'))
    if call.sept_error:
        declare.append('struct tdx_sept_error ext;')
        args.append('&ext')
        checks += [('RCX', 'ext.entry'), ('RDX', 'ext.info')]
    return declare, args, checks


def _probe(call):
    values = [_value(p, i) for i, p in enumerate(call.params)]
    declare, args, checks = _results(call)
    out = 'static void probe_%s(struct probe *p)\n{\n' % call.name
    if call.args_struct:
        out += '\tstruct %s_args args = {\n%s\t};\n' % (call.name, ''.join(
            '\t\t.%s = %s,\n' % (p.name, v) for p, v in zip(call.params, values)))
        values = ['args']
    out += ''.join('\t%s\n' % line for line in declare)
    out += '\n\tp->status = %s(%s);\n' % (call.name, ', '.join(values + args))
    for reg in call.in_regs():
        out += '\texpect_in(p, REG_%s, %s);\n' % (reg, _expected(call, reg))
    for reg, place in checks:
        out += '\tgot_out(p, REG_%s, %s);\n' % (reg, place)
    return out + '}\n\n'


def _vmcall_probe(call):
    ops = call.leaf.ins
    values = ['OPERAND(%d)' % i for i in range(len(ops))]
    out = 'static void probe_%s(struct probe *p)\n{\n' % call.name
    if call.args_struct:
        out += '\tstruct %s_args args = {\n%s\t};\n' % (call.name, ''.join(
            '\t\t.%s = %s,\n' % (op.name, v) for op, v in zip(ops, values)))
    args = ['args'] if call.args_struct else list(values)
    if call.out_struct:
        out += '\tstruct %s_out out;\n' % call.name
        args.append('&out')
    else:
        out += ''.join('\ttdx_u64 r%d;\n' % i for i in range(len(call.leaf.outs)))
        args += ['&r%d' % i for i in range(len(call.leaf.outs))]
    out += '\n\tp->status = %s(%s);\n' % (call.name, ', '.join(args))
    for reg in call.regs:
        value = '0x%X' % call.leaf.number if reg == 'R11' else '0'
        for index, op in enumerate(ops):
            if op.reg == reg:
                value = values[index]
        out += '\texpect_in(p, REG_%s, %s);\n' % (reg, value)
    for index, op in enumerate(call.leaf.outs):
        out += '\tgot_out(p, REG_%s, %s);\n' % (op.reg, 'out.' + op.name if call.out_struct else 'r%d' % index)
    return out + '}\n\n'


def emit(model):
    out = header_top('TESTS_TDX_TYPED_CALLS_H', TEXT)
    rows = ''
    for cls, tag in (('host', 'LEAF_HOST'), ('guest', 'LEAF_GUEST')):
        for call in calls(model, cls):
            out += _probe(call)
            rows += '\t{ "%s", %s, %d, %d, probe_%s },\n' % (
                call.name, tag, call.leaf.number, call.version, call.name)
    out += 'static const struct typed_call typed_calls[] = {\n%s};\n\n' % rows
    rows = ''
    for leaf in model.vmcalls:
        call = Vmcall(leaf)
        out += _vmcall_probe(call)
        rows += '\t{ "%s", LEAF_VMCALL, 0x%X, 0, probe_%s },\n' % (call.name, leaf.number, call.name)
    return out + 'static const struct typed_call typed_vmcalls[] = {\n%s};\n\n#endif\n' % rows
