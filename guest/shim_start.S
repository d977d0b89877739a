/* SPDX-License-Identifier: MIT */
/*
 * Entry of the boot shim (see reset.S for the state it finds). The first vCPU goes on to C; the
 * others wait in the mailbox of the ACPI wake-up structure until the kernel calls them.
 */
#define STACK_SIZE 0x4000

/* The mailbox (ACPI 6.4, "Multiprocessor Wakeup Mailbox Structure"). */
#define COMMAND 0
#define APIC_ID 4
#define VECTOR	8
#define WAKE_UP 1

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

park:	leaq	shim_mailbox(%rip), %rbx
1:	pause
	cmpw	$WAKE_UP, COMMAND(%rbx)
	jne	1b
	cmpl	%esi, APIC_ID(%rbx)
	jne	1b
	movq	VECTOR(%rbx), %rax
	movw	$0, COMMAND(%rbx)	/* taken: the kernel waits for it */
	jmpq	*%rax
	.size	_start, . - _start

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

	.section .mailbox, "aw", @nobits
	.globl	shim_mailbox
shim_mailbox:
	.zero	4096

	.section .note.GNU-stack, "", @progbits
