/* SPDX-License-Identifier: MIT */
/*
 * A real-time clock at ports 0x70 and 0x71 as the Motorola MC146818 has it: the time of day (UTC,
 * BCD, 24 hours), never an update in progress, and battery-backed bytes.
 */
#ifndef VMM_RTC_H
#define VMM_RTC_H

#include <stdint.h>
#include <time.h>

#include "vmm/bus.h"

#define RTC_PORT 0x70

struct rtc {
	uint8_t index;
	uint8_t cmos[128];
	time_t (*now)(void *opaque);
	void *opaque;
};

/* `now` gives the seconds since 1970. */
void rtc_init(struct rtc *rtc, time_t (*now)(void *opaque), void *opaque);

/* The bytes by which firmware that knows nothing better sizes memory, below and above 4 GiB. */
void rtc_set_memory(struct rtc *rtc, uint64_t low, uint64_t high);
struct port_device rtc_device(struct rtc *rtc);

#endif
