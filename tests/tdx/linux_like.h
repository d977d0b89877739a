/* SPDX-License-Identifier: MIT */
/*
 * Names that a Linux tree defines already: a prefixed copy of the call layer must live beside them.
 */
#ifndef TESTS_TDX_LINUX_LIKE_H
#define TESTS_TDX_LINUX_LIKE_H

#include <stdint.h>

#define TDX_ERROR		   (1ULL << 63)
#define TDX_SUCCESS		   0ULL
#define TDX_SEAMCALL_VMFAILINVALID (TDX_ERROR | 0xFF00FFFF0000ULL)
#define TDX_OPERAND_BUSY	   0x8000020000000000ULL

struct tdx_module_args {
	uint64_t rcx, rdx, r8, r9, r10, r11, r12, r13, r14, r15, rbx, rdi, rsi;
};

struct tdx_td {
	void *page;
};

uint64_t __seamcall(uint64_t fn, struct tdx_module_args *args);
#define seamcall(_fn, _args)	       sc_retry(__seamcall, (_fn), (_args))
#define seamcall_ret(_fn, _args)       sc_retry(__seamcall, (_fn), (_args))
#define seamcall_saved_ret(_fn, _args) sc_retry(__seamcall, (_fn), (_args))
uint64_t tdh_vp_enter(struct tdx_td *vp, struct tdx_module_args *args);
uint64_t tdh_mem_page_add(struct tdx_td *td, uint64_t gpa, void *page, void *source, uint64_t *e1,
			  uint64_t *e2);
uint64_t tdh_mng_key_config(struct tdx_td *td);
uint64_t tdcall(uint64_t fn, struct tdx_module_args *args);
uint64_t tdx_tdr(struct tdx_td *td);

#endif
