// SPDX-License-Identifier: MIT
/*
 * Entry, exits and guest leaves where the recorded transcripts say nothing: clocks, races with the host, events that
 * meet each other.
 */
#include "guest_box.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include "tdx/status.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define LEAF_VMCALL 0
#define LEAF_RTMR_EXTEND 2
#define LEAF_VEINFO_GET 3
#define LEAF_ACCEPT 6
#define LEAF_VM_WR 8
#define FIELD_NOTIFY_ENABLES 0x9110000300000010ull
#define QUALIFICATION_READ 0x181

static struct seamless_vm_exit insn(uint32_t reason, uint32_t len)
{
	return (struct seamless_vm_exit){ .reason = reason, .instr_length = len };
}

static struct seamless_vm_exit violation(uint64_t gpa)
{
	return (struct seamless_vm_exit){ .reason = EXIT_REASON_EPT_VIOLATION, .instr_length = 3,
					  .qualification = QUALIFICATION_READ, .guest_physical = gpa,
					  .guest_linear = 0x7000 };
}

static void unread_ve_becomes_df(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	box_exit(&b, insn(EXIT_REASON_HLT, 1));
	assert_int_equal(box_injected(), INJECT_VE);
	assert_true(box_field(VMCS_GUEST_RFLAGS) & RFLAGS_RF);
	box_exit(&b, insn(EXIT_REASON_WBINVD, 2));
	assert_int_equal(box_injected(), INJECT_DF);
	box_tdcall(&b, LEAF_VEINFO_GET);
	assert_int_equal(b.regs.gpr[GPR_RAX], 0);
	assert_int_equal(b.regs.gpr[GPR_RCX], EXIT_REASON_HLT);
	box_exit(&b, insn(EXIT_REASON_WBINVD, 2));
	assert_int_equal(box_injected(), INJECT_VE);
	box_close(&b);
}

/* RIP, blocking and the single-step trap of an instruction that the module carries out. */
static void skipping_ends_blocking_and_traps(void **state)
{
	struct guest_box b;
	uint64_t rip;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	rip = box_field(VMCS_GUEST_RIP);
	seamless_set_guest_field(VMCS_GUEST_INTERRUPTIBILITY, INTERRUPTIBILITY_STI);
	seamless_set_guest_field(VMCS_GUEST_RFLAGS, 2 | RFLAGS_TF);
	b.regs.gpr[GPR_RAX] = 0;
	b.regs.gpr[GPR_RCX] = 0;
	box_exit(&b, insn(EXIT_REASON_CPUID, 2));
	assert_int_equal(box_injected(), 0);
	assert_int_equal(box_field(VMCS_GUEST_RIP), rip + 2);
	assert_int_equal(box_field(VMCS_GUEST_INTERRUPTIBILITY), 0);
	assert_int_equal(box_field(VMCS_GUEST_PENDING_DEBUG) >> 14 & 1, 1);
	box_close(&b);
}

static uint64_t xsave_size(struct guest_box *b, uint64_t subleaf)
{
	b->regs.gpr[GPR_RAX] = 0xd;
	b->regs.gpr[GPR_RCX] = subleaf;
	box_exit(b, insn(EXIT_REASON_CPUID, 2));
	assert_int_equal(b->where, SEAMLESS_TO_GUEST);
	return b->regs.gpr[GPR_RBX];
}

/* The sizes of XSAVE areas follow what the guest has enabled in XCR0 and IA32_XSS. */
static void xsave_size_follows_xcr0(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	box_vps(&b)->xcr0 = 3;
	assert_int_equal(xsave_size(&b, 0), 576);
	assert_int_equal(xsave_size(&b, 1), 576);
	box_vps(&b)->xcr0 = 7;
	assert_int_equal(xsave_size(&b, 0), 576 + 256);
	box_vps(&b)->msr_xss = 1u << 11;
	assert_int_equal(xsave_size(&b, 0), 576 + 256);
	assert_int_equal(xsave_size(&b, 1), 576 + 256 + 16);
	box_close(&b);
}

/* The event whose delivery met an EPT violation is delivered again once the page is there. */
static void interrupted_delivery_is_repeated(void **state)
{
	struct guest_box b;
	struct seamless_vm_exit e = violation(BOX_ABSENT);

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	e.idt_info = INJECT_GP | 1u << 12;
	e.idt_error = 0x18;
	box_exit(&b, e);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	box_enter(&b);
	assert_int_equal(box_injected(), INJECT_GP);
	assert_int_equal(box_field(VMCS_ENTRY_ERROR_CODE), 0x18);
	box_close(&b);
}

/* An address above the shared bit: a page fault with a reserved bit, and what becomes of it on top of others. */
static void wide_address_is_a_page_fault(void **state)
{
	struct guest_box b;
	struct seamless_vm_exit e = violation(1ull << 48 | BOX_GPA);

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	e.qualification = EPT_Q_WRITE | EPT_Q_GLA_VALID;
	box_exit(&b, e);
	assert_int_equal(box_injected(), INJECT_PF);
	assert_int_equal(box_field(VMCS_ENTRY_ERROR_CODE), 0xb);
	assert_int_equal(box_vps(&b)->cr2, 0x7000);
	e.idt_info = INJECT_PF;
	box_exit(&b, e);
	assert_int_equal(box_injected(), INJECT_DF);
	e.idt_info = INJECT_DF;
	box_exit(&b, e);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_NON_RECOVERABLE_VCPU | EXIT_REASON_TRIPLE_FAULT);
	box_enter(&b);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_VCPU_STATE_INCORRECT);
	box_close(&b);
}

/* A guest leaf on a lock that the host wants: busy for a while, then the host gets its turn. */
static void host_priority_ends_in_a_trap(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	box_tdcs(&b)->rtmr_lock = LOCK_BIT_HOST_PRIO;
	for (int i = 0; i < 2; i++) {
		b.regs.gpr[GPR_RCX] = BOX_GPA;
		b.regs.gpr[GPR_RDX] = 0;
		box_tdcall(&b, LEAF_RTMR_EXTEND);
		assert_int_equal(b.where, SEAMLESS_TO_GUEST);
		assert_int_equal(b.regs.gpr[GPR_RAX], TDX_OPERAND_BUSY | TDX_OPERAND_ID_RTMR);
	}
	seamless_advance_tsc(b.machine, box_tdcs(&b)->hp_lock_timeout);
	box_tdcall(&b, LEAF_RTMR_EXTEND);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_HOST_PRIORITY_BUSY_TIMEOUT);
	assert_int_equal(b.regs.gpr[GPR_RCX], 0);
	box_tdcs(&b)->rtmr_lock = 0;
	box_enter_flags(&b, 1ull << 52);
	assert_int_equal(b.where, SEAMLESS_TO_GUEST);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_OPERAND_BUSY | TDX_OPERAND_ID_RTMR | 1ull << 60);
	box_close(&b);
}

/* The hint is for exits that were traps only. */
static void hint_needs_a_trap(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter_flags(&b, 1ull << 52);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	box_close(&b);
}

/* An interrupt right after the entry: 1 to 32 further instructions run before the host hears of it. */
static void immediate_interrupt_is_stepped(void **state)
{
	struct guest_box b;
	unsigned steps = 0;

	(void)state;
	box_open(&b, 0);
	seamless_set_event_ticks(b.machine, 0);
	box_enter(&b);
	box_exit(&b, insn(EXIT_REASON_EXTERNAL_INTERRUPT, 0));
	assert_int_equal(b.where, SEAMLESS_TO_GUEST);
	assert_true(box_field(VMCS_PROC_CTLS) & VMX_PROC_MTF);
	assert_true(seamless_kicked());
	while (box_field(VMCS_PROC_CTLS) & VMX_PROC_MTF) {
		assert_true(++steps <= 33);
		box_exit(&b, insn(EXIT_REASON_MONITOR_TRAP_FLAG, 0));
		assert_int_equal(b.where, SEAMLESS_TO_GUEST);
	}
	assert_true(steps >= 1);
	box_exit(&b, insn(EXIT_REASON_EXTERNAL_INTERRUPT, 0));
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], EXIT_REASON_EXTERNAL_INTERRUPT);
	box_close(&b);
}

static void fault_often(struct guest_box *b, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		box_enter(b);
		assert_int_equal(b->where, SEAMLESS_TO_GUEST);
		box_exit(b, violation(BOX_ABSENT));
		assert_int_equal(b->where, SEAMLESS_TO_HOST);
	}
}

static void map_absent_page(struct guest_box *b)
{
	struct vmm_error err;

	assert_int_equal(td_aug(&b->td, BOX_ABSENT, VMM_LEVEL_4K, &err), TD_AUG_DONE);
}

/* Seven EPT violations at one instruction: no entry until the page is mapped, not even when it waits for acceptance. */
static void zero_step_is_refused_and_told(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, TD_ATTR_SEPT_VE_DISABLE);
	box_enter(&b);
	b.regs.gpr[GPR_RCX] = 0;
	b.regs.gpr[GPR_RDX] = FIELD_NOTIFY_ENABLES;
	b.regs.gpr[GPR_R8] = 1;
	b.regs.gpr[GPR_R9] = 1;
	box_tdcall(&b, LEAF_VM_WR);
	assert_int_equal(b.regs.gpr[GPR_RAX], 0);
	box_exit(&b, violation(BOX_ABSENT));
	fault_often(&b, 6);
	box_enter(&b);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(b.regs.gpr[GPR_RCX], EPT_Q_WRITE);
	assert_int_equal(b.regs.gpr[GPR_R8], BOX_ABSENT);
	assert_int_equal(box_tdcs(&b)->epoch_refcount[0] + box_tdcs(&b)->epoch_refcount[1], 0);
	map_absent_page(&b);
	box_enter(&b);
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	box_close(&b);
}

/* A page that the guest gave up on waiting for is mapped: it may go on, and is told what was tried. */
static void zero_step_notification(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	box_exit(&b, violation(BOX_ABSENT));
	fault_often(&b, 6);
	box_tdcs(&b)->notify_enables = 1;
	box_vps(&b)->last_epf_gpa_list[0] = BOX_GPA;
	box_enter(&b);
	assert_int_equal(b.where, SEAMLESS_TO_GUEST);
	assert_int_equal(box_injected(), INJECT_VE);
	box_tdcall(&b, LEAF_VEINFO_GET);
	assert_int_equal(b.regs.gpr[GPR_RCX], EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(b.regs.gpr[GPR_R9], BOX_ABSENT);
	assert_int_equal(box_tdcs(&b)->sept_lock, 0);
	box_close(&b);
}

/* A large page is accepted piece by piece: the call repeats itself while interrupts come. */
static void large_accept_resumes(void **state)
{
	struct guest_box b;
	struct vmm_error err;
	uint64_t rip;
	unsigned calls = 0;

	(void)state;
	box_open(&b, 0);
	assert_int_equal(td_aug(&b.td, BOX_ABSENT, VMM_LEVEL_2M, &err), TD_AUG_DONE);
	box_enter(&b);
	rip = box_field(VMCS_GUEST_RIP);
	seamless_set_interrupt(b.machine, true);
	do {
		b.regs.gpr[GPR_RCX] = BOX_ABSENT | 1;
		box_tdcall(&b, LEAF_ACCEPT);
		assert_int_equal(b.where, SEAMLESS_TO_GUEST);
		assert_true(++calls <= 512);
	} while (box_field(VMCS_GUEST_RIP) == rip && b.regs.gpr[GPR_RAX] == LEAF_ACCEPT);
	assert_int_equal(calls, 512);
	assert_int_equal(b.regs.gpr[GPR_RAX], 0);
	assert_int_equal(box_field(VMCS_GUEST_RIP), rip + 4);
	b.regs.gpr[GPR_RCX] = BOX_ABSENT | 1;
	box_tdcall(&b, LEAF_ACCEPT);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_PAGE_ALREADY_ACCEPTED | 1);
	box_close(&b);
}

/* An NMI that the host asked for waits until the guest has read its #VE. */
static void nmi_waits_for_ve(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	box_exit(&b, insn(EXIT_REASON_HLT, 1));
	box_vps(&b)->pend_nmi = 1;
	b.regs.gpr[GPR_RAX] = 0x21;
	box_exit(&b, insn(EXIT_REASON_CPUID, 2));
	assert_false(box_field(VMCS_PROC_CTLS) & VMX_PROC_NMI_WINDOW);
	box_tdcall(&b, LEAF_VEINFO_GET);
	assert_true(box_field(VMCS_PROC_CTLS) & VMX_PROC_NMI_WINDOW);
	box_exit(&b, insn(EXIT_REASON_NMI_WINDOW, 0));
	assert_int_equal(box_injected(), INJECT_NMI);
	assert_false(box_field(VMCS_PROC_CTLS) & VMX_PROC_NMI_WINDOW);
	assert_int_equal(box_vps(&b)->pend_nmi, 0);
	box_close(&b);
}

/* A machine check ends the TD for all its vCPUs. */
static void fatal_td_leaves_at_once(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	b.regs.gpr[GPR_RBX] = 0x77;
	box_exit(&b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXCEPTION_NMI,
						.intr_info = 0x80000300u | VECTOR_MC });
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE);
	assert_int_equal(b.regs.gpr[GPR_RBX], 0);
	assert_int_equal(box_host(&b, 0, b.td.vcpu[0].tdvpr, 0, 0), TDX_TD_FATAL);
	box_close(&b);
}

/* An SMI that met a C-state is the host's like any other. */
static void smi_in_a_c_state_is_the_hosts(void **state)
{
	struct guest_box b;

	(void)state;
	box_open(&b, 0);
	box_enter(&b);
	box_exit(&b, (struct seamless_vm_exit){ .reason = EXIT_REASON_C_STATE_SMI, .intr_info = 0x80000022 });
	assert_int_equal(b.where, SEAMLESS_TO_HOST);
	assert_int_equal(b.regs.gpr[GPR_RAX], EXIT_REASON_C_STATE_SMI);
	assert_int_equal(b.regs.gpr[GPR_R9], 0x80000022);
	box_enter(&b);
	assert_int_equal(b.where, SEAMLESS_TO_GUEST);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unread_ve_becomes_df),
		cmocka_unit_test(skipping_ends_blocking_and_traps),
		cmocka_unit_test(interrupted_delivery_is_repeated),
		cmocka_unit_test(wide_address_is_a_page_fault),
		cmocka_unit_test(host_priority_ends_in_a_trap),
		cmocka_unit_test(hint_needs_a_trap),
		cmocka_unit_test(immediate_interrupt_is_stepped),
		cmocka_unit_test(xsave_size_follows_xcr0),
		cmocka_unit_test(zero_step_is_refused_and_told),
		cmocka_unit_test(zero_step_notification),
		cmocka_unit_test(large_accept_resumes),
		cmocka_unit_test(nmi_waits_for_ve),
		cmocka_unit_test(fatal_td_leaves_at_once),
		cmocka_unit_test(smi_in_a_c_state_is_the_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
