/* SPDX-License-Identifier: MIT */
/*
 * vCPUs that share memory: the inside of struct cpu_group, for code.c and exclusive.c.
 */
#ifndef CPU_GROUP_H
#define CPU_GROUP_H

#include "cpu/internal.h"

#define CODE_TABLE_SIZE 65536u /* pages with code; when it fills, everything is forgotten */

struct code_page {
	uint64_t page; /* host address, 0: free; entries are never removed one by one */
	uint64_t granules;
};

/* Locks are taken in this order: exclusive_lock, lock, a vCPU's code_lock. */
struct cpu_group {
	pthread_mutex_t lock; /* members and insertions */
	struct cpu *members;
	unsigned nr_pages;
	pthread_mutex_t exclusive_lock;
	pthread_cond_t exclusive_change;
	struct cpu *exclusive; /* who runs alone, or waits for it; atomic */
	struct probe *probe;   /* NULL: none */
	struct code_page pages[CODE_TABLE_SIZE];
};

#endif
