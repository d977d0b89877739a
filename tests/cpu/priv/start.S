/* SPDX-License-Identifier: MIT */
/*
 * From 32-bit protected mode without paging to long mode, the interrupt stubs, and the ways into
 * other modes and back.
 */
#include "layout.h"

	.section .note.pvh, "a"
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	_start

	.text
	.code32
	.globl	_start
_start:
	cli
	cld
	movl	$boot_stack_end, %esp
	xorl	%eax, %eax		/* page tables: PML4, PDPT, and PDs for the first two GiB */
	movl	$PML4, %edi
	movl	$(TABLES_SIZE / 4), %ecx
	rep stosl
	movl	$(PDPT | 7), PML4
	movl	$(PD_KERNEL | 7), PDPT
	movl	$(PD_USER | 7), PDPT + 8
	movl	$(PD_TEST | 7), PDPT + 16
	movl	$(PT_TEST | 7), PD_TEST
	movl	$0x83, %eax		/* 16 MiB as they are for the kernel, and again for user mode */
	movl	$PD_KERNEL, %edi
	movl	$8, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	1b
	movl	$0x87, %eax
	movl	$PD_USER, %edi
	movl	$8, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	loop	1b
	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	$0x620, %eax		/* PAE, OSFXSR, OSXMMEXCPT */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx
	movl	$0x901, %eax		/* NXE, LME, SCE */
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010033, %eax	/* PG, WP, NE, ET, MP, PE */
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$KERNEL_CODE, $start64

	.code64
start64:
	movw	$KERNEL_DATA, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	xorl	%eax, %eax
	movw	%ax, %fs
	movw	%ax, %gs
	movq	$boot_stack_end, %rsp
	call	main
1:	jmp	1b

	.data
	.balign	8
gdt_pointer:
	.word	GDT_ENTRIES * 8 - 1
	.quad	gdt
	.bss
	.balign	16
	.skip	16384
boot_stack_end:

/*
 * int attempt(void (*function)(void *), void *argument): calls it; an exception or interrupt that
 * trap_entered() does not resume comes back to here instead.
 */
	.text
	.globl	attempt
attempt:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, attempt_sp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	.globl	attempt_return
attempt_return:
	movw	$KERNEL_DATA, %ax
	movw	%ax, %ss
	movw	%ax, %ds
	movw	%ax, %es
	movq	attempt_sp, %rsp
	pushq	$2
	popfq
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/* void enter_at(const struct entry *e): IRETQ to the five words that it points to. */
	.globl	enter_at
enter_at:
	pushq	32(%rdi)
	pushq	24(%rdi)
	pushq	16(%rdi)
	pushq	8(%rdi)
	pushq	(%rdi)
	movq	48(%rdi), %rsi		/* registers that the code entered finds */
	movq	40(%rdi), %rdi
	iretq

/* Stubs of 16 bytes: vector and error code, then the common part. */
	.balign	16
	.globl	stubs
stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
	nop
	nop
	.else
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	.set	vector, vector + 1
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
	movq	%rsp, %rdi
	cld
	call	trap_entered		/* true: go on where it was */
	testb	%al, %al
	jz	attempt_return
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
	.balign	8
attempt_sp:
	.skip	8
	.section .note.GNU-stack, "", @progbits
