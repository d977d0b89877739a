/* SPDX-License-Identifier: MIT */
/*
 * SHA-384 of a buffer (FIPS 180-4), for guests that check the module's measurements by their own
 * computation.
 */
#ifndef GUEST_SHA384_H
#define GUEST_SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE 48

void sha384(const void *data, size_t size, uint8_t digest[SHA384_SIZE]);

#endif
