/* SPDX-License-Identifier: MIT */
/*
 * Entry of a bare guest (see reset.S for the state it finds), and the stubs that lead exceptions
 * to C.
 */
#define FIRST_STACK 0x1000	/* of vCPU 0, which does most of the work */
#define STACK_SHIFT 11		/* of the others */
#define MAX_VCPUS   64

	.text
	.globl	_start
	.type	_start, @function
_start:
	movq	%rsi, %rax
	cmpq	$MAX_VCPUS, %rax
	jae	1f
	shlq	$STACK_SHIFT, %rax
	leaq	stacks + FIRST_STACK(%rip), %rsp
	addq	%rax, %rsp
	movq	%rcx, %rdx		/* memory size, TDH.VP.INIT's operand */
	movl	%ebx, %edi		/* GPAW */
	movl	%esi, %esi		/* vCPU index */
	xorl	%ebp, %ebp
	call	guest_start
	ud2

	/*
	 * No stack for this vCPU: it waits for ever in TDVMCALL<Instruction.HLT> with interrupts
	 * blocked.
	 */
1:	xorl	%eax, %eax
	movl	$0x1c00, %ecx
	xorl	%r10d, %r10d
	movl	$12, %r11d
	movl	$1, %r12d
	.byte	0x66, 0x0f, 0x01, 0xcc	/* tdcall */
	jmp	1b
	.size	_start, . - _start

/*
 * One stub per vector: the processor pushes an error code for some; the others push 0, so that
 * struct guest_frame has one layout.
 */
	.altmacro
	.macro	stub vector
	.balign	16
	.if	\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21
	.else
	pushq	$0
	.endif
	pushq	$\vector		/* sign-extended above 127: the C side takes 8 bits */
	jmp	common
	.endm

	.balign	16
	.globl	guest_stubs
guest_stubs:
	.set	n, 0
	.rept	256
	stub	%n
	.set	n, n + 1
	.endr

common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	call	guest_exception
	movq	%rbp, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rbp
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.bss
	.balign	4096
stacks:	.zero	FIRST_STACK + ((MAX_VCPUS - 1) << STACK_SHIFT)

	.section .note.GNU-stack, "", @progbits
