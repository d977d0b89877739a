// SPDX-License-Identifier: MIT
/*
 * Key ids in physical addresses.
 */
#include "module/keyid.h"
#include "module/state.h"
#include "platform/platform.h"

bool keyid_private(const struct module *m, uint64_t hkid)
{
	return hkid >= m->hkid_first && hkid < m->hkid_end;
}

static uint64_t key_bits(const struct module *m)
{
	return (1ull << m->max_pa_bits) - (1ull << m->hkid_shift);
}

unsigned keyid_of(const struct module *m, uint64_t pa)
{
	return (unsigned)((pa & key_bits(m)) >> m->hkid_shift);
}

uint64_t keyid_strip(const struct module *m, uint64_t pa)
{
	return pa & ~key_bits(m);
}

uint64_t keyid_put(const struct module *m, uint64_t pa, unsigned hkid)
{
	return keyid_strip(m, pa) | (uint64_t)hkid << m->hkid_shift;
}

void keyid_tag(struct module *m, uint64_t pa, uint64_t size, unsigned hkid)
{
	mem_key_set(&m->plat->mem, pa, size, (uint16_t)hkid);
}
