/* SPDX-License-Identifier: MIT */
/*
 * The thunks: the one SEAMCALL and the one TDCALL of a linked image, and the struct forms and
 * TDH.VP.ENTER on top. All symbols are hidden: no lazy binding stub can come between operands and
 * call.
 *
 * Settings of the consumer, each with a default:
 *   TDX_SEAMCALL, TDX_TDCALL  the instructions
 *   TDX_TEXT_SECTION          where the code goes (".text"; a kernel names its noinstr section)
 *   TDX_RET                   how a function returns ("ret"; a kernel its return thunk)
 *   TDX_ENTRY                 what a function starts with (an end-branch where the compiler is
 *                             asked for them)
 *   TDX_EXTABLE(insn, fixup)  registers the fix-up of a fault on insn. fixup is entered with the
 *                             registers of the fault but RAX, which holds the vector: 6 or 13.
 *                             Default: the kernel's exception table, elsewhere nothing; a fault
 *                             handler finds the pair as __tdx_seamcall_insn and _fixup.
 */
#include "args.h"

#ifndef TDX_SEAMCALL
#define TDX_SEAMCALL .byte 0x66, 0x0f, 0x01, 0xcf
#endif
#ifndef TDX_TDCALL
#define TDX_TDCALL .byte 0x66, 0x0f, 0x01, 0xcc
#endif
#ifndef TDX_TEXT_SECTION
#define TDX_TEXT_SECTION .text
#endif
#ifdef __KERNEL__
#include <linux/linkage.h>
#include <asm/asm.h>
	/* a kernel unwinds by objtool's tables; .eh_frame would only hold stray references to functions */
	.cfi_sections .debug_frame
#ifndef TDX_RET
#define TDX_RET RET
#endif
#ifndef TDX_EXTABLE
#define TDX_EXTABLE(insn, fixup) _ASM_EXTABLE_FAULT(insn, fixup)
#endif
#elif defined(__CET__)
#include <cet.h>
#ifndef TDX_ENTRY
#define TDX_ENTRY _CET_ENDBR
#endif
#endif
#ifndef TDX_RET
#define TDX_RET ret
#endif
#ifndef TDX_ENTRY
#define TDX_ENTRY
#endif
#ifndef TDX_EXTABLE
#define TDX_EXTABLE(insn, fixup)
#endif

#define TDX_SYMBOL(name) .globl name; .hidden name
#define TDX_FUNCTION(name) .p2align 4; TDX_SYMBOL(name); .type name, @function; name: .cfi_startproc; TDX_ENTRY
#define TDX_END(name) .cfi_endproc; .size name, . - name

	TDX_TEXT_SECTION

/*
 * The SEAMCALL of this image. In and out: every register as the leaf has it; RAX the leaf, then
 * the status. Nothing else changes: no stack traffic. The carry flag means VMfailInvalid: no
 * module answered.
 */
TDX_FUNCTION(__tdx_seamcall)
	TDX_SYMBOL(__tdx_seamcall_insn)
__tdx_seamcall_insn:
	TDX_SEAMCALL
	jc	1f
	TDX_RET
1:	movabs	$TDX_ASM_VMFAILINVALID, %rax
	TDX_RET
	TDX_SYMBOL(__tdx_seamcall_fixup)
__tdx_seamcall_fixup:
	cmp	$6, %eax
	movabs	$TDX_ASM_UD, %rax
	je	2f
	movabs	$TDX_ASM_GP, %rax
2:	TDX_RET
	TDX_EXTABLE(__tdx_seamcall_insn, __tdx_seamcall_fixup)
TDX_END(__tdx_seamcall)

/* The TDCALL of this image, in the same way. It sets no flag. */
TDX_FUNCTION(__tdx_tdcall)
	TDX_TDCALL
	TDX_RET
TDX_END(__tdx_tdcall)

.macro tdx_push reg
	push	\reg
	.cfi_adjust_cfa_offset 8
.endm

.macro tdx_pop reg
	pop	\reg
	.cfi_adjust_cfa_offset -8
.endm

.macro tdx_push_saved reg
	tdx_push \reg
	.cfi_rel_offset \reg, 0
.endm

.macro tdx_pop_saved reg
	tdx_pop	\reg
	.cfi_restore \reg
.endm

/* For TDG.VP.ENTER, which comes back with the RBP of the L2 guest. */
TDX_FUNCTION(__tdx_tdcall_keep_rbp)
	tdx_push_saved %rbp
	call	__tdx_tdcall
	tdx_pop_saved %rbp
	TDX_RET
TDX_END(__tdx_tdcall_keep_rbp)

/*
 * NAME_stepped: NAME for callers that have stepped over their red zone. The compiler's unwind
 * information does not know of the step, so it is told here, as if the call popped 128 bytes more:
 * DW_CFA_val_offset_sf RSP, 128 (-16 in units of -8). It holds for callers with and without a frame
 * pointer. Assemblers have no directive for it yet. A kernel has no red zone.
 */
#ifndef __KERNEL__
.macro tdx_stepped name
TDX_FUNCTION(\name\()_stepped)
	.cfi_escape 0x15, 0x07, 0x70
	call	\name
	TDX_RET
TDX_END(\name\()_stepped)
.endm

tdx_stepped __tdx_seamcall
tdx_stepped __tdx_tdcall
tdx_stepped __tdx_tdcall_keep_rbp
#endif

/* RBP too: VP.ENTER and TDVMCALL may change it. */
.macro tdx_push_all_saved
	tdx_push_saved %rbp
	tdx_push_saved %rbx
	tdx_push_saved %r12
	tdx_push_saved %r13
	tdx_push_saved %r14
	tdx_push_saved %r15
.endm

.macro tdx_pop_all_saved
	tdx_pop_saved %r15
	tdx_pop_saved %r14
	tdx_pop_saved %r13
	tdx_pop_saved %r12
	tdx_pop_saved %rbx
	tdx_pop_saved %rbp
.endm

/* Operands that a plain call may have, from (%rsi); RSI itself is not one of them. */
.macro tdx_load_volatile
	mov	TDX_ARGS_RCX(%rsi), %rcx
	mov	TDX_ARGS_RDX(%rsi), %rdx
	mov	TDX_ARGS_R8(%rsi), %r8
	mov	TDX_ARGS_R9(%rsi), %r9
	mov	TDX_ARGS_R10(%rsi), %r10
	mov	TDX_ARGS_R11(%rsi), %r11
.endm

.macro tdx_store_volatile base
	mov	%rcx, TDX_ARGS_RCX(\base)
	mov	%rdx, TDX_ARGS_RDX(\base)
	mov	%r8, TDX_ARGS_R8(\base)
	mov	%r9, TDX_ARGS_R9(\base)
	mov	%r10, TDX_ARGS_R10(\base)
	mov	%r11, TDX_ARGS_R11(\base)
.endm

/* The others, RSI and RDI last as they may be the base. */
.macro tdx_load_saved base
	mov	TDX_ARGS_RBX(\base), %rbx
	mov	TDX_ARGS_R12(\base), %r12
	mov	TDX_ARGS_R13(\base), %r13
	mov	TDX_ARGS_R14(\base), %r14
	mov	TDX_ARGS_R15(\base), %r15
.endm

.macro tdx_store_saved base
	mov	%rbx, TDX_ARGS_RBX(\base)
	mov	%r12, TDX_ARGS_R12(\base)
	mov	%r13, TDX_ARGS_R13(\base)
	mov	%r14, TDX_ARGS_R14(\base)
	mov	%r15, TDX_ARGS_R15(\base)
.endm

/*
 * After a call that may return anything in any register: stores all to the array whose address is
 * at the top of the stack, then leaves nothing of it in a register that the caller could use under
 * speculation.
 */
.macro tdx_store_all_and_clear rbp_slot=
	tdx_push %rsi
	mov	8(%rsp), %rsi
	.ifnb \rbp_slot
	mov	%rbp, \rbp_slot(%rsi)
	.endif
	tdx_store_volatile %rsi
	tdx_store_saved %rsi
	mov	%rdi, TDX_ARGS_RDI(%rsi)
	popq	TDX_ARGS_RSI(%rsi)
	.cfi_adjust_cfa_offset -8
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
.endm

/* status name(u64 fn, const struct tdx_module_args *args) and its _ret and _saved_ret forms */
.macro tdx_struct_forms name, thunk
TDX_FUNCTION(\name)
	mov	%rdi, %rax
	tdx_load_volatile
	call	\thunk
	TDX_RET
TDX_END(\name)

TDX_FUNCTION(\name\()_ret)
	mov	%rdi, %rax
	tdx_load_volatile
	call	\thunk
	tdx_store_volatile %rsi
	TDX_RET
TDX_END(\name\()_ret)

TDX_FUNCTION(\name\()_saved_ret)
	tdx_push_all_saved
	tdx_push %rsi
	mov	%rdi, %rax
	tdx_load_volatile
	tdx_load_saved %rsi
	mov	TDX_ARGS_RDI(%rsi), %rdi
	mov	TDX_ARGS_RSI(%rsi), %rsi
	call	\thunk
	tdx_store_all_and_clear
	tdx_pop_all_saved
	TDX_RET
TDX_END(\name\()_saved_ret)
.endm

tdx_struct_forms seamcall, __tdx_seamcall
tdx_struct_forms tdcall, __tdx_tdcall

/* status name(void *regs, u64 rcx): TDH.VP.ENTER, leaf 0, on regs in place; RBP too where its slot is named */
.macro tdx_vp_enter_form name, rbp_slot=
TDX_FUNCTION(\name)
	tdx_push_all_saved
	tdx_push %rdi
	mov	%rsi, %rcx
	mov	TDX_ARGS_RDX(%rdi), %rdx
	mov	TDX_ARGS_R8(%rdi), %r8
	mov	TDX_ARGS_R9(%rdi), %r9
	mov	TDX_ARGS_R10(%rdi), %r10
	mov	TDX_ARGS_R11(%rdi), %r11
	tdx_load_saved %rdi
	.ifnb \rbp_slot
	mov	\rbp_slot(%rdi), %rbp
	.endif
	mov	TDX_ARGS_RSI(%rdi), %rsi
	mov	TDX_ARGS_RDI(%rdi), %rdi
	xor	%eax, %eax
	call	__tdx_seamcall
	tdx_store_all_and_clear \rbp_slot
	tdx_pop_all_saved
	TDX_RET
TDX_END(\name)
.endm

tdx_vp_enter_form __tdx_vp_enter
tdx_vp_enter_form __tdx_vp_enter_rbp, 40

/* The exit reason of a TDCALL in a status of success, TDG.VP.VMCALL, and the bit of a bus lock that may be beside it. */
#define TDX_EXIT_TDCALL	  77
#define TDX_EXIT_BUS_LOCK (1 << 26)

/*
 * status __tdx_vp_enter_lean(void *regs, u64 rcx, int answer): the same, but regs is read only if
 * the last exit was a TDVMCALL (answer), and of any other exit only the four registers are written
 * that it says something in.
 */
TDX_FUNCTION(__tdx_vp_enter_lean)
	tdx_push_all_saved
	tdx_push %rdi
	mov	%rsi, %rcx
	test	%edx, %edx
	jz	1f
	mov	TDX_ARGS_RDX(%rdi), %rdx
	mov	TDX_ARGS_R8(%rdi), %r8
	mov	TDX_ARGS_R9(%rdi), %r9
	mov	TDX_ARGS_R10(%rdi), %r10
	mov	TDX_ARGS_R11(%rdi), %r11
	tdx_load_saved %rdi
	mov	TDX_ARGS_RSI(%rdi), %rsi
	mov	TDX_ARGS_RDI(%rdi), %rdi
1:	xor	%eax, %eax
	call	__tdx_seamcall
	/* RBP is the caller's again when this returns, until then it is free. */
	lea	-TDX_EXIT_TDCALL(%rax), %rbp
	test	$~TDX_EXIT_BUS_LOCK, %rbp
	jne	2f
	.cfi_remember_state
	tdx_store_all_and_clear
	tdx_pop_all_saved
	TDX_RET
2:	.cfi_restore_state
	tdx_pop	%rdi
	mov	%rcx, TDX_ARGS_RCX(%rdi)
	mov	%rdx, TDX_ARGS_RDX(%rdi)
	mov	%r8, TDX_ARGS_R8(%rdi)
	mov	%r9, TDX_ARGS_R9(%rdi)
	/* the others are zero, or the host's own after a call that was refused */
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	tdx_pop_all_saved
	TDX_RET
TDX_END(__tdx_vp_enter_lean)

	.section .note.GNU-stack, "", @progbits
