// SPDX-License-Identifier: MIT
/*
 * Metadata of all contexts: finding a field in its table, the order of enumeration, masks, and single-element access.
 */
#include "module/metadata.h"
#include "module/state.h"

#define CLASS_VMCS 0
#define CLASS_CPUID 20
#define CLASS_VMCS_L2(vm) (36 + 8 * ((vm) - 1))
#define ID_CLASS_SHIFT 56
#define ID_CLASS_MASK (0x3full << ID_CLASS_SHIFT)
#define ID_CODE_MASK 0xffffffull
/* What must be 0 in the identifier of a single element: reserved bits, element and field counts. */
#define ID_SINGLE_ZERO 0x4083fffcff000000ull

static bool is_cpuid(const struct md_access *a, uint64_t id)
{
	return a->ctx == MD_TD && md_class(id) == CLASS_CPUID;
}

static bool is_vmcs_l2(uint64_t id)
{
	unsigned cls = md_class(id);

	return cls == CLASS_VMCS_L2(1) || cls == CLASS_VMCS_L2(2) || cls == CLASS_VMCS_L2(3);
}

static unsigned absent_vms(const struct md_access *a)
{
	unsigned present = a->td && a->td->tdcs ? a->td->tdcs->num_l2_vms : 0;

	return present < MAX_VMS ? MAX_VMS - 1 - present : 0;
}

/* Entries that this module version has: later ones stand at the end. */
static unsigned known(const struct md_field *table, unsigned len)
{
	while (len && table[len - 1].since != ABI_1_5_01)
		len--;
	return len;
}

static void use_table(struct md_at *at, const struct md_field *table, unsigned len, unsigned absent)
{
	at->table = table;
	at->len = known(table, len) - absent;
	at->index = 0;
}

/* The table that holds @id. Tail entries of the TD and VP tables belong to L2 VMs. */
static void pick_table(const struct md_access *a, uint64_t id, struct md_at *at)
{
	at->id = id;
	if (a->ctx == MD_SYS)
		use_table(at, md_sys, MD_SYS_LEN, 0);
	else if (a->ctx == MD_TD)
		use_table(at, md_td, MD_TD_LEN, absent_vms(a));
	else if (md_is_none(id) || md_class(id) == CLASS_VMCS)
		use_table(at, md_vmcs, MD_VMCS_LEN, 0);
	else if (is_vmcs_l2(id))
		use_table(at, md_vmcs_l2, MD_VMCS_L2_LEN, 0);
	else
		use_table(at, md_vp, MD_VP_LEN, TDVPS_PAGES_PER_L2 * absent_vms(a));
}

bool md_find(const struct md_access *a, uint64_t id, struct md_at *at)
{
	unsigned cls = is_vmcs_l2(id) && a->ctx == MD_VP ? CLASS_VMCS : md_class(id);
	uint32_t code = is_cpuid(a, id) ? md_code(id) & 1 : md_code(id);

	pick_table(a, id, at);
	for (; at->index < at->len; at->index++) {
		const struct md_field *f = md_field(at);

		if (f->cls == cls && code - f->code < (uint32_t)f->num_fields * f->elements * f->inc)
			return true;
	}
	return false;
}

size_t md_cpuid_index(uint32_t leaf, uint32_t subleaf)
{
	size_t i;

	for (i = 0; i < cpuid_rules_len; i++) {
		const struct cpuid_rule *r = &cpuid_rules[i];

		if (r->leaf == leaf && (r->subleaf == CPUID_SUBLEAF_NONE || r->subleaf == subleaf))
			break;
	}
	return i;
}

/* A CPUID_VALUES field code: element 0, sub-leaf 7:1, no sub-leaf 8, leaf 15:9, bit 31 of the leaf 16. */
size_t md_cpuid_index_of(uint64_t id)
{
	uint32_t code = md_code(id), leaf = (code >> 9 & 0x7f) | (code >> 16 & 1) << 31;

	return md_cpuid_index(leaf, code & 0x100 ? CPUID_SUBLEAF_NONE : code >> 1 & 0x7f);
}

static uint64_t cpuid_id(uint64_t id, size_t index)
{
	const struct cpuid_rule *r = &cpuid_rules[index];
	uint32_t code = (r->subleaf & 0x7f) << 1 | (r->leaf & 0x7f) << 9 | (r->leaf >> 31) << 16;

	if (r->subleaf == CPUID_SUBLEAF_NONE)
		code |= 0x100;
	return (id & ~ID_CODE_MASK) | code;
}

/* Steps within CPUID_VALUES. False: that was the last leaf. */
static bool step_cpuid(struct md_at *at, bool element)
{
	size_t next;

	if (element && !(at->id & 1)) {
		at->id++;
		return true;
	}
	next = md_cpuid_index_of(at->id) + 1;
	if (next >= cpuid_rules_len)
		return false;
	at->id = cpuid_id(at->id, next);
	return true;
}

/* Steps within one table entry. False: it has no further element or field. */
static bool step_inside(struct md_at *at, bool element)
{
	const struct md_field *f = md_field(at);
	unsigned number = (md_code(at->id) - f->code) / f->inc;
	unsigned width = element ? 1 : f->elements;

	if (number / width + 1 >= (unsigned)f->num_fields * f->elements / width)
		return false;
	at->id += (uint64_t)width * f->inc;
	return true;
}

/* From the last entry of a VMCS table on with the TDVPS table: an L2 VMCS stands in for an entry there. */
static void leave_table(const struct md_access *a, struct md_at *at)
{
	unsigned vm = at->table == md_vmcs_l2 ? (md_class(at->id) - CLASS_VMCS_L2(1)) / 8 + 1 : 0;
	bool vmcs = at->table == md_vmcs || at->table == md_vmcs_l2;

	if (!vmcs) {
		*at = (struct md_at){ .id = MD_NONE };
		return;
	}
	use_table(at, md_vp, MD_VP_LEN, TDVPS_PAGES_PER_L2 * absent_vms(a));
	at->index = vm ? MD_VP_L2_VMCS_1 + (vm - 1) * TDVPS_PAGES_PER_L2 + 1 : 0;
	at->id = md_field(at)->id;
}

/* The first identifier of the entry that was reached, which may stand for more than it says. */
static void enter_entry(const struct md_access *a, struct md_at *at, uint64_t cls)
{
	if (!at->table)
		return;
	if (at->table == md_vp && is_vmcs_l2(at->id)) {
		cls = at->id & ID_CLASS_MASK;
		use_table(at, md_vmcs_l2, MD_VMCS_L2_LEN, 0);
		at->id = md_field(at)->id;
	}
	if (at->table == md_vmcs_l2)
		at->id = (at->id & ~ID_CLASS_MASK) | cls;
	if (is_cpuid(a, at->id))
		at->id = cpuid_id(at->id, 0);
}

static void first(const struct md_access *a, struct md_at *at)
{
	pick_table(a, MD_NONE, at);
	at->id = md_field(at)->id;
	enter_entry(a, at, 0);
}

void md_step(const struct md_access *a, struct md_at *at, bool element)
{
	uint64_t cls = at->id & ID_CLASS_MASK;

	if (is_cpuid(a, at->id) ? step_cpuid(at, element) : step_inside(at, element))
		return;
	if (at->index + 1 < at->len) {
		at->index++;
		at->id = md_field(at)->id;
	} else {
		leave_table(a, at);
	}
	enter_entry(a, at, cls);
}

const struct md_rights *md_rights(const struct md_access *a, const struct md_field *f)
{
	bool debugger = a->reader == MD_BY_HOST && a->td && td_debug(a->td);

	return &f->rights[debugger ? MD_BY_DEBUGGER : a->reader];
}

void md_step_accessible(const struct md_access *a, struct md_at *at, bool element)
{
	do
		md_step(a, at, element);
	while (at->table && !md_rights(a, md_field(at))->rd);
}

uint64_t md_next(const struct md_access *a, uint64_t id)
{
	struct md_at at;

	if (md_is_none(id)) {
		first(a, &at);
		if (md_rights(a, md_field(&at))->rd)
			return at.id;
	} else if (!md_find(a, id, &at)) {
		return MD_NONE;
	}
	md_step_accessible(a, &at, true);
	return at.id;
}

uint64_t md_check_id(struct call *c, uint64_t id)
{
	if (id & ID_SINGLE_ZERO)
		return fail(c, TDX_METADATA_FIELD_ID_INCORRECT,
			    "field id %x: bits %x must be 0 in the id of a single element", id, id & ID_SINGLE_ZERO);
	return 0;
}

static const char *ctx_name(enum md_ctx ctx)
{
	return ctx == MD_SYS ? "the module" : ctx == MD_TD ? "a TD" : "a vCPU";
}

static uint64_t find_element(const struct md_access *a, uint64_t id, struct md_at *at)
{
	if (md_find(a, id, at))
		return 0;
	return fail(a->c, TDX_METADATA_FIELD_ID_INCORRECT, "field id %x: %s has no field with class %u and code %x", id,
		    ctx_name(a->ctx), md_class(id), md_code(id));
}

struct md_element md_element(const struct md_access *a, const struct md_at *at, uint64_t id)
{
	const struct md_rights *r = md_rights(a, md_field(at));

	return (struct md_element){ .field = md_field(at), .id = id, .rd = r->rd, .wr = r->wr };
}

/* The element, with the reader's masks and view of it. */
static uint64_t get_element(const struct md_access *a, const struct md_at *at, uint64_t id, struct md_element *e)
{
	*e = md_element(a, at, id);
	return a->ctx == MD_SYS ? md_sys_get(a, e) : a->ctx == MD_TD ? md_td_get(a, e) : md_vp_get(a, e);
}

uint64_t md_read(const struct md_access *a, uint64_t id, uint64_t *value)
{
	struct md_at at;
	uint64_t status = find_element(a, id, &at);

	return status ? status : md_read_at(a, &at, id, value);
}

uint64_t md_read_at(const struct md_access *a, const struct md_at *at, uint64_t id, uint64_t *value)
{
	struct md_element e;
	uint64_t status = get_element(a, at, id, &e);

	if (status)
		return status;
	if (!e.rd)
		return fail(a->c, TDX_METADATA_FIELD_NOT_READABLE, "%s (field id %x) is not readable for this caller",
			    e.field->name, id);
	*value = e.value & e.rd & md_size_mask(e.field->size);
	return 0;
}

uint64_t md_write(const struct md_access *a, uint64_t id, uint64_t value, uint64_t mask, uint64_t *old)
{
	struct md_element e;
	struct md_at at;
	uint64_t status = find_element(a, id, &at);

	if (!status)
		status = get_element(a, &at, id, &e);
	if (status)
		return status;
	if (!(e.wr & mask))
		return fail(a->c, TDX_METADATA_FIELD_NOT_WRITABLE,
			    "%s: this caller may write bits %x, the mask selects %x", e.field->name, e.wr, mask);
	*old = e.value & e.rd & md_size_mask(e.field->size);
	return a->ctx == MD_TD ? md_td_put(a, &e, value, mask) : md_vp_put(a, &e, value, mask);
}
