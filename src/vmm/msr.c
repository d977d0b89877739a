// SPDX-License-Identifier: MIT
/*
 * MSRs as the VMM answers for them.
 */
#include <string.h>

#include "vmm/msr.h"

#define APIC_BASE	  0x1b
#define FEATURE_CONTROL	  0x3a
#define MICROCODE	  0x8b
#define CORE_CAPABILITIES 0xcf
#define PLATFORM_INFO	  0xce
#define MTRR_CAPABILITY	  0xfe
#define MISC_FEATURES	  0x140
#define MCG_CAPABILITY	  0x179
#define MCG_STATUS	  0x17a
#define MTRR_FIRST	  0x200
#define MTRR_DEFAULT	  0x2ff

#define APIC_BASE_X2APIC 0xfee00c00ull /* enabled, in x2APIC mode */
#define APIC_BASE_BSP	 0x100ull

void vcpu_msr_init(struct vcpu_msrs *msrs, unsigned index)
{
	memset(msrs, 0, sizeof(*msrs));
	msrs->first = !index;
}

/* Where a variable, fixed or default-type MTRR is stored; NULL for an MSR that is none. */
static uint64_t *mtrr(struct vcpu_msrs *msrs, uint32_t msr)
{
	if (msr == MTRR_DEFAULT)
		return &msrs->mtrr[MSR_MTRR_STORED - 1];
	if (msr >= MTRR_FIRST && msr < MTRR_FIRST + 16)
		return &msrs->mtrr[msr - MTRR_FIRST];
	if (msr == 0x250 || msr == 0x258 || msr == 0x259 || (msr >= 0x268 && msr <= 0x26f))
		return &msrs->mtrr[16 + (msr - 0x250)];
	return NULL;
}

static bool read_fixed(const struct vcpu_msrs *msrs, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case APIC_BASE: *value = APIC_BASE_X2APIC | (msrs->first ? APIC_BASE_BSP : 0); return true;
	case FEATURE_CONTROL:
		*value = 1; /* locked */
		return true;
	case MICROCODE: *value = msrs->microcode; return true;
	case MTRR_CAPABILITY:
		*value = 0x508; /* eight variable, fixed supported, write-combining */
		return true;
	case MISC_FEATURES: *value = msrs->misc_features; return true;
	case CORE_CAPABILITIES:
	case PLATFORM_INFO:
	case MCG_STATUS:
	case MCG_CAPABILITY: /* no machine-check banks */ *value = 0; return true;
	default: return false;
	}
}

bool vcpu_msr_read(const struct vcpu_msrs *msrs, uint32_t msr, uint64_t *value)
{
	struct vcpu_msrs *store = (struct vcpu_msrs *)(uintptr_t)msrs;
	uint64_t *at = mtrr(store, msr);

	if (!at)
		return read_fixed(msrs, msr, value);
	*value = *at;
	return true;
}

bool vcpu_msr_write(struct vcpu_msrs *msrs, uint32_t msr, uint64_t value)
{
	uint64_t *at = mtrr(msrs, msr);

	if (!at && msr == MICROCODE)
		at = &msrs->microcode;
	if (!at && msr == MISC_FEATURES)
		at = &msrs->misc_features;
	if (!at)
		return false;
	*at = value;
	return true;
}
