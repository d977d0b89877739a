/* SPDX-License-Identifier: MIT */
/*
 * The host's page allocator: which 4 KiB frame of host-physical memory belongs to whom. A frame is
 * free, the host's own, or given to a TD; giving a frame to the module is `vmm_frames_alloc` with
 * the TD as owner, and what the TD still owns is found again by walking its frames, which is how
 * teardown misses none. Each owner's 4 KiB frames come from 2 MiB blocks of its own while there are
 * any, so that TDs share no cache line of the tables that describe memory, here or in the module.
 */
#ifndef VMM_FRAMES_H
#define VMM_FRAMES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/range.h"

#define VMM_NO_FRAME   UINT64_MAX
#define VMM_MAX_RANGES 64

/* Owners. A TD is FRAME_TD plus its number. */
enum { FRAME_FREE = 0, FRAME_HOST = 1, FRAME_TD = 2 };

enum vmm_level { VMM_LEVEL_4K = 0, VMM_LEVEL_2M = 1 };

struct vmm_frame_range {
	struct vmm_range range;
	_Atomic uint16_t *owner; /* per 4 KiB frame; FRAME_LARGE marks the parts of a 2 MiB frame */
	size_t block;		 /* the one that holds range.base */
};

/* The part of an aligned 2 MiB that lies in a range. */
struct vmm_frame_block {
	_Alignas(64) uint64_t base; /* a cache line each */
	_Atomic uint16_t *owner;    /* of the first frame */
	uint16_t frames;
	_Atomic uint16_t unused; /* free, and nobody is about to take them */
	_Atomic uint16_t tenant; /* whose small frames come from here */
	_Atomic uint16_t first;	 /* where to look for a free one */
};

#define VMM_FRAMES_TENANTS 64

/* Any thread may call; nobody waits for another. */
struct vmm_frames {
	struct vmm_frame_range ranges[VMM_MAX_RANGES];
	size_t count;
	struct vmm_frame_block *block; /* of all ranges, in their order */
	size_t blocks;
	/* Where to look for a block: one of the owner's own, one that nobody uses, any; and, from
	 * there downwards, a whole one. */
	_Atomic size_t own[VMM_FRAMES_TENANTS], untouched, any, whole;
	_Atomic size_t let; /* blocks that have or had a tenant */
	_Atomic uint64_t
		fail_after; /* allocations until all fail; UINT64_MAX: no limit. For tests */
};

/* Takes ranges of 4 KiB multiples that do not overlap. False when the host is out of memory. */
bool vmm_frames_init(struct vmm_frames *frames, const struct vmm_range *ranges, size_t count);
void vmm_frames_free_all(struct vmm_frames *frames);

/*
 * A free frame, aligned to its size, now `owner`'s; VMM_NO_FRAME when there is none, or when it was
 * always elsewhere: as others gave back and took the last ones.
 */
uint64_t vmm_frames_alloc(struct vmm_frames *frames, uint16_t owner, enum vmm_level level);

/* Gives back what vmm_frames_alloc returned. */
void vmm_frames_release(struct vmm_frames *frames, uint64_t hpa);

/* Keeps it from all use, for good: neither a TD's any more nor fit to be anyone else's. */
void vmm_frames_lose(struct vmm_frames *frames, uint64_t hpa);

/*
 * Makes a 2 MiB frame that vmm_frames_alloc returned 512 frames of 4 KiB, each to be released by
 * itself.
 */
void vmm_frames_split(struct vmm_frames *frames, uint64_t hpa);

/*
 * Walks an owner's frames in address order: the first one at or above `from`, its size in *level;
 * VMM_NO_FRAME after the last.
 */
uint64_t vmm_frames_next(struct vmm_frames *frames, uint16_t owner, uint64_t from,
			 enum vmm_level *level);

/* Number of 4 KiB frames of an owner. */
uint64_t vmm_frames_count(struct vmm_frames *frames, uint16_t owner);

static inline uint64_t level_size(enum vmm_level level)
{
	return level == VMM_LEVEL_2M ? VMM_2M : VMM_4K;
}

#endif
