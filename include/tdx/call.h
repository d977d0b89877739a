/* SPDX-License-Identifier: MIT */
/*
 * How a call is made: the thunks of tdx_call.S and the forms that use them.
 *
 * A typed call (tdh.h, tdg.h) puts its operands into their registers and calls one hidden thunk,
 * the only place of the instruction in a linked image. Which thunk is linked decides where the
 * calls go: tdx_call.S to the real module, the library's transport to the software module.
 *
 * Settings, defined before the first include of a tdx header:
 *   (none)                user space with a red zone: the call steps over it, and tells unwinders
 *   TDX_NO_RED_ZONE       built with -mno-red-zone: a bare call; a kernel's default (__KERNEL__)
 *   TDX_CALL_INLINE       the instruction in place of the call; no thunk, no fault is caught
 *   TDX_OUT_OF_LINE       the host leaves are functions of another image (tdx_core.c)
 *   TDX_WANT_IDLE_LEAVES  also the leaves that exist in the ABI and do nothing in module 1.5
 *
 * Contract of every call: memory may change behind the compiler's back (physical addresses); rcx,
 * rdx and r8 to r11 are taken as written; flags are lost; the other registers are kept but for a
 * leaf's named outputs.
 */
#ifndef TDX_CALL_H
#define TDX_CALL_H

#include "args.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TDX_HIDDEN __attribute__((visibility("hidden")))

#ifdef __KERNEL__
#include <asm/asm.h>
#define TDX_STACK_POINTER current_stack_pointer
#else
/* As an operand it makes the compiler set up the frame before the call. */
register unsigned long tdx_stack_pointer __asm__("rsp");
#define TDX_STACK_POINTER tdx_stack_pointer
#endif

#if defined(TDX_CALL_INLINE)
#define TDX_ASM_SEAMCALL                                                                           \
	".byte 0x66, 0x0f, 0x01, 0xcf\n\t"                                                         \
	"jnc 1f\n\t"                                                                               \
	"movabs $0xC0FFFF0000000000, %%rax\n"                                                      \
	"1:"
#define TDX_ASM_TDCALL ".byte 0x66, 0x0f, 0x01, 0xcc"
#if defined(TDX_NO_RED_ZONE) || defined(__KERNEL__)
#define TDX_ASM_TDCALL_KEEP_RBP "push %%rbp\n\t" TDX_ASM_TDCALL "\n\tpop %%rbp"
#else
#define TDX_ASM_TDCALL_KEEP_RBP                                                                    \
	"add $-128, %%rsp\n\t"                                                                     \
	"push %%rbp\n\t" TDX_ASM_TDCALL "\n\t"                                                     \
	"pop %%rbp\n\t"                                                                            \
	"sub $-128, %%rsp"
#endif
#else
#if defined(TDX_NO_RED_ZONE) || defined(__KERNEL__)
#define TDX_ASM_THUNK(name) ".hidden " name "\n\tcall " name
#else
#define TDX_ASM_THUNK(name)                                                                        \
	".hidden " name "_stepped\n\t"                                                             \
	"add $-128, %%rsp\n\t"                                                                     \
	"call " name "_stepped\n\t"                                                                \
	"sub $-128, %%rsp"
#endif
#define TDX_ASM_SEAMCALL	TDX_ASM_THUNK("__tdx_seamcall")
#define TDX_ASM_TDCALL		TDX_ASM_THUNK("__tdx_tdcall")
/* For a leaf that comes back with another RBP. */
#define TDX_ASM_TDCALL_KEEP_RBP TDX_ASM_THUNK("__tdx_tdcall_keep_rbp")
#endif

/* Leaves that use AES-GCM leave no XMM register as it was; a kernel has none in use. */
#if defined(__SSE__) && !defined(__KERNEL__)
#define TDX_CLOBBER_XMM                                                                            \
	, "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
		"xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#else
#define TDX_CLOBBER_XMM
#endif

/* RAX of a call: leaf number 15:0, version 23:16. */
#define TDX_LEAF(number, version) ((tdx_u64)(number) | ((tdx_u64)(version) << 16))

/*
 * The forms on a struct, for callers that have one. fn is TDX_LEAF(). The plain form only reads
 * *args; _ret writes rcx, rdx, r8 to r11 back; _saved_ret also passes rbx, rsi, rdi, r12 to r15 and
 * writes all back.
 */
TDX_HIDDEN tdx_status_t seamcall(tdx_u64 fn, const struct tdx_module_args *args);
TDX_HIDDEN tdx_status_t seamcall_ret(tdx_u64 fn, struct tdx_module_args *args);
TDX_HIDDEN tdx_status_t seamcall_saved_ret(tdx_u64 fn, struct tdx_module_args *args);
TDX_HIDDEN tdx_status_t tdcall(tdx_u64 fn, const struct tdx_module_args *args);
TDX_HIDDEN tdx_status_t tdcall_ret(tdx_u64 fn, struct tdx_module_args *args);
TDX_HIDDEN tdx_status_t tdcall_saved_ret(tdx_u64 fn, struct tdx_module_args *args);

/* The registers that TDG.VP.VMCALL can expose, as bits of its mask. RBP is never exposed. */
#define TDX_VMCALL_RDX	0x0004
#define TDX_VMCALL_RBX	0x0008
#define TDX_VMCALL_RSI	0x0040
#define TDX_VMCALL_RDI	0x0080
#define TDX_VMCALL_R8	0x0100
#define TDX_VMCALL_R9	0x0200
#define TDX_VMCALL_R10	0x0400
#define TDX_VMCALL_R11	0x0800
#define TDX_VMCALL_R12	0x1000
#define TDX_VMCALL_R13	0x2000
#define TDX_VMCALL_R14	0x4000
#define TDX_VMCALL_R15	0x8000
#define TDX_VMCALL_REGS 0xFFCC

/*
 * TDG.VP.VMCALL on a struct: args->rcx is the mask of exposed registers (others than
 * TDX_VMCALL_REGS are dropped), the exposed ones go to the VMM and come back as it left them: trust
 * none of them. A register that is not exposed keeps its value. Returns RAX, the module's status;
 * the VMM's answer is in args->r10.
 */
TDX_INLINE tdx_status_t tdvmcall(struct tdx_module_args *args)
{
	args->rcx &= TDX_VMCALL_REGS;
	return tdcall_saved_ret(TDX_LEAF(0, 0), args);
}

/*
 * TDH.VP.ENTER on registers in register-index order, in place: regs points to sixteen 64-bit
 * elements of any type (struct tdx_module_args, KVM's vcpu->arch.regs). rcx names the vCPU: see
 * tdh_vp_enter(). RAX, RSP and RBP of the array are neither read nor written; the caller's RBP
 * survives whatever the exit did to it. On return the array holds the registers as the exit left
 * them and the processor's own hold none of the guest's values. XMM registers are the guest's: save
 * them before if in use.
 */
TDX_HIDDEN tdx_status_t __tdx_vp_enter(void *regs, tdx_u64 rcx);

/* RCX of TDH.VP.ENTER beside the vCPU. */
#define TDX_ENTER_HOST_RECOVERABILITY_HINT (1ULL << 52)
#define TDX_ENTER_RESUME_L1		   (1ULL << 53)

/*
 * Enters a vCPU; flags are 0 or TDX_ENTER_*. Returns SUCCESS with the exit reason in bits 31:0, or
 * why not. After a TDVMCALL (tdx_status_exit_reason() is 77) the array holds the guest's exposed registers and is where
 * the answer goes; after any other exit what is in it is ignored on the next entry.
 */
#ifdef TDX_OUT_OF_LINE
tdx_status_t tdh_vp_enter(tdx_tdvpr_t tdvpr, tdx_u64 flags, void *regs);
#else
TDX_TYPED tdx_status_t tdh_vp_enter(tdx_tdvpr_t tdvpr, tdx_u64 flags, void *regs)
{
	return __tdx_vp_enter(regs, tdvpr.value | flags);
}
#endif

/*
 * The lean form: reads the array only if answer is set, which must be so exactly when the last exit
 * was a TDVMCALL; the module takes no register from the host after any other exit, nor on the first
 * entry. An exit that is no TDVMCALL writes only rcx, rdx, r8 and r9 of the array (the others are
 * zero by definition, and are left as they were).
 */
TDX_HIDDEN tdx_status_t __tdx_vp_enter_lean(void *regs, tdx_u64 rcx, int answer);

/*
 * The same as tdh_vp_enter() for TDs created without CONFIG_FLAGS.NO_RBP_MOD: their guests may
 * expose RBP in a TDVMCALL and then find in it what the host's RBP held at the next entry, with the
 * other two forms a value of the host's own. Here RBP of the array goes in and out like the others, so that a guest gets its own back.
 */
TDX_HIDDEN tdx_status_t __tdx_vp_enter_rbp(void *regs, tdx_u64 rcx);

TDX_INLINE tdx_status_t tdh_vp_enter_rbp(tdx_tdvpr_t tdvpr, tdx_u64 flags, void *regs)
{
	return __tdx_vp_enter_rbp(regs, tdvpr.value | flags);
}

#ifdef __cplusplus
}
#endif

#endif
