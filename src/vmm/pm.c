// SPDX-License-Identifier: MIT
/*
 * Power management: ACPI timer, sleep and reset.
 */
#include "vmm/pm.h"

#define PM1_CONTROL 0x4
#define PM_TIMER    0x8
#define PM_COUNT    0x10
#define TIMER_HZ    3579545ull
#define TIMER_MASK  0xffffffu
#define SLEEP_NOW   (1u << 13)
#define SLEEP_NOW_8 (1u << 5) /* in the 8-bit register */
#define RESET_BIT   (1u << 2)
#define PIT_CHANNEL 0x42

static uint32_t pm_in(void *opaque, uint16_t offset, unsigned size)
{
	const struct pm *pm = opaque;

	(void)size;
	if (offset == PM_TIMER)
		return (uint32_t)((unsigned __int128)pm->now_ns(pm->opaque) * TIMER_HZ /
				  1000000000u) &
		       TIMER_MASK;
	return offset == PM1_CONTROL ? pm->control : 0;
}

static void pm_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct pm *pm = opaque;

	(void)size;
	if (offset == PM_SLEEP_CONTROL - PM_BASE && value & SLEEP_NOW_8)
		pm->power_off(pm->opaque);
	if (offset != PM1_CONTROL)
		return;
	pm->control = (uint16_t)(value & ~SLEEP_NOW);
	if (value & SLEEP_NOW)
		pm->power_off(pm->opaque);
}

static void reset_out(void *opaque, uint16_t offset, unsigned size, uint32_t value)
{
	struct pm *pm = opaque;

	(void)offset;
	(void)size;
	if (value & RESET_BIT)
		pm->reset(pm->opaque);
}

/* Also for the PIT's counter: kernels that find all ones there wait for it to move; zero makes
 * their test fail at once. */
static uint32_t zero_in(void *opaque, uint16_t offset, unsigned size)
{
	(void)opaque;
	(void)offset;
	(void)size;
	return 0;
}

int pm_add(struct pm *pm, struct port_bus *bus)
{
	const struct port_device device[] = {
		{ .name = "ACPI PM",
		  .base = PM_BASE,
		  .count = PM_COUNT,
		  .in = pm_in,
		  .out = pm_out,
		  .opaque = pm },
		{ .name = "reset",
		  .base = PM_RESET,
		  .count = 1,
		  .in = zero_in,
		  .out = reset_out,
		  .opaque = pm },
		{ .name = "no PIT", .base = PIT_CHANNEL, .count = 1, .in = zero_in },
	};

	for (size_t i = 0; i < sizeof(device) / sizeof(device[0]); i++) {
		if (bus_add(bus, &device[i]))
			return -1;
	}
	return 0;
}
