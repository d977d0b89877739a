/* SPDX-License-Identifier: MIT */
/*
 * The reset page of a bare ELF guest: leads a vCPU from the reset state of a TD (32-bit protected
 * mode, flat segments, EIP 0xFFFFFFF0, EFER.LME and NXE already set) to the guest's entry point in
 * 64-bit mode. The VMM adds a copy of this page at 0xFFFFF000 and the page tables below it, and
 * measures both; see vmm/load_elf.c.
 *
 * At the guest's entry: paging on, interrupts off, flat segments, no stack; RBX, RCX, RDX, RSI, R8
 * as at reset (GPAW, TDH.VP.INIT's operand in RCX and R8, CPUID(1).EAX, vCPU index).
 */
#define PAGE  0xfffff000
#define SHARED_PDPT 0xffffc000
#define PML4  0xffffd000
#define GDT   0x20
#define GDTR  0x40
#define START 0x80
#define WIDE  0xe0
#define LONG  0xc0
#define RESET 0xff0

	.section .rodata
	.balign	16
	.globl	vmm_reset_page
	.type	vmm_reset_page, @object
vmm_reset_page:
entry:	.quad	0			/* the VMM writes the entry point here */

	.org	vmm_reset_page + GDT
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: 64-bit code */
	.quad	0x00cf93000000ffff	/* 0x10: data */

	.org	vmm_reset_page + GDTR
	.word	0x17
	.long	PAGE + GDT

	.org	vmm_reset_page + START
	.code32
	cmpl	$52, %ebx
	je	wide
enable:	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$0x20, %eax		/* PAE; MCE must stay set */
	movl	%eax, %cr4
	movl	%cr0, %eax
	orl	$0x80000000, %eax	/* PG: with EFER.LME this is IA-32e mode */
	movl	%eax, %cr0
	lgdtl	PAGE + GDTR
	ljmpl	$0x08, $(PAGE + LONG)

	.org	vmm_reset_page + LONG
	.code64
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	jmpq	*entry(%rip)

	/*
	 * GPAW 52: the shared bit in the upper half of each entry moves from bit 47 to 51. Every vCPU
	 * writes the same, while another may use the table already.
	 */
	.org	vmm_reset_page + WIDE
	.code32
wide:	movl	$SHARED_PDPT + 4, %edi
1:	movl	(%edi), %eax
	andl	$0x7f, %eax		/* 512 GiB of addresses */
	orl	$0x80000, %eax
	movl	%eax, (%edi)
	addl	$8, %edi
	cmpl	$SHARED_PDPT + 0x1004, %edi
	jnz	1b
	jmp	enable

	.org	vmm_reset_page + RESET
	.code32
	.byte	0xe9			/* jmp START */
	.long	START - RESET - 5
	.org	vmm_reset_page + 0x1000
	.size	vmm_reset_page, . - vmm_reset_page

	.section .note.GNU-stack, "", @progbits
