/* SPDX-License-Identifier: MIT */
/*
 * What the interpreter's decoder knows, for audits: single instructions, and the list of mnemonics.
 * Nothing is executed; the vCPU's state does not matter and stays.
 */
#ifndef CPU_FORMS_H
#define CPU_FORMS_H

#include "cpu/cpu.h"

struct cpu_form {
	uint8_t len;  /* bytes of the instruction */
	bool handled; /* the interpreter executes it, or raises the fault that it stands for */
	const char *mnemonic; /* lower case */
};

/*
 * Decodes the instruction at `bytes` as 64-bit or as 32-bit code at CPL 0, with SSE and x87
 * enabled. Returns false when the bytes are no instruction, or one longer than `len`.
 */
bool cpu_form_decode(struct cpu *cpu, bool code64, const uint8_t *bytes, unsigned len,
		     struct cpu_form *out);

/* The mnemonics that have handlers, by number from 0: NULL for one without, false past the last. */
bool cpu_form_mnemonic(const struct cpu *cpu, unsigned number, const char **mnemonic);

#endif
