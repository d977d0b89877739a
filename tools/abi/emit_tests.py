# SPDX-License-Identifier: MIT
"""tests/tdx/typed_calls.h: calls every typed function with operands taken from an array of registers, for tests that
compare what the transport sees and what comes back with that array."""
from cfunc import U64, calls, idle_calls
from emit import header_top
from emit_vmcalls import Vmcall

TEXT = '''One probe per typed call: operands from the registers of in, each output to the register that it belongs to. The
probes say nothing of where an operand must arrive: test_typed.c takes that from the leaf descriptors.'''


def _parts(call, reg):
    return [p for p in call.params if p.reg == reg]


def _value(call, param):
    """The part of the register that the parameter stands for: all of it, its level, its flag, or the rest."""
    whole = 'in[REG_%s]' % param.reg
    if param.c_type == 'tdx_level_t':
        return 'tdx_level(%s & 7)' % whole
    if param.name == 'flags' and len(_parts(call, param.reg)) > 1:
        return whole + ' & 1'
    others = [p for p in _parts(call, param.reg) if p is not param]
    if others:
        whole += ' & ~%sULL' % ('7' if others[0].c_type == 'tdx_level_t' else '1')
    return whole if param.c_type == U64 else '%s(%s)' % (param.c_type[:-2], whole)


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
    values = [_value(call, p) for p in call.params]
    declare, args, checks = _results(call)
    out = 'static void probe_%s(const uint64_t in[16], struct probe *p)\n{\n' % call.name
    if call.args_struct:
        out += '\tstruct %s_args args = {\n%s\t};\n' % (call.name, ''.join(
            '\t\t.%s = %s,\n' % (p.name, v) for p, v in zip(call.params, values)))
        values = ['args']
    out += ''.join('\t%s\n' % line for line in declare) + '\n'
    if not call.params:
        out += '\t(void)in;\n'
    out += '\tp->status = %s(%s).value;\n' % (call.name, ', '.join(values + args))
    for reg, place in checks:
        out += '\tgot_out(p, REG_%s, %s);\n' % (reg, place)
    return out + '}\n\n'


def _vmcall_probe(call):
    ops = call.leaf.ins
    values = ['in[REG_%s]' % op.reg if t == U64 else '%s(in[REG_%s])' % (t[:-2], op.reg)
              for t, op in zip(call.in_types, ops)]
    out = 'static void probe_%s(const uint64_t in[16], struct probe *p)\n{\n' % call.name
    if call.args_struct:
        out += '\tstruct %s_args args = {\n%s\t};\n' % (call.name, ''.join(
            '\t\t.%s = %s,\n' % (op.name, v) for op, v in zip(ops, values)))
    args = ['args'] if call.args_struct else list(values)
    if call.out_struct:
        out += '\tstruct %s_out out;\n' % call.name
        args.append('&out')
    else:
        out += ''.join('\t%s r%d;\n' % (t, i) for i, t in enumerate(call.out_types))
        args += ['&r%d' % i for i in range(len(call.leaf.outs))]
    out += '\n\tp->status = %s(%s).value;\n' % (call.name, ', '.join(args))
    for index, op in enumerate(call.leaf.outs):
        place = 'out.' + op.name if call.out_struct else 'r%d' % index
        out += '\tgot_out(p, REG_%s, %s%s);\n' % (op.reg, place, call.member(op))
    return out + '}\n\n'


def emit(model):
    out = header_top('TESTS_TDX_TYPED_CALLS_H', TEXT) + '#include "typed_probe.h"\n\n'
    rows = ''
    for call in calls(model, 'host') + idle_calls(model) + calls(model, 'guest'):
        out += _probe(call)
        rows += '\t{ "%s", LEAF_%s, %d, %d, probe_%s },\n' % (
            call.name, call.leaf.cls.upper(), call.leaf.number, call.version, call.name)
    out += 'static const struct typed_call typed_calls[] = {\n%s};\n\n' % rows
    rows = ''
    for leaf in model.vmcalls:
        call = Vmcall(model, leaf)
        out += _vmcall_probe(call)
        rows += '\t{ "%s", LEAF_VMCALL, 0x%X, 0, probe_%s },\n' % (call.name, leaf.number, call.name)
    return out + ('static const struct typed_call typed_vmcalls[] __attribute__((unused)) = {\n%s};\n\n#endif\n' % rows)
