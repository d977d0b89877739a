/* SPDX-License-Identifier: MIT */
/*
 * Which MSRs a TD accesses without an exit: the MSR bitmaps of its VMCS.
 */
#ifndef SEAMLESS_MODULE_MSR_H
#define SEAMLESS_MODULE_MSR_H

#include <stdbool.h>
#include <stdint.h>
#include "gen/metadata.h"

struct module;
struct td;

/* Clears the bits of the MSRs that the TD may access in its bitmap page, which TDH.MNG.ADDCX filled with ones. */
void msr_bitmaps_init(const struct module *m, const struct td *td);

/* Whether a rule's intercept condition holds for this TD: false means the access does not exit. */
bool msr_intercepted(const struct module *m, const struct td *td, const struct msr_rule *rule, uint8_t condition);

/* Byte and bit of an MSR's read bit in a bitmap page; its write bit is MSR_BITMAP_WRITES bytes further. */
#define MSR_BITMAP_WRITES 2048u
#define MSR_IN_BITMAP(msr) ((msr) < 0x2000u || ((msr) >= 0xc0000000u && (msr) < 0xc0002000u))
#define MSR_BITMAP_BYTE(msr) (((msr) >= 0xc0000000u ? 1024u : 0u) + ((msr) & 0x1fffu) / 8)
#define MSR_BITMAP_BIT(msr) (1u << ((msr) & 7))

#endif
