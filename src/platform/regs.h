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
	CPU_RAX,
	CPU_RCX,
	CPU_RDX,
	CPU_RBX,
	CPU_RSP,
	CPU_RBP,
	CPU_RSI,
	CPU_RDI,
	CPU_R8,
	CPU_R9,
	CPU_R10,
	CPU_R11,
	CPU_R12,
	CPU_R13,
	CPU_R14,
	CPU_R15,
	CPU_GPRS,
};

struct cpu_regs {
	uint64_t gpr[CPU_GPRS];
	uint8_t xmm[16][16]; /* least significant byte first */
} __attribute__((aligned(16)));

#endif
