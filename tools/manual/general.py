# SPDX-License-Identifier: MIT
"""Pages that the leaves' pages refer to: the layer itself, statuses, types, structures."""
import re

from cfunc import C_TYPES
from doc import Code, Items, Link, Name, Page, Para, sentence

SETTINGS = [
    ('TDX_NO_RED_ZONE', 'The code is built with -mno-red-zone: a bare call. A kernel\'s default.'),
    ('TDX_CALL_INLINE', 'The instruction stands in place of the call; nothing is linked, no fault is caught.'),
    ('TDX_OUT_OF_LINE', 'The host leaves are functions of another image, which has tdx_core.c.'),
    ('TDX_WANT_IDLE_LEAVES', 'Also the leaves that exist in the ABI and do nothing in module 1.5.'),
]


def layer():
    page = Page('tdx', '7', 'tdx', 'typed calls of the Intel TDX module')
    page.add('DESCRIPTION', Para(
        'The header <tdx/tdx.h> has one typed function per leaf of the TDX module: tdh_* for a host (SEAMCALL), tdg_* for a guest '
        '(TDCALL), tdg_vp_vmcall_* for the guest-host interface. Operands have distinct types, each register is named in one '
        'table, and the machine code is the operands, the leaf number, a call of one hidden thunk and the outputs that are used.'),
        Para('An output pointer may be NULL. A leaf with many operands takes a struct with named members.'))
    page.add('SETTINGS', Para('Defined before the first include:'), Items(([Name(n)], [t]) for n, t in SETTINGS))
    page.add('LINKING', Para(
        'tdx_call.S, installed beside the headers, is the instruction itself. The library seamless (pkg-config seamless) '
        'is a software module to run the same calls on.'))
    page.add('EXAMPLES', Code('cc $(pkg-config --cflags tdx) program.c $(pkg-config --variable=thunk tdx)\n'))
    page.add('SEE ALSO', Para(Link('page', 'tdx_status'), ', ', Link('page', 'tdx_types'), ', ',
                              Link('page', 'tdx_structures')))
    return page


def statuses(model, leaves):
    page = Page('tdx_status', '3', 'tdx_status', 'what a call of the TDX module returns')
    page.add('DESCRIPTION', Para(
        'A status is 64 bits: bit 63 an error, bit 62 not to be repeated unchanged (without an error: the vCPU or the TD can\'t '
        'run again), bit 61 the TD can only be torn down, bits 47:40 the class, bits 39:32 the code, bits 31:0 a detail such as '
        'the operand that it is about. tdx_status_is() compares without the detail, tdx_status_detail() gives it.'))
    returned = {}
    for leaf in leaves:
        for name, _ in leaf.statuses:
            returned.setdefault(name, []).append(leaf.name)
    classes = {int(item.words[0], 16): ' '.join(item.words[1:]) for item in model.tables['status_class']}
    for number, title in classes.items():
        rows = [(s, returned.get(s.name, [])) for s in model.statuses
                if s.value >> 40 & 0xFF == number and s.name != 'UNINITIALIZE_ERROR']
        page.add('Class 0x%02X: %s' % (number, title), Items(_status(s, names) for s, names in rows) if rows else None)
    page.add('SEE ALSO', Para(Link('page', 'tdx')))
    return page


def _status(status, names):
    text = ['0x%016X. ' % status.value + sentence(status.meaning) + ' Next: %s.' % status.advice]
    if status.detail != '-':
        text.append(' Detail: %s.' % status.detail.replace('_', ' '))
    if status.since != '1.5.01':
        text.append(' Since %s.' % status.since)
    if names:
        text.append(' Returned by: ')
        for index, name in enumerate(names):
            text += [', ' if index else '', Link('leaf', name)]
        text.append('.')
    return [Name('TDX_' + status.name)], text


def types(header):
    """header: the text of types.h, whose comments say what a type is."""
    page = Page('tdx_types', '3', 'tdx_types', 'the types of operands')
    page.add('DESCRIPTION', Para('Each is a struct with one member, value. A function of the same name without _t makes one: '
                                 'tdx_gpa(0x100000). They fold into registers, and one does not pass for another.'))
    rows = []
    for comment, name in re.findall(r'/\*((?:(?!\*/).)*)\*/\nTDX_DEFINE_TYPE\((\w+)\)', header, re.S):
        text = ' '.join(comment.replace('\n *', ' ').split()).partition(': ')[2]
        rows.append(([Name('tdx_%s_t' % name)], [sentence(text)]))
    missing = set(C_TYPES.values()) - {row[0][0].text for row in rows} - {'tdx_u64'}
    if missing:
        raise SystemExit('types.h says nothing of ' + ', '.join(sorted(missing)))
    page.add('TYPES', Items(rows))
    page.add('SEE ALSO', Para(Link('page', 'tdx')))
    return page


def structures(model):
    page = Page('tdx_structures', '3', 'tdx_structures', 'structures and bit layouts of the TDX module')
    page.add('DESCRIPTION', Para('Offsets and sizes in bytes; bits counted from bit 0 of the structure. '
                                 'The constants are in <tdx/structures.h>.'))
    for item in model.tables['struct']:
        rows = [([Name(words[0])], ['bytes %s, %s long' % (words[1], words[2]) if key == 'field' else
                                    'bit %s' % words[1] if words[2] == '1' else
                                    'bits %d:%s' % (int(words[1]) + int(words[2]) - 1, words[1]), '. ' + sentence(text) if text else '.'])
                for key, words, text, _ in item.lines if key in ('field', 'bits')]
        head = [item.one('size', '') and 'Size: %s bytes. ' % item.one('size'),
                item.one('align', '') and 'Aligned to %s bytes. ' % item.one('align'),
                sentence(item.one('purpose', '')), ' ', sentence(item.one('note', ''))]
        page.add(item.name, Para(''.join(head).strip()), Items(rows) if rows else None)
    page.add('SEE ALSO', Para(Link('page', 'tdx')))
    return page
