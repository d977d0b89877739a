// SPDX-License-Identifier: MIT
/*
 * Instructions that do nothing here: hints, and what processors without their feature take for one.
 */
#include "cpu/decode.h"

HANDLER(nop)
{
	NEXT;
}

static const struct opcode ops[] = {
	PLAIN(NOP, 0, nop),	    PLAIN(ENDBR64, 0, nop),	PLAIN(ENDBR32, 0, nop),
	PLAIN(BNDCL, 0, nop), /* without MPX all of them are hints */
	PLAIN(BNDCN, 0, nop),	    PLAIN(BNDCU, 0, nop),	PLAIN(BNDLDX, 0, nop),
	PLAIN(BNDMK, 0, nop),	    PLAIN(BNDMOV, 0, nop),	PLAIN(BNDSTX, 0, nop),
	PLAIN(RDSSPD, 0, nop), /* without shadow stacks the hint that it was */
	PLAIN(RDSSPQ, 0, nop),	    PLAIN(LFENCE, 0, nop),	PLAIN(PREFETCHW, 0, nop),
	PLAIN(PREFETCHWT1, 0, nop), PLAIN(PREFETCHNTA, 0, nop), PLAIN(PREFETCHT0, 0, nop),
	PLAIN(PREFETCHT1, 0, nop),  PLAIN(PREFETCHT2, 0, nop),	PLAIN(PREFETCH, 0, nop),
	PLAIN(CLDEMOTE, 0, nop),
};
GROUP(cpu_ops_hint, ops);
