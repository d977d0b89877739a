# SPDX-License-Identifier: MIT
"""Structures and enumerations as C: abi/gen/structures.h with the specification's names (for the module), and
include/tdx/structures.h with the prefix TDX_ (for everybody else)."""
from emit import c_ident, define, header_top


def _bits(prefix, line, size):
    """A bit field: MASK and SHIFT within a register, or first bit and count within a larger structure."""
    name, first, count = prefix + c_ident(line[1][0]), int(line[1][1]), int(line[1][2])
    if size <= 8:
        return define(name + '_SHIFT', first) + define(name + '_MASK', '0x%016XULL' % (((1 << count) - 1) << first))
    return define(name + '_BIT', first) + define(name + '_BITS', count)


def _groups(item, prefix):
    """Offsets of the fields that exist only as groups of bits: attributes.debug gives ATTRIBUTES."""
    first, order = {}, []
    for line in item.all('bits'):
        group, dot, _ = line[1][0].partition('.')
        if dot and group not in first:
            first[group] = int(line[1][1])
            order.append(group)
    return ''.join(define(prefix + c_ident(group) + '_OFFSET', first[group] // 8) for group in order)


def _struct(item, tag):
    prefix, size = '%s%s_' % (tag, item.name), int(item.one('size'))
    out = '\n/* %s: %s. */\n' % (item.name, item.one('purpose', 'visible to ' + item.one('visible')))
    out += define(prefix + 'SIZE', size)
    if item.one('align'):
        out += define(prefix + 'ALIGN', item.one('align'))
    if size > 8:
        out += _groups(item, prefix)
    for line in item.lines:
        if line[0] == 'field':
            out += define(prefix + c_ident(line[1][0]) + '_OFFSET', line[1][1])
            out += define(prefix + c_ident(line[1][0]) + '_SIZE', line[1][2])
        elif line[0] == 'bits':
            out += _bits(prefix, line, size)
    return out


def _enum(name, values, tag):
    body = ''.join('\t%s%s = %d,\n' % (tag, key, value) for key, value in values)
    return '\nenum %s%s {\n%s};\n' % (tag.lower(), name, body)


def _sept(model, tag):
    order = [('SEPT_STATE_' + row['name'], i) for i, row in enumerate(model.sept_states)]
    public = [('SEPT_RD_STATE_' + row['name'], int(row['state'])) for row in model.sept_states]
    out = '\n/* S-EPT entry states: their order (bit numbers of a set of states). */'
    out += _enum('sept_state', order + [('NUM_SEPT_STATES', len(order))], tag)
    out += '\n/* The same as TDH.MEM.SEPT.RD reports them (RDX 15:8). */' + _enum('sept_rd_state', public, tag)
    out += '\n/* The same as the state bits of an entry encode them: from bit 0 D(9), TDEX(53), TDBW(54), TDB(55),\n'
    out += ' * TDP(56), IPAT(6), LEAF(7). */'
    out += _enum('sept_encoding', [('SEPT_ENCODING_' + r['name'], int(r['encoding'], 16)) for r in model.sept_states],
                 tag)
    l2 = [row.columns for row in model.tables['l2_sept_state']]
    out += _enum('l2_sept_state', [(r['name'], int(r['index'])) for r in l2], tag)
    return out + _enum('l2_sept_rd_state', [('SEPT_RD_STATE_' + r['name'], int(r['state'])) for r in l2], tag)


def _exits(model, tag):
    rows = [row.columns for row in model.tables['exit_reason']]
    return '\n/* Basic exit reasons. */' + _enum('exit_reason', [('EXIT_REASON_' + r['name'], int(r['number']))
                                                               for r in rows], tag)


def emit(model, tag, guard, text):
    out = header_top(guard, text)
    for name, values in model.enums.items():
        out += _enum(name, values, tag)
    out += _sept(model, tag) + _exits(model, tag)
    for item in model.tables['struct']:
        out += _struct(item, tag)
    return out + '\n#endif\n'
