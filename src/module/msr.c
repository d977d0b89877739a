// SPDX-License-Identifier: MIT
/*
 * MSR bitmaps from the table of MSR virtualization and the TD's configuration.
 */
#include "module/msr.h"
#include "module/state.h"
#include "vmx/x86.h"

/* The two MSRs whose condition is their own. */
static bool has_other(const struct module *m, const struct tdcs *t, uint32_t msr)
{
	if (!(t->attributes & TD_ATTR_PERFMON))
		return false;
	if (msr == MSR_PERF_CAPABILITIES)
		return t->xfam & XFAM_PT;
	return m->perf_capabilities & PERF_METRICS_AVAILABLE;
}

bool msr_intercepted(const struct module *m, const struct td *td, const struct msr_rule *rule, uint8_t condition)
{
	const struct tdcs *t = td->tdcs;

	switch ((enum msr_intercept)condition) {
	case MSR_INTERCEPT_NEVER: return false;
	case MSR_INTERCEPT_ALWAYS: return true;
	case MSR_INTERCEPT_UNLESS_PERFMON: return !(t->attributes & TD_ATTR_PERFMON);
	case MSR_INTERCEPT_UNLESS_UMWAIT: return !(t->cpuid_flags & TD_CPUID_WAITPKG);
	case MSR_INTERCEPT_UNLESS_TSX: return !(t->cpuid_flags & TD_CPUID_TSX);
	case MSR_INTERCEPT_UNLESS_XFD: return !(t->cpuid_flags & TD_CPUID_XFD);
	case MSR_INTERCEPT_UNLESS_OTHER: return !has_other(m, t, rule->first);
	case MSR_INTERCEPT_UNLESS_XFAM_PT: return !(t->xfam & XFAM_PT);
	case MSR_INTERCEPT_UNLESS_XFAM_CET: return (t->xfam & XFAM_CET) != XFAM_CET;
	case MSR_INTERCEPT_UNLESS_PKS: return !(t->attributes & TD_ATTR_PKS);
	case MSR_INTERCEPT_UNLESS_XFAM_ULI: return !(t->xfam & XFAM_ULI);
	case MSR_INTERCEPT_UNLESS_XFAM_LBR: return !(t->xfam & XFAM_LBR);
	}
	return true;
}

static void pass(uint8_t *bitmap, uint32_t msr)
{
	bitmap[MSR_BITMAP_BYTE(msr)] &= (uint8_t)~MSR_BITMAP_BIT(msr);
}

void msr_bitmaps_init(const struct module *m, const struct td *td)
{
	uint8_t *page = td_page(m, td, TDCS_PAGE_MSR_BITMAPS);

	for (size_t i = 0; i < msr_rules_len; i++) {
		const struct msr_rule *r = &msr_rules[i];
		bool rd = !msr_intercepted(m, td, r, r->rd), wr = !msr_intercepted(m, td, r, r->wr);

		for (uint32_t msr = r->first; (rd || wr) && msr <= r->last; msr++) {
			if (rd)
				pass(page, msr);
			if (wr)
				pass(page + MSR_BITMAP_WRITES, msr);
		}
	}
}
