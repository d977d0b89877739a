// SPDX-License-Identifier: MIT
/*
 * A firmware's accept loop: takes over the memory that the VMM gave to the TD, 2 MiB at a time
 * where that is possible. If the VMM mapped a range in 4 KiB pages the module says so, and they are
 * accepted one by one. A page that was accepted before is an error: whoever did that uses it.
 */
#include <tdx/tdx.h>

#define SIZE_4K 0x1000UL
#define SIZE_2M 0x200000UL

int accept_range(tdx_u64 gpa, tdx_u64 end);

static tdx_status_t accept(tdx_u64 gpa, tdx_level_t level)
{
	unsigned int tries = 100000;

	return tdx_while_busy(tdg_mem_page_accept(tdx_gpa(gpa), level), --tries);
}

static int accept_small(tdx_u64 gpa, tdx_u64 end)
{
	for (; gpa < end; gpa += SIZE_4K) {
		if (!tdx_status_ok(accept(gpa, TDX_LEVEL_4K)))
			return -1;
	}
	return 0;
}

static int accept_large(tdx_u64 gpa)
{
	tdx_status_t status = accept(gpa, TDX_LEVEL_2M);

	if (tdx_status_is(status, TDX_PAGE_SIZE_MISMATCH))
		return accept_small(gpa, gpa + SIZE_2M);
	return tdx_status_ok(status) ? 0 : -1;
}

int accept_range(tdx_u64 gpa, tdx_u64 end)
{
	while (gpa < end) {
		int large = gpa % SIZE_2M == 0 && end - gpa >= SIZE_2M;

		if (large ? accept_large(gpa) : accept_small(gpa, gpa + SIZE_4K))
			return -1;
		gpa += large ? SIZE_2M : SIZE_4K;
	}
	return 0;
}
