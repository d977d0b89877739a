// SPDX-License-Identifier: MIT
/*
 * MSR bitmaps from the table of MSR virtualization and the TD's configuration.
 */
#include "module/msr.h"
#include "gen/features.h"
#include "module/state.h"
#include "vmx/x86.h"

static void pass(uint8_t *bitmap, uint32_t msr)
{
	bitmap[MSR_BITMAP_BYTE(msr)] &= (uint8_t)~MSR_BITMAP_BIT(msr);
}

void msr_bitmaps_init(const struct module *m, const struct td *td)
{
	uint8_t *page = td_page(m, td, TDCS_PAGE_MSR_BITMAPS);

	for (size_t i = 0; i < msr_rules_len; i++) {
		const struct msr_rule *r = &msr_rules[i];
		bool rd = td_has(m, td->tdcs, r->rd), wr = td_has(m, td->tdcs, r->wr);

		for (uint32_t msr = r->first; (rd || wr) && msr <= r->last; msr++) {
			if (rd)
				pass(page, msr);
			if (wr)
				pass(page + MSR_BITMAP_WRITES, msr);
		}
	}
}
