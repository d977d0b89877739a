# SPDX-License-Identifier: MIT
"""abi/gen/exits.h, exits.c: the module's function for each exit reason, from L1 and from an L2 VM."""
from emit import header_top, source_top

TEXT = 'What the module does about a VM exit: a function for each basic reason.'
TABLES = ('l1', 'l2')


def emit_header(model):
    rows = [row.columns for row in model.tables['exit_reason']]
    names = sorted({row[table] for row in rows for table in TABLES} - {'-'})
    out = header_top('GEN_EXITS_H', TEXT) + 'struct guest_exit;\n\n'
    return out + ''.join('void %s(struct guest_exit *x);\n' % name for name in names) + '\n#endif\n'


def emit_source(model):
    out = source_top(TEXT) + '#include "module/guest.h"\n'
    for table in TABLES:
        rows = ''.join('\t[EXIT_REASON_%s] = %s,\n' % (row.columns['name'], row.columns[table])
                       for row in model.tables['exit_reason'] if row.columns[table] != '-')
        out += '\nconst exit_handler %s_handlers[EXIT_REASONS] = {\n%s};\n' % (table, rows)
    return out
