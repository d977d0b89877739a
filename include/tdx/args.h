/* SPDX-License-Identifier: MIT */
/*
 * struct tdx_module_args: the registers of a SEAMCALL, TDCALL or TDVMCALL in the processor's own
 * register-index order (the number in ModRM and REX). A hypervisor that keeps guest registers in an
 * array indexed by decoded register number has this layout already and passes its array as it is.
 *
 * Everything about the layout is asserted here. Assembly may include this file for the TDX_ARGS_*
 * offsets; the slots of RAX, RSP and RBP hold no operand and have no offset, so that naming one
 * does not assemble.
 */
#ifndef TDX_ARGS_H
#define TDX_ARGS_H

#define TDX_ARGS_RCX 8
#define TDX_ARGS_RDX 16
#define TDX_ARGS_RBX 24
#define TDX_ARGS_RSI 48
#define TDX_ARGS_RDI 56
#define TDX_ARGS_R8  64
#define TDX_ARGS_R9  72
#define TDX_ARGS_R10 80
#define TDX_ARGS_R11 88
#define TDX_ARGS_R12 96
#define TDX_ARGS_R13 104
#define TDX_ARGS_R14 112
#define TDX_ARGS_R15 120
#pragma GCC poison TDX_ARGS_RAX TDX_ARGS_RSP TDX_ARGS_RBP

/* The software statuses (status.h) in a form that assembly reads. */
#define TDX_ASM_VMFAILINVALID 0xC0FFFF0000000000
#define TDX_ASM_GP	      0xC0FFFF0100000000
#define TDX_ASM_UD	      0xC0FFFF0200000000

#ifndef __ASSEMBLER__

#include "status.h"
#include "types.h"

struct tdx_module_args {
	tdx_u64 rax_unused; /* leaf number and status are passed and returned apart */
	tdx_u64 rcx;
	tdx_u64 rdx;
	tdx_u64 rbx;
	tdx_u64 rsp_unused;
	tdx_u64 rbp_unused; /* the caller's RBP is always kept */
	tdx_u64 rsi;
	tdx_u64 rdi;
	tdx_u64 r8;
	tdx_u64 r9;
	tdx_u64 r10;
	tdx_u64 r11;
	tdx_u64 r12;
	tdx_u64 r13;
	tdx_u64 r14;
	tdx_u64 r15;
};

#define TDX_ASSERT_SLOT(field, index)                                                              \
	TDX_STATIC_ASSERT(__builtin_offsetof(struct tdx_module_args, field) == 8 * (index),        \
			  "tdx_module_args." #field " is not at its register's index")

TDX_ASSERT_SLOT(rax_unused, 0);
TDX_ASSERT_SLOT(rcx, 1);
TDX_ASSERT_SLOT(rdx, 2);
TDX_ASSERT_SLOT(rbx, 3);
TDX_ASSERT_SLOT(rsp_unused, 4);
TDX_ASSERT_SLOT(rbp_unused, 5);
TDX_ASSERT_SLOT(rsi, 6);
TDX_ASSERT_SLOT(rdi, 7);
TDX_ASSERT_SLOT(r8, 8);
TDX_ASSERT_SLOT(r9, 9);
TDX_ASSERT_SLOT(r10, 10);
TDX_ASSERT_SLOT(r11, 11);
TDX_ASSERT_SLOT(r12, 12);
TDX_ASSERT_SLOT(r13, 13);
TDX_ASSERT_SLOT(r14, 14);
TDX_ASSERT_SLOT(r15, 15);
TDX_STATIC_ASSERT(sizeof(struct tdx_module_args) == 16 * 8,
		  "tdx_module_args has a hole or an extra slot");

#define TDX_ASSERT_OFFSET(offset, field)                                                           \
	TDX_STATIC_ASSERT(__builtin_offsetof(struct tdx_module_args, field) == (offset),           \
			  "assembly offset of " #field " is wrong")

TDX_ASSERT_OFFSET(TDX_ARGS_RCX, rcx);
TDX_ASSERT_OFFSET(TDX_ARGS_RDX, rdx);
TDX_ASSERT_OFFSET(TDX_ARGS_RBX, rbx);
TDX_ASSERT_OFFSET(TDX_ARGS_RSI, rsi);
TDX_ASSERT_OFFSET(TDX_ARGS_RDI, rdi);
TDX_ASSERT_OFFSET(TDX_ARGS_R8, r8);
TDX_ASSERT_OFFSET(TDX_ARGS_R9, r9);
TDX_ASSERT_OFFSET(TDX_ARGS_R10, r10);
TDX_ASSERT_OFFSET(TDX_ARGS_R11, r11);
TDX_ASSERT_OFFSET(TDX_ARGS_R12, r12);
TDX_ASSERT_OFFSET(TDX_ARGS_R13, r13);
TDX_ASSERT_OFFSET(TDX_ARGS_R14, r14);
TDX_ASSERT_OFFSET(TDX_ARGS_R15, r15);
TDX_STATIC_ASSERT(TDX_ASM_VMFAILINVALID == TDX_SEAMCALL_VMFAILINVALID &&
			  TDX_ASM_GP == TDX_SEAMCALL_GP && TDX_ASM_UD == TDX_SEAMCALL_UD,
		  "software statuses differ between C and assembly");

/*
 * For a consumer that passes an array of its own to TDH.VP.ENTER: proves at compile time that its
 * enumeration has the registers at the same places and that an element is 64 bits wide:
 *
 *   TDX_ASSERT_REGS_LAYOUT(unsigned long, VCPU_REGS_RAX, VCPU_REGS_RCX, VCPU_REGS_RDX,
 *                          VCPU_REGS_RBX, VCPU_REGS_RSP, VCPU_REGS_RBP, VCPU_REGS_RSI,
 *                          VCPU_REGS_RDI, VCPU_REGS_R8, ..., VCPU_REGS_R15);
 */
#define TDX_ASSERT_REGS_LAYOUT(type, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11,     \
			       r12, r13, r14, r15)                                                 \
	TDX_STATIC_ASSERT(sizeof(type) == 8, "registers are not kept in 64-bit elements");         \
	TDX_STATIC_ASSERT((rax) == 0 && (rcx) == 1 && (rdx) == 2 && (rbx) == 3 && (rsp) == 4 &&    \
				  (rbp) == 5 && (rsi) == 6 && (rdi) == 7,                          \
			  "RAX to RDI are not in register-index order");                           \
	TDX_STATIC_ASSERT((r8) == 8 && (r9) == 9 && (r10) == 10 && (r11) == 11 && (r12) == 12 &&   \
				  (r13) == 13 && (r14) == 14 && (r15) == 15,                       \
			  "R8 to R15 are not in register-index order")

#endif /* __ASSEMBLER__ */

#endif
