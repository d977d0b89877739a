// SPDX-License-Identifier: MIT
/*
 * Bringing a machine up by correct calls. One that is refused would make the test vacuous, so it
 * aborts.
 */
#include "bring_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen/leaves.h"

#define TDMR_INFO   SHARED_BASE
#define TDMR_LIST   (SHARED_BASE + 0x1000)
#define TD_PARAMS   (SHARED_BASE + 0x2000)
#define PAGE_SOURCE (SHARED_BASE + 0x3000)
#define TDCS_PAGES  6u
#define TDVPS_PAGES 5u
#define TDMR_CALLS  256u /* TDH.SYS.TDMR.INIT until a gigabyte is done */

void (*bring_up_before)(const struct seamless_regs *regs);

static uint64_t page(unsigned n)
{
	return PAGES_BASE + n * 4096ull;
}

enum seamless_where bring_up_call(uint64_t leaf, uint64_t rcx, uint64_t rdx, uint64_t r8,
				  uint64_t r9)
{
	struct seamless_regs regs = {
		.gpr = { [0] = leaf, [1] = rcx, [2] = rdx, [8] = r8, [9] = r9 }
	};
	enum seamless_where where;
	char reason[500];

	if (bring_up_before)
		bring_up_before(&regs);
	where = seamless_seamcall(&regs);
	if (where == SEAMLESS_TO_GUEST || !regs.gpr[0])
		return where;
	seamless_reason(reason, sizeof(reason));
	fprintf(stderr, "bring-up: leaf %u gives %llx: %s\n", (unsigned)leaf,
		(unsigned long long)regs.gpr[0], reason);
	abort();
}

/* One TDMR over the first gigabyte; its low 32 MiB, with PAMT and shared buffers, are reserved. */
static void write_tdmr(struct seamless_machine *m)
{
	const uint64_t info[10] = { 0,	    1ull << 30, 0x100000, 0x1000, PAMT_2M,
				    0x2000, 0x400000,	0x400000, 0,	  PAGES_BASE };
	const uint64_t list = TDMR_INFO;

	seamless_write(m, TDMR_INFO, info, sizeof(info));
	seamless_write(m, TDMR_LIST, &list, sizeof(list));
}

void bring_up_system(struct seamless_machine *m)
{
	bring_up_call(LEAF_TDH_SYS_INIT, 0, 0, 0, 0);
	for (unsigned lp = 0; lp < seamless_lps(m); lp++) {
		seamless_lp_leave();
		seamless_lp_enter(m, lp);
		bring_up_call(LEAF_TDH_SYS_LP_INIT, 0, 0, 0, 0);
	}
	seamless_lp_leave();
	seamless_lp_enter(m, 0);
	write_tdmr(m);
	bring_up_call(LEAF_TDH_SYS_CONFIG, TDMR_LIST, 1, FIRST_HKID, 0);
	bring_up_call(LEAF_TDH_SYS_KEY_CONFIG, 0, 0, 0, 0);
	for (unsigned i = 0; i < TDMR_CALLS; i++)
		bring_up_call(LEAF_TDH_SYS_TDMR_INIT, 0, 0, 0, 0);
}

/* XFAM x87 and SSE, 4 vCPUs, 4-level EPT with write-back walks, TSC of 1.6 GHz. */
static void write_td_params(struct seamless_machine *m, uint64_t attributes, uint8_t config_flags)
{
	uint8_t params[1024] = { [8] = 3, [16] = 4, [24] = 0x1e, [32] = config_flags, [40] = 0x40 };

	memcpy(params, &attributes, sizeof(attributes));
	seamless_write(m, TD_PARAMS, params, sizeof(params));
}

void bring_up_td(struct seamless_machine *m)
{
	bring_up_td_with(m, 1, 0);
}

void bring_up_td_with(struct seamless_machine *m, uint64_t attributes, uint8_t config_flags)
{
	write_td_params(m, attributes, config_flags);
	bring_up_call(LEAF_TDH_MNG_CREATE, TDR, FIRST_HKID + 1, 0, 0);
	bring_up_call(LEAF_TDH_MNG_KEY_CONFIG, TDR, 0, 0, 0);
	for (unsigned i = 0; i < TDCS_PAGES; i++)
		bring_up_call(LEAF_TDH_MNG_ADDCX, page(1 + i), TDR, 0, 0);
	bring_up_call(LEAF_TDH_MNG_INIT, TDR, TD_PARAMS, 0, 0);
	bring_up_call(LEAF_TDH_VP_CREATE, TDVPR, TDR, 0, 0);
	for (unsigned i = 0; i < TDVPS_PAGES; i++)
		bring_up_call(LEAF_TDH_VP_ADDCX, page(9 + i), TDVPR, 0, 0);
	bring_up_call(LEAF_TDH_VP_INIT, TDVPR, 0, 0, 0);
	for (unsigned level = 3; level > 0; level--)
		bring_up_call(LEAF_TDH_MEM_SEPT_ADD, level, TDR, page(16 + level), 0);
	bring_up_call(LEAF_TDH_MEM_PAGE_ADD, GPA_PAGE, TDR, page(20), PAGE_SOURCE);
}

int bring_up_scripted(void **state)
{
	const struct seamless_config config = { .name = "default",
						.guest = SEAMLESS_GUEST_SCRIPTED };
	struct seamless_machine *m;
	char err[200];

	m = *state = seamless_create(&config, err, sizeof(err));
	if (!m || !seamless_lp_enter(m, 0))
		return -1;
	bring_up_system(m);
	bring_up_td(m);
	bring_up_call(LEAF_TDH_MR_FINALIZE, TDR, 0, 0, 0);
	return 0;
}

int bring_up_end(void **state)
{
	seamless_lp_leave();
	seamless_destroy(*state);
	return 0;
}
