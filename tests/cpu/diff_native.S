/* SPDX-License-Identifier: MIT */
/*
 * Runs code on the real processor with all registers loaded from diff_regs, and stores them
 * there again when it jumps to diff_exit. RSP comes from there too, so nothing of the code's touches the caller's stack.
 */
	.text
	.globl diff_enter
	.type diff_enter, @function
diff_enter:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, diff_host_rsp(%rip)
	fxrstor64 diff_regs(%rip)
	push diff_regs+640(%rip)
	popfq
	mov diff_regs+512+0(%rip), %rax
	mov diff_regs+512+8(%rip), %rcx
	mov diff_regs+512+16(%rip), %rdx
	mov diff_regs+512+24(%rip), %rbx
	mov diff_regs+512+32(%rip), %rsp
	mov diff_regs+512+40(%rip), %rbp
	mov diff_regs+512+48(%rip), %rsi
	mov diff_regs+512+56(%rip), %rdi
	mov diff_regs+512+64(%rip), %r8
	mov diff_regs+512+72(%rip), %r9
	mov diff_regs+512+80(%rip), %r10
	mov diff_regs+512+88(%rip), %r11
	mov diff_regs+512+96(%rip), %r12
	mov diff_regs+512+104(%rip), %r13
	mov diff_regs+512+112(%rip), %r14
	mov diff_regs+512+120(%rip), %r15
	jmp *diff_code(%rip)
	.size diff_enter, . - diff_enter

	.globl diff_exit
	.type diff_exit, @function
diff_exit:
	mov %rax, diff_regs+512+0(%rip)
	mov %rcx, diff_regs+512+8(%rip)
	mov %rdx, diff_regs+512+16(%rip)
	mov %rbx, diff_regs+512+24(%rip)
	mov %rsp, diff_regs+512+32(%rip)
	mov %rbp, diff_regs+512+40(%rip)
	mov %rsi, diff_regs+512+48(%rip)
	mov %rdi, diff_regs+512+56(%rip)
	mov %r8, diff_regs+512+64(%rip)
	mov %r9, diff_regs+512+72(%rip)
	mov %r10, diff_regs+512+80(%rip)
	mov %r11, diff_regs+512+88(%rip)
	mov %r12, diff_regs+512+96(%rip)
	mov %r13, diff_regs+512+104(%rip)
	mov %r14, diff_regs+512+112(%rip)
	mov %r15, diff_regs+512+120(%rip)
	mov diff_host_rsp(%rip), %rsp
	pushfq
	popq diff_regs+640(%rip)
	fxsave64 diff_regs(%rip)
	cld
	fninit
	ldmxcsr diff_default_mxcsr(%rip)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
	.size diff_exit, . - diff_exit

	.section .rodata
	.balign 4
diff_default_mxcsr:
	.long 0x1f80

	.bss
	.balign 64
	.globl diff_regs
diff_regs:
	.zero 704
	.globl diff_code
diff_code:
	.zero 8
diff_host_rsp:
	.zero 8

	.section .note.GNU-stack, "", @progbits
