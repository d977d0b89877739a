/* SPDX-License-Identifier: MIT */
/*
 * The loops by which the speed of processors is compared: by `seamless bench`, by guest/loop.c in a
 * TD and by tools/bench-loop.S in other emulators. 64-bit code that lies anywhere and ends by RET.
 * RDI: 256 KiB of memory, for the second one; R8: 100000; R9: how many times R8 turns; the other
 * registers used are 0 at the start; RAX and RBX tell at the end whether the work was done.
 */
	.section .rodata
	.globl	cpu_bench_integer, cpu_bench_integer_end
	.hidden	cpu_bench_integer, cpu_bench_integer_end
cpu_bench_integer:
	addq	%rcx, %rax
	imulq	$0x41c64e6d, %rax, %rdx
	addq	$0x3039, %rdx
	movq	%rdx, %rsi
	shrq	$16, %rsi
	xorq	%rsi, %rax
	andl	$7, %esi
	leaq	1(%rbx,%rsi,4), %rbx
	testb	$1, %al
	jz	1f
	subq	%rsi, %rbx
	rorq	$3, %rbx
1:	incq	%rcx
	cmpq	%r8, %rcx
	jne	cpu_bench_integer
	xorl	%ecx, %ecx
	decq	%r9
	jnz	cpu_bench_integer
	ret
cpu_bench_integer_end:

	.globl	cpu_bench_memory, cpu_bench_memory_end
	.hidden	cpu_bench_memory, cpu_bench_memory_end
cpu_bench_memory:
	movq	%r8, %r10
1:	movq	%rcx, %rsi
	andl	$0x7fff, %esi
	movq	(%rdi,%rsi,8), %rax
	addq	%rcx, %rax
	movq	%rax, (%rdi,%rsi,8)
	addq	%rax, 8(%rdi,%rsi,8)
	movzbl	(%rdi,%rsi), %edx
	pushq	%rdx
	call	2f
	popq	%rdx
	addq	$9, %rcx
	decq	%r10
	jnz	1b
	decq	%r9
	jnz	cpu_bench_memory
	ret
2:	movl	(%rdi,%rdx,4), %ebx
	cmpl	%eax, %ebx
	jb	3f
	movl	%ebx, (%rdi,%rdx,4)
3:	ret
cpu_bench_memory_end:

	.section .note.GNU-stack, "", @progbits
