/* SPDX-License-Identifier: MIT */
/* clang-format off */
/*
 * The transcript format: one event per line, read one line at a time from a text in memory. The
 * reader trusts nothing: every number, register, count and length is checked, and the first wrong
 * line ends the reading with a message.
 *
 * ASCII, fields separated by blanks, numbers hexadecimal without prefix except processor numbers
 * and repeat counts. `#` starts a comment line, two blanks and `#` a comment at the end of a line.
 *
 *   PLAT lps=N pkgs=P        first line: the machine
 *   W|GW pa bytes            the host writes; the guest writes its private page at that address
 *   F pa len byte            the host fills
 *   R|GR pa len bytes        memory must read so (GR: plaintext), `**` is any byte
 *   H|GH pa len fnv          as R, by 64-bit FNV-1a; `*` is any
 *   MSR lp|* addr value      an MSR from now on
 *   CPUIDSET lp|* leaf sub eax ebx ecx edx   CPUID from now on; alone: as the platform has it
 *   INTR 0|1                 an interrupt is pending for the host
 *   RNG 0|1                  random numbers are there
 *   PCONFIG code             the next PCONFIG fails
 *   RELOAD                   the module is loaded anew
 *   FAULT lp rule            the processor's next call of the rule's leaf meets this fault
 *                            (seamless/fault.h)
 *   [RPT n] S lp regs => OUT SEAMCALL; n times with the same result
 *   C|X lp regs => OUT       TDCALL; any other VM exit
 *   END                      last line
 *
 * regs: rax=.. r15=.., x0=.. x15=.. ($name: a captured value); C and X: rip ilen reason qual gpa
 * gla info err idt idterr iinfo v.ENC; dt. OUT: V (host) or T (guest; rip vm inj ec), then
 * registers; `*` is any value, `*name` captures it, `$name` is the captured one.
 *
 * Comment lines `#: ...` before PLAT are the platform file of the machine; PLAT has the last word
 * on processors.
 */
/* clang-format on */
#ifndef REPLAY_TRANSCRIPT_H
#define REPLAY_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seamless/seamless.h"

#define TRANSCRIPT_PLATFORM   "#: "
#define TRANSCRIPT_MAX_LINE   65536u
#define TRANSCRIPT_MAX_LPS    64u
#define TRANSCRIPT_MAX_RULE   128u /* bytes of a fault rule */
#define TRANSCRIPT_NAMES      256u
#define TRANSCRIPT_NAME_LEN   24u
#define TRANSCRIPT_FIELDS     16u
#define TRANSCRIPT_MAX_REPEAT 65536u

enum transcript_kind {
	TRANSCRIPT_PLAT,
	TRANSCRIPT_WRITE,
	TRANSCRIPT_FILL,
	TRANSCRIPT_READ,
	TRANSCRIPT_HASH,
	TRANSCRIPT_MSR,
	TRANSCRIPT_CPUID,
	TRANSCRIPT_CPUID_CLEAR,
	TRANSCRIPT_INTR,
	TRANSCRIPT_RNG,
	TRANSCRIPT_PCONFIG,
	TRANSCRIPT_RELOAD,
	TRANSCRIPT_FAULT,
	TRANSCRIPT_SEAMCALL,
	TRANSCRIPT_TDCALL,
	TRANSCRIPT_EXIT,
	TRANSCRIPT_END,
};

/* A register's value, or what it is to be. Values are up to 128 bits wide. */
enum transcript_how {
	HOW_OMITTED,
	HOW_VALUE,   /* lo, hi */
	HOW_ANY,     /* any value */
	HOW_CAPTURE, /* any value, to be kept as `name` */
	HOW_NAMED,   /* the value kept as `name` */
};

struct transcript_value {
	enum transcript_how how;
	unsigned name; /* index of a name */
	uint64_t lo, hi;
};

struct transcript_regs {
	struct transcript_value gpr[16], xmm[16];
};

struct transcript_field {
	uint32_t encoding;
	struct transcript_value value;
};

/* An S, C or X line. */
struct transcript_call {
	unsigned lp, repeat;
	struct transcript_regs in, out;
	uint64_t rip;
	struct seamless_vm_exit exit;
	struct transcript_field field[TRANSCRIPT_FIELDS];
	unsigned fields;
	bool has_ticks;
	uint64_t ticks;
	bool to_guest;
	struct transcript_value out_rip, out_vm, out_inj, out_ec;
};

/* One line. Which members mean something depends on the kind. */
struct transcript_event {
	enum transcript_kind kind;
	unsigned line;
	bool private;		       /* GW, GR, GH */
	uint64_t pa, len;	       /* len: of memory, in bytes */
	const char *hex;	       /* W, R: 2 * len digits (R: or `**`) */
	struct transcript_value value; /* H, MSR, INTR, RNG, PCONFIG, F */
	int lp;			       /* MSR, CPUIDSET; -1: all; FAULT */
	const char *rule;	       /* FAULT: len characters */
	uint32_t addr, subleaf;
	struct seamless_cpuid cpuid;
	unsigned lps, packages;
	struct transcript_call call;
};

/* The reader. Fill file, text and len, zero the rest. */
struct transcript {
	const char *file;
	const char *text;
	size_t len, at;
	unsigned line;
	unsigned lps; /* of the PLAT line */
	bool ended;
	char name[TRANSCRIPT_NAMES][TRANSCRIPT_NAME_LEN];
	unsigned names;
	char err[256]; /* "FILE:LINE: what is wrong" */
};

/* The next event. False: at the end, or on a wrong line, and then t->err is not empty. */
bool transcript_next(struct transcript *t, struct transcript_event *event);

/*
 * The platform file in the comments before the PLAT line, to be freed; *len 0: there is none. NULL:
 * no memory.
 */
char *transcript_platform(const struct transcript *t, size_t *len);

/* Back to the start; names are kept. */
void transcript_rewind(struct transcript *t);

#endif
