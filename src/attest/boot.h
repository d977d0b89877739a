/* SPDX-License-Identifier: MIT */
/*
 * The RTMRs of a TD that `seamless run --kernel` boots, predicted from what it boots.
 */
#ifndef ATTEST_BOOT_H
#define ATTEST_BOOT_H

#include "attest/verify.h"
#include "formats/boot_log.h"

/* Replays the measurements of the boot shim (formats/boot_log.h). False: libcrypto failed. */
bool boot_predict(const struct attest_blob item[BOOT_ITEMS], uint8_t rtmr[4][48]);

#endif
