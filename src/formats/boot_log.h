/* SPDX-License-Identifier: MIT */
/*
 * The event log of a measured direct boot: what the boot shim measures, in which order, into which
 * register. The shim writes the log from these; who wants to predict the RTMRs replays the same
 * list: RTMR = SHA-384(RTMR | digest), from zero.
 *
 * Each digest is SHA-384 of the bytes as they are: of the kernel and initrd files, of the command
 * line without a NUL, of the ACPI tables and of struct shim_info as the VMM gives them.
 */
#ifndef FORMATS_BOOT_LOG_H
#define FORMATS_BOOT_LOG_H

#include <stddef.h>
#include <stdint.h>

#define BOOT_DIGEST_SIZE 48u

/* In the order in which they are measured. What is empty is not measured. */
enum boot_item {
	BOOT_CONFIG, /* struct shim_info: memory, sizes */
	BOOT_ACPI,
	BOOT_KERNEL,
	BOOT_CMDLINE,
	BOOT_INITRD,
	BOOT_ITEMS
};

/* What the log says of an item. */
struct boot_event {
	unsigned rtmr;
	uint32_t type;	  /* EV_* of the TCG PC Client Platform Firmware Profile */
	const char *text; /* the event's data, without a NUL */
};

const struct boot_event *boot_event(enum boot_item item);

struct boot_log {
	uint8_t *bytes; /* the caller's, zeroed */
	size_t size, used;
};

/* Starts a log: the Spec ID event. -1: the buffer is too small. */
int boot_log_begin(struct boot_log *log, void *bytes, size_t size);

/* Appends the event of an item. -1: no room left. */
int boot_log_add(struct boot_log *log, enum boot_item item, const uint8_t digest[BOOT_DIGEST_SIZE]);

#endif
