/* SPDX-License-Identifier: MIT */
/*
 * Test builds swap the four bytes of an image's one SEAMCALL for another instruction of four bytes: LTR of the
 * selector in CX, which is none (#GP), or setting the carry flag (VMfailInvalid).
 */
#if defined(SEAMLESS_SITE_GP)
#define SEAMLESS_SITE .byte 0x0f, 0x00, 0xd9, 0x90
#elif defined(SEAMLESS_SITE_VMFAIL)
#define SEAMLESS_SITE .byte 0xf9, 0x0f, 0x1f, 0x00
#endif
