/* SPDX-License-Identifier: MIT */
/*
 * What the module says of itself, and the limits it sets to a TD's configuration.
 */
#ifndef SEAMLESS_MODULE_VERSION_H
#define SEAMLESS_MODULE_VERSION_H

#define MODULE_VENDOR 0x8086u
#define MODULE_MAJOR 1u
#define MODULE_MINOR 5u
#define MODULE_UPDATE 1u
#define MODULE_INTERNAL 0u
#define MODULE_BUILD_DATE 20261122u /* decimal year, month, day */
#define MODULE_BUILD_NUM 1u

/* TDX_FEATURES0, see structures.abi. */
#define MODULE_FEATURES0 0xf0fbfull

/* ATTRIBUTES, CONFIG_FLAGS: bits that may be 1. None must be. */
#define TD_ATTR_ALLOWED (TD_ATTR_DEBUG | TD_ATTR_SEPT_VE_DISABLE | TD_ATTR_MIGRATABLE | TD_ATTR_PKS | TD_ATTR_PERFMON)
#define TD_CONFIG_ALLOWED (TD_CONFIG_GPAW | TD_CONFIG_FLEXIBLE_PENDING_VE | TD_CONFIG_NO_RBP_MOD)

/* TSC_FREQUENCY, in units of 25 MHz. */
#define TSC_FREQUENCY_MIN 4u
#define TSC_FREQUENCY_MAX 400u

/* IA32_ARCH_CAPABILITIES bits that the host configures: SSB_NO, RRSBA, BHI_NO, PBRSB_NO. */
#define ARCH_CAP_RRSBA (1ull << 19)
#define ARCH_CAP_CONFIGURABLE (1ull << 4 | ARCH_CAP_RRSBA | 1ull << 20 | 1ull << 24)
#define ARCH_CAP_TSX_CTRL (1ull << 7)
/* Bits that no TD sees: MCU_CTLS, MISC_PACKAGE_CTLS, ENERGY_FILTERING_CTL, FB_CLEAR and its control, the xAPIC and
 * overclocking status, reserved ones. */
#define ARCH_CAP_NOT_FOR_GUESTS (1ull << 9 | 1ull << 10 | 1ull << 11 | 1ull << 16 | 1ull << 17 | 1ull << 18 | \
				 1ull << 21 | 1ull << 22 | 1ull << 23 | ~0ull << 25)

/* Attributes of a service TD binding that may be 1: instance binding and what of TDINFO not to compare. */
#define SERVTD_ATTR_ALLOWED 0x7ff00000001ull

#endif
