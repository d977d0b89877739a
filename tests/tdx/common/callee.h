/* SPDX-License-Identifier: MIT */
/*
 * RBX, RBP and R12 to R15 as a caller has them: a form that loses one breaks the caller.
 */
#ifndef TESTS_TDX_COMMON_CALLEE_H
#define TESTS_TDX_COMMON_CALLEE_H

#include "tdx/tdx.h"

#ifdef __KERNEL__
#include <asm/nospec-branch.h>
#define CALLEE_INDIRECT ANNOTATE_RETPOLINE_SAFE
#else
#define CALLEE_INDIRECT
#endif

#define CALLEE_REGS 6
/* What a caller has in them during callee_call(). */
#define CALLEE_RBP 0x66
#define CALLEE_VALUES                                                                              \
	{                                                                                          \
		0x11, 0x22, 0x33, 0x44, 0x55, CALLEE_RBP                                           \
	}

/* Calls with CALLEE_VALUES in RBX, R12 to R15 and RBP; after: what the call left there. */
static inline tdx_status_t callee_call(tdx_status_t (*call)(void *), void *argument,
				       tdx_u64 after[CALLEE_REGS])
{
	static const tdx_u64 before[CALLEE_REGS] = CALLEE_VALUES;
	const tdx_u64 *values = before;
	tdx_u64 rax = (tdx_u64)(unsigned long)call;

	__asm__ volatile(
		"lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tpush %[after]\n\t" /* beyond a red zone */
		"mov 0(%[before]), %%rbx\n\tmov 8(%[before]), %%r12\n\tmov 16(%[before]), %%r13\n\t"
		"mov 24(%[before]), %%r14\n\tmov 32(%[before]), %%r15\n\tmov 40(%[before]), "
		"%%rbp\n\t" CALLEE_INDIRECT "call *%%rax\n\t"
		"pop %%rcx\n\t"
		"mov %%rbx, 0(%%rcx)\n\tmov %%r12, 8(%%rcx)\n\tmov %%r13, 16(%%rcx)\n\t"
		"mov %%r14, 24(%%rcx)\n\tmov %%r15, 32(%%rcx)\n\tmov %%rbp, 40(%%rcx)\n\t"
		"pop %%rbp\n\tlea 128(%%rsp), %%rsp"
		: "+a"(rax), "+D"(argument), [before] "+d"(values), [after] "+c"(after)
		:
		: "rbx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
		  "memory");
	return tdx_status(rax);
}

#endif
