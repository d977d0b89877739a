/* SPDX-License-Identifier: MIT */
/*
 * A guest that shares memory of its own and takes it back, and what it sees meanwhile.
 */
#ifndef SHARING_H
#define SHARING_H

#include "world.h"

#define SHARED	HV_SHARED_BIT
#define SECRET	"the guest's secret"
#define LARGE_2 HV_LARGE_PAGE /* guest-physical address of the second 2 MiB */

/* What a guest does that shares pages and takes them back, and what it saw. */
struct sharing {
	struct seamless_machine *machine;
	uint64_t memory, accepted; /* it accepts so many bytes from there, */
	tdx_level_t level;	   /* in pages of this size, */
	uint64_t gpa, size;	   /* and shares these */

	bool ready, ended;
	tdx_answer_t shared, back;
	unsigned calls;
	struct {
		bool there, shared;
		uint64_t pa;
	} before, private_view, shared_view, after;
};

/* The guest's code, with a struct sharing. */
void share(void *opaque);
void share_and_take_back(void *opaque);

/* Three of eight small pages; two pages of a 2 MiB one. */
struct sharing few_pages(struct world *world);
struct sharing part_of_large(struct world *world);

/* What went wrong in a sharing that should have gone well; NULL: nothing. */
const char *sharing_wrong(const struct sharing *s);

#endif
