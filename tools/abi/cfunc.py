# SPDX-License-Identifier: MIT
"""A typed call as data: C parameters, how they fold into registers, asm constraints. Used by the headers and their test."""
from abiparse import REGISTERS

VOLATILE = ['RCX', 'RDX', 'R8', 'R9', 'R10', 'R11']
LETTER = {'RAX': 'a', 'RBX': 'b', 'RCX': 'c', 'RDX': 'd', 'RSI': 'S', 'RDI': 'D'}
MAX_PARAMS, MAX_OUT_PARAMS = 6, 2
U64 = 'tdx_u64'
C_TYPES = {'u64': U64, 'gpa': 'tdx_gpa_t', 'tdr': 'tdx_tdr_t', 'tdvpr': 'tdx_tdvpr_t', 'hpa': 'tdx_hpa_t',
           'keyed': 'tdx_hpa_keyed_t', 'shared': 'tdx_shared_hpa_t', 'hkid': 'tdx_hkid_t', 'field': 'tdx_field_t',
           'gpa_list': 'tdx_gpa_list_t', 'page_list': 'tdx_page_list_t', 'mbmd': 'tdx_mbmd_t', 'migs': 'tdx_migs_t',
           **{name: 'tdx_%s_t' % name for name in ('report_data', 'binding', 'servtd_type', 'servtd_attr', 'gpa_attr',
                                                   'attr_flags', 'id', 'mask', 'invvpid', 'response', 'width',
                                                   'direction', 'port', 'msr', 'vector')}}


class Param:
    """One C parameter and where it goes: the register it is ORed into."""

    def __init__(self, c_type, name, reg, text):
        self.c_type, self.name, self.reg, self.text = c_type, name, reg, text

    @property
    def value(self):
        return self.name if self.c_type == U64 else self.name + '.value'


def in_params(model, op):
    kind = model.type_of[op.type]['c']
    first, _, second = kind.partition('+')
    params = [Param(C_TYPES[first], op.name, op.reg, op.text)]
    if second == 'level':
        params.append(Param('tdx_level_t', 'level' if op.name == 'gpa' else op.name + '_level', op.reg, ''))
    elif second == 'flag':
        params.append(Param(U64, 'flags', op.reg, ''))
    return params


def out_type(model, op):
    kind = model.type_of[op.type]['c'].partition('+')[0]
    return C_TYPES[kind]


def swappable(c_types):
    """Would the compiler take two of them in the wrong order? Then they go by name."""
    c_types = list(c_types)
    return len(set(c_types)) < len(c_types)


class Call:
    """One C function for one version of a leaf."""

    def __init__(self, model, leaf, version):
        self.leaf, self.version = leaf, version
        self.name = leaf.c_name.lower() + ('_v%d' % version if version else '')
        self.ins = [op for op in leaf.ins if op.version <= version and not op.unused]
        self.outs = [op for op in leaf.outs if op.version <= version]
        self.params = [p for op in self.ins for p in in_params(model, op)]
        self.sept_error = any(op.when == 'sept_error' for op in self.outs)
        self.results = [op for op in self.outs
                        if op.when != 'sept_error' and not op.name.startswith('reserved_')]
        self.result_types = [out_type(model, op) for op in self.results]
        style = leaf.item.one('typed', '')
        self.args_struct = (style == 'struct' or len(self.params) > MAX_PARAMS or
                            swappable(p.c_type for p in self.params))
        self.out_struct = len(self.results) > MAX_OUT_PARAMS
        self.loses_rbp = 'RBP' in leaf.item.words_of('loses')
        self.crypto = any(word in leaf.name for word in ('.EXPORT.', '.IMPORT.', '.MIG.'))

    def in_regs(self):
        return sorted({op.reg for op in self.ins}, key=REGISTERS.index)

    def out_regs(self):
        return sorted({op.reg for op in self.outs if not op.name.startswith('reserved_')}, key=REGISTERS.index)

    def clobbers(self):
        used = set(self.in_regs()) | set(self.out_regs())
        lost = set(VOLATILE) | {op.reg for op in self.outs}
        return [reg for reg in REGISTERS if reg in lost - used]

    def constraint(self, reg):
        """"+" for an input that the call may write, "=" for an output, "" for an input that it keeps."""
        is_in, is_out = reg in self.in_regs(), reg in self.out_regs()
        mark = '+' if is_in and (is_out or reg in VOLATILE) else '=' if is_out else ''
        return '"%s%s"(%s)' % (mark, LETTER.get(reg, 'r'), reg.lower())

    def expression(self, reg):
        prefix = 'args.' if self.args_struct else ''
        return ' | '.join(prefix + p.value for p in self.params if p.reg == reg)


def calls(model, cls, typed=('', 'struct')):
    """All calls of a class, by number; typed: which words of the leaf's "typed" line."""
    out = []
    for leaf in sorted(model.leaves, key=lambda leaf: leaf.number):
        if leaf.cls == cls and leaf.item.one('typed', '') in typed:
            out += [Call(model, leaf, version) for version in leaf.versions]
    return out


def idle_calls(model):
    """Leaves that exist and do nothing: no call unless the consumer asks for it."""
    return calls(model, 'host', ('asked',))
