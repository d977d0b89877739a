/* SPDX-License-Identifier: MIT */
/*
 * The MRTD of an image, found by building the TD leaf by leaf in the software module and
 * reading MRTD back.
 */
#ifndef VMM_MEASURE_H
#define VMM_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmm/error.h"
#include "vmm/image.h"

#define VMM_MRTD_SIZE 48

/*
 * Both orders of TDH.MEM.PAGE.ADD and TDH.MR.EXTEND that VMMs in use follow. They give different
 * MRTDs.
 */
enum vmm_order {
	VMM_ORDER_SINGLE, /* each page is added and extended before the next (KVM, QEMU 9 and later)
			   */
	VMM_ORDER_TWO_PASS, /* all pages of a section are added, then extended (QEMU 8 with early
			       TDX patches) */
	VMM_ORDERS,
};

/*
 * Measures an image in each order that is wanted, at the same time, using a platform of its own:
 * the calling thread must not be a logical processor. Returns 0, or -1 with *err.
 */
int vmm_measure_orders(const struct vmm_image *image, const bool wanted[VMM_ORDERS],
		       uint8_t mrtd[VMM_ORDERS][VMM_MRTD_SIZE], struct vmm_error *err);

/* The same in one order. */
int vmm_measure_image(const struct vmm_image *image, enum vmm_order order,
		      uint8_t mrtd[VMM_MRTD_SIZE], struct vmm_error *err);

#endif
