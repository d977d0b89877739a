// SPDX-License-Identifier: MIT
/*
 * Where in a call its fault happens.
 */
#include "fault/pending.h"

#include "tdx/policy.h"

static uint64_t code_of(const struct fault_pending *f)
{
	return TDX_STATUS_CODE(f->status);
}

static bool is_interrupt(const struct fault_pending *f)
{
	return tdx_status_interrupted(tdx_status(f->status));
}

bool fault_timeout(const struct fault_pending *f)
{
	return f->happened && code_of(f) == TDX_HOST_PRIORITY_BUSY_TIMEOUT;
}

bool fault_host_priority(const struct fault_pending *f)
{
	return f->happened && (code_of(f) == TDX_OPERAND_BUSY_HOST_PRIORITY || fault_timeout(f));
}

/* What the caller sees: a guest gets plain OPERAND_BUSY for a lock that the host wants. */
static uint64_t seen_as(const struct fault_pending *f)
{
	uint64_t code = code_of(f);

	if (code == TDX_OPERAND_BUSY_HOST_PRIORITY || code == TDX_HOST_PRIORITY_BUSY_TIMEOUT)
		return TDX_OPERAND_BUSY | TDX_STATUS_DETAIL(f->status);
	return f->status;
}

bool fault_is(struct fault_pending *f, uint64_t status)
{
	uint64_t as = seen_as(f);

	if (f->happened)
		return false;
	f->happened = f->any_detail ? TDX_STATUS_CODE(as) == TDX_STATUS_CODE(status) : as == status;
	return f->happened;
}

/* Left to come: an interrupt midway, PCONFIG at the end of its leaf. */
uint64_t fault_is_left(struct fault_pending *f)
{
	if (f->happened || is_interrupt(f) || code_of(f) == TDX_KEY_GENERATION_FAILED)
		return 0;
	f->happened = true;
	return seen_as(f);
}

bool fault_interrupts(struct fault_pending *f)
{
	if (!f->status || f->happened || !is_interrupt(f) || f->looks-- > 0)
		return false;
	f->happened = true;
	return true;
}

bool fault_end(struct fault_pending *f)
{
	bool happened = f->happened;

	f->status = 0;
	f->happened = false;
	return happened;
}
