// SPDX-License-Identifier: MIT
/*
 * A TD with one L2 VM: L1 is the test, the VM runs on the interpreter or is the test too.
 */
#include "guest_box.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include "lib/machine_impl.h"
#include "module/keyid.h"
#include "module/sept_l2.h"
#include "tdx/status.h"

#undef fail /* the module's and cmocka's differ */
#include <cmocka.h>

#define LEAF_ACCEPT 6
#define LEAF_ATTR_RD 23
#define LEAF_ATTR_WR 24
#define LEAF_VP_ENTER 25
#define LEAF_VP_WR 10
#define LEAF_SEPT_ADD_V1 0x10003
#define LEAF_BLOCK 7
#define LEAF_TRACK 38

#define CODE_GPA BOX_GPA
#define DATA_GPA (BOX_GPA + 0x1000)
#define STATE_GPA (BOX_GPA + 0x2000)
#define VAPIC_GPA (BOX_GPA + 0x3000)
#define FIELD_L2_VAPIC_GPA 0x2420000000002012ull
#define VM1 (1ull << 52)
#define RESUME_L1 (1ull << 53)
#define MSR_DEBUGCTL 0x1d9
#define EXCEPTION_BIT(vector) (1u << (vector))

/* In flat 32-bit mode at CODE_GPA: adds, stores to DATA_GPA, halts; then reads a page that L1 has no mapping of. */
static const uint8_t code[VMM_4K] = {
	0xb8, 0x05, 0x00, 0x00, 0x00,             /* mov eax, 5 */
	0x83, 0xc0, 0x07,                         /* add eax, 7 */
	0xa3, 0x00, 0x10, 0x10, 0x00,             /* mov [0x101000], eax */
	0xf4,                                     /* hlt */
	0xa1, 0x00, 0x00, 0x00, 0x40,             /* mov eax, [0x40000000] */
};
#define OFFSET_HLT 13
#define OFFSET_AFTER 14

struct l2_box {
	struct guest_box b;
	uint64_t *state; /* L2_ENTER_GUEST_STATE in the TD's memory */
};

static struct module *module_of(struct guest_box *b)
{
	return b->machine->module;
}

static struct vcpu vcpu_of(struct guest_box *b)
{
	struct vcpu vp;

	vcpu_load(module_of(b), b->td.vcpu[0].tdvpr, &vp);
	return vp;
}

static struct vmcs *vmcs_of(struct guest_box *b, unsigned vm)
{
	struct vcpu vp = vcpu_of(b);

	return vcpu_vmcs(module_of(b), &vp, vm);
}

static void *td_memory(struct guest_box *b, uint64_t gpa)
{
	struct sept_ref ref;
	struct td td;

	td_load(module_of(b), b->td.tdr, &td);
	sept_walk(module_of(b), &td, gpa, 0, &ref);
	assert_true(SEPT_GUEST_READ & SEPT_SET(ref.state));
	return pa_ptr(module_of(b), sept_pa(&ref) + (gpa & (PAGE_SIZE_OF(ref.level) - 1)));
}

/* Tables of the VM's secure EPT, from the highest that is missing to that of pages of level @last - 1. */
static void add_l2_tables(struct guest_box *b, uint64_t gpa, uint64_t first, uint64_t last)
{
	for (uint64_t level = first; level >= last; level--) {
		struct seamless_regs regs = { 0 };

		regs.gpr[GPR_RAX] = LEAF_SEPT_ADD_V1;
		regs.gpr[GPR_RCX] = (gpa & ~((1ull << (12 + 9 * level)) - 1)) | level;
		regs.gpr[GPR_RDX] = b->td.tdr | 1;
		regs.gpr[GPR_R8] = regs.gpr[GPR_R10] = regs.gpr[GPR_R11] = UINT64_MAX;
		regs.gpr[GPR_R9] = vmm_frames_alloc(&b->host.frames, b->td.owner, VMM_LEVEL_4K);
		assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_HOST);
		assert_int_equal(regs.gpr[GPR_RAX], TDX_SUCCESS);
	}
}

static void give(struct guest_box *b, uint64_t gpa, uint64_t attr)
{
	b->regs.gpr[GPR_RCX] = gpa;
	b->regs.gpr[GPR_RDX] = (attr | GPA_ATTR_VALID) << 16;
	b->regs.gpr[GPR_R8] = 0x7full << 16;
	box_tdcall(b, LEAF_ATTR_WR);
	assert_int_equal(b->regs.gpr[GPR_RAX], TDX_SUCCESS);
}

static void name_vapic(struct guest_box *b)
{
	b->regs.gpr[GPR_RCX] = 0;
	b->regs.gpr[GPR_RDX] = FIELD_L2_VAPIC_GPA;
	b->regs.gpr[GPR_R8] = VAPIC_GPA;
	b->regs.gpr[GPR_R9] = UINT64_MAX;
	box_tdcall(b, LEAF_VP_WR);
	assert_int_equal(b->regs.gpr[GPR_RAX], TDX_SUCCESS);
}

static void open_l2(struct l2_box *l, uint64_t attributes)
{
	const struct td_config config = { .attributes = attributes, .xfam = 3, .max_vcpus = 4, .l2_vms = 1 };
	static uint8_t pages[4][VMM_4K];

	memcpy(pages[0], code, sizeof(code));
	box_open_with(&l->b, &config, (const uint8_t(*)[VMM_4K])pages, 4);
	add_l2_tables(&l->b, BOX_GPA, 3, 1);
	l->state = td_memory(&l->b, STATE_GPA);
	l->state[16] = 2;
	l->state[17] = CODE_GPA;
	box_enter(&l->b);
	name_vapic(&l->b);
	give(&l->b, CODE_GPA, GPA_ATTR_R | GPA_ATTR_XS | GPA_ATTR_XU);
}

static void enter_l2(struct l2_box *l)
{
	l->b.regs.gpr[GPR_RCX] = VM1;
	l->b.regs.gpr[GPR_RDX] = STATE_GPA;
	box_tdcall(&l->b, LEAF_VP_ENTER);
}

static void assert_in(struct l2_box *l, unsigned vm)
{
	assert_int_equal(l->b.where, SEAMLESS_TO_GUEST);
	assert_int_equal(box_vps(&l->b)->curr_vm, vm);
	assert_int_equal(module_of(&l->b)->lp[0].guest.vm, vm);
}

/* It stores where L1 lets it, and L1 finds its state in memory when it halts. */
static void vm_runs(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	give(&l.b, DATA_GPA, GPA_ATTR_R | GPA_ATTR_W);
	vmcs_set_bits(vmcs_of(&l.b, 1), VMCS_PROC_CTLS, 1u << 7);
	enter_l2(&l);
	assert_in(&l, 1);
	box_run(&l.b);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_HLT);
	assert_int_equal(l.b.regs.gpr[GPR_R11] >> 32, 1);
	assert_int_equal(l.state[GPR_RAX], 12);
	assert_int_equal(l.state[17], CODE_GPA + OFFSET_HLT);
	assert_int_equal(*(uint32_t *)td_memory(&l.b, DATA_GPA), 12);
	box_close(&l.b);
}

/* A page that L1 has and the VM has not is L1's business; one that L1 has not is the host's. */
static void violations_go_where_they_can_be_cured(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	enter_l2(&l);
	box_run(&l.b);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(l.b.regs.gpr[GPR_R8], DATA_GPA);
	assert_int_equal(l.b.regs.gpr[GPR_RCX] & 0x3f, EPT_Q_WRITE);
	give(&l.b, DATA_GPA, GPA_ATTR_R);
	enter_l2(&l);
	box_run(&l.b);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(l.b.regs.gpr[GPR_RCX] & 0x3f, EPT_Q_WRITE | EPT_Q_PERMISSIONS(EPT_Q_READ));
	l.state[17] = CODE_GPA + OFFSET_AFTER;
	enter_l2(&l);
	box_run(&l.b);
	assert_int_equal(l.b.where, SEAMLESS_TO_HOST);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(l.b.regs.gpr[GPR_RCX] >> 32, 1);
	assert_int_equal(l.b.regs.gpr[GPR_R8], BOX_ABSENT);
	box_close(&l.b);
}

static void invalid_state_is_l1s_fault(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	l.state[16] = 0;
	enter_l2(&l);
	box_run(&l.b);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_ENTRY_FAILED | EXIT_REASON_ENTRY_FAILURE_GUEST_STATE);
	box_close(&l.b);
}

/* A deadline that has passed lets no instruction run. */
static void deadline_ends_the_run(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	box_vps(&l.b)->tsc_deadline[1] = box_vps(&l.b)->shadow_tsc_deadline[1] = 1;
	enter_l2(&l);
	box_run(&l.b);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_PREEMPTION_TIMER);
	assert_int_equal(l.state[17], CODE_GPA);
	box_close(&l.b);
}

/* L1 lets L2 write the MSR, a reserved bit would be #GP, and L1 intercepts #GP: the exit is that of the write. */
static void intercepted_event_is_an_exit(void **state)
{
	struct l2_box l;
	struct vcpu vp;

	(void)state;
	open_l2(&l, 0);
	vp = vcpu_of(&l.b);
	memset(vcpu_page(module_of(&l.b), &vp, TDVPS_PAGE_L2 + 2), 0, VMM_4K);
	vmcs_write(vmcs_of(&l.b, 1), VMCS_EXCEPTION_BITMAP, EXCEPTION_BIT(13));
	enter_l2(&l);
	l.b.regs.gpr[GPR_RCX] = MSR_DEBUGCTL;
	l.b.regs.gpr[GPR_RAX] = 1u << 4;
	box_exit(&l.b, (struct seamless_vm_exit){ .reason = EXIT_REASON_WRMSR, .instr_length = 2, .qualification = 5,
						  .intr_info = 0x20 });
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_WRMSR);
	assert_int_equal(l.b.regs.gpr[GPR_RCX], 5);
	assert_int_equal(l.b.regs.gpr[GPR_R9], 0x20);
	assert_int_equal(vmcs_read(vmcs_of(&l.b, 1), VMCS_EXIT_INTR_INFO), INJECT_GP);
	box_close(&l.b);
}

/* An event that was being delivered in L2 when the host came in between is delivered on return. */
static void event_survives_the_host(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	enter_l2(&l);
	seamless_advance_tsc(l.b.machine, 1 << 20);
	box_exit(&l.b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT, .idt_info = INJECT_UD,
						  .intr_info = 0x80000020 });
	assert_int_equal(l.b.where, SEAMLESS_TO_HOST);
	box_enter(&l.b);
	assert_in(&l, 1);
	assert_int_equal(box_injected(), INJECT_UD);
	box_close(&l.b);
}

/* L2's TDVMCALL ends as it should before L1 hears of the exit that the host gave it. */
static void host_routes_a_tdvmcall(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	box_vps(&l.b)->l2_ctls[1] = 2;
	enter_l2(&l);
	l.b.regs.gpr[GPR_RCX] = 1u << GPR_R10;
	box_tdcall(&l.b, 0);
	assert_int_equal(l.b.where, SEAMLESS_TO_HOST);
	assert_int_equal(l.b.regs.gpr[GPR_RCX] >> 32, 1);
	l.b.regs.gpr[GPR_R10] = 0x77;
	box_enter_flags(&l.b, RESUME_L1);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], TDX_L2_EXIT_HOST_ROUTED_TDVMCALL | EXIT_REASON_TDCALL);
	assert_int_equal(l.state[GPR_R10], 0x77);
	assert_int_equal(l.state[GPR_RAX], 0);
	assert_int_equal(l.state[17], CODE_GPA + 4);
	box_close(&l.b);
}

/* The page of the guest state is gone when the vCPU comes back after a TLB flush: the host sees a violation of it. */
static void missing_state_page_holds_the_entry(void **state)
{
	struct l2_box l;

	(void)state;
	open_l2(&l, 0);
	enter_l2(&l);
	seamless_advance_tsc(l.b.machine, 1 << 20);
	box_exit(&l.b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT });
	assert_int_equal(box_host(&l.b, LEAF_BLOCK, STATE_GPA, l.b.td.tdr, 0), TDX_SUCCESS);
	assert_int_equal(box_host(&l.b, LEAF_TRACK, l.b.td.tdr, 0, 0), TDX_SUCCESS);
	box_enter(&l.b);
	assert_int_equal(l.b.where, SEAMLESS_TO_HOST);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], EXIT_REASON_EPT_VIOLATION);
	assert_int_equal(l.b.regs.gpr[GPR_R8], STATE_GPA);
	assert_int_equal(l.b.regs.gpr[GPR_RCX] >> 32, 1);
	box_close(&l.b);
}

#define NOTIFICATION 0xf2

/* In L2, with a descriptor for interrupts that are posted to L1. */
static uint8_t *open_posted(struct l2_box *l)
{
	uint64_t page;

	open_l2(l, 0);
	page = host_new_page(&l->b.host);
	box_vps(&l->b)->shadow_pin_ctls[0] |= VMX_PIN_POSTED_INTERRUPTS;
	box_vps(&l->b)->shadow_posted_intr_vector[0] = NOTIFICATION;
	box_vps(&l->b)->shadow_pid_hpa[0] = page;
	enter_l2(l);
	return pa_ptr(module_of(&l->b), page);
}

static void notify(struct l2_box *l)
{
	seamless_advance_tsc(l->b.machine, 1 << 20);
	box_exit(&l->b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT,
						   .intr_info = INTR_VALID | NOTIFICATION });
}

/* A notification of L1's posted interrupts that meets L2. */
static void posted_interrupt_leaves_l2(void **state)
{
	static const uint8_t vector = 0x51;
	struct l2_box l;
	uint8_t *pid = open_posted(&l);

	(void)state;
	pid[vector / 8] = 1 << vector % 8;
	pid[32] = 1;
	notify(&l);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], TDX_L2_EXIT_PENDING_INTERRUPT | EXIT_REASON_EXTERNAL_INTERRUPT);
	assert_int_equal(box_field(VMCS_GUEST_INTR_STATUS) & 0xff, vector);
	assert_int_equal(pid[vector / 8] | pid[32], 0);
	enter_l2(&l);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], TDX_PENDING_INTERRUPT);
	box_close(&l.b);
}

/* The module looks for posted interrupts whether or not the descriptor says that there are any; it does not count low ones. */
static void posted_interrupts_are_looked_for(void **state)
{
	static const uint8_t low = 0x1e, vector = 0x51;
	struct l2_box l;
	uint8_t *pid = open_posted(&l);

	(void)state;
	pid[low / 8] = 1 << low % 8;
	notify(&l);
	assert_in(&l, 1);
	assert_int_equal(pid[low / 8], 0);
	assert_int_equal(vmcs_read(vmcs_of(&l.b, 0), VMCS_GUEST_INTR_STATUS), 0);
	pid[vector / 8] = 1 << vector % 8;
	notify(&l);
	assert_in(&l, 0);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], TDX_L2_EXIT_PENDING_INTERRUPT | EXIT_REASON_EXTERNAL_INTERRUPT);
	box_close(&l.b);
}

/* What L1 may not give, and what it is told that a page has. */
static void attributes_are_checked(void **state)
{
	struct l2_box l;
	struct guest_box *b = &l.b;

	(void)state;
	open_l2(&l, 0);
	b->regs.gpr[GPR_RCX] = CODE_GPA;
	b->regs.gpr[GPR_RDX] = (uint64_t)(GPA_ATTR_VALID | GPA_ATTR_W) << 16;
	b->regs.gpr[GPR_R8] = (uint64_t)(GPA_ATTR_R | GPA_ATTR_W) << 16;
	box_tdcall(b, LEAF_ATTR_WR);
	assert_int_equal(b->regs.gpr[GPR_RAX], TDX_PAGE_ATTR_INVALID);
	assert_int_equal(b->regs.gpr[GPR_RDX] >> 16,
			 GPA_ATTR_VALID | GPA_ATTR_R | GPA_ATTR_XS | GPA_ATTR_XU);
	b->regs.gpr[GPR_RCX] = CODE_GPA;
	b->regs.gpr[GPR_RDX] = (uint64_t)GPA_ATTR_VALID << 16;
	b->regs.gpr[GPR_R8] = (uint64_t)GPA_ATTR_RWX << 16;
	box_tdcall(b, LEAF_ATTR_WR);
	assert_int_equal(b->regs.gpr[GPR_RAX], TDX_SUCCESS);
	b->regs.gpr[GPR_RCX] = CODE_GPA;
	box_tdcall(b, LEAF_ATTR_RD);
	assert_int_equal(b->regs.gpr[GPR_RDX], 0);
	box_close(b);
}

/* Half accepted, a large page keeps in its entry how far that went; the alias is of the page nevertheless. */
static void alias_of_a_page_half_accepted(void **state)
{
	struct vmm_error err;
	struct sept_ref own;
	struct l2_ref alias;
	struct l2_box l;
	struct td td;

	(void)state;
	open_l2(&l, 0);
	seamless_advance_tsc(l.b.machine, 1 << 20);
	box_exit(&l.b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT });
	assert_int_equal(td_aug(&l.b.td, BOX_ABSENT, VMM_LEVEL_2M, &err), TD_AUG_DONE);
	add_l2_tables(&l.b, BOX_ABSENT, 2, 2);
	box_enter(&l.b);
	seamless_set_interrupt(l.b.machine, true);
	l.b.regs.gpr[GPR_RCX] = BOX_ABSENT | 1;
	box_tdcall(&l.b, LEAF_ACCEPT);
	assert_int_equal(l.b.regs.gpr[GPR_RAX], LEAF_ACCEPT);
	seamless_set_interrupt(l.b.machine, false);
	give(&l.b, BOX_ABSENT | 1, GPA_ATTR_R);
	td_load(module_of(&l.b), l.b.td.tdr, &td);
	sept_walk(module_of(&l.b), &td, BOX_ABSENT, 1, &own);
	assert_int_not_equal(own.value & SEPT_PA, sept_pa(&own));
	assert_true(sept_l2_walk(module_of(&l.b), &td, 1, BOX_ABSENT, 1, false, &alias));
	assert_int_equal(alias.value & SEPT_PA, sept_pa(&own));
	box_close(&l.b);
}

static uint64_t seamcall(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct seamless_regs regs = { 0 };

	regs.gpr[GPR_RAX] = leaf;
	regs.gpr[GPR_RCX] = rcx;
	regs.gpr[GPR_RDX] = rdx;
	regs.gpr[GPR_R8] = r8;
	assert_int_equal(seamless_seamcall(&regs), SEAMLESS_TO_HOST);
	assert_int_equal(regs.gpr[GPR_RAX], TDX_SUCCESS);
	return regs.gpr[GPR_RCX];
}

/* A page moves before the TD has accepted it: the VM must not see it earlier than L1 does. */
static void alias_of_a_pending_page_stays_blocked(void **state)
{
	struct vmm_error err;
	struct l2_ref alias;
	struct l2_box l;
	struct td td;
	uint64_t page;

	(void)state;
	open_l2(&l, 0);
	box_exit(&l.b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT });
	assert_int_equal(td_aug(&l.b.td, BOX_ABSENT, VMM_LEVEL_4K, &err), TD_AUG_DONE);
	add_l2_tables(&l.b, BOX_ABSENT, 2, 1);
	box_enter(&l.b);
	give(&l.b, BOX_ABSENT, GPA_ATTR_R);
	box_exit(&l.b, (struct seamless_vm_exit){ .reason = EXIT_REASON_EXTERNAL_INTERRUPT });
	page = vmm_frames_alloc(&l.b.host.frames, l.b.td.owner, VMM_LEVEL_4K);
	seamcall(LEAF_TDH_MEM_RANGE_BLOCK, BOX_ABSENT, l.b.td.tdr, 0);
	seamcall(LEAF_TDH_MEM_TRACK, l.b.td.tdr, 0, 0);
	vmm_frames_release(&l.b.host.frames, seamcall(LEAF_TDH_MEM_PAGE_RELOCATE, BOX_ABSENT, l.b.td.tdr, page));
	td_load(module_of(&l.b), l.b.td.tdr, &td);
	assert_true(sept_l2_walk(module_of(&l.b), &td, 1, BOX_ABSENT, 0, false, &alias));
	assert_int_equal(alias.value & SEPT_PA, page);
	assert_int_equal(sept_l2_state(alias.value), L2_BLOCKED);
	box_close(&l.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_runs),
		cmocka_unit_test(violations_go_where_they_can_be_cured),
		cmocka_unit_test(invalid_state_is_l1s_fault),
		cmocka_unit_test(deadline_ends_the_run),
		cmocka_unit_test(intercepted_event_is_an_exit),
		cmocka_unit_test(event_survives_the_host),
		cmocka_unit_test(host_routes_a_tdvmcall),
		cmocka_unit_test(missing_state_page_holds_the_entry),
		cmocka_unit_test(posted_interrupt_leaves_l2),
		cmocka_unit_test(posted_interrupts_are_looked_for),
		cmocka_unit_test(attributes_are_checked),
		cmocka_unit_test(alias_of_a_page_half_accepted),
		cmocka_unit_test(alias_of_a_pending_page_stays_blocked),
	};

	return cmocka_run_group_tests_name("module-l2", tests, NULL, NULL);
}
