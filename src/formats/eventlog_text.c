// SPDX-License-Identifier: MIT
/*
 * The events of a log in words: the names of their types, and what of their data is text.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/eventlog.h"

/* Where the text of an event's data is. */
enum form {
	PLAIN,	   /* all of it, in ASCII or UCS-2 */
	VARIABLE,  /* UEFI_VARIABLE_DATA: GUID, u64 characters of the name, u64 bytes of data, the
		    * name in UCS-2 */
	DESCRIBED, /* UEFI_PLATFORM_FIRMWARE_BLOB2, UEFI_HANDOFF_TABLE_POINTERS2: u8 length of a
		    * description, then it */
};

enum { VARIABLE_LENGTH = 16, VARIABLE_NAME = 32 };

static const struct event_type {
	uint32_t type;
	enum form form;
	const char *name;
} types[] = {
	{ 0x1, PLAIN, "EV_POST_CODE" },
	{ 0x3, PLAIN, "EV_NO_ACTION" },
	{ 0x4, PLAIN, "EV_SEPARATOR" },
	{ 0x5, PLAIN, "EV_ACTION" },
	{ 0x6, PLAIN, "EV_EVENT_TAG" },
	{ 0x8, PLAIN, "EV_S_CRTM_VERSION" },
	{ 0xa, PLAIN, "EV_PLATFORM_CONFIG_FLAGS" },
	{ 0xb, PLAIN, "EV_TABLE_OF_DEVICES" },
	{ 0xc, PLAIN, "EV_COMPACT_HASH" },
	{ 0xd, PLAIN, "EV_IPL" },
	{ 0x80000001, VARIABLE, "EV_EFI_VARIABLE_DRIVER_CONFIG" },
	{ 0x80000002, VARIABLE, "EV_EFI_VARIABLE_BOOT" },
	{ 0x80000003, PLAIN, "EV_EFI_BOOT_SERVICES_APPLICATION" },
	{ 0x80000004, PLAIN, "EV_EFI_BOOT_SERVICES_DRIVER" },
	{ 0x80000005, PLAIN, "EV_EFI_RUNTIME_SERVICES_DRIVER" },
	{ 0x80000006, PLAIN, "EV_EFI_GPT_EVENT" },
	{ 0x80000007, PLAIN, "EV_EFI_ACTION" },
	{ 0x80000008, PLAIN, "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
	{ 0x80000009, PLAIN, "EV_EFI_HANDOFF_TABLES" },
	{ 0x8000000a, DESCRIBED, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
	{ 0x8000000b, DESCRIBED, "EV_EFI_HANDOFF_TABLES2" },
	{ 0x8000000c, VARIABLE, "EV_EFI_VARIABLE_BOOT2" },
	{ 0x800000e0, VARIABLE, "EV_EFI_VARIABLE_AUTHORITY" },
};

static const struct event_type *find(uint32_t type)
{
	static const struct event_type unknown = { 0, PLAIN, "unknown event" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type == type)
			return &types[i];
	}
	return &unknown;
}

const char *eventlog_type_name(uint32_t type)
{
	return find(type)->name;
}

static bool is_printable(uint16_t c)
{
	return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t';
}

/* Fewer characters before a 0 are no text but numbers. */
#define MIN_TEXT 3

/* Characters of `width` bytes, little-endian, up to a 0: are they all printable? */
static bool is_text(const uint8_t *p, size_t count, size_t width)
{
	for (size_t i = 0; i < count; i++) {
		uint16_t c = width == 2 ? get_le16(p + 2 * i) : p[i];

		if (!c)
			return i >= MIN_TEXT;
		if (!is_printable(c))
			return false;
	}
	return count > 0;
}

static void put_text(char *text, size_t size, const uint8_t *p, size_t count, size_t width)
{
	size_t n = 0;

	while (n + 1 < size && n < count && p[n * width]) {
		text[n] = p[n * width] < ' ' ? ' ' : (char)p[n * width];
		n++;
	}
	text[n] = 0;
}

void eventlog_text(const struct eventlog_event *event, char *text, size_t size)
{
	const uint8_t *p = event->data;
	size_t length = event->data_size;
	enum form form = find(event->type)->form;

	text[0] = 0;
	if (form == VARIABLE && length >= VARIABLE_NAME) {
		uint64_t name = get_le64(p + VARIABLE_LENGTH);

		if (name <= (length - VARIABLE_NAME) / 2 && is_text(p + VARIABLE_NAME, name, 2))
			put_text(text, size, p + VARIABLE_NAME, name, 2);
	} else if (form == DESCRIBED && length && p[0] < length) {
		if (is_text(p + 1, p[0], 1))
			put_text(text, size, p + 1, p[0], 1);
	} else if (is_text(p, length, 1)) {
		put_text(text, size, p, length, 1);
	} else if (is_text(p, length / 2, 2)) {
		put_text(text, size, p, length / 2, 2);
	}
}
