/* SPDX-License-Identifier: MIT */
/*
 * Key ids: which are private, who owns them (KOT), and which packages still have to write back their caches.
 */
#ifndef SEAMLESS_MODULE_KEYID_H
#define SEAMLESS_MODULE_KEYID_H

#include <stdbool.h>
#include <stdint.h>
#include "module/state.h"

/* Whether a key id is in the private range. */
static inline bool keyid_private(const struct module *m, uint64_t hkid)
{
	return hkid >= m->hkid_first && hkid < m->hkid_end;
}

static inline uint64_t keyid_bits(const struct module *m)
{
	return (1ull << m->max_pa_bits) - (1ull << m->hkid_shift);
}

/* The key id in a physical address. */
static inline unsigned keyid_of(const struct module *m, uint64_t pa)
{
	return (unsigned)((pa & keyid_bits(m)) >> m->hkid_shift);
}

/* The address as the processor uses it to reach a page under this key. */
static inline uint64_t keyid_put(const struct module *m, uint64_t pa, unsigned hkid)
{
	return keyid_strip(m, pa) | (uint64_t)hkid << m->hkid_shift;
}

/* From here on the pages are written under this key; the caller gives them new content. */
static inline void keyid_tag(struct module *m, uint64_t pa, uint64_t size, unsigned hkid)
{
	mem_key_set(&m->plat->mem, pa, size, (uint16_t)hkid);
}

#endif
