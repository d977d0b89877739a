// SPDX-License-Identifier: MIT
/*
 * The EPT walk: present, permitted, well formed.
 */
#include "vmx/ept.h"

#include <stddef.h>

#define EPT_MT(entry) ((entry) >> 3 & 7)
#define EPT_LEAF (1ull << 7)
#define EPT_SUPPRESS_VE (1ull << 63)
#define EPT_TABLE_RESERVED (0xfull << 3 | 1ull << 7)

static unsigned level_shift(unsigned level)
{
	return 12 + 9 * level;
}

static bool is_leaf(uint64_t entry, unsigned level)
{
	return !level || (entry & EPT_LEAF && level < 3);
}

/* A large leaf with address bits below its size. */
static bool leaf_misaligned(uint64_t entry, unsigned level)
{
	return entry & EPT_ADDRESS & ((1ull << level_shift(level)) - 1);
}

static bool misconfigured(const struct ept_tree *t, uint64_t entry, unsigned level)
{
	unsigned mt = EPT_MT(entry);

	if ((entry & (EPT_R | EPT_W)) == EPT_W)
		return true;
	if (!(entry & EPT_RWX))
		return false;
	if (is_leaf(entry, level))
		return leaf_misaligned(entry, level) || mt == 2 || mt == 3 || mt == 7;
	return entry & EPT_TABLE_RESERVED || !t->address_ok(t->opaque, entry & EPT_ADDRESS);
}

static bool convertible(uint64_t entry, unsigned level)
{
	return (!(entry & EPT_RWX) || is_leaf(entry, level)) && !(entry & EPT_SUPPRESS_VE);
}

static void set_leaf(struct ept_page *page, uint64_t gpa, unsigned level)
{
	uint64_t offset_mask = (1ull << level_shift(level)) - 1;

	page->size = offset_mask + 1;
	page->base_gpa = gpa & ~offset_mask;
	page->hpa = (page->entry & EPT_ADDRESS & ~offset_mask) | (gpa & offset_mask);
}

enum ept_result ept_walk(const struct ept_tree *t, uint64_t gpa, uint32_t access, struct ept_page *page)
{
	uint64_t table = t->root;
	unsigned level = t->levels - 1;

	for (page->permissions = EPT_RWX;; level--) {
		const uint64_t *entries = t->table(t->opaque, table);
		uint64_t entry;

		if (!entries)
			return WALK_MISCONFIGURATION;
		entry = __atomic_load_n(&entries[gpa >> level_shift(level) & 0x1ff], __ATOMIC_ACQUIRE);
		page->entry = entry;
		page->permissions &= (uint32_t)(entry & EPT_RWX);
		if (t->address_ok && misconfigured(t, entry, level))
			return WALK_MISCONFIGURATION;
		if (!(entry & EPT_RWX) || access & ~(uint32_t)(entry & EPT_RWX))
			return convertible(entry, level) ? WALK_CONVERTIBLE : WALK_VIOLATION;
		if (is_leaf(entry, level))
			break;
		table = entry & EPT_ADDRESS;
	}
	set_leaf(page, gpa, level);
	return t->address_ok && !t->address_ok(t->opaque, page->hpa) ? WALK_MISCONFIGURATION : WALK_FOUND;
}
