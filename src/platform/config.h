/* SPDX-License-Identifier: MIT */
/*
 * What a platform is made of, and the text format that says it. One directive per line, `#`
 * starts a comment, numbers are decimal or 0x..., sizes may end in K, M, G or T:
 *
 *   memory SIZE            RAM from address 0 (4 KiB multiple, up to 64T); default 1G
 *   encryption on|off      the host's view of private pages is ciphertext; default on
 *   lps N                  logical processors, 1..64; default 1
 *   packages N             1..8, LP i is in package i mod N; default 1
 *   maxpa BITS             physical address width, 40..52; default 52
 *   cmr BASE SIZE          a convertible memory range (4 KiB multiples), up to 32 of them
 *   seamrr BASE SIZE       the SEAM range (sets MSRs 1400 and 1401 too)
 *   keyids mktme N tdx M   key ids 1..N are shared, N+1..N+M private; they take the top bits of
 *                          a physical address (sets MSR 87 and bits 35:32 of MSR 982 too); default mktme 31 tdx 32
 *   max_hkids N            how many key ids the module's tables hold, 64..32768; default 2048, as
 *                          module 1.5.01 has it; TDH.SYS.INIT refuses a processor with more
 *   cpuid LEAF SUB = EAX EBX ECX EDX   SUB `-`: the leaf has no sub-leaves
 *   msr ADDR VALUE         reset value on every LP
 *   seed N|random          random numbers: repeatable, or the system's; default 1
 *   tsc start N event N read N [instruction N]   counted: ticks per event, per read and per
 *                          instruction of an interpreted guest
 *   tsc real               follows the clock, at the rate of CPUID leaf 15; default
 *   fms N                  CPUID 1 EAX of every package, as the loader reports it
 *   loader NAME N          NAME: handoff_pages, module_hv, min_update_hv, no_downgrade,
 *                          smrr2_not_supported, without_integrity, stack_pages, tls_pages
 *   cpusvn|tcbsvn|mrseam|mrsignerseam HEX   identity of CPU and module in reports
 *   seamdb size N last N nonce N N N N      the SEAM database's state
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
