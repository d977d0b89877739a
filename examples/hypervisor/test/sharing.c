// SPDX-License-Identifier: MIT
/*
 * Code of guests: ordinary calls of <tdx/tdx.h>, as a kernel makes them.
 */
#include "sharing.h"

/* Accepts pages; whether all were. */
static bool accept(uint64_t gpa, unsigned pages, tdx_level_t level)
{
	const uint64_t size = level.value ? HV_LARGE_PAGE : HV_PAGE;
	unsigned tries = 1000;
	bool ok = true;

	for (unsigned i = 0; i < pages; i++)
		ok &= tdx_status_ok(tdx_while_busy(
			tdg_mem_page_accept(tdx_gpa(gpa + i * size), level), --tries));
	return ok;
}

/* MapGPA until it is done; *calls: how many that took. */
static tdx_answer_t map(uint64_t gpa, uint64_t size, unsigned *calls)
{
	const uint64_t end = gpa + size;
	tdx_gpa_t next = tdx_gpa(gpa);
	tdx_answer_t answer;

	do {
		gpa = next.value;
		answer = tdg_vp_vmcall_map_gpa(tdx_gpa(gpa), end - gpa, &next);
		++*calls;
	} while (tdx_answer_is(answer, TDX_VMCALL_RETRY) && next.value > gpa && next.value < end);
	return answer;
}

#define LOOK(gpa, at) (at).there = seamless_guest_translate(gpa, &(at).pa, &(at).shared)

void share(void *opaque)
{
	struct sharing *s = opaque;
	uint64_t page = s->level.value ? HV_LARGE_PAGE : HV_PAGE;

	s->ready = accept(s->memory, (unsigned)(s->accepted / page), s->level);
	LOOK(s->gpa, s->before);
	seamless_private_write(s->machine, s->before.pa, SECRET, sizeof(SECRET));
	s->shared = map(s->gpa | SHARED, s->size, &s->calls);
	LOOK(s->gpa, s->private_view);
	LOOK(s->gpa | SHARED, s->shared_view);
}

void share_and_take_back(void *opaque)
{
	struct sharing *s = opaque;

	share(opaque);
	s->back = map(s->gpa, s->size, &s->calls);
	s->ended = accept(s->gpa, (unsigned)(s->size / HV_PAGE), TDX_LEVEL_4K);
	LOOK(s->gpa, s->after);
}

struct sharing few_pages(struct world *world)
{
	return (struct sharing){ .machine = world->machine,
				 .accepted = 8 * HV_PAGE,
				 .level = TDX_LEVEL_4K,
				 .gpa = 2 * HV_PAGE,
				 .size = 3 * HV_PAGE };
}

struct sharing part_of_large(struct world *world)
{
	return (struct sharing){ .machine = world->machine,
				 .memory = LARGE_2,
				 .accepted = HV_LARGE_PAGE,
				 .level = TDX_LEVEL_2M,
				 .gpa = LARGE_2 + 5 * HV_PAGE,
				 .size = 2 * HV_PAGE };
}

const char *sharing_wrong(const struct sharing *s)
{
	if (!s->ready || !s->ended)
		return "the guest could not accept its memory";
	if (!tdx_answer_ok(s->shared) || !tdx_answer_ok(s->back))
		return "the guest was refused";
	if (!s->before.there || s->before.shared || s->private_view.there)
		return "the private page was not there before, or is there afterwards";
	if (!s->shared_view.there || !s->shared_view.shared)
		return "the guest has no shared page";
	return s->after.there && !s->after.shared ? NULL : "the guest has no private page again";
}
