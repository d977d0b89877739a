/* SPDX-License-Identifier: MIT */
/*
 * The common routines of the baseline: operands from a struct in memory, all of them, and back. The struct is that of
 * baseline.h: rcx rdx r8 r9 r10 r11 r12 r13 r14 r15 rbx rdi rsi.
 */
	.text

.macro load_six
	mov	%rdi, %rax
	mov	0(%rsi), %rcx
	mov	8(%rsi), %rdx
	mov	16(%rsi), %r8
	mov	24(%rsi), %r9
	mov	32(%rsi), %r10
	mov	40(%rsi), %r11
.endm

.macro store_six
	mov	%rcx, 0(%rsi)
	mov	%rdx, 8(%rsi)
	mov	%r8, 16(%rsi)
	mov	%r9, 24(%rsi)
	mov	%r10, 32(%rsi)
	mov	%r11, 40(%rsi)
.endm

	.globl	base_seamcall
	.type	base_seamcall, @function
base_seamcall:
	load_six
	.byte	0x66, 0x0f, 0x01, 0xcf
	jc	1f
	ret
1:	mov	$-1, %rax
	ret
	.size	base_seamcall, . - base_seamcall

	.globl	base_seamcall_ret
	.type	base_seamcall_ret, @function
base_seamcall_ret:
	load_six
	.byte	0x66, 0x0f, 0x01, 0xcf
	jc	1f
	store_six
	ret
1:	mov	$-1, %rax
	ret
	.size	base_seamcall_ret, . - base_seamcall_ret

	.globl	base_seamcall_saved_ret
	.type	base_seamcall_saved_ret, @function
base_seamcall_saved_ret:
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	load_six
	mov	48(%rsi), %r12
	mov	56(%rsi), %r13
	mov	64(%rsi), %r14
	mov	72(%rsi), %r15
	mov	80(%rsi), %rbx
	push	%rsi
	mov	88(%rsi), %rdi
	mov	96(%rsi), %rsi
	.byte	0x66, 0x0f, 0x01, 0xcf
	pop	%rsi
	jc	1f
	store_six
	mov	%r12, 48(%rsi)
	mov	%r13, 56(%rsi)
	mov	%r14, 64(%rsi)
	mov	%r15, 72(%rsi)
	mov	%rbx, 80(%rsi)
	mov	%rdi, 88(%rsi)
2:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
1:	mov	$-1, %rax
	jmp	2b
	.size	base_seamcall_saved_ret, . - base_seamcall_saved_ret

	.section .note.GNU-stack, "", @progbits
