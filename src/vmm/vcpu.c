// SPDX-License-Identifier: MIT
/*
 * The vCPU loop: enter the TD, look at why it came back, serve that, enter again.
 */
#include <inttypes.h>
#include <string.h>

#include "tdx/tdx.h"
#include "vmm/regs.h"
#include "vmm/vm.h"

/*
 * The guest kept failing on a lock that the host wants: an exit, which leaves room for the host's
 * other threads to take it.
 */
static bool timed_out(tdx_status_t status)
{
	return tdx_status_is(status, TDX_HOST_PRIORITY_BUSY_TIMEOUT);
}

/* So often in a row is not progress. */
#define TIMEOUTS_MAX 1000

static tdx_status_t enter(struct vmm_vcpu *vcpu)
{
	tdx_tdvpr_t tdvpr = tdx_tdvpr(vcpu->vm->td.vcpu[vcpu->index].tdvpr);
	tdx_status_t status;
	unsigned tries = 0;

	do
		status = tdh_vp_enter_rbp(tdvpr, 0, vcpu->regs);
	while (host_again(status, &tries) && !atomic_load(&vcpu->vm->end));
	/* Also a refused entry may have associated the vCPU with this logical processor. */
	if (!tdx_status_is(status, TDX_VCPU_ASSOCIATED))
		vcpu->vm->td.vcpu[vcpu->index].lp = (int)vcpu->index;
	atomic_fetch_add(&vcpu->vm->counts.exits, 1);
	return status;
}

/* Registers of an EPT-violation exit: RCX qualification, RDX extended qualification, R8 the page.
 */
static void ept_violation(struct vmm_vcpu *vcpu)
{
	const uint64_t *regs = vcpu->regs;
	unsigned type = regs[RDX] & TDX_EXT_EXIT_QUALIFICATION_TYPE_MASK;
	const struct vm_fault fault = {
		.gpa = align_down(regs[R8], VMM_4K),
		.fetch = regs[RCX] & 4,
		.pending = type == TDX_EXT_EXIT_PENDING_EPT_VIOLATION,
		.accept_level = type == TDX_EXT_EXIT_ACCEPT ? (int)(regs[RDX] >> 32 & 7) : -1,
	};

	vm_memory_fault(vcpu, &fault);
}

static void handle_exit(struct vmm_vcpu *vcpu, tdx_status_t status)
{
	unsigned reason = tdx_status_exit_reason(status);

	switch (reason) {
	case TDX_EXIT_REASON_TDCALL: vmcall_serve(vcpu); break;
	case TDX_EXIT_REASON_EPT_VIOLATION: ept_violation(vcpu); break;
	case TDX_EXIT_REASON_EXTERNAL_INTERRUPT: break;
	default:
		vm_end(vcpu->vm, VM_FAILED,
		       "vCPU %u: the TD exited with reason %u, which this VMM does not serve",
		       vcpu->index, reason);
	}
}

static void entry_refused(struct vmm_vcpu *vcpu, tdx_status_t status)
{
	struct vmm_error err;

	if (tdx_status_is(status, TDX_NON_RECOVERABLE_VCPU) &&
	    tdx_status_exit_reason(status) == TDX_EXIT_REASON_TRIPLE_FAULT) {
		vm_end(vcpu->vm, VM_TRIPLE_FAULT, "vCPU %u: triple fault", vcpu->index);
		return;
	}
	vmm_fail_call(&err, "TDH.VP.ENTER", status);
	vm_end_error(vcpu->vm, VM_FAILED, &err);
}

void vcpu_run_once(struct vmm_vcpu *vcpu)
{
	struct vmm_vm *vm = vcpu->vm;
	struct vmm_error err;
	tdx_status_t status;

	vcpu->halt = HALT_NOT;
	if (irq_deliver_nmi(&vm->irq, &vm->td, vcpu->index, &err)) {
		vm_end_error(vm, VM_FAILED, &err);
		return;
	}
	status = enter(vcpu);
	vcpu->timeouts = timed_out(status) ? vcpu->timeouts + 1 : 0;
	if (tdx_status_ok(status))
		handle_exit(vcpu, status);
	else if (!vcpu->timeouts || vcpu->timeouts > TIMEOUTS_MAX)
		entry_refused(vcpu, status);
}

void *vcpu_thread(void *opaque)
{
	struct vmm_vcpu *vcpu = opaque;
	struct vmm_vm *vm = vcpu->vm;
	struct vmm_error err;

	if (host_enter_lp(vm->host, vcpu->index, &err)) {
		vm_end_error(vm, VM_FAILED, &err);
		return NULL;
	}
	while (!atomic_load(&vm->end)) {
		vcpu_run_once(vcpu);
		if (vcpu->halt != HALT_NOT)
			vcpu_halted(vcpu);
	}
	if (td_flush_vcpu(&vm->td, vcpu->index, &err))
		vm_end_error(vm, VM_FAILED, &err);
	host_leave_lp(vm->host);
	return NULL;
}
