/* SPDX-License-Identifier: MIT */
/*
 * A bundle of pages on its way out or in: a GPA list (RCX), an MBMD (R8), a list of buffers (R9), a stream (R10) and
 * lists of MACs (R11, R12). Each entry of the list is encrypted and authenticated by itself.
 */
#ifndef SEAMLESS_MODULE_MIG_MEM_H
#define SEAMLESS_MODULE_MIG_MEM_H

#include "module/gpa_list.h"
#include "module/mig.h"

struct mem_bundle {
	struct gpa_list l; /* first: an entry's function finds the bundle by it */
	struct call *c;
	struct stream s;
	struct gcm gcm;
	uint64_t new_pages; /* list of the pages for an import, MEM_NO_LIST: the buffers become the pages */
};

#define MEM_NO_LIST UINT64_MAX

/* What export and import do each in its way. */
struct mem_direction {
	bool import;
	uint64_t (*begin)(struct mem_bundle *b); /* of a bundle that was not interrupted: its MBMD */
	gpa_list_fn entry;
};

/* All of the leaf once the stream and the secure EPT are locked. */
uint64_t mem_run(struct call *c, const struct mem_direction *direction, uint64_t new_pages);

static inline struct mem_bundle *mem_bundle(struct gpa_list *l)
{
	return (struct mem_bundle *)l;
}

/* The word of the entry under way in a list of them, and back. */
uint64_t mem_word(struct mem_bundle *b, uint64_t list);
void mem_put_word(struct mem_bundle *b, uint64_t list, uint64_t word);
/* The next IV of the stream: authenticates the entry under way. */
bool mem_start_entry(struct mem_bundle *b, bool decrypt);
/* Where the MAC of the entry under way lies. */
uint64_t mem_mac_pa(const struct mem_bundle *b);

#endif
