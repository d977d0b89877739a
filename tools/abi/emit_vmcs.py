# SPDX-License-Identifier: MIT
"""abi/gen/vmcs.h, vmcs.c: first values of VMCS fields, and what TDX needs of the VMX controls."""
from emit import header_top, source_top
from emit_features import constant

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

/* Where a control goes in the VMCS; the bits that the L1 VMM may change for L2, and the TDCS page's offset of what it reads. */
struct vmx_ctl_place {
	uint16_t field;
	uint16_t virtual_msr; /* 0: of its own kind */
	uint32_t writable;
};

extern const struct vmx_ctl_place vmx_ctl_places[NUM_VMX_CTLS];

/* Bits that have @value where the TD has the feature, else the other; and are the L1 VMM's to change only there. */
struct td_ctl {
	uint8_t ctl, feature; /* enum vmx_ctl_index, enum td_feature */
	bool value, if_writable;
	uint32_t bits;
};

extern const struct td_ctl td_ctls[];
extern const size_t td_ctls_len;

/* CR4 bits that a TD without the feature does not have. */
struct td_cr4 {
	uint8_t feature;
	uint64_t bits;
};

extern const struct td_cr4 td_cr4[];
extern const size_t td_cr4_len;
'''


def ctls(model):
    return [row.columns for row in model.tables['vmx_ctl']]


def emit_header(model):
    out = header_top('GEN_VMCS_H', TEXT) + '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n'
    rows = ''.join('\tVMX_CTL_%(field)s,\n' % row for row in ctls(model))
    return out + 'enum vmx_ctl_index {\n%s\tNUM_VMX_CTLS\n};\n' % rows + STRUCTS + '\n#endif\n'


def _place(row):
    base = row['field'].rstrip('23')
    msr = '0' if row['virtual'] == '-' else 'offsetof(struct tdcs, virtual_ia32_vmx_%s)' % row['virtual']
    return '\t[VMX_CTL_%s] = { VMCS_%s_CTLS%s, %s, %s },\n' % (
        row['field'], base, row['field'][len(base):], msr, row['writable'])


def _array(struct, name, rows):
    return '\nconst struct %s %s[] = {\n%s};\nconst size_t %s_len = sizeof(%s) / sizeof(%s[0]);\n' % (
        struct, name, rows, name, name, name)


def emit_source(model):
    out = source_top(TEXT) + '#include "gen/features.h"\n#include "gen/vmcs.h"\n#include "module/td.h"\n#include "vmx/vmcs.h"\n#include "vmx/x86.h"\n\n'
    rows = ''.join('\t{ VMCS_%s, %s, %s },\n' % (row['field'], 'true' if row['migrates'] == 'yes' else 'false', row['value'])
                   for row in (item.columns for item in model.tables['vmcs_first']))
    out += 'const struct vmcs_first_value vmcs_first_values[] = {\n%s};\n' % rows
    out += 'const size_t vmcs_first_values_len = sizeof(vmcs_first_values) / sizeof(vmcs_first_values[0]);\n'
    for vm in ('l1', 'l2'):
        rows = ''.join('\t[VMX_CTL_%s] = { MSR_%s, %s, %s, %s },\n' % (
            row['field'], row['msr'], row[vm + '_init'], row[vm + '_variable'], row[vm + '_unknown'])
            for row in ctls(model))
        out += '\nconst struct vmx_ctl vmx_%s_ctls[NUM_VMX_CTLS] = {\n%s};\n' % (vm, rows)
    rows = ''.join(_place(row) for row in ctls(model))
    out += '\nconst struct vmx_ctl_place vmx_ctl_places[NUM_VMX_CTLS] = {\n%s};\n' % rows
    rows = ''.join('\t{ VMX_CTL_%s, %s, %s, %s, %s },\n' % (
        row.name, constant(row, row.columns['feature'], model), 'true' if row.columns['value'] == '1' else 'false',
        'true' if row.columns['writable'] == 'yes' else 'false', row.columns['bits']) for row in model.tables['td_ctl'])
    out += _array('td_ctl', 'td_ctls', rows)
    rows = ''.join('\t{ %s, %s },\n' % (constant(row, row.columns['feature'], model), row.name) for row in model.tables['td_cr4'])
    return out + _array('td_cr4', 'td_cr4', rows)
