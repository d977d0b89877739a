// SPDX-License-Identifier: MIT
/*
 * TDG.VP.ENTER and INVVPID: L1 enters its VMs and keeps their translations in order.
 */
#include "module/guest_mem.h"
#include "module/l2.h"
#include "vmx/vapic.h"
#include "gen/checks.h"
#include "vmx/x86.h"

#define RCX_VM(rcx) ((unsigned)((rcx) >> 52 & 3))
#define RCX_VM_BITS (3ull << 52)
#define RCX_INVALIDATE 3ull
#define RCX_LIST 1ull

static uint64_t check_vm(struct call *c, uint64_t flags_allowed)
{
	uint64_t rcx = c->in[GPR_RCX];

	if (rcx & ~(RCX_VM_BITS | flags_allowed))
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "%x has bits set beside the VM and the flags %x", rcx, flags_allowed);
	if (!RCX_VM(rcx) || RCX_VM(rcx) > c->td.tdcs->num_l2_vms)
		return fail(c, TDX_OPERAND_INVALID | GPR_RCX, "VM %u: the TD has VMs 1 to %u", RCX_VM(rcx),
			    c->td.tdcs->num_l2_vms);
	return TDX_SUCCESS;
}

/* ---- TDG.VP.ENTER ---- */

static uint64_t check_interrupts(struct call *c)
{
	struct vapic a = vcpu_vapic(c->m, &c->vp);

	if (vapic_pending(&a))
		return fail(c, TDX_PENDING_INTERRUPT, "an interrupt of vector %x waits for L1",
			    vmcs_read(a.vmcs, VMCS_GUEST_INTR_STATUS) & 0xff);
	return TDX_SUCCESS;
}

uint64_t vp_enter_l2_operands(struct call *c)
{
	uint64_t st = check_vm(c, RCX_INVALIDATE);

	if (st)
		return st;
	if (c->vp.vps->l2_vapic_gpa[RCX_VM(c->in[GPR_RCX])] == NULL_PA)
		return fail(c, TDX_OPERAND_INVALID | TDX_OPERAND_ID_L2_VAPIC_GPA,
			    "VM %u has no virtual APIC page: write L2_VAPIC_GPA first", RCX_VM(c->in[GPR_RCX]));
	return check_interrupts(c);
}

static void name_guest_state(struct tdvps *vps, unsigned vm, uint64_t gpa)
{
	if (vps->l2_enter_guest_state_gpa[vm] == gpa)
		return;
	vps->l2_enter_guest_state_gpa[vm] = gpa;
	vps->l2_enter_guest_state_hpa[vm] = NULL_PA;
}

uint64_t tdg_vp_enter(struct call *c)
{
	struct guest_exit *x = guest_exit_of(c);
	unsigned vm = RCX_VM(c->in[GPR_RCX]);
	uint64_t failed;

	if (x->vps->l2_debug_ctls[vm] & L2_DEBUG_EXIT_BEFORE_ENTRY) {
		exit_plain(x, TDX_TD_EXIT_BEFORE_L2_ENTRY);
		return leaf_leaves(c);
	}
	name_guest_state(x->vps, vm, c->in[GPR_RDX]);
	if (!l2_translate(x->m, x->td, x->vp, vm, &failed)) {
		exit_ept(x, failed, 0, EXT_EXIT_NONE);
		return leaf_leaves(c);
	}
	c->lp->guest.stale_tlb |= (c->in[GPR_RCX] & RCX_INVALIDATE) != 0;
	__atomic_store_n(&x->vps->curr_vm, (uint16_t)vm, __ATOMIC_RELAXED);
	x->vmcs = vcpu_vmcs(x->m, x->vp, vm);
	l2_set_timer(x->m, x->vps, x->vmcs, vm);
	l2_load_state(x->m, x->vp, vm, c->regs->gpr);
	x->next = NEXT_OTHER_VM;
	return leaf_leaves(c);
}

/* ---- TDG.VP.INVVPID ---- */

#define ENTRY_LAST(entry) ((entry) & 0xfff)
#define ENTRY_BASE(entry) ((entry) & ~0xfffull)
#define LIST_FIRST(list) ((list) & 0x1ff)
#define LIST_COUNT(list) ((list) >> 52 & 0x3ff)
#define LIST_GPA(list) ((list) & 0x000ffffffffff000ull)
#define LIST_RESERVED (3ull << 62 | 7ull << 9)
#define LIST_MAX 512u

static bool canonical(const struct call *c, uint64_t gla)
{
	unsigned spare = c->m->vmx.cr4_fixed1 & CR4_LA57 ? 64 - 57 : 64 - 48;

	return (uint64_t)((int64_t)(gla << spare) >> spare) == gla;
}

static uint64_t invalidate(struct call *c, uint64_t entry)
{
	for (uint64_t i = 0; i <= ENTRY_LAST(entry); i++)
		if (!canonical(c, ENTRY_BASE(entry) + i * PAGE_BYTES))
			return fail(c, TDX_GLA_NOT_CANONICAL, "address %x is not canonical",
				    ENTRY_BASE(entry) + i * PAGE_BYTES);
	c->lp->guest.stale_tlb = true;
	return TDX_SUCCESS;
}

static uint64_t without_first(uint64_t list)
{
	return LIST_GPA(list) | (LIST_COUNT(list) - 1) << 52 | LIST_FIRST(list + 1);
}

static uint64_t check_list(struct call *c, uint64_t list)
{
	if (list & LIST_RESERVED)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "%x has bits set beside the list, its first entry and its length", list);
	if (LIST_FIRST(list) + LIST_COUNT(list) > LIST_MAX)
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "entries %u to %u, the page has %u", LIST_FIRST(list),
			    LIST_FIRST(list) + LIST_COUNT(list), LIST_MAX);
	if (!guest_gpa_valid(&c->td, LIST_GPA(list), true))
		return fail(c, TDX_OPERAND_INVALID | GPR_RDX, "GPA %x is not a private address of this TD",
			    LIST_GPA(list));
	return TDX_SUCCESS;
}

/* Interrupted, RDX holds what remains and the same TDCALL runs again. */
static uint64_t invalidate_list(struct call *c, uint64_t list)
{
	uint64_t st = check_list(c, list);
	const uint64_t *entries;

	if (st)
		return st;
	entries = guest_map(guest_exit_of(c), LIST_GPA(list), EPT_R);
	if (!entries)
		return leaf_leaves(c);
	while (LIST_COUNT(list)) {
		st = invalidate(c, __atomic_load_n(&entries[LIST_FIRST(list)], __ATOMIC_RELAXED));
		if (st)
			return st;
		list = without_first(list);
		if (call_interrupted(c)) {
			c->regs->gpr[GPR_RDX] = list;
			return leaf_interrupted(c);
		}
	}
	c->regs->gpr[GPR_RDX] = list;
	return TDX_SUCCESS;
}

uint64_t tdg_vp_invvpid(struct call *c)
{
	uint64_t st = check_vm(c, RCX_LIST);

	if (st)
		return st;
	return c->in[GPR_RCX] & RCX_LIST ? invalidate_list(c, c->in[GPR_RDX]) : invalidate(c, c->in[GPR_RDX]);
}
