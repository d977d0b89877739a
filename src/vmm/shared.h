/* SPDX-License-Identifier: MIT */
/*
 * The shared half of a TD's guest-physical memory: pages of host memory, mapped by an EPT that the
 * VMM keeps itself (Intel SDM volume 3, "EPT translation"). The module walks it for addresses with
 * the shared bit; its root goes into each vCPU's VMCS.
 *
 * A page that is not mapped exits to the VMM (EPT violation). A page mapped as MMIO raises #VE in
 * the guest, which then asks by TDVMCALL<#VE.RequestMMIO>: its entry is not present and its
 * suppress-#VE bit is clear.
 */
#ifndef VMM_SHARED_H
#define VMM_SHARED_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/host.h"

struct vmm_shared {
	struct vmm_host *host;
	uint64_t root;	 /* host-physical address of the EPT's top table; VMM_NO_FRAME before
			    shared_init */
	uint64_t bit;	 /* set in the guest-physical addresses that are shared */
	unsigned levels; /* of tables */
	pthread_mutex_t lock;
};

/* `gpaw`: of the TD, 48 (the EPT has four levels) or 52 (five). */
int shared_init(struct vmm_shared *shared, struct vmm_host *host, unsigned gpaw,
		struct vmm_error *err);

/* Frees all pages and tables. No vCPU may run any more. */
void shared_free(struct vmm_shared *shared);

/*
 * Maps a zeroed page, or keeps the one that is mapped. `gpa` has the shared bit. Returns 0, or -1
 * with *err.
 */
int shared_map(struct vmm_shared *shared, uint64_t gpa, struct vmm_error *err);
int shared_map_mmio(struct vmm_shared *shared, uint64_t gpa, struct vmm_error *err);

/*
 * Frees the page if one is mapped. vCPUs may still hold its translation: TDH.MEM.TRACK and kick
 * them.
 */
void shared_unmap(struct vmm_shared *shared, uint64_t gpa);

/* Reads or writes the guest's shared memory from the host. -1: not mapped. */
int shared_read(struct vmm_shared *shared, uint64_t gpa, void *buffer, size_t size);
int shared_write(struct vmm_shared *shared, uint64_t gpa, const void *buffer, size_t size);

#endif
