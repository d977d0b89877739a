/* SPDX-License-Identifier: MIT */
/*
 * The core module's thunks; in a test build with another instruction in SEAMCALL's place: see site.h.
 */
#include "site.h"
#ifdef SEAMLESS_SITE
#define SL_TDX_SEAMCALL SEAMLESS_SITE
#endif
#include "sl/tdx_call.S"
