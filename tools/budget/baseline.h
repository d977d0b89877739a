/* SPDX-License-Identifier: MIT */
/*
 * The shape that calls have in Linux today, written for comparison: a struct of thirteen registers
 * on the stack, zeroed, filled, passed to a common routine, outputs read from it.
 */
#ifndef BUDGET_BASELINE_H
#define BUDGET_BASELINE_H

#include "tdx/tdx.h"

struct base_args {
	tdx_u64 rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15, rbx, rdi, rsi;
};

tdx_status_t base_seamcall(tdx_u64 fn, struct base_args *args);
tdx_status_t base_seamcall_ret(tdx_u64 fn, struct base_args *args);
tdx_status_t base_seamcall_saved_ret(tdx_u64 fn, struct base_args *args);
tdx_status_t base_tdcall(tdx_u64 fn, struct base_args *args);
tdx_status_t base_tdcall_ret(tdx_u64 fn, struct base_args *args);
tdx_status_t base_tdcall_saved_ret(tdx_u64 fn, struct base_args *args);

#endif
