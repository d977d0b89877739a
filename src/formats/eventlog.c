// SPDX-License-Identifier: MIT
/*
 * Reads a crypto-agile event log one event at a time.
 */
#include <string.h>

#include "formats/bytes.h"
#include "formats/eventlog.h"

#define SIGNATURE      "Spec ID Event03"
#define SIGNATURE_SIZE 16u /* with its NUL */

/* TCG_PCR_EVENT: u32 index, u32 type, 20 bytes SHA-1, u32 size, data. */
enum { FIRST_TYPE = 4, FIRST_DIGEST = 8, FIRST_SIZE = 28, FIRST_DATA = 32 };

/* TCG_EfiSpecIDEvent: signature, u32 class, 4 bytes of versions and sizes, u32 algorithms, {u16 id,
 * u16 size}. */
enum { SPEC_ALGORITHMS = 24, SPEC_LIST = 28 };

/* TCG_PCR_EVENT2: u32 index, u32 type, u32 digest count, {u16 id, digest}, u32 size, data. */
enum { EVENT_TYPE = 4, EVENT_COUNT = 8, EVENT_DIGESTS = 12 };

static bool has_signature(const uint8_t *bytes, size_t size)
{
	return size >= FIRST_DATA + SIGNATURE_SIZE &&
	       !memcmp(bytes + FIRST_DATA, SIGNATURE, SIGNATURE_SIZE);
}

/* An EV_NO_ACTION that extends nothing. */
static bool starts_as_a_log(const uint8_t *bytes, size_t size)
{
	static const uint8_t none[FIRST_SIZE - FIRST_DIGEST];

	return size >= FIRST_DATA && get_le32(bytes + FIRST_TYPE) == EVENTLOG_NO_ACTION &&
	       !memcmp(bytes + FIRST_DIGEST, none, sizeof(none));
}

bool eventlog_recognize(const void *bytes, size_t size)
{
	return has_signature(bytes, size) || starts_as_a_log(bytes, size);
}

static int read_algorithms(struct eventlog *log, uint32_t event_size, struct format_error *err)
{
	const uint8_t *spec = log->bytes + FIRST_DATA;
	uint32_t n = get_le32(spec + SPEC_ALGORITHMS);

	if (!n || n > EVENTLOG_ALGORITHMS)
		return format_fail(err, FIRST_DATA + SPEC_ALGORITHMS, "numberOfAlgorithms", n,
				   "expected 1 to %u", EVENTLOG_ALGORITHMS);
	if (SPEC_LIST + n * 4 > event_size)
		return format_fail(err, FIRST_SIZE, "Spec ID event size", event_size,
				   "expected 0x%x or more for %u algorithms", SPEC_LIST + n * 4, n);
	for (uint32_t i = 0; i < n; i++) {
		log->algorithm[i].id = get_le16(spec + SPEC_LIST + i * 4);
		log->algorithm[i].size = get_le16(spec + SPEC_LIST + i * 4 + 2);
		if (log->algorithm[i].id == EVENTLOG_SHA384 && log->algorithm[i].size != 48)
			return format_fail(err, FIRST_DATA + SPEC_LIST + i * 4 + 2, "digestSize",
					   log->algorithm[i].size, "expected 48 for SHA-384");
	}
	log->algorithms = n;
	return 0;
}

int eventlog_open(struct eventlog *log, const void *bytes, size_t size, struct format_error *err)
{
	uint32_t event_size;

	*log = (struct eventlog){ .bytes = bytes, .size = size };
	if (size < FIRST_DATA + SPEC_LIST)
		return format_fail(err, 0, "file size", size, "too small for a Spec ID event");
	if (!has_signature(bytes, size))
		return format_fail(err, FIRST_DATA, "Spec ID event signature",
				   get_le64(log->bytes + FIRST_DATA), "expected \"" SIGNATURE "\"");
	if (get_le32(log->bytes + FIRST_TYPE) != EVENTLOG_NO_ACTION)
		return format_fail(err, FIRST_TYPE, "event type", get_le32(log->bytes + FIRST_TYPE),
				   "expected 3, EV_NO_ACTION, for the first event");
	event_size = get_le32(log->bytes + FIRST_SIZE);
	if (event_size < SPEC_LIST || !bytes_fit(size, FIRST_DATA, event_size))
		return format_fail(err, FIRST_SIZE, "Spec ID event size", event_size,
				   "expected 0x%x up to 0x%zx, what the file holds", SPEC_LIST,
				   size - FIRST_DATA);
	log->pos = FIRST_DATA + event_size;
	return read_algorithms(log, event_size, err);
}

/* The area behind the last event is filled with ones or zeros. */
static bool at_end(const struct eventlog *log)
{
	const uint8_t *p = log->bytes + log->pos;
	size_t left = log->size - log->pos;

	if (left >= EVENT_DIGESTS) {
		uint32_t mr = get_le32(p), type = get_le32(p + EVENT_TYPE);

		return (mr == UINT32_MAX && type == UINT32_MAX) ||
		       (!mr && !type && !get_le32(p + EVENT_COUNT));
	}
	for (size_t i = 0; i < left; i++) {
		if (p[i] != p[0] || (p[0] != 0 && p[0] != 0xff))
			return false;
	}
	return true;
}

static uint16_t digest_size(const struct eventlog *log, uint16_t id)
{
	for (uint32_t i = 0; i < log->algorithms; i++) {
		if (log->algorithm[i].id == id)
			return log->algorithm[i].size;
	}
	return 0;
}

/* Walks the digests from log->pos on. */
static int read_digests(struct eventlog *log, uint32_t count, struct eventlog_event *event,
			struct format_error *err)
{
	if (count > EVENTLOG_ALGORITHMS)
		return format_fail(err, event->offset + EVENT_COUNT, "digest count", count,
				   "expected %u or less", EVENTLOG_ALGORITHMS);
	for (; count; count--) {
		uint16_t id, size;

		if (!bytes_fit(log->size, log->pos, 2))
			return format_fail(err, log->pos, "digest", 2,
					   "bytes needed: the log is cut");
		id = get_le16(log->bytes + log->pos);
		size = digest_size(log, id);
		if (!size)
			return format_fail(err, log->pos, "digest algorithm", id,
					   "not announced in the Spec ID event");
		if (!bytes_fit(log->size, log->pos + 2, size))
			return format_fail(err, log->pos, "digest", size,
					   "bytes needed: the log is cut");
		if (id == EVENTLOG_SHA384)
			event->sha384 = log->bytes + log->pos + 2;
		log->pos += 2u + size;
	}
	return 0;
}

static int read_data(struct eventlog *log, struct eventlog_event *event, struct format_error *err)
{
	if (!bytes_fit(log->size, log->pos, 4))
		return format_fail(err, log->pos, "event size", 4, "bytes needed: the log is cut");
	event->data_size = get_le32(log->bytes + log->pos);
	if (!bytes_fit(log->size, log->pos + 4, event->data_size))
		return format_fail(err, log->pos, "event size", event->data_size,
				   "runs past the end of the log of 0x%zx bytes", log->size);
	event->data = log->bytes + log->pos + 4;
	log->pos += 4u + event->data_size;
	return 0;
}

int eventlog_next(struct eventlog *log, struct eventlog_event *event, struct format_error *err)
{
	const uint8_t *p = log->bytes + log->pos;

	if (at_end(log))
		return 0;
	memset(event, 0, sizeof(*event));
	event->offset = log->pos;
	if (!bytes_fit(log->size, log->pos, EVENT_DIGESTS))
		return format_fail(err, log->pos, "event header", EVENT_DIGESTS,
				   "bytes needed, 0x%zx left: the log is cut",
				   log->size - log->pos);
	event->mr = get_le32(p);
	event->type = get_le32(p + EVENT_TYPE);
	if (event->mr > EVENTLOG_MR_RTMR3 && event->type != EVENTLOG_NO_ACTION)
		return format_fail(err, log->pos, "register index", event->mr,
				   "expected 0 (MRTD) to 4 (RTMR3)");
	log->pos += EVENT_DIGESTS;
	if (read_digests(log, get_le32(p + EVENT_COUNT), event, err) || read_data(log, event, err))
		return -1;
	return 1;
}
