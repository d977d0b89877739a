/* SPDX-License-Identifier: MIT */
/* The whole call layer: types, statuses, structures, host leaves, their repeats, guest leaves, TDVMCALLs. */
#ifndef TDX_TDX_H
#define TDX_TDX_H

#include "args.h"
#include "call.h"
#include "metadata.h"
#include "policy.h"
#include "status.h"
#include "structures.h"
#include "tdg.h"
#include "tdh.h"
#include "tdh_policy.h"
#include "tdvmcall.h"
#include "types.h"

#endif
