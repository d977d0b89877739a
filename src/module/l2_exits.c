// SPDX-License-Identifier: MIT
/*
 * Exits of L2 VMs. Most are L1's business; what the host must see leaves the TD as from L1.
 */
#include "module/keyid.h"
#include "module/l2.h"
#include "vmx/vapic.h"
#include "platform/platform.h"
#include "gen/leaves.h"

#define L2_CTLS_TDVMCALL (1ull << 1)

void exit_to_l1(struct guest_exit *x, uint64_t status, uint64_t extended)
{
	x->next = NEXT_L1;
	x->exit = (struct td_exit){ .status = status, .extended = extended };
}

static void to_l1(struct guest_exit *x)
{
	exit_to_l1(x, TDX_SUCCESS, 0);
}

static void exception_or_nmi(struct guest_exit *x)
{
	uint32_t info = x->ve->intr_info;

	if (INTR_TYPE(info) == INTR_TYPE_NMI)
		exit_to_host(x, TDX_SUCCESS, x->ve->qualification, info);
	else if (INTR_VECTOR(info) == VECTOR_MC)
		exit_to_host(x, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE, x->ve->qualification, info);
	else
		to_l1(x);
}

/* ---- interrupts posted to L1 ---- */

/* The notification of L1's posted interrupts met L2: L1 gets them now if their priority is high enough. */
static void take_posted(struct guest_exit *x, uint8_t *descriptor)
{
	struct vapic a = {
		.page = vcpu_page(x->m, x->vp, TDVPS_PAGE_VAPIC),
		.vmcs = vcpu_vmcs(x->m, x->vp, 0),
		.posted = descriptor,
	};

	vapic_take_posted(&a);
	if (vapic_pending(&a))
		exit_to_l1(x, TDX_L2_EXIT_PENDING_INTERRUPT, 0);
	else
		x->next = NEXT_AGAIN;
}

static void external_interrupt(struct guest_exit *x)
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

static void tdcall(struct guest_exit *x)
{
	bool vmcall = (x->vps->gpr[GPR_RAX] & 0xffff) == LEAF_TDG_VP_VMCALL;

	if (vmcall && x->vps->l2_ctls[x->vps->curr_vm] & L2_CTLS_TDVMCALL)
		handle_tdcall(x);
	else
		to_l1(x);
}

static const exit_handler handlers[EXIT_REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI] = exception_or_nmi,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = external_interrupt,
	[EXIT_REASON_TRIPLE_FAULT] = to_l1,
	[EXIT_REASON_INIT] = exit_as_is,
	[EXIT_REASON_IO_SMI] = exit_as_is,
	[EXIT_REASON_OTHER_SMI] = handle_smi,
	[EXIT_REASON_INTERRUPT_WINDOW] = to_l1,
	[EXIT_REASON_NMI_WINDOW] = to_l1,
	[EXIT_REASON_TASK_SWITCH] = to_l1,
	[EXIT_REASON_CPUID] = to_l1,
	[EXIT_REASON_GETSEC] = to_l1,
	[EXIT_REASON_HLT] = to_l1,
	[EXIT_REASON_INVD] = to_l1,
	[EXIT_REASON_INVLPG] = to_l1,
	[EXIT_REASON_RDPMC] = to_l1,
	[EXIT_REASON_RDTSC] = to_l1,
	[EXIT_REASON_RSM] = to_l1,
	[EXIT_REASON_VMCALL] = to_l1,
	[EXIT_REASON_VMCLEAR] = to_l1,
	[EXIT_REASON_VMLAUNCH] = to_l1,
	[EXIT_REASON_VMPTRLD] = to_l1,
	[EXIT_REASON_VMPTRST] = to_l1,
	[EXIT_REASON_VMREAD] = to_l1,
	[EXIT_REASON_VMRESUME] = to_l1,
	[EXIT_REASON_VMWRITE] = to_l1,
	[EXIT_REASON_VMXOFF] = to_l1,
	[EXIT_REASON_VMXON] = to_l1,
	[EXIT_REASON_CR_ACCESS] = handle_l2_cr_access,
	[EXIT_REASON_DR_ACCESS] = to_l1,
	[EXIT_REASON_IO_INSTRUCTION] = to_l1,
	[EXIT_REASON_RDMSR] = handle_rdmsr,
	[EXIT_REASON_WRMSR] = handle_wrmsr,
	[EXIT_REASON_MWAIT] = to_l1,
	[EXIT_REASON_MONITOR] = to_l1,
	[EXIT_REASON_PAUSE] = to_l1,
	[EXIT_REASON_TPR_BELOW_THRESHOLD] = to_l1,
	[EXIT_REASON_VIRTUALIZED_EOI] = to_l1,
	[EXIT_REASON_GDTR_IDTR_ACCESS] = to_l1,
	[EXIT_REASON_LDTR_TR_ACCESS] = to_l1,
	[EXIT_REASON_EPT_VIOLATION] = handle_l2_ept_violation,
	[EXIT_REASON_EPT_MISCONFIGURATION] = handle_ept_misconfiguration,
	[EXIT_REASON_INVEPT] = to_l1,
	[EXIT_REASON_RDTSCP] = to_l1,
	[EXIT_REASON_PREEMPTION_TIMER] = to_l1,
	[EXIT_REASON_INVVPID] = to_l1,
	[EXIT_REASON_WBINVD] = to_l1,
	[EXIT_REASON_XSETBV] = to_l1,
	[EXIT_REASON_APIC_WRITE] = to_l1,
	[EXIT_REASON_RDRAND] = to_l1,
	[EXIT_REASON_INVPCID] = to_l1,
	[EXIT_REASON_VMFUNC] = to_l1,
	[EXIT_REASON_ENCLS] = to_l1,
	[EXIT_REASON_RDSEED] = to_l1,
	[EXIT_REASON_PML_FULL] = exit_unexpected,
	[EXIT_REASON_XSAVES] = to_l1,
	[EXIT_REASON_XRSTORS] = to_l1,
	[EXIT_REASON_PCONFIG] = to_l1,
	[EXIT_REASON_UMWAIT] = to_l1,
	[EXIT_REASON_TPAUSE] = to_l1,
	[EXIT_REASON_LOADIWKEY] = to_l1,
	[EXIT_REASON_ENCLV] = to_l1,
	[EXIT_REASON_C_STATE_SMI] = exit_with_interrupt,
	[EXIT_REASON_ENQCMD_PASID] = to_l1,
	[EXIT_REASON_ENQCMDS_PASID] = to_l1,
	[EXIT_REASON_BUS_LOCK] = exit_as_is,
	[EXIT_REASON_NOTIFICATION] = handle_notification,
	[EXIT_REASON_SEAMCALL] = to_l1,
	[EXIT_REASON_TDCALL] = tdcall,
};

/* Invalid state at an entry is L1's doing. */
static void entry_failed(struct guest_exit *x)
{
	if (exit_basic(x) == EXIT_REASON_ENTRY_FAILURE_GUEST_STATE)
		to_l1(x);
	else if (exit_basic(x) == EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK)
		exit_to_host(x, TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE, x->ve->qualification, 0);
	else
		exit_unexpected(x);
}

void l2_handle(struct guest_exit *x)
{
	exit_handler handler = exit_basic(x) < EXIT_REASONS ? handlers[exit_basic(x)] : NULL;

	if (x->ve->reason & EXIT_ENTRY_FAILED)
		entry_failed(x);
	else if (handler)
		handler(x);
	else
		exit_unexpected(x);
}

/* ---- afterwards ---- */

/* L2 goes on, unless L1 intercepts the event that it goes on with. */
static void go_on(struct guest_exit *x)
{
	l2_reinject(x->vmcs);
	if (injection_is_intercepted(x->vmcs)) {
		l2_event_to_exit(x->vmcs);
		to_l1(x);
		return;
	}
	if (x->vps->nmi_unblocking_due_to_iret)
		vmcs_set_bits(x->vmcs, VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_NMI);
	l2_set_timer(x->m, x->vps, x->vmcs, x->vps->curr_vm);
}

/* TDG.VP.ENTER returns in L1. */
static void return_to_l1(struct guest_exit *x)
{
	l2_store_state(x->m, x->vp, x->vps->curr_vm);
	l2_exit_registers(x->vps, x->vmcs, x->exit.status, x->exit.extended);
	x->vps->curr_vm = 0;
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
		exit_to_host(x, TDX_TD_EXIT_ON_L2_TO_L1, vmcs_read(x->vmcs, VMCS_EXIT_QUALIFICATION),
			     (uint32_t)vmcs_read(x->vmcs, VMCS_EXIT_INTR_INFO));
	else
		return_to_l1(x);
}
