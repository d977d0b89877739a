// SPDX-License-Identifier: MIT
/*
 * CPUID_VALUES of a TD: from the processor's values, the bits that the host configures, ATTRIBUTES and XFAM.
 */
#include <string.h>
#include "gen/features.h"
#include "module/cpuid.h"
#include "module/metadata.h"
#include "module/state.h"
#include "module/version.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define BAD_CONFIG (TDX_OPERAND_INVALID | TDX_OPERAND_ID_CPUID_CONFIG)

/* One leaf on its way from the processor's values to the TD's. */
struct leaf_values {
	struct call *c;
	struct tdcs *tdcs;
	size_t index;
	const struct cpuid_rule *rule;
	uint32_t reg[CPUID_REGS];
};

void td_cpuid_flags(struct tdcs *t, size_t index, const uint32_t reg[CPUID_REGS])
{
	for (unsigned left = cpuid_rules[index].flags; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		t->cpuid_flags &= ~(1u << i);
		t->cpuid_flags |= (reg[cpuid_flags[i].reg] >> cpuid_flags[i].bit & 1) << i;
	}
	if (cpuid_rules[index].flags & TD_CPUID_DDPD)
		t->spec_ctrl_mask = t->cpuid_flags & TD_CPUID_DDPD ? 0 : SPEC_CTRL_DDPD_U;
}

static void clear(struct leaf_values *v)
{
	memset(v->reg, 0, sizeof(v->reg));
}

static uint64_t refuse_leaf(struct leaf_values *v, const char *rule, uint64_t a, uint64_t b)
{
	v->c->regs->gpr[GPR_RCX] = v->rule->leaf | (uint64_t)v->rule->subleaf << 32;
	return fail(v->c, BAD_CONFIG, rule, v->rule->leaf, a, b);
}

/* The host's configuration of a leaf: only what it may set, and what it leaves out disappears. */
static uint64_t apply_config(struct leaf_values *v, const uint32_t config[CPUID_REGS])
{
	const uint32_t *direct = &v->rule->direct.eax, *allow = &v->rule->allow.eax;

	for (unsigned r = 0; r < CPUID_REGS; r++) {
		if (config[r] & ~(direct[r] | allow[r]))
			return refuse_leaf(v, "CPUID_CONFIG of leaf %x is %x in a register where only bits %x may be 1",
					   config[r], direct[r] | allow[r]);
		v->reg[r] = (v->reg[r] & ~direct[r]) | (config[r] & direct[r]);
		v->reg[r] &= config[r] | ~allow[r];
	}
	return 0;
}

/* Features that XFAM does not give. */
static void apply_xfam(struct leaf_values *v)
{
	for (unsigned i = 0; i < v->rule->num_xfam; i++) {
		const uint32_t *mask = &v->rule->xfam[i].mask.eax;

		if (v->tdcs->xfam >> v->rule->xfam[i].bit & 1)
			continue;
		for (unsigned r = 0; r < CPUID_REGS; r++)
			v->reg[r] &= ~mask[r];
	}
}

static uint64_t leaf_version(struct leaf_values *v)
{
	const struct module *m = v->c->m;

	if (!v->reg[EAX])
		v->reg[EAX] = m->fms;
	if (v->tdcs->attributes & TD_ATTR_MIGRATABLE) {
		if (!fms_valid(m, v->reg[EAX]))
			return refuse_leaf(v, "CPUID_CONFIG of leaf %x: EAX %x is no family, model and stepping "
					   "that a migratable TD may have here (processor %x)", v->reg[EAX], m->fms);
	} else if (v->reg[EAX] != m->fms) {
		return refuse_leaf(v, "CPUID_CONFIG of leaf %x: EAX %x must be 0 or the processor's %x",
				   v->reg[EAX], m->fms);
	}
	return 0;
}

static uint64_t leaf_features(struct leaf_values *v)
{
	bool hle = v->reg[EBX] & 1u << 4, rtm = v->reg[EBX] & 1u << 11;

	if (hle != rtm)
		return fail(v->c, BAD_CONFIG, "CPUID_CONFIG of leaf 7: EBX %x has only one of HLE (4) and RTM (11)",
			    v->reg[EBX]);
	if (hle && !(v->c->m->arch_capabilities & ARCH_CAP_TSX_CTRL))
		return fail(v->c, TDX_INCORRECT_MSR_VALUE | MSR_ARCH_CAPABILITIES,
			    "TSX is configured, but IA32_ARCH_CAPABILITIES %x lacks TSX_CTRL (7)",
			    v->c->m->arch_capabilities);
	v->reg[ECX] &= ~(1u << 31 | 1u << 23);
	if (v->tdcs->attributes & TD_ATTR_PKS)
		v->reg[ECX] |= 1u << 31;
	return 0;
}

uint64_t xfd_components(const struct module *m)
{
	uint64_t mask = 0;

	for (uint32_t i = 2; i < TDCS_XBUFF_COMPONENTS; i++)
		if (m->cpuid_verified[md_cpuid_index(0xd, i)][ECX] & 1u << 2)
			mask |= 1ull << i;
	return m->cpuid_verified[md_cpuid_index(0xd, 1)][EAX] & 1u << 4 ? mask : 0;
}

static void leaf_xstate(struct leaf_values *v)
{
	struct cpuid_regs now;

	switch (v->rule->subleaf) {
	case 0:
		platform_cpuid(v->c->m->plat, v->c->lp_id, 0xd, 0, &now);
		v->reg[ECX] = now.ebx;
		break;
	case 1:
		if (!(xfd_components(v->c->m) & v->tdcs->xfam))
			v->reg[EAX] &= ~(1u << 4);
		break;
	default:
		if (!(v->tdcs->xfam >> v->rule->subleaf & 1))
			clear(v);
		break;
	}
}

static uint64_t apply_leaf(struct leaf_values *v)
{
	switch (v->rule->leaf) {
	case 0x1:
		return leaf_version(v);
	case 0x7:
		return v->rule->subleaf == 0 ? leaf_features(v) : 0;
	case 0xd:
		leaf_xstate(v);
		return 0;
	case 0x15:
		v->reg[EBX] = v->tdcs->tsc_frequency;
		return 0;
	case 0x80000008: /* linear address bits */
		v->reg[EAX] = (v->reg[EAX] & ~0xff00u) | (v->tdcs->cpuid_flags & TD_CPUID_LA57 ? 57u : 48u) << 8;
		return 0;
	default:
		if (!td_has(v->c->m, v->tdcs, v->rule->present))
			clear(v);
		return 0;
	}
}

uint64_t td_cpuid_init(struct call *c)
{
	struct tdcs *t = c->td.tdcs;

	for (size_t i = 0; i < cpuid_rules_len; i++) {
		struct leaf_values v = { .c = c, .tdcs = t, .index = i, .rule = &cpuid_rules[i] };
		uint64_t status = 0;

		cpuid_common(c->m, i, v.reg);
		if (v.rule->config_index != CPUID_NOT_CONFIGURABLE)
			status = apply_config(&v, c->params.cpuid_config[v.rule->config_index]);
		if (!status) {
			apply_xfam(&v);
			status = apply_leaf(&v);
		}
		if (status)
			return status;
		td_cpuid_flags(t, i, v.reg);
		memcpy(t->cpuid_values[i], v.reg, sizeof(v.reg));
		t->cpuid_valid[i] = !v.rule->faulting;
	}
	return 0;
}
