// SPDX-License-Identifier: MIT
/*
 * Intercepted MSR accesses: what the table says, and the few registers that the module serves itself.
 */
#include "gen/features.h"
#include "module/cpuid.h"
#include "module/guest.h"
#include "module/metadata.h"
#include "platform/platform.h"
#include "vmx/x86.h"

#define DEBUGCTL_RESERVED (~0xffc7ull)
#define LEGACY_XAPIC_DISABLED 1ull
#define CLASS_VIRTUAL_MSRS 22

enum msr_outcome { MSR_DONE, MSR_GP, MSR_VE, MSR_UNEXPECTED };

/* ---- the table ---- */

static const struct msr_rule *find_rule(uint32_t msr)
{
	for (size_t i = 0; i < msr_rules_len; i++)
		if (msr >= msr_rules[i].first && msr <= msr_rules[i].last)
			return &msr_rules[i];
	return NULL;
}

static enum msr_outcome by_table(const struct guest_exit *x, uint32_t msr, bool write)
{
	const struct msr_rule *rule = find_rule(msr);
	uint8_t ve;

	if (!rule)
		return MSR_VE;
	ve = write ? rule->wr_ve : rule->rd_ve;
	if (ve == MSR_BY_MODULE || td_has(x->m, x->tdcs, write ? rule->wr : rule->rd))
		return MSR_UNEXPECTED;
	return td_has(x->m, x->tdcs, ve) ? MSR_VE : MSR_GP;
}

/* ---- RDMSR ---- */

static enum msr_outcome answer(struct guest_exit *x, uint64_t value)
{
	x->vps->gpr[GPR_RAX] = value & 0xffffffff;
	x->vps->gpr[GPR_RDX] = value >> 32;
	return MSR_DONE;
}

static enum msr_outcome read_misc_enable(struct guest_exit *x)
{
	uint64_t value = platform_rdmsr(x->m->plat, x->lp_id, MSR_MISC_ENABLE);

	if (x->tdcs->attributes & TD_ATTR_PERFMON)
		return MSR_UNEXPECTED;
	return answer(x, (value & ~MISC_ENABLE_PERFMON) | MISC_ENABLE_PEBS_UNAVAILABLE);
}

static enum msr_outcome read_perf_capabilities(struct guest_exit *x)
{
	if (!(x->tdcs->attributes & TD_ATTR_PERFMON))
		return answer(x, 0);
	if (x->tdcs->xfam & XFAM_PT)
		return MSR_UNEXPECTED;
	return answer(x, x->m->perf_capabilities & ~PERF_CAP_PEBS_TO_PT);
}

/* What the TDCS has instead of a register that TDX virtualizes: the field code is the number of the MSR. */
static bool read_virtual(struct guest_exit *x, uint32_t msr)
{
	for (unsigned i = 0; i < MD_TD_LEN; i++) {
		if (md_td[i].cls != CLASS_VIRTUAL_MSRS || md_td[i].code != msr || md_td[i].offset == MD_NO_OFFSET)
			continue;
		answer(x, word_load(x->tdcs->page + md_td[i].offset, sizeof(uint64_t)));
		return true;
	}
	return false;
}

static enum msr_outcome read_msr(struct guest_exit *x, uint32_t msr)
{
	bool vmx = msr >= MSR_VMX_BASIC && msr <= MSR_VMX_PROC_CTLS3;

	switch (msr) {
	case MSR_DEBUGCTL: return answer(x, vmcs_read(x->vmcs, VMCS_GUEST_DEBUGCTL) & ~DEBUGCTL_UNCORE_PMI);
	case MSR_MISC_ENABLE: return read_misc_enable(x);
	case MSR_PERF_CAPABILITIES: return read_perf_capabilities(x);
	case MSR_ARCH_CAPABILITIES: return answer(x, x->tdcs->virtual_ia32_arch_capabilities);
	case MSR_XAPIC_DISABLE_STATUS: return answer(x, LEGACY_XAPIC_DISABLED);
	default: break;
	}
	if (vmx && x->vps->curr_vm)
		return MSR_VE;
	return vmx && read_virtual(x, msr) ? MSR_DONE : by_table(x, msr, false);
}

/* ---- WRMSR ---- */

static enum msr_outcome write_xss(struct guest_exit *x, uint64_t value)
{
	if (value & ~(xss_supported(x->m) & x->vps->xfam))
		return MSR_GP;
	x->vps->msr_xss = value;
	return MSR_DONE;
}

static enum msr_outcome write_debugctl(struct guest_exit *x, uint64_t value)
{
	uint64_t old = vmcs_read(x->vmcs, VMCS_GUEST_DEBUGCTL);

	if (value & DEBUGCTL_RESERVED)
		return MSR_GP;
	if (value & DEBUGCTL_TR && !(value & DEBUGCTL_BTS))
		return MSR_VE;
	value = (value & ~DEBUGCTL_UNCORE_PMI) | (old & DEBUGCTL_UNCORE_PMI);
	vmcs_write(x->vmcs, VMCS_GUEST_DEBUGCTL, value);
	if (vmcs_read(x->vmcs, VMCS_GUEST_RFLAGS) & RFLAGS_TF && (value ^ old) & DEBUGCTL_BTF)
		guest_set_pending_step(x->vmcs, old & DEBUGCTL_BTF);
	return MSR_DONE;
}

/* Only SCE may change, in an L2 VM LME too; LMA is read-only. */
static enum msr_outcome write_efer(struct guest_exit *x, uint64_t value)
{
	uint64_t old = vmcs_read(x->vmcs, VMCS_GUEST_EFER);
	uint64_t free_bits = EFER_SCE | (x->vps->curr_vm ? EFER_LME : 0);

	value = (value & ~EFER_LMA) | (old & EFER_LMA);
	if ((value ^ old) & ~free_bits)
		return MSR_VE;
	vmcs_write(x->vmcs, VMCS_GUEST_EFER, value);
	return MSR_DONE;
}

static enum msr_outcome write_msr(struct guest_exit *x, uint32_t msr)
{
	uint64_t value = x->vps->gpr[GPR_RDX] << 32 | (x->vps->gpr[GPR_RAX] & 0xffffffff);

	switch (msr) {
	case MSR_XSS: return write_xss(x, value);
	case MSR_DEBUGCTL: return write_debugctl(x, value);
	case MSR_EFER: return write_efer(x, value);
	default: return by_table(x, msr, true);
	}
}

/* ---- both ---- */

/* L1 has a bitmap of its own for each of its VMs. */
static bool l1_intercepts(const struct guest_exit *x, uint32_t msr, bool write)
{
	unsigned vm = x->vps->curr_vm;
	const uint8_t *bitmap;

	if (!vm)
		return false;
	bitmap = vcpu_page(x->m, x->vp, TDVPS_PAGE_L2 + (vm - 1) * TDVPS_PAGES_PER_L2 + 2);
	return bitmap[MSR_BITMAP_BYTE(msr) + (write ? MSR_BITMAP_WRITES : 0)] & MSR_BITMAP_BIT(msr);
}

static void handle(struct guest_exit *x, bool write)
{
	uint32_t msr = (uint32_t)x->vps->gpr[GPR_RCX];
	enum msr_outcome outcome = MSR_VE;

	if (MSR_IN_BITMAP(msr) && !l1_intercepts(x, msr, write))
		outcome = write ? write_msr(x, msr) : read_msr(x, msr);
	switch (outcome) {
	case MSR_DONE: break;
	case MSR_GP: inject_gp(x); break;
	case MSR_VE: deny(x, x->ve->reason, 0); break;
	case MSR_UNEXPECTED: exit_unexpected(x); break;
	}
}

void handle_rdmsr(struct guest_exit *x)
{
	handle(x, false);
}

void handle_wrmsr(struct guest_exit *x)
{
	handle(x, true);
}
