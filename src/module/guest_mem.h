/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical memory as the processor finds it for a guest: the secure EPT below the shared bit, the host's
 * shared EPT above it.
 */
#ifndef SEAMLESS_MODULE_GUEST_MEM_H
#define SEAMLESS_MODULE_GUEST_MEM_H

#include <stdbool.h>
#include <stdint.h>
#include "module/td.h"

struct guest_exit;

#define EPT_R 1u
#define EPT_W 2u
#define EPT_X 4u
#define EPT_RWX 7u

enum guest_walk {
	WALK_FOUND,
	WALK_VIOLATION,
	WALK_CONVERTIBLE,      /* a violation that the processor turns into #VE by itself */
	WALK_MISCONFIGURATION,
};

/* A walk of either tree: the leaf, or the entry at which it ended. */
struct guest_page {
	uint64_t hpa;         /* of the byte, with the key id bits that the entry carries */
	uint64_t base_gpa;    /* first address of the leaf */
	uint64_t size;
	uint32_t permissions; /* of all entries on the way together */
	uint64_t entry;       /* the last one read */
};

/* Whether an access that needs @access (EPT_*) to @gpa finds its page. @page may be NULL. */
enum guest_walk guest_walk_private(const struct module *m, const struct td *td, uint64_t gpa, uint32_t access,
				   struct guest_page *page);
/* The same in the secure EPT of an L2 VM. */
enum guest_walk guest_walk_l2(const struct module *m, const struct td *td, unsigned vm, uint64_t gpa, uint32_t access,
			      struct guest_page *page);
enum guest_walk guest_walk_shared(const struct module *m, const struct td *td, uint64_t eptp, uint64_t gpa,
				  uint32_t access, struct guest_page *page);

/* No bit beyond the TD's address width, and private if asked. */
bool guest_gpa_valid(const struct td *td, uint64_t gpa, bool must_be_private);
bool guest_gpa_shared(const struct td *td, uint64_t gpa);

/*
 * The memory behind an operand of a guest leaf, for @len bytes within a page. NULL: @x says how the call ends (TD
 * exit or #VE). The GPA must be valid.
 */
void *guest_map(struct guest_exit *x, uint64_t gpa, uint32_t access);

#endif
