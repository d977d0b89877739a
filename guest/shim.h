/* SPDX-License-Identifier: MIT */
/*
 * The parts of the boot shim.
 */
#ifndef GUEST_SHIM_H
#define GUEST_SHIM_H

#include <stddef.h>
#include <stdint.h>

#include "formats/shim_info.h"

/* From shim_start.S: runs on the first vCPU, with the identity mapping of the reset page. */
void shim_main(void) __attribute__((noreturn));

/* The same for the other vCPUs, each with a stack of 512 bytes: waits for the kernel's call. */
void shim_park(unsigned id) __attribute__((noreturn));

/* Leaves for the kernel, by the 64-bit boot protocol. */
void shim_enter(uint64_t entry, uint64_t zero_page) __attribute__((noreturn));

/* Accepts all RAM that is not the shim's own image. Ends the guest when a page can't be. */
void shim_accept(const struct shim_info *info);

/*
 * Measures what there is, in the order of formats/boot_log.h, and writes the event log. The kernel
 * and initrd are where linux_stage() says, the rest where the caller says.
 */
void shim_measure(const struct shim_info *info, const uint8_t *cmdline);

#endif
