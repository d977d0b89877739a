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

static unsigned version_in(uint64_t rax)
{
	return (unsigned)((rax & RAX_VERSION) >> 16);
}

static uint64_t unknown_rax(struct call *c, uint64_t rax)
{
	if (rax & RAX_RESERVED)
		return fail(c, TDX_OPERAND_INVALID | GPR_RAX, "reserved bits 63:24 of RAX %x must be 0", rax);
	return fail(c, TDX_OPERAND_INVALID | GPR_RAX, "there is no leaf %u version %u (RAX %x)", rax & RAX_LEAF,
		    version_in(rax), rax);
}

/* What RAX and the state of the system say before any leaf is looked at. */
static uint64_t look_at_rax(struct call *c, uint64_t rax, uint32_t state)
{
	unsigned number = rax & RAX_LEAF;

	c->version = version_in(rax);
	if (rax & RAX_RESERVED || (c->version && !in_set(VERSIONED, number)))
		return unknown_rax(c, rax);
	if (state == SYS_STATE_SHUTDOWN && number != LEAF_TDH_SYS_LP_SHUTDOWN)
		return fail(c, TDX_SYS_SHUTDOWN, "leaf %u: the module was shut down", number);
	if (state != SYS_STATE_READY && state != SYS_STATE_SHUTDOWN && !in_set(BEFORE_READY, number))
		return fail(c, TDX_SYS_NOT_READY, "leaf %u needs the module to be READY, its state is %u", number,
			    state);
	return TDX_SUCCESS;
}

static inline uint64_t run(struct call *c, const struct leaf *row)
{
	c->leaf = row;
	return row->run(c);
}

static __attribute__((noinline)) uint64_t run_any_host(struct call *c, uint64_t rax, uint32_t state)
{
	const struct leaf *row = leaf_host(rax & RAX_LEAF);
	uint64_t status = look_at_rax(c, rax, state);

	return status ? status : row ? run(c, row) : unknown_rax(c, rax);
}

static inline uint64_t run_host(struct call *c, uint64_t rax)
{
	uint32_t state = __atomic_load_n(&c->m->sys_state, __ATOMIC_ACQUIRE);

	/* most calls need no closer look: version 0 of a leaf that is there */
	return rax < LEAVES_HOST && leaves_host[rax].run && state == SYS_STATE_READY ? run(c, &leaves_host[rax])
										      : run_any_host(c, rax, state);
}

static uint64_t run_guest(struct call *c, uint64_t rax)
{
	const struct leaf *row = leaf_guest(rax & RAX_LEAF);

	c->version = version_in(rax);
	/* TDG.VM.RD looks at its version itself; the others have none but 0 */
	if (rax & RAX_RESERVED || !row || (c->version && row->number != LEAF_TDG_VM_RD))
		return unknown_rax(c, rax);
	return run(c, row);
}

/* The result is in c->regs; c->where says where to go. */
static inline void end(struct call *c, enum module_where from, uint64_t status)
{
	if (c->where == from)
		c->regs->gpr[GPR_RAX] = status;
	held_release(&c->held, 0);
}

void call_dispatch_guest(struct call *c)
{
	end(c, MODULE_TO_GUEST, run_guest(c, c->in[GPR_RAX]));
}

enum module_where module_seamcall(struct module *m, unsigned lp, struct cpu_regs *regs)
{
	struct machine_check mc;
	struct call c;

	if (__atomic_load_n(&m->dead, __ATOMIC_ACQUIRE))
		return machine_check_dead(m, lp, regs);
	call_init(&c, m, lp, regs, MODULE_TO_HOST);
	if (machine_check_begin(&mc))
		return machine_check_end(c.m, c.lp_id, c.regs, mc.pa);
	/* Before the state is looked at: TDH.SYS.SHUTDOWN changes it and then looks for others inside. */
	__atomic_store_n(&c.lp->in_module, true, __ATOMIC_SEQ_CST);
	end(&c, MODULE_TO_HOST, run_host(&c, c.in[GPR_RAX]));
	if (c.where == MODULE_TO_HOST)
		__atomic_store_n(&c.lp->in_module, false, __ATOMIC_RELEASE);
	machine_check_leave();
	return c.where;
}
