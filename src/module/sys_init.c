// SPDX-License-Identifier: MIT
/*
 * TDH.SYS.INIT and LP.INIT: what the module demands of the platform, sampled once and compared on every logical
 * processor.
 */
#include "gen/checks.h"
#include "module/metadata.h"
#include "module/state.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define TME_ALGS_PLAIN 5ull	/* AES-XTS 128, 256; of CAPABILITY bits 3:0 and ACTIVATE bits 51:48 */
#define TME_ALGS_INTEGRITY 10ull

#define CPUID_LAST_BASE 0x1fu
#define CPUID_LAST_EXTENDED 0x80000008u
#define CPUID_PERFMON_MIN 5u
#define CPUID_FIXED_COUNTERS_MAX 7u

enum { EAX, EBX, ECX, EDX, CPUID_REGS };

static uint64_t rdmsr(struct call *c, uint32_t msr)
{
	return platform_rdmsr(c->m->plat, c->lp_id, msr);
}

/* ---- MSRs ---- */

/* Those that must be the same on all, in the order of LP.INIT: some before CPUID, the rest after. */
static const uint32_t common_msrs[] = {
	MSR_CORE_CAPABILITIES, MSR_ARCH_CAPABILITIES, MSR_MISC_PACKAGE_CTLS, MSR_XAPIC_DISABLE_STATUS,
	MSR_TSC_ADJUST, MSR_MTRRCAP, MSR_SMRR_BASE, MSR_SMRR_MASK, MSR_SMRR2_BASE, MSR_SMRR2_MASK,
	0x480 /* VMX_BASIC */, 0x48d, 0x48e, 0x48b, 0x492, 0x48f, 0x490 /* VMX controls */, 0x485, 0x48c,
	0x486, 0x487, 0x488, 0x489 /* CR0 and CR4 */, MSR_PERF_CAPABILITIES, MSR_TME_CAPABILITY,
	MSR_TME_ACTIVATE, MSR_KEYID_PARTITIONING, MSR_WBINVDP, MSR_WBNOINVDP,
};
#define NUM_COMMON_MSRS (sizeof(common_msrs) / sizeof(common_msrs[0]))
#define NUM_MSRS_BEFORE_CPUID 4

_Static_assert(NUM_COMMON_MSRS <= COMMON_MSRS_MAX, "room for the samples");

static uint64_t wrong_msr(struct call *c, uint32_t msr, uint64_t value)
{
	return fail(c, TDX_INCORRECT_MSR_VALUE | msr, "MSR %x reads %x, which TDX does not support", msr, value);
}

uint64_t sys_init_msrs(struct call *c)
{
	for (unsigned i = 0; i < NUM_COMMON_MSRS; i++)
		c->m->common_msr[i] = rdmsr(c, common_msrs[i]);
	return TDX_SUCCESS;
}

static bool has_smrr2(struct call *c)
{
	return rdmsr(c, MSR_MTRRCAP) & MTRRCAP_SMRR2 && !c->m->plat->config.loader.smrr2_not_supported;
}

static uint64_t compare_msrs(struct call *c, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		uint64_t value = rdmsr(c, common_msrs[i]);
		bool smrr2 = common_msrs[i] == MSR_SMRR2_BASE || common_msrs[i] == MSR_SMRR2_MASK;

		if (value != c->m->common_msr[i] && (!smrr2 || has_smrr2(c)))
			return fail(c, TDX_INCONSISTENT_MSR | common_msrs[i],
				    "MSR %x reads %x on logical processor %u and %x where TDH.SYS.INIT ran",
				    common_msrs[i], value, c->lp_id, c->m->common_msr[i]);
	}
	return TDX_SUCCESS;
}

/* ---- CPUID ---- */

static struct cpuid_regs cpuid(struct call *c, uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	platform_cpuid(c->m->plat, c->lp_id, leaf, subleaf, &r);
	return r;
}

static void rule_values(struct call *c, const struct cpuid_rule *r, uint32_t out[CPUID_REGS])
{
	struct cpuid_regs v = { 0 };
	bool extended = r->leaf >= 0x80000000u;

	if (r->leaf <= c->m->cpuid_last[extended])
		v = cpuid(c, r->leaf, r->subleaf);
	out[EAX] = v.eax;
	out[EBX] = v.ebx;
	out[ECX] = v.ecx;
	out[EDX] = v.edx;
}

/* The leaf and the mask of the bits that must hold: RCX, RDX, R8. */
static void put_cpuid_mask(struct call *c, const struct cpuid_rule *r, const struct cpuid_bits *mask)
{
	c->regs->gpr[GPR_RCX] = pair32(r->leaf, r->subleaf);
	c->regs->gpr[GPR_RDX] = pair32(mask->eax, mask->ebx);
	c->regs->gpr[GPR_R8] = pair32(mask->ecx, mask->edx);
}

static uint64_t wrong_cpuid(struct call *c, const struct cpuid_rule *r, const struct cpuid_bits *mask,
			    const struct cpuid_bits *value)
{
	put_cpuid_mask(c, r, mask);
	c->regs->gpr[GPR_R9] = pair32(value->eax, value->ebx);
	c->regs->gpr[GPR_R10] = pair32(value->ecx, value->edx);
	return fail(c, TDX_INCORRECT_CPUID_VALUE, "CPUID leaf %x subleaf %x lacks what TDX needs (RDX, R8: mask)",
		    r->leaf, r->subleaf);
}

static bool differs(const uint32_t a[CPUID_REGS], const uint32_t b[CPUID_REGS], const struct cpuid_bits *mask)
{
	return (a[EAX] ^ b[EAX]) & mask->eax || (a[EBX] ^ b[EBX]) & mask->ebx ||
	       (a[ECX] ^ b[ECX]) & mask->ecx || (a[EDX] ^ b[EDX]) & mask->edx;
}

static uint64_t no_leaf(struct call *c, uint32_t leaf)
{
	return fail(c, TDX_CPUID_LEAF_NOT_SUPPORTED | leaf, "CPUID leaf %x is missing or unusable", leaf);
}

/* CPUID 1F by subleaf: SMT, core ... levels in ascending order; the last one's shift gives the package. */
struct topology {
	unsigned previous, shift;
	bool core;
};

static uint64_t check_topology(struct call *c, const struct cpuid_rule *r, const uint32_t v[CPUID_REGS],
			       struct topology *t)
{
	unsigned type = v[ECX] >> 8 & 0xff;

	if (type) {
		if (type <= t->previous || type > 5)
			return fail(c, TDX_CPUID_LEAF_1F_FORMAT_UNRECOGNIZED,
				    "CPUID leaf 1F subleaf %u has level type %u after %u", r->subleaf, type,
				    t->previous);
		t->shift = v[EAX] & 31;
		t->core |= type == 2;
	} else if (!r->subleaf || !t->core) {
		return no_leaf(c, 0);
	} else if (t->previous) {
		unsigned sharing = c->m->l3_sharing;

		c->m->pkg_shift = t->shift;
		if (sharing >> (t->shift - 1) != 1)
			return fail(c, TDX_INVALID_WBINVD_SCOPE,
				    "%u logical processors share the L3 cache but a package has %u", sharing + 1,
				    1u << t->shift);
	}
	t->previous = type;
	return TDX_SUCCESS;
}

static uint64_t check_perfmon(struct call *c, const struct cpuid_rule *r, const uint32_t v[CPUID_REGS])
{
	static const struct cpuid_bits version = { .eax = 0xf }, version5 = { .eax = CPUID_PERFMON_MIN };
	static const struct cpuid_bits fixed = { .edx = 0x1f }, fixed7 = { .edx = CPUID_FIXED_COUNTERS_MAX };

	if ((v[EAX] & 0xff) < CPUID_PERFMON_MIN)
		return wrong_cpuid(c, r, &version, &version5);
	if ((v[EDX] & 0x1f) > CPUID_FIXED_COUNTERS_MAX)
		return wrong_cpuid(c, r, &fixed, &fixed7);
	return TDX_SUCCESS;
}

static uint64_t check_address_widths(struct call *c, const struct cpuid_rule *r, const uint32_t v[CPUID_REGS])
{
	bool la57 = cpuid(c, 7, 0).ecx & 1u << 16;
	const struct cpuid_bits mask = { .eax = 0xff00 };
	const struct cpuid_bits value = { .eax = la57 ? 57u << 8 : 48u << 8 };

	c->m->max_pa_bits = v[EAX] & 0xff;
	return (v[EAX] & mask.eax) == value.eax ? TDX_SUCCESS : wrong_cpuid(c, r, &mask, &value);
}

static uint64_t check_special_leaf(struct call *c, const struct cpuid_rule *r, uint32_t v[CPUID_REGS],
				   struct topology *t)
{
	switch (r->leaf) {
	case 0x1:
		v[EAX] = c->m->plat->config.loader.fms;
		return TDX_SUCCESS;
	case 0x4:
		if (r->subleaf == 3)
			c->m->l3_sharing = v[EAX] >> 14 & 0xfff;
		return TDX_SUCCESS;
	case 0xa: return check_perfmon(c, r, v);
	case 0x15: return v[EBX] && v[EAX] ? TDX_SUCCESS : no_leaf(c, r->leaf);
	case 0x1f: return check_topology(c, r, v, t);
	case CPUID_LAST_EXTENDED: return check_address_widths(c, r, v);
	default: return TDX_SUCCESS;
	}
}

uint64_t sys_init_cpuid_leaves(struct call *c)
{
	c->m->cpuid_last[0] = cpuid(c, 0, 0).eax;
	c->m->cpuid_last[1] = cpuid(c, 0x80000000u, 0).eax;
	if (c->m->cpuid_last[0] < CPUID_LAST_BASE)
		return no_leaf(c, CPUID_LAST_BASE);
	if (c->m->cpuid_last[1] < CPUID_LAST_EXTENDED)
		return no_leaf(c, CPUID_LAST_EXTENDED);
	return TDX_SUCCESS;
}

uint64_t sys_init_cpuid(struct call *c)
{
	struct topology t = { 0 };
	uint64_t st = TDX_SUCCESS;

	for (size_t i = 0; i < cpuid_rules_len && !st; i++) {
		const struct cpuid_rule *r = &cpuid_rules[i];
		const struct cpuid_bits *want = &r->verify_value;
		uint32_t *v = c->m->cpuid_verified[i];
		uint32_t value[CPUID_REGS] = { want->eax, want->ebx, want->ecx, want->edx };

		rule_values(c, r, v);
		if (differs(v, value, &r->verify_mask))
			st = wrong_cpuid(c, r, &r->verify_mask, want);
		else
			st = check_special_leaf(c, r, v, &t);
	}
	return st;
}

uint64_t lp_init_cpuid(struct call *c)
{
	uint32_t v[CPUID_REGS];

	for (size_t i = 0; i < cpuid_rules_len; i++) {
		const struct cpuid_rule *r = &cpuid_rules[i];

		rule_values(c, r, v);
		if (differs(v, c->m->cpuid_verified[i], &r->verify_same)) {
			put_cpuid_mask(c, r, &r->verify_same);
			return fail(c, TDX_INCONSISTENT_CPUID_FIELD,
				    "CPUID leaf %x subleaf %x of logical processor %u differs from where TDH.SYS.INIT ran",
				    r->leaf, r->subleaf, c->lp_id);
		}
		if (r->leaf == 0x1f && !r->subleaf) {
			c->scratch[0] = v[EDX] >> c->m->pkg_shift;
			if (c->scratch[0] >= MAX_PKGS)
				return fail(c, TDX_INVALID_PKG_ID | c->scratch[0], "the x2APIC id of logical processor %u gives package %u",
					    c->lp_id, c->scratch[0]);
		}
	}
	return TDX_SUCCESS;
}

/* ---- keys, CMRs, SMRRs ---- */

uint64_t sys_init_encryption(struct call *c)
{
	uint64_t cap = rdmsr(c, MSR_TME_CAPABILITY), act = rdmsr(c, MSR_TME_ACTIVATE);
	uint64_t algs = c->m->plat->config.loader.without_integrity ? TME_ALGS_PLAIN : TME_ALGS_INTEGRITY;

	if (!(act & TME_ACTIVATE_LOCK))
		return wrong_msr(c, MSR_TME_ACTIVATE, act);
	if (!(cap & algs))
		return wrong_msr(c, MSR_TME_CAPABILITY, cap);
	if (!(act >> TME_ACTIVATE_ALGS_SHIFT & algs))
		return wrong_msr(c, MSR_TME_ACTIVATE, act);
	return TDX_SUCCESS;
}

uint64_t sys_init_keys(struct call *c)
{
	uint64_t part = rdmsr(c, MSR_KEYID_PARTITIONING);
	uint64_t blocks = rdmsr(c, MSR_WBINVDP), clean = rdmsr(c, MSR_WBNOINVDP);
	unsigned most = c->m->plat->config.max_hkids;

	c->m->hkid_shift = c->m->max_pa_bits - (unsigned)(rdmsr(c, MSR_TME_ACTIVATE) >> 32 & 0xf);
	c->m->hkid_first = (unsigned)(part & 0xffffffff) + 1;
	c->m->hkid_end = c->m->hkid_first + (unsigned)(part >> 32);
	if (c->m->hkid_end > most)
		return fail(c, TDX_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED | most,
			    "MSR 0x87 reads %x: %u key ids, at most %u are supported", part, c->m->hkid_end, most);
	return blocks == clean ? TDX_SUCCESS : wrong_msr(c, MSR_WBNOINVDP, clean);
}

uint64_t sys_init_cmrs(struct call *c)
{
	const struct platform_config *cfg = &c->m->plat->config;
	uint64_t end = 0;

	for (unsigned i = 0; i < cfg->n_cmr; i++) {
		const struct mem_range *r = &cfg->cmr[i];

		if ((r->base | r->size) % PAGE_BYTES || r->base < end || r->base + r->size < r->base ||
		    (r->base + r->size - 1) >> c->m->hkid_shift)
			return fail(c, TDX_CMR_LIST_INVALID, "CMR %u at %x of %x bytes is out of order or range", i,
				    r->base, r->size);
		end = r->base + r->size;
	}
	return TDX_SUCCESS;
}

static uint64_t check_smrr(struct call *c, unsigned index, uint32_t msr_base, uint32_t msr_mask)
{
	const struct platform_config *cfg = &c->m->plat->config;
	uint64_t base = rdmsr(c, msr_base) & SMRR_ADDRESS, mask = rdmsr(c, msr_mask);
	uint64_t size = SMRR_ADDRESS + PAGE_BYTES - (mask & SMRR_ADDRESS);

	if (!(mask & SMRR_MASK_LOCK))
		return fail(c, TDX_SMRR_NOT_LOCKED | index, "the mask of SMRR %u (%x) is not locked", index, mask);
	if (!(mask & SMRR_MASK_VALID))
		return TDX_SUCCESS;
	if (!(mask & SMRR_ADDRESS) || size & (size - 1) || base & (size - 1))
		return fail(c, TDX_INVALID_SMRR_CONFIGURATION | index, "SMRR %u: base %x and mask %x are no range",
			    index, base, mask);
	for (unsigned i = 0; i < cfg->n_cmr; i++) {
		if (base < cfg->cmr[i].base + cfg->cmr[i].size && cfg->cmr[i].base < base + size)
			return fail(c, TDX_SMRR_OVERLAPS_CMR | index | i << 8, "SMRR %u at %x of %x bytes overlaps CMR %u",
				    index, base, size, i);
	}
	return TDX_SUCCESS;
}

uint64_t sys_init_smrrs(struct call *c)
{
	uint64_t st = check_smrr(c, 0, MSR_SMRR_BASE, MSR_SMRR_MASK);

	return st || !has_smrr2(c) ? st : check_smrr(c, 1, MSR_SMRR2_BASE, MSR_SMRR2_MASK);
}

/* What the configuration of TDs starts from. */
static void sample_for_tds(struct call *c)
{
	struct module *m = c->m;
	const uint32_t *version = m->cpuid_verified[md_cpuid_index(0x1, 0)];
	const uint32_t *tsc = m->cpuid_verified[md_cpuid_index(0x15, 0)];

	m->fms = version[EAX];
	m->tsc_hz = (uint64_t)tsc[ECX] * tsc[EBX] / tsc[EAX];
	m->tsc_adjust = rdmsr(c, MSR_TSC_ADJUST);
	m->arch_capabilities = rdmsr(c, MSR_ARCH_CAPABILITIES);
	m->perf_capabilities = rdmsr(c, MSR_PERF_CAPABILITIES);
}

void tdh_sys_init(struct call *c)
{
	struct module *m = c->m;

	m->seamrr_base = m->plat->config.seamrr.base;
	m->seamrr_size = m->plat->config.seamrr.size;
	sample_for_tds(c);
	__atomic_store_n(&m->sys_state, SYS_STATE_INIT_DONE, __ATOMIC_RELEASE);
}

/* ---- TDH.SYS.LP.INIT ---- */

uint64_t lp_init_first_msrs(struct call *c)
{
	return compare_msrs(c, 0, NUM_MSRS_BEFORE_CPUID);
}

uint64_t lp_init_other_msrs(struct call *c)
{
	return compare_msrs(c, NUM_MSRS_BEFORE_CPUID, NUM_COMMON_MSRS);
}

void tdh_sys_lp_init(struct call *c)
{
	c->lp->pkg = (uint32_t)c->scratch[0];
	c->lp->init_done = true;
	__atomic_fetch_add(&c->m->lps_inited, 1, __ATOMIC_ACQ_REL);
}
