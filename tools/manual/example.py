# SPDX-License-Identifier: MIT
"""An example call per leaf: a function that compiles as it stands, with the repeat that the leaf's class asks for."""
from cfunc import U64
from emit_calls import out_name


def _operands(call):
    """(parameters of the example, lines that prepare, arguments)"""
    if not call.args_struct:
        return ['%s %s' % (p.c_type, p.name) for p in call.params], [], [p.name for p in call.params]
    few = ('tdx_tdr_t', 'tdx_gpa_list_t', 'tdx_mbmd_t', 'tdx_migs_t', 'tdx_gpa_t')
    shown = [p for p in call.params if len(call.params) <= 4 or p.c_type in few]
    lines = ['struct %s_args args = {' % call.name]
    for p in call.params:
        value = p.name if p in shown else '0' if p.c_type == U64 else '%s(0x1000)' % p.c_type[:-2]
        lines.append('\t.%s = %s,' % (p.name, value))
    return ['%s %s' % (p.c_type, p.name) for p in shown], lines + ['};'], ['args']


def _outputs(call):
    if call.out_struct:
        lines, args = ['struct %s_out out;' % call.name], ['&out']
    else:
        names = [out_name(op, call.params) for op in call.results]
        lines = ['%s %s;' % pair for pair in zip(call.result_types, names)]
        args = ['&' + name for name in names]
    if call.sept_error:
        lines.append('struct tdx_sept_error ext;')
        args.append('&ext')
    return lines, args


def leaf_example(call, suffixes):
    params, prepare, args = _operands(call)
    declare, outs = _outputs(call)
    retry = call.leaf.retry
    name = call.name
    more = []
    if '_finish' in suffixes:
        name, more = name + '_finish', ['1000']
    elif '_retry' in suffixes:
        name += '_retry'
    use = '%s(%s)' % (name, ', '.join(args + outs + more))
    lines = prepare + declare
    if 'busy' in retry and call.leaf.cls == 'host':
        lines.append('unsigned int tries = 100;')
        use = 'tdx_while_busy(%s, --tries)' % use
    lines += ['tdx_status_t status;', '', 'status = %s;' % use]
    lines += _judge(call)
    return _function('tdx_status_t example(%s)' % (', '.join(params) or 'void'), lines)


def _judge(call):
    if call.sept_error:
        return ['if (tdx_status_is(status, TDX_EPT_WALK_FAILED))',
                '\treturn status; /* ext.info: at which level the walk ended */', 'return status;']
    return ['return status;']


def _fold(line, width=76):
    """A long line of C, broken after a comma."""
    if len(line.expandtabs(8)) <= width or ', ' not in line:
        return line + '\n'
    cut = line.rfind(', ', 0, width - 8)
    if cut < 0:
        return line + '\n'
    indent = line[:len(line) - len(line.lstrip('\t'))] + '\t\t'
    return line[:cut + 1] + '\n' + _fold(indent + line[cut + 2:], width)


def _function(head, lines):
    body = ''.join(_fold('\t' + line) if line else '\n' for line in lines)
    return '%s{\n%s}\n' % (_fold(head), body)


def vmcall_example(call):
    ins = call.leaf.ins
    lines, args, params = [], [], ['%s %s' % (t, op.name) for t, op in zip(call.in_types, ins)]
    if call.args_struct:
        lines = ['struct %s_args args = {' % call.name] + ['\t.%s = %s,' % (op.name, op.name) for op in ins] + ['};']
        args = ['args']
    else:
        args = [op.name for op in ins]
    if call.out_struct:
        lines.append('struct %s_out out;' % call.name)
        args.append('&out')
    else:
        names = [call.out_name(op) for op in call.leaf.outs]
        lines += ['%s %s;' % (t, name) for t, name in zip(call.out_types, names)]
        args += ['&' + name for name in names]
    lines += ['tdx_answer_t answer;', '', 'answer = %s(%s);' % (call.name, ', '.join(args)),
              'if (!tdx_answer_ok(answer))', '\treturn answer; /* a name of TDX_VMCALL_* */']
    if call.leaf.outs:
        lines.append('/* what came back is the VMM\'s word: check it before use */')
    return _function('tdx_answer_t example(%s)' % (', '.join(params) or 'void'), lines + ['return answer;'])
