# SPDX-License-Identifier: MIT
"""abi/gen/sept.h, sept.c: the states of secure EPT entries, sets of them, and how they change."""
from emit import define, header_top, source_top

TEXT = 'States of secure EPT entries: their bits, sets of states, and how leaves change them.'
FIXED = {'-': 'SEPT_SUPPRESS_VE', 'removed': 'SEPT_SUPPRESS_VE', 'table': '0', 
         'page': '6ull << 3 | SEPT_SUPPRESS_VE'}  # write-back
SHOWN = {'-': '0', 'removed': 'SEPT_RWX', 'table': 'SEPT_RWX', 
         'page': 'SEPT_RWX | SEPT_MT | SEPT_IPAT | SEPT_LEAF | SEPT_PA | SEPT_SUPPRESS_VE'}
CHANGES = ('block', 'unblock', 'blockw', 'unblockw', 'accept')
HEADER = '''
/* What changes a state. */
enum sept_change {
%s	NUM_SEPT_CHANGES
};

struct sept_state_row {
	uint8_t encoding; /* enum sept_encoding */
	uint8_t number;   /* as TDH.MEM.SEPT.RD returns it */
	uint8_t rwx;      /* what the guest may do */
	uint64_t fixed;   /* other bits of every such entry */
	uint64_t shown;   /* what TDH.MEM.SEPT.RD returns of it; 0: the fixed bits */
	uint8_t to[NUM_SEPT_CHANGES]; /* the state after a change; where there is none, the same */
};

extern const struct sept_state_row sept_states[NUM_SEPT_STATES];
/* By encoding. Any other reads as FREE; the module writes none. */
extern const uint8_t sept_state_of_encoding[128];

#endif
'''


def sets(model):
    """Sets of states by the flags of the table: bit n is enum sept_state n."""
    flags = {}
    for index, row in enumerate(model.sept_states):
        for flag in row['flags'].split():
            flags[flag] = flags.get(flag, 0) | 1 << index
    return sorted(flags.items())


def emit_header(model):
    out = header_top('GEN_SEPT_H', TEXT) + '#include <stdint.h>\n\n#include "gen/structures.h"\n\n'
    out += ''.join(define('SEPT_' + flag.upper(), '0x%04xu' % bits) for flag, bits in sets(model))
    return out + HEADER % ''.join('\tSEPT_CHANGE_%s,\n' % change.upper() for change in CHANGES)


def emit_source(model):
    out = source_top(TEXT) + '#include "gen/sept.h"\n\n#include "gen/layout.h"\n\n'
    rows = ''
    for item in model.tables['sept_change']:
        row = item.columns
        rwx = sum(1 << 'rwx'.index(letter) for letter in row['rwx'].strip('-'))
        to = ', '.join('SEPT_STATE_' + (row['name'] if row[change] == '-' else row[change]) for change in CHANGES)
        rows += '\t[SEPT_STATE_%s] = { SEPT_ENCODING_%s, SEPT_RD_STATE_%s, %d, %s, %s,\n\t\t{ %s } },\n' % (
            row['name'], row['name'], row['name'], rwx, FIXED[row['maps']], SHOWN[row['maps']], to)
    out += 'const struct sept_state_row sept_states[NUM_SEPT_STATES] = {\n%s};\n\n' % rows
    rows = ''.join('\t[SEPT_ENCODING_%s] = SEPT_STATE_%s,\n' % (row['name'], row['name']) for row in model.sept_states)
    return out + 'const uint8_t sept_state_of_encoding[128] = {\n%s};\n' % rows
