// SPDX-License-Identifier: MIT
/*
 * The host's page allocator. First fit with a hint for 4 KiB frames; a 2 MiB frame is a whole free
 * block, found by the count of free frames that each block keeps.
 */
#include <stdlib.h>

#include "vmm/frames.h"

#define FRAME_LARGE 0x8000u
#define BLOCK	    (VMM_2M / VMM_4K)

static uint64_t range_frames(const struct vmm_frame_range *r)
{
	return r->range.size / VMM_4K;
}

static uint64_t block_of(const struct vmm_frame_range *r, uint64_t index)
{
	return (r->range.base + index * VMM_4K) / VMM_2M - r->range.base / VMM_2M;
}

static uint64_t range_blocks(const struct vmm_frame_range *r)
{
	return block_of(r, range_frames(r) - 1) + 1;
}

static bool range_init(struct vmm_frame_range *r, struct vmm_range range)
{
	r->range = range;
	r->hint = 0;
	r->owner = calloc(range_frames(r), sizeof(*r->owner));
	r->unused = calloc(range_blocks(r), sizeof(*r->unused));
	if (!r->owner || !r->unused)
		return false;
	for (uint64_t at = range.base; at < range_end(range); at = align_down(at, VMM_2M) + VMM_2M) {
		uint64_t end = align_down(at, VMM_2M) + VMM_2M;

		if (end > range_end(range))
			end = range_end(range);
		r->unused[block_of(r, (at - range.base) / VMM_4K)] = (uint16_t)((end - at) / VMM_4K);
	}
	return true;
}

bool vmm_frames_init(struct vmm_frames *frames, const struct vmm_range *ranges, size_t count)
{
	*frames = (struct vmm_frames){ .fail_after = UINT64_MAX };
	pthread_mutex_init(&frames->lock, NULL);
	for (size_t i = 0; i < count && frames->count < VMM_MAX_RANGES; i++) {
		if (!ranges[i].size)
			continue;
		frames->count++;
		if (!range_init(&frames->ranges[frames->count - 1], ranges[i])) {
			vmm_frames_free_all(frames);
			return false;
		}
	}
	return true;
}

void vmm_frames_free_all(struct vmm_frames *frames)
{
	for (size_t i = 0; i < frames->count; i++) {
		free(frames->ranges[i].owner);
		free(frames->ranges[i].unused);
	}
	frames->count = 0;
	pthread_mutex_destroy(&frames->lock);
}

static void set_owner(struct vmm_frame_range *r, uint64_t index, uint64_t frames, uint16_t owner)
{
	bool take = owner != FRAME_FREE;

	for (uint64_t i = index; i < index + frames; i++)
		r->owner[i] = owner;
	r->unused[block_of(r, index)] =
		(uint16_t)(r->unused[block_of(r, index)] + (take ? -frames : frames));
	if (!take && index < r->hint)
		r->hint = index;
}

static uint64_t take_small(struct vmm_frame_range *r, uint16_t owner)
{
	uint64_t i = r->hint;

	while (i < range_frames(r) && r->owner[i] != FRAME_FREE)
		i++;
	r->hint = i;
	if (i == range_frames(r))
		return VMM_NO_FRAME;
	set_owner(r, i, 1, owner);
	return r->range.base + i * VMM_4K;
}

/* From the top, so that small frames, taken from the bottom, break up as few blocks as possible. */
static uint64_t take_large(struct vmm_frame_range *r, uint16_t owner)
{
	for (uint64_t block = range_blocks(r); block-- > 0;) {
		uint64_t hpa = align_down(r->range.base, VMM_2M) + block * VMM_2M;

		if (r->unused[block] != BLOCK)
			continue;
		set_owner(r, (hpa - r->range.base) / VMM_4K, BLOCK, owner | FRAME_LARGE);
		return hpa;
	}
	return VMM_NO_FRAME;
}

static uint64_t take(struct vmm_frames *frames, uint16_t owner, enum vmm_level level)
{
	uint64_t hpa = VMM_NO_FRAME;

	if (!frames->fail_after)
		return VMM_NO_FRAME;
	for (size_t i = 0; i < frames->count && hpa == VMM_NO_FRAME; i++)
		hpa = level == VMM_LEVEL_2M ? take_large(&frames->ranges[i], owner)
					    : take_small(&frames->ranges[i], owner);
	if (hpa != VMM_NO_FRAME && frames->fail_after != UINT64_MAX)
		frames->fail_after--;
	return hpa;
}

uint64_t vmm_frames_alloc(struct vmm_frames *frames, uint16_t owner, enum vmm_level level)
{
	uint64_t hpa;

	pthread_mutex_lock(&frames->lock);
	hpa = take(frames, owner, level);
	pthread_mutex_unlock(&frames->lock);
	return hpa;
}

static struct vmm_frame_range *range_of(struct vmm_frames *frames, uint64_t hpa)
{
	for (size_t i = 0; i < frames->count; i++) {
		if (range_holds(frames->ranges[i].range, hpa, VMM_4K))
			return &frames->ranges[i];
	}
	return NULL;
}

void vmm_frames_release(struct vmm_frames *frames, uint64_t hpa)
{
	struct vmm_frame_range *r;
	uint64_t i;

	pthread_mutex_lock(&frames->lock);
	r = range_of(frames, hpa);
	if (r) {
		i = (hpa - r->range.base) / VMM_4K;
		set_owner(r, i, r->owner[i] & FRAME_LARGE ? BLOCK : 1, FRAME_FREE);
	}
	pthread_mutex_unlock(&frames->lock);
}

void vmm_frames_lose(struct vmm_frames *frames, uint64_t hpa)
{
	struct vmm_frame_range *r;
	uint64_t first, count;

	pthread_mutex_lock(&frames->lock);
	r = range_of(frames, hpa);
	if (r) {
		first = (hpa - r->range.base) / VMM_4K;
		count = r->owner[first] & FRAME_LARGE ? BLOCK : 1;
		for (uint64_t i = first; i < first + count; i++)
			r->owner[i] = (uint16_t)(FRAME_HOST | (r->owner[i] & FRAME_LARGE));
	}
	pthread_mutex_unlock(&frames->lock);
}

void vmm_frames_split(struct vmm_frames *frames, uint64_t hpa)
{
	struct vmm_frame_range *r;

	pthread_mutex_lock(&frames->lock);
	r = range_of(frames, hpa);
	for (uint64_t i = 0; r && i < BLOCK; i++)
		r->owner[(hpa - r->range.base) / VMM_4K + i] &= (uint16_t)~FRAME_LARGE;
	pthread_mutex_unlock(&frames->lock);
}

static uint64_t next_in(const struct vmm_frame_range *r, uint16_t owner, uint64_t from,
			enum vmm_level *level)
{
	uint64_t i = from <= r->range.base ? 0 : (from - r->range.base) / VMM_4K;

	for (; i < range_frames(r); i++) {
		if ((r->owner[i] & ~FRAME_LARGE) != owner)
			continue;
		*level = r->owner[i] & FRAME_LARGE ? VMM_LEVEL_2M : VMM_LEVEL_4K;
		return r->range.base + i * VMM_4K;
	}
	return VMM_NO_FRAME;
}

uint64_t vmm_frames_next(struct vmm_frames *frames, uint16_t owner, uint64_t from,
			 enum vmm_level *level)
{
	uint64_t hpa = VMM_NO_FRAME;

	pthread_mutex_lock(&frames->lock);
	for (size_t i = 0; i < frames->count && hpa == VMM_NO_FRAME; i++) {
		if (from < range_end(frames->ranges[i].range))
			hpa = next_in(&frames->ranges[i], owner, from, level);
	}
	pthread_mutex_unlock(&frames->lock);
	return hpa;
}

uint64_t vmm_frames_count(struct vmm_frames *frames, uint16_t owner)
{
	enum vmm_level level = VMM_LEVEL_4K;
	uint64_t count = 0;
	uint64_t hpa = vmm_frames_next(frames, owner, 0, &level);

	while (hpa != VMM_NO_FRAME) {
		count += level_size(level) / VMM_4K;
		hpa = vmm_frames_next(frames, owner, hpa + level_size(level), &level);
	}
	return count;
}
