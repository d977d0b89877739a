// SPDX-License-Identifier: MIT
/*
 * MapGPA of more than the VMM converts at once: each call goes on where the last one said.
 */
#include "guest/guest.h"
#include "tdx/tdx.h"

#define BASE 0x4000000ull
#define SIZE 0xd000000ull /* 208 MiB */
#define LAST (BASE + SIZE - PAGE)

static void must(bool right, const char *what)
{
	if (!right)
		guest_fail(what);
}

/* Returns the number of calls that it took. */
static unsigned convert(uint64_t shared)
{
	uint64_t at = BASE | shared, end = at + SIZE;
	tdx_gpa_t next = tdx_gpa(0);
	unsigned calls = 1;
	tdx_answer_t answer = tdg_vp_vmcall_map_gpa(tdx_gpa(at), SIZE, &next);

	while (tdx_answer_is(answer, TDX_VMCALL_RETRY)) {
		must(next.value > at && next.value < end, "RETRY makes progress");
		at = next.value;
		answer = tdg_vp_vmcall_map_gpa(tdx_gpa(at), end - at, &next);
		calls++;
	}
	must(tdx_answer_ok(answer), "MapGPA");
	return calls;
}

void guest_main(const struct guest_boot *boot)
{
	volatile uint64_t *shared = (volatile uint64_t *)(SHARED_ALIAS + LAST);

	if (boot->vcpu)
		return;
	must(tdx_status_ok(tdg_mem_page_accept(tdx_gpa(LAST), TDX_LEVEL_4K)), "accepted a page");
	*(volatile uint64_t *)LAST = 0x1234;
	must(convert(SHARED_BIT) > 1, "it takes more than one call");
	must(!*shared, "the shared page is a new one");
	*shared = 1;
	must(convert(0) > 1, "and so it does back");
	must(tdx_status_ok(tdg_mem_page_accept(tdx_gpa(LAST), TDX_LEVEL_4K)), "accepted it again");
	must(!*(volatile uint64_t *)LAST, "the private page is a new one");
	put("PASS\n");
}
