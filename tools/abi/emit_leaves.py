# SPDX-License-Identifier: MIT
"""abi/gen/leaves.h, leaves.c: leaf numbers and one descriptor per leaf and TDVMCALL sub-function."""
from abiparse import REGISTERS, VERSIONS
from emit import header_top, source_top, string

STRUCTS = '''
enum leaf_class { LEAF_HOST, LEAF_GUEST, LEAF_VMCALL };

/* x86 register indices, the order of struct tdx_module_args and of register masks. */
enum abi_reg {
%(regs)s};

/* When an output register holds its value; it reads 0 otherwise. */
enum abi_when { WHEN_ALWAYS, WHEN_SUCCESS, WHEN_SEPT_ERROR, WHEN_ERROR, WHEN_CPUID_CONFIG };

enum abi_lock { ABI_LOCK_NONE, ABI_LOCK_SH, ABI_LOCK_EX };

/* What to do about a status that asks for a repeat. */
enum leaf_retry {
	RETRY_BUSY = 1 << 0,        /* another flow holds a lock: the caller's policy */
	RETRY_ENTROPY = 1 << 1,     /* RND_NO_ENTROPY, KEY_GENERATION_FAILED: same operands */
	RETRY_RESUMABLE = 1 << 2,   /* INTERRUPTED_RESUMABLE: call again with the returned registers */
	RETRY_RESTARTABLE = 1 << 3, /* INTERRUPTED_RESTARTABLE: same operands */
	RETRY_INCREMENTAL = 1 << 4, /* bounded work per call, repeat until done */
};

/* What the low 32 bits of a status say. Operand ids are TDX_OPERAND_ID_* in id. */
enum status_detail {
	DETAIL_NONE,
	DETAIL_OPERAND,
	DETAIL_EXIT_REASON,
	DETAIL_LEVEL,
	DETAIL_VM_LEVEL,   /* VM 31:16, level 15:0 */
	DETAIL_MSR,
	DETAIL_PACKAGE,
	DETAIL_CPUID_LEAF,
	DETAIL_BYTES,      /* up to four indices, one a byte */
	DETAIL_LIST_INDEX,
	DETAIL_VMCS_FIELD,
	DETAIL_COUNT,
	DETAIL_SLOT,
};

struct leaf_operand {
	const char *name;
	const char *meaning;
	uint8_t reg;          /* enum abi_reg */
	uint8_t type;         /* enum operand_type */
	uint8_t when;         /* outputs: enum abi_when */
	uint8_t min_version;  /* of the leaf */
	uint8_t lock;         /* pages: lock taken on the PAMT entry, enum abi_lock */
	uint8_t page_type;    /* pages: required type (enum page_type), or ABI_NO_PAGE_TYPE */
	bool td_key;          /* pages: accessed with the key id of the TD */
};

#define ABI_NO_PAGE_TYPE 0xFF

struct leaf_status {
	uint64_t code;
	uint8_t detail;       /* enum status_detail */
	uint16_t id;          /* operand id when detail is DETAIL_OPERAND */
	const char *what;     /* the detail in the table's words, or NULL */
};

struct leaf_desc {
	const char *name;           /* "TDH.MEM.PAGE.ADD" */
	uint32_t number;
	uint8_t cls;                /* enum leaf_class */
	uint8_t since;              /* enum abi_version */
	uint8_t versions;           /* bit n: version n exists */
	uint8_t retry;              /* enum leaf_retry */
	uint16_t in_mask[2];        /* input registers, by version; bit n: register index n */
	uint16_t out_mask[2];       /* output registers but RAX, by version */
	uint16_t op_states;         /* bit n: allowed in OP_STATE n; 0: not checked */
	uint32_t sept_states;       /* bit n: enum sept_state n is accepted; 0: not checked */
	uint8_t owner_tdr_lock;     /* enum abi_lock: TDR found through a TDVPR */
	uint8_t op_state_lock;
	uint8_t sept_tree_lock;
	uint8_t context;            /* enum md_context of its field ids: what an id itself says of it does not count */
	bool checks_td_state;       /* TD_FATAL, keys, TDCS pages, op_state */
	bool typed;                 /* include/tdx has a typed call of this leaf */
	uint8_t num_ins, num_outs, num_statuses;
	const struct leaf_operand *ins, *outs;
	const struct leaf_status *statuses;
	/* For people, or NULL: checks has one check per line, in the order in which they are made. */
	const char *brief, *locks, *requires, *resume, *note, *change, *uses, *checks;
};

struct operand_type_desc {
	const char *name;
	const char *meaning;
};

/* What a status that a correct caller gets by chance is caused by. */
enum status_cause {
	CAUSE_NONE,      /* it does not come by chance */
	CAUSE_LOCK,      /* another flow holds a lock */
	CAUSE_WORK,      /* another call, or a vCPU's exit, has to come first */
	CAUSE_ENTROPY,   /* no random number */
	CAUSE_KEY,       /* PCONFIG has none */
	CAUSE_INTERRUPT, /* an interrupt is pending */
};

struct status_desc {
	const char *name;
	const char *meaning;
	uint64_t code;
	uint8_t detail;  /* enum status_detail */
	uint8_t since;   /* enum abi_version */
	bool returned;   /* does module 1.5.01 return it? */
	const char *advice; /* what to do next */
	uint8_t cause;   /* enum status_cause */
};

struct named_number {
	const char *name;
	uint32_t number;
};

/* All leaves: host leaves by number, guest leaves by number; then the sub-functions of TDG.VP.VMCALL. */
extern const struct leaf_desc leaf_table[];
extern const size_t leaf_table_len;
extern const struct leaf_desc vmcall_table[];
extern const size_t vmcall_table_len;
/* All statuses but those of the software class, ascending in class and code; the first is SUCCESS. */
extern const struct status_desc status_table[];
extern const size_t status_table_len;
extern const struct operand_type_desc operand_type_table[NUM_OPERAND_TYPES];
extern const struct named_number operand_id_table[];
extern const size_t operand_id_table_len;
extern const struct named_number status_class_table[];
extern const size_t status_class_table_len;
extern const struct named_number exit_reason_table[];
extern const size_t exit_reason_table_len;
/* Enumerations of structures.h by name. */
%(tables)s/* Bits of registers: number is the first bit. */
extern const struct named_number td_attribute_table[];
extern const size_t td_attribute_table_len;
/* By enum sept_state and by number; NULL between. */
extern const char *const sept_state_names[];
extern const char *const op_state_names[];
extern const char *const abi_version_names[];
extern const char *const abi_reg_names[16];

/* Names of states and page types by number; "unknown" beyond them. */
const char *op_state_name(unsigned n);
const char *td_lifecycle_name(unsigned n);
const char *vcpu_state_name(unsigned n);
const char *page_type_name(unsigned n);
const char *sept_state_name(unsigned n);

/* The descriptor of a leaf number (of any version of the module; see since), or NULL. */
const struct leaf_desc *leaf_by_number(enum leaf_class cls, uint32_t number);

/* The descriptor of a status without its detail (TDX_STATUS_CODE), or NULL. */
const struct status_desc *status_by_code(uint64_t code);

#endif
'''

LOOKUP = '''
const struct leaf_desc *leaf_by_number(enum leaf_class cls, uint32_t number)
{
	const struct leaf_desc *table = cls == LEAF_VMCALL ? vmcall_table : leaf_table;
	size_t len = cls == LEAF_VMCALL ? vmcall_table_len : leaf_table_len;

	for (size_t i = 0; i < len; i++) {
		if (table[i].number == number && table[i].cls == cls)
			return &table[i];
	}
	return NULL;
}

const struct status_desc *status_by_code(uint64_t code)
{
	for (size_t i = 0; i < status_table_len; i++) {
		if (status_table[i].code == code)
			return &status_table[i];
	}
	return NULL;
}
'''

CLASSES = {'host': 'LEAF_HOST', 'guest': 'LEAF_GUEST', 'vmcall': 'LEAF_VMCALL'}


def _enum_tables(model):
    """Enumerations that explain/ prints: (table name, rows)."""
    plain = [(name, [(key.split(prefix, 1)[1], value) for key, value in model.enums[name]])
             for name, prefix in (('page_type', 'PT_'), ('ext_exit_type', 'EXT_EXIT_'))]
    l2 = [row.columns for row in model.tables['l2_sept_state']]
    states = [(row['name'], int(row['state'])) for row in model.sept_states + l2]
    return plain + [('sept_rd_state', states)]


def _attributes(model):
    item = next(item for item in model.tables['struct'] if item.name == 'TD_ATTRIBUTES')
    return [(line[1][0].upper(), int(line[1][1])) for line in item.all('bits') if 'reserved' not in line[1][0]]


def _sorted(model):
    return sorted(model.leaves, key=lambda leaf: (leaf.cls != 'host', leaf.number))


def _version_enum():
    names = ['ABI_' + v.upper().replace('.', '_') for v in VERSIONS]
    return 'enum abi_version { %s };\n' % ', '.join(names)


def _version(since):
    return 'ABI_' + since.upper().replace('.', '_')


def emit_header(model):
    out = header_top('GEN_LEAVES_H', 'Leaf numbers, and a descriptor of each leaf: registers, TD and S-EPT states, '
                     'locks, statuses. The module dispatches from it, explain/ prints from it.')
    out += '#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n'
    for cls, tag in (('host', 'host_leaf'), ('guest', 'guest_leaf')):
        rows = ['\tLEAF_%s = %d,\n' % (leaf.c_name, leaf.number) for leaf in _sorted(model) if leaf.cls == cls]
        out += 'enum %s {\n%s};\n\n' % (tag, ''.join(rows))
    rows = ['\tVMCALL_%s = 0x%X,\n' % (leaf.c_name.upper(), leaf.number) for leaf in model.vmcalls]
    out += '/* R11 of TDG.VP.VMCALL with R10 = 0. */\nenum vmcall_leaf {\n%s};\n\n' % ''.join(rows)
    for item in model.tables['vmcall_status']:
        out += '#define VMCALL_STATUS_%s %sULL\n' % (item.name, item.words[1])
    out += '\n/* The first module that has something. */\n' + _version_enum()
    rows = ['\tOPERAND_TYPE_%s,\n' % name.upper() for name in model.type_names]
    out += '\n/* Types of operands: see operand_type_table. */\nenum operand_type {\n%s\tNUM_OPERAND_TYPES\n};\n' % (
        ''.join(rows))
    regs = ''.join('\tREG_%s = %d,\n' % (name, i) for i, name in enumerate(REGISTERS))
    tables = ''.join('extern const struct named_number %s_table[];\nextern const size_t %s_table_len;\n' % (n, n)
                     for n, _ in _enum_tables(model))
    return out + STRUCTS % {'regs': regs, 'tables': tables}


def _operand(op):
    page = 'PT_' + op.page if op.page else 'ABI_NO_PAGE_TYPE'
    return '\t{ "%s", %s, REG_%s, OPERAND_TYPE_%s, WHEN_%s, %d, ABI_LOCK_%s, %s, %s },\n' % (
        op.name, string(op.text), op.reg, op.type.upper(), op.when.upper(), op.version, op.lock.upper(), page,
        'true' if op.keyed else 'false')


def _detail(word, ids, status):
    """C initializer of a status detail from the table's word."""
    if word == '-':
        return 'DETAIL_NONE, 0, NULL'
    if word in ids:
        return 'DETAIL_OPERAND, TDX_OPERAND_ID_%s, "%s"' % (word, word)
    kind, _, rest = word.partition(':')
    known = {'exit_reason', 'level', 'vm_level', 'msr', 'package', 'cpuid_leaf', 'bytes', 'list_index', 'vmcs_field',
             'count', 'slot'}
    if kind in known:
        return 'DETAIL_%s, 0, %s' % (kind.upper(), string(rest))
    if word == 'R8+vm':
        return 'DETAIL_OPERAND, TDX_OPERAND_ID_R8, "R8 + VM index"'
    raise SystemExit('status %s: detail %s' % (status, word))


def _statuses(leaf, ids):
    out = ''
    for name, details in leaf.statuses:
        for word in details:
            out += '\t{ TDX_%s, %s },\n' % (name, _detail(word, ids, name))
    return out


def _count(leaf):
    return sum(len(details) for _, details in leaf.statuses)


def _mask(ops, version):
    value = 0
    for op in ops:
        if op.version <= version and not op.unused:
            value |= 1 << op.index
    return value


def _descriptor(leaf, states, sept):
    allowed = states if leaf.op_states == ['any'] else ['OP_STATE_' + name for name in leaf.op_states]
    op_states = sum(1 << states[name] for name in allowed)
    names = sept if leaf.sept_states == ['any'] else leaf.sept_states
    sept_states = sum(1 << sept.index(name) for name in names)
    tree = leaf.lock_of('sept_walk', 'tree')
    if tree == 'none':
        tree = leaf.lock_line('sept_tree')
    op_lock = leaf.lock_of('td_state', 'op_state')
    if op_lock == 'none':
        op_lock = leaf.lock_line('op_state')
    retry = ' | '.join('RETRY_' + word.upper() for word in leaf.retry) or '0'
    td_state = any(words[0] == 'td_state' for words in leaf.checks)
    c = leaf.c_name.lower()
    out = '\t{\n\t\t.name = "%s", .number = %s, .cls = %s, .since = %s,\n' % (
        leaf.name, hex(leaf.number) if leaf.cls == 'vmcall' else leaf.number, CLASSES[leaf.cls], _version(leaf.since))
    out += '\t\t.versions = 0x%X, .retry = %s,\n' % (sum(1 << v for v in leaf.versions) or 1, retry)
    out += '\t\t.in_mask = { 0x%04X, 0x%04X }, .out_mask = { 0x%04X, 0x%04X },\n' % (
        _mask(leaf.ins, 0), _mask(leaf.ins, 1), _mask(leaf.outs, 0), _mask(leaf.outs, 1))
    out += '\t\t.op_states = 0x%03X, .sept_states = 0x%05X, .checks_td_state = %s, .typed = %s,\n' % (
        op_states, sept_states, 'true' if td_state else 'false',
        'false' if leaf.item.one('typed') == 'no' else 'true')
    if leaf.context:
        out += '\t\t.context = MD_CONTEXT_%s,\n' % leaf.context
    out += '\t\t.owner_tdr_lock = ABI_LOCK_%s, .op_state_lock = ABI_LOCK_%s, .sept_tree_lock = ABI_LOCK_%s,\n' % (
        leaf.lock_of('owner_tdr', 'lock').upper(), op_lock.upper(), tree.upper())
    if leaf.ins:
        out += '\t\t.ins = ins_%s, .num_ins = %d,\n' % (c, len(leaf.ins))
    if leaf.outs:
        out += '\t\t.outs = outs_%s, .num_outs = %d,\n' % (c, len(leaf.outs))
    if leaf.statuses:
        out += '\t\t.statuses = statuses_%s, .num_statuses = %d,\n' % (c, _count(leaf))
    for key, text in leaf.prose.items():
        if text:
            out += '\t\t.%s = %s,\n' % (key, string(text))
    return out + '\t},\n'


def _arrays(leaf, ids):
    out = ''
    for kind, ops in (('ins', leaf.ins), ('outs', leaf.outs)):
        if ops:
            out += 'static const struct leaf_operand %s_%s[] = {\n%s};\n\n' % (
                kind, leaf.c_name.lower(), ''.join(map(_operand, ops)))
    if leaf.statuses:
        out += 'static const struct leaf_status statuses_%s[] = {\n%s};\n\n' % (
            leaf.c_name.lower(), _statuses(leaf, ids))
    return out


def _table(kind, name, rows, size=True):
    out = 'const struct %s %s[] = {\n%s};\n' % (kind, name, ''.join(rows))
    if size:
        out += 'const size_t %s_len = sizeof(%s) / sizeof(%s[0]);\n' % (name, name, name)
    return out + '\n'


def _names(name, pairs):
    top = max(number for _, number in pairs) + 1
    rows = ''.join('\t[%d] = "%s",\n' % (number, text) for text, number in pairs)
    return 'const char *const %s[%d] = {\n%s};\n\n' % (name, top, rows)


def _name_functions(model):
    """A function for each enumeration that sentences tell values of."""
    out = ''
    for function, pairs in (
            ('op_state', [(name[len('OP_STATE_'):], n) for name, n in model.enums['op_state']]),
            ('td_lifecycle', [(name[len('LIFECYCLE_'):], n) for name, n in model.enums['lifecycle']]),
            ('vcpu_state', [(name[len('VCPU_STATE_'):], n) for name, n in model.enums['vcpu_state']]),
            ('page_type', model.enums['page_type']),
            ('sept_state', [(row['name'], i) for i, row in enumerate(model.sept_states)])):
        rows = ''.join('\tcase %d: return "%s";\n' % (n, text) for text, n in pairs)
        out += '\nconst char *%s_name(unsigned n)\n{\n\tswitch (n) {\n%s\tdefault: return "unknown";\n\t}\n}\n' % (
            function, rows)
    return out


def emit_source(model):
    ids = {name for name, _, _ in model.operand_ids}
    states, sept = dict(model.enums['op_state']), [row['name'] for row in model.sept_states]
    leaves = _sorted(model)
    for leaf in model.vmcalls:
        leaf.cls = 'vmcall'
    out = source_top('One descriptor per leaf: see leaves.h.')
    out += '#include "gen/leaves.h"\n#include "gen/structures.h"\n#include "tdx/status.h"\n\n'
    for leaf in leaves + model.vmcalls:
        out += _arrays(leaf, ids)
    out += _table('leaf_desc', 'leaf_table', [_descriptor(leaf, states, sept) for leaf in leaves])
    out += _table('leaf_desc', 'vmcall_table', [_descriptor(leaf, states, sept) for leaf in model.vmcalls])
    rows = ['\t{ "%s", %s, TDX_%s, DETAIL_%s, %s, %s, %s, CAUSE_%s },\n' % (
        s.name, string(s.meaning), s.name, 'NONE' if s.detail == '-' else s.detail.upper(), _version(s.since),
        'true' if s.returned else 'false', string(s.advice), s.cause.upper())
        for s in sorted(model.statuses, key=lambda s: s.value >> 32 & 0xFFFF)]
    out += _table('status_desc', 'status_table', rows)
    rows = ['\t{ "%s", %s },\n' % (row['name'], string(row['meaning'])) for row in model.types]
    out += 'const struct operand_type_desc operand_type_table[NUM_OPERAND_TYPES] = {\n%s};\n\n' % ''.join(rows)
    out += _table('named_number', 'operand_id_table', ['\t{ "%s", %d },\n' % (n, i) for n, i, _ in model.operand_ids])
    rows = ['\t{ "%s", %s },\n' % (' '.join(i.words[1:]), i.words[0]) for i in model.tables['status_class']]
    out += _table('named_number', 'status_class_table', rows)
    rows = ['\t{ "%s", %s },\n' % (r.columns['name'], r.columns['number']) for r in model.tables['exit_reason']]
    out += _table('named_number', 'exit_reason_table', rows)
    for name, pairs in _enum_tables(model) + [('td_attribute', _attributes(model))]:
        out += _table('named_number', name + '_table', ['\t{ "%s", %d },\n' % pair for pair in pairs])
    out += _names('sept_state_names', [(name, i) for i, name in enumerate(sept)])
    out += _names('op_state_names', [(name[len('OP_STATE_'):], number) for name, number in model.enums['op_state']])
    out += _names('abi_version_names', [(name, i) for i, name in enumerate(VERSIONS)])
    out += _names('abi_reg_names', [(name, i) for i, name in enumerate(REGISTERS)])
    return out.rstrip('\n') + '\n' + LOOKUP + _name_functions(model)
