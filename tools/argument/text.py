# SPDX-License-Identifier: MIT
"""The pages of docs/argument/ around the numbers."""
import wrappers
from collect import WAYS
from measure import Cost

TOP = '<!-- SPDX-License-Identifier: MIT -->\n<!-- Made by tools/argument/argument.py: change that, not this file. -->\n'
TRACES = [
    ('A typed call, built without a red zone, as in a kernel:', 'host', ['-mno-red-zone', '-DTDX_NO_RED_ZONE']),
    ('The same in user space, where the call steps over the red zone:', 'host', []),
    ('A vCPU that is entered:', 'enter', ['-mno-red-zone', '-DTDX_NO_RED_ZONE']),
]
FORMS = [('base', 'a struct zeroed on the stack, passed by pointer'), ('typed', 'typed call'), ('hand', 'written by hand')]
INTRO = '''# The argument

A call of the TDX module can be a plain typed C function and still compile to nothing but its operands, the leaf number, one call
and the stores of the outputs that are used. Upstream code fills a struct of thirteen registers that is zeroed on the stack and
passes it to a common routine, which moves all of it in and most of it out. Here is what each of them costs, measured.

The numbers are of Debian 12's compilers (%(gcc)s; %(clang)s) with a kernel's flags. One
command makes this folder again: `make argument`. A test (`argument`) holds it fresh where those compilers are installed.

How it is counted: each call is compiled as a function of its own; bytes are the function's. Executed instructions and memory
accesses are those of a whole call with the common routine: every call is run one instruction at a time over the real thunk, and only
the SEAMCALL or TDCALL itself is skipped (`tools/budget/count.c`). The stack's accesses count. The baseline is written for this purpose,
in the shape of today's Linux code (`tools/budget/baseline.S`, `baseline.h`); the hand-written functions are in
`tools/budget/hand.S`.

'''
FIVE_TOP = TOP + '''# Five calls, in C and in machine code

%s -O2, a kernel's flags. Left: what the typed call becomes, as a function of its own. Middle: the same
prototype by hand. Right: the baseline, with the common routine that it needs behind it.

'''


def pictured(got):
    return wrappers.names(got.model)


def _means(got, way, form, names):
    total = Cost()
    for name in names:
        total.add(got.costs[way]['%s_%s' % (form, name)])
    return total.bytes, total.executed / len(names), total.accesses / len(names)


def _summary(got, names, forms):
    out = '| compiler | form | bytes of all | instructions executed | memory accesses |\n|---|---|---|---|---|\n'
    for way in WAYS:
        for form, title in forms:
            out += '| %s | %s | %d | %.1f | %.1f |\n' % (' '.join(way), title, *_means(got, way, form, names))
    return out


ENTER = [('typed_tdh_vp_enter', 'in place'), ('typed_tdh_vp_enter_rbp', 'in place, RBP too'),
         ('typed_tdh_vp_enter_lean_tdvmcall', 'lean, TDVMCALL before and after'),
         ('typed_tdh_vp_enter_lean_async', 'lean, interrupt before and after'),
         ('base_tdh_vp_enter_kept', 'a struct kept with the vCPU, four registers copied'),
         ('base_tdh_vp_enter_copied', 'registers copied into a struct and back')]


def enter_bars(costs):
    return [(title, name.startswith('typed'), costs[name].executed, costs[name].accesses) for name, title in ENTER]


def _enter(got):
    out = '| TDH.VP.ENTER | %s |\n|---|%s\n' % (' | '.join(' '.join(way) for way in WAYS), '---|' * len(WAYS))
    for name, title in ENTER:
        cells = ['%d / %d' % (got.costs[way][name].executed, got.costs[way][name].accesses) for way in WAYS]
        out += '| %s | %s |\n' % (title, ' | '.join(cells))
    return out


def readme(got, pinned, traces, answers):
    out = TOP + INTRO % pinned
    out += '![Cost of each call, gcc](calls-gcc.svg)\n\n'
    names = pictured(got)
    out += '## All %d calls\n\n' % len(names) + _summary(got, names, FORMS[:2])
    out += '\nCall by call: %s.\nThe same picture for clang: [calls-clang.svg](calls-clang.svg).\n\n' % ', '.join(
        '[%s](calls-%s.md)' % (' '.join(way), ''.join(way)) for way in WAYS)
    out += '## Fifteen of them, beside hand-written assembly\n\n' + _summary(got, got.hand, FORMS)
    out += '''
No typed call has one instruction more than its hand-written counterpart (`tdx-budget`). The compilers beat the hand where they keep an
output's pointer in RSI or RDI, which the module preserves. In some of the others a hand could do the same and be two instructions
below them; they do not find it everywhere. C and machine code of five: [five-calls.md](five-calls.md).

## Entering a vCPU

Instructions executed / memory accesses of one entry and exit. The baselines do less: they neither keep RBP nor clear what the guest
left in registers.

![Cost of entering a vCPU, gcc](enter-gcc.svg)

'''
    out += _enter(got) + '\n## A backtrace through the thunk\n\ngdb, stopped at the SEAMCALL (`tests/tdx/unwind.c`, test `tdx-unwind`).\n'
    for title, trace in traces:
        out += '\n%s\n\n```\n%s```\n' % (title, trace)
    return out + '\n' + answers


def _cell(cost):
    return ' | '.join(str(value) for value in cost.row()) if cost else ' | '.join(['', ] * 6)


def calls(got, way, pinned):
    costs = got.costs[way]
    title = ' '.join(way)
    out = TOP + '# Every call, %s\n\n%s, a kernel\'s flags. Bytes, instructions, loads and stores are the wrapper\'s; executed and accesses ' \
        'are the whole call\'s, with the common routine.\n\n' % (title, pinned[way[0]])
    columns = 'bytes | instr. | loads | stores | executed | accesses'
    for form, what in FORMS:
        names = got.hand if form == 'hand' else pictured(got)
        if form != 'hand':
            names = names + [n for n, *_ in (wrappers.ENTER if form == 'typed' else wrappers.BASE_ENTER)]
        out += '## %s\n\n| call | %s |\n|---|%s\n' % (what[0].upper() + what[1:], columns, '---|' * 6)
        for name in names:
            out += '| %s | %s |\n' % (name, _cell(costs['%s_%s' % (form, name)]))
        out += '\n'
    return out.rstrip('\n') + '\n'
