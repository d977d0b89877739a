# SPDX-License-Identifier: MIT
"""include/tdx/tdh_policy.h: retry on missing entropy and completion of interrupted leaves, from the retry rows."""
import textwrap

from cfunc import calls
from emit import header_top
from emit_calls import out_name, signature

TEXT = '''Repeats for the leaves that need them (policy.h). NAME_retry(): while the processor has no entropy, at most
TDX_ENTROPY_TRIES times, with the original operands; the repeats are out of line.

NAME_finish(): goes on with an interrupted leaf until it is done, fails otherwise, or has been called tries times (at least once); pending
interrupts must be able to be taken in between. The status of the last call is returned, so INTERRUPTED_* means: not
finished. Outputs are those of the last call.'''


def _args(call):
    names = ['args'] if call.args_struct else [p.name for p in call.params]
    names += ['out'] if call.out_struct else [out_name(op, call.params) for op in call.results]
    return names + (['ext'] if call.sept_error else [])


def _head(call, suffix, linkage, extra=''):
    text = signature(call).replace('TDX_TYPED', linkage, 1).replace(call.name + '(', call.name + suffix + '(', 1)
    if extra:
        text = text.replace('(void)', '()')[:-1] + (', ' if call.params or call.results else '') + extra + ')'
    return '\n'.join(textwrap.wrap(text, 100, subsequent_indent='\t\t', break_long_words=False)) + '\n'


def _retry(call):
    use = '%s(%s)' % (call.name, ', '.join(_args(call)))
    out = _head(call, '_again', 'TDX_COLD')
    out += '{\n\tunsigned int tries = TDX_ENTROPY_TRIES;\n\ttdx_status_t status = tdx_status(TDX_RND_NO_ENTROPY);\n\n'
    out += '\tTDX_NO_UNROLL\n\twhile (tdx_status_no_entropy(status) && --tries)\n\t\tstatus = %s;\n' % use
    out += '\treturn status;\n}\n\n'
    out += _head(call, '_retry', 'TDX_INLINE')
    out += '{\n\ttdx_status_t status = %s;\n\n' % use
    out += '\tif (__builtin_expect(tdx_status_no_entropy(status), 0))\n'
    return out + '\t\tstatus = %s_again(%s);\n\treturn status;\n}\n\n' % (call.name, ', '.join(_args(call)))


def _update(call):
    """How the operands of the next call follow from the last: C statements."""
    prefix = 'args.' if call.args_struct else ''
    names = {p.name: p for p in call.params}
    if 'migs' in names:
        return '\t\t%smigs.value |= 1ULL << 63;\n' % prefix
    if 'resume' in names:
        return '\t\tresume = 1;\n'
    if 'gpa_list' in names:
        return '\t\t%sgpa_list = next;\n' % prefix
    if call.out_struct:
        return ''.join('\t\targs.%s = next.%s;\n' % (op.name, op.name) for op in call.results if op.name in names)
    return ''


def _finish(call):
    names = _args(call)
    # A restartable leaf has kept nothing: its operands stay as they were.
    update = _update(call) if 'resumable' in call.leaf.retry else ''
    out = _head(call, '_finish', 'TDX_COLD', 'unsigned int tries') + '{\n\ttdx_status_t status;\n'
    copy = ''
    if 'next;' in update:
        op = call.results[0]
        target = out_name(op, call.params)
        out += '\t%s next = { 0 };\n' % call.result_types[0]
        names[names.index(target)] = '&next'
        copy = '\tif (%s)\n\t\t*%s = next;\n' % (target, target)
    elif 'next.' in update:
        out += '\tstruct %s_out next = { %s };\n' % (call.name, ', '.join(
            'args.' + op.name for op in call.results if op.name in {p.name for p in call.params}))
        names[names.index('out')] = '&next'
        copy = '\tif (out)\n\t\t*out = next;\n'
    suffix = '_retry' if 'entropy' in call.leaf.retry else ''
    out += '\n\tTDX_NO_UNROLL\n\tdo {\n\t\tstatus = %s%s(%s);\n' % (call.name, suffix, ', '.join(names))
    return out + update + '\t} while (tdx_status_interrupted(status) && tries-- > 1);\n%s\treturn status;\n}\n\n' % copy


def emit(model):
    out = header_top('TDX_TDH_POLICY_H', TEXT) + '#include "policy.h"\n#include "tdh.h"\n\n'
    for call in calls(model, 'host'):
        resumable = 'resumable' in call.leaf.retry and (call.version or 1 not in call.leaf.versions)
        if 'entropy' in call.leaf.retry:
            out += _retry(call)
        if resumable or 'restartable' in call.leaf.retry:
            out += _finish(call)
    return out + '#endif\n'
