// SPDX-License-Identifier: MIT
/*
 * TDH.VP.ENTER of a vCPU that left the TD from an L2 VM: it goes on there, or in L1 as if the exit had gone to L1.
 */
#include "module/l2.h"

enum { ROUTED_NONE, ROUTED_ASYNC, ROUTED_TDVMCALL };

void l2_route_to_l1(struct tdvps *vps)
{
	if (vps->l2_exit_host_routing == ROUTED_NONE)
		vps->l2_exit_host_routing = vps->last_td_exit == LAST_TD_EXIT_TDVMCALL ? ROUTED_TDVMCALL : ROUTED_ASYNC;
}

/*
 * The TDG.VP.VMCALL that L2 left with is complete first: its results go to the state that L1 sees. If that has to wait
 * for a page, the route stays and the next entry goes on here.
 */
static bool complete_vmcall(struct call *c, unsigned vm, uint64_t *failed)
{
	struct tdvps *vps = c->vp.vps;

	if (vps->last_td_exit == LAST_TD_EXIT_TDVMCALL) {
		vp_enter_complete_vmcall(c);
		vps->last_td_exit = LAST_TD_EXIT_ASYNC_FAULT;
	}
	if (!l2_translate_state(c->m, &c->td, vps, vm, failed))
		return false;
	l2_store_state(c->m, &c->vp, vm);
	return true;
}

static bool return_to_l1(struct call *c, const struct vmcs *vmcs, uint64_t *failed)
{
	struct tdvps *vps = c->vp.vps;
	bool vmcall = vps->l2_exit_host_routing == ROUTED_TDVMCALL;

	if (vmcall && !complete_vmcall(c, vps->curr_vm, failed))
		return false;
	l2_exit_registers(vps, vmcs, vmcall ? TDX_L2_EXIT_HOST_ROUTED_TDVMCALL : TDX_L2_EXIT_HOST_ROUTED_ASYNC, 0);
	vps->l2_exit_host_routing = ROUTED_NONE;
	__atomic_store_n(&vps->curr_vm, 0, __ATOMIC_RELAXED);
	guest_skip_instruction(vcpu_vmcs(c->m, &c->vp, 0));
	return true;
}

bool l2_resume(struct call *c, uint64_t *failed)
{
	struct tdvps *vps = c->vp.vps;
	struct vmcs *vmcs = vcpu_vmcs(c->m, &c->vp, vps->curr_vm);

	if (vps->l2_exit_host_routing == ROUTED_NONE)
		l2_reinject(vmcs);
	if (injection_is_intercepted(vmcs)) {
		injection_to_exit(vmcs);
		l2_route_to_l1(vps);
	}
	if (vps->l2_exit_host_routing != ROUTED_NONE)
		return return_to_l1(c, vmcs, failed);
	if (vps->nmi_unblocking_due_to_iret)
		vmcs_set_bits(vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	l2_set_timer(c->m, vps, vmcs, vps->curr_vm);
	return true;
}
