/* SPDX-License-Identifier: MIT */
/*
 * Walks of an EPT as the processor does them. TDX has two: the secure EPT below the shared bit of a guest-physical
 * address, the host's shared EPT above it.
 */
#ifndef VMX_EPT_H
#define VMX_EPT_H

#include <stdbool.h>
#include <stdint.h>

#define EPT_R 1u
#define EPT_W 2u
#define EPT_X 4u
#define EPT_RWX 7u
#define EPT_ADDRESS 0x000ffffffffff000ull
#define EPTP_LEVELS(eptp) ((unsigned)((eptp) >> 3 & 7) + 1)

enum ept_result {
	WALK_FOUND,
	WALK_VIOLATION,
	WALK_CONVERTIBLE,      /* a violation that the processor turns into #VE by itself */
	WALK_MISCONFIGURATION,
};

struct ept_tree {
	const void *opaque;
	uint64_t root; /* address of its first table */
	unsigned levels;
	/* The table at an address as entries hold it; NULL: no such memory. */
	const uint64_t *(*table)(const void *opaque, uint64_t pa);
	/* A shared EPT, whose entries the host can make anything: may they hold this address? NULL: the secure EPT. */
	bool (*address_ok)(const void *opaque, uint64_t pa);
};

/* The leaf, or the entry at which the walk ended. */
struct ept_page {
	uint64_t hpa;         /* of the byte, with the key id bits that the entry carries */
	uint64_t base_gpa;    /* first address of the leaf */
	uint64_t size;
	uint32_t permissions; /* of all entries on the way together */
	uint64_t entry;       /* the last one read */
};

/* Whether an access that needs @access (EPT_*) to @gpa finds its page. */
enum ept_result ept_walk(const struct ept_tree *t, uint64_t gpa, uint32_t access, struct ept_page *page);

#endif
