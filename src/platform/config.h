/* SPDX-License-Identifier: MIT */
/*
 * What a platform is made of, and reading it from a text: include/seamless/machine.h is the manual
 * of platform files.
 */
#ifndef PLATFORM_CONFIG_H
#define PLATFORM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLATFORM_LPS	  64u
#define PLATFORM_PACKAGES 8u
#define PLATFORM_CMRS	  32u
#define PLATFORM_CPUIDS	  256u
#define PLATFORM_MSRS	  256u
#define PLATFORM_HKIDS	  32768u /* a key id has 15 bits at most */
#define CPUID_NO_SUBLEAF  0xffffffffu

struct mem_range {
	uint64_t base, size; /* bytes */
};

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid_entry {
	uint32_t leaf, subleaf; /* subleaf may be CPUID_NO_SUBLEAF */
	struct cpuid_regs regs;
};

struct msr_entry {
	uint32_t addr;
	uint64_t value;
};

/* What the SEAM loader tells the module about the platform and itself. */
struct loader_info {
	uint32_t fms;
	uint32_t handoff_pages, stack_pages, tls_pages;
	uint16_t module_hv, min_update_hv;
	bool no_downgrade, smrr2_not_supported, without_integrity;
};

struct tsc_config {
	bool real;
	uint64_t start, per_event, per_read, per_instruction;
};

/* Identity of CPU and module in a report. */
struct tcb_config {
	uint8_t cpusvn[16], tcbsvn[16], mrseam[48], mrsigner[48];
};

struct seamdb_config {
	uint64_t size, last, nonce[4];
};

struct platform_config {
	uint64_t memory;
	bool encrypted;
	bool shareable; /* RAM behind a file: not said in the file, but by who creates the platform
			 */
	unsigned lps, packages, maxpa;
	struct mem_range cmr[PLATFORM_CMRS];
	unsigned n_cmr;
	struct mem_range seamrr;
	unsigned mktme_keys, tdx_keys, max_hkids;
	struct cpuid_entry cpuid[PLATFORM_CPUIDS];
	unsigned n_cpuid;
	struct msr_entry msr[PLATFORM_MSRS];
	unsigned n_msr;
	bool random;
	uint64_t seed;
	struct tsc_config tsc;
	struct loader_info loader;
	struct tcb_config tcb;
	struct seamdb_config seamdb;
};

/*
 * Reads `text` (len bytes, need not end in 0) into `config`; `name` is how errors call it. False:
 * `err` holds "NAME:LINE: what is wrong: what was expected".
 */
bool platform_config_parse(struct platform_config *config, const char *name, const char *text,
			   size_t len, char *err, size_t err_len);

/* A platform file built into the library ("default", "transcripts"): its text, or NULL. */
const char *platform_builtin(const char *name, size_t *len);

#endif
