// SPDX-License-Identifier: MIT
/*
 * XMM registers in an XSAVE image, as XSAVE and XRSTOR keep them there.
 */
#include "vmx/xsave.h"

#include <stdbool.h>
#include <string.h>
#include "vmx/x86.h"

void xsave_xmm_load(const uint8_t *image, uint8_t xmm[16][16])
{
	uint64_t present;

	memcpy(&present, image + XSAVE_XSTATE_BV, sizeof(present));
	if (present & XSTATE_SSE)
		memcpy(xmm, image + XSAVE_XMM, 256);
	else
		memset(xmm, 0, 256);
}

static bool all_zero(const uint8_t *bytes, unsigned len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

/* MXCSR is in the image once a processor has put its x87 state there: other than initial, it keeps the component. */
static bool mxcsr_is_initial(const uint8_t *image, uint64_t present)
{
	uint32_t mxcsr;

	memcpy(&mxcsr, image + XSAVE_MXCSR, sizeof(mxcsr));
	return !(present & XSTATE_X87) || mxcsr == MXCSR_INIT;
}

void xsave_xmm_save(uint8_t *image, const uint8_t xmm[16][16])
{
	uint64_t present;

	memcpy(&present, image + XSAVE_XSTATE_BV, sizeof(present));
	if (all_zero(xmm[0], 256) && mxcsr_is_initial(image, present)) {
		present &= ~XSTATE_SSE;
	} else {
		present |= XSTATE_SSE;
		memcpy(image + XSAVE_XMM, xmm, 256);
	}
	memcpy(image + XSAVE_XSTATE_BV, &present, sizeof(present));
}

void xsave_xmm_some(const uint8_t *image, uint8_t xmm[16][16], uint16_t which)
{
	memset(xmm, 0, 256);
	for (unsigned i = 0; i < 16; i++)
		if (which >> i & 1)
			memcpy(xmm[i], image + XSAVE_XMM + 16 * i, 16);
}

void xsave_xmm_set(uint8_t *image, const uint8_t xmm[16][16], uint16_t which)
{
	for (unsigned i = 0; i < 16; i++)
		if (which >> i & 1)
			memcpy(image + XSAVE_XMM + 16 * i, xmm[i], 16);
	if (which)
		image[XSAVE_XSTATE_BV] |= (uint8_t)XSTATE_SSE;
}
