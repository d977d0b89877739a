/* SPDX-License-Identifier: MIT */
/*
 * A machine: creating one from a platform file, and what a test may change about it.
 *
 * `lp` is a logical processor's number, 0 .. seamless_lps() - 1. A number beyond that is refused:
 * false, or zeros.
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
	const char *name; /* how error messages call the text */
	const char *text; /* a platform file; NULL: the built-in platform `name` */
	size_t len;	  /* of text, in bytes */
	enum seamless_guest guest;
	bool shareable; /* RAM behind a file that another process can map: seamless_memory_fd().
			   It sees plaintext: such RAM is not encrypted, whatever the text says */
};

/*
 * A machine at power-on with a module just loaded, not initialised. config NULL: the built-in
 * platform "default", interpreted. Returns NULL on a bad platform file, an unknown name, or without
 * memory; `err` (err_len bytes, may be cut) says which, with the line where there is one.
 */
struct seamless_machine *seamless_create(const struct seamless_config *config, char *err,
					 size_t err_len);

/* Frees all. No thread may be bound to one of its logical processors. NULL is allowed. */
void seamless_destroy(struct seamless_machine *m);

/* The text of a built-in platform file ("default", "transcripts") and its length; NULL: no such
 * name. */
const char *seamless_platform_text(const char *name, size_t *len);

/* The platform file that this machine was made from, as long as it lives. */
const char *seamless_machine_text(const struct seamless_machine *m, size_t *len);

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

/* MSRs as software on that processor reads them; unknown ones read 0. */
uint64_t seamless_msr(struct seamless_machine *m, unsigned lp, uint32_t addr);
/* Sets an MSR, read-only ones included. False: no such lp, or the table (some 1000 addresses) is
 * full. */
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
 * busy. */
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
