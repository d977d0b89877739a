# SPDX-License-Identifier: MIT
"""What kernel and hypervisor maintainers asked of a call layer, and what answers it here: files and tests that exist."""

# number, the requirement, the answer, files, tests
ROWS = [
    ('R1', 'the disassembly of a call shows only: load operands, leaf, call, store the outputs used',
     'inline assembly with the operands bound to their registers; outputs that a caller does not want cost nothing',
     ['include/tdx/tdh.h', 'tools/budget/budgets.txt'], ['tdx-budget']),
    ('R2', 'the source names each register next to its value, auditable against the specification page',
     'one line per operand in the tables; each function\'s comment repeats them; each variable is named after its register',
     ['abi/tdh.abi', 'abi/tdg.abi', 'include/tdx/tdh.h'], ['abi-fresh', 'tdx-typed', 'tdx-lines']),
    ('R3', 'number and kind of operands checked by the compiler; an undeclared register cannot leak',
     'typed functions; a register that is not named does not appear in the function, and each one that is has been compared',
     ['include/tdx/types.h', 'tests/tdx/mustfail.c'], ['tdx-mustfail', 'tdx-typed']),
    ('R4', 'one convention for most calls, special cases isolated',
     'every typed call ends in the same thunk; VP.ENTER, TDVMCALL on a struct and TDG.VP.ENTER have routines of their own',
     ['include/tdx/tdx_call.S', 'docs/decisions/0011-one-thunk.md'], ['tdx-forms', 'tdx-instruction']),
    ('R5', 'no per-leaf hand-written assembly',
     'the functions are made from the tables', ['tools/abi/emit_calls.py', 'tools/abi/generate.py'], ['abi-fresh']),
    ('R6', 'a typed handle per object; bare u64 only for status and data',
     'distinct types for addresses, TDs, vCPUs, key ids, levels, lists; the status is a type too',
     ['include/tdx/types.h', 'docs/decisions/0012-types-not-numbers.md'], ['tdx-mustfail']),
    ('R7', 'the raw call is not reachable by consumers; each new leaf is reviewed',
     'the thunk is hidden; out of line, an image exports one function per leaf and nothing generic',
     ['include/tdx/tdx_core.c', 'kmod/seamless_rogue.c'], ['tdx-builds', 'kernel-modules']),
    ('R8', 'no consumer\'s private detail in the generic struct',
     'the struct is in the processor\'s own register-index order, asserted slot by slot',
     ['include/tdx/args.h'], ['tdx-mustfail', 'kernel-modules']),
    ('R9', 'VP.ENTER without copies, usable in noinstr code, offsets asserted',
     'the vCPU\'s array in place; the section is the consumer\'s to name; a macro asserts the consumer\'s enumeration',
     ['include/tdx/tdx_call.S', 'examples/vcpu_loop.c', 'kmod/core.c'], ['tdx-forms', 'tdx-guide', 'kernel-modules']),
    ('R10', 'direct calls only, also at -Os and -O0',
     'the call is in the assembly text; no pointer to a routine exists', ['include/tdx/call.h'],
     ['tdx-budget', 'tdx-builds']),
    ('R11', '#UD, #GP, VMfailInvalid become statuses in a class the module never uses',
     'one instruction, one fix-up, one exception-table entry', ['include/tdx/tdx_call.S', 'include/tdx/status.h'],
     ['tdx-instruction', 'kernel-modules']),
    ('R12', 'guest-controlled registers cleared after VP.ENTER and TDVMCALL',
     'the routines clear what they stored before they return', ['include/tdx/tdx_call.S'], ['tdx-forms']),
    ('R13', 'more registers for migration and service-TD leaves, register arrays',
     'a struct with named members by value folds into registers up to R13; the struct forms take all',
     ['include/tdx/tdh_types.h', 'include/tdx/args.h'], ['tdx-typed', 'tdx-forms', 'tdx-builds']),
    ('R14', 'leaf version per call, default 0, RAX encoded in one C helper',
     'TDX_LEAF(number, version); a later version is a function of its own, NAME_v1()', ['include/tdx/call.h'], ['tdx-typed']),
    ('R15', 'retry outside the transport, stated per leaf (entropy, busy, resumable)',
     'the table says it per leaf; the helpers repeat from C values, out of line',
     ['include/tdx/policy.h', 'include/tdx/tdh_policy.h', 'abi/tdh.abi'], ['tdx-policy', 'leaf-manual']),
    ('R16', 'plain C that a newcomer reads',
     'a function per leaf with its manual above it, worked examples, a manual page per leaf',
     ['examples/vcpu_loop.c', 'docs/call-layer.md', 'tools/manual/manual.py'], ['tdx-guide', 'tdx-guide-text', 'leaf-manual']),
    ('R17', 'the registers a TDVMCALL exposes carry nothing but its declared operands',
     'exactly the operands\' registers are in the mask; those that are no operand go out as zero and come back as clobbers',
     ['include/tdx/tdvmcall.h', 'abi/tdvmcall.abi'], ['tdx-typed', 'tdx-forms']),
    ('', 'beyond these: each call against what a real module answered',
     'every SEAMCALL and TDCALL of the recorded transcripts is made as a typed call', ['tests/tdx/test_lines.c'],
     ['tdx-lines', 'abi-observed']),
    ('', 'it builds where it is wanted',
     'C11, gnu17, C++17; gcc and clang; freestanding, kernel flags, a kernel\'s headers; PIC with lazy binding; a prefix',
     ['tests/tdx/builds.sh'], ['tdx-builds', 'kernel-modules', 'install']),
    ('', 'a backtrace through the thunk', 'unwind information that knows of the step over the red zone',
     ['tests/tdx/unwind.c', 'docs/decisions/0011-one-thunk.md'], ['tdx-unwind']),
]


def table():
    out = '| | requirement | answer | where | held by |\n|---|---|---|---|---|\n'
    for number, text, answer, files, tests in ROWS:
        links = ', '.join('[%s](../../%s)' % (path, path) for path in files)
        out += '| %s | %s | %s | %s | %s |\n' % (number, text, answer, links, ', '.join('`%s`' % t for t in tests))
    return out
