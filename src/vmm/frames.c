// SPDX-License-Identifier: MIT
/*
 * The host's page allocator. A frame is taken in two steps: one is counted off its block's free
 * frames, then found there. Who has counted one off will find one, whoever else is looking.
 */
#include <stdlib.h>

#include "vmm/frames.h"

#define FRAME_LARGE 0x8000u
#define BLOCK	    (VMM_2M / VMM_4K)

static uint64_t range_frames(const struct vmm_frame_range *r)
{
	return r->range.size / VMM_4K;
}

static size_t range_blocks(struct vmm_range r)
{
	return (size_t)((range_end(r) - 1) / VMM_2M - r.base / VMM_2M + 1);
}

static struct vmm_frame_block *block_of(struct vmm_frames *frames, const struct vmm_frame_range *r,
					uint64_t hpa)
{
	return &frames->block[r->block + hpa / VMM_2M - r->range.base / VMM_2M];
}

static bool range_init(struct vmm_frames *frames, struct vmm_frame_range *r)
{
	uint64_t end;

	r->owner = calloc(range_frames(r), sizeof(*r->owner));
	if (!r->owner)
		return false;
	for (uint64_t at = r->range.base; at < range_end(r->range); at = end) {
		struct vmm_frame_block *b = block_of(frames, r, at);

		end = align_down(at, VMM_2M) + VMM_2M;
		if (end > range_end(r->range))
			end = range_end(r->range);
		*b = (struct vmm_frame_block){ .base = at,
					       .owner = r->owner + (at - r->range.base) / VMM_4K,
					       .frames = (uint16_t)((end - at) / VMM_4K) };
		atomic_init(&b->unused, b->frames);
	}
	return true;
}

bool vmm_frames_init(struct vmm_frames *frames, const struct vmm_range *ranges, size_t count)
{
	bool done;

	*frames = (struct vmm_frames){ .fail_after = UINT64_MAX };
	for (size_t i = 0; i < count && frames->count < VMM_MAX_RANGES; i++) {
		if (!ranges[i].size)
			continue;
		frames->ranges[frames->count++] =
			(struct vmm_frame_range){ .range = ranges[i], .block = frames->blocks };
		frames->blocks += range_blocks(ranges[i]);
	}
	atomic_init(&frames->whole, frames->blocks);
	frames->block = aligned_alloc(_Alignof(struct vmm_frame_block),
				      (frames->blocks + 1) * sizeof(*frames->block));
	done = frames->block;
	for (size_t i = 0; done && i < frames->count; i++)
		done = range_init(frames, &frames->ranges[i]);
	if (!done)
		vmm_frames_free_all(frames);
	return done;
}

void vmm_frames_free_all(struct vmm_frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		free((void *)frames->ranges[i].owner);
	free(frames->block);
	frames->block = NULL;
	frames->count = frames->blocks = 0;
}

/* ---- taking ---- */

/* Counts off one frame, or all of a whole block. */
static bool count_off(struct vmm_frame_block *b, unsigned n)
{
	uint16_t unused = atomic_load(&b->unused);

	while (unused >= n) {
		if (atomic_compare_exchange_weak(&b->unused, &unused, (uint16_t)(unused - n)))
			return true;
	}
	return false;
}

static uint16_t tenant_of(const struct vmm_frame_block *b)
{
	return atomic_load_explicit(&b->tenant, memory_order_relaxed);
}

static bool is_untouched(const struct vmm_frame_block *b)
{
	return atomic_load_explicit(&b->unused, memory_order_relaxed) == b->frames;
}

static bool is_own(const struct vmm_frames *frames, const struct vmm_frame_block *b, uint16_t owner)
{
	(void)frames;
	return tenant_of(b) == owner;
}

/* Only so many blocks ever have tenants: thousands of small TDs must not break up all large frames.
 */
static bool is_free_for(const struct vmm_frames *frames, const struct vmm_frame_block *b,
			uint16_t owner)
{
	(void)owner;
	return is_untouched(b) &&
	       (tenant_of(b) != FRAME_FREE || atomic_load(&frames->let) < frames->blocks / 16 + 4);
}

static bool is_any(const struct vmm_frames *frames, const struct vmm_frame_block *b, uint16_t owner)
{
	(void)frames;
	(void)b;
	(void)owner;
	return true;
}

/* A frame counted off the first such block, which *hint remembers unless somebody has released
 * another one since. */
static struct vmm_frame_block *find(struct vmm_frames *frames, _Atomic size_t *hint,
				    bool (*fits)(const struct vmm_frames *frames,
						 const struct vmm_frame_block *b, uint16_t owner),
				    uint16_t owner)
{
	size_t from = atomic_load(hint), i = from;

	while (i < frames->blocks &&
	       !(fits(frames, &frames->block[i], owner) && count_off(&frames->block[i], 1)))
		i++;
	if (i != from)
		atomic_compare_exchange_strong(hint, &from, i);
	return i < frames->blocks ? &frames->block[i] : NULL;
}

static _Atomic size_t *own_hint(struct vmm_frames *frames, uint16_t tenant)
{
	return &frames->own[tenant % VMM_FRAMES_TENANTS];
}

static void lower(_Atomic size_t *hint, size_t to)
{
	size_t now = atomic_load(hint);

	while (to < now && !atomic_compare_exchange_weak(hint, &now, to))
		;
}

static struct vmm_frame_block *find_untouched(struct vmm_frames *frames, uint16_t owner)
{
	struct vmm_frame_block *b = find(frames, &frames->untouched, is_free_for, owner);

	if (b) {
		if (atomic_exchange(&b->tenant, owner) == FRAME_FREE)
			atomic_fetch_add(&frames->let, 1);
		lower(own_hint(frames, owner), (size_t)(b - frames->block));
	}
	return b;
}

static uint64_t take_in(struct vmm_frame_block *b, uint16_t owner)
{
	uint16_t i = atomic_load_explicit(&b->first, memory_order_relaxed);
	uint16_t free = FRAME_FREE;

	while (!atomic_compare_exchange_strong(&b->owner[i], &free, owner)) {
		free = FRAME_FREE;
		i = (uint16_t)((i + 1) % b->frames);
	}
	atomic_store_explicit(&b->first, (uint16_t)((i + 1) % b->frames), memory_order_relaxed);
	return b->base + i * VMM_4K;
}

static uint64_t take_small(struct vmm_frames *frames, uint16_t owner)
{
	struct vmm_frame_block *b = find(frames, own_hint(frames, owner), is_own, owner);
	_Atomic size_t first = 0;

	if (!b)
		b = find_untouched(frames, owner);
	if (!b)
		b = find(frames, &frames->any, is_any, owner);
	if (!b) /* a frame that came back while a hint was set */
		b = find(frames, &first, is_any, owner);
	return b ? take_in(b, owner) : VMM_NO_FRAME;
}

static void set_owner(struct vmm_frame_block *b, unsigned from, unsigned count, uint16_t owner)
{
	for (unsigned i = from; i < from + count; i++)
		atomic_store_explicit(&b->owner[i], owner, memory_order_relaxed);
}

/* Counts off a block below *end, which becomes the one above it. */
static struct vmm_frame_block *find_whole(struct vmm_frames *frames, _Atomic size_t *end)
{
	size_t from = atomic_load(end), i = from;

	while (i > 0 && !count_off(&frames->block[i - 1], BLOCK))
		i--;
	if (i != from)
		atomic_compare_exchange_strong(end, &from, i);
	return i ? &frames->block[i - 1] : NULL;
}

/* From the top, so that small frames, taken from the bottom, break up as few blocks as possible. */
static uint64_t take_large(struct vmm_frames *frames, uint16_t owner)
{
	struct vmm_frame_block *b = find_whole(frames, &frames->whole);
	_Atomic size_t last = frames->blocks;

	if (!b)
		b = find_whole(frames, &last);
	if (!b)
		return VMM_NO_FRAME;
	set_owner(b, 0, BLOCK, owner | FRAME_LARGE);
	return b->base;
}

static bool is_refused(struct vmm_frames *frames)
{
	uint64_t left = atomic_load(&frames->fail_after);

	while (left && left != UINT64_MAX &&
	       !atomic_compare_exchange_weak(&frames->fail_after, &left, left - 1))
		;
	return !left;
}

uint64_t vmm_frames_alloc(struct vmm_frames *frames, uint16_t owner, enum vmm_level level)
{
	if (is_refused(frames))
		return VMM_NO_FRAME;
	return level == VMM_LEVEL_2M ? take_large(frames, owner) : take_small(frames, owner);
}

/* ---- giving back ---- */

static struct vmm_frame_block *find_frame(struct vmm_frames *frames, uint64_t hpa, unsigned *index)
{
	for (size_t i = 0; i < frames->count; i++) {
		const struct vmm_frame_range *r = &frames->ranges[i];
		struct vmm_frame_block *b;

		if (!range_holds(r->range, hpa, VMM_4K))
			continue;
		b = block_of(frames, r, hpa);
		*index = (unsigned)((hpa - b->base) / VMM_4K);
		return b;
	}
	return NULL;
}

static unsigned size_at(const struct vmm_frame_block *b, unsigned index)
{
	return b->owner[index] & FRAME_LARGE ? BLOCK : 1;
}

static void raise_whole(struct vmm_frames *frames, size_t to)
{
	size_t now = atomic_load(&frames->whole);

	while (to > now && !atomic_compare_exchange_weak(&frames->whole, &now, to))
		;
}

/* So that they are found again. */
static void announce(struct vmm_frames *frames, const struct vmm_frame_block *b, unsigned unused)
{
	size_t at = (size_t)(b - frames->block);

	lower(own_hint(frames, b->tenant), at);
	lower(&frames->any, at);
	if (unused < b->frames)
		return;
	lower(&frames->untouched, at);
	raise_whole(frames, at + 1);
}

void vmm_frames_release(struct vmm_frames *frames, uint64_t hpa)
{
	unsigned index = 0, count;
	struct vmm_frame_block *b = find_frame(frames, hpa, &index);

	if (!b)
		return;
	count = size_at(b, index);
	set_owner(b, index, count, FRAME_FREE);
	if (index < atomic_load_explicit(&b->first, memory_order_relaxed))
		atomic_store_explicit(&b->first, (uint16_t)index, memory_order_relaxed);
	announce(frames, b, atomic_fetch_add(&b->unused, (uint16_t)count) + count);
}

void vmm_frames_lose(struct vmm_frames *frames, uint64_t hpa)
{
	unsigned index = 0;
	struct vmm_frame_block *b = find_frame(frames, hpa, &index);

	if (b)
		set_owner(b, index, size_at(b, index),
			  (uint16_t)(FRAME_HOST | (b->owner[index] & FRAME_LARGE)));
}

void vmm_frames_split(struct vmm_frames *frames, uint64_t hpa)
{
	unsigned index = 0;
	struct vmm_frame_block *b = find_frame(frames, hpa, &index);

	if (b)
		set_owner(b, 0, BLOCK, b->owner[0] & (uint16_t)~FRAME_LARGE);
}

/* ---- walking ---- */

static uint64_t next_in(const struct vmm_frame_block *b, uint16_t owner, uint64_t from,
			enum vmm_level *level)
{
	uint64_t i = from <= b->base ? 0 : (from - b->base) / VMM_4K;

	if (owner != FRAME_FREE && is_untouched(b))
		return VMM_NO_FRAME;
	for (; i < b->frames; i++) {
		uint16_t now = atomic_load_explicit(&b->owner[i], memory_order_relaxed);

		if ((now & ~FRAME_LARGE) != owner)
			continue;
		*level = now & FRAME_LARGE ? VMM_LEVEL_2M : VMM_LEVEL_4K;
		return b->base + i * VMM_4K;
	}
	return VMM_NO_FRAME;
}

/* The first block that does not end before `from`. */
static size_t block_from(struct vmm_frames *frames, uint64_t from)
{
	for (size_t i = 0; i < frames->count; i++) {
		const struct vmm_frame_range *r = &frames->ranges[i];

		if (from < r->range.base)
			return r->block;
		if (from < range_end(r->range))
			return (size_t)(block_of(frames, r, from) - frames->block);
	}
	return frames->blocks;
}

uint64_t vmm_frames_next(struct vmm_frames *frames, uint16_t owner, uint64_t from,
			 enum vmm_level *level)
{
	uint64_t hpa = VMM_NO_FRAME;

	for (size_t i = block_from(frames, from); i < frames->blocks && hpa == VMM_NO_FRAME; i++)
		hpa = next_in(&frames->block[i], owner, from, level);
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
