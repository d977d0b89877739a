// SPDX-License-Identifier: MIT
/*
 * Writes the event log of a measured direct boot (layouts as in eventlog.c, which reads them).
 */
#include <string.h>

#include "formats/boot_log.h"
#include "formats/bytes.h"
#include "formats/eventlog.h"

#define EV_PLATFORM_CONFIG_FLAGS 0xau
#define EV_IPL			 0xdu

enum { SPEC_EVENT_SIZE = 33, SPEC_HEADER = 32, SPEC_VERSION = 21, SPEC_ALGORITHMS = 24 };
enum { EVENT_HEADER = 14, EVENT_FIXED = EVENT_HEADER + BOOT_DIGEST_SIZE + 4 };

const struct boot_event *boot_event(enum boot_item item)
{
	static const struct boot_event events[BOOT_ITEMS] = {
		[BOOT_CONFIG] = { 0, EV_PLATFORM_CONFIG_FLAGS, "boot configuration" },
		[BOOT_ACPI] = { 0, EV_PLATFORM_CONFIG_FLAGS, "ACPI DATA" },
		[BOOT_KERNEL] = { 1, EV_IPL, "kernel" },
		[BOOT_CMDLINE] = { 2, EV_IPL, "command line" },
		[BOOT_INITRD] = { 2, EV_IPL, "initrd" },
	};

	return &events[item];
}

/* TCG_EfiSpecIDEvent, version 2.0, one algorithm, no vendor information. */
int boot_log_begin(struct boot_log *log, void *bytes, size_t size)
{
	uint8_t *p = bytes, *spec = p + SPEC_HEADER;

	if (size < SPEC_HEADER + SPEC_EVENT_SIZE)
		return -1;
	*log = (struct boot_log){ p, size, SPEC_HEADER + SPEC_EVENT_SIZE };
	put_le32(p, EVENTLOG_MR_RTMR0);
	put_le32(p + 4, EVENTLOG_NO_ACTION);
	put_le32(p + 28, SPEC_EVENT_SIZE);
	memcpy(spec, "Spec ID Event03", 16);
	spec[SPEC_VERSION] = 2;
	spec[SPEC_VERSION + 2] = 2; /* an UINTN has two UINT32 */
	put_le32(spec + SPEC_ALGORITHMS, 1);
	put_le16(spec + SPEC_ALGORITHMS + 4, EVENTLOG_SHA384);
	put_le16(spec + SPEC_ALGORITHMS + 6, BOOT_DIGEST_SIZE);
	return 0;
}

int boot_log_add(struct boot_log *log, enum boot_item item, const uint8_t digest[BOOT_DIGEST_SIZE])
{
	const struct boot_event *event = boot_event(item);
	size_t length = strlen(event->text);
	uint8_t *p = log->bytes + log->used;

	if (log->size - log->used < EVENT_FIXED + length)
		return -1;
	put_le32(p, EVENTLOG_MR_RTMR0 + event->rtmr);
	put_le32(p + 4, event->type);
	put_le32(p + 8, 1);
	put_le16(p + 12, EVENTLOG_SHA384);
	memcpy(p + EVENT_HEADER, digest, BOOT_DIGEST_SIZE);
	put_le32(p + EVENT_HEADER + BOOT_DIGEST_SIZE, (uint32_t)length);
	memcpy(p + EVENT_FIXED, event->text, length);
	log->used += EVENT_FIXED + length;
	return 0;
}
