/* SPDX-License-Identifier: MIT */
/*
 * The core module's thunks. SEAMLESS_SITE_GP and SEAMLESS_SITE_VMFAIL are test builds that swap the four bytes of the one
 * SEAMCALL for another instruction of four bytes: LTR of a selector that is no TSS (#GP), or setting the carry flag.
 */
#if defined(SEAMLESS_SITE_GP)
#define SL_TDX_SEAMCALL .byte 0x0f, 0x00, 0xd8, 0x90
#elif defined(SEAMLESS_SITE_VMFAIL)
#define SL_TDX_SEAMCALL .byte 0xf9, 0x0f, 0x1f, 0x00
#endif
#include "sl/tdx_call.S"
