# SPDX-License-Identifier: MIT
"""Five calls: their C, and what the compiler makes of it in each form, side by side."""
import os
import re
import subprocess

import wrappers
from collect import INCLUDE

# name of the call, its forms as (title, function, common routine)
FIVE = [
    ('tdh_mng_key_freeid', 'one operand, no output', 'base_seamcall'),
    ('tdh_mem_page_add', 'four operands, and what the walk of the secure EPT says on failure', 'base_seamcall_ret'),
    ('tdh_phymem_page_reclaim', 'three outputs', 'base_seamcall_ret'),
    ('tdh_import_mem', 'migration: eight operands, up to R13', 'base_seamcall_saved_ret'),
]
WIDTH = 40


def disassembly(program):
    """{function: [instruction, ...]} of a linked program, jumps inside a function relative to its start."""
    text = subprocess.run(['objdump', '-d', '--no-show-raw-insn', '--wide', program], check=True, capture_output=True,
                          text=True).stdout
    out, current = {}, None
    for line in text.split('\n'):
        head = re.match(r'^[0-9a-f]+ <(\w+)>:$', line)
        if head:
            current = out.setdefault(head[1], [])
        elif current is not None and ':\t' in line:
            current.append(_tidy(line.split(':\t', 1)[1]))
    return {name: _without_padding(lines) for name, lines in out.items()}


def _tidy(text):
    name, _, operands = re.sub(r'\s+#.*', '', text).strip().partition(' ')
    operands = re.sub(r'^[0-9a-f]+ <(\w+)\+(0x[0-9a-f]+)>', r'+\2', operands.strip())
    operands = re.sub(r'^[0-9a-f]+ <(\w+)>', r'\1', operands)
    return ('%-7s %s' % (name, operands)).rstrip()


def _without_padding(lines):
    while lines and re.match(r'(nop|data16|cs|xchg +%ax)', lines[-1]):
        lines = lines[:-1]
    return lines


def columns(parts):
    """[(title, lines)] as one block of text."""
    widths = [max([WIDTH] + [len(line) for line in lines + [title]]) for title, lines in parts]
    rows = ['  '.join('%-*s' % (w, title) for w, (title, _) in zip(widths, parts)).rstrip(),
            '  '.join('-' * w for w in widths)]
    for index in range(max(len(lines) for _, lines in parts)):
        cells = [lines[index] if index < len(lines) else '' for _, lines in parts]
        rows.append('  '.join('%-*s' % (w, cell) for w, cell in zip(widths, cells)).rstrip())
    return '\n'.join(rows) + '\n'


def _c_function(text, name):
    """The function of that name with the comment above it."""
    match = re.search(r'(?:/\*(?:(?!\*/).)*\*/\n)?^[^\n;]*\b%s\([^;{]*\)\n\{\n.*?^\}\n' % name, text, re.S | re.M)
    return match[0]


def _without_attributes(text):
    return re.sub(r'^[^\n]*;\n', '', text)


def _count(lines):
    return '%d instructions' % len(lines)


def page(got, way, code):
    with open(os.path.join(INCLUDE, 'tdx', 'tdh.h'), encoding='utf-8') as file:
        header = file.read()
    source = wrappers.source(got.model)
    out = ''
    for name, what, routine in FIVE:
        typed, hand, base, common = code['typed_' + name], code['hand_' + name], code['base_' + name], code[routine]
        out += '## %s: %s\n\nThe typed call, as it stands in `tdh.h`:\n\n```c\n%s```\n\n' % (name, what, _c_function(header, name))
        out += 'The same prototype in the baseline\'s shape:\n\n```c\n%s```\n\n' % _c_function(source, 'base_' + name)
        out += '```\n%s```\n\n' % columns([
            ('typed: ' + _count(typed), typed), ('by hand: ' + _count(hand), hand),
            ('zeroed struct: %d, and its routine: %d' % (len(base), len(common)), base + ['', routine + ':'] + common)])
    return out + _enter(code)


def _enter(code):
    typed, routine = code['typed_tdh_vp_enter'], code['__tdx_vp_enter']
    lean = code['__tdx_vp_enter_lean']
    base, common = code['base_tdh_vp_enter_copied'], code['base_seamcall_saved_ret']
    out = '## tdh_vp_enter: a vCPU\'s registers in place\n\nThe array is the vCPU\'s own; the lean form takes operands only around a '
    out += 'TDVMCALL. The baseline copies the array into a struct and back; it neither keeps RBP nor clears what the guest left.\n\n'
    return out + '```\n%s```\n' % columns([
        ('in place: ' + _count(typed + routine), typed + ['', '__tdx_vp_enter:'] + routine),
        ('lean: ' + _count(lean), ['__tdx_vp_enter_lean:'] + lean),
        ('copied: ' + _count(base + common), base + ['', 'base_seamcall_saved_ret:'] + common)])
