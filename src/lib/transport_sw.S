/* SPDX-License-Identifier: MIT */
/*
 * The call layer's thunks over the software module: the same source as for the hardware, with a
 * call of the routine below in the place of the instruction. Linking this file or tdx_call.S is
 * what chooses the module.
 */
#define TDX_SEAMCALL call seamless_sw_seamcall
#define TDX_TDCALL call seamless_sw_tdcall
#include "tdx/tdx_call.S"

	.text

#define GPR(index) ((index) * 8)(%rsp)
#define XMM(index) (128 + (index) * 16)(%rsp)
#define REGS_SIZE (128 + 256)

/*
 * An instruction in software: all registers to a struct seamless_regs on the stack, the C
 * function, all registers back, RBP too. The carry flag is clear: software reports a missing
 * module by the status itself.
 */
.macro sw_instruction name, handler, optional
	.p2align 4
	.type \name, @function
\name:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	sub	$REGS_SIZE, %rsp
	and	$-16, %rsp
	mov	%rax, GPR(0)
	mov	%rcx, GPR(1)
	mov	%rdx, GPR(2)
	mov	%rbx, GPR(3)
	lea	16(%rbp), %rax
	mov	%rax, GPR(4)
	mov	(%rbp), %rax
	mov	%rax, GPR(5)
	mov	%rsi, GPR(6)
	mov	%rdi, GPR(7)
	mov	%r8, GPR(8)
	mov	%r9, GPR(9)
	mov	%r10, GPR(10)
	mov	%r11, GPR(11)
	mov	%r12, GPR(12)
	mov	%r13, GPR(13)
	mov	%r14, GPR(14)
	mov	%r15, GPR(15)
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	%xmm\n, XMM(\n)
	.endr
	cld
	.if \optional
	mov	\handler@GOTPCREL(%rip), %rax
	test	%rax, %rax
	jz	1f
	mov	%rsp, %rdi
	call	*%rax
	jmp	2f
1:	movabs	$TDX_ASM_UD, %rax
	mov	%rax, GPR(0)
2:
	.else
	mov	%rsp, %rdi
	call	\handler@PLT
	.endif
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movaps	XMM(\n), %xmm\n
	.endr
	mov	GPR(15), %r15
	mov	GPR(14), %r14
	mov	GPR(13), %r13
	mov	GPR(12), %r12
	mov	GPR(11), %r11
	mov	GPR(10), %r10
	mov	GPR(9), %r9
	mov	GPR(8), %r8
	mov	GPR(7), %rdi
	mov	GPR(6), %rsi
	mov	GPR(5), %rax
	mov	%rax, (%rbp)
	mov	GPR(3), %rbx
	mov	GPR(2), %rdx
	mov	GPR(1), %rcx
	mov	GPR(0), %rax
	mov	%rbp, %rsp
	.cfi_def_cfa_register %rsp
	pop	%rbp
	.cfi_def_cfa_offset 8
	.cfi_restore %rbp
	clc
	ret
	.cfi_endproc
	.size \name, . - \name
.endm

	.weak	seamless_transport_tdcall
sw_instruction seamless_sw_seamcall, seamless_transport_seamcall, 0
sw_instruction seamless_sw_tdcall, seamless_transport_tdcall, 1
