/* SPDX-License-Identifier: MIT */
/*
 * A boot sector for tools/bench-loop.py: goes to long mode with 4 KiB pages, runs a loop of
 * src/cpu/cpu_bench_code.S (linked behind it), sends RAX and RBX to COM1 and switches the machine
 * off, in Bochs's way and in QEMU's. The word `repeats` is written by the tool.
 */
#define TABLES 0x1000
#define DATA   0x200000
#define STACK  0x180000
#define COM1   0x3f8

	.section .boot, "ax"
	.code16
	.globl	_start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	inb	$0x92, %al		/* A20 */
	orb	$2, %al
	outb	%al, $0x92
	movw	$TABLES, %di		/* PML4, PDPT, PD, two PTs: 4 MiB as they are */
	movw	$(5 * 0x1000 / 4), %cx
	xorl	%eax, %eax
	cld
	rep stosl
	movw	$(TABLES + 0x1003), TABLES
	movw	$(TABLES + 0x2003), TABLES + 0x1000
	movw	$(TABLES + 0x3003), TABLES + 0x2000
	movw	$(TABLES + 0x4003), TABLES + 0x2008
	movw	$(TABLES + 0x3000), %di
	movl	$3, %eax
	movw	$1024, %cx
1:	movl	%eax, (%di)
	addw	$8, %di
	addl	$0x1000, %eax
	loop	1b
	lgdt	gdt_pointer
	movl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$TABLES, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orw	$0x100, %ax		/* LME */
	wrmsr
	movl	$0x80000011, %eax	/* PG, ET, PE */
	movl	%eax, %cr0
	ljmp	$8, $start64

	.code64
start64:
	movl	$STACK, %esp
	movl	$DATA, %edi
	movl	$100000, %r8d
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	movl	repeats, %r9d
	testl	%r9d, %r9d
	jz	1f
	call	LOOP
1:	movq	%rax, %rsi
	movw	$(COM1 + 3), %dx	/* eight bits */
	movb	$3, %al
	outb	%al, %dx
	call	send
	movq	%rbx, %rsi
	call	send
	movw	$0x8900, %dx		/* Bochs */
	movl	$bye, %esi
	movl	$8, %ecx
	rep outsb
	movw	$0x604, %dx		/* QEMU's PIIX4: S5 */
	movw	$0x2000, %ax
	outw	%ax, %dx
	cli
1:	hlt
	jmp	1b

send:	movl	$8, %ecx
1:	movw	$(COM1 + 5), %dx
2:	inb	%dx, %al
	testb	$0x40, %al		/* the last one went out */
	jz	2b
	testl	%ecx, %ecx
	jz	3f
	movw	$COM1, %dx
	movl	%esi, %eax
	outb	%al, %dx
	shrq	$8, %rsi
	decl	%ecx
	jmp	1b
3:	ret

bye:	.ascii	"Shutdown"
	.balign	8
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt
	.globl	repeats
	.balign	4
repeats: .ascii	"LOOP"
