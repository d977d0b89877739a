// SPDX-License-Identifier: MIT
/*
 * The fault of a logical processor's next call.
 */
#include "module/fault.h"
#include "module/state.h"
#include "platform/platform.h"

void module_set_fault(struct module *m, unsigned lp, const struct module_fault *fault)
{
	m->lp[lp].fault = *fault;
}

bool module_end_fault(struct module *m, unsigned lp)
{
	struct module_fault *f = &m->lp[lp].fault;
	bool happened = f->happened;

	f->status = 0;
	f->happened = false;
	return happened;
}

static uint64_t code_of(const struct module_fault *f)
{
	return TDX_STATUS_CODE(f->status);
}

static bool is_interrupt(const struct module_fault *f)
{
	return code_of(f) == TDX_INTERRUPTED_RESUMABLE || code_of(f) == TDX_INTERRUPTED_RESTARTABLE;
}

bool fault_host_priority(const struct call *c)
{
	const struct module_fault *f = &c->lp->fault;

	return f->happened && (code_of(f) == TDX_OPERAND_BUSY_HOST_PRIORITY || fault_timeout(c));
}

bool fault_timeout(const struct call *c)
{
	return c->lp->fault.happened && code_of(&c->lp->fault) == TDX_HOST_PRIORITY_BUSY_TIMEOUT;
}

/* What the caller sees: a guest gets plain OPERAND_BUSY for a lock that the host wants. */
static uint64_t seen_as(const struct module_fault *f)
{
	uint64_t code = code_of(f);

	if (code == TDX_OPERAND_BUSY_HOST_PRIORITY || code == TDX_HOST_PRIORITY_BUSY_TIMEOUT)
		return TDX_OPERAND_BUSY | TDX_STATUS_DETAIL(f->status);
	return f->status;
}

bool fault_meets(struct call *c, uint64_t status)
{
	struct module_fault *f = &c->lp->fault;
	uint64_t as = f->status ? seen_as(f) : 0;

	if (!as || f->happened)
		return false;
	f->happened = f->any_detail ? TDX_STATUS_CODE(as) == TDX_STATUS_CODE(status) : as == status;
	return f->happened;
}

/* Left to come: an interrupt midway, PCONFIG at the end of its leaf. */
uint64_t fault_point(struct call *c)
{
	struct module_fault *f = &c->lp->fault;

	if (!f->status || f->happened || is_interrupt(f) || code_of(f) == TDX_KEY_GENERATION_FAILED)
		return TDX_SUCCESS;
	f->happened = true;
	return fail(c, seen_as(f), "refused before anything changed");
}

bool fault_interrupts(struct call *c)
{
	struct module_fault *f = &c->lp->fault;

	if (!f->status || f->happened || !is_interrupt(f) || f->looks-- > 0)
		return false;
	f->happened = true;
	platform_lp_kick(c->m->plat, c->lp_id);
	vmx_kick(&c->m->processors, c->lp_id);
	return true;
}
