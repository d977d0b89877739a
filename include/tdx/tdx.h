/* SPDX-License-Identifier: MIT */
/* The whole call layer: types, statuses, structures, host leaves, guest leaves, TDVMCALLs. */
#ifndef TDX_TDX_H
#define TDX_TDX_H

#include "args.h"
#include "call.h"
#include "metadata.h"
#include "status.h"
#include "structures.h"
#include "tdg.h"
#include "tdh.h"
#include "tdvmcall.h"
#include "types.h"

#endif
