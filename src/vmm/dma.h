/* SPDX-License-Identifier: MIT */
/*
 * The guest's shared memory, for devices and services of the VMM. Addresses are without the shared
 * bit: a guest gives its devices such addresses.
 */
#ifndef VMM_DMA_H
#define VMM_DMA_H

#include <stddef.h>
#include <stdint.h>

/*
 * `vm` is a struct vmm_vm. Return 0, or -1: the range is not all RAM, or the host has no page left.
 * Any thread.
 */
int dma_read(void *vm, uint64_t gpa, void *buffer, size_t size);
int dma_write(void *vm, uint64_t gpa, const void *buffer, size_t size);

#endif
