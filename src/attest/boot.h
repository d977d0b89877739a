/* SPDX-License-Identifier: MIT */
/*
 * The RTMRs of a TD that `seamless run --kernel` boots, predicted from what it boots.
 */
#ifndef ATTEST_BOOT_H
#define ATTEST_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/image.h"

/*
 * Replays the measurements that the boot shim makes of what an image_from_linux() holds
 * (formats/boot_log.h). False: libcrypto failed.
 */
bool boot_predict(const struct vmm_image *image, uint8_t rtmr[4][BOOT_DIGEST_SIZE]);

#endif
