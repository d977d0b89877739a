/* SPDX-License-Identifier: MIT */
/*
 * What `run` boots and `measure` measures of a Linux kernel, where the command line does not say.
 */
#ifndef CLI_BOOT_OPTION_H
#define CLI_BOOT_OPTION_H

#include <stdint.h>

/* Bytes of an image, a kernel, an initial RAM disk that are read at the most. */
#define MAX_IMAGE (256u << 20)

#define MIB	       (1ull << 20)
#define KERNEL_MEMORY  (512 * MIB)
#define KERNEL_CMDLINE "earlyprintk=serial,ttyS0,115200 console=ttyS0 panic=-1 reboot=acpi"
#define MAX_MEMORY     (64 * 1024 * MIB)
#define MEMORY_SIZES   "a size from 1M to 64G, such as 512M or 2G"

/* A guest's memory as in "512M" or "2G", of 1 MiB to MAX_MEMORY. 0, or -1 without a message. */
int cli_memory_size(const char *text, uint64_t *size);

/* A number from 1 to `max`, decimal. Likewise. */
int cli_count(const char *text, uint64_t max, uint64_t *number);

#endif
