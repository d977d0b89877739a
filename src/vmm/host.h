/* SPDX-License-Identifier: MIT */
/*
 * The machine as a host with a TDX module sees it: its logical processors and packages, its memory,
 * the key ids it may give to TDs; and the module brought from "just loaded" to "ready".
 */
#ifndef VMM_HOST_H
#define VMM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/seamless.h"
#include "tdx/status.h"
#include "tdx/types.h"
#include "vmm/error.h"
#include "vmm/frames.h"
#include "vmm/tdmr.h"

#define HOST_MAX_PACKAGES 8
#define HOST_MAX_HKIDS	  32768

struct vmm_host {
	struct seamless_machine *machine;
	unsigned lps;
	unsigned packages;
	unsigned package_lp[HOST_MAX_PACKAGES]; /* one logical processor of each package */
	uint16_t first_hkid; /* private key ids: this one is the module's own, those after it are
				for TDs */
	uint16_t hkids;
	unsigned hkid_shift; /* of the key id in a physical address */
	bool hkid_used[HOST_MAX_HKIDS];
	unsigned tdcs_pages, tdvps_pages; /* of a TD without L2 VMs, of its vCPU with the TDVPR */
	unsigned tdcs_pages_l2, tdvps_pages_l2; /* more of them for each L2 VM */
	struct tdmr_plan plan;
	struct vmm_frames frames;
};

/*
 * Brings the module up: TDH.SYS.INIT, TDH.SYS.LP.INIT on every logical processor, discovery,
 * TDH.SYS.CONFIG, TDH.SYS.KEY.CONFIG on every package, TDH.SYS.TDMR.INIT until all memory is
 * usable. The calling thread must not be a logical processor; it becomes each of them in turn.
 * Returns 0, or -1 with *err and nothing to close.
 */
int host_open(struct vmm_host *host, struct seamless_machine *machine, struct vmm_error *err);
void host_close(struct vmm_host *host);

/* Makes the calling thread a logical processor, and ends that. */
int host_enter_lp(struct vmm_host *host, unsigned lp, struct vmm_error *err);
void host_leave_lp(struct vmm_host *host);
bool host_is_lp(struct vmm_host *host, unsigned lp); /* the calling thread? */
void host_kick_lp(struct vmm_host *host, unsigned lp);

/* A private key id for a TD; 0 when all are in use. */
uint16_t host_take_hkid(struct vmm_host *host);
void host_give_hkid(struct vmm_host *host, uint16_t hkid);

/* Memory as the host has it. The addresses must be frames of this host: they always are RAM. */
int host_read(struct vmm_host *host, uint64_t hpa, void *buffer, size_t size);
int host_write(struct vmm_host *host, uint64_t hpa, const void *buffer, size_t size);
uint64_t host_read64(struct vmm_host *host, uint64_t hpa);
void host_write64(struct vmm_host *host, uint64_t hpa, uint64_t value);
void host_clear(struct vmm_host *host, uint64_t hpa, uint64_t size);

/* A zeroed page of the host's own; VMM_NO_FRAME when there is none. */
uint64_t host_new_page(struct vmm_host *host);
void host_free_page(struct vmm_host *host, uint64_t hpa);

/* After a change of a shared EPT: no processor uses a translation from before. */
void host_invept(struct vmm_host *host);

/* A metadata field of the module, by TDH.SYS.RD. Returns 0, or -1 with *err. */
int host_read_field(uint64_t field, uint64_t *value, struct vmm_error *err);

/* For the next one, of calls that failed. */
bool host_failed_again(tdx_status_t status, unsigned *tries);

/*
 * Policy for calls that may succeed when simply made again with the same operands: another flow
 * holds a lock or has not done yet what it does, the random number generator is exhausted, an
 * interrupt came. `tries` counts from 0; gives up after a while. For loops that do more than
 * host_call().
 */
static inline bool host_again(tdx_status_t status, unsigned *tries)
{
	return !tdx_status_ok(status) && host_failed_again(status, tries);
}

/* The status of a call, made again as that policy says: host_call(tdh_mem_track(tdr)). */
#define host_call(call)                                                                            \
	__extension__({                                                                            \
		unsigned host_call_tries = 0;                                                      \
		tdx_status_t host_call_status;                                                     \
		do                                                                                 \
			host_call_status = (call);                                                 \
		while (host_again(host_call_status, &host_call_tries));                            \
		host_call_status;                                                                  \
	})

/* Likewise: a vCPU that may still have the translation has not left the guest yet. */
bool host_untracked(tdx_status_t status, unsigned *tries);

#endif
