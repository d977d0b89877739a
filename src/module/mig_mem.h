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
	struct call *c;
	struct stream s;
	struct gpa_list l;
	struct gcm gcm;
	uint64_t new_pages; /* list of the pages for an import, MEM_NO_LIST: the buffers become the pages */
};

#define MEM_NO_LIST UINT64_MAX

/* Operands in order: lists, then the MBMD's buffer. The stream and the secure EPT are locked. */
uint64_t mem_open(struct mem_bundle *b);
/* RCX of a new bundle starts with entry 0. */
uint64_t mem_check_first(struct mem_bundle *b);
uint64_t mem_resume(struct mem_bundle *b);
/* After an entry: the next one, or *over with the call's status. */
uint64_t mem_next(struct mem_bundle *b, bool *over);

uint64_t mem_buffer(struct mem_bundle *b);
void mem_put_buffer(struct mem_bundle *b, uint64_t word);
/* The next IV of the stream: authenticates the entry under way. */
bool mem_start_entry(struct mem_bundle *b, bool decrypt);
/* Where the MAC of the entry under way lies. */
uint64_t mem_mac_pa(const struct mem_bundle *b);

#endif
