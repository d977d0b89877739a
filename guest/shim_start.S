/* SPDX-License-Identifier: MIT */
/*
 * Entry of the boot shim (see reset.S for the state it finds). The first vCPU goes on to shim_main(),
 * the others to shim_park().
 */
#define STACK_SIZE  0x4000
#define PARKED_SIZE 0x200	/* stack of a vCPU that waits */
#define MAX_VCPUS   64
#define APIC_EOI    0x80b

	.text
	.globl	_start
	.type	_start, @function
_start:
	movl	%esi, %esi		/* vCPU index: the APIC ID */
	testl	%esi, %esi
	jnz	park
	leaq	stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	call	shim_main
	ud2

	/* The first stack lies below those of the vCPUs that wait. */
park:	cmpl	$MAX_VCPUS, %esi
	jae	halt
	movl	%esi, %eax
	imull	$PARKED_SIZE, %eax
	leaq	stack_top(%rip), %rsp
	addq	%rax, %rsp
	movl	%esi, %edi
	xorl	%ebp, %ebp
	call	shim_park

	/* For ever: TDVMCALL<Instruction.HLT> with interrupts blocked. */
halt:	xorl	%eax, %eax
	movl	$0x1c00, %ecx
	xorl	%r10d, %r10d
	movl	$12, %r11d
	movl	$1, %r12d
	.byte	0x66, 0x0f, 0x01, 0xcc	/* tdcall */
	jmp	halt
	.size	_start, . - _start

	/* The timer's interrupt only wakes up. */
	.globl	shim_timer_stub
shim_timer_stub:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movl	$APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq

	/*
	 * void shim_enter(uint64_t entry, uint64_t zero_page): the state that the 64-bit boot
	 * protocol asks for.
	 */
	.globl	shim_enter
	.type	shim_enter, @function
shim_enter:
	lgdt	gdtr(%rip)
	leaq	1f(%rip), %rax
	pushq	$0x10
	pushq	%rax
	lretq
1:	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%ebp, %ebp
	jmpq	*%rdi
	.size	shim_enter, . - shim_enter

	.section .rodata
	.balign	8
gdt:	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x18: data */
gdtr:	.word	. - gdt - 1
	.quad	gdt

	.bss
	.balign	4096
	.zero	STACK_SIZE
stack_top:
	.zero	(MAX_VCPUS - 1) * PARKED_SIZE

	.section .mailbox, "aw", @nobits
	.globl	shim_mailbox
shim_mailbox:
	.zero	4096

	.section .note.GNU-stack, "", @progbits
