/* SPDX-License-Identifier: MIT */
/*
 * CPUID as a TD sees it: what the processor has, what the host configured, what attributes and XFAM allow.
 */
#ifndef SEAMLESS_MODULE_CPUID_H
#define SEAMLESS_MODULE_CPUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "vmx/x86.h"

struct call;
struct cpuid_rule;
struct module;
struct td;
struct tdcs;

enum { EAX, EBX, ECX, EDX, CPUID_REGS };

#define XFAM_FIXED1 0x3ull

/* The processor's values of a rule (an index of cpuid_rules) with the bits that are the same for all TDs applied. */
void cpuid_common(const struct module *m, size_t index, uint32_t out[CPUID_REGS]);

/* XFAM bits that a TD may have on this processor; whether a combination of them makes sense. */
uint64_t xfam_allowed(const struct module *m);
bool xfam_valid(const struct module *m, uint64_t xfam);
/* IA32_XSS bits of the processor that TDX knows. */
uint32_t xss_supported(const struct module *m);
/* Whether a TD with this XFAM may set XCR0 so. */
bool xcr0_valid(const struct module *m, uint64_t xfam, uint64_t xcr0);
/* Size and offset of each XSAVE component in a compacted area for @xfam; components not in it keep their offset. */
uint32_t xsave_layout(const struct module *m, uint64_t xfam, uint32_t *offsets);
/* Size of an area in standard format that holds @components. */
uint32_t xsave_standard_size(const struct module *m, uint64_t components);
/* XSAVE components whose first use can be made to fault (IA32_XFD). */
uint64_t xfd_components(const struct module *m);
/* Last-branch-record entries of the processor. */
uint32_t lbr_depth(const struct module *m);

/* Family, model and stepping that a TD may be told: this processor's and newer ones known. */
unsigned fms_num_allowed(const struct module *m);
uint32_t fms_allowed(const struct module *m, unsigned index);
bool fms_valid(const struct module *m, uint32_t fms);

/*
 * TDH.MNG.INIT: computes TDCS.CPUID_VALUES from the 12 CPUID_CONFIG entries of TD_PARAMS. RCX names the leaf of a
 * refused configuration.
 */
uint64_t td_cpuid_init(struct call *c);

/* TDCS.cpuid_flags and what else follows from the values of the leaf with this index. */
void td_cpuid_flags(struct tdcs *t, size_t index, const uint32_t reg[CPUID_REGS]);

/* IA32_SPEC_CTRL: as the guest sees it, and as it is really set for it. */
uint64_t spec_ctrl_seen(const struct td *td, uint64_t real);
uint64_t spec_ctrl_real(const struct module *m, const struct td *td, uint64_t value);

#endif
