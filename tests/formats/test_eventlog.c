// SPDX-License-Identifier: MIT
/*
 * The event log and the CCEL table, on a log built here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/bytes.h"
#include "formats/eventlog.h"

static uint8_t log_bytes[512];
static size_t first_event, size;
static struct eventlog elog;
static struct eventlog_event event;
static struct format_error err;

static void put_event(uint32_t mr, uint32_t type, uint8_t digest, const char *data)
{
	uint8_t *p = log_bytes + size;

	put_le32(p, mr);
	put_le32(p + 4, type);
	put_le32(p + 8, 1);
	put_le16(p + 12, EVENTLOG_SHA384);
	memset(p + 14, digest, 48);
	put_le32(p + 62, (uint32_t)strlen(data));
	memcpy(p + 66, data, strlen(data));
	size += 66 + strlen(data);
}

static int build(void **state)
{
	(void)state;
	memset(log_bytes, 0xff, sizeof(log_bytes));
	memset(log_bytes, 0, 96);
	put_le32(log_bytes, 1);
	put_le32(log_bytes + 4, EVENTLOG_NO_ACTION);
	put_le32(log_bytes + 28, 33);
	memcpy(log_bytes + 32, "Spec ID Event03", 16);
	put_le32(log_bytes + 32 + 24, 1);
	put_le16(log_bytes + 32 + 28, EVENTLOG_SHA384);
	put_le16(log_bytes + 32 + 30, 48);
	first_event = size = 65;
	put_event(1, 0x8000000a, 0x11, "firmware");
	put_event(3, 0xd, 0x22, "");
	return 0;
}

static void events_in_order(void **state)
{
	(void)state;
	assert_true(eventlog_recognize(log_bytes, size));
	assert_int_equal(eventlog_open(&elog, log_bytes, sizeof(log_bytes), &err), 0);
	assert_int_equal(eventlog_next(&elog, &event, &err), 1);
	assert_int_equal(event.mr, 1);
	assert_int_equal(event.offset, first_event);
	assert_string_equal(eventlog_type_name(event.type), "EV_EFI_PLATFORM_FIRMWARE_BLOB2");
	assert_int_equal(event.sha384[47], 0x11);
	assert_int_equal(event.data_size, 8);
	assert_memory_equal(event.data, "firmware", 8);
	assert_int_equal(eventlog_next(&elog, &event, &err), 1);
	assert_int_equal(event.mr, 3);
	assert_int_equal(event.data_size, 0);
	assert_int_equal(eventlog_next(&elog, &event, &err), 0);
	assert_int_equal(eventlog_next(&elog, &event, &err), 0);
}

static int count_events(size_t n)
{
	int got, events = 0;

	if (eventlog_open(&elog, log_bytes, n, &err))
		return -1;
	while ((got = eventlog_next(&elog, &event, &err)) > 0)
		events++;
	return got < 0 ? -1 : events;
}

static void every_kind_of_end(void **state)
{
	(void)state;
	assert_int_equal(count_events(size), 2);
	assert_int_equal(count_events(size + 1), 2);
	assert_int_equal(count_events(size + 11), 2);
	assert_int_equal(count_events(sizeof(log_bytes)), 2);
	memset(log_bytes + size, 0, sizeof(log_bytes) - size);
	assert_int_equal(count_events(size + 5), 2);
	assert_int_equal(count_events(sizeof(log_bytes)), 2);
}

static void truncated(void **state)
{
	size_t second = first_event + 66 + 8;

	(void)state;
	for (size_t n = 0; n < size; n++) {
		uint8_t *cut = malloc(n ? n : 1);
		int events;

		memcpy(cut, log_bytes, n);
		err.text[0] = 0;
		if (eventlog_open(&elog, cut, n, &err)) {
			assert_true(n < first_event && err.text[0]);
			free(cut);
			continue;
		}
		while ((events = eventlog_next(&elog, &event, &err)) > 0)
			;
		assert_int_equal(events, n == first_event || n == second ? 0 : -1);
		free(cut);
	}
}

/* An event that extends nothing may name any register. */
static void no_action_of_any_register(void **state)
{
	(void)state;
	put_le32(log_bytes + first_event, 0xffffffff);
	put_le32(log_bytes + first_event + 4, EVENTLOG_NO_ACTION);
	assert_int_equal(count_events(size), 2);
	put_le32(log_bytes + first_event, 17);
	assert_int_equal(count_events(size), 2);
}

/* A damaged log is still taken for one, so that the damage is named. */
static void recognized(void **state)
{
	(void)state;
	assert_true(eventlog_recognize(log_bytes, size));
	put_le32(log_bytes + 32, 0);
	assert_true(eventlog_recognize(log_bytes, size));
	put_le32(log_bytes + 8, 1);
	assert_false(eventlog_recognize(log_bytes, size));
	assert_false(eventlog_recognize(log_bytes, 31));
}

static void shows(uint32_t type, const void *data, uint32_t data_size, const char *want)
{
	const struct eventlog_event e = { .type = type, .data = data, .data_size = data_size };
	char text[16];

	eventlog_text(&e, text, sizeof(text));
	assert_string_equal(text, want);
}

static void data_that_is_text(void **state)
{
	uint8_t variable[48] = { 0 };

	(void)state;
	shows(0x80000007, "Exit", 4, "Exit");
	shows(0xd, "grub_cmd: linux /boot", 22, "grub_cmd: linux");
	shows(0xd, "two\nlines", 9, "two lines");
	shows(0xd, "M\0o\0k\0L\0i\0s\0t\0\0", 16, "MokList");
	shows(0x8000000a, "\4Fv(4\0\1\2", 8, "Fv(4");
	shows(0x8000000a, "\44Fv", 3, "$Fv");
	shows(0x4, "\0\0\0\0", 4, "");
	shows(0x4, "A\0\0\1", 4, "");
	shows(0xd, "\xff text", 6, "");
	shows(0xd, NULL, 0, "");
	put_le64(variable + 16, 2);
	memcpy(variable + 32, "P\0K\0", 4);
	shows(0x80000001, variable, 36, "PK");
	shows(0x80000001, variable, 35, "");
	put_le64(variable + 16, UINT64_MAX);
	shows(0x80000001, variable, 36, "");
}

static void broken(void **state)
{
	const struct {
		size_t at;
		uint32_t value;
		const char *words;
	} cases[] = {
		{ 4, 1, "expected 3, EV_NO_ACTION" },
		{ 28, 27, "Spec ID event size is 0x1b" },
		{ 28, 0xfffffff0, "Spec ID event size is 0xfffffff0" },
		{ 28, 30, "expected 0x20 or more for 1 algorithms" },
		{ 32, 0, "Spec ID event signature" },
		{ 56, 0, "numberOfAlgorithms is 0x0" },
		{ 56, 0x40000001, "numberOfAlgorithms is 0x40000001" },
		{ 60, 0x20000c, "expected 48 for SHA-384" },
		{ 65, 5, "register index is 0x5" },
		{ 65 + 8, 9, "digest count is 0x9" },
		{ 65 + 12, 0x1111000b, "digest algorithm is 0xb: not announced" },
		{ 65 + 62, 0xffffffff, "runs past the end of the log" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size = 0;
		build(NULL);
		put_le32(log_bytes + cases[i].at, cases[i].value);
		assert_int_equal(count_events(sizeof(log_bytes)), -1);
		if (!strstr(err.text, cases[i].words))
			fail_msg("case %zu: '%s' does not say '%s'", i, err.text, cases[i].words);
	}
}

static void ccel_table(void **state)
{
	uint8_t t[CCEL_SIZE] = "CCEL", sum = 0;
	struct ccel ccel;

	(void)state;
	put_le32(t + 4, CCEL_SIZE);
	t[36] = 2;
	put_le64(t + 40, 0x40000);
	put_le64(t + 48, 0xbedbf000);
	for (size_t i = 0; i < sizeof(t); i++)
		sum = (uint8_t)(sum + t[i]);
	t[9] = (uint8_t)-sum;
	assert_int_equal(ccel_parse(&ccel, t, sizeof(t), &err), 0);
	assert_int_equal(ccel.log_size, 0x40000);
	assert_int_equal(ccel.log_gpa, 0xbedbf000);
	assert_int_equal(ccel_parse(&ccel, t, sizeof(t) - 1, &err), -1);
	t[50] ^= 1;
	assert_int_equal(ccel_parse(&ccel, t, sizeof(t), &err), -1);
	assert_non_null(strstr(err.text, "Checksum"));
	t[50] ^= 1;
	t[36]--;
	t[9]++;
	assert_int_equal(ccel_parse(&ccel, t, sizeof(t), &err), -1);
	assert_non_null(strstr(err.text, "CC type is 0x1"));
}

#define CASE(f) cmocka_unit_test_setup(f, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(events_in_order), CASE(every_kind_of_end),
		CASE(truncated),       CASE(no_action_of_any_register),
		CASE(recognized),      CASE(data_that_is_text),
		CASE(broken),	       CASE(ccel_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
