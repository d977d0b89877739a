// SPDX-License-Identifier: MIT
/*
 * A debuggable TD with three VMs of its own: tables and aliases of all levels that come and go
 * while the VMs run, and words of its memory that the host reads and writes.
 */
#include "stress.h"

#include "module/sept_l2.h"
#include "vmx/vmcs.h"

#define ADD_TO_ALL	 0x10000ull /* version 1 */
#define ALLOW_EXISTING	 1ull
#define L2_VAPIC_GPA(vm) (0x2420000000002012ull + ((uint64_t)((vm)-1) << 59))
#define L2_CTLS(vm)	 (0xa020000300000050ull + (vm))
#define VM_OPERAND(vm)	 ((uint64_t)(vm) << 52)

/* ---- at the start ---- */

static void write_state(struct shared *s, uint64_t pa)
{
	uint64_t *state = mem_ptr(&s->b->p->mem, pa, 4096);

	state[16] = 2; /* RFLAGS */
	state[17] = 1 << 20;
}

void stress_nested_open(struct shared *s)
{
	uint64_t tdr = s->tdr[NESTED], pa;

	for (unsigned i = 0; i < NESTED_PAGES; i++) {
		pa = box_add_page(s->b, tdr, NESTED_STATE(i), 0);
		if (i < VCPUS_EACH)
			write_state(s, pa);
	}
	for (uint64_t level = 3; level; level--) {
		struct cpu_regs regs = { .gpr = { [GPR_RAX] = ADD_TO_ALL | LEAF_TDH_MEM_SEPT_ADD,
						  [GPR_RCX] = level,
						  [GPR_RDX] = tdr | ALLOW_EXISTING,
						  [GPR_R8] = UINT64_MAX,
						  [GPR_R9] = box_page(s->b),
						  [GPR_R10] = box_page(s->b),
						  [GPR_R11] = box_page(s->b) } };

		assert_int_equal(module_seamcall(s->b->m, 0, &regs), MODULE_TO_HOST);
		assert_int_equal(regs.gpr[GPR_RAX], TDX_SUCCESS);
	}
}

/* ---- from the host ---- */

/* Nobody else writes this word. */
static void own_word(struct worker *w)
{
	uint64_t tdr = w->s->tdr[NESTED], gpa = NESTED_WORDS + 8ull * w->number;

	if (stress_rnd(w, 2)) {
		if (CALL(w, LEAF_TDH_MEM_WR, gpa, tdr, w->word + 1) == TDX_SUCCESS)
			w->word++;
	} else if (CALL(w, LEAF_TDH_MEM_RD, gpa, tdr) == TDX_SUCCESS &&
		   w->regs.gpr[GPR_R8] != w->word) {
		stress_wrong(w, "wrote %llu and reads %llu", (unsigned long long)w->word,
			     (unsigned long long)w->regs.gpr[GPR_R8]);
	}
}

/* Tables for all VMs at once, for one, or with large pages in between. */
static void on_tables(struct worker *w)
{
	static const uint64_t leaf[] = {
		ADD_TO_ALL | LEAF_TDH_MEM_SEPT_ADD,
		ADD_TO_ALL | LEAF_TDH_MEM_SEPT_REMOVE,
		LEAF_TDH_MEM_PAGE_DEMOTE,
		LEAF_TDH_MEM_PAGE_PROMOTE,
		LEAF_TDH_MEM_PAGE_AUG,
		LEAF_TDH_MEM_RANGE_BLOCK,
		LEAF_TDH_MEM_RANGE_UNBLOCK,
		LEAF_TDH_MEM_TRACK,
		LEAF_TDH_MEM_PAGE_REMOVE,
	};
	uint64_t which = leaf[stress_rnd(w, sizeof(leaf) / sizeof(leaf[0]))];
	uint64_t tdr = w->s->tdr[NESTED], page = stress_page(w), gpa = stress_gpa(w, 1);

	if (which == LEAF_TDH_MEM_TRACK)
		gpa = tdr;
	else if (which == LEAF_TDH_MEM_PAGE_AUG)
		page = w->s->large[stress_rnd(w, LARGE)];
	else if (which >> 16 || which == LEAF_TDH_MEM_PAGE_DEMOTE)
		tdr |= stress_rnd(w, 2);
	CALL(w, which, gpa, tdr, page, stress_page(w), stress_page(w), stress_page(w));
}

void stress_nested_host(struct worker *w)
{
	if (stress_rnd(w, 3))
		on_tables(w);
	else
		own_word(w);
}

/* ---- from L1 ---- */

static unsigned index_of_vcpu(const struct worker *w)
{
	unsigned i = 0;

	while (w->s->vcpu[i] != w->vcpu)
		i++;
	return i % VCPUS_EACH;
}

static uint64_t any_attributes(struct worker *w)
{
	uint64_t attr = 0;

	for (unsigned vm = 1; vm <= L2_VMS; vm++)
		attr |= (uint64_t)(GPA_ATTR_VALID |
				   (stress_rnd(w, 4) ? GPA_ATTR_R | GPA_ATTR_W : 0))
			<< 16 * vm;
	return attr;
}

static void enter_vm(struct worker *w, unsigned vm)
{
	stress_tdcall(w, LEAF_TDG_VP_ENTER,
		      (uint64_t[8]){ VM_OPERAND(vm), NESTED_STATE(index_of_vcpu(w)) });
	w->entered_l2 += w->inside && w->s->b->m->lp[w->lp].guest.vm;
}

static void give(struct worker *w)
{
	unsigned vm = 1 + stress_rnd(w, L2_VMS);
	uint64_t mask = stress_rnd(w, 2) ? 0x7full << 16 * vm : 0x007f007f007f0000;

	stress_tdcall(w, LEAF_TDG_MEM_PAGE_ATTR_WR,
		      (uint64_t[8]){ stress_gpa(w, !stress_rnd(w, 3)), any_attributes(w), mask });
}

void stress_nested_guest(struct worker *w)
{
	unsigned vm = 1 + stress_rnd(w, L2_VMS);

	switch (stress_rnd(w, 8)) {
	case 0:
		stress_tdcall(w, LEAF_TDG_VP_WR,
			      (uint64_t[8]){ 0, L2_VAPIC_GPA(vm), NESTED_VAPIC(index_of_vcpu(w)),
					     UINT64_MAX });
		break;
	case 1:
		stress_tdcall(w, LEAF_TDG_VP_WR,
			      (uint64_t[8]){ 0, L2_CTLS(vm), stress_rnd(w, 4), 3 });
		break;
	case 2: stress_tdcall(w, LEAF_TDG_VP_INVEPT, (uint64_t[8]){ 1u << vm }); break;
	case 3:
		stress_tdcall(w, LEAF_TDG_VP_INVVPID, (uint64_t[8]){ VM_OPERAND(vm), 0x1000 });
		break;
	case 4:
	case 5: give(w); break;
	default: enter_vm(w, vm); break;
	}
}

/* ---- from a VM ---- */

void stress_nested_vm(struct worker *w)
{
	static const uint16_t reason[] = {
		EXIT_REASON_HLT,	   EXIT_REASON_CPUID,  EXIT_REASON_PREEMPTION_TIMER,
		EXIT_REASON_EPT_VIOLATION, EXIT_REASON_TDCALL, EXIT_REASON_RDMSR
	};
	const struct vm_exit e = {
		.reason = reason[stress_rnd(w, sizeof(reason) / sizeof(reason[0]))],
		.instr_length = 2,
		.qualification = 1u << stress_rnd(w, 3),
		.guest_physical = stress_gpa(w, 0),
	};

	w->regs.gpr[GPR_RAX] = stress_rnd(w, 4) * 8ull;
	w->regs.gpr[GPR_RCX] = stress_rnd(w, 2) ? 0x10 : 1u << GPR_R10;
	if (e.reason == EXIT_REASON_TDCALL)
		w->regs.gpr[GPR_RAX] = 0;
	stress_exit(w, &e);
	w->exits_l2++;
}
