# SPDX-License-Identifier: MIT
"""abi/gen/vmcs.h, vmcs.c: first values of VMCS fields, and what TDX needs of the VMX controls."""
from emit import header_top, source_top

TEXT = 'First values of VMCS fields, and what TDX needs of the VMX controls.'
STRUCTS = '''
struct vmcs_first_value {
	uint16_t field; /* encoding */
	bool migrates;  /* comes with an imported vCPU */
	uint64_t value;
};

extern const struct vmcs_first_value vmcs_first_values[];
extern const size_t vmcs_first_values_len;

/* A control field: its value at first, the bits TDX changes, the bits it leaves to the processor. */
struct vmx_ctl {
	uint32_t msr;
	uint32_t init, variable, unknown;
};

extern const struct vmx_ctl vmx_l1_ctls[NUM_VMX_CTLS], vmx_l2_ctls[NUM_VMX_CTLS];
/* Bits of the L2 controls that the L1 VMM may change. */
extern const uint32_t vmx_ctl_writable[NUM_VMX_CTLS];
'''


def ctls(model):
    return [row.columns for row in model.tables['vmx_ctl']]


def emit_header(model):
    out = header_top('GEN_VMCS_H', TEXT) + '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n'
    rows = ''.join('\tVMX_CTL_%(field)s,\n' % row for row in ctls(model))
    return out + 'enum vmx_ctl_index {\n%s\tNUM_VMX_CTLS\n};\n' % rows + STRUCTS + '\n#endif\n'


def emit_source(model):
    out = source_top(TEXT) + '#include "gen/vmcs.h"\n#include "vmx/vmcs.h"\n#include "vmx/x86.h"\n\n'
    rows = ''.join('\t{ VMCS_%s, %s, %s },\n' % (row['field'], 'true' if row['migrates'] == 'yes' else 'false', row['value'])
                   for row in (item.columns for item in model.tables['vmcs_first']))
    out += 'const struct vmcs_first_value vmcs_first_values[] = {\n%s};\n' % rows
    out += 'const size_t vmcs_first_values_len = sizeof(vmcs_first_values) / sizeof(vmcs_first_values[0]);\n'
    for vm in ('l1', 'l2'):
        rows = ''.join('\t[VMX_CTL_%s] = { MSR_%s, %s, %s, %s },\n' % (
            row['field'], row['msr'], row[vm + '_init'], row[vm + '_variable'], row[vm + '_unknown'])
            for row in ctls(model))
        out += '\nconst struct vmx_ctl vmx_%s_ctls[NUM_VMX_CTLS] = {\n%s};\n' % (vm, rows)
    rows = ''.join('\t[VMX_CTL_%(field)s] = %(writable)s,\n' % row for row in ctls(model))
    return out + '\nconst uint32_t vmx_ctl_writable[NUM_VMX_CTLS] = {\n%s};\n' % rows
