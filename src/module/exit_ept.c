// SPDX-License-Identifier: MIT
/*
 * Second-stage faults: pages that wait for acceptance, pages that the host has to bring, addresses that a TD
 * does not have.
 */
#include "module/guest.h"
#include "module/guest_mem.h"
#include "module/stepping.h"
#include "vmx/x86.h"

#define PHYSICAL_BITS 52

/* An address above the shared bit is a reserved bit in a page table, on this processor as on a smaller one. */
static bool above_address_width(const struct guest_exit *x, uint64_t gpa)
{
	unsigned width = td_gpa_width(x->td);

	return width < PHYSICAL_BITS && gpa >> width & ((1ull << (PHYSICAL_BITS - width)) - 1);
}

static uint32_t page_fault_code(const struct guest_exit *x)
{
	uint64_t q = x->ve->qualification;

	return PF_PRESENT | PF_RESERVED | (q & EPT_Q_WRITE ? PF_WRITE : 0) |
	       (guest_cpl(x->vmcs) == 3 ? PF_USER : 0) | (q & EPT_Q_FETCH ? PF_FETCH : 0) |
	       (q & EPT_Q_SHADOW_STACK ? PF_SHADOW_STACK : 0);
}

static bool waits_for_acceptance(const struct guest_exit *x, uint64_t gpa)
{
	struct sept_ref ref;

	sept_walk(x->m, x->td, gpa, 0, &ref);
	return SEPT_ACCEPTABLE & SEPT_SET(ref.state);
}

static void private_violation(struct guest_exit *x, uint64_t gpa)
{
	enum ext_exit_type extended = EXT_EXIT_NONE;

	if (waits_for_acceptance(x, gpa)) {
		if (!(x->tdcs->td_ctls & TD_CTLS_PENDING_VE_DISABLE)) {
			inject_ve(x, x->ve->reason, x->ve->qualification, gpa, x->ve->guest_linear);
			return;
		}
		extended = EXT_EXIT_PENDING_EPT_VIOLATION;
	}
	stepping_log_violation(x, gpa);
	exit_ept(x, gpa, x->ve->qualification, extended);
}

void handle_ept_violation(struct guest_exit *x)
{
	uint64_t gpa = x->ve->guest_physical;
	uint64_t q = x->ve->qualification;

	if (q & EPT_Q_NMI_UNBLOCKING)
		guest_reblock_nmi(x);
	if (above_address_width(x, gpa) && q & EPT_Q_GLA_VALID)
		inject_pf(x, x->ve->guest_linear, page_fault_code(x));
	else if (guest_gpa_shared(x->td, gpa))
		exit_ept(x, gpa, q, EXT_EXIT_NONE);
	else
		private_violation(x, gpa);
}

/* L1 hears of violations of pages that it has: it gave them to the VM with other rights, or not at all. */
static bool l1_has_page(struct guest_exit *x, uint64_t gpa)
{
	struct sept_ref ref;

	sept_walk(x->m, x->td, gpa, 0, &ref);
	if (SEPT_GUEST_READ & SEPT_SET(ref.state))
		exit_to_l1(x, TDX_SUCCESS, 0);
	else if (SEPT_ACCEPTABLE & SEPT_SET(ref.state))
		exit_to_l1(x, TDX_SUCCESS, EXT_EXIT_PENDING_EPT_VIOLATION);
	return x->next == NEXT_L1;
}

void handle_l2_ept_violation(struct guest_exit *x)
{
	uint64_t gpa = x->ve->guest_physical;
	uint64_t q = x->ve->qualification;

	if (above_address_width(x, gpa) && q & EPT_Q_GLA_VALID) {
		exit_to_l1(x, TDX_SUCCESS, 0);
		return;
	}
	if (!guest_gpa_shared(x->td, gpa)) {
		if (l1_has_page(x, gpa))
			return;
		stepping_log_violation(x, gpa);
	}
	if (q & EPT_Q_NMI_UNBLOCKING)
		guest_reblock_nmi(x);
	exit_ept(x, gpa, q, EXT_EXIT_NONE);
}

void handle_ept_misconfiguration(struct guest_exit *x)
{
	if (guest_gpa_shared(x->td, x->ve->guest_physical))
		exit_ept_misconfigured(x, x->ve->guest_physical);
	else
		exit_unexpected(x);
}
