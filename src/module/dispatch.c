// SPDX-License-Identifier: MIT
/*
 * From RAX to the row of a leaf.
 */
#include "module/check.h"
#include "module/machine_check.h"
#include "module/state.h"
#include "gen/leaves.h"

#include <stddef.h>

#define RAX_LEAF 0xFFFFull
#define RAX_VERSION 0xFF0000ull
#define RAX_RESERVED (~(RAX_LEAF | RAX_VERSION))
#define BIT(n) (1ull << (n))

/* Leaves that work before the system is READY. */
#define BEFORE_READY                                                                                       \
	(BIT(LEAF_TDH_SYS_KEY_CONFIG) | BIT(LEAF_TDH_SYS_INFO) | BIT(LEAF_TDH_SYS_INIT) |                  \
	 BIT(LEAF_TDH_SYS_RD) | BIT(LEAF_TDH_SYS_LP_INIT) | BIT(LEAF_TDH_SYS_RDALL) |                      \
	 BIT(LEAF_TDH_SYS_LP_SHUTDOWN) | BIT(LEAF_TDH_SYS_CONFIG) | BIT(LEAF_TDH_SYS_UPDATE))
/* Leaves of which a version above 0 passes the first look at RAX. */
#define VERSIONED                                                                                          \
	(BIT(LEAF_TDH_MEM_SEPT_ADD) | BIT(LEAF_TDH_MNG_RD) | BIT(LEAF_TDH_MEM_PAGE_PROMOTE) |              \
	 BIT(LEAF_TDH_VP_RD) | BIT(LEAF_TDH_MEM_SEPT_REMOVE))

static bool in_set(uint64_t set, unsigned number)
{
	return number < 64 && set & BIT(number);
}

static const struct leaf *row_of(const struct leaf *rows, unsigned len, unsigned number)
{
	return number < len && rows[number].name ? &rows[number] : NULL;
}

static const struct leaf *leaf_host(unsigned number)
{
	return row_of(leaves_host, LEAVES_HOST, number);
}

const struct leaf *leaf_guest(unsigned number)
{
	return row_of(leaves_guest, LEAVES_GUEST, number);
}

static uint64_t unknown_rax(struct call *c, uint64_t rax)
{
	return fail(c, TDX_OPERAND_INVALID | GPR_RAX, "there is no leaf %u version %u (RAX %x)", rax & RAX_LEAF,
		    (rax & RAX_VERSION) >> 16, rax);
}

/* What RAX and the state of the system say before any leaf is looked at. */
static uint64_t admit(struct call *c, uint64_t rax)
{
	uint32_t state = __atomic_load_n(&c->m->sys_state, __ATOMIC_ACQUIRE);
	unsigned number = rax & RAX_LEAF;

	if (rax & RAX_RESERVED)
		return fail(c, TDX_OPERAND_INVALID | GPR_RAX, "reserved bits 63:24 of RAX %x must be 0", rax);
	if (c->version && !in_set(VERSIONED, number))
		return unknown_rax(c, rax);
	if (state == SYS_STATE_SHUTDOWN && number != LEAF_TDH_SYS_LP_SHUTDOWN)
		return fail(c, TDX_SYS_SHUTDOWN, "leaf %u: the module was shut down", number);
	if (state != SYS_STATE_READY && state != SYS_STATE_SHUTDOWN && !in_set(BEFORE_READY, number))
		return fail(c, TDX_SYS_NOT_READY, "leaf %u needs the module to be READY, its state is %u", number,
			    state);
	return TDX_SUCCESS;
}

/* Decodes and invokes. The result is in c->regs; c->where says where to go. */
static void call_run(struct call *c)
{
	enum module_where from = c->where;
	uint64_t status;

	for (unsigned clear = c->leaf->clear; clear; clear &= clear - 1)
		c->regs->gpr[__builtin_ctz(clear)] = 0;
	status = c->leaf->run(c);
	held_release(&c->held);
	if (c->where == from)
		c->regs->gpr[GPR_RAX] = status;
}

static void dispatch(struct call *c, const struct leaf *row, uint64_t rax)
{
	c->leaf = row;
	if (row)
		call_run(c);
	else
		c->regs->gpr[GPR_RAX] = unknown_rax(c, rax);
}

void call_init(struct call *c, struct module *m, unsigned lp, struct cpu_regs *regs, enum module_where from)
{
	c->held.count = 0;
	c->flags = 0;
	c->flags_reg = 0;
	c->leaf = NULL;
	c->version = 0;
	c->guest = from == MODULE_TO_GUEST;
	c->vm = 0;
	c->td = (struct td){ 0 };
	c->vp = (struct vcpu){ 0 };
	c->m = m;
	c->lp = &m->lp[lp];
	c->lp_id = lp;
	c->regs = regs;
	c->where = from;
}

static void call_begin(struct call *c)
{
	/* One by one, as they were stored: a wider load would wait until the stores have left the processor. */
#pragma GCC unroll 16
	for (unsigned i = 0; i < GPR_COUNT; i++)
		c->in[i] = __atomic_load_n(&c->regs->gpr[i], __ATOMIC_RELAXED);
	c->version = (unsigned)((c->in[GPR_RAX] & RAX_VERSION) >> 16);
	c->lp->reason.rule = NULL;
}

void call_dispatch_guest(struct call *c)
{
	uint64_t rax = c->regs->gpr[GPR_RAX];

	call_begin(c);
	if (rax & RAX_RESERVED) {
		c->regs->gpr[GPR_RAX] = fail(c, TDX_OPERAND_INVALID | GPR_RAX,
					     "reserved bits 63:24 of RAX %x must be 0", rax);
		return;
	}
	/* TDG.VM.RD looks at its version itself; the others have none but 0 */
	dispatch(c, c->version && (rax & RAX_LEAF) != LEAF_TDG_VM_RD ? NULL : leaf_guest(rax & RAX_LEAF), rax);
}

static enum module_where seamcall(struct module *m, unsigned lp, struct cpu_regs *regs)
{
	uint64_t rax = regs->gpr[GPR_RAX];
	uint64_t status;
	struct call c;

	call_init(&c, m, lp, regs, MODULE_TO_HOST);
	/* Before the state is looked at: TDH.SYS.SHUTDOWN changes it and then looks for others inside. */
	__atomic_store_n(&c.lp->in_module, true, __ATOMIC_SEQ_CST);
	call_begin(&c);
	status = admit(&c, rax);
	if (status)
		regs->gpr[GPR_RAX] = status;
	else
		dispatch(&c, leaf_host(rax & RAX_LEAF), rax);
	if (c.where == MODULE_TO_HOST)
		__atomic_store_n(&c.lp->in_module, false, __ATOMIC_RELEASE);
	return c.where;
}

enum module_where module_seamcall(struct module *m, unsigned lp, struct cpu_regs *regs)
{
	struct machine_check mc;
	enum module_where where;

	if (__atomic_load_n(&m->dead, __ATOMIC_ACQUIRE))
		return machine_check_dead(m, lp, regs);
	if (machine_check_begin(&mc))
		return machine_check_end(m, lp, regs, &mc);
	where = seamcall(m, lp, regs);
	machine_check_leave();
	return where;
}
