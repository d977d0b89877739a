/* SPDX-License-Identifier: MIT */
/*
 * Key ids: which are private, who owns them (KOT), and which packages still have to write back their caches.
 */
#ifndef SEAMLESS_MODULE_KEYID_H
#define SEAMLESS_MODULE_KEYID_H

#include <stdbool.h>
#include <stdint.h>

struct module;

/* Whether a key id is in the private range. */
bool keyid_private(const struct module *m, uint64_t hkid);

/* The key id in a physical address, and the address without it. */
unsigned keyid_of(const struct module *m, uint64_t pa);
uint64_t keyid_strip(const struct module *m, uint64_t pa);
/* The address as the processor uses it to reach a page under this key. */
uint64_t keyid_put(const struct module *m, uint64_t pa, unsigned hkid);

/* From here on the pages are written under this key; the caller gives them new content. */
void keyid_tag(struct module *m, uint64_t pa, uint64_t size, unsigned hkid);

#endif
