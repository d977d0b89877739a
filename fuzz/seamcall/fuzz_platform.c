// SPDX-License-Identifier: MIT
/*
 * Platform files: each ends in a machine or in a message that names the file, and on whatever
 * machine it describes, the calls that look at the platform come back with a status.
 */
#include <stdlib.h>
#include <string.h>

#include "../fuzz.h"
#include "gen/leaves.h"
#include "seamless/seamless.h"

#define LIST 0x2000000u

static void call(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8)
{
	struct seamless_regs regs = { .gpr = { leaf, rcx, rdx } };

	regs.gpr[8] = r8;
	HOLDS(seamless_seamcall(&regs) == SEAMLESS_TO_HOST);
}

/* TDMR_INFO of 1 GiB at 1 GiB, with its PAMTs behind it. */
static void write_tdmr(struct seamless_machine *m)
{
	const uint64_t info[] = { 1u << 30,  1u << 30, 0x5402000, 0x1000,
				  0x5400000, 0x2000,   0x5000000, 0x400000 };
	const uint64_t list[] = { LIST + 0x1000 };

	seamless_write(m, LIST, list, sizeof(list));
	seamless_write(m, LIST + 0x1000, info, sizeof(info));
}

static void bring_up(struct seamless_machine *m)
{
	unsigned lps = seamless_lps(m);

	write_tdmr(m);
	for (unsigned lp = 0; lp < lps; lp++) {
		HOLDS(seamless_lp_enter(m, lp));
		call(lp ? LEAF_TDH_SYS_LP_INIT : LEAF_TDH_SYS_INIT, 0, 0, 0);
		call(LEAF_TDH_SYS_LP_INIT, 0, 0, 0);
		seamless_lp_leave();
	}
	HOLDS(seamless_lp_enter(m, 0));
	call(LEAF_TDH_SYS_INFO, LIST + 0x2000, 1024, LIST + 0x3000);
	call(LEAF_TDH_SYS_CONFIG, LIST, 1, 32);
	call(LEAF_TDH_SYS_KEY_CONFIG, 0, 0, 0);
	call(LEAF_TDH_SYS_TDMR_INIT, 1u << 30, 0, 0);
	call(LEAF_TDH_SYS_RDALL, LIST + 0x4000, ~0ull, 0);
	seamless_lp_leave();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct seamless_config config = { .name = "f",
						.text = (const char *)data,
						.len = size,
						.guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *m;
	char err[200] = "";

	if (!size)
		return 0;
	m = seamless_create(&config, err, sizeof(err));
	HOLDS(!m == !!err[0]);
	if (!m)
		return 0;
	bring_up(m);
	seamless_destroy(m);
	return 0;
}
