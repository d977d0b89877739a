# SPDX-License-Identifier: MIT
"""abi/gen/metadata.h, metadata.c: metadata fields, MSR and CPUID virtualization. include/tdx/metadata.h: field ids."""
from emit import define, header_top, source_top
from emit_features import constant

CONTEXTS = ['sys', 'td', 'vp', 'vmcs', 'vmcs_l2']
SPECIAL = {'-': '0', 'r': 'MD_SPECIAL_RD', 'w': 'MD_SPECIAL_WR', 'rw': 'MD_SPECIAL_RD | MD_SPECIAL_WR'}
READERS = 'BY_HOST BY_DEBUGGER BY_GUEST BY_MIGTD'.split()  # in the order of the tables' columns, two masks each
EXPORTS = {'EXPORT_IMMUTABLE': ('MB', 'IE IES IEME IESME'), 'EXPORT_MUTABLE': ('ME', '')}  # tags of export, of import
IMPORTS = {'IMPORT_IMMUTABLE': ('MB CB', 'MBO CBO', 'IB IBS'),  # tags of what must come, may come, is only taken
           'IMPORT_MUTABLE': ('ME CE IESME', 'MEO CEO', 'IE IES IEME')}

STRUCTS = '''
enum md_special { MD_SPECIAL_RD = 1, MD_SPECIAL_WR = 2 };

/* What a field holds. */
enum md_attr {
	MD_ATTR_HPA = 0x01,
	MD_ATTR_GPA = 0x02,
	MD_ATTR_PRIVATE = 0x04,
	MD_ATTR_SHARED = 0x08,
	MD_ATTR_L1 = 0x10,
	MD_ATTR_L2 = 0x20,
};

#define MD_NO_OFFSET UINT32_MAX

/* Who reads or writes. */
enum md_reader {
	MD_BY_HOST,     /* MD_BY_DEBUGGER where ATTRIBUTES has DEBUG */
	MD_BY_DEBUGGER,
	MD_BY_GUEST,    /* the TD itself, for vmcs_l2 the L1 VMM */
	MD_BY_MIGTD,
	MD_EXPORT_IMMUTABLE,
	MD_EXPORT_MUTABLE,
	MD_IMPORT_IMMUTABLE,
	MD_IMPORT_MUTABLE,
	MD_READERS
};

/* What a list that is imported has of a field. */
enum md_need { MD_IGNORED, MD_OPTIONAL, MD_REQUIRED };

/* Masks of the accessible bits; 0: no access. An import reads what it may write. */
struct md_rights {
	uint64_t rd, wr;
	uint8_t need; /* enum md_need */
};

struct md_field {
	const char *name;
	uint64_t id;            /* of the first element of the first field */
	uint32_t code;          /* field code; element e of field f: code + (f * elements + e) * inc */
	uint32_t offset;        /* in the page set, or MD_NO_OFFSET */
	uint16_t num_fields;
	uint8_t elements;       /* of each field */
	uint8_t size;           /* of an element, in bytes */
	uint8_t inc;            /* 1 or 2 */
	uint8_t context;        /* enum md_context */
	uint8_t cls;            /* class code */
	bool non_arch;
	uint8_t special;        /* enum md_special: access has rules beside the masks */
	uint8_t attr;           /* enum md_attr */
	uint8_t since;          /* enum abi_version */
	struct md_rights rights[MD_READERS];
};

/* In the order of enumeration. The ids of md_vmcs_l2 are those of class 0. */
%(externs)s
#define MSR_BY_MODULE 0xff

struct msr_rule {
	const char *name;
	uint32_t first, last;
	uint8_t rd, wr; /* enum td_feature: no exit where the TD has it */
	/* An intercepted access gives #VE where the TD has it, else #GP; or MSR_BY_MODULE. */
	uint8_t rd_ve, wr_ve;
};

extern const struct msr_rule msr_rules[];
extern const size_t msr_rules_len;

struct cpuid_bits {
	uint32_t eax, ebx, ecx, edx;
};

#define CPUID_SUBLEAF_NONE 0xFFFFFFFFu
#define CPUID_NOT_CONFIGURABLE 0xFF
#define CPUID_NUM_CONFIGURABLE %(configurable)d
#define CPUID_MAX_XFAM_MASKS %(xfam)d

/* The bits that the guest sees only with a bit of XFAM. */
struct cpuid_xfam {
	uint8_t bit;
	struct cpuid_bits mask;
};

/* One virtualized CPUID leaf, in the order of the module's lookup table. */
struct cpuid_rule {
	uint32_t leaf, subleaf;          /* CPUID_SUBLEAF_NONE: none */
	bool faulting;                   /* guest execution gives #VE */
	uint8_t present;                 /* enum td_feature: all is 0 unless the TD has it */
	uint8_t config_index;            /* in TDSYSINFO.CPUID_CONFIG, or CPUID_NOT_CONFIGURABLE */
	struct cpuid_bits verify_mask, verify_value; /* the processor must have these bits so */
	struct cpuid_bits verify_same;   /* must agree on all logical processors */
	struct cpuid_bits fixed0;        /* read 0, or are computed */
	struct cpuid_bits fixed1;        /* read 1 */
	struct cpuid_bits direct;        /* the host sets them as it likes */
	struct cpuid_bits allow;         /* the host may clear them */
	uint32_t flags;                  /* of enum td_cpuid_flag, those that are its bits */
	uint8_t num_xfam;
	struct cpuid_xfam xfam[CPUID_MAX_XFAM_MASKS];
};

/* TDCS.cpuid_flags: features of the virtual CPUID, and where in its leaf each is. */
enum td_cpuid_flag {
%(flags)s};

struct cpuid_flag {
	uint8_t reg, bit; /* reg 0 to 3: EAX, EBX, ECX, EDX */
};

#define NUM_CPUID_FLAGS %(num_flags)d
extern const struct cpuid_flag cpuid_flags[NUM_CPUID_FLAGS]; /* in the order of the flags' bits */

extern const struct cpuid_rule cpuid_rules[];
extern const size_t cpuid_rules_len;

'''


def _offsets(model):
    out = '/* Offsets in the page sets. */\n'
    for field in model.fields['td']:
        if field.offset is not None:
            out += define('%s_%s_OFFSET' % ('TDR' if field.cls < 16 else 'TDCS', field.name.upper()),
                          '0x%X' % field.offset)
    for field in model.fields['vp']:
        if field.offset is not None:
            out += define('TDVPS_%s_OFFSET' % field.name.upper(), '0x%X' % field.offset)
    return out


def _passes(row, word, model):
    return constant(row, {'0': 'ALWAYS', '1': 'NEVER'}.get(word, word), model)


def _intercepted(row, word, model):
    if word in ('-', 'OTHER'):
        return 'MSR_BY_MODULE'
    return constant(row, {'GP': 'NEVER', 'VE': 'ALWAYS'}.get(word, word), model)


def _msr(row, model):
    c = row.columns
    return '\t{ "%s", %s, %s, %s, %s, %s, %s },\n' % (
        c['name'], c['first'], c['last'], _passes(row, c['rd'], model), _passes(row, c['wr'], model),
        _intercepted(row, c['rd_action'], model), _intercepted(row, c['wr_action'], model))


def _max_xfam(model):
    return max(len(item.all('xfam')) for item in model.tables['cpuid'])


def emit_header(model):
    out = header_top('GEN_METADATA_H', 'Metadata fields with their access rules, offsets in TDR, TDCS and TDVPS, and '
                     'the virtualization of MSRs and CPUID.')
    out += '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n#include "gen/leaves.h"\n\n'
    for context in CONTEXTS:
        rows = ''.join('\tMD_%s_%s,\n' % (context.upper(), f.name.upper()) for f in model.fields[context])
        out += '/* Indices of md_%s. */\nenum md_%s_index {\n%s\tMD_%s_LEN\n};\n\n' % (
            context, context, rows, context.upper())
    externs = ''.join('extern const struct md_field md_%s[MD_%s_LEN];\n' % (c, c.upper()) for c in CONTEXTS)
    out += _offsets(model) + STRUCTS % {
        'externs': externs, 'num_flags': len(model.tables['cpuid_flag']),
        'flags': ''.join('\tTD_CPUID_%s = 1 << %d,\n' % (row.name, i) for i, row in enumerate(model.tables['cpuid_flag'])),
        'xfam': _max_xfam(model),
        'configurable': len([i for i in model.tables['cpuid'] if i.one('configurable')])}
    return out + '#endif\n'


def _rights(field):
    exp, imp = ([] if tag == '-' else [tag] for tag in field.tags)
    rights = {reader: [field.masks[2 * i], field.masks[2 * i + 1], 'MD_IGNORED'] for i, reader in enumerate(READERS)}
    for reader, (of_export, of_import) in EXPORTS.items():
        if set(exp) & set(of_export.split()) or set(imp) & set(of_import.split()):
            rights[reader] = [field.masks[8], 0, 'MD_IGNORED']
    for reader, sets in IMPORTS.items():
        for need, tags in zip(('MD_REQUIRED', 'MD_OPTIONAL', 'MD_IGNORED'), sets):
            if set(imp) & set(tags.split()):
                rights[reader] = [(1 << 64) - 1 if field.masks[9] else 0, field.masks[9], need]
    return ', '.join('[MD_%s] = { 0x%X, 0x%X, %s }' % (reader, *right) for reader, right in rights.items()
                     if any(right[:2]) or right[2] != 'MD_IGNORED')


def _field(field):
    offset = 'MD_NO_OFFSET' if field.offset is None else '0x%X' % field.offset
    out = '\t{ "%s", 0x%016X, 0x%X, %s, %d, %d, %d, %d, %d, %d, %s, %s, 0x%s, %s,\n' % (
        field.name, field.id, field.code, offset, field.fields, field.elements, field.size, field.inc, field.context,
        field.cls, 'true' if field.non_arch else 'false', SPECIAL[field.special],
        '0' if field.attr == '-' else field.attr, 'ABI_' + field.since.upper().replace('.', '_'))
    return out + '\t  { %s } },\n' % (_rights(field) or '{ 0 }')


def _regs(item, key):
    value = item.one(key)
    return '{ %s }' % (', '.join(value.split()) if value else '0, 0, 0, 0')


def _leaf(leaf, subleaf):
    return int(leaf, 0), None if subleaf == '-' else int(subleaf, 0)


def _cpuid(item, model):
    sub = 'CPUID_SUBLEAF_NONE' if item.words[1] == '-' else item.words[1]
    out = '\t{\n\t\t.leaf = %s, .subleaf = %s, .faulting = %s, .config_index = %s,\n' % (
        item.name, sub, 'true' if item.one('faulting') else 'false', item.one('configurable', 'CPUID_NOT_CONFIGURABLE'))
    out += '\t\t.present = %s,\n' % constant(item, item.one('present', 'ALWAYS'), model)
    for key in 'verify_mask verify_value verify_same fixed0 fixed1 direct allow'.split():
        if item.one(key):
            out += '\t\t.%s = %s,\n' % (key, _regs(item, key))
    flags = [row.name for row in model.tables['cpuid_flag'] if _leaf(row.columns['leaf'], row.columns['subleaf']) ==
             _leaf(item.name, item.words[1])]
    if flags:
        out += '\t\t.flags = %s,\n' % ' | '.join('TD_CPUID_' + name for name in flags)
    lines = item.all('xfam')
    if lines:
        rows = ', '.join('{ %s, { %s } }' % (line[1][0], ', '.join(line[1][1:])) for line in lines)
        out += '\t\t.num_xfam = %d, .xfam = { %s },\n' % (len(lines), rows)
    return out + '\t},\n'


def emit_source(model):
    out = source_top('Metadata fields, MSR and CPUID virtualization: see metadata.h.')
    out += '#include "gen/features.h"\n#include "gen/metadata.h"\n#include "gen/structures.h"\n\n'
    for context in CONTEXTS:
        out += 'const struct md_field md_%s[MD_%s_LEN] = {\n%s};\n\n' % (
            context, context.upper(), ''.join(map(_field, model.fields[context])))
    rows = ''.join(_msr(row, model) for row in model.tables['msr'])
    out += 'const struct msr_rule msr_rules[] = {\n%s};\n' % rows
    out += 'const size_t msr_rules_len = sizeof(msr_rules) / sizeof(msr_rules[0]);\n\n'
    out += 'const struct cpuid_rule cpuid_rules[] = {\n%s};\n' % ''.join(_cpuid(item, model) for item in model.tables['cpuid'])
    out += 'const size_t cpuid_rules_len = sizeof(cpuid_rules) / sizeof(cpuid_rules[0]);\n\n'
    rows = ''.join('\t{ %d, %s },\n' % ('EAX EBX ECX EDX'.split().index(row.columns['register']), row.columns['bit'])
                   for row in model.tables['cpuid_flag'])
    out += 'const struct cpuid_flag cpuid_flags[NUM_CPUID_FLAGS] = {\n%s};\n\n' % rows
    return out.rstrip('\n') + '\n'


def emit_ids(model):
    out = header_top('TDX_METADATA_H', 'Metadata field identifiers for TDH.SYS.RD, TDH.MNG.RD and WR, TDH.VP.RD and '
                     'WR, TDG.SYS.RD, TDG.VM.RD and WR, TDG.VP.RD and WR. An id names the first element; the next '
                     'element of the field, or the next field of an array, has the field code one higher (two for '
                     'VMCS fields).')
    out += define('TDX_MD_NONE', '0xFFFFFFFFFFFFFFFFULL', 'no field; as an operand: the first') + '\n'
    out += define('TDX_MD_FIELD_CODE_MASK', '0x0000000000FFFFFFULL') + '\n'
    for context in ('sys', 'td', 'vp', 'vmcs'):
        for field in model.fields[context]:
            note = '%d x %d of %d bytes' % (field.fields, field.elements, field.size)
            if field.since != '1.5.01':
                note += ', since ' + field.since
            out += define('TDX_MD_%s_%s' % (context.upper(), field.name.upper()), '0x%016XULL' % field.id, note, 64)
        out += '\n'
    return out + '#endif\n'
