/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs a TD accesses without an exit: the MSR bitmaps of its VMCS.
 */
#ifndef SEAMLESS_MODULE_MSR_H
#define SEAMLESS_MODULE_MSR_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/metadata.h"
#include "vmx/x86.h"

struct module;
struct td;

/* Clears the bits of the MSRs that the TD may access in its bitmap page, which TDH.MNG.ADDCX filled with ones. */
void msr_bitmaps_init(const struct module *m, const struct td *td);

#endif
