// SPDX-License-Identifier: MIT
/*
 * Logical processors: identity, CPUID and MSRs.
 */
#include <string.h>

#include "platform/lp.h"
#include "platform/platform.h"

#define MSR_KEYID_PARTITIONING 0x87u
#define MSR_TME_ACTIVATE       0x982u
#define TME_ACTIVATE_KEY_BITS  32
#define MSR_WBINVDP	       0x98u
#define MSR_WBNOINVDP	       0x99u
#define MSR_SEAMRR_BASE	       0x1400u
#define MSR_SEAMRR_MASK	       0x1401u

#define SEAMRR_CONFIGURED (1u << 3)
#define SEAMRR_LOCKED	  (1u << 10)
#define SEAMRR_ENABLED	  (1u << 11)

uint32_t platform_lp_apic_id(const struct platform *p, unsigned lp)
{
	return ((lp % p->config.packages) << 7) | (lp / p->config.packages);
}

static bool is_entry(const struct cpuid_entry *e, uint32_t leaf, uint32_t subleaf)
{
	return e->leaf == leaf && e->subleaf == subleaf;
}

static bool find_override(const struct platform *p, unsigned lp, uint32_t leaf, uint32_t subleaf,
			  struct cpuid_regs *out)
{
	for (unsigned i = p->n_override; i-- > 0;) {
		const struct cpuid_override *o = &p->override[i];

		if ((o->lp < 0 || (unsigned)o->lp == lp) && is_entry(&o->entry, leaf, subleaf)) {
			*out = o->entry.regs;
			return true;
		}
	}
	return false;
}

static bool find_cpuid(const struct platform *p, unsigned lp, uint32_t leaf, uint32_t subleaf,
		       struct cpuid_regs *out)
{
	if (find_override(p, lp, leaf, subleaf, out))
		return true;
	for (unsigned i = 0; i < p->config.n_cpuid; i++) {
		if (!is_entry(&p->config.cpuid[i], leaf, subleaf))
			continue;
		*out = p->config.cpuid[i].regs;
		if (leaf == 0xb || leaf == 0x1f)
			out->edx = platform_lp_apic_id(p, lp);
		return true;
	}
	return false;
}

void platform_cpuid(const struct platform *p, unsigned lp, uint32_t leaf, uint32_t subleaf,
		    struct cpuid_regs *out)
{
	uint32_t other = subleaf == CPUID_NO_SUBLEAF ? 0 : CPUID_NO_SUBLEAF;

	/* A leaf without sub-leaves does not look at ECX. */
	if (!find_cpuid(p, lp, leaf, subleaf, out) && !find_cpuid(p, lp, leaf, other, out))
		memset(out, 0, sizeof(*out));
}

bool platform_set_cpuid(struct platform *p, int lp, const struct cpuid_entry *entry)
{
	if (p->n_override == PLATFORM_OVERRIDES)
		return false;
	p->override[p->n_override++] = (struct cpuid_override){ lp, *entry };
	return true;
}

void platform_clear_cpuid(struct platform *p)
{
	p->n_override = 0;
}

/* The slot that holds `addr`, or the free one where it would go. */
static unsigned msr_slot(const struct lp_msrs *m, uint32_t addr)
{
	unsigned i = (addr * 0x9e3779b1u) >> 22;

	while (m->addr[i] && m->addr[i] != addr + 1)
		i = (i + 1) % LP_MSR_SLOTS;
	return i;
}

bool platform_set_msr(struct platform *p, unsigned lp, uint32_t addr, uint64_t value)
{
	struct lp_msrs *m = &p->msrs[lp];
	unsigned i = msr_slot(m, addr);

	if (!m->addr[i]) {
		if (m->used == LP_MSR_SLOTS - 1 || addr == UINT32_MAX)
			return false;
		m->used++;
	}
	m->addr[i] = addr + 1;
	m->value[i] = value;
	return true;
}

bool platform_wrmsr(struct platform *p, unsigned lp, uint32_t addr, uint64_t value)
{
	if (addr == MSR_WBINVDP || addr == MSR_WBNOINVDP || addr == MSR_INTR_PENDING)
		return true;
	return platform_set_msr(p, lp, addr, value);
}

uint64_t platform_rdmsr(struct platform *p, unsigned lp, uint32_t addr)
{
	const struct lp_msrs *m = &p->msrs[lp];

	if (addr == MSR_INTR_PENDING)
		return platform_interrupt_pending(p, lp);
	if (addr == MSR_TSC)
		return platform_rdtsc(p);
	return m->value[msr_slot(m, addr)];
}

static void set_derived(struct platform *p, unsigned lp)
{
	const struct platform_config *c = &p->config;
	uint64_t mask = ~(c->seamrr.size - 1) & ((1ull << c->maxpa) - 1);

	platform_set_msr(p, lp, MSR_KEYID_PARTITIONING,
			 (uint64_t)c->tdx_keys << 32 | c->mktme_keys);
	if (!c->seamrr.size)
		return;
	platform_set_msr(p, lp, MSR_SEAMRR_BASE, c->seamrr.base | SEAMRR_CONFIGURED);
	platform_set_msr(p, lp, MSR_SEAMRR_MASK, mask | SEAMRR_LOCKED | SEAMRR_ENABLED);
}

/* The width of key ids follows from their number, whatever else the file says of this MSR. */
static void set_key_bits(struct platform *p, unsigned lp)
{
	uint64_t rest =
		platform_rdmsr(p, lp, MSR_TME_ACTIVATE) & ~(0xfull << TME_ACTIVATE_KEY_BITS);
	uint64_t bits = p->config.maxpa - p->hkid_shift;

	platform_set_msr(p, lp, MSR_TME_ACTIVATE, rest | bits << TME_ACTIVATE_KEY_BITS);
}

void lp_reset_msrs(struct platform *p)
{
	const struct platform_config *c = &p->config;

	memset(p->msrs, 0, c->lps * sizeof(*p->msrs));
	for (unsigned lp = 0; lp < c->lps; lp++) {
		set_derived(p, lp);
		for (unsigned i = 0; i < c->n_msr; i++)
			platform_set_msr(p, lp, c->msr[i].addr, c->msr[i].value);
		set_key_bits(p, lp);
	}
}
