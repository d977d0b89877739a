/* SPDX-License-Identifier: MIT */
/*
 * A machine: creating one from a platform file, and what a test may change about it.
 *
 * `lp` is a logical processor's number, 0 .. seamless_lps() - 1. A number beyond that is refused:
 * false, or zeros.
 *
 * A platform file has one directive a line, `#` starts a comment, numbers are decimal or 0x...,
 * sizes may end in K, M, G or T. Of two lines for one thing the later counts (of cpuid the
 * earlier), so that lines behind the built-in text change it:
 *
 * - memory SIZE: RAM from address 0 (4 KiB multiple, up to 64T); default 1G
 * - encryption on|off: the host's view of private pages is ciphertext; default on
 * - lps N: logical processors, 1..64; default 1
 * - packages N: 1..8, processor i is in package i mod N; default 1
 * - maxpa BITS: physical address width, 40..52, as CPUID leaf 0x80000008 says; default 52
 * - cmr BASE SIZE: a convertible memory range (4 KiB multiples, rising), up to 32 of them
 * - seamrr BASE SIZE: the SEAM range (sets MSRs 0x1400 and 0x1401 too)
 * - keyids mktme N tdx M: key ids 1..N are shared, N+1..N+M private; they take the top bits of a
 *   physical address (sets MSR 0x87 and bits 35:32 of MSR 0x982 too); default mktme 31 tdx 32
 *
 * - max_hkids N: how many key ids the module's tables hold, 64..32768; default 2048, as module
 *   1.5.01 has it; TDH.SYS.INIT refuses a processor with more
 *
 * - cpuid LEAF SUB = EAX EBX ECX EDX: SUB `-`: the leaf has no sub-leaves; up to 256 lines
 * - msr ADDR VALUE: reset value on every processor; up to 256 lines
 * - seed N|random: random numbers: repeatable, or the system's; default 1
 * - tsc real: follows the clock, at the rate of CPUID leaf 0x15; default
 * - tsc start N event N read N [instruction N]: counted: ticks per event, per read and per
 *   instruction of an interpreted guest
 *
 * - fms N: CPUID 1 EAX of every package, as the loader reports it
 * - loader NAME N: NAME is handoff_pages, module_hv, min_update_hv, no_downgrade,
 *   smrr2_not_supported, without_integrity, stack_pages or tls_pages
 *
 * - cpusvn|tcbsvn|mrseam|mrsignerseam HEX: identity of CPU and module in reports
 * - seamdb size N last N nonce N N N N: the SEAM database's state
 */
#ifndef SEAMLESS_MACHINE_H
#define SEAMLESS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct seamless_machine;

#define SEAMLESS_ALL_LPS    (-1)
#define SEAMLESS_NO_SUBLEAF 0xffffffffu /* CPUID without a sub-leaf */

/* What stands in for the code inside a TD. */
enum seamless_guest {
	SEAMLESS_GUEST_INTERPRETED, /* the guest's instructions, interpreted */
	SEAMLESS_GUEST_SCRIPTED,    /* exits handed in by the test (seamless/guest.h) */
};

struct seamless_config {
	const char *name; /* how error messages call the text; never NULL */
	const char *text; /* a platform file; NULL: the built-in platform `name` */
	size_t len;	  /* of text, in bytes */
	enum seamless_guest guest;
	bool shareable; /* RAM behind a file that another process can map: seamless_memory_fd().
			   It sees plaintext: such RAM is not encrypted, whatever the text says */
};

/*
 * A machine at power-on with a module just loaded, not initialised. config NULL: the built-in
 * platform "default", interpreted; it is read during the call only. Returns NULL on a bad platform
 * file, an unknown name, or without memory; `err` (err_len bytes, may be cut) says which, with the
 * line where there is one.
 */
struct seamless_machine *seamless_create(const struct seamless_config *config, char *err,
					 size_t err_len);

/* Frees all, its fault rules included. No thread may be bound to one of its logical processors;
 * recordings and strict memory have ended. NULL is allowed. */
void seamless_destroy(struct seamless_machine *m);

/* The text of a built-in platform file ("default", "transcripts") and its length; NULL: no such
 * name. */
const char *seamless_platform_text(const char *name, size_t *len);

/* The platform file that this machine was made from, as long as it lives. */
const char *seamless_machine_text(const struct seamless_machine *m, size_t *len);

/* Logical processors, 1..64, and packages, 1..8: processor i is in package i mod N. */
unsigned seamless_lps(const struct seamless_machine *m);
unsigned seamless_packages(const struct seamless_machine *m);
/* Bytes of RAM, from address 0. */
uint64_t seamless_memory_size(const struct seamless_machine *m);

/*
 * The file behind the RAM of a shareable machine, -1 otherwise: offset = physical address. It holds
 * plaintext of all pages, and what is written through it is not noticed as a host's write.
 */
int seamless_memory_fd(const struct seamless_machine *m);

/*
 * The SEAM loader loads the module anew: its own memory is clean, TDs' memory, PAMT and the
 * hand-off area stay. No thread may be inside a call.
 */
void seamless_reload_module(struct seamless_machine *m);

/*
 * MSRs and CPUID have no locks, as a processor's are its own: they are for the thread that is that
 * processor, or for a time when no thread uses the machine.
 */

/* MSRs as software on that processor reads them; unknown ones read 0. */
uint64_t seamless_msr(struct seamless_machine *m, unsigned lp, uint32_t addr);
/* Sets an MSR, read-only ones included. False: no such lp, or the table (1023 addresses for each)
 * is full. */
bool seamless_set_msr(struct seamless_machine *m, int lp_or_all, uint32_t addr, uint64_t value);

struct seamless_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* CPUID of that processor; what the platform does not list reads 0. */
struct seamless_cpuid seamless_cpuid(const struct seamless_machine *m, unsigned lp, uint32_t leaf,
				     uint32_t subleaf);
/* CPUID answers this from now on. False: no such lp, or more than 128 of them. */
bool seamless_set_cpuid(struct seamless_machine *m, int lp_or_all, uint32_t leaf, uint32_t subleaf,
			struct seamless_cpuid value);
/* Forgets all seamless_set_cpuid(). */
void seamless_clear_cpuid(struct seamless_machine *m);

/* An interrupt pending for the host on all processors, until cleared: interruptible leaves stop for
 * it. */
void seamless_set_interrupt(struct seamless_machine *m, bool pending);
/* Whether RDRAND and RDSEED deliver. */
void seamless_set_entropy(struct seamless_machine *m, bool available);
/* The next PCONFIG (TDH.SYS.KEY.CONFIG, TDH.MNG.KEY.CONFIG) fails with this code: 2 no entropy, 5
 * busy; 0: it does not. */
void seamless_inject_pconfig(struct seamless_machine *m, uint32_t code);

/*
 * The key of the MAC in this machine's TDREPORTs (HMAC-SHA-256 over their first 224 bytes). Real
 * processors keep theirs to themselves.
 */
void seamless_report_key(const struct seamless_machine *m, uint8_t key[32]);

/* The time stamp counter, in ticks; reading a counted one advances it. */
uint64_t seamless_tsc(struct seamless_machine *m);
/* The same time in nanoseconds since the machine was created; looking at it changes nothing. */
uint64_t seamless_time_ns(const struct seamless_machine *m);
/* Does its time only pass as the platform file counts it (`tsc start ...`), not by itself? */
bool seamless_time_counted(const struct seamless_machine *m);
void seamless_advance_tsc(struct seamless_machine *m, uint64_t ticks);
/* Ticks that pass before each call and VM exit. Starts as the platform file says (`tsc ... event
 * N`). */
uint64_t seamless_event_ticks(const struct seamless_machine *m);
void seamless_set_event_ticks(struct seamless_machine *m, uint64_t ticks);

#ifdef __cplusplus
}
#endif
#endif
