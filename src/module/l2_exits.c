// SPDX-License-Identifier: MIT
/*
 * Exits of L2 VMs. Most are L1's business; what the host must see leaves the TD as from L1.
 */
#include "module/keyid.h"
#include "module/l2.h"
#include "vmx/vapic.h"
#include "platform/platform.h"
#include "gen/leaves.h"

void exit_to_l1(struct guest_exit *x, uint64_t status, uint64_t extended)
{
	x->next = NEXT_L1;
	x->exit = (struct td_exit){ .status = status, .extended = extended };
}

void l2_exit_to_l1(struct guest_exit *x)
{
	exit_to_l1(x, TDX_SUCCESS, 0);
}

/* ---- interrupts posted to L1 ---- */

#define POSTED_VECTOR_FIRST 31u /* of those that the module has L1 interrupted by */

/* The notification of L1's posted interrupts met L2: L1 gets them now if their priority is high enough. */
static void take_posted(struct guest_exit *x, uint8_t *descriptor)
{
	struct vapic a = vcpu_vapic(x->m, x->vp);
	unsigned vector;

	a.posted = descriptor;
	vector = vapic_take_posted(&a);
	if (vector >= POSTED_VECTOR_FIRST)
		vapic_request(&a, vector);
	if (vapic_pending(&a))
		exit_to_l1(x, TDX_L2_EXIT_PENDING_INTERRUPT, 0);
	else
		x->next = NEXT_AGAIN;
}

void handle_l2_interrupt(struct guest_exit *x)
{
	const struct tdvps *vps = x->vps;
	uint8_t *descriptor = NULL;

	if (vps->shadow_pin_ctls[0] & VMX_PIN_POSTED_INTERRUPTS &&
	    INTR_VECTOR(x->ve->intr_info) == vps->shadow_posted_intr_vector[0])
		descriptor = mem_shared_ptr(&x->m->plat->mem, x->lp_id, keyid_strip(x->m, vps->shadow_pid_hpa[0]),
					    POSTED_DESCRIPTOR_BYTES);
	if (descriptor)
		take_posted(x, descriptor);
	else
		exit_to_host(x, TDX_SUCCESS, x->ve->qualification, x->ve->intr_info);
}

/* ---- the others ---- */

void handle_l2_tdcall(struct guest_exit *x)
{
	bool vmcall = (x->vps->gpr[GPR_RAX] & 0xffff) == LEAF_TDG_VP_VMCALL;

	if (vmcall && x->vps->l2_ctls[x->vps->curr_vm] & L2_CTLS_TDVMCALL)
		handle_tdcall(x);
	else
		l2_exit_to_l1(x);
}

void l2_handle(struct guest_exit *x)
{
	exit_handler handler = exit_basic(x) < EXIT_REASONS ? l2_handlers[exit_basic(x)] : NULL;

	if (x->ve->reason & EXIT_ENTRY_FAILED)
		exit_entry_failed(x);
	else if (handler)
		handler(x);
	else
		exit_unexpected(x);
}

/* ---- afterwards ---- */

/* L2 goes on, unless L1 intercepts the event that it goes on with. Of that it hears by the exit that led to the event. */
static void go_on(struct guest_exit *x)
{
	l2_reinject(x->vmcs);
	if (injection_is_intercepted(x->vmcs)) {
		injection_to_exit(x->vmcs);
		l2_exit_to_l1(x);
		return;
	}
	if (x->vps->nmi_unblocking_due_to_iret)
		vmcs_set_bits(x->vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	l2_set_timer(x->m, x->vps, x->vmcs, x->vps->curr_vm);
}

/* TDG.VP.ENTER returns in L1. */
static void return_to_l1(struct guest_exit *x)
{
	uint64_t *gpr = x->vps->gpr;

	l2_store_state(x->m, x->vp, x->vps->curr_vm);
	l2_exit_registers(x->vps, x->vmcs, x->exit.status, x->exit.extended);
	gpr[GPR_RAX] = x->exit.status | x->ve->reason;
	gpr[GPR_RCX] = x->ve->qualification;
	gpr[GPR_R9] = pair32(x->ve->intr_info, gpr[GPR_R9] >> 32);
	__atomic_store_n(&x->vps->curr_vm, 0, __ATOMIC_RELAXED);
	x->vmcs = vcpu_vmcs(x->m, x->vp, 0);
	guest_skip_instruction(x->vmcs);
}

void l2_finish(struct guest_exit *x)
{
	if (x->next == NEXT_RESUME || x->next == NEXT_AGAIN)
		go_on(x);
	if (x->next != NEXT_L1)
		return;
	if (x->vps->l2_debug_ctls[x->vps->curr_vm] & L2_DEBUG_EXIT_ON_RETURN)
		exit_to_host(x, TDX_TD_EXIT_ON_L2_TO_L1, x->ve->qualification, x->ve->intr_info);
	else
		return_to_l1(x);
}
