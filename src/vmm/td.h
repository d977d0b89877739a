/* SPDX-License-Identifier: MIT */
/*
 * A trust domain: its control pages, its vCPUs as the module knows them, its private memory, and
 * its end. All functions but td_destroy() must be called on a thread that is a logical processor.
 */
#ifndef VMM_TD_H
#define VMM_TD_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/host.h"

#define TD_MAX_VCPUS 64
#define TD_MRTD_SIZE 48

/* A TD's TSC runs at this rate, in Hz. */
#define TD_TSC_HZ 1000000000u

#define TD_MAX_CPUID 8

/* A CPUID leaf as the host wants it; the module refuses bits that the host may not choose. */
struct td_cpuid {
	uint32_t leaf, subleaf; /* UINT32_MAX: the leaf has no sub-leaves */
	uint32_t eax, ebx, ecx, edx;
};

struct td_config {
	uint64_t attributes;   /* TD_ATTRIBUTES */
	uint64_t config_flags; /* CONFIG_FLAGS; with GPAW the EPT has five levels */
	uint64_t xfam;
	uint16_t max_vcpus;
	uint8_t l2_vms;		/* 0 to 3 */
	uint16_t tsc_frequency; /* of the TD's TSC, in units of 25 MHz; 0: TD_TSC_HZ */
	struct td_cpuid cpuid[TD_MAX_CPUID];
	unsigned cpuids; /* of them; what is not named has no configurable bits set */
};

/* The pages of the secure EPT that were added: a hash set (td_sept.c). */
struct td_sept {
	pthread_mutex_t lock;
	unsigned levels; /* 4, or 5 with GPAW 52 */
	_Atomic uint64_t last; /* the key of a page that is there with all above it, or 0 */
	uint64_t *key;
	size_t count, capacity;
};

struct td_vcpu {
	uint64_t tdvpr; /* VMM_NO_FRAME: not created */
	int lp;		/* logical processor that it is associated with; -1: none */
};

struct vmm_td {
	struct vmm_host *host;
	uint16_t owner; /* of its frames */
	uint16_t hkid;
	uint64_t tdr;	  /* VMM_NO_FRAME: not created */
	uint64_t staging; /* host page from which TDH.MEM.PAGE.ADD copies */
	struct td_sept sept;
	struct td_vcpu vcpu[TD_MAX_VCPUS];
	unsigned vcpus;
	unsigned tdvps_pages; /* of each vCPU, with the TDVPR */
};

/* TDH.MNG.CREATE to TDH.MNG.INIT. On failure td_destroy() undoes what was done. */
int td_create(struct vmm_td *td, struct vmm_host *host, const struct td_config *config,
	      struct vmm_error *err);

/*
 * Creates and initializes the next vCPU; the calling thread's logical processor is then associated
 * with it. `rcx` is what the guest finds in RCX and R8.
 */
int td_add_vcpu(struct vmm_td *td, uint64_t rcx, struct vmm_error *err);

/* Points the vCPU at the shared EPT whose root table is at `root`. */
int td_set_shared_ept(struct vmm_td *td, unsigned index, uint64_t root, struct vmm_error *err);

/*
 * TDH.VP.FLUSH on the logical processor that the vCPU is associated with, which must be the calling
 * thread's.
 */
int td_flush_vcpu(struct vmm_td *td, unsigned index, struct vmm_error *err);

/* TDH.MR.FINALIZE, then reads MRTD. */
int td_finalize(struct vmm_td *td, uint8_t mrtd[TD_MRTD_SIZE], struct vmm_error *err);

/*
 * Ends the TD, whatever state it is in, and proves with TDH.PHYMEM.PAGE.RDMD that each of its pages
 * is free; *freed counts them. No vCPU may be running, and the calling thread must not be a logical
 * processor. On failure the pages that are still the TD's stay lost to the host.
 */
int td_destroy(struct vmm_td *td, uint64_t *freed, struct vmm_error *err);

/* Only what it has in this process, for a TD that ends with its machine. td_destroy() does it too.
 */
void td_sept_free(struct td_sept *sept);

/* Private memory while the TD is built: TDH.MEM.PAGE.ADD, TDH.MR.EXTEND over the whole page. */
int td_add_page(struct vmm_td *td, uint64_t gpa, const uint8_t contents[VMM_4K],
		struct vmm_error *err);
int td_extend_page(struct vmm_td *td, uint64_t gpa, struct vmm_error *err);

/* How td_aug() ended. */
enum td_aug {
	TD_AUG_DONE,	/* a page is there and waits for the guest to accept it */
	TD_AUG_PRESENT, /* something is mapped there already: another size, or another vCPU was
			   faster */
	TD_AUG_FAILED,	/* *err says why */
};

/*
 * TDH.MEM.PAGE.AUG of a page of the given size. Any thread that is a logical processor, vCPUs may
 * run.
 */
enum td_aug td_aug(struct vmm_td *td, uint64_t gpa, enum vmm_level level, struct vmm_error *err);

/*
 * Takes the private pages in [base, base + size) away from a running TD: blocks them, tracks, has
 * `kick` make all vCPUs leave the guest once, and removes them. Holes are fine. Returns 0, or -1
 * with *err.
 */
int td_remove_range(struct vmm_td *td, uint64_t base, uint64_t size, void (*kick)(void *opaque),
		    void *opaque, struct vmm_error *err);

/*
 * TDH.MEM.TRACK, after which every vCPU that enters again has dropped its translations; then
 * `kick`.
 */
int td_track(struct vmm_td *td, void (*kick)(void *opaque), void *opaque, struct vmm_error *err);

#endif
