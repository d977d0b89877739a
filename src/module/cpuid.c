// SPDX-License-Identifier: MIT
/*
 * CPUID of the processor as TDX uses it: extended state, family and model, last branch records.
 */
#include "module/cpuid.h"
#include "module/metadata.h"
#include "module/state.h"
#include "vmx/x86.h"

#define XFAM_KNOWN 0x6dbe7ull
#define XCR0_KNOWN 0x602ffu
#define XSS_KNOWN 0x1fd00u
#define LEAF_XSTATE 0xdu
#define LEAF_LBR 0x1cu
#define XSAVE_LEGACY_AND_HEADER 576u
#define STEPPING 0xfu

/* A register of the processor's CPUID, as the first logical processor had it. */
static uint32_t native(const struct module *m, uint32_t leaf, uint32_t subleaf, unsigned reg)
{
	size_t index = md_cpuid_index(leaf, subleaf);

	return index < cpuid_rules_len ? m->cpuid_verified[index][reg] : 0;
}

void cpuid_common(const struct module *m, size_t index, uint32_t out[CPUID_REGS])
{
	const uint32_t *fixed0 = &cpuid_rules[index].fixed0.eax, *fixed1 = &cpuid_rules[index].fixed1.eax;

	for (unsigned r = 0; r < CPUID_REGS; r++)
		out[r] = (m->cpuid_verified[index][r] & ~fixed0[r]) | fixed1[r];
}

/* ---- extended state ---- */

/* XCR0 bits of the processor that TDX knows. */
static uint32_t xcr0_supported(const struct module *m)
{
	return native(m, LEAF_XSTATE, 0, EAX) & XCR0_KNOWN;
}

uint32_t xss_supported(const struct module *m)
{
	return native(m, LEAF_XSTATE, 1, ECX) & XSS_KNOWN;
}

uint64_t xfam_allowed(const struct module *m)
{
	return XFAM_KNOWN & (xcr0_supported(m) | xss_supported(m));
}

static bool all_or_none(uint64_t xfam, uint64_t bits)
{
	return !(xfam & bits) || (xfam & bits) == bits;
}

bool xfam_valid(const struct module *m, uint64_t xfam)
{
	if (xfam & ~xfam_allowed(m) || (xfam & XFAM_FIXED1) != XFAM_FIXED1)
		return false;
	if (xfam & XFAM_AVX512 && !(xfam & XFAM_AVX))
		return false;
	return all_or_none(xfam, XFAM_AVX512) && all_or_none(xfam, XFAM_CET) && all_or_none(xfam, XFAM_AMX);
}

bool xcr0_valid(const struct module *m, uint64_t xfam, uint64_t xcr0)
{
	bool avx = xcr0 & XFAM_AVX;

	if (xcr0 & ~(xcr0_supported(m) & xfam) || !(xcr0 & 1))
		return false;
	if ((avx && !(xcr0 & 2)) || (xcr0 & XFAM_AVX512 && !avx))
		return false;
	return all_or_none(xcr0, XFAM_AVX512) && all_or_none(xcr0, XFAM_AMX);
}

uint32_t xsave_layout(const struct module *m, uint64_t xfam, uint32_t *offsets)
{
	uint32_t end = XSAVE_LEGACY_AND_HEADER;

	for (unsigned i = 2; i < TDCS_XBUFF_COMPONENTS; i++) {
		if (!(xfam >> i & 1))
			continue;
		if (native(m, LEAF_XSTATE, i, ECX) & 1u << 1)
			end = (end + 63) & ~63u;
		offsets[i] = end;
		end += native(m, LEAF_XSTATE, i, EAX);
	}
	return end;
}

uint32_t xsave_standard_size(const struct module *m, uint64_t components)
{
	uint32_t end = XSAVE_LEGACY_AND_HEADER;

	for (unsigned i = 2; i < TDCS_XBUFF_COMPONENTS; i++) {
		uint32_t after = native(m, LEAF_XSTATE, i, EBX) + native(m, LEAF_XSTATE, i, EAX);

		if (components >> i & 1 && after > end)
			end = after;
	}
	return end;
}

uint32_t lbr_depth(const struct module *m)
{
	uint32_t depths = native(m, LEAF_LBR, 0, EAX) & 0xff;

	return depths ? 8 * (32 - (uint32_t)__builtin_clz(depths)) : 0;
}

/* ---- family, model, stepping ---- */

/* Processors known, newest first, each with its latest stepping. */
static const uint32_t known_fms[] = { 0xd06d0, 0xa06e0, 0xa06d0, 0xa06f0, 0xc06f2, 0x806f8 };
#define KNOWN_FMS (sizeof(known_fms) / sizeof(known_fms[0]))

static bool same_model(uint32_t a, uint32_t b)
{
	return (a & ~STEPPING) == (b & ~STEPPING);
}

/* The position of this platform's processor among the known; KNOWN_FMS for a stranger. */
static unsigned fms_position(const struct module *m)
{
	unsigned i = 0;

	while (i < KNOWN_FMS && !same_model(m->fms, known_fms[i]))
		i++;
	return i;
}

unsigned fms_num_allowed(const struct module *m)
{
	unsigned position = fms_position(m);

	return position < KNOWN_FMS ? (unsigned)KNOWN_FMS - position : 1;
}

uint32_t fms_allowed(const struct module *m, unsigned index)
{
	unsigned position = fms_position(m);

	if (index == 0)
		return m->fms;
	return index < KNOWN_FMS && position + index < KNOWN_FMS ? known_fms[position + index] : 0;
}

bool fms_valid(const struct module *m, uint32_t fms)
{
	if (same_model(m->fms, fms))
		return (fms & STEPPING) <= (m->fms & STEPPING);
	for (unsigned i = fms_position(m); i < KNOWN_FMS; i++)
		if (same_model(fms, known_fms[i]))
			return (fms & STEPPING) <= (known_fms[i] & STEPPING);
	return false;
}

/* ---- IA32_SPEC_CTRL ---- */

uint64_t spec_ctrl_seen(const struct td *td, uint64_t real)
{
	return real & ~td->tdcs->spec_ctrl_mask;
}

uint64_t spec_ctrl_real(const struct module *m, const struct td *td, uint64_t value)
{
	bool processor = native(m, 7, 2, EDX) & 1u << 3, guest = td->tdcs->cpuid_flags & TD_CPUID_DDPD;

	if (!processor)
		return value & ~SPEC_CTRL_DDPD_U;
	return guest ? value : value | SPEC_CTRL_DDPD_U;
}
