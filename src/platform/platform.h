/* SPDX-License-Identifier: MIT */
/*
 * The emulated machine under the module: logical processors with their MSRs and CPUID, key ids,
 * memory, random numbers, time, pending interrupts, and the CPU's SEAMREPORT family. It knows no
 * TDX leaf. LP numbers are 0..lps-1 and the caller's to check, except where said.
 *
 * Several threads may use one platform, each as another LP. Set-up functions (marked so) need it at
 * rest.
 */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "platform/config.h"
#include "platform/memory.h"
#include "platform/regs.h"

#define MSR_TSC		 0x10u
#define MSR_INTR_PENDING 0x9au

#define LP_MSR_SLOTS 1024u /* power of two, more than can be set */

/* One logical processor's MSRs: an open hash by address. */
struct lp_msrs {
	uint32_t addr[LP_MSR_SLOTS]; /* address + 1, 0: free */
	uint64_t value[LP_MSR_SLOTS];
	unsigned used;
};

struct cpuid_override {
	int lp; /* -1: every one */
	struct cpuid_entry entry;
};

#define PLATFORM_OVERRIDES 128u

struct platform {
	struct platform_config config;
	struct memory mem;
	unsigned hkid_shift;	/* first key-id bit of a physical address */
	uint16_t hkids;		/* key ids in all, the shared ones included */
	uint16_t first_private; /* private key ids: first_private .. hkids - 1 */
	struct lp_msrs *msrs;	/* one per LP */
	struct cpuid_override override[PLATFORM_OVERRIDES];
	unsigned n_override;
	atomic_bool interrupt; /* for all LPs: set until cleared */
	atomic_bool kicked[PLATFORM_LPS];
	atomic_bool entropy; /* false: RDRAND and RDSEED fail */
	atomic_uint_least64_t random_count;
	atomic_uint_least32_t pconfig_code;
	atomic_uint_least64_t tsc; /* counted TSC; ticks added to a real one */
	atomic_uint_least64_t quantum;
	uint64_t tsc_hz, clock_start_ns;
	uint8_t *handoff; /* survives a module update */
	uint8_t report_key[32];
};

/* What platform_create() refuses of a parsed configuration. */
bool platform_config_check(const struct platform_config *config, char *err, size_t err_len);
/* NULL: `err` says why (a value out of range, out of memory). */
struct platform *platform_create(const struct platform_config *config, char *err, size_t err_len);
void platform_destroy(struct platform *p);
/* Set-up: back to power-on; memory zero, MSRs at reset values, no override, the random sequence and
 * TSC from start. */
void platform_reset(struct platform *p);

/* --- Addresses and keys --- */

/* The address proper of a physical address with key-id bits, and its key id. */
static inline uint64_t platform_pa(const struct platform *p, uint64_t pa_with_key)
{
	return pa_with_key & ((1ull << p->hkid_shift) - 1);
}

static inline uint16_t platform_hkid(const struct platform *p, uint64_t pa_with_key)
{
	uint64_t key_bits = (1ull << p->config.maxpa) - (1ull << p->hkid_shift);

	return (uint16_t)((pa_with_key & key_bits) >> p->hkid_shift);
}

static inline bool platform_hkid_private(const struct platform *p, uint64_t hkid)
{
	return hkid >= p->first_private && hkid < p->hkids;
}

/* --- Logical processors --- */

static inline unsigned platform_lp_package(const struct platform *p, unsigned lp)
{
	return lp % p->config.packages;
}

uint32_t platform_lp_apic_id(const struct platform *p, unsigned lp);

/* CPUID as LP `lp` executes it. subleaf: ECX, or CPUID_NO_SUBLEAF. What no table holds reads 0. */
void platform_cpuid(const struct platform *p, unsigned lp, uint32_t leaf, uint32_t subleaf,
		    struct cpuid_regs *out);

/* RDMSR; unknown ones read 0. 9A reads 1 while an interrupt is pending for the host on this LP, 10
 * the TSC. */
uint64_t platform_rdmsr(struct platform *p, unsigned lp, uint32_t addr);
/* WRMSR by software on the LP. 98, 99 and 9A ignore it. False: no room for another MSR address. */
bool platform_wrmsr(struct platform *p, unsigned lp, uint32_t addr, uint64_t value);
/* Set-up: sets any MSR, the read-only ones too. */
bool platform_set_msr(struct platform *p, unsigned lp, uint32_t addr, uint64_t value);
/* Set-up: CPUID answers `entry` on `lp` (-1: all). False: too many. */
bool platform_set_cpuid(struct platform *p, int lp, const struct cpuid_entry *entry);
void platform_clear_cpuid(struct platform *p);

/* --- Interrupts for the host --- */

/* Polled by a running guest between blocks and by interruptible leaves. */
static inline bool platform_interrupt_pending(const struct platform *p, unsigned lp)
{
	return atomic_load_explicit(&p->kicked[lp], memory_order_relaxed) ||
	       atomic_load_explicit(&p->interrupt, memory_order_relaxed);
}

/* From any thread: an external interrupt for LP `lp`, pending until the host takes it. */
void platform_lp_kick(struct platform *p, unsigned lp);
/* The host has taken it. */
void platform_lp_ack(struct platform *p, unsigned lp);
/* A timer of the host: it interrupts each stay in an interpreted guest after so many instructions.
 * 0: off.
 */
void platform_set_quantum(struct platform *p, uint64_t instructions);
/* An interrupt line that stays up on all LPs until lowered. */
void platform_set_interrupt(struct platform *p, bool pending);

/* --- Random numbers, keys, time --- */

/* 64 random bits; false: no entropy now (carry flag clear). */
bool platform_rdrand(struct platform *p, unsigned lp, uint64_t *value);
bool platform_rdseed(struct platform *p, unsigned lp, uint64_t *value);
void platform_set_entropy(struct platform *p, bool available);

enum pconfig_code {
	PCONFIG_DONE = 0,
	PCONFIG_INVALID_PROGRAM = 1,
	PCONFIG_ENTROPY_ERROR = 2,
	PCONFIG_DEVICE_BUSY = 5,
};

/* PCONFIG on this LP's package: programs `hkid` with a random key. Returns its code; an injected
 * one is used up. */
uint32_t platform_pconfig(struct platform *p, unsigned lp, uint16_t hkid);
void platform_inject_pconfig(struct platform *p, uint32_t code);

/* RDTSC, in ticks of tsc_hz. A counted TSC advances by `tsc read` each time. */
uint64_t platform_rdtsc(struct platform *p);
/* The same without advancing a counted one: a time stamp for records. */
uint64_t platform_tsc_now(const struct platform *p);
void platform_tsc_advance(struct platform *p, uint64_t ticks);
/* Set-up: the TSC goes on from `value`. */
void platform_set_tsc(struct platform *p, uint64_t value);

/* --- SEAMOPS --- */

enum seamops_code {
	SEAMOPS_DONE = 0,
	SEAMOPS_INPUT_ERROR = 1,
	SEAMOPS_ENTROPY_ERROR = 2,
	SEAMOPS_DATABASE_FULL = 3,
	SEAMOPS_INVALID_CPUSVN = 4,
	SEAMOPS_INVALID_REPORTMACSTRUCT = 5,
};

/* REPORTMACSTRUCT. */
struct report_mac {
	uint8_t type[4];
	uint8_t reserved1[12];
	uint8_t cpusvn[16];
	uint8_t tcb_info_hash[48]; /* SHA-384 of struct tcb_info */
	uint8_t tee_info_hash[48];
	uint8_t report_data[64];
	uint8_t reserved2[32];
	uint8_t mac[32]; /* HMAC-SHA256 of the 224 bytes before, under a key only the CPU has */
};
_Static_assert(sizeof(struct report_mac) == 256, "REPORTMACSTRUCT");

/* TEE_TCB_INFO. */
struct tcb_info {
	uint8_t valid[8];
	uint8_t tcbsvn[16];
	uint8_t mrseam[48];
	uint8_t mrsigner[48];
	uint8_t attributes[8];
	uint8_t reserved[111];
};
_Static_assert(sizeof(struct tcb_info) == 239, "TEE_TCB_INFO");

/* SEAMREPORT (and SEAMDB_REPORT, whose TCB is that of the running module here). */
uint32_t platform_seamreport(struct platform *p, const uint8_t type[4],
			     const uint8_t report_data[64], const uint8_t tee_info_hash[48],
			     struct report_mac *mac, struct tcb_info *tcb);
/* SEAMVERIFYREPORT. */
uint32_t platform_seamverify(struct platform *p, const struct report_mac *mac);

/* The handoff area: config.loader.handoff_pages * 4 KiB that a module leaves to the next one. Zero
 * at reset. */
static inline void *platform_handoff(struct platform *p)
{
	return p->handoff;
}

#endif
