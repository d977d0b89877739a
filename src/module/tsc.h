/* SPDX-License-Identifier: MIT */
/*
 * The time stamp counter of a TD: virtual = (native * multiplier >> 48) + offset.
 */
#ifndef SEAMLESS_MODULE_TSC_H
#define SEAMLESS_MODULE_TSC_H

#include <stdbool.h>
#include <stdint.h>

struct call;
struct td;

/* Sets TDCS.TSC_MULTIPLIER and TSC_OFFSET: the TD's counter runs at TSC_FREQUENCY and reads @now at this moment. */
void tsc_start(struct call *c, const struct td *td, uint64_t now);

uint64_t tsc_virtual(const struct td *td, uint64_t native);
/* False: too far away for 64 bits. */
bool tsc_native(const struct td *td, uint64_t virt, uint64_t *native);

#endif
