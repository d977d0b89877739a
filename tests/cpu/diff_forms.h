/* SPDX-License-Identifier: MIT */
/*
 * The instruction forms that the differential test generates.
 */
#ifndef TESTS_CPU_DIFF_FORMS_H
#define TESTS_CPU_DIFF_FORMS_H

#include <stdbool.h>
#include <stdint.h>

/* Operands of a form: which registers ModRM names, and what surrounds the instruction. */
enum diff_kind {
	GPR,	 /* reg and r/m are integer registers, or r/m is memory */
	XMM,	 /* reg and r/m are XMM registers, or memory */
	XMM_GPR, /* reg XMM, r/m integer */
	GPR_XMM, /* reg integer, r/m XMM */
	MMX,	 /* reg and r/m are MM registers */
	MMX_GPR, /* reg MM, r/m integer */
	GPR_MMX,
	XMM_MMX, /* reg XMM, r/m MM or memory */
	MMX_XMM, /* reg MM, r/m XMM or memory */
	X87,	/* any escape opcode with a random legal ModRM of this row */
	PLAIN,	/* no ModRM; fixed registers */
	OPREG,	/* register in the low opcode bits */
	STRING, /* RSI, RDI into the buffer, RCX small */
	BRANCH, /* skips an instruction, taken or not */
	LOOP,	/* a short loop */
	CALL,	/* call, return */
	FRAME,	/* ENTER and LEAVE */
};

enum diff_feature {
	BASE,
	F_SSE3,
	F_SSSE3,
	F_SSE41,
	F_SSE42,
	F_POPCNT,
	F_LZCNT,
	F_BMI1,
	F_MOVBE,
	F_CX16,
	F_AES,
	F_PCLMUL,
	F_SHA,
	F_LAHF,
	F_MOVDIRI,
	F_MOVDIR64B,
	NR_FEATURES
};

/* Operand sizes. */
#define S8  1u
#define S16 2u
#define S32 4u
#define S64 8u
#define SZ  (S16 | S32 | S64)

/* Details. */
#define R_ONLY	0x01u /* no memory operand */
#define M_ONLY	0x02u /* no register operand */
#define LOCKS	0x04u /* LOCK is legal with a memory destination */
#define CL15	0x08u /* CL is set below 16 first */
#define IMM15	0x10u /* the immediate stays below 16 */
#define REPS	0x20u /* may be repeated */
#define W64	0x40u /* always 64-bit, without REX.W */
#define ALIGN16 0x80u /* memory operand is aligned (now and then it is not, and both must fault)   \
		       */
#define ALIGNED	   0x100u /* it always is: makers differ in what happens else */
#define WIDE	   0x200u /* the register is a wide one although the operand size is S8 */
#define BIT_OFFSET 0x400u /* with a memory operand the register is a bit offset of a few thousand  \
			   */
#define RDI_BUFFER 0x800u /* RDI points into the buffer */

struct diff_form {
	const char *name;
	uint8_t kind, prefix, map, opcode; /* map: 0 one byte, 1 0F, 2 0F 38, 3 0F 3A */
	int8_t ext;			   /* ModRM reg, -1: a register */
	uint8_t imm; /* immediate bytes, 5: 2 or 4 by operand size, 9: up to 8 */
	uint8_t sizes;
	uint16_t undefined; /* RFLAGS bits */
	uint16_t details;
	uint8_t feature;
};

extern const struct diff_form diff_forms[];
extern const unsigned diff_nr_forms;

#endif
