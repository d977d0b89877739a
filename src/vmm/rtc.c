// SPDX-License-Identifier: MIT
/*
 * A real-time clock. Only its time and bytes; no alarm, no interrupt.
 */
#include "vmm/rtc.h"

enum {
	SECONDS = 0,
	MINUTES = 2,
	HOURS = 4,
	WEEKDAY = 6,
	DAY = 7,
	MONTH = 8,
	YEAR = 9,
	REG_A = 10,
	REG_B = 11,
	REG_C = 12,
	REG_D = 13,
	CENTURY = 0x32
};

#define EXTENDED    0x1000000u
#define MEMORY_LOW  0x34
#define MEMORY_HIGH 0x5b

#define A_32KHZ 0x26 /* 32 kHz time base, 1024 Hz rate; bit 7, update in progress, clear */
#define B_24H	0x02
#define D_VALID 0x80

void rtc_init(struct rtc *rtc, time_t (*now)(void *opaque), void *opaque)
{
	*rtc = (struct rtc){ .now = now, .opaque = opaque };
}

/* In units of 64 KiB: 0x34 what is above 16 MiB, 0x5b what is above 4 GiB. */
void rtc_set_memory(struct rtc *rtc, uint64_t low, uint64_t high)
{
	uint64_t extended = low > EXTENDED ? (low - EXTENDED) >> 16 : 0;

	rtc->cmos[MEMORY_LOW] = (uint8_t)extended;
	rtc->cmos[MEMORY_LOW + 1] = (uint8_t)(extended >> 8);
	for (int i = 0; i < 3; i++)
		rtc->cmos[MEMORY_HIGH + i] = (uint8_t)(high >> (16 + 8 * i));
}

static uint8_t bcd(int value)
{
	return (uint8_t)(value / 10 << 4 | value % 10);
}

static uint8_t read_time(const struct rtc *rtc)
{
	time_t now = rtc->now(rtc->opaque);
	struct tm tm;

	gmtime_r(&now, &tm);
	switch (rtc->index) {
	case SECONDS: return bcd(tm.tm_sec % 60);
	case MINUTES: return bcd(tm.tm_min);
	case HOURS: return bcd(tm.tm_hour);
	case WEEKDAY: return bcd(tm.tm_wday + 1);
	case DAY: return bcd(tm.tm_mday);
	case MONTH: return bcd(tm.tm_mon + 1);
	case YEAR: return bcd(tm.tm_year % 100);
	default: return bcd((tm.tm_year / 100 + 19) % 100);
	}
}

static uint8_t read_register(const struct rtc *rtc)
{
	switch (rtc->index) {
	case SECONDS:
	case MINUTES:
	case HOURS:
	case WEEKDAY:
	case DAY:
	case MONTH:
	case YEAR:
	case CENTURY: return read_time(rtc);
	case REG_A: return A_32KHZ;
	case REG_B: return B_24H;
	case REG_C: return 0;
	case REG_D: return D_VALID;
	default: return rtc->cmos[rtc->index];
	}
}

static uint32_t rtc_in(void *opaque, uint16_t offset, unsigned size)
{
	const struct rtc *rtc = opaque;

	(void)size;
	return offset ? read_register(rtc) : UINT32_MAX;
}

static void rtc_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct rtc *rtc = opaque;

	(void)size;
	if (offset)
		rtc->cmos[rtc->index] = (uint8_t)value;
	else
		rtc->index = value & 0x7f;
}

struct port_device rtc_device(struct rtc *rtc)
{
	return (struct port_device){ .name = "MC146818",
				     .base = RTC_PORT,
				     .count = 2,
				     .in = rtc_in,
				     .out = rtc_out,
				     .opaque = rtc };
}
