# SPDX-License-Identifier: MIT
"""abi/gen/values.h, values.c: the values of the fields of the module and the platform, and which of them TDSYSINFO has."""
from emit import header_top, source_top
import require

TEXT = 'Values of the metadata fields of the module and the platform.'
HEADER = '''#include <stdint.h>

struct call;

/* Element @element of field @number of md_sys[@index]. */
uint64_t md_sys_value(struct call *c, unsigned index, unsigned number, unsigned element);

/* A field of TDSYSINFO that says the same as a field of md_sys. */
struct sysinfo_field {
	uint16_t index, offset;
	uint8_t size;
};

#define NUM_SYSINFO_FIELDS %d
extern const struct sysinfo_field sysinfo_fields[NUM_SYSINFO_FIELDS];

#endif
'''
FUNCTION = '''uint64_t md_sys_value(struct call *c, unsigned index, unsigned number, unsigned element)
{
	(void)c;
	switch (index) {
%s	default: return 0;
	}
}
'''


def shared(model):
    return [row.columns for row in model.tables['sys_value'] if row.columns['sysinfo'] != '-']


def emit_header(model):
    return header_top('GEN_VALUES_H', TEXT) + HEADER % len(shared(model))


def emit_source(model):
    out = source_top(TEXT) + ''.join('#include "%s"\n' % path for path in (
        'gen/values.h', 'module/cpuid.h', 'module/metadata.h', 'module/state.h', 'module/version.h',
        'platform/platform.h')) + '\n'
    known = {field.name for field in model.fields['sys']}
    rows = ''
    for item in model.tables['sys_value']:
        if item.columns['field'] not in known:
            item.fail('no such field')
        rows += '\tcase MD_SYS_%s: return %s;\n' % (
            item.columns['field'].upper(), require.expression(item, item.columns['value']).strip())
    rows_info = ''.join('\t{ MD_SYS_%s, TDSYSINFO_%s_OFFSET, TDSYSINFO_%s_SIZE },\n' % (
        row['field'].upper(), row['sysinfo'].upper(), row['sysinfo'].upper()) for row in shared(model))
    return out + FUNCTION % rows + '\nconst struct sysinfo_field sysinfo_fields[NUM_SYSINFO_FIELDS] = {\n%s};\n' % rows_info
