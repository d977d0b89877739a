/* SPDX-License-Identifier: MIT */
/*
 * Where things are in the machine of the model, and the host's side of a comparison.
 */
#ifndef TESTS_MODEL_PLACES_H
#define TESTS_MODEL_PLACES_H

#include "world.h"

#define SIZE_4K	    0x1000ull
#define SIZE_2M	    0x200000ull
#define GLOBAL_HKID 32u
#define FIRST_HKID  33u

/* The host's own memory: buffers that are operands, and pages that nothing is to touch. */
#define BUFFERS	    0x10000000ull
#define PARAMS	    (BUFFERS + 0x10000)
#define SOURCE(gpa) (BUFFERS + 0x20000 + (gpa)*2 * SIZE_4K)
#define PAMTS	    0x5000000ull
#define CANARIES    12u
#define CANARY_BYTE 0xc3

/* A gigabyte for TDs. The last page is never given to one. */
#define TDMR  0x40000000ull
#define NEVER (TDMR + 0x3ffff000)

/* What a guest writes into its memory, for the host to look for. */
#define SECRET	  "what only the trust domain may know"
#define SECRET_AT 0x7c0u

static inline uint64_t chunk_pa(int chunk)
{
	return TDMR + (uint64_t)(chunk + 1) * SIZE_2M;
}

static inline uint64_t page_pa(int page)
{
	if (page < PLAIN)
		return TDMR + 0x8000 + (uint64_t)page * SIZE_4K;
	page -= PLAIN;
	return chunk_pa(page / PARTS) + (uint64_t)(page % PARTS) * SIZE_4K;
}

/* Between the source pages, around the buffers, and in the TDMR before and behind the pages. */
static inline uint64_t canary_pa(unsigned i)
{
	switch (i) {
	case 0: return BUFFERS - SIZE_4K;
	case 1: return PARAMS + SIZE_4K;
	case 2: return TDMR + 0x7000;
	case 3: return TDMR + 0x8000 + PLAIN * SIZE_4K;
	case 4: return NEVER;
	case 5: return PARAMS - SIZE_4K;
	default: return SOURCE(i - 6) + SIZE_4K;
	}
}

static inline uint64_t gpa_of(unsigned gpa)
{
	return gpa / PARTS * SIZE_2M + gpa % PARTS * SIZE_4K;
}

/* A SEAMCALL with RCX, RDX, R8, R9; its RAX. */
uint64_t world_call(struct world *w, unsigned lp, uint64_t leaf, const uint64_t in[4],
		    struct seamless_regs *regs);
/* Says what differs, once; false. */
__attribute__((format(printf, 2, 3))) bool world_differs(struct world *w, const char *format, ...);

#endif
