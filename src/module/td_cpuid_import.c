// SPDX-License-Identifier: MIT
/*
 * CPUID_VALUES of a TD that comes from another platform: this one must be able to keep what the guest was told.
 */
#include "gen/features.h"
#include "module/cpuid.h"
#include "module/state.h"
#include "module/td_config.h"
#include "module/version.h"
#include "platform/platform.h"

static const char NOT_HERE[] = "bits are set that this processor or module does not have";
static const char NOT_CONFIGURED[] = "the TD's ATTRIBUTES or XFAM do not give this";

static bool is_zero(const uint32_t reg[CPUID_REGS])
{
	return !(reg[EAX] | reg[EBX] | reg[ECX] | reg[EDX]);
}

static bool is_native(const struct module *m, size_t index, const uint32_t reg[CPUID_REGS])
{
	for (unsigned r = 0; r < CPUID_REGS; r++)
		if (reg[r] != m->cpuid_verified[index][r])
			return false;
	return true;
}

static const char *check_bits(const struct module *m, size_t index, const uint32_t reg[CPUID_REGS])
{
	const struct cpuid_rule *rule = &cpuid_rules[index];
	const uint32_t *fixed0 = &rule->fixed0.eax, *fixed1 = &rule->fixed1.eax, *allow = &rule->allow.eax;

	for (unsigned r = 0; r < CPUID_REGS; r++) {
		if (reg[r] & fixed0[r] || ~reg[r] & fixed1[r])
			return NOT_HERE;
		if (rule->config_index != CPUID_NOT_CONFIGURABLE && reg[r] & allow[r] & ~m->cpuid_verified[index][r])
			return NOT_HERE;
	}
	return NULL;
}

static const char *check_xfam(uint64_t xfam, size_t index, const uint32_t reg[CPUID_REGS])
{
	const struct cpuid_rule *rule = &cpuid_rules[index];

	for (unsigned i = 0; i < rule->num_xfam; i++) {
		const uint32_t *mask = &rule->xfam[i].mask.eax;

		if (xfam >> rule->xfam[i].bit & 1)
			continue;
		for (unsigned r = 0; r < CPUID_REGS; r++)
			if (reg[r] & mask[r])
				return NOT_CONFIGURED;
	}
	return NULL;
}

static const char *check_monitor(const struct module *m, const struct tdcs *t, size_t index,
				 const uint32_t reg[CPUID_REGS])
{
	const uint32_t *fixed0 = &cpuid_rules[index].fixed0.eax;

	if (!td_has(m, t, cpuid_rules[index].present))
		return is_zero(reg) ? NULL : NOT_CONFIGURED;
	for (unsigned r = 0; r < CPUID_REGS; r++)
		if ((reg[r] ^ m->cpuid_verified[index][r]) & ~fixed0[r])
			return NOT_HERE;
	return NULL;
}

static const char *check_features(const struct module *m, const struct tdcs *t, const uint32_t reg[CPUID_REGS])
{
	bool hle = reg[EBX] & 1u << 4, rtm = reg[EBX] & 1u << 11;

	if (hle != rtm || (hle && !(m->arch_capabilities & ARCH_CAP_TSX_CTRL)))
		return "HLE (4) and RTM (11) go together and need IA32_TSX_CTRL";
	if (!(reg[ECX] & 1u << 31) != !(t->attributes & TD_ATTR_PKS) || reg[ECX] & 1u << 23)
		return NOT_CONFIGURED;
	return NULL;
}

static const char *check_xstate(struct call *c, uint32_t subleaf, const uint32_t reg[CPUID_REGS])
{
	struct cpuid_regs now;

	switch (subleaf) {
	case 0:
		platform_cpuid(c->m->plat, c->lp_id, 0xd, 0, &now);
		return reg[ECX] == now.ebx ? NULL : "ECX is not the size of this processor's XSAVE area";
	case 1:
		return reg[EAX] & 1u << 4 && !xfd_components(c->m) ? NOT_HERE : NULL;
	default:
		return !(c->td.tdcs->xfam >> subleaf & 1) && !is_zero(reg) ? NOT_CONFIGURED : NULL;
	}
}

static const char *check_whole(const struct module *m, const struct tdcs *t, size_t index,
			       const uint32_t reg[CPUID_REGS])
{
	uint32_t leaf = cpuid_rules[index].leaf;

	if (!td_has(m, t, cpuid_rules[index].present))
		return is_zero(reg) ? NULL : NOT_CONFIGURED;
	if (leaf == 0xa)
		return is_native(m, index, reg) ? NULL : NOT_HERE;
	return leaf != 0x15 || reg[EBX] == t->tsc_frequency ? NULL : "EBX is not TSC_FREQUENCY";
}

static const char *check_leaf(struct call *c, size_t index, const uint32_t reg[CPUID_REGS])
{
	const struct cpuid_rule *rule = &cpuid_rules[index];
	const struct module *m = c->m;
	const struct tdcs *t = c->td.tdcs;

	switch (rule->leaf) {
	case 0x1:
		return fms_valid(m, reg[EAX]) ? NULL : "EAX is no family, model and stepping that a TD may have here";
	case 0x5:
		return check_monitor(m, t, index, reg);
	case 0x7:
		if (rule->subleaf > 2)
			return NOT_HERE;
		return rule->subleaf ? NULL : check_features(m, t, reg);
	case 0xd:
		return check_xstate(c, rule->subleaf, reg);
	default:
		return check_whole(m, t, index, reg);
	}
}

const char *td_cpuid_import(struct call *c, size_t index, const uint32_t reg[CPUID_REGS])
{
	const char *problem;

	if (index >= cpuid_rules_len)
		return "there is no such leaf";
	problem = check_bits(c->m, index, reg);
	if (!problem)
		problem = check_xfam(c->td.tdcs->xfam, index, reg);
	if (!problem)
		problem = check_leaf(c, index, reg);
	if (problem)
		return problem;
	td_cpuid_flags(c->td.tdcs, index, reg);
	c->td.tdcs->cpuid_valid[index] = 1;
	return NULL;
}
