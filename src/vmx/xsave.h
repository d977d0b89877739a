/* SPDX-License-Identifier: MIT */
/*
 * XMM registers in an XSAVE image. A component whose bit in XSTATE_BV is 0 is in its initial state, zero.
 */
#ifndef VMX_XSAVE_H
#define VMX_XSAVE_H

#include <stdint.h>

void xsave_xmm_load(const uint8_t *image, uint8_t xmm[16][16]);
void xsave_xmm_save(uint8_t *image, const uint8_t xmm[16][16]);
/* Those of the set @which from the image as it stands, the others zero; and from @xmm into the image. */
void xsave_xmm_some(const uint8_t *image, uint8_t xmm[16][16], uint16_t which);
void xsave_xmm_set(uint8_t *image, const uint8_t xmm[16][16], uint16_t which);

#endif
