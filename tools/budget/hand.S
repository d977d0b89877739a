/* SPDX-License-Identifier: MIT */
/*
 * Fifteen calls written by hand for the prototypes of wrappers.c: the measure that the compiled
 * typed calls may not exceed by one instruction. The rules of the hand: the thunk is called, not
 * jumped to, as in the middle of a caller; a pointer that is needed after the call waits in a
 * callee-saved register. (The module keeps RSI and RDI too: where a pointer can wait there, a push
 * and a pop are saved. The compilers find that in some wrappers and then beat this file.)
 */
	.text

#define FUNCTION(name) .globl name; .type name, @function; name:
#define END(name) .size name, . - name

FUNCTION(hand_tdh_mng_key_freeid)
	mov	%rdi, %rcx
	mov	$20, %eax
	call	__tdx_seamcall
	ret
END(hand_tdh_mng_key_freeid)

/* (gpa, level, tdr, flags, sept_page, ext) */
FUNCTION(hand_tdh_mem_sept_add)
	push	%rbx
	mov	%r9, %rbx
	mov	%rdi, %r10
	or	%rdx, %rcx
	mov	%rcx, %rdx
	mov	%r10, %rcx
	or	%rsi, %rcx
	mov	$3, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	mov	%rdx, 8(%rbx)
	pop	%rbx
	ret
END(hand_tdh_mem_sept_add)

/* (gpa, tdr, page, source, ext) */
FUNCTION(hand_tdh_mem_page_add)
	push	%rbx
	mov	%r8, %rbx
	mov	%rdx, %r8
	mov	%rcx, %r9
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$2, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	mov	%rdx, 8(%rbx)
	pop	%rbx
	ret
END(hand_tdh_mem_page_add)

/* (tdr, field, value) */
FUNCTION(hand_tdh_mng_rd)
	push	%rbx
	mov	%rdx, %rbx
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$11, %eax
	call	__tdx_seamcall
	mov	%r8, (%rbx)
	pop	%rbx
	ret
END(hand_tdh_mng_rd)

/* (tdvpr, field, value) */
FUNCTION(hand_tdh_vp_rd)
	push	%rbx
	mov	%rdx, %rbx
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$26, %eax
	call	__tdx_seamcall
	mov	%r8, (%rbx)
	pop	%rbx
	ret
END(hand_tdh_vp_rd)

/* (tdvpr, field, value, mask, old_value) */
FUNCTION(hand_tdh_vp_wr)
	push	%rbx
	mov	%r8, %rbx
	mov	%rdx, %r8
	mov	%rcx, %r9
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$43, %eax
	call	__tdx_seamcall
	mov	%r8, (%rbx)
	pop	%rbx
	ret
END(hand_tdh_vp_wr)

/* (gpa, level, tdr, ext) */
FUNCTION(hand_tdh_mem_range_block)
	push	%rbx
	mov	%rcx, %rbx
	mov	%rdi, %rcx
	or	%rsi, %rcx
	mov	$7, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	mov	%rdx, 8(%rbx)
	pop	%rbx
	ret
END(hand_tdh_mem_range_block)

/* (field, next_field, value) */
FUNCTION(hand_tdh_sys_rd)
	push	%rbx
	push	%rbp
	mov	%rsi, %rbx
	mov	%rdx, %rbp
	mov	%rdi, %rdx
	mov	$34, %eax
	call	__tdx_seamcall
	mov	%rdx, (%rbx)
	mov	%r8, (%rbp)
	pop	%rbp
	pop	%rbx
	ret
END(hand_tdh_sys_rd)

/* (tdr, td_params, cpuid_leaf) */
FUNCTION(hand_tdh_mng_init)
	push	%rbx
	mov	%rdx, %rbx
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$21, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	pop	%rbx
	ret
END(hand_tdh_mng_init)

/* (tdvpr, initial_rcx) */
FUNCTION(hand_tdh_vp_init)
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$22, %eax
	call	__tdx_seamcall
	ret
END(hand_tdh_vp_init)

/* (gpa, tdr, ext) */
FUNCTION(hand_tdh_mr_extend)
	push	%rbx
	mov	%rdx, %rbx
	mov	%rdi, %rcx
	mov	%rsi, %rdx
	mov	$16, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	mov	%rdx, 8(%rbx)
	pop	%rbx
	ret
END(hand_tdh_mr_extend)

/* (page, out) */
FUNCTION(hand_tdh_phymem_page_reclaim)
	push	%rbx
	mov	%rsi, %rbx
	mov	%rdi, %rcx
	mov	$28, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	mov	%rdx, 8(%rbx)
	mov	%r8, 16(%rbx)
	pop	%rbx
	ret
END(hand_tdh_phymem_page_reclaim)

/* (page) */
FUNCTION(hand_tdh_phymem_page_wbinvd)
	mov	%rdi, %rcx
	mov	$41, %eax
	call	__tdx_seamcall
	ret
END(hand_tdh_phymem_page_wbinvd)

/* (args by value on the stack, gpa_list, num_pages) */
FUNCTION(hand_tdh_export_mem)
	push	%rbx
	push	%r12
	push	%r13
	mov	%rdi, %rbx
	mov	%rsi, %r13
	mov	32(%rsp), %rcx
	mov	40(%rsp), %rdx
	mov	48(%rsp), %r8
	mov	56(%rsp), %r9
	mov	64(%rsp), %r10
	mov	72(%rsp), %r11
	mov	80(%rsp), %r12
	mov	$68, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	mov	%rdx, (%r13)
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
END(hand_tdh_export_mem)

/* (args by value on the stack, gpa_list) */
FUNCTION(hand_tdh_import_mem)
	push	%rbx
	push	%r12
	push	%r13
	mov	%rdi, %rbx
	mov	32(%rsp), %rcx
	mov	40(%rsp), %rdx
	mov	48(%rsp), %r8
	mov	56(%rsp), %r9
	mov	64(%rsp), %r10
	mov	72(%rsp), %r11
	mov	80(%rsp), %r12
	mov	88(%rsp), %r13
	mov	$83, %eax
	call	__tdx_seamcall
	mov	%rcx, (%rbx)
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
END(hand_tdh_import_mem)

	.section .note.GNU-stack, "", @progbits
