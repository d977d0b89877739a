/* SPDX-License-Identifier: MIT */
/*
 * The MRTD of an image, computed from what the specification says TDH.MEM.PAGE.ADD and
 * TDH.MR.EXTEND measure: no TD is built. Tests hold it against the MRTD of TDs that are.
 */
#ifndef ATTEST_MRTD_H
#define ATTEST_MRTD_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/image.h"

#define MRTD_SIZE 48

/*
 * Both orders of TDH.MEM.PAGE.ADD and TDH.MR.EXTEND that VMMs in use follow. They give different
 * MRTDs.
 */
enum mrtd_order {
	MRTD_SINGLE,   /* each page is added and extended before the next (KVM, QEMU 9 and later) */
	MRTD_TWO_PASS, /* all pages of a section are added, then extended (QEMU 8 with early TDX
			  patches) */
	MRTD_ORDERS,
};

/* In one order. False: libcrypto failed. */
bool mrtd_predict(const struct vmm_image *image, enum mrtd_order order, uint8_t mrtd[MRTD_SIZE]);

/* In each order that is wanted, at the same time. */
bool mrtd_predict_orders(const struct vmm_image *image, const bool wanted[MRTD_ORDERS],
			 uint8_t mrtd[MRTD_ORDERS][MRTD_SIZE]);

#endif
