// SPDX-License-Identifier: MIT
/*
 * Any leaf of the tables on any of the shared objects: each operand is of the type that the table
 * says.
 */
#include "stress.h"

#include "gen/leaves.h"
#include "module/metadata.h"

#define CHURN_HKID (BOX_HKID + 8)

static uint64_t any_of(struct worker *w, const uint64_t *list, unsigned n)
{
	return list[stress_rnd(w, n)];
}

static uint64_t any_field(struct worker *w, unsigned context)
{
	static const uint64_t td[] = { 0x9010000200000004, 0x9210000300000000, 0x8010000300000004,
				       0x1310000300000000, 0x1110000300000011, 0x9110000300000010,
				       0x9810000300000018, 0x9810000300000010 };
	static const uint64_t vp[] = { 0x202000000000000b, 0xa020000200000002, 0x1020000300000003,
				       0xa020000000000007, 0x1120000300000028, 0xa020000300000050 };
	static const uint64_t sys[] = { 0x0a00000300000008, UINT64_MAX };

	if (context == MD_VP)
		return any_of(w, vp, sizeof(vp) / sizeof(vp[0]));
	if (context == MD_TD)
		return any_of(w, td, sizeof(td) / sizeof(td[0]));
	return any_of(w, sys, 2);
}

/* What can hinder those who see to the other TDs' lives. */
static bool for_churn_only(const struct leaf_desc *leaf)
{
	uint32_t number = leaf->number;

	return leaf->cls == LEAF_HOST &&
	       (number == LEAF_TDH_MNG_VPFLUSHDONE || number == LEAF_TDH_MNG_CREATE ||
		number == LEAF_TDH_VP_CREATE || number == LEAF_TDH_MIG_STREAM_CREATE ||
		(number >= LEAF_TDH_EXPORT_ABORT && number <= LEAF_TDH_IMPORT_STATE_VP));
}

static uint64_t operand(struct worker *w, const struct leaf_desc *leaf,
			const struct leaf_operand *o)
{
	uint64_t tdr = for_churn_only(leaf) ? w->s->tdr[FIRST_CHURN + stress_rnd(w, CHURN)]
					    : stress_tdr(w);

	switch (o->type) {
	case OPERAND_TYPE_GPA_LEVEL: return stress_gpa(w, stress_rnd(w, 2));
	case OPERAND_TYPE_GPA_4K:
	case OPERAND_TYPE_GPA:
	case OPERAND_TYPE_GPA_RAW:
	case OPERAND_TYPE_GPA_REPORT_DATA: return stress_gpa(w, 0);
	case OPERAND_TYPE_TDR_PA: return tdr;
	case OPERAND_TYPE_TDR_FLAG: return tdr | stress_rnd(w, 2);
	case OPERAND_TYPE_TDVPR_PA:
		return stress_rnd(w, 4) && !for_churn_only(leaf) ? stress_vcpu(w) : stress_page(w);
	case OPERAND_TYPE_PAGE_OR_NULL: return stress_rnd(w, 2) ? stress_page(w) : UINT64_MAX;
	case OPERAND_TYPE_PRIVATE_PA:
	case OPERAND_TYPE_KEYED_PA: return stress_page(w);
	case OPERAND_TYPE_SHARED_PA:
	case OPERAND_TYPE_SHARED_PA_OR_NULL: return o->reg == REG_R8 ? OUT(w) + 0x800 : OUT(w);
	case OPERAND_TYPE_HKID: return CHURN_HKID + stress_rnd(w, CHURN);
	case OPERAND_TYPE_FIELD_ID: return any_field(w, leaf->context);
	case OPERAND_TYPE_GPA_LIST_INFO: return GPAS(w);
	case OPERAND_TYPE_PAGE_LIST_INFO: return LIST(w);
	case OPERAND_TYPE_MBMD_INFO: return MBMD_OPERAND(w);
	case OPERAND_TYPE_SERVTD_ATTR: return SERVTD_ATTRIBUTES;
	case OPERAND_TYPE_WRITE_MASK: return stress_rnd(w, 2) ? UINT64_MAX : 1;
	default: return 0;
	}
}

static void operands(struct worker *w, const struct leaf_desc *leaf, uint64_t in[8])
{
	for (unsigned i = 0; i < leaf->num_ins; i++) {
		const struct leaf_operand *o = &leaf->ins[i];

		if (o->reg == REG_RCX || o->reg == REG_RDX)
			in[o->reg - REG_RCX] = operand(w, leaf, o);
		else if (o->reg >= REG_R8 && o->reg <= REG_R13)
			in[o->reg - REG_R8 + 2] = operand(w, leaf, o);
	}
}

static const struct leaf_desc *any_leaf(struct worker *w, enum leaf_class cls)
{
	const struct leaf_desc *leaf;

	do
		leaf = &leaf_table[stress_rnd(w, (unsigned)leaf_table_len)];
	while (leaf->cls != cls);
	return leaf;
}

void stress_any_host(struct worker *w)
{
	const struct leaf_desc *leaf = any_leaf(w, LEAF_HOST);
	uint64_t in[8] = { 0 }, version = leaf->versions & 2 && stress_rnd(w, 2) ? 1 << 16 : 0;

	if (leaf->number == LEAF_TDH_VP_ENTER || leaf->number == LEAF_TDH_SYS_SHUTDOWN)
		return;
	operands(w, leaf, in);
	stress_spare(w, in);
	stress_call(w, version | leaf->number, in);
}

void stress_any_guest(struct worker *w)
{
	const struct leaf_desc *leaf = any_leaf(w, LEAF_GUEST);
	uint64_t in[8] = { 0 };

	operands(w, leaf, in);
	if (leaf->number == LEAF_TDG_MR_REPORT)
		in[0] |= 0x400;
	stress_tdcall(w, leaf->number, in);
}
