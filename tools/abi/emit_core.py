# SPDX-License-Identifier: MIT
"""The out-of-line way to embed the host leaves: tdh_types.h (operand structs), tdh_extern.h (prototypes), tdx_core.c
(the definitions, once per image, and the list of what it exports)."""
import textwrap

from cfunc import calls, idle_calls
from emit import block, header_top, MADE, SPDX
from emit_calls import signature, structs

TYPES = 'Operands and outputs of the host leaves that have many of them, by name.'
EXTERN = '''The host leaves as functions of another image: what tdx.h declares when TDX_OUT_OF_LINE is defined. Operands,
ranges and statuses are described in tdh.h; the definitions are tdx_core.c's.'''
CORE = '''The call layer out of line: one function per host leaf, compiled once over the image's own thunk (tdx_call.S). Other
images declare the same names by defining TDX_OUT_OF_LINE before they include tdx.h, and can name neither the thunk nor any
generic call. TDX_CORE_EXPORT(name) says how a function is exported: in a Linux module EXPORT_SYMBOL_GPL, by default nothing.'''


def emit_types(model):
    body = ''.join(structs(call) for call in calls(model, 'host'))
    return header_top('TDX_TDH_TYPES_H', TYPES) + '#include "types.h"\n\n' + body + '#endif\n'


def _prototype(call):
    text = signature(call).replace('TDX_TYPED ', '') + ';'
    return '\n'.join(textwrap.wrap(text, 100, subsequent_indent='\t\t', break_long_words=False)) + '\n'


def _if_wanted(lines):
    return '#ifdef TDX_WANT_IDLE_LEAVES\n%s#endif\n' % ''.join(lines)


def emit_extern(model):
    out = header_top('TDX_TDH_EXTERN_H', EXTERN) + '#include "tdh_types.h"\n\n'
    out += '#ifdef __cplusplus\nextern "C" {\n#endif\n\n'
    out += ''.join(_prototype(call) for call in calls(model, 'host'))
    out += _if_wanted(_prototype(call) for call in idle_calls(model))
    return out + '\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n'


def emit_core(model):
    out = '// %s\n/*\n%s\n *\n * %s\n */\n' % (SPDX, block(CORE), MADE)
    out += '#define TDX_TYPED\n#pragma GCC diagnostic ignored "-Wmissing-prototypes"\n#include "tdx.h"\n\n'
    out += '#ifdef __KERNEL__\n#include <linux/export.h>\n#define TDX_CORE_EXPORT(name) EXPORT_SYMBOL_GPL(name)\n#endif\n'
    out += '#ifndef TDX_CORE_EXPORT\n#define TDX_CORE_EXPORT(name) extern __typeof__(name) name\n#endif\n\n'
    for name in ['tdh_vp_enter'] + [call.name for call in calls(model, 'host')]:
        out += 'TDX_CORE_EXPORT(%s);\n' % name
    return out + _if_wanted('TDX_CORE_EXPORT(%s);\n' % call.name for call in idle_calls(model))
