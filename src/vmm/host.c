// SPDX-License-Identifier: MIT
/*
 * The host's own view of the machine: processors, memory, key ids.
 */
#include <sched.h>
#include <string.h>
#include <time.h>

#include "tdx/status.h"
#include "vmm/host.h"

/* A lock is held for one call, at most for one entry into a guest that is being kicked. */
#define TRIES_MAX  30000
#define TRIES_BUSY 1000 /* so often without a sleep */

int host_enter_lp(struct vmm_host *host, unsigned lp, struct vmm_error *err)
{
	if (!seamless_lp_enter(host->machine, lp))
		return vmm_fail(err, "logical processor %u is not there or in use", lp);
	return 0;
}

void host_leave_lp(struct vmm_host *host)
{
	(void)host;
	seamless_lp_leave();
}

bool host_is_lp(struct vmm_host *host, unsigned lp)
{
	return seamless_lp_machine() == host->machine && seamless_lp_number() == lp;
}

void host_kick_lp(struct vmm_host *host, unsigned lp)
{
	seamless_lp_kick(host->machine, lp);
}

uint16_t host_take_hkid(struct vmm_host *host)
{
	for (unsigned i = 1; i < host->hkids && i < HOST_MAX_HKIDS; i++) {
		if (!host->hkid_used[i]) {
			host->hkid_used[i] = true;
			return (uint16_t)(host->first_hkid + i);
		}
	}
	return 0;
}

void host_give_hkid(struct vmm_host *host, uint16_t hkid)
{
	host->hkid_used[hkid - host->first_hkid] = false;
}

int host_read(struct vmm_host *host, uint64_t hpa, void *buffer, size_t size)
{
	return seamless_read(host->machine, hpa, buffer, size) ? 0 : -1;
}

int host_write(struct vmm_host *host, uint64_t hpa, const void *buffer, size_t size)
{
	return seamless_write(host->machine, hpa, buffer, size) ? 0 : -1;
}

uint64_t host_read64(struct vmm_host *host, uint64_t hpa)
{
	uint64_t value = 0;

	host_read(host, hpa, &value, sizeof(value));
	return value;
}

void host_write64(struct vmm_host *host, uint64_t hpa, uint64_t value)
{
	host_write(host, hpa, &value, sizeof(value));
}

/*
 * On hardware this must be MOVDIR64B: it clears a page whatever key its cache lines were written
 * with.
 */
void host_clear(struct vmm_host *host, uint64_t hpa, uint64_t size)
{
	seamless_fill(host->machine, hpa, size, 0);
}

uint64_t host_new_page(struct vmm_host *host)
{
	uint64_t hpa = vmm_frames_alloc(&host->frames, FRAME_HOST, VMM_LEVEL_4K);

	if (hpa != VMM_NO_FRAME)
		host_clear(host, hpa, VMM_4K);
	return hpa;
}

void host_free_page(struct vmm_host *host, uint64_t hpa)
{
	vmm_frames_release(&host->frames, hpa);
}

void host_invept(struct vmm_host *host)
{
	for (unsigned lp = 0; lp < seamless_lps(host->machine); lp++)
		seamless_invept(host->machine, lp);
}

/* Others may need the processor that this thread spins on. */
static bool wait_a_little(unsigned *tries)
{
	const struct timespec pause = { .tv_nsec = 50000 };

	if (*tries < TRIES_BUSY)
		sched_yield();
	else
		nanosleep(&pause, NULL);
	return ++*tries < TRIES_MAX;
}

bool host_untracked(tdx_status_t status, unsigned *tries)
{
	return tdx_status_is(status, TDX_TLB_TRACKING_NOT_DONE) && wait_a_little(tries);
}

bool host_failed_again(tdx_status_t status, unsigned *tries)
{
	switch (tdx_status_code(status)) {
	case TDX_OPERAND_BUSY:
	case TDX_OPERAND_BUSY_HOST_PRIORITY:
	case TDX_SYS_BUSY:
	case TDX_PREVIOUS_TLB_EPOCH_BUSY:
	case TDX_FLUSHVP_NOT_DONE:
	case TDX_RND_NO_ENTROPY:
	case TDX_KEY_GENERATION_FAILED:
	case TDX_INTERRUPTED_RESTARTABLE: break;
	default: return false;
	}
	return wait_a_little(tries);
}
