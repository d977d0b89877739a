/* SPDX-License-Identifier: MIT */
/*
 * The registers that a SEAMCALL, a TDCALL and a VM exit carry between host, module and guest, in
 * the processor's own register-index order (the number in ModRM and REX), so that an array indexed
 * by a decoded register number is this.
 */
#ifndef PLATFORM_REGS_H
#define PLATFORM_REGS_H

#include <stdint.h>

/* Index of a general register in cpu_regs.gpr. */
enum cpu_reg {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP,
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_R8,
	GPR_R9,
	GPR_R10,
	GPR_R11,
	GPR_R12,
	GPR_R13,
	GPR_R14,
	GPR_R15,
	GPR_COUNT,
};

struct cpu_regs {
	uint64_t gpr[GPR_COUNT];
	uint8_t xmm[16][16]; /* least significant byte first */
} __attribute__((aligned(16)));

#endif
