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

.macro load_seven
	mov	48(%rsi), %r12
	mov	56(%rsi), %r13
	mov	64(%rsi), %r14
	mov	72(%rsi), %r15
	mov	80(%rsi), %rbx
	push	%rsi
	mov	88(%rsi), %rdi
	mov	96(%rsi), %rsi
.endm

.macro store_seven
	mov	%r12, 48(%rsi)
	mov	%r13, 56(%rsi)
	mov	%r14, 64(%rsi)
	mov	%r15, 72(%rsi)
	mov	%rbx, 80(%rsi)
	mov	%rdi, 88(%rsi)
.endm

.macro function name
	.globl	\name
	.type	\name, @function
\name:
.endm

/* opcode: the last byte of the instruction; the host's sets the carry flag when no module answers. */
.macro base_forms name, opcode, host
function \name
	load_six
	.byte	0x66, 0x0f, 0x01, \opcode
	.if \host
	jc	1f
	.endif
	ret
	.size	\name, . - \name

function \name\()_ret
	load_six
	.byte	0x66, 0x0f, 0x01, \opcode
	.if \host
	jc	1f
	.endif
	store_six
	ret
	.size	\name\()_ret, . - \name\()_ret

function \name\()_saved_ret
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	load_six
	load_seven
	.byte	0x66, 0x0f, 0x01, \opcode
	pop	%rsi
	.if \host
	jc	2f
	.endif
	store_six
	store_seven
3:	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
	.size	\name\()_saved_ret, . - \name\()_saved_ret

	.if \host
1:	mov	$-1, %rax
	ret
2:	mov	$-1, %rax
	jmp	3b
	.endif
.endm

base_forms base_seamcall, 0xcf, 1
base_forms base_tdcall, 0xcc, 0

	.section .note.GNU-stack, "", @progbits
