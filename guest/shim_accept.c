// SPDX-License-Identifier: MIT
/*
 * Accepts the TD's memory: in 2 MiB pages where it can. A page that was there before it was
 * accepted would hold what the VMM put into it: outside the measured image none may be.
 */
#include "guest/guest.h"
#include "guest/shim.h"
#include "tdx/tdx.h"

#define LARGE 0x200000ull

extern const uint8_t shim_image_end[];

static void accept_small(uint64_t gpa)
{
	if (!tdx_status_ok(tdg_mem_page_accept(tdx_gpa(gpa), TDX_LEVEL_4K)))
		guest_fail("boot shim: TDG.MEM.PAGE.ACCEPT of a 4 KiB page failed");
}

static void accept_large(uint64_t gpa)
{
	tdx_status_t status = tdg_mem_page_accept(tdx_gpa(gpa), TDX_LEVEL_2M);

	if (tdx_status_ok(status))
		return;
	if (!tdx_status_is(status, TDX_PAGE_SIZE_MISMATCH))
		guest_fail("boot shim: TDG.MEM.PAGE.ACCEPT of a 2 MiB page failed");
	for (uint64_t at = gpa; at < gpa + LARGE; at += PAGE)
		accept_small(at);
}

static void accept_range(uint64_t from, uint64_t to)
{
	while (from < to) {
		if (from % LARGE || to - from < LARGE) {
			accept_small(from);
			from += PAGE;
		} else {
			accept_large(from);
			from += LARGE;
		}
	}
}

void shim_accept(const struct shim_info *info)
{
	accept_range(0, SHIM_BASE);
	accept_range((uint64_t)shim_image_end, SHIM_MAILBOX);
	accept_range(SHIM_MAILBOX + PAGE, info->ram[0].size);
	accept_range(info->ram[1].base, info->ram[1].base + info->ram[1].size);
}
