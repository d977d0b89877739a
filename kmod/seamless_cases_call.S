/* SPDX-License-Identifier: MIT */
/*
 * The thunks of the common cases, with the same sites as the core's: see site.h.
 */
#include "site.h"
#ifdef SEAMLESS_SITE
#define TDX_SEAMCALL SEAMLESS_SITE
#endif
#include "tdx/tdx_call.S"
